"""Where an oscilloscope begins its picture: at a rising zero crossing, always the same one of a wave, so that a held note stands still."""
import numpy as np

MOST_CANDIDATES = 48
POINTS = 160                # at which candidates are compared with the picture before


def begin_of(samples: np.ndarray, span: float, period: float, before: np.ndarray | None) -> tuple[float, np.ndarray]:
    """(the first sample of a picture of `span` samples, with a fraction; what it looks like there, for the next call).

    `samples` float [S, 2] are the newest, of a wave that repeats every `period` samples (0: not known); `before` is what the last call
    gave. Of the crossings in the last period that the span still fits behind, that one is taken after which the wave is most like before;
    without `before`, the one after which it rises highest. Where nothing crosses, the newest samples are shown.
    """
    wave = samples.mean(1)
    if not np.abs(wave).max(initial=0) > 0.1 * np.abs(samples).max(initial=0):      # channels that are each other's negative
        wave = samples[:, 0]
    last = len(wave) - span - 2
    if last <= 1:
        return 0.0, np.zeros(POINTS)
    first = max(0, int(last - max(1.5 * period, 1.5 * span if period <= 0 else 0)))
    piece = wave[first:int(last) + 2]
    at = np.flatnonzero((piece[:-1] <= 0) & (piece[1:] > 0))[-MOST_CANDIDATES:]
    if not len(at):
        return float(last), np.zeros(POINTS)
    begins = first + at + piece[at] / (piece[at] - piece[at + 1])
    looks = np.interp(begins[:, None] + np.linspace(0, span, POINTS), np.arange(len(wave)), wave)
    if before is not None and before.any():
        size = np.sqrt((looks ** 2).sum(1) * (before ** 2).sum()) + 1e-20
        alike = looks @ before / size
        best = int(np.flatnonzero(alike > alike.max() - 0.01)[-1])      # the newest of those that are as good
    else:
        steep = wave[np.minimum(first + at + max(int(period / 8), 1), len(wave) - 1)]
        best = int(np.flatnonzero(steep >= 0.98 * steep.max())[-1])
    return float(begins[best]), looks[best]


def between(samples: np.ndarray, at: np.ndarray) -> np.ndarray:
    """`samples` [S, 2] at places between them, [len(at), 2], on a curve through four neighbours (Catmull and Rom): lines would make the
    tops of a high wave dance."""
    first = np.floor(at).astype(int)
    t = (at - first)[:, None]
    a, b, c, d = (samples[np.clip(first + off, 0, len(samples) - 1)] for off in (-1, 0, 1, 2))
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
