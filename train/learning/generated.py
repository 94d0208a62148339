"""Compares sets of generated notes with sets of recorded ones, where no generated note is a copy of a recorded one.

The embedding is roughly what a listener hears of a note: power in 24 ERB-spaced groups of frequency at 8 moments, in dB over
80 dB under the note's peak, on the 24 principal axes of the recorded notes. On it are measured
- the Fréchet distance of two normal distributions (Heusel et al. 2017, FID, with this embedding in place of Inception's),
- NDB/k, the share of k-means cells that hold significantly more or fewer generated notes than recorded ones (Richardson and Weiss
  2018, "On GANs and GMMs"; 0 is best, and two samples of the same notes come to about 0.05),
- diversity, the mean distance between two generated notes, where that between two recorded ones is 1.
And by itself: the share of notes within 50 cents of their key, by their partials (`models/playing/period.py`).
"""
import numpy as np
from scipy.cluster.vq import kmeans2, vq
from scipy.linalg import sqrtm

from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import BAND_CENTRES_HZ, GROUPS, LEVEL, LEVEL_FLOOR_DB, NOISE, SLOT_RATIO, group_of_hz, pitch_to_hz
from hummingface.models.playing.period import periods_cents

MOMENTS = (4, 16, 40, 54, 66, 78, 90, 102)      # rows of the note image: 5 ms to 1.3 s
RANGE_DB, AXES, CELLS = 80.0, 24, 20
SIGNIFICANT = 1.96                              # standard errors: 5 %
IN_TUNE_CENTS = 50.0
BAND_GROUP = group_of_hz(BAND_CENTRES_HZ)


def embed(rows: np.ndarray, pitch: np.ndarray, valid_rows: np.ndarray) -> np.ndarray:
    """Notes [N, ROWS, FRAME_SIZE] -> [N, 8 * GROUPS]; a moment after a note's valid rows is its last valid one."""
    group_power = np.zeros((len(rows), len(MOMENTS), GROUPS))
    for note, key, valid, out in zip(rows, pitch, valid_rows, group_power, strict=True):
        frames = note[np.minimum(MOMENTS, min(int(valid), ROWS) - 1)].astype(np.float64)
        of = np.concatenate([group_of_hz(SLOT_RATIO * pitch_to_hz(key)), BAND_GROUP])
        power = 10 ** (np.concatenate([frames[:, LEVEL] - 3.01, frames[:, NOISE]], 1) / 10)
        np.add.at(out.T, of, power.T)
    level = 10 * np.log10(group_power + 1e-20).reshape(len(rows), -1)
    return np.maximum(level - level.max(1, keepdims=True) + RANGE_DB, 0)


def axes_of(embedded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean [D], principal axes [D, AXES]) of embedded notes."""
    mean = embedded.mean(0)
    return mean, np.linalg.svd(embedded - mean, full_matrices=False)[2][:AXES].T


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Between normal distributions fitted to points [N, D] and [M, D]; in squared dB."""
    ca, cb = np.cov(a.T), np.cov(b.T)
    root = np.real(sqrtm(ca @ cb))
    return float(np.square(a.mean(0) - b.mean(0)).sum() + np.trace(ca + cb - 2 * root))


def ndb(real: np.ndarray, other: np.ndarray, cells: int = CELLS, seed: int = 0) -> float:
    """Share of k-means cells of `real` points whose proportion in `other` differs significantly."""
    centres, _ = kmeans2(real, cells, minit="++", rng=np.random.default_rng(seed))
    counts = [np.bincount(vq(x, centres)[0], minlength=cells) for x in (real, other)]
    shares = [c / c.sum() for c in counts]
    pooled = (counts[0] + counts[1]) / (len(real) + len(other))
    error = np.sqrt(pooled * (1 - pooled) * (1 / len(real) + 1 / len(other)))
    return float(np.mean(np.abs(shares[0] - shares[1]) > SIGNIFICANT * np.maximum(error, 1e-9)))


def spread_of(points: np.ndarray) -> float:
    """Mean distance between two of points [N, D]."""
    other = np.roll(points, len(points) // 3, 0), np.roll(points, len(points) // 2, 0)
    return float(np.mean([np.linalg.norm(points - o, axis=1) for o in other]))


def in_tune(rows: np.ndarray, pitch: np.ndarray) -> float:
    """Share of notes [N, ROWS, FRAME_SIZE] of keys [N] that sound within 50 cents of their key, by their partials."""
    heard = rows[:, :, LEVEL].max((1, 2)) > LEVEL_FLOOR_DB + 20
    off = np.array([abs(np.median(periods_cents(note[40:110:8].astype(np.float32), np.full(9, pitch_to_hz(key)))))
                    for note, key in zip(rows, pitch, strict=True)])
    return float(np.mean(heard & (off < IN_TUNE_CENTS)))


def compare(real: np.ndarray, made: np.ndarray, pitch: np.ndarray, valid_rows: np.ndarray,
            made_pitch: np.ndarray | None = None, made_valid: np.ndarray | None = None) -> dict[str, float]:
    """Generated notes [M, ROWS, FRAME_SIZE] beside recorded ones [N, ROWS, FRAME_SIZE]; of the same keys, unless told."""
    made_pitch, made_valid = pitch if made_pitch is None else made_pitch, valid_rows if made_valid is None else made_valid
    a, b = embed(real, pitch, valid_rows), embed(made, made_pitch, made_valid)
    mean, axes = axes_of(a)
    a, b = (a - mean) @ axes, (b - mean) @ axes
    return {"frechet": frechet(a, b), "ndb": ndb(a, b), "diversity": spread_of(b) / max(spread_of(a), 1e-9),
            "in_tune": in_tune(made, made_pitch)}
