"""Brings sound to another sampling rate."""
import numpy as np


def resampled(audio: np.ndarray, rate_hz: int, to_hz: int) -> np.ndarray:
    """Sound of `rate_hz` at `to_hz`, by a polyphase filter. [S] or [S, channels]"""
    from scipy.signal import resample_poly  # a second to import: not for what trains, or waits for a recording
    return resample_poly(audio, to_hz, rate_hz)
