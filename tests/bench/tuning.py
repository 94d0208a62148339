"""Is every key in tune? Notes through the engine at 44.1, 48 and 96 kHz, dry and without motion, and how long their periods are.

    python tests/bench/tuning.py [--presets 12] [--model M] [--json FILE]

Presets are taken in turn from all families, so that a few stand for all. Vibrato and beating are the `motion` of a sound and swing
about its pitch, and its noise (breath, hammers, the rumble of an organ's rotor) has none, so both are turned off. The period is
looked for within a semitone of the key's, then over ever more periods up to 20 ms, since one period of a high key is ten samples.
A note whose sound does not repeat there (a bell, a bar, a key so high that it dies before 0.3 s) is counted as such and not judged.
The difference function is that of YIN: de Cheveigné & Kawahara (2002), over 0.3 s to 1.3 s, of the first six partials, which decide a
pitch: Moore, Glasberg & Peters (1985), "Relative dominance of individual partials in determining the pitch of complex tones".
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
LONGEST_S = 0.02                  # over which periods are counted, two by two: an organ's suboctave comes round with every second one
CLEAR = 0.15                      # of the mean difference: below it a sound repeats
DECIDING_PARTIALS = 6.5           # what lies above hardly moves a pitch, and the stretched upper partials of strings would
DRY = {"motion.amount": 0.0, "character.noise_db": -40.0, "reverb.mix": 0.0, "chorus.mix": 0.0, "delay.mix": 0.0, "master.width": 0.0}


def differences(part: np.ndarray, window: int, longest: int) -> np.ndarray:
    """YIN's difference function over lags 0..longest-1, as a share of the mean power. part [window + longest]"""
    size = 1 << int(np.ceil(np.log2(2 * len(part))))
    cross = np.fft.irfft(np.fft.rfft(part, size) * np.conj(np.fft.rfft(part[:window], size)), size)[:longest]
    energy = np.concatenate([[0], np.cumsum(part ** 2)])
    lags = np.arange(longest)
    moved = energy[window + lags] - energy[lags]
    return (energy[window] + moved - 2 * cross) / np.maximum(energy[window] + moved, 1e-20)


def least(difference: np.ndarray, about: float, within: float) -> tuple[float, float]:
    """(lag, difference) of the least difference within `within` of the lag `about`, between samples by a parabola."""
    low, high = max(int(np.floor(about - within)), 1), min(int(np.ceil(about + within)), len(difference) - 2)
    low = min(low, high)
    lag = low + int(np.argmin(difference[low:high + 1]))
    before, here, after = difference[lag - 1:lag + 2]
    bend = before - 2 * here + after
    return lag + (float(np.clip(0.5 * (before - after) / bend, -1, 1)) if bend > 0 else 0.0), here


def period_hz(sound: np.ndarray, rate_hz: int, key_hz: float) -> float:
    """f0 of a note that should sound at `key_hz`, median of 8 windows; NaN where it does not repeat within a semitone of that."""
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(len(sound), 1 / rate_hz) > DECIDING_PARTIALS * key_hz] = 0
    sound = np.fft.irfft(spectrum, len(sound))
    period = rate_hz / key_hz
    periods = 2 * max(1, round(LONGEST_S * key_hz / 2))
    longest = int((1.06 * periods + 0.3) * period) + 3
    window, found = max(2 * longest, round(0.05 * rate_hz)), []
    for start in np.linspace(0.3 * rate_hz, 1.3 * rate_hz - window - longest - 1, 8).astype(int):
        part = sound[start:start + window + longest].astype(np.float64)
        if len(part) < window + longest or np.abs(part).max() < 1e-4:
            continue
        difference = differences(part, window, longest)
        lag, left = least(difference, 2 * period, 0.12 * period)
        count = 2
        while count < periods:
            more = min(2 * count, periods)
            lag, left = least(difference, lag * more / count, 0.3 * period)
            count = more
        if left < CLEAR:
            found.append(rate_hz * count / lag)
    return float(np.median(found)) if found else float("nan")


def cents_off(source, patch, rate_hz: int, keys: range) -> list[float]:
    """How far each key's sound is from its pitch; NaN where it cannot be told."""
    from hummingface.instrument.offline.player import Player
    from hummingface.instrument.performance.messages.midi import NoteOn, Panic
    player, cents = Player(source, patch, rate_hz=rate_hz), []
    for key in keys:
        player.performer.receive(NoteOn(0, key, 100), player.position)
        sound = player.render(round(HEARD_S * rate_hz)).mean(1)
        player.performer.receive(Panic(), player.position)
        player.render(rate_hz // 10)
        key_hz = 440 * 2 ** ((key - 69) / 12)
        cents.append(1200 * float(np.log2(period_hz(sound, rate_hz, key_hz) / key_hz)))
    return cents


def measure(presets: int, model_name: str | None, keys: range = range(21, 109)) -> dict:
    """Cents by preset, rate and key, and what follows from them."""
    from tqdm import tqdm

    from hummingface.instrument.patches import library
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.frame_source import FrameSource
    model = library.load_model(model_name)
    source = FrameSource(model)
    by_family: dict[str, list[str]] = {}
    for name, preset in model.card["presets"].items():
        by_family.setdefault(preset["family"], []).append(name)
    turns = [names[i] for i in range(max(map(len, by_family.values()))) for names in by_family.values() if i < len(names)]
    chosen = turns[:presets]
    patches = [Patch(name, model.name, tuple(model.presets[name]), DRY) for name in chosen]
    table = np.array([[cents_off(source, patch, rate_hz, keys) for rate_hz in RATES_HZ] for patch in tqdm(patches, unit="preset")])
    size = np.abs(table)
    told = np.isfinite(size)
    worst = {name: round(float(np.nanmax(size[i])), 2) if told[i].any() else None for i, name in enumerate(chosen)}
    off = [{"preset": chosen[i], "key": keys[k], "cents": round(float(np.nanmax(size[i, :, k])), 1)}
           for i, k in zip(*np.nonzero(np.nan_to_num(size).max(1) > 5), strict=True)]
    return {"presets": chosen, "keys": len(keys), "rates_hz": RATES_HZ, "notes": int(size.size), "without_period": int((~told).sum()),
            "median_cents": round(float(np.nanmedian(size)), 3), "off_by_more_than_5": int((size[told] > 5).sum()),
            "median_by_rate": {str(hz): round(float(np.nanmedian(size[:, i])), 3) for i, hz in enumerate(RATES_HZ)},
            "worst_by_preset": worst, "off": off}


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
