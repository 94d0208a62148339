"""The Fourier transform of a whole note, padded to a whole number of hops."""
from dataclasses import dataclass
from math import ceil, gcd

import numpy as np
import scipy.fft

from hummingface.models.playing.frame import FRAMES_PER_SECOND


@dataclass
class Spectrum:
    """The transform of one note, padded so that a whole number of hops fits."""
    bins: np.ndarray      # [N // 2 + 1] complex64, scaled: a sine of amplitude 1 on a bin has magnitude 1
    rate_hz: int
    hops: int             # length in hops: N / rate_hz * FRAMES_PER_SECOND
    size: int             # N

    @property
    def seconds(self) -> float:
        return self.size / self.rate_hz


def _smooth_number(at_least: int, multiple: int) -> int:
    """The least multiple of `multiple`, not below `at_least`, whose quotient has no prime factor above 5."""
    quotient = max(1, ceil(at_least / multiple))
    while True:
        rest = quotient
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return quotient * multiple
        quotient += 1


def transform(audio: np.ndarray, rate_hz: int, pad_s: float) -> Spectrum:
    """The spectrum of `audio` [S] float32, followed by at least `pad_s` of silence (windows before 0 reach into it)."""
    multiple = 375 // gcd(375, 2 * rate_hz)               # the hop is 2 * rate / 375 samples: whole after so many
    hops = _smooth_number(ceil((len(audio) / rate_hz + pad_s) * FRAMES_PER_SECOND) + 1, multiple)
    size = hops * 2 * rate_hz // 375
    return Spectrum(scipy.fft.rfft(audio, size) * np.float32(2 / size), rate_hz, hops, size)
