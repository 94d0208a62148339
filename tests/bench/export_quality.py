"""How good an exported instrument is: its loops, its tuning after a round trip through other programs, its levels, and how long it takes.

    python tests/bench/export_quality.py [--quick] [--only loops|tuning|dynamics|times] [--keep FOLDER] [--json FILE]

Loops: patches of different families, four keys each, 4 s of every note. At the seam, where the fade lies, the change from moment to
moment (`instrument/export/seam.py`: level, spectrum, phase) is compared with the most that 9 s of the same note have in themselves, never
looped. A ratio under 1 is a seam quieter than the sound's own life. `cut` is the same loop without its fade.
Tuning: SFZ instruments of all keys, made by polyphone into SoundFonts and played by fluidsynth, against the engine's own note of that key,
by the period of each (`tests/bench/tuning.py`). Motion and chorus are off for that: they swing about the pitch. `sampled` are the keys
that have a sample of their own; the others follow a neighbour, also where the patch itself is tuned otherwise.
Holding: the same keys held for three times the length of their samples; the most that the level strays over a quarter of a second, and how
far it does where the engine plays them (median, worst).
Dynamics: SFZ instruments as a player would export them, made by polyphone into SoundFonts and played by fluidsynth: loudness over
velocities and keys, and key-ups (`tests/export/strokes.py`), beside the engine's own range, over four draws of what moves at random, and
its own key-ups.
Times: as a player would export; `cpu_s` is what it takes of one core, whatever else the machine does.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
LOOPED = ("Stone Nave", "Sunday Drawbars", "Silk Strings", "Cello Letters", "Halo Choir", "River Flute", "Golden Horns", "Velvet Tenor",
          "Glass Reed", "Neon Saw", "Furnace Lead", "Aurora Pad")
KEYS = (36, 50, 64, 79)
TUNED = ("Stone Nave", "River Flute", "Evening Grand", "Silk Strings", "Golden Horns", "Neon Saw")
PLAYED = ("Evening Grand", "Halo Choir", "Silk Strings", "Sunday Drawbars", "Cathedral Bells", "Fog Signal")
STILL = {"motion.amount": 0.0, "motion.vibrato_cents": 0.0, "chorus.mix": 0.0}


def loops(names: tuple[str, ...], sound_of) -> dict:
    """Seams against the sound's own life, by patch."""
    from hummingface.instrument.export import loop, sampled_note
    from tests.export import seams
    found, every = {}, []
    for name in names:
        sound, ratios, cuts, matches, lengths = sound_of(name), [], [], [], []
        patch = sampled_note.for_sampling(sound.patch)
        for key in KEYS:
            played = sampled_note.play(sound.source, patch, key, 100, 4.0)
            own = seams.in_itself(sampled_note.play(sound.source, patch, key, 100, 10.0), sampled_note.RATE_HZ)
            baked, place = loop.seamless(played, 440 * 2 ** ((key - 69) / 12), sampled_note.RATE_HZ)
            fade = round(loop.FADE_S * sampled_note.RATE_HZ)
            seam = seams.at_seams(baked, place.start, place.end, fade)
            cut = seams.at_seams(np.asarray(played, float), place.start, place.end, fade)
            ratios.append({measure: seam[measure] / own[measure] for measure in own})
            cuts.append({measure: cut[measure] / own[measure] for measure in own})
            matches.append(place.match)
            lengths.append(place.length / sampled_note.RATE_HZ)
        every += ratios
        found[name] = {"seam_over_own": {m: round(max(r[m] for r in ratios), 2) for m in ratios[0]},
                       "cut_over_own": {m: round(max(r[m] for r in cuts), 2) for m in cuts[0]},
                       "match": round(float(np.median(matches)), 3), "loop_s": [round(s, 2) for s in lengths]}
        print(name, found[name], file=sys.stderr, flush=True)
    return {"patches": found, "loops": len(every),
            "median": {m: round(float(np.median([r[m] for r in every])), 2) for m in every[0]},
            "worst": {m: round(max(r[m] for r in every), 2) for m in every[0]},
            "quieter_than_own": {m: round(float(np.mean([r[m] <= 1 for r in every])), 3) for m in every[0]}}


def tuning(names: tuple[str, ...], sound_of, every: int, low: int, high: int) -> dict:
    """Cents between fluidsynth's keys and the engine's, and how still the held notes are."""
    from hummingface.instrument.export import sampled_note
    from hummingface.instrument.export.multisample import MultisampleOptions, export
    from hummingface.instrument.export.zones import zones
    from hummingface.instrument.performance.sound_bank import Sound
    from tests.bench.tuning import period_hz
    from tests.export import programs
    found, all_cents, all_sampled = {}, [], []
    for name in names:
        sound = sound_of(name)
        sound = Sound(sound.patch.with_values(parameters={**sound.patch.parameters, **STILL}), sound.source)
        patch, keys, seconds = sampled_note.for_sampling(sound.patch), range(low, high + 1), 2.0
        with tempfile.TemporaryDirectory() as folder:
            report = export("sfz", sound, Path(folder) / "a.sfz", MultisampleOptions(every=every, velocities=1, seconds=seconds, low=low,
                                                                                     high=high))
            sf2 = programs.soundfont(report.out, Path(folder))
            held_s = 3 * seconds if report.looped else 1.4
            parts = programs.played(sf2, [(key, 100, held_s) for key in keys], Path(folder))
        cents, strays, own = [], [], []
        sampled = np.isin(list(keys), [zone.key for zone in zones(low, high, every)])
        for key, part in zip(keys, parts, strict=True):
            key_hz = 440 * 2 ** ((key - 69) / 12)
            pair = [period_hz(heard[:round(1.4 * sampled_note.RATE_HZ)].mean(1), sampled_note.RATE_HZ, key_hz)
                    for heard in (sampled_note.play(sound.source, patch, key, 100, 1.4), part)]
            cents.append(1200 * float(np.log2(pair[1] / pair[0])))
            if report.looped:
                held = slice(round(0.5 * sampled_note.RATE_HZ), round(held_s * sampled_note.RATE_HZ))
                strays.append(float(np.ptp(sampled_note.levels_db(part[held], 0.25))))
                own.append(float(np.ptp(sampled_note.levels_db(sampled_note.play(sound.source, patch, key, 100, held_s)[held], 0.25))))
        size = np.abs(cents)
        told = np.isfinite(size)
        all_cents += list(size[told])
        all_sampled += list(size[told & sampled])
        found[name] = {"keys": len(cents), "without_period": int((~told).sum()), "median_cents": round(float(np.median(size[told])), 2),
                       "worst_cents": round(float(size[told].max()), 2), "worst_key": int(keys[int(np.nanargmax(size))]),
                       "over_3_cents": [int(key) for key in np.array(keys)[told & (np.nan_to_num(size) > 3)]],
                       "sampled_worst_cents": round(float(size[told & sampled].max()), 2),
                       "held_level_strays_db": [round(float(of), 1) for heard in (strays, own) if heard
                                                for of in (np.median(heard), max(heard))]}
        print(name, found[name], file=sys.stderr, flush=True)
    return {"patches": found, "keys": len(all_cents), "median_cents": round(float(np.median(all_cents)), 2),
            "worst_cents": round(float(np.max(all_cents)), 2), "over_3_cents": int((np.array(all_cents) > 3).sum()),
            "sampled_keys": len(all_sampled), "sampled_worst_cents": round(float(max(all_sampled)), 2)}


def dynamics(names: tuple[str, ...], sound_of, low: int, high: int, keys: tuple[int, ...], kept: Path | None) -> dict:
    """How loud fluidsynth plays an export, over velocities and keys, and what of it sounds on. SoundFonts are left in `kept`."""
    from hummingface.instrument.export import sampled_note
    from hummingface.instrument.export.multisample import MultisampleOptions, export
    from hummingface.instrument.offline.levelling import momentary_lufs
    from tests.export import programs, strokes
    found = {}
    for name in names:
        sound = sound_of(name)
        patch = sampled_note.for_sampling(sound.patch)
        own = [[momentary_lufs(sampled_note.play(sound.source, patch, key, velocity, strokes.HELD_S, seed=seed)) for velocity in (16, 127)]
               for key in keys for seed in range(4)]
        with tempfile.TemporaryDirectory() as folder:
            report = export("sfz", sound, Path(folder) / "a.sfz", MultisampleOptions(low=low, high=high))
            sf2 = programs.soundfont(report.out, Path(folder))
            if kept is not None:
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(sf2, kept / f"{name}.sf2")


            def play(notes, rest_s, sf2=sf2, folder=folder):
                return programs.played(sf2, notes, Path(folder), rest_s)
            figures = strokes.figures(play, keys, low, high)
        by_key = np.reshape(own, (len(keys), -1, 2)).mean(1)
        figures["engine_range_db"] = float(np.median(by_key[:, 1] - by_key[:, 0]))

        def engine(notes, rest_s, sound=sound, patch=patch):
            return [sampled_note.play(sound.source, patch, key, velocity, held_s + rest_s, held_s) for key, velocity, held_s in notes]
        figures["engine_after_2s_db"] = strokes.after_2s_db(engine, keys)
        found[name] = {figure: round(value, 2) for figure, value in figures.items()}
        print(name, found[name], file=sys.stderr, flush=True)
    return found


def times(sound_of, every: int) -> dict:
    """How long exports take that a player would ask for."""
    from hummingface.instrument.export import multisample, wavetable
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("Silk Strings", "Evening Grand"):
            began = time.process_time()
            report = multisample.export("sfz", sound_of(name), Path(folder) / f"{name}.sfz", multisample.MultisampleOptions(every=every))
            found[name] = {"samples": report.samples, "mb": round(report.megabytes, 1), "looped": report.looped,
                           "took_s": round(report.took_s, 1), "cpu_s": round(time.process_time() - began, 1)}
            print(name, found[name], file=sys.stderr, flush=True)
        for along in ("time", "latent.1"):
            began = time.process_time()
            table = wavetable.export(sound_of("Silk Strings"), Path(folder) / f"{along}.wav", wavetable.WavetableOptions(along))
            found[f"wavetable along {along}"] = {"took_s": round(table.took_s, 1), "cpu_s": round(time.process_time() - began, 1)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few patches and keys")
    parser.add_argument("--only", choices=("loops", "tuning", "dynamics", "times"))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the SoundFonts of --only dynamics stay")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.path.insert(0, str(ROOT))
    from hummingface.instrument.performance import sound_bank
    first = sound_bank.open_sound(LOOPED[0])

    def sound_of(name: str) -> sound_bank.Sound:
        return sound_bank.open_sound(name, playing=first)
    quick = args.quick
    steps = {"loops": lambda: loops(LOOPED[:2] if quick else LOOPED, sound_of),
             "tuning": lambda: tuning(TUNED[:1], sound_of, 6, 48, 60) if quick else tuning(TUNED, sound_of, 3, 21, 108),
             "dynamics": lambda: dynamics(PLAYED[:1], sound_of, 58, 63, (60,), args.keep) if quick else
             dynamics(PLAYED, sound_of, 36, 96, (36, 48, 60, 72, 84), args.keep),
             "times": lambda: times(sound_of, 24 if quick else 3)}
    figures = {name: step() for name, step in steps.items() if args.only in (None, name)}
    print(json.dumps(figures, indent=1))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
