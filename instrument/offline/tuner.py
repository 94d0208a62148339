"""What a tuner says of the newest third of a second: at how many Hz one note sounds, and how far that is from a key.

It says nothing where there is no single note: silence, noise, a chord, a note that changes meanwhile. The period (YIN) finds the octave and
the low partials' places in the spectrum the cents, so a sine is read to a hundredth of a cent and vibrato in its middle.
"""
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hummingface.models.analysis.periodicity import MOST_ROOTS, STRONG_DB, many_pitches, period
from hummingface.models.playing.frame import hz_to_pitch

WINDOW_S = 0.34
LOWEST_HZ = 25.0
QUIET_DB = -66.0            # RMS, below which nothing is said
APERIODIC = 0.2             # of YIN's normalised difference
FINER = 4                   # zero padding of the spectrum
LOW_PARTIALS = 5            # the lowest that there are tell the pitch: those above are sharp where strings are stiff
HARMONIC = 0.9              # of the power of all peaks that has to lie at harmonics,
NEAR = 0.12                 # so near, in f0,
PEAKS_DB = 40.0             # of peaks so near to the loudest
PAIR, PAIR_DB = 0.03, 15.0  # two peaks at one partial, so far apart and so nearly as loud, are of two notes
BEGINS, LOW_NUMBERS = 3, 8  # a note has one of its first partials among the strong ones; what is looked at in a chord
FEWEST_OF_CHORD = 2         # strong partials, from which on a chord is looked for


@dataclass(frozen=True)
class Tuned:
    """A reading: the nearest key that sounds, how far the sound is above it, and the sound's frequency."""
    key: int
    cents: float
    hz: float


class Reference(NamedTuple):
    """What sounds are read against: the pitch of each key [128], NaN where it is silent; the tuning's name; the frequency of A4."""
    pitches: np.ndarray
    name: str
    a4_hz: float


EQUAL = Reference(np.arange(128.0), "Equal temperament", 440.0)


def heard_hz(samples: np.ndarray, rate_hz: int) -> float | None:
    """The frequency of the note in float32 [S, 2], of which the newest WINDOW_S are heard; None where there is no single one."""
    size = round(WINDOW_S * rate_hz)
    if len(samples) < size:
        return None
    newest = samples[-size:].astype(np.float64)
    power = (newest ** 2).mean(0)
    if not 10 * np.log10(power.max() + 1e-20) > QUIET_DB:       # NaN, too
        return None
    heard = newest[:, int(power.argmax())]
    lags = int(rate_hz / LOWEST_HZ)
    begin = (size - 3 * lags) // 2
    about_hz, aperiodic = period(heard[begin:begin + 3 * lags], rate_hz, lags)
    if aperiodic > APERIODIC or about_hz < LOWEST_HZ:
        return None
    spectrum, step_hz = _spectrum(heard, rate_hz)
    f0_hz = _low_partials(*_peaks(spectrum, step_hz, 0.5 * about_hz), about_hz)
    return None if f0_hz is None or many_pitches(heard, rate_hz, f0_hz, FEWEST_OF_CHORD) else f0_hz


def read(hz: float, pitches: np.ndarray) -> Tuned:
    """The nearest of the keys that sound at `pitches` [128] (fractional MIDI pitches, NaN: silent)."""
    away = float(hz_to_pitch(hz)) - pitches
    key = int(np.nanargmin(np.abs(away)))
    return Tuned(key, float(away[key]) * 100, hz)


def _spectrum(heard: np.ndarray, rate_hz: int) -> tuple[np.ndarray, float]:
    """(level of each bin in dB, Hz from bin to bin)."""
    window = np.blackman(len(heard) + 1)[:-1]       # its side lobes are no peaks
    size = FINER << int(np.ceil(np.log2(len(heard))))
    return 20 * np.log10(np.abs(np.fft.rfft(heard * window, size)) + 1e-12), rate_hz / size


def _peaks(level_db: np.ndarray, step_hz: float, lowest_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """(Hz, dB) of the peaks, from the lowest; each place by a parabola through three bins of the logarithm."""
    left, here, right = level_db[:-2], level_db[1:-1], level_db[2:]
    at = np.flatnonzero((here > left) & (here >= right) & (here > here.max() - PEAKS_DB))
    at = at[(at + 1) * step_hz > lowest_hz]
    left, here, right = left[at], here[at], right[at]
    off = 0.5 * (left - right) / np.minimum(left - 2 * here + right, -1e-9)
    return (at + 1 + off) * step_hz, here - 0.25 * (left - right) * off


def _low_partials(hz: np.ndarray, level_db: np.ndarray, about_hz: float) -> float | None:
    """The frequency of which the low partials are multiples: the mean of what each says, louder and lower ones counting more. None
    where what stands out is no note's partials."""
    number = np.round(hz / about_hz).astype(int)
    near, power = np.abs(hz / about_hz - number) < NEAR, 10 ** (level_db / 10)
    if not near.any() or power[near].sum() < HARMONIC * power.sum():
        return None
    hz, level_db, number = hz[near], level_db[near], number[near]
    number //= max(np.gcd.reduce(number), 1)        # a period of few samples may be found twice as long
    loudest_first = np.argsort(-level_db)
    if _is_of_chord(set(number[level_db > level_db.max() - STRONG_DB].tolist())) or _stand_apart(hz, level_db, number):
        return None
    chosen = loudest_first[np.unique(number[loudest_first], return_index=True)[1]][:LOW_PARTIALS]
    weight = 10 ** (level_db[chosen] / 20) / number[chosen]
    return float((hz[chosen] / number[chosen] * weight).sum() / weight.sum())


def _is_of_chord(strong: set[int]) -> bool:
    """Whether these partials are those of several notes above a period that none of them has: without the first one, those of a chord are
    harmonics of two or three of them, and those of a single note have primes of their own."""
    roots: list[int] = []
    for number in sorted(number for number in strong if number <= LOW_NUMBERS):
        if all(number % root for root in roots):
            roots.append(number)
    return min(strong) > BEGINS or (1 not in strong and 2 <= len(roots) <= MOST_ROOTS)


def _stand_apart(hz: np.ndarray, level_db: np.ndarray, number: np.ndarray) -> bool:
    """Whether a low partial is two: of two notes next to each other. The sidebands of a vibrato are nearer."""
    for low in (1, 2, 3):
        of_it = number == low
        strong = of_it & (level_db > level_db[of_it].max(initial=-np.inf) - PAIR_DB)
        if strong.any() and np.ptp(hz[strong]) > PAIR * hz[strong].mean():
            return True
    return False
