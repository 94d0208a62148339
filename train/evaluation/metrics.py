"""Distances between a sound and its reference, in dB: the project's standard figures. Lower is closer.

| figure    | definition                                                                                                          |
|-----------|---------------------------------------------------------------------------------------------------------------------|
| lsd       | log-spectral distance: RMS over bins of the level difference, mean over frames and FFT sizes 512..4096, floor 80 dB    |
|           | under the peak. Lenient: never judge by it alone                                                                      |
| act60     | the same over bins within 60 dB of the peak in either sound alone                                                     |
| mel       | mean absolute difference of 128 mel bands (FFT 2048, hop 512), same floor                                              |
| onset     | lsd of the first 50 ms (FFT 512)                                                                                       |
| onset_env | mean absolute difference of the 2.7 ms envelope over the first 50 ms, floor -50 dB                                     |
| motion    | difference in how much 32 mel-band envelopes move: dB RMS of the detrended envelope, 0.3 to 2.5 s, audible bands       |

Channels are joined by their power, never folded: averaging two cancels what differs between them. So width is not heard. The output is
scaled to the reference's energy first (`gain_db` tells by how much). So none of them hears dynamics: `gain_spread` says how unevenly an
instrument's notes had to be scaled, and `train/evaluation/playability.py` listens to loudness itself.
"""
from collections.abc import Iterable
from typing import Any

import numpy as np

from hummingface.models.analysis.mel_spectra import magnitudes, mel_filters

FIGURES = ("mel", "act60", "lsd", "motion", "onset_env", "onset")
FLOOR_DB = 80.0


def distance(reference: np.ndarray, output: np.ndarray, rate_hz: int) -> dict[str, float | None]:
    """FIGURES and gain_db of sounds [S] or [S, channels], the shorter one followed by silence; `motion` is None for notes too short to
    move.

    Raises ValueError where the reference is silent; all figures are infinite where the output holds NaN or Inf.
    """
    size = max(len(reference), len(output))
    ref, out = (np.pad(np.asarray(x, np.float64).reshape(len(x), -1), ((0, size - len(x)), (0, 0))) for x in (reference, output))
    if not np.abs(ref).max() > 1e-5:
        raise ValueError("the reference is silent")
    if not np.isfinite(out).all():
        return dict.fromkeys((*FIGURES, "gain_db"), float("inf"))
    gain = np.sqrt((ref ** 2).mean() / max((out ** 2).mean(), 1e-20))
    out = out * gain
    lsd, active, onset = [], [], 0.0
    for n in (512, 1024, 2048, 4096):
        a, b = magnitudes(ref, n, n // 4), magnitudes(out, n, n // 4)
        off = _level_difference(a, b) ** 2
        frames = np.sqrt(off.mean(1))
        lsd.append(frames.mean())
        heard = np.maximum(a, b) > a.max() * 1e-3
        some = heard.sum(1) > 0
        active.append(np.sqrt((off * heard).sum(1)[some] / heard.sum(1)[some]).mean())
        if n == 512:
            onset = frames[:int(0.05 * rate_hz / 128) + 1].mean()
    filters = mel_filters(rate_hz, 2048, 128)
    mel = np.abs(_level_difference(magnitudes(ref, 2048, 512) @ filters.T, magnitudes(out, 2048, 512) @ filters.T)).mean()
    figures = {"mel": mel, "act60": np.mean(active), "lsd": np.mean(lsd), "motion": _motion_difference(ref, out, rate_hz),
               "onset_env": _envelope_difference(ref, out, rate_hz), "onset": onset, "gain_db": 20 * np.log10(gain)}
    return {name: None if value is None else float(value) for name, value in figures.items()}


def by_family(notes: Iterable[tuple[str, dict]]) -> dict[str, dict]:
    """Means of FIGURES over notes given as (family, figures): by family and over ALL, and of how many (`n`)."""
    groups: dict[str, list[dict]] = {"ALL": []}
    for family, figures in notes:
        groups["ALL"].append(figures)
        groups.setdefault(family, []).append(figures)

    def mean(rows: list[dict], name: str) -> float | None:
        known = [row[name] for row in rows if row.get(name) is not None]
        return round(float(np.mean(known)), 3) if known else None
    return {family: {name: mean(rows, name) for name in FIGURES} | {"n": len(rows)} for family, rows in groups.items()}


def gain_spread(notes: Iterable[tuple[str, dict]]) -> dict[str, Any]:
    """How unevenly loud the notes of an instrument are against their references, given as (instrument, figures): the standard deviation
    of `gain_db`, dB. {"instruments": {name: dB}, "median", "worst", "worst_of"}; instruments of one note are left out, and it is {} where
    all are.

    It hears what the distances take out: a note too loud or too soft. A whole instrument that is too loud is not seen, nor whether it is
    the model or the recordings that are uneven; nor anything within a note.
    """
    gains: dict[str, list[float]] = {}
    for instrument, figures in notes:
        if np.isfinite(figures["gain_db"]):
            gains.setdefault(instrument, []).append(figures["gain_db"])
    found = {name: round(float(np.std(values)), 3) for name, values in gains.items() if len(values) > 1}
    if not found:
        return {}
    worst = max(found, key=lambda name: found[name])
    return {"instruments": found, "median": round(float(np.median(list(found.values()))), 3), "worst": found[worst], "worst_of": worst}


def gain_line(title: str, spread: dict[str, Any]) -> str:
    """`gain_spread` as text."""
    if not spread:
        return f"spread of gains, {title}: no instrument has two notes"
    return (f"spread of gains, {title}: median {spread['median']:.2f} dB, worst {spread['worst']:.2f} dB ({spread['worst_of']}), "
            f"of {len(spread['instruments'])} instruments")


def heading(title: str) -> str:
    """The names of FIGURES, over the columns of `line`."""
    return f"{title:32s} " + " ".join(f"{name:>9s}" for name in FIGURES) + "    n"


def line(title: str, row: dict) -> str:
    """A row of `by_family` as text."""
    return f"{title:32s} " + " ".join("        -" if row[name] is None else f"{row[name]:9.2f}" for name in FIGURES) + f" {row['n']:4d}"


def _level_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    floor = a.max() * 10 ** (-FLOOR_DB / 20)
    return 20 * np.log10((a + floor) / (b + floor))


def _envelope_difference(ref: np.ndarray, out: np.ndarray, rate_hz: int) -> float:
    hop = max(1, round(rate_hz / 375))
    count = int(0.05 * rate_hz) // hop
    ours, theirs = (np.sqrt((x[:len(x) // hop * hop].reshape(-1, hop, x.shape[1]) ** 2).mean((1, 2))) for x in (ref, out))
    floor = ours.max() * 10 ** (-50 / 20)
    return float(np.abs(20 * np.log10((ours[:count] + floor) / (theirs[:count] + floor))).mean())


def _motion_difference(ref: np.ndarray, out: np.ndarray, rate_hz: int) -> float | None:
    filters = mel_filters(rate_hz, 1024, 32)
    moved, heard = _motion(ref, rate_hz, filters)
    other, _ = _motion(out, rate_hz, filters)
    return None if not len(moved) or not heard.any() else float(np.abs(moved - other)[heard].mean())


def _motion(x: np.ndarray, rate_hz: int, filters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(dB RMS of each band's detrended envelope, which bands are audible); empty for a short sound."""
    bands = magnitudes(x, 1024, 256)[int(0.3 * rate_hz / 256):int(2.5 * rate_hz / 256)] @ filters.T
    if len(bands) < 20:
        return np.zeros(0), np.zeros(0, bool)
    level = 20 * np.log10(bands + bands.max() * 1e-4)
    t = np.arange(len(level))[:, None]
    t = (t - t.mean()) / t.std()
    mean = level.mean(0)
    return (level - mean - t * (level * t).mean(0)).std(0), mean > mean.max() - 50
