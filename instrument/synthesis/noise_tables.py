"""Looped tables of noise, one for each band: flat within the band, nothing outside, RMS 1.

A table is the inverse Fourier transform of a spectrum with equal magnitudes and random phases in the band's bins, so
its level is exact and its loop is seamless. Bands are ERB-spaced as in the frame (Glasberg & Moore 1990): ERB-rate(f) =
21.4 log10(1 + 0.00437 f), 64 equal steps from 20 Hz to 20 kHz. Each band has a loop of another length (1.4 to 2.7 s,
the longest for the lowest bands, which move slowest), so the whole does not repeat for years.
"""
from functools import lru_cache

import numpy as np

BANDS = 64
LOW_HZ, HIGH_HZ = 20.0, 20_000.0
SHORTEST_S, LONGEST_S = 1.4, 2.7
PADDING = 512           # samples of the loop's beginning repeated behind its end, so that a piece can be read without wrapping
_SEED = 1729            # of the tables; a player's seed only moves the place where reading begins


def band_edges_hz() -> np.ndarray:
    """Edges of the noise bands in Hz, [BANDS + 1]: equal steps of ERB-rate. The same as
    `hummingface.models.playing.frame.BAND_EDGES_HZ`."""
    low, high = 21.4 * np.log10(1 + 0.00437 * np.array([LOW_HZ, HIGH_HZ]))
    cams = np.linspace(low, high, BANDS + 1)
    return (10 ** (cams / 21.4) - 1) / 0.00437


def _smooth_numbers(lowest: int, highest: int) -> np.ndarray:
    """Even numbers with no prime factor above 7, ascending: lengths whose Fourier transforms are fast."""
    numbers = [n for a in range(1, 20) for b in range(13) for c in range(9) for d in range(7)
               if lowest <= (n := 2 ** a * 3 ** b * 5 ** c * 7 ** d) <= highest]
    return np.array(sorted(numbers))


def loop_lengths(rate_hz: int) -> np.ndarray:
    """Samples in each band's loop, [BANDS], descending."""
    numbers = _smooth_numbers(int(SHORTEST_S * rate_hz), int(LONGEST_S * rate_hz))
    picks = np.linspace(len(numbers) - 1, 0, BANDS).round().astype(int)
    return numbers[picks]


@lru_cache(maxsize=4)
def noise_tables(rate_hz: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All tables in one read-only float32 array, and where each band's begins, and the length of its loop, [BANDS] int64 each.

    Whoever knows them by address keeps them. What a band has above half of the sample rate is left out.
    """
    lengths, edges = loop_lengths(rate_hz), band_edges_hz()
    begins = np.concatenate([[0], np.cumsum(lengths + PADDING)[:-1]]).astype(np.int64)
    tables = np.empty(int(np.sum(lengths + PADDING)), np.float32)
    random = np.random.default_rng(_SEED)
    for begin, length, low, high in zip(begins, lengths, edges[:-1], edges[1:], strict=True):
        first, last = np.ceil(np.array([low, high]) * length / rate_hz).astype(int)
        kept = min(last, length // 2) - first
        table = tables[begin:begin + length]
        table[:] = 0
        if kept > 0:
            spectrum = np.zeros(length // 2 + 1, np.complex64)
            spectrum[first:first + kept] = np.exp(2j * np.pi * random.random(kept))
            table[:] = np.fft.irfft(spectrum, length) * (length / np.sqrt(2 * (last - first)))
        tables[begin + length:begin + length + PADDING] = table[:PADDING]
    tables.flags.writeable = False
    return tables, begins, lengths.astype(np.int64)
