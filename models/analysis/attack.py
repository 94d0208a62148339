"""The envelope of a note's onset, with finer time resolution than the filters that separate its partials.

A filter that separates two partials smears an onset over a few periods. The recording itself shows when the energy
comes: the onset is synthesised from its frames, and the frames are scaled by what its short-time energy lacks.
"""
import numpy as np

from hummingface.models.playing.frame import (
    ATTACK_S,
    DEVIATION,
    LEVEL,
    LEVEL_FLOOR_DB,
    NOISE,
    NOISE_FLOOR_DB,
    QUARTERS_PER_SECOND,
    SLOT_RATIO,
)

WINDOW_S = 256 / 48000                  # Hann: 2.7 ms at half height
MOST_CUT_DB, MOST_BOOST_DB = 50.0, 6.0
ROUNDS = 3


def sharpen(frames: np.ndarray, channels: np.ndarray, rate_hz: int, f0_hz: float, start_phase: np.ndarray, onset_s: float,
            sides: np.ndarray) -> None:
    """In place: scale the levels of the frames younger than ATTACK_S so that their energy rises as the recording's does, `channels`
    [C, S]. sides: [C, PARTIALS] complex gains of each partial in each channel."""
    frames = onset_frames(frames)
    count = len(frames)
    if count < 3:
        return
    samples = int((count - 1) / QUARTERS_PER_SECOND * rate_hz)
    slots = np.flatnonzero(frames[:, LEVEL].max(0) > max(frames[:, LEVEL].max() - 60, LEVEL_FLOOR_DB + 10))
    at, share = _between_frames(samples, count, rate_hz)
    waves = [_waves(frames, slots, f0_hz, start_phase + np.angle(side), at, share) for side in sides]
    gains = [np.abs(side[slots, None]).astype(np.float32) for side in sides]
    beginning = np.pad(channels[:, :samples], ((0, 0), (0, max(0, samples - channels.shape[1]))))
    wanted = np.mean([_energy(channel, rate_hz, count) for channel in beginning], 0)
    if not wanted.max() > 1e-14:
        return                                                     # it begins in silence
    wanted = np.maximum(wanted, wanted.max() * 1e-8)
    noise = np.exp(frames[:, NOISE] * (np.log(10) / 10)).sum(1)
    amplitude = np.exp(frames[:, LEVEL.start + slots].T * (np.log(10) / 20))
    age = np.arange(count) / QUARTERS_PER_SECOND - onset_s
    fade = np.clip((ATTACK_S - np.arange(count) / QUARTERS_PER_SECOND) / 0.012, 0, 1)
    total = np.zeros(count)
    for _ in range(ROUNDS):
        gain = 10 ** (total / 20)
        scaled = (amplitude * gain).astype(np.float32)
        envelopes = scaled[:, at] * (1 - share) + scaled[:, at + 1] * share
        energy = np.mean([_energy((envelopes * wave * loud).sum(0), rate_hz, count) for wave, loud in zip(waves, gains, strict=True)], 0)
        energy = energy + noise * gain ** 2
        step = 10 * np.log10(wanted / np.maximum(energy, wanted.max() * 1e-9))
        total = _calm(np.clip(total + step * fade, -MOST_CUT_DB, MOST_BOOST_DB), age, 1 / f0_hz)
    for part, floor in ((LEVEL, LEVEL_FLOOR_DB), (NOISE, NOISE_FLOOR_DB)):
        frames[:, part] += np.where(frames[:, part] > floor, total[:, None], 0)            # silence stays silent


def onset_frames(frames: np.ndarray) -> np.ndarray:
    """Those younger than ATTACK_S, a quarter hop apart: a view."""
    return frames[:min(len(frames), round(ATTACK_S * QUARTERS_PER_SECOND))]


def _between_frames(samples: int, frames: int, rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """(the frame before each sample, the sample's place between it and the next, 0..1) [S]."""
    t = np.arange(samples) * (QUARTERS_PER_SECOND / rate_hz)
    before = np.minimum(t.astype(np.int64), frames - 2)
    return before, (t - before).astype(np.float32)


def partial_waves(frames: np.ndarray, slots: np.ndarray, f0_hz: float, start_phase: np.ndarray, samples: int,
                  rate_hz: int) -> np.ndarray:
    """The beginning of each partial of `slots` [K] as it is synthesised from `frames` of the onset: [K, samples]."""
    at, share = _between_frames(samples, len(frames), rate_hz)
    amplitude = np.exp(frames[:, LEVEL.start + slots].T * (np.log(10) / 20)).astype(np.float32)
    return (amplitude[:, at] * (1 - share) + amplitude[:, at + 1] * share) * _waves(frames, slots, f0_hz, start_phase, at, share)


def _waves(frames: np.ndarray, slots: np.ndarray, f0_hz: float, start_phase: np.ndarray, at: np.ndarray,
           share: np.ndarray) -> np.ndarray:
    """Each partial at amplitude 1 [K, S]."""
    hz = (SLOT_RATIO[slots] + frames[:, DEVIATION.start + slots].astype(np.float64)).T * f0_hz
    hz = (hz[:, 1:] + hz[:, :-1]) / 2
    turns = np.concatenate([np.zeros((len(slots), 1)), np.cumsum(hz, 1)], 1) / QUARTERS_PER_SECOND % 1
    begin = (turns + start_phase[slots, None] / (2 * np.pi)).astype(np.float32)
    step = (hz / QUARTERS_PER_SECOND).astype(np.float32)
    return np.cos((begin[:, at] + step[:, at] * share) * np.float32(2 * np.pi))


def _energy(x: np.ndarray, rate_hz: int, count: int) -> np.ndarray:
    """Mean square of `x` under a Hann window around every quarter hop [count]."""
    size = max(4, 2 * round(WINDOW_S * rate_hz / 2))
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    centres = np.arange(count) * rate_hz // QUARTERS_PER_SECOND
    padded = np.pad(x * x, (size // 2, size))
    return (padded[centres[:, None] + np.arange(size)] @ window).astype(np.float64) / window.sum()


def _calm(gain_db: np.ndarray, age_s: np.ndarray, period_s: float) -> np.ndarray:
    """Smoothed over a third of the time since the onset, at most a period: later fluctuations belong to the waveform."""
    t = np.arange(len(gain_db)) / QUARTERS_PER_SECOND
    width = np.clip(np.abs(age_s) / 3, 0.0005, max(period_s / 2, 0.0005))[:, None]
    kernel = np.exp(-0.5 * ((t[:, None] - t) / width) ** 2)
    return (kernel * gain_db).sum(1) / kernel.sum(1)
