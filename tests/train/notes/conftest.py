"""Sounds whose truth is known."""
import numpy as np
import pytest


def tone(pitch: float, rate_hz: int = 44_100, seconds: float = 1.0, fall_db_s: float = 0.0, level: float = 0.3, lead_s: float = 0.0,
         partials: int = 8, tail_s: float = 0.0, off_s: float | None = None) -> np.ndarray:
    """A harmonic tone; `off_s`: it falls by 200 dB/s from there."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    count = max(1, min(partials, int(0.45 * rate_hz / f0)))
    x = sum(np.sin(2 * np.pi * f0 * k * t + k) / k for k in range(1, count + 1))
    x = x / np.abs(x).max() * level * 10 ** (-fall_db_s * t / 20)
    if off_s is not None:
        x *= 10 ** (-200 * np.maximum(t - off_s, 0) / 20)
    x[:32] *= np.linspace(0, 1, 32)
    return np.concatenate([np.zeros(int(lead_s * rate_hz)), x, np.zeros(int(tail_s * rate_hz))]).astype(np.float32)


@pytest.fixture(scope="session", name="tone")
def tone_fixture():
    return tone
