"""How far the keys of the models of whole notes that ship are off, through the engine: `python -m tests.bench.seed_tuning`.

Each note is played dry for 1.2 s; its pitch is the period near its key at which the sound is most like itself (autocorrelation over 9
periods or more). Notes that repeat for less than half of their power within a period are noises, and counted apart.
"""
import argparse
from pathlib import Path

import numpy as np

from instrument.offline import Player
from instrument.performance.midi import Controller, NoteOn, Set
from instrument.performance.timbre import timbre_of
from models.checkpoint import load_model

ASSETS, RATE_HZ = Path(__file__).parents[2] / "assets" / "models", 48_000


def cents_off(sound: np.ndarray, f0_hz: float) -> float | None:
    """Cents above f0 by the best period within 60 cents; None where the sound does not repeat."""
    size = 1 << int(np.ceil(np.log2(2 * len(sound))))
    spectrum = np.fft.rfft(sound, size)
    alike = np.fft.irfft(np.abs(spectrum) ** 2, size)
    best = None
    for periods in (1, 9 if f0_hz > 60 else 4):
        middle = periods * RATE_HZ / (f0_hz if best is None else f0_hz * 2 ** (best / 1200))
        reach = 60 if best is None else 25
        lags = np.arange(int(middle * 2 ** (-reach / 1200)) - 1, int(middle * 2 ** (reach / 1200)) + 3)
        top = int(lags[np.argmax(alike[lags])])
        if best is None and alike[top] < 0.5 * alike[0]:
            return None
        before, here, after = alike[top - 1:top + 2]
        bend = before - 2 * here + after
        lag = top + (0.5 * (before - after) / bend if bend < 0 else 0)
        best = 1200 * np.log2(periods * RATE_HZ / lag / f0_hz)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--presets", type=int, default=4)
    parser.add_argument("--every", type=int, default=1, help="so many keys")
    args = parser.parse_args()
    for path in sorted(ASSETS.glob("seed_*.safetensors")):
        timbre = timbre_of(load_model(path))
        player = Player(timbre, rate_hz=RATE_HZ, events=[(0, Set("reverb.mix", 0.0)), (0, Set("master.width", 0.0))])
        names = list(timbre.model.presets)
        found, noises = [], 0
        for name in names[::max(1, len(names) // args.presets)][:args.presets]:
            timbre.aim(np.array(timbre.model.presets[name], np.float32), {})
            timbre.jump()
            for key in range(21, 109, args.every):
                player.performer.receive(NoteOn(0, key, 100), player.position)
                sound = player.render(round(1.2 * RATE_HZ), 512)[:, 0]
                player.performer.receive(Controller(0, 120, 0), player.position)
                player.render(2048, 512)
                off = cents_off(sound[round(0.2 * RATE_HZ):].astype(np.float64), 440 * 2 ** ((key - 69) / 12))
                if off is None:
                    noises += 1
                else:
                    found.append(abs(off))
        over = int(np.sum(np.array(found) > 5))
        print(f"{timbre.name}: median {np.median(found):.2f} cents, worst {max(found):.1f}, more than 5: {over} "
              f"of {len(found)}; {noises} more do not repeat", flush=True)


if __name__ == "__main__":
    main()
