"""Fundamental and stretch of a note whose key is known."""
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hummingface.models.analysis.filterbank import make_bank
from hummingface.models.analysis.slots import plain_slots
from hummingface.models.analysis.spectrum import Spectrum
from hummingface.models.playing.frame import FRAMES_PER_SECOND

SEARCHED = 16                          # lowest harmonics, from which the pitch is measured
CENTS = 1200 / np.log(2)


@dataclass
class Tuning:
    f0_hz: float          # frequency of partial 1
    stretch: float        # B of a stiff string: partial k lies at k * f0 * sqrt((1 + B k^2) / (1 + B))
    harmonic: bool        # False where the partials follow no such law (bells)

    def ratio(self, slot_ratio: np.ndarray) -> np.ndarray:
        k = np.asarray(slot_ratio, np.float64)
        return k * np.sqrt((1 + self.stretch * k * k) / (1 + self.stretch))


def find_tuning(spectra: Sequence[Spectrum], nominal_hz: float, hold_s: float) -> Tuning:
    """The fundamental by a robust fit of k * f0 * sqrt(1 + B k^2) to the mean frequencies of the lowest harmonics, of all channels.

    The mean is that of the instantaneous frequency, weighted by power: the centre of a vibrato and of a beating pair.
    """
    f0_hz, spectrum = nominal_hz, spectra[0]
    for count, half_width in ((SEARCHED // 2, 0.33), (SEARCHED, 0.2), (SEARCHED, 0.15)):
        slots = plain_slots(spectrum, f0_hz, count, half_width)
        if not len(slots.slot):
            return Tuning(nominal_hz, 0.0, False)
        bank = make_bank(spectrum, slots, 2 / (half_width * f0_hz))
        start = int(min(0.1, hold_s / 3) * FRAMES_PER_SECOND)
        stop = max(start + 2, int(hold_s * FRAMES_PER_SECOND))
        power, moved = np.zeros((2, len(slots.slot)))
        for channel in spectra:
            value, slope = (x[:, start:stop] for x in replace(bank, spectrum=channel).on_hops())
            power += (np.abs(value) ** 2).sum(1)
            moved += (slope * value.conj()).imag.sum(1)
        if not power.max() > 1e-12:
            return Tuning(nominal_hz, 0.0, False)
        k = slots.slot + 1.0
        hz = slots.centre / spectrum.seconds + moved / np.maximum(power, 1e-30) / (2 * np.pi)
        tuning = _fit(k, hz, power, nominal_hz)
        f0_hz = tuning.f0_hz
    return tuning


def _fit(k: np.ndarray, hz: np.ndarray, power: np.ndarray, nominal_hz: float) -> Tuning:
    cents = CENTS * np.log(np.maximum(hz, 1e-3) / (k * nominal_hz))
    base = power / (power + 1e-4 * power.max()) * np.sqrt(power / power.max()) * k
    if power[0] > 1e-2 * power.max():
        base[0] *= 10                                       # a clear first partial determines which partial is the first
    square = k * k - 1
    robust = np.ones(len(k))
    for _ in range(8):
        weight = base * robust
        weight /= weight.sum()
        mean_x, mean_y = weight @ square, weight @ cents
        spread = weight @ (square - mean_x) ** 2
        bend = max(0.0, float(weight @ ((square - mean_x) * (cents - mean_y))) / spread) if spread > 0.5 else 0.0
        offset = mean_y - bend * mean_x
        error = cents - offset - bend * square
        scale = max(1.0, 1.5 * float(np.sqrt(base @ np.minimum(error ** 2, 900) / base.sum())))
        robust = 1 / (1 + (error / scale) ** 2)
    misfit = np.sqrt(power @ np.minimum(error ** 2, 1e4) / power.sum())
    if misfit > 15 or abs(offset) > 70:
        clear = power[0] > 1e-4 * power.max() and abs(cents[0]) < 50
        return Tuning(nominal_hz * 2 ** (cents[0] / 1200) if clear else nominal_hz, 0.0, False)
    return Tuning(nominal_hz * 2 ** (offset / 1200), 2 * bend / CENTS, True)
