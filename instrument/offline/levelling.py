"""Makes all sounds equally loud: `python -m hummingface.instrument.offline.levelling [PATCH.json ...]`; without names, the factory's models
and patches.

Run it again when a model has changed. Each model's card gets its presets' loudness over the keyboard (`models/playing/key_trend.py`) and
their gains. Then each patch is played, measured and saved with a new `gain_db`; a patch that says what it is a mixture of (`blend`, and the
names of its corners) gets its latents from the presets again, so patches follow their model. `--check` only measures, `--mix` only mixes.

Loudness is that of ITU-R BS.1770-5: K-weighted mean power. Notes are short, so the loudest 0.4 s count (its "momentary" window).
"""
import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from hummingface.instrument.offline.player import play_events
from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.performance.messages.midi import Event, NoteOff, NoteOn
from hummingface.instrument.performance.source import Source
from hummingface.models.playing import key_trend, whole_note
from hummingface.models.playing.checkpoint import save_card
from hummingface.models.playing.loudness import HIGH_PASS, OFFSET_LUFS, SHELF, SILENT_LUFS, WINDOW_S
from hummingface.models.playing.playable import Playable
from hummingface.models.playing.stft_model import StftModel

RATE_HZ = 48000
TARGET_LUFS = key_trend.LEVELLED_LUFS      # with it, single notes at velocity 100 peak around -12 dBFS
START_GAIN_DB = -6.0
LOUDEST_PEAK_DB = -2.0              # of one note; a spikier sound is made softer instead
KEYS = tuple(range(key_trend.MIDDLE[0], key_trend.MIDDLE[1] + 1, 6))
VELOCITY, HOLD_S, SECONDS = 100, 1.0, 1.1
STEP_S = 0.1


def momentary_lufs(sound: np.ndarray) -> float:
    """Loudness of the loudest 0.4 s of `sound` [S, channels] at 48 kHz, in LUFS; -120 for silence."""
    weighted = lfilter(*HIGH_PASS, lfilter(*SHELF, np.asarray(sound, np.float64), axis=0), axis=0)
    power = np.concatenate([[0.0], np.cumsum((weighted ** 2).sum(1))])
    window, step = int(WINDOW_S * RATE_HZ), int(STEP_S * RATE_HZ)
    starts = np.arange(0, max(len(sound) - window, 0) + 1, step)
    loudest = max((power[np.minimum(starts + window, len(sound))] - power[starts]) / min(window, max(len(sound), 1)))
    return float(OFFSET_LUFS + 10 * np.log10(loudest)) if loudest > 1e-12 else SILENT_LUFS


def play_note(patch: Patch, source: Source, key: int) -> np.ndarray:
    """One note of a patch at velocity 100, without reverb and delay. float32 [S, 2]"""
    dry = patch.with_values(parameters={**patch.parameters, "reverb.mix": 0.0, "delay.mix": 0.0, "master.width": 0.0,
                                        "arpeggiator.on": 0.0}, tuning=None)
    events: list[tuple[int, Event]] = [(0, NoteOn(0, key, VELOCITY)), (round(HOLD_S * RATE_HZ), NoteOff(0, key))]
    return play_events(events, source, dry, rate_hz=RATE_HZ, block_samples=1024, seconds=SECONDS)


def measure(patch: Patch, source: Source) -> tuple[float, float]:
    """(mean loudness in LUFS, peak in dBFS) of single notes from C2 to C6, with the patch's current gain."""
    notes = [play_note(patch, source, key) for key in KEYS]
    peak = max(float(np.abs(note).max()) for note in notes)
    return float(np.mean([momentary_lufs(note) for note in notes])), float(20 * np.log10(max(peak, 1e-6)))


def level(patch: Patch, source: Source) -> tuple[Patch, float, float]:
    """The patch with the gain that brings it to TARGET_LUFS, its new loudness, and its peak. Raises LibraryError for silence."""
    gain_db = START_GAIN_DB
    for _ in range(3 if patch.parameters["drive.amount"] else 1):     # with drive, louder is not just louder
        patch = patch.with_values(gain_db=round(gain_db, 2))
        loudness, peak_db = measure(patch, source)
        if loudness < -100:
            raise library.LibraryError(f"{patch.name}: silent")
        gain_db += min(TARGET_LUFS - loudness, LOUDEST_PEAK_DB - peak_db)
    moved = gain_db - patch.gain_db
    return patch.with_values(gain_db=round(gain_db, 2)), loudness + moved, peak_db + moved


def level_model(path: Path) -> str:
    """Write the loudness of a model's presets into its card. Returns a report."""
    model = library.load_model(path)
    if isinstance(model, StftModel):        # its notes are levelled one by one
        for preset in model.card["presets"].values():
            preset["gain_db"] = round(TARGET_LUFS - whole_note.LUFS, 2)
    else:
        key_trend.level_card(model)
    save_card(model, path)
    return f"{model.name:<24} {len(model.presets)} presets"


def mix(patch: Patch, model: Playable) -> Patch:
    """The patch with the latents that its blend and its corners name in this model, and without a hash: it follows its model. Raises
    LibraryError for unknown names.
    """
    def point(name: str) -> np.ndarray:
        if name not in model.presets:
            raise library.LibraryError(f"{patch.name}: the model {model.name} has no preset {name!r}")
        return np.array(model.presets[name])
    latents = patch.latents
    if patch.blend:
        total = sum(patch.blend.values())
        latents = tuple(np.clip(sum(share / total * point(name) for name, share in patch.blend.items()), -4, 4).tolist())
    corners = tuple(replace(corner, latents=tuple(point(corner.name).tolist())) if corner.name in model.presets else
                    Corner(corner.name, tuple(corner.latents[:model.latents])) for corner in patch.morph)
    return patch.with_values(model=model.name, model_sha256="", latents=latents, morph=corners)


def main(argv: list[str] | None = None) -> int:
    """Level models and patches; returns the exit status."""
    from hummingface.instrument.performance.sound_bank import SoundBank
    parser = argparse.ArgumentParser(prog="python -m hummingface.instrument.offline.levelling", description=__doc__.split("\n")[0])
    parser.add_argument("patches", nargs="*", type=Path, metavar="PATCH.json")
    parser.add_argument("--model", metavar="M", help="a model by name or file; each patch's own if left out")
    parser.add_argument("--check", action="store_true", help="measure only")
    parser.add_argument("--mix", action="store_true", help="mix the latents again, and leave the gains as they are")
    args = parser.parse_args(argv)
    try:
        if not (args.patches or args.check or args.mix):
            for entry in library.models():
                if entry.factory:
                    print(level_model(entry.path), flush=True)
        bank = SoundBank()
        for path in args.patches or [entry.path for entry in library.patches() if entry.factory]:
            patch = patch_file.load(path)
            source = bank.source(args.model or patch.model, patch.recordings)
            if args.mix:
                patch_file.save(mix(patch, source.model.network), path)
                continue
            if args.check:
                loudness, peak_db = measure(patch, source)
            else:
                patch, loudness, peak_db = level(mix(patch, source.model.network), source)
                patch_file.save(patch, path)
            print(f"{patch.name:<24} gain {patch.gain_db:6.2f} dB   {loudness:6.1f} LUFS   peak {peak_db:6.1f} dBFS", flush=True)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
