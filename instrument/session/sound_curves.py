"""The laws of the envelope and the filter, for the window to draw; those of the engine are compiled (`performance/voices/voice_laws.py`,
`performance/rows/partial_gains.py`), and a test holds these to them."""
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

FALL_TIMES = math.log(100)              # "decay" is the time to come within 1 %
RELEASE_DB = 60.0                       # by which a release falls in its time,
USUAL_RELEASE_S = 0.4                   # which is the model's own and not known here: about that of its middle
BUTTERWORTH = 3.4142136, 0.5857864      # damping of the filter's two sections; the resonance makes that of the second less
OPEN_HZ = 20_000.0


@dataclass(frozen=True)
class ShownVoice:
    """The newest voice, as far as the window knows: seconds since its key went down, and since it went up (None: not known to be up)."""
    key: int
    pitch: float
    velocity: int
    age_s: float
    released_s: float | None = None


def envelope(time_s: ArrayLike, attack_s: float, decay_s: float, sustain: float) -> np.ndarray:
    """The level 0..1 while a key is held: a straight rise, then a fall that is within 1 % of the sustain after the decay."""
    time_s = np.asarray(time_s, np.float64)
    fallen = sustain + (1 - sustain) * np.exp(-FALL_TIMES * np.maximum(time_s - attack_s, 0) / decay_s)
    return np.where(time_s < attack_s, time_s / attack_s, fallen)


def released(share: ArrayLike) -> np.ndarray:
    """What is left of the level after this share 0..1 of the release: it falls by as many dB in any part of it."""
    return 10 ** (-RELEASE_DB / 20 * np.asarray(share, np.float64))


def filter_db(hz: ArrayLike, cutoff_hz: float, resonance_db: float) -> np.ndarray:
    """The gain of the resonant low-pass of fourth order."""
    x = (np.asarray(hz, np.float64) / cutoff_hz) ** 2
    away = (1 - x) ** 2
    first, second = BUTTERWORTH
    return -10 * np.log10((away + first * x) * (away + second * 10 ** (-resonance_db / 10) * x))


def filter_fall(age_s: float, decay_s: float) -> float:
    """Where the filter's own envelope stands, from 1 at the stroke."""
    return math.exp(-FALL_TIMES * age_s / decay_s)


def voice_cutoff_hz(values: dict[str, float], voice: ShownVoice) -> float:
    """Where the filter of a voice stands, by the controls of the group `filter`; pressure and slide are left out."""
    cutoff_hz = values["filter.cutoff_hz"]
    closed = math.log2(OPEN_HZ / cutoff_hz)
    octaves = (values["filter.tracking"] * (voice.pitch - 60) / 12 * min(closed, 1.0)
               + values["filter.envelope"] * filter_fall(voice.age_s, values["filter.decay_s"])
               + values["filter.velocity"] * (voice.velocity / 127 - 0.5) * 2)
    return min(max(cutoff_hz * 2 ** octaves, 10.0), 40_000.0)
