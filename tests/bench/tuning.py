"""Is every key in tune? Notes through the engine at 44.1, 48 and 96 kHz, their periods found by YIN.

    python tests/bench/tuning.py [--presets 12] [--model M] [--json FILE]

Presets are taken in turn from all families, so that a few stand for all. A note whose sound has no clear period (a bell, a
bar, a detuned choir, a key so high that it dies before 0.3 s) is counted as such and not judged.
YIN: de Cheveigné & Kawahara (2002), over 0.3 s to 1.3 s.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
RATES_HZ = (44_100, 48_000, 96_000)
HEARD_S = 1.4
LONGEST_PERIOD_S, SHORTEST_PERIOD_S = 1 / 25, 1 / 4500
CLEAR = 0.15                      # of YIN's normalised difference: below it a sound has a period


def period_hz(sound: np.ndarray, rate_hz: int) -> float:
    """f0 of a note by YIN, median of 8 windows; NaN where it has no clear period."""
    longest, shortest = int(rate_hz * LONGEST_PERIOD_S), max(2, int(rate_hz * SHORTEST_PERIOD_S))
    window, found = 2 * longest, []
    for start in np.linspace(0.3 * rate_hz, 1.3 * rate_hz - window - longest - 1, 8).astype(int):
        part = sound[start:start + window + longest].astype(np.float64)
        if len(part) < window + longest or np.abs(part).max() < 1e-4:
            continue
        size = 1 << int(np.ceil(np.log2(2 * len(part))))
        cross = np.fft.irfft(np.fft.rfft(part, size) * np.conj(np.fft.rfft(part[:window], size)), size)[:longest]
        energy = np.concatenate([[0], np.cumsum(part ** 2)])
        lags = np.arange(longest)
        difference = energy[window] + energy[window + lags] - energy[lags] - 2 * cross
        normal = difference * lags / np.maximum(np.cumsum(difference), 1e-12)
        normal[:shortest] = 1
        clear = np.flatnonzero(normal < CLEAR)
        if not len(clear):
            continue
        lag = clear[0]
        while lag + 1 < longest and normal[lag + 1] < normal[lag]:
            lag += 1
        if 0 < lag < longest - 1:
            before, here, after = difference[lag - 1:lag + 2]
            bend = before - 2 * here + after
            found.append(rate_hz / (lag + (0.5 * (before - after) / bend if bend > 0 else 0)))
    return float(np.median(found)) if found else float("nan")


def cents_off(timbre, patch, rate_hz: int, keys: range) -> list[float]:
    """How far each key's sound is from its pitch; NaN where it cannot be told."""
    from instrument.offline import Player
    from instrument.performance.midi import NoteOn, Panic
    player, cents = Player(timbre, patch, rate_hz=rate_hz), []
    for key in keys:
        player.performer.receive(NoteOn(0, key, 100), player.position)
        sound = player.render(round(HEARD_S * rate_hz)).mean(1)
        player.performer.receive(Panic(), player.position)
        player.render(rate_hz // 10)
        cents.append(1200 * float(np.log2(period_hz(sound, rate_hz) / (440 * 2 ** ((key - 69) / 12)))))
    return cents


def measure(presets: int, model_name: str | None, keys: range = range(21, 109)) -> dict:
    """Cents by preset, rate and key, and what follows from them."""
    from tqdm import tqdm

    from instrument import library
    from instrument.patch import Patch
    from instrument.performance.timbre import Timbre
    model = library.load_model(model_name)
    timbre = Timbre(model)
    by_family: dict[str, list[str]] = {}
    for name, preset in model.card["presets"].items():
        by_family.setdefault(preset["family"], []).append(name)
    turns = [names[i] for i in range(max(map(len, by_family.values()))) for names in by_family.values() if i < len(names)]
    chosen = turns[:presets]
    patches = [Patch(name, model.name, tuple(model.presets[name])) for name in chosen]
    table = np.array([[cents_off(timbre, patch, rate_hz, keys) for rate_hz in RATES_HZ] for patch in tqdm(patches, unit="preset")])
    size = np.abs(table)
    told = np.isfinite(size)
    worst = {name: round(float(np.nanmax(size[i])), 2) if told[i].any() else None for i, name in enumerate(chosen)}
    return {"presets": chosen, "keys": len(keys), "rates_hz": RATES_HZ, "notes": int(size.size), "without_period": int((~told).sum()),
            "median_cents": round(float(np.nanmedian(size)), 3), "off_by_more_than_5": int((size[told] > 5).sum()),
            "median_by_rate": {str(hz): round(float(np.nanmedian(size[:, i])), 3) for i, hz in enumerate(RATES_HZ)},
            "worst_by_preset": worst}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--presets", type=int, default=12)
    parser.add_argument("--model")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.path.insert(0, str(ROOT))
    figures = measure(args.presets, args.model)
    print(json.dumps(figures, indent=1))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
