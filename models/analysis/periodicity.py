"""The period of a sound, and whether it is that of one note.

The period by YIN: de Cheveigne & Kawahara (2002), "YIN, a fundamental frequency estimator for speech and music"; what the period alone
cannot tell (a chord is periodic, too), by the spectrum.
"""
import numpy as np

HIGHEST_HZ = 5000.0
NEARLY = 0.04                                  # a shorter period is preferred if it is at most this much worse
STRONG_DB = 25.0                               # under the loudest partial: counts where a chord is looked for,
FEWEST, MOST_ROOTS = 5, 3                      # which has so many partials, of at most so many notes
FROM_BELOW_DB = 30.0                           # one of the first three partials is that near to the loudest


def period(x: np.ndarray, rate_hz: float, lags: int) -> tuple[float, float]:
    """(frequency in Hz of the best period of `x`, YIN's normalised difference there)."""
    size = len(x) - lags
    shortest = max(2, int(rate_hz / HIGHEST_HZ))
    if lags <= shortest + 2 or not np.abs(x).max() > 0:
        return 0.0, 1.0
    n = 1 << int(np.ceil(np.log2(len(x) + size)))
    cross = np.fft.irfft(np.fft.rfft(x, n) * np.conj(np.fft.rfft(x[:size], n)), n)[:lags]
    energy = np.concatenate([[0.0], np.cumsum(x * x)])
    at = np.arange(lags)
    d = np.maximum(energy[size] + energy[at + size] - energy[at] - 2 * cross, 0)
    normal = np.ones(lags)
    normal[1:] = d[1:] * at[1:] / np.maximum(np.cumsum(d[1:]), 1e-20)
    k = np.flatnonzero((normal[1:-1] <= normal[:-2]) & (normal[1:-1] < normal[2:])) + 1
    k = k[k >= shortest]
    if not len(k):
        return 0.0, 1.0
    left, here, right = normal[k - 1], normal[k], normal[k + 1]
    bend = np.maximum(left - 2 * here + right, 1e-12)                    # a parabola through each minimum: depth and place
    depth = np.maximum(here - (left - right) ** 2 / (8 * bend), 0)
    best = int(np.argmax(depth < depth.min() + NEARLY))                  # the shortest period that is nearly as good as the best
    left, here, right = d[k[best] - 1:k[best] + 2]                       # its place by the difference itself, which has no trend
    bend = left - 2 * here + right
    exact = k[best] + (0.5 * (left - right) / bend if bend > 0 else 0.0)
    return rate_hz / float(exact), float(depth[best])


def many_pitches(audio: np.ndarray, rate_hz: float, f0_hz: float, fewest: int = FEWEST) -> bool:
    """Whether what repeats at `f0_hz` is the common period of a chord: it has none of the low partials that a single note has, or not the
    first one and all strong ones are harmonics of two or three of them, as 2, 3, 4, 6, 8, 9 of a fifth. Of fewer strong partials than
    `fewest` the latter is not said."""
    x = audio[:int(1.5 * rate_hz)].astype(np.float64)
    n = 1 << int(np.ceil(np.log2(max(len(x), 2))) + 1)
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)), n)) ** 2
    per = f0_hz * n / rate_hz                               # bins from partial to partial
    partials = np.array([power[max(1, int((k - 0.3) * per)):int((k + 0.3) * per) + 2].max(initial=0.0)
                         for k in range(1, min(40, int(len(power) / per - 1)) + 1)])
    strong = 1 + np.flatnonzero(partials > partials.max(initial=0.0) * 10 ** (-STRONG_DB / 10))
    roots: list[int] = []
    for partial in strong.tolist():
        if all(partial % root for root in roots):
            roots.append(partial)
    of_few = len(strong) >= fewest and strong[0] > 1 and 2 <= len(roots) <= MOST_ROOTS
    return len(partials) > 6 and (of_few or partials[:3].max() < partials.max() * 10 ** (-FROM_BELOW_DB / 10))
