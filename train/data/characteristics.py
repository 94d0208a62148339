"""Continuous characteristics of a note (brightness, attack, decay, ...), measured from its frames: conditions of a conditional model.

They are functions of frames alone, so they can be measured on a model's output as well as on recordings. Audible means
within 60 dB of the note's peak.
"""
import numpy as np

from hummingface.models.playing.conditioning import LONGEST_S, row_times_s
from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    DEVIATION,
    FUZZ,
    LEVEL,
    NOISE,
    SLOT_RATIO,
    VIBRATO,
    erb_rate,
    group_of_hz,
    pitch_to_hz,
)

CHARACTERISTICS = {
    "brightness": "centre of its power on the ERB-rate scale, Cams above that of its fundamental",
    "attack": "log2 of the seconds from its onset (30 dB under the peak) to 3 dB under the peak",
    "decay": "dB/s that it falls between 0.3 s and note-off; 0 where it stays or grows",
    "noisiness": "dB, power of noise against that of its partials",
    "inharmonicity": "log2 of 1 + the mean deviation of its partials from whole multiples, in cents, by amplitude",
    "odd": "dB, power of odd harmonics from the third on against that of even ones",
    "vibrato": "cents, depth",
    "fuzz": "share of power in sidebands, of the audible groups",
}
RANGE_DB = 60.0
SETTLED_S = 0.3
LEAST_FALL_DB_S = 3.0                 # of a note that dies away


def measure(rows: np.ndarray, pitch: float, hold_s: float) -> dict[str, float]:
    """Frames [ROWS, FRAME_SIZE] at `row_times_s` of a note -> each of CHARACTERISTICS."""
    times = row_times_s()
    held = times <= min(max(hold_s, 0.05), LONGEST_S) + 1e-9
    rows, times = np.asarray(rows, np.float64)[held], times[held]
    level, noise = rows[:, LEVEL], rows[:, NOISE]
    peak = level.max()
    floor = peak - RANGE_DB
    partial = np.where(level > floor, 10 ** (level / 10), 0) / 2
    hiss = np.where(noise > floor, 10 ** (noise / 10), 0)
    power = partial.sum(1) + hiss.sum(1)
    share = np.gradient(times) if len(times) > 1 else np.ones(1)
    tone, rest = share @ partial, share @ hiss                                     # of the whole note
    f0_hz = float(pitch_to_hz(pitch))
    cams = np.concatenate([erb_rate(SLOT_RATIO * f0_hz), erb_rate(BAND_CENTRES_HZ)])
    both = np.concatenate([tone, rest])
    total = max(both.sum(), 1e-20)
    loud = 10 * np.log10(np.maximum(power, 1e-20))
    amplitude = np.sqrt(tone)
    cents = 1200 * np.log2(np.maximum(1 + rows[:, DEVIATION] / SLOT_RATIO, 0.1))
    weight = partial * share[:, None]
    off = np.abs((weight * cents).sum(0) / np.maximum(weight.sum(0), 1e-20))
    heard = np.unique(group_of_hz(SLOT_RATIO * f0_hz)[tone > tone.max() * 1e-3]) if tone.max() > 0 else np.arange(1)
    odd, even = tone[2:128:2].sum(), tone[1:128:2].sum()
    values = {
        "brightness": both @ cams / total - erb_rate(f0_hz),
        "attack": np.log2(max(_rise_s(loud, times), 0.001)),
        "decay": _fall(loud, times),
        "noisiness": 10 * np.log10(max(rest.sum(), 1e-12 * total) / max(tone.sum(), 1e-12 * total)),
        "inharmonicity": np.log2(1 + (amplitude * np.minimum(off, 100)).sum() / max(amplitude.sum(), 1e-20)),
        "odd": np.clip(10 * np.log10(max(odd, 1e-9 * total) / max(even, 1e-9 * total)), -60, 60),
        "vibrato": rows[0, VIBRATO.start],
        "fuzz": rows[0, FUZZ.start + heard].mean(),
    }
    return {name: round(float(values[name]), 4) for name in CHARACTERISTICS}


def _rise_s(loud: np.ndarray, times: np.ndarray) -> float:
    begin, reached = int(np.argmax(loud > loud.max() - 30)), int(np.argmax(loud > loud.max() - 3))
    return float(times[reached] - times[begin])


def _fall(loud: np.ndarray, times: np.ndarray) -> float:
    """By a straight line through what is within RANGE_DB of the peak."""
    late = (times >= min(SETTLED_S, times[-1] / 2)) & (loud > loud.max() - RANGE_DB)
    if late.sum() < 4:
        return 0.0 if loud[-1] > loud.max() - RANGE_DB else RANGE_DB / max(float(times[-1]), 0.05)
    weight = np.sqrt(np.gradient(times[late]))
    slope = np.polyfit(times[late], loud[late], 1, w=weight)[0]
    return max(0.0, -float(slope))


def power_db(frames: np.ndarray) -> np.ndarray:
    """Level of frames [T, FRAME_SIZE] as sound, dB RMS. [T]"""
    return 10 * np.log10(np.sum(10 ** (frames[:, LEVEL] / 10), 1) / 2 + np.sum(10 ** (frames[:, NOISE] / 10), 1))


def sustains(measured: dict[str, float]) -> bool:
    """Whether a note sounds as long as its key is held: it hardly falls."""
    return measured["decay"] < LEAST_FALL_DB_S

