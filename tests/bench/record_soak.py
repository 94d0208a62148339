"""Recording for long while playing: `python -m tests.bench.record_soak [--minutes 60] [--json FILE]`.

The real audio process with a factory sound on a JACK server's dummy driver, played at random without end. What the file has is
compared, as it grows, with what the engine rendered, sample for sample; at the end the whole file is read again. Every minute: the memory
of both processes (the one that sounds and records, and this one, which sends and reads as a window does), late hops and drop-outs.
"""
import argparse
import hashlib
import json
import os
import random
import sys
import time
from collections import deque
from pathlib import Path

import numpy as np

FRAME_BYTES, STEP_S = 6, 0.25
SETTLED_S = 90.0                    # until the ring of the last minute has been used once
ROUNDING = 2.0 ** -24 * 1.01
FLAT_MB = 16.0                      # what an hour's events take: they are kept until the take ends
KNOBS = {"filter.cutoff_hz": (500, 15000), "latent.1": (-2, 2), "latent.3": (-2, 2), "motion.amount": (0, 1.5), "reverb.mix": (0, 0.5)}


def resident_mb(pid: int) -> float:
    """Memory of a process that is in use."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


class Comparison:
    """Of a growing take with what the engine says that it rendered. `worst` is the largest difference, `frames` how many were compared,
    `digest` that of their bytes."""

    def __init__(self, path: Path, begin: int):
        from hummingface.instrument.recording.riff import chunks_of
        self._file = path.open("rb")
        self._data = next(at for name, at, _ in chunks_of(path) if name == b"data")
        self._begin, self._waiting = begin, deque()
        self.frames, self.worst, self.missed = 0, 0.0, 0
        self.digest = hashlib.blake2b()
        self._next = begin

    def rendered(self, end: int, samples: np.ndarray) -> None:
        """Samples up to position `end`, as the engine's ring has them."""
        first = end - len(samples)
        self.missed += max(0, first - self._next)       # by us, who looked too late
        self._next = end
        skip = max(0, self._begin - first)
        if skip < len(samples):
            self._waiting.append(samples[skip:].copy())

    def compare(self, frames: int | None = None) -> None:
        """What is on disk by now. Of a take that has ended, whose samples other chunks follow, all that is left of its `frames`."""
        size = os.fstat(self._file.fileno()).st_size
        while self._waiting:
            samples = self._waiting.popleft()
            if frames is not None:
                samples = samples[:frames - self.frames]
            if self._data + (self.frames + len(samples)) * FRAME_BYTES > size:
                self._waiting.appendleft(samples)
                return
            self._file.seek(self._data + self.frames * FRAME_BYTES)
            read = self._file.read(len(samples) * FRAME_BYTES)
            self.digest.update(read)
            whole = np.zeros((len(samples) * 2, 4), np.uint8)
            whole[:, 1:] = np.frombuffer(read, np.uint8).reshape(-1, 3)
            written = whole.view("<i4")[:, 0].reshape(-1, 2) / 2.0 ** 31
            self.worst = max(self.worst, float(np.abs(written - samples).max(initial=0)))
            self.frames += len(samples)


class NoteInput:
    """Somebody who never stops playing: keys, chords, pedal, bends and knobs, at random but always the same."""

    def __init__(self, client) -> None:
        self._client, self._chance, self._keys, self.notes = client, random.Random(1), deque(), 0

    def play(self) -> None:
        """What happens in one step."""
        chance, send = self._chance, self._client.send
        for _ in range(chance.choice((0, 1, 1, 2, 3))):
            self._keys.append(chance.randrange(36, 84))
            send({"do": "note_on", "note": self._keys[-1], "velocity": chance.randrange(30, 120)})
            self.notes += 1
        while len(self._keys) > 6:
            send({"do": "note_off", "note": self._keys.popleft()})
        name = chance.choice(list(KNOBS))
        send({"do": "set", "id": name, "value": chance.uniform(*KNOBS[name])})
        if chance.random() < 0.1:
            send({"do": "midi", "bytes": [0xB0, 64, chance.choice((0, 0, 127))]})
        if chance.random() < 0.2:
            send({"do": "midi", "bytes": [0xE0, 0, chance.randrange(128)]})


def data_digest(path: Path) -> str:
    """Of all samples of a file, as Python's own strict reader gives them."""
    import wave
    digest = hashlib.blake2b()
    with wave.open(str(path)) as file:
        while block := file.readframes(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description="Record for long while playing; compare, and watch the memory.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    from hummingface.instrument.performance import sound_bank
    from hummingface.instrument.performance.messages import midi, score
    from tests.bench.kill_recording import engine_of_its_own, wait
    from tests.recording.readers import by_all
    with engine_of_its_own("record-soak") as (_, home):
        from hummingface.instrument.audio.client import Client
        client = Client(patch=sound_bank.open_sound().patch.to_json(), attach=False)
        told: list[dict] = []
        minutes: list[dict] = []
        try:
            client.start()
            wait(client, told, "ready")
            client.send({"do": "record", "on": True, "folder": str(home), "format": "wav24"})
            on = wait(client, told, "recording")
            comparison, note_input = Comparison(Path(on["path"]), on["begin"]), NoteInput(client)
            process, position, began = client._link.process.pid, on["begin"], time.monotonic()
            before = client.telemetry()

            def look() -> None:
                nonlocal position
                position, samples = client.output_since(position)
                comparison.rendered(position, samples)
                told.extend(client.poll())

            while (passed := time.monotonic() - began) < args.minutes * 60:
                note_input.play()
                look()
                comparison.compare()
                if passed >= 60 * len(minutes):
                    now = client.telemetry()
                    minutes.append({"minute": len(minutes), "engine_mb": resident_mb(process), "window_mb": resident_mb(os.getpid()),
                                    "late": now.late - before.late, "underruns": now.underruns - before.underruns,
                                    "voices": now.voices, "frames_compared": comparison.frames, "worst": comparison.worst})
                    print(json.dumps(minutes[-1]), file=sys.stderr, flush=True)
                time.sleep(STEP_S)
            now, first = client.telemetry(), client.telemetry().position
            client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})
            take = wait(client, told, "take")
            look()
        finally:
            client.close()
        path = Path(take["path"])
        frames = by_all(path)                               # Python's wave, sox and ffmpeg agree
        comparison.compare(frames)
        events = score.read_file(path.with_suffix(".mid"))
        result = {
            "minutes": frames / 48000 / 60, "frames": frames, "problem": take["problem"],
            "frames_compared": comparison.frames, "frames_seen_too_late": comparison.missed, "worst": comparison.worst,
            "ends_where_it_was_stopped": first <= on["begin"] + frames <= position,
            "read_again_equal": data_digest(path) == comparison.digest.hexdigest(),
            "notes_played": note_input.notes, "notes_in_midi": sum(isinstance(event, midi.NoteOn) for _, event in events),
            "bytes": path.stat().st_size, "late": now.late - before.late, "underruns": now.underruns - before.underruns,
            "by_minute": minutes}
    settled = [row for row in minutes if row["minute"] * 60 > SETTLED_S] or minutes
    engine, window = ([row[name] for row in settled] for name in ("engine_mb", "window_mb"))
    again = "equal" if result["read_again_equal"] else "NOT EQUAL"
    lines = [
        f"{result['minutes']:.1f} minutes recorded, problem: {take['problem'] or 'none'}",
        f"{comparison.frames} of {frames} frames compared with what was rendered ({comparison.missed} seen too late)",
        f"largest difference {comparison.worst:.1e} (rounding: 6.0e-8); read again whole: {again}",
        f"{result['notes_in_midi']} of {note_input.notes} notes in the MIDI",
        f"memory of the engine {engine[0]:.1f} MB, at the end {engine[-1]:.1f} (at most {max(engine):.1f})",
        f"of the window's side {window[0]:.1f} and {window[-1]:.1f}",
        f"{result['late']} late hops and notes, {result['underruns']} drop-outs"]
    print("; ".join(lines))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))
    whole = comparison.frames == frames and not comparison.missed and result["ends_where_it_was_stopped"] and result["read_again_equal"]
    flat = max(max(engine) - engine[0], max(window) - window[0]) < FLAT_MB
    notes = result["notes_in_midi"] == note_input.notes
    return 0 if not take["problem"] and comparison.worst <= ROUNDING and whole and flat and notes else 1


if __name__ == "__main__":
    sys.exit(main())
