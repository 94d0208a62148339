"""How many voices half a core plays, beside FluidSynth's notes on the same core, in the same run.

    python tests/bench/against_fluidsynth.py [--seconds 10] [--rounds 3] [--patch P] [--model M] [--json FILE]

Ours: the most voices (up to 128, by bisection) whose performer, decoder and synthesis together take no more than half of
the time of a block of 128 frames at 48 kHz; once with all latents at rest, once while a latent moves without end.
FluidSynth's: a MIDI file of the same chord, every note struck again once a second too, rendered to nowhere faster than
real time (period 128, no reverb, no chorus, notes of FluidR3's grand piano); the CPU time of an empty file of the same length is
taken off, and the rest divided by sounding notes x seconds.

The two are not alike, and it will be far cheaper: FluidSynth resamples recordings and filters them, one or a few short
loops a note. Here a network makes the spectrum of every note 187.5 times a second, and up to 160 oscillators
a voice play it. The ratio says what that freedom costs, on whatever machine this runs; it should not fall from one version
to the next. Both are pinned to one CPU and take turns, and both are measured by the CPU time that they use, so that what else the
machine does hardly counts.
"""
import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mido
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from hummingface.instrument.app.bench import RETRIGGER_S, chord, measure

BLOCK_SAMPLES, RATE_HZ = 128, 48000
HALF = 0.5                              # of one core's time for a block
MOST_VOICES = 128
NOTES = 128                             # that FluidSynth plays at once
LONGER = 5                              # so many times as long as ours, because it takes so little of it
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
TICKS_PER_S = 1000


def our_voices(moving: bool, seconds: float, patch, model) -> dict:
    """The most voices that fit, and the load with them; both 0 where not even one fits."""
    best = {"voices": 0, "load_median": 0.0}
    fits, too_many = 0, MOST_VOICES + 1
    voices = MOST_VOICES
    while fits + 1 < too_many:
        found = measure(voices=voices, block_samples=BLOCK_SAMPLES, rate_hz=RATE_HZ, seconds=seconds, patch=patch, model=model,
                        moving=moving, clock=time.thread_time)
        if found["load_median"] <= HALF:
            fits, best = voices, {key: found[key] for key in ("voices", "load_median", "load_p99", "decoder_us", "synthesis_us")}
        else:
            too_many = voices
        voices = (fits + too_many) // 2
    return best


def write_midi(path: Path, notes: int, seconds: float) -> float:
    """A chord of so many notes (0: silence) that is kept alive for so long. Returns its sounding notes x seconds."""
    events: list[tuple[float, tuple[str, int, int, int] | None]] = [(seconds, None)]
    for index, (channel, key) in enumerate(chord(notes)):
        begins = np.arange(index / notes * RETRIGGER_S, seconds, RETRIGGER_S)
        for n, (begin, end) in enumerate(zip(begins, [*begins[1:], seconds], strict=True)):
            events += [(begin, ("note_on", channel, key, 40 + 60 * (n % 2))), (end, ("note_off", channel, key, 0))]
    events.sort(key=lambda event: (event[0], event[1] is None or event[1][0] == "note_on"))      # off before on
    file = mido.MidiFile(ticks_per_beat=TICKS_PER_S // 2)                                       # 120 beats a minute
    track, now = mido.MidiTrack(), 0
    file.tracks.append(track)
    for at_s, event in events:
        ticks = round(at_s * TICKS_PER_S)
        if event is None:
            track.append(mido.MetaMessage("end_of_track", time=ticks - now))
        else:
            kind, channel, key, velocity = event
            track.append(mido.Message(kind, channel=channel, note=key, velocity=velocity, time=ticks - now))
        now = ticks
    file.save(path)
    return float(sum(seconds - index / notes * RETRIGGER_S for index in range(notes)))


def fluidsynth_cpu_s(midi: Path) -> float:
    """CPU seconds in which the program renders a file, its start included."""
    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime
    before = spent()
    subprocess.run(["fluidsynth", "-n", "-i", "-q", "-R", "0", "-C", "0", "-r", str(RATE_HZ), "-z", str(BLOCK_SAMPLES),
                    "-o", "synth.polyphony=4096", "-o", "synth.cpu-cores=1", "-T", "raw", "-F", os.devnull,
                    str(SOUNDFONT), str(midi)], check=True, stdout=subprocess.DEVNULL)
    return spent() - before


def fluidsynth_notes(folder: Path, seconds: float) -> dict:
    """The notes that half a core plays."""
    silence, chord = folder / "silence.mid", folder / "chord.mid"
    write_midi(silence, 0, seconds)
    note_seconds = write_midi(chord, NOTES, seconds)
    start_s = fluidsynth_cpu_s(silence)
    cpu_s = fluidsynth_cpu_s(chord) - start_s
    return {"notes": HALF * note_seconds / cpu_s, "cpu_s": cpu_s, "start_s": start_s, "note_seconds": note_seconds}


def compare(seconds: float, rounds: int, patch=None, model=None) -> dict:
    """All figures: what each round found, medians, and FluidSynth's notes over our voices."""
    from hummingface.instrument.patches import library
    from hummingface.instrument.performance import sound_bank
    sound = sound_bank.open_sound(patch, model)
    model = library.load_model(model or sound.patch.model)
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    found: dict[str, list[dict]] = {"at_rest": [], "moving": [], "fluidsynth": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for kind in ("at_rest", "moving"):
                found[kind].append(our_voices(kind == "moving", seconds, sound.patch, model))
            found["fluidsynth"].append(fluidsynth_notes(Path(folder), LONGER * seconds))
    at_rest, moving = (float(np.median([each["voices"] for each in found[kind]])) for kind in ("at_rest", "moving"))
    notes = float(np.median([each["notes"] for each in found["fluidsynth"]]))
    version = subprocess.run(["fluidsynth", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    return {
        "block": BLOCK_SAMPLES, "rate": RATE_HZ, "cpu": cpu, "patch": sound.patch.name, "model": model.name, "fluidsynth": version,
        "voices_at_rest": at_rest, "voices_moving": moving, "fluidsynth_notes": notes,
        "ratio_at_rest": notes / max(at_rest, 1), "ratio_moving": notes / max(moving, 1), "rounds": found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--patch")
    parser.add_argument("--model")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if not shutil.which("fluidsynth") or not SOUNDFONT.exists():
        sys.exit(f"This needs fluidsynth and {SOUNDFONT}: apt-get install fluidsynth fluid-soundfont-gm")
    figures = compare(options.seconds, options.rounds, options.patch, options.model)

    def most(voices: float) -> str:
        return f"{voices:4.0f}" + (" (the engine's limit)" if voices == MOST_VOICES else "")
    print(f"In half of one core, at {RATE_HZ} Hz in blocks of {BLOCK_SAMPLES} (medians of {options.rounds}):\n"
          f"  {figures['model']}, latents at rest    {most(figures['voices_at_rest'])} voices\n"
          f"  {figures['model']}, one always moving  {most(figures['voices_moving'])} voices\n"
          f"  {figures['fluidsynth']}, piano  {figures['fluidsynth_notes']:.0f} notes: "
          f"{figures['ratio_at_rest']:.1f} and {figures['ratio_moving']:.1f} times as many")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
