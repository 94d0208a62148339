"""Spectra for display: short-time spectra on a logarithmic frequency axis, and the colours of their levels.

Three window lengths, long for low frequencies and short for high ones, so that low partials are resolved and onsets stay sharp;
neighbouring lengths are blended over half an octave, so no seam shows.
"""
import numpy as np
from numpy.typing import ArrayLike

LOWEST_HZ, HIGHEST_HZ = 30.0, 16_000.0
FLOOR_DB, CEILING_DB = -96.0, -22.0
WINDOWS_S = (0.171, 0.085, 0.0427)      # 8192, 4096, 2048 samples at 48 kHz
HANDOVER_HZ = (350.0, 1500.0)           # from each length to the next
BLEND_OCTAVES = 0.5
# From the dark ground over teal to white: lightness rises evenly, so that it reads without colour too. (level 0..1, colour)
PALETTE = ((0.00, "#0c0e12"), (0.22, "#0f222c"), (0.45, "#16495a"), (0.68, "#2b93a8"), (0.86, "#7fe0ea"), (1.0, "#f4fdff"))
# Steps of two scales that were made for colour-blind eyes, above the same ground. Viridis: S. van der Walt and N. Smith 2015
# (https://bids.github.io/colormap, CC0). Cividis: J. Nunez, C. Anderton, R. Renslow 2018, "Optimizing colormaps with consideration for
# color vision deficiency", PLOS ONE 13(7).
_VIRIDIS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
_CIVIDIS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
_BEGIN = 0.12               # of those scales: the level of their darkest colour


def _above_ground(colours: tuple[str, ...]) -> tuple[tuple[float, str], ...]:
    return (PALETTE[0], *((float(level), colour) for level, colour in zip(np.linspace(_BEGIN, 1, len(colours)), colours, strict=True)))


PALETTES = {"Teal": PALETTE, "Viridis": _above_ground(_VIRIDIS), "Cividis": _above_ground(_CIVIDIS)}


def palette(name: str = "Teal") -> np.ndarray:
    """The colours of 256 levels, from silent to loud: [256, 3] uint8."""
    levels, colours = zip(*PALETTES[name], strict=True)
    rgb = np.array([[int(colour[at:at + 2], 16) for at in (1, 3, 5)] for colour in colours], float)
    return np.stack([np.interp(np.linspace(0, 1, 256), levels, rgb[:, i]) for i in range(3)], 1).round().astype(np.uint8)


def frequency_of_row(row: ArrayLike, rows: int, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ) -> np.ndarray:
    """Frequency in Hz at a height: row 0 is the top. Fractions allowed."""
    return highest_hz * (lowest_hz / highest_hz) ** (np.asarray(row, np.float64) / max(rows - 1, 1))


def row_of_frequency(hz: ArrayLike, rows: int, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ) -> np.ndarray:
    """Height of a frequency in rows, as a fraction; row 0 is the top."""
    return np.log(np.asarray(hz, np.float64) / highest_hz) / np.log(lowest_hz / highest_hz) * (rows - 1)


def level_db(level: float) -> float:
    """The dB of one of `LogSpectrum`'s levels 0..255."""
    return FLOOR_DB + level * (CEILING_DB - FLOOR_DB) / 255


class LogSpectrum:
    """Spectra as columns of `rows` values 0..255 (FLOOR_DB..CEILING_DB; a sine of amplitude 1 is 0 dB) around a sample."""

    def __init__(self, rows: int, rate_hz: float, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ):
        self.rows, self.rate_hz = rows, rate_hz
        edges = frequency_of_row(np.arange(rows + 1) - 0.5, rows, lowest_hz, highest_hz)[::-1]          # rising
        centres = frequency_of_row(np.arange(rows), rows, lowest_hz, highest_hz)[::-1]
        self._lengths = [1 << round(np.log2(s * rate_hz)) for s in WINDOWS_S]
        self.span = self._lengths[0]                                            # samples that a column needs
        self._windows, self._scales = [], []
        for index, length in enumerate(self._lengths):
            window = np.hanning(length + 1)[:-1].astype(np.float32)
            self._windows.append(window * (2 / window.sum()))
            bins = length // 2 + 1
            step = rate_hz / length
            place = np.minimum(centres / step, bins - 1.001)
            low = np.floor(place).astype(np.int64)
            first = np.minimum(np.ceil(edges[:-1] / step).astype(np.int64), bins - 1)
            last = np.minimum(np.ceil(edges[1:] / step).astype(np.int64), bins - 1)
            share = np.ones(rows, np.float32)
            octaves = np.log2(centres)
            if index > 0:
                share *= np.clip((octaves - np.log2(HANDOVER_HZ[index - 1])) / BLEND_OCTAVES + 0.5, 0, 1)
            if index < len(HANDOVER_HZ):
                share *= np.clip((np.log2(HANDOVER_HZ[index]) - octaves) / BLEND_OCTAVES + 0.5, 0, 1)
            used = np.flatnonzero(share)
            begin, end = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 0)
            self._scales.append(self._scale(begin, end, share, low, place - low, first, last))

    @staticmethod
    def _scale(begin: int, end: int, share: np.ndarray, low: np.ndarray, fraction: np.ndarray, first: np.ndarray,
               last: np.ndarray) -> dict:
        """How rows begin..end follow from bins: interpolated between two bins, or, where a row spans several, the loudest."""
        if end <= begin:
            return {"rows": slice(0, 0)}
        rows = slice(begin, end)
        base = int(min(low[rows].min(), first[rows].min()))
        stop = int(max(low[rows].max() + 2, last[rows].max() + 1))
        wide = np.flatnonzero(last[rows] > first[rows] + 1)
        spans = np.stack([first[rows][wide], last[rows][wide]], axis=1).ravel() - base
        return {"rows": rows, "bins": slice(base, stop), "low": low[rows] - base, "fraction": fraction[rows].astype(np.float32),
                "share": share[rows], "wide": wide, "spans": spans}

    def column(self, samples: np.ndarray) -> np.ndarray:
        """uint8 [rows], top row first, from `span` samples, float32 [S] or [S, channels]; all windows are centred at the same sample.
        Channels are averaged in power, so a sound that is in all of them is shown at its level in each.
        """
        channels = np.ascontiguousarray(samples.T).reshape(-1, len(samples))
        total = np.zeros(self.rows, np.float32)
        middle = self.span // 2
        for length, window, scale in zip(self._lengths, self._windows, self._scales, strict=True):
            if not (scale["rows"].stop - scale["rows"].start):
                continue
            begin = middle - length // 2
            power = np.zeros(scale["bins"].stop - scale["bins"].start, np.float32)
            for channel in channels:                        # one by one: numpy takes twice as long for two at once
                spectrum = np.fft.rfft(channel[begin: begin + length] * window)[scale["bins"]]
                power += spectrum.real ** 2 + spectrum.imag ** 2
            level = 10 * np.log10(power / len(channels) + np.float32(1e-12))
            low, fraction = scale["low"], scale["fraction"]
            rows = level[low] * (1 - fraction) + level[low + 1] * fraction
            if scale["wide"].size:
                rows[scale["wide"]] = np.maximum.reduceat(level, scale["spans"])[::2]
            total[scale["rows"]] += rows * scale["share"]
        scaled = (total - FLOOR_DB) * (255 / (CEILING_DB - FLOOR_DB))
        return np.clip(scaled, 0, 255).astype(np.uint8)[::-1]
