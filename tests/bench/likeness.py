"""How near a dropped recording comes: each note of a folder as a patch of its own, played through the engine at its key with Likeness 1.

    python -m tests.bench.likeness [FOLDER] [--model M] [--likeness 1] [--between] [--first SECONDS] [--json FILE]

The point is found as for a recording that is dropped on the window; the patch is dry, and the engine is tuned to the recording. Beside it
stand the note's own targets (what its frames reach, synthesised without the engine), the time from the file to the patch, and the patch's
size. `--between`: each note is left out, and played by the recordings of the nearest keys above and below it that are of its dynamic.
"""
import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT.parent / "shared" / "data" / "nsynth-test-c4"
FACTORY = "FluidR3 Atlas"
ENGINE_HZ = 48_000
FIGURES = ("mel", "act60", "onset_env")


def played(patch, note, pitch: float, seconds: float, likeness: float) -> np.ndarray:
    """The patch at the note's key, tuned to `pitch`, for `seconds`: [S, 2] at the recording's rate."""
    from hummingface.instrument.offline.player import play_events
    from hummingface.instrument.performance import sound_bank
    from hummingface.instrument.performance.messages.midi import Event, NoteOff, NoteOn, Set
    key = note.labels.pitch
    values = {"master.tune_cents": 100 * (pitch - key), "master.width": 0.0, "likeness.amount": likeness}
    events: list[tuple[int, Event]] = [
        *((0, Set(name, value)) for name, value in values.items()), (0, NoteOn(0, key, round(note.labels.velocity))),
        (round(note.labels.hold_s * ENGINE_HZ), NoteOff(0, key))]
    sound = sound_bank.open_sound(patch)
    made = play_events(events, sound.source, patch, rate_hz=ENGINE_HZ, seconds=seconds)
    common = np.gcd(ENGINE_HZ, note.rate_hz)
    return resample_poly(made, note.rate_hz // common, ENGINE_HZ // common)


def figures_of(note, audio: np.ndarray, first_s: float) -> dict[str, float | None]:
    from hummingface.train.evaluation.metrics import distance
    from hummingface.train.notes.note import read_sound
    original, rate_hz = read_sound(note.file)
    original = original[round(note.lead_s * rate_hz):]
    end = min(len(original), round(first_s * rate_hz))
    return distance(original[:end], audio[:end], rate_hz)


def measure(args: argparse.Namespace) -> list[dict]:
    from hummingface.instrument.patches import library
    from hummingface.instrument.patches.patch import Patch
    from hummingface.models.playing.encoder_numpy import frame_model
    from hummingface.train.app.latent_points import rehearsal
    from hummingface.train.app.recorded_sound import recorded_sound
    from hummingface.train.evaluation.metrics import distance
    from hummingface.train.evaluation.reconstruct import QUICKLY, find_point, targets_of
    model = frame_model(library.load_model(args.model))
    find_point(model, rehearsal(), effort=QUICKLY)
    notes = []
    for path in sorted(path for path in args.folder.rglob("*") if path.suffix in (".wav", ".flac")):
        began = time.monotonic()
        found = recorded_sound(model, [path])
        patch = Patch(path.stem, args.model, found.latents, recordings=(found.recording(path.stem),)).dry()
        notes.append((path, found.notes[0], patch, time.monotonic() - began))
    rows = []
    for path, note, patch, took_s in notes:
        pitch = patch.recordings[0].notes[0].pitch
        if args.between:
            others = _neighbours(path, note, notes)
            if others is None:
                continue
            patch = replace(patch, latents=others.latents, recordings=(others,))
        original_s = len(note.audio) / note.rate_hz
        row = {"name": path.stem, "key": note.labels.pitch, "took_s": round(took_s, 2), "bytes": len(json.dumps(patch.to_json()))}
        figures = figures_of(note, played(patch, note, pitch, original_s, args.likeness), args.first)
        row |= {name: figures[name] for name in FIGURES}
        made = targets_of(note)
        end = round(args.first * made.rate_hz)
        row |= {f"targets_{name}": value for name, value in distance(made.original[:end], made.audio[:end], made.rate_hz).items()
                if name in FIGURES}
        rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    return rows


def _neighbours(path: Path, note, notes: Sequence):
    """The recordings of the nearest keys below and above, of the same dynamic, if the names tell it."""
    from hummingface.models.playing.formants import share_by_frequency
    from hummingface.train.notes.names import read_name
    dynamic = read_name(path.stem).velocity
    others = [(other, patch) for where, other, patch, _ in notes if where != path and read_name(where.stem).velocity == dynamic]
    below = max((o for o in others if o[0].labels.pitch < note.labels.pitch), key=lambda o: o[0].labels.pitch, default=None)
    above = min((o for o in others if o[0].labels.pitch > note.labels.pitch), key=lambda o: o[0].labels.pitch, default=None)
    if below is None or above is None:
        return None
    both = [patch.recordings[0] for _, patch in (below, above)]
    notes = both[0].notes + both[1].notes
    return replace(both[0], notes=notes, by_frequency=share_by_frequency(notes))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=NOTES)
    parser.add_argument("--model", default=FACTORY)
    parser.add_argument("--likeness", type=float, default=1.0)
    parser.add_argument("--between", action="store_true")
    parser.add_argument("--first", type=float, default=1e3, metavar="SECONDS", help="of a note, which alone count (all)")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = measure(args)

    def mean(name: str) -> str:
        return f"{np.mean([row[name] for row in rows]):.2f}"
    print(f"{len(rows)} notes, {' / '.join(FIGURES)}: {' / '.join(mean(name) for name in FIGURES)}; their targets "
          f"{' / '.join(mean('targets_' + name) for name in FIGURES)}; {mean('took_s')} s and at most {max(r['took_s'] for r in rows)} s, "
          f"patches of {np.median([row['bytes'] for row in rows]) / 1000:.0f} and at most {max(r['bytes'] for r in rows) / 1000:.0f} kB")
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
