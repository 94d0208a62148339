"""A bank of band-pass filters, one on each partial slot of a note, evaluated directly at the frame rate.

Complex demodulation in the frequency domain: the note is transformed once; the bins around each partial are weighted by
the transform of a window, shifted to zero, folded to the wanted frame rate and transformed back. That is exact, costs one
pass over the bins plus `SLOTS` short transforms, and gives the complex envelope of every partial for the whole note.
The weights of all slots add up to at most one, so what they leave (`Bank.residual`) is a linear filter too, and its
response to white noise is known.
"""
from dataclasses import dataclass
from math import ceil

import numpy as np
import scipy.fft

from hummingface.models.analysis.slots import Slots
from hummingface.models.analysis.spectrum import Spectrum


@dataclass
class Bank:
    """The filters of one window length on one spectrum."""
    spectrum: Spectrum
    slots: Slots
    index: np.ndarray     # [K, D] bins
    offset: np.ndarray    # [D] bins from the centre
    weight: np.ndarray    # [K, D] float32

    def on_hops(self) -> tuple[np.ndarray, np.ndarray]:
        """Complex envelopes and their time derivatives (1/s), both [K, hops], relative to the centres."""
        count = self.spectrum.hops
        bands = self.spectrum.bins[self.index] * self.weight
        both = np.stack([bands, bands * self._speed()])
        width = both.shape[-1]
        folds = ceil(width / count)
        if folds * count != width:
            both = np.pad(both, ((0, 0), (0, 0), (0, folds * count - width)))
        both = both.reshape(2, -1, folds, count).sum(2) if folds > 1 else both
        # offset 0 is at column -offset[0]: bring it to column 0, modulo the length of the transform
        both = scipy.fft.ifft(np.roll(both, int(self.offset[0]), -1), norm="forward", overwrite_x=True)
        return both[0], both[1]

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same at any few times, both [K, T]: the sum over bins written out."""
        angle = (2 * np.pi * ((self.offset[:, None] * (times_s / self.spectrum.seconds)) % 1)).astype(np.float32)
        turn = np.empty(angle.shape, np.complex64)
        turn.real, turn.imag = np.cos(angle), np.sin(angle)
        both = (self.spectrum.bins[self.index] * self.weight) @ np.concatenate([turn, turn * self._speed()[:, None]], 1)
        return both[:, :len(times_s)], both[:, len(times_s):]

    def _speed(self) -> np.ndarray:
        """What differentiates the lines at each offset [D]."""
        return (self.offset * (2j * np.pi / self.spectrum.seconds)).astype(np.complex64)

    def taken(self) -> np.ndarray:
        """The share of each bin that the slots take together [N // 2 + 1], 0..1."""
        return np.bincount(self.index.ravel(), self.weight.ravel(), len(self.spectrum.bins)).astype(np.float32)

    def noise_bandwidth_hz(self) -> np.ndarray:
        """Equivalent noise bandwidth of each slot [K]."""
        return np.square(self.weight).sum(1) / self.spectrum.seconds


def hann_response(offset: np.ndarray, seconds: float, window_s: float) -> np.ndarray:
    """Main lobe of the transform of a Hann window, 1 at the centre, over offsets in bins of 1/seconds. float32"""
    x = offset / seconds * window_s
    near = np.abs(np.abs(x) - 1) < 1e-4
    safe = np.where(near, 0, x)
    lobe = np.where(near, 0.5, np.sinc(safe) / (1 - safe ** 2))
    return np.where(np.abs(x) < 2, lobe, 0).clip(0).astype(np.float32)


def make_bank(spectrum: Spectrum, slots: Slots, window_s: float) -> Bank:
    """Filters as selective as a Hann window of `window_s`, cut at the edges of their slots."""
    reach = ceil(2 / window_s * spectrum.seconds)
    reach = max(1, min(reach, int(max((slots.high - slots.centre).max(), (slots.centre - slots.low).max())) + slots.fade))
    offset = np.arange(-reach, reach + 1)
    index = slots.centre[:, None] + offset
    # as a table: all edges fade alike
    edge = np.sin(np.linspace(0, np.pi / 2, 2 * slots.fade + 1)).astype(np.float32) ** 2
    fade = lambda bins: edge[np.clip(bins + slots.fade, 0, 2 * slots.fade)]                                      # noqa: E731
    inside = fade(index - slots.low[:, None]) * fade(slots.high[:, None] - index) * ((index > 0) & (index < len(spectrum.bins)))
    weight = hann_response(offset, spectrum.seconds, window_s) * inside
    return Bank(spectrum, slots, index.clip(0, len(spectrum.bins) - 1), offset, weight)
