"""The partial slots of a note: which ones it uses, their centre frequencies, and the edges between them."""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hummingface.models.analysis.spectrum import Spectrum
from hummingface.models.playing.frame import HALF_HARMONICS, HARMONICS, PARTIALS, SLOT_RATIO

CLEAR_OF_TOP_DB, CLEAR_OF_SIDES_DB, CLEAR_OF_SKIRT_DB = -40, 15, 10     # what makes a partial between harmonics a clear one


@dataclass
class Slots:
    """Where each slot lies, in bins of a spectrum: the centre of its filter and the edges it must not pass."""
    slot: np.ndarray      # [K] index into the frame's PARTIALS
    centre: np.ndarray    # [K] int
    low: np.ndarray       # [K] int, the edge to the slot below
    high: np.ndarray      # [K] int, the edge to the slot above
    fade: int             # bins either side of an edge over which one slot fades into the next: hard edges would ring


def plain_slots(spectrum: Spectrum, f0_hz: float, count: int, half_width: float = 0.5) -> Slots:
    """The first `count` harmonics of f0, each with its whole slot, as far as they lie under Nyquist."""
    k = np.arange(1, count + 1)
    k = k[k * f0_hz < spectrum.rate_hz / 2 * 0.98]
    edge = lambda ratio: np.round(ratio * f0_hz * spectrum.seconds).astype(np.int64)      # noqa: E731
    return Slots(k - 1, edge(k), edge(k - half_width), edge(k + half_width), max(1, int(edge(0.05))))


def place_slots(spectra: Sequence[Spectrum], f0_hz: float) -> Slots:
    """Which slots the note uses in any channel, the bin in each where its partial is strongest, and the edges half-way between those."""
    nominal = SLOT_RATIO.astype(np.float64)
    spectrum = spectra[0]
    per = f0_hz * spectrum.seconds                     # bins per unit of ratio
    power = np.sum([np.abs(channel.bins).astype(np.float64) ** 2 for channel in spectra], 0)
    half = has_half_harmonics(power, per)
    use = (np.arange(PARTIALS) < HARMONICS) | half
    use &= nominal * f0_hz < spectrum.rate_hz / 2 * 0.98
    slot = np.flatnonzero(use)
    slot = slot[np.argsort(nominal[slot], kind="stable")]
    ratio = nominal[slot]
    crowded = ratio < HALF_HARMONICS if half else np.zeros(len(slot), bool)
    # where half-harmonics are in use they take whatever is not close to a harmonic: 0.75 f0 belongs to the slot of 0.5
    reach = np.where(crowded, np.where(slot < HARMONICS, 0.12, 0.36), 0.48)
    width = max(1, int(per * (0.06 if half else 0.1)))
    total = np.concatenate([[0.0], np.cumsum(power)])
    at = np.arange(len(power))
    smooth = total[np.minimum(at + width // 2 + 1, len(power))] - total[np.maximum(at - width // 2, 0)]
    centre = np.clip(np.round(ratio * per), 1, len(power) - 1).astype(np.int64)
    if len(slot):
        span = int(0.48 * per) + 1
        offset = np.arange(-span, span + 1)
        away = offset / per / reach[:, None]
        taper = np.where(np.abs(away) < 1, np.cos(np.clip(away, -1, 1) * np.pi / 2.2) ** 2, 0)
        taper[:, 0] = taper[:, -1] = 0
        best = np.argmax(smooth[np.clip(centre[:, None] + offset, 0, len(smooth) - 1)] * taper, 1)
        inner = np.abs(np.take_along_axis(away, best[:, None], 1)[:, 0]) < 0.98          # at the rim it is a neighbour's skirt
        centre = np.where(inner, np.clip(centre + offset[best], 1, len(power) - 1), centre)
    between = (centre[1:] + centre[:-1]) // 2
    room = per // 2
    low = np.concatenate([centre[:1] - room, between]).astype(np.int64) if len(slot) else centre
    high = np.concatenate([between, centre[-1:] + room]).astype(np.int64) if len(slot) else centre
    return Slots(slot, centre, np.maximum(low, 1), high, max(1, int(per * 0.06)))


def has_half_harmonics(power: np.ndarray, per: float) -> bool:
    """True where clear partials stand between the lowest harmonics (organ stops, fifths). `per` is f0 in bins."""
    if per < 64 or 3 * per >= len(power):
        return False
    narrow = max(1, int(per * 0.04))
    blocks = power[: int(3 * per) // narrow * narrow].reshape(-1, narrow).sum(1)
    position = (np.arange(len(blocks)) + 0.5) * narrow / per
    away = np.abs(position - np.round(position))
    between = (away > 0.15) & (position > 0.3)
    top = max(blocks[~between & (position > 0.5)].max(initial=0.0), 1e-30)
    best = int(np.argmax(np.where(between, blocks, 0)))
    beside = np.median(blocks[max(0, best - 5):best + 6])
    skirt = max(blocks[max(0, best - 2)], blocks[min(best + 2, len(blocks) - 1)])              # a skirt slopes, a partial is a peak
    times = lambda db: 10 ** (db / 10)                                       # noqa: E731
    needed = max(times(CLEAR_OF_TOP_DB) * top, times(CLEAR_OF_SIDES_DB) * beside, times(CLEAR_OF_SKIRT_DB) * skirt)
    return bool(blocks[best] > needed)
