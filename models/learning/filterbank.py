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
import torch

from hummingface.models.learning.slots import Slots
from hummingface.models.learning.spectrum import Spectrum

Tensor = torch.Tensor


@dataclass
class Bank:
    """The filters of one window length on one spectrum."""
    spectrum: Spectrum
    slots: Slots
    index: Tensor         # [K, D] bins
    offset: Tensor        # [D] bins from the centre
    weight: Tensor        # [K, D]

    def on_hops(self) -> tuple[Tensor, Tensor]:
        """Complex envelopes and their time derivatives (1/s), both [K, hops], relative to the centres."""
        count = self.spectrum.hops
        bands = self.spectrum.bins[self.index] * self.weight
        both = torch.stack([bands, bands * (self.offset * (2j * np.pi / self.spectrum.seconds))])
        width = both.shape[-1]
        folds = ceil(width / count)
        if folds * count != width:
            both = torch.nn.functional.pad(both, (0, folds * count - width))
        both = both.view(2, -1, folds, count).sum(2) if folds > 1 else both
        # offset 0 is at column -offset[0]: bring it to column 0, modulo the length of the transform
        both = torch.fft.ifft(torch.roll(both, int(self.offset[0]), -1), norm="forward")
        return both[0], both[1]

    def at(self, times_s: np.ndarray) -> tuple[Tensor, Tensor]:
        """The same at any few times, both [K, T]: the sum over bins written out."""
        offset = self.offset.cpu().numpy()
        turn = np.exp(2j * np.pi * ((offset[:, None] * (times_s / self.spectrum.seconds)) % 1))
        slope = turn * (offset[:, None] * (2j * np.pi / self.spectrum.seconds))
        turns = torch.as_tensor(np.concatenate([turn, slope], 1).astype(np.complex64), device=self.weight.device)
        both = (self.spectrum.bins[self.index] * self.weight) @ turns
        return both[:, :len(times_s)], both[:, len(times_s):]

    def taken(self) -> Tensor:
        """The share of each bin that the slots take together [N // 2 + 1], 0..1."""
        taken = torch.zeros(len(self.spectrum.bins), device=self.weight.device)
        taken.index_add_(0, self.index.reshape(-1), self.weight.reshape(-1))
        return taken

    def noise_bandwidth_hz(self) -> Tensor:
        """Equivalent noise bandwidth of each slot [K]."""
        return (self.weight ** 2).sum(1) / self.spectrum.seconds


def hann_response(offset: Tensor, seconds: float, window_s: float) -> Tensor:
    """Main lobe of the transform of a Hann window, 1 at the centre, over offsets in bins of 1/seconds."""
    x = offset / seconds * window_s
    near = (x.abs() - 1).abs() < 1e-4
    safe = torch.where(near, torch.zeros_like(x), x)
    lobe = torch.where(near, torch.full_like(x, 0.5), torch.sinc(safe) / (1 - safe ** 2))
    return torch.where(x.abs() < 2, lobe, torch.zeros_like(x)).clamp(min=0)


def make_bank(spectrum: Spectrum, slots: Slots, window_s: float) -> Bank:
    """Filters as selective as a Hann window of `window_s`, cut at the edges of their slots."""
    device = spectrum.bins.device
    reach = ceil(2 / window_s * spectrum.seconds)
    reach = max(1, min(reach, int(max((slots.high - slots.centre).max(), (slots.centre - slots.low).max())) + slots.fade))
    offset = torch.arange(-reach, reach + 1, device=device)
    centre = torch.as_tensor(slots.centre, device=device)
    index = centre[:, None] + offset
    low, high = (torch.as_tensor(edge, device=device)[:, None] for edge in (slots.low, slots.high))
    fade = lambda bins: torch.sin(((bins + slots.fade) / (2 * slots.fade)).clamp(0, 1) * (np.pi / 2)) ** 2       # noqa: E731
    inside = fade(index - low) * fade(high - index) * ((index > 0) & (index < len(spectrum.bins)))
    weight = hann_response(offset.float(), spectrum.seconds, window_s) * inside
    return Bank(spectrum, slots, index.clamp(0, len(spectrum.bins) - 1), offset, weight)
