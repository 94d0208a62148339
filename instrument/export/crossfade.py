"""Cross-fade between two similar stretches of a sound, with no dip, swell or jump in any partial.

Both are split into bands around the harmonics. In each band the two differ by a mean phase and have a
correlation r. During the fade each is rotated by its share of that phase, so that they meet in phase; the rest
is random, and the gains follow r: equal gain for identical signals (r = 1), equal power for independent ones (r = 0). The
bands add up to the sound itself, so the fade begins as exactly the one and ends as exactly the other.

Gains for a given correlation: Fink, Holters & Zölzer (2016), "Signal-matched power-complementary cross-fading and dry-wet mixing".
"""
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from scipy import fft

SINGLE_BANDS = 40                   # around a harmonic each; above, bands grow by this factor
GROWTH = 1.09
NARROWEST_HZ = 40.0                 # a band, however low the key: narrower ones smear over longer than the fade


def band_edges(f0_hz: float, rate_hz: int) -> np.ndarray:
    """Frequencies between neighbouring bands, from between the first two up to Nyquist's: Hz [bands - 1]."""
    width = f0_hz * max(1, round(NARROWEST_HZ / f0_hz))
    edges = [1.5 * f0_hz if width == f0_hz else width]
    while edges[-1] < 0.5 * rate_hz:
        edges.append(edges[-1] + width if len(edges) < SINGLE_BANDS else edges[-1] * max(GROWTH, 1 + width / edges[-1]))
    return np.array(edges[:-1])


@lru_cache(maxsize=4)
def _weights(size: int, f0_hz: float, rate_hz: int) -> list[tuple[slice, np.ndarray]]:
    """Of each band its bins in the spectrum of `size` samples, and their weights, float32: of all bands they add up to 2, and to 1 at 0 Hz
    and Nyquist's frequency."""
    hz, edges_hz = np.fft.rfftfreq(size, 1 / rate_hz), band_edges(f0_hz, rate_hz)
    middles = np.concatenate([[0], (edges_hz[1:] + edges_hz[:-1]) / 2, [np.inf]]) if len(edges_hz) > 1 else np.array([0, np.inf])
    shares = []                                             # weight above each edge: a half cosine between the band centres
    for i, edge in enumerate(edges_hz):
        reach = min(edge - middles[i], (middles[i + 1] if np.isfinite(middles[i + 1]) else 2 * edge) - edge)
        shares.append(np.clip(0.5 + (hz - edge) / (2 * max(reach, 1e-9)), 0, 1))
    above = np.sin(0.5 * np.pi * np.stack([np.ones_like(hz), *shares, np.zeros_like(hz)])) ** 2
    twice = np.full(len(hz), 2.0)
    twice[0] = 1
    if size % 2 == 0:
        twice[-1] = 1
    found = []
    for weights in ((above[:-1] - above[1:]) * twice).astype(np.float32):
        heard = np.flatnonzero(weights)
        where = slice(int(heard[0]), int(heard[-1]) + 1) if len(heard) else slice(0, 0)
        found.append((where, weights[where]))
    return found


def bands(sound: np.ndarray, f0_hz: float, rate_hz: int) -> Iterator[np.ndarray]:
    """The analytic signal of each band in turn: complex64 [channels, S]. The real parts add up to `sound` [S, channels]."""
    size = fft.next_fast_len(len(sound))
    spectrum = fft.rfft(np.ascontiguousarray(sound.T, np.float32), size)
    for where, weights in _weights(size, f0_hz, rate_hz):
        band = np.zeros((len(spectrum), size), np.complex64)
        band[:, where] = weights * spectrum[:, where]
        yield fft.ifft(band, overwrite_x=True)[:, :len(sound)]


def crossfade(old: np.ndarray, new: np.ndarray, margin: int, f0_hz: float, rate_hz: int) -> np.ndarray:
    """`old` becoming `new`, both [margin + S + margin, channels] and the margins only for the bands to settle: [S, channels]."""
    ramp = np.sin(0.5 * np.pi * np.clip((np.arange(len(old)) + 0.5) / max(margin // 2, 1), 0, 1)) ** 2
    taper = (ramp * ramp[::-1])[:, None]
    samples = len(old) - 2 * margin
    share = (0.5 - 0.5 * np.cos(np.pi * (np.arange(samples) + 0.5) / samples)).astype(np.float32)
    mixed = np.zeros((old.shape[1], samples))
    for pair in zip(*(bands(sound * taper, f0_hz, rate_hz) for sound in (old, new)), strict=True):
        was, comes = (band[:, margin:margin + samples] for band in pair)
        cross = np.vdot(was, comes)
        power = np.sqrt(np.vdot(was, was).real * np.vdot(comes, comes).real)
        alike, phase = np.float32(min(abs(cross) / max(power, 1e-20), 1)), np.float32(np.angle(cross))
        gain = 1 / np.sqrt(share ** 2 + (1 - share) ** 2 + 2 * alike * share * (1 - share))
        meeting, turned = was + share * (np.exp(-1j * phase) * comes - was), phase * share
        mixed += gain * (meeting.real * np.cos(turned) - meeting.imag * np.sin(turned))         # the real part, turned back
    return mixed.T
