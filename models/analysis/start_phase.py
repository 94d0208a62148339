"""Start phases by the waveform of a note's beginning.

The filters that separate the partials of a low note reach over several of its periods, so the phases they tell are means over time, and the
pulses of an attack come out dispersed. Given levels and frequencies, the recording's first moments are linear in the cosine and the sine of
each partial: the phases are those of a least squares fit (ridge regression about the phases so far).
"""
import numpy as np

from hummingface.models.analysis.attack import onset_frames, partial_waves
from hummingface.models.playing.frame import LEVEL, LEVEL_FLOOR_DB, QUARTERS_PER_SECOND

FITTED_S = 0.05                         # of the sound from its onset
MOST_PARTIALS = 96                      # the loudest; the others are under them
QUIETEST_DB = 60.0                      # under the loudest partial
RIDGE = 0.03                            # of each partial's own energy
FEWEST_SAMPLES = 64


def fit_start_phases(frames: np.ndarray, channels: np.ndarray, rate_hz: int, f0_hz: float, start_phase: np.ndarray, onset_s: float,
                     sides: np.ndarray) -> np.ndarray:
    """Start phases [PARTIALS] with which the partials of `frames` come nearest to the beginning of `channels` [C, S].

    sides: [C, PARTIALS] complex gains of each partial in each channel.
    """
    frames = onset_frames(frames)
    samples = min(int((len(frames) - 1) / QUARTERS_PER_SECOND * rate_hz), channels.shape[1], int((onset_s + FITTED_S) * rate_hz))
    level = frames[:, LEVEL].max(0)
    slots = np.argsort(-level)[:MOST_PARTIALS]
    slots = slots[level[slots] > max(level.max() - QUIETEST_DB, LEVEL_FLOOR_DB + 10)]
    if samples < FEWEST_SAMPLES or not len(slots):
        return start_phase
    waves, heard = [], []
    for channel, side in zip(channels, sides, strict=True):
        phase = start_phase + np.angle(side)
        pair = [partial_waves(frames, slots, f0_hz, phase + turn, samples, rate_hz) for turn in (0.0, np.pi / 2)]
        waves.append(np.concatenate(pair) * np.tile(np.abs(side[slots]), 2)[:, None])
        heard.append(channel[:samples])
    basis, wanted = np.concatenate(waves, 1).astype(np.float64), np.concatenate(heard).astype(np.float64)
    gram = basis @ basis.T
    energy = gram.diagonal()
    ridge = RIDGE * (energy + 1e-9 * energy.max())
    so_far = np.repeat([1.0, 0.0], len(slots))
    cos, sin = np.linalg.solve(gram + np.diag(ridge), basis @ wanted + ridge * so_far).reshape(2, -1)
    found = start_phase.copy()
    found[slots] += np.arctan2(sin, cos)
    return np.angle(np.exp(1j * found))
