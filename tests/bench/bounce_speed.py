"""How fast a MIDI file becomes sound, on one core: `python -m tests.bench.bounce_speed [--voices 8] [--runs 5] [--where]`.

Eight voices: each plays a note of 0.9 s every second, with its release on top ("struck"), or of 3.8 s every four ("held"); dry, and
with the factory's first patch as it is, which has a room; of one part, and of eight parts with an engine each. Told is the median of
the runs, in seconds of sound a second of the core's time (other programs count little) and of the clock. `--where`: what a hop's time
(5.3 ms of sound) is spent on. Watching costs some 5 us of it.
"""
import argparse
import statistics
import time
from collections import defaultdict

import hummingface.instrument.performance.hops as hops
import hummingface.instrument.synthesis.render as synthesis
from hummingface.instrument.offline.player import Player, blocks
from hummingface.instrument.performance import sound_bank
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
from hummingface.models.playing.decoder_numpy import NumpyDecoder

RATE_HZ, SECONDS, BLOCK = 48000, 10, 2048
HOP_US = 1e6 / (SECONDS * RATE_HZ / 256)
WATCHED = ((Player, "render", "the performer's Python, events"), (synthesis, "render", "synthesis: partials, noise, effects"),
           (hops, "schedule_hop", "which rows"), (hops, "write_hop", "rows into gains: envelopes, filter, motion"),
           (hops, "shape", "rows into gains: first rows of notes"), (FrameSource, "frames", "gliding, tuning, copies"),
           (FrameSource, "start_phases", "start phases of notes"), (NumpyDecoder, "note", "decoder: notes that begin"),
           (NumpyDecoder, "at", "decoder: frames"))


def events(voices: range, length_s: float, every_s: float) -> list:
    """Notes of some of eight voices, each with a rhythm of its own, over four octaves."""
    made = []
    for voice in voices:
        at_s = (voice % 8) * every_s / 8
        while at_s < SECONDS:
            key = 36 + (voice * 13 + int(at_s * 7)) % 48
            made += [(round(at_s * RATE_HZ), NoteOn(0, key, 90)), (round((at_s + length_s) * RATE_HZ), NoteOff(0, key))]
            at_s += every_s
    return made


class Watch:
    """The time that functions take for themselves, without what they call of each other."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._now = ""
        self._since = time.thread_time()
        for owner, name, label in WATCHED:
            setattr(owner, name, self._watched(getattr(owner, name), label))

    def _turn(self, label: str) -> str:
        now = time.thread_time()
        self.spent[self._now] += now - self._since
        before, self._now, self._since = self._now, label, now
        return before

    def _watched(self, function, label: str):
        def call(*inputs, **options):
            before = self._turn(label)
            try:
                return function(*inputs, **options)
            finally:
                self._turn(before)
        return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--voices", type=int, default=8)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--where", action="store_true")
    args = parser.parse_args()
    sound = sound_bank.open_sound()
    dry = sound.patch.with_values(parameters={**sound.patch.parameters, "reverb.mix": 0.0, "delay.mix": 0.0, "chorus.mix": 0.0})
    watch = Watch() if args.where else None
    for name, patch, length_s, every_s, parts in (
            ("struck, dry", dry, 0.9, 1.0, 1), ("struck, with room", sound.patch, 0.9, 1.0, 1),
            ("held, dry", dry, 3.8, 4.0, 1), ("held, with room", sound.patch, 3.8, 4.0, 1),
            ("struck, dry, a part each", dry, 0.9, 1.0, args.voices),
            ("struck, with room, a part each", sound.patch, 0.9, 1.0, args.voices)):
        core, clock, most = [], [], 0
        for _ in range(args.runs + 1):                                  # the first warms up
            each = args.voices // parts
            players = [Player(sound.source if parts == 1 else FrameSource(sound.source.model), patch,
                              events=events(range(part * each, part * each + each), length_s, every_s)) for part in range(parts)]
            if watch:
                watch.spent.clear()
            began_core, began = time.thread_time(), time.perf_counter()
            for _ in blocks(players, 0, BLOCK, SECONDS):
                pass
            core.append(time.thread_time() - began_core)
            clock.append(time.perf_counter() - began)
            most = sum(player.most_voices for player in players)
        core_s, clock_s = statistics.median(core[1:]), statistics.median(clock[1:])
        print(f"{name:<30} at most {most} voices: {SECONDS / core_s:.1f} x real time by the core, {SECONDS / clock_s:.1f} by the clock; "
              f"a hop takes {core_s * HOP_US:.0f} us", flush=True)
        if watch:
            for label, spent in sorted(watch.spent.items(), key=lambda item: -item[1]):
                if label and spent * HOP_US >= 0.5:
                    print(f"    {spent * HOP_US:6.1f} us  {label}")


if __name__ == "__main__":
    main()
