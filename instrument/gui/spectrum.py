"""From samples to columns of the spectrogram: short-time spectra on a logarithmic frequency axis. No Qt.

Three window lengths, long for low frequencies and short for high ones, so that low partials stand apart and onsets stay sharp;
neighbouring lengths are blended over half an octave, and no seam shows.
"""
import numpy as np

LOWEST_HZ, HIGHEST_HZ = 30.0, 16_000.0
FLOOR_DB, CEILING_DB = -96.0, -22.0
WINDOWS_S = (0.171, 0.085, 0.0427)      # 8192, 4096, 2048 samples at 48 kHz
HANDOVER_HZ = (350.0, 1500.0)           # from each length to the next
BLEND_OCTAVES = 0.5


def frequency_of_row(row, rows: int):
    """Frequency in Hz at a height: row 0 is the top. Fractions allowed."""
    return HIGHEST_HZ * (LOWEST_HZ / HIGHEST_HZ) ** (np.asarray(row, np.float64) / max(rows - 1, 1))


def row_of_frequency(hz, rows: int):
    """Height of a frequency in rows, as a fraction; row 0 is the top."""
    return np.log(np.asarray(hz, np.float64) / HIGHEST_HZ) / np.log(LOWEST_HZ / HIGHEST_HZ) * (rows - 1)


class LogSpectrum:
    """Columns of `rows` values 0..255 (FLOOR_DB..CEILING_DB; a sine of amplitude 1 is 0 dB) from the samples around a moment."""

    def __init__(self, rows: int, rate_hz: float):
        self.rows, self.rate_hz = rows, rate_hz
        edges = frequency_of_row(np.arange(rows + 1) - 0.5, rows)[::-1]         # rising
        centres = frequency_of_row(np.arange(rows), rows)[::-1]
        self._lengths = [1 << round(np.log2(s * rate_hz)) for s in WINDOWS_S]
        self.span = self._lengths[0]                                            # samples that a column needs
        self._windows, self._pick, self._blend = [], [], []
        for index, length in enumerate(self._lengths):
            window = np.hanning(length + 1)[:-1].astype(np.float32)
            self._windows.append(window * (2 / window.sum()))
            bins = length // 2 + 1
            step = rate_hz / length
            place = np.minimum(centres / step, bins - 1.001)
            low = np.floor(place).astype(np.int64)
            first = np.minimum(np.ceil(edges[:-1] / step).astype(np.int64), bins - 1)
            last = np.minimum(np.ceil(edges[1:] / step).astype(np.int64), bins - 1)
            wide = last > first + 1                                             # rows of more than one bin take the loudest
            self._pick.append((low, (place - low).astype(np.float32), np.flatnonzero(wide), first[wide], last[wide]))
            share = np.ones(rows, np.float32)
            octaves = np.log2(centres)
            if index > 0:
                share *= np.clip((octaves - np.log2(HANDOVER_HZ[index - 1])) / BLEND_OCTAVES + 0.5, 0, 1)
            if index < len(HANDOVER_HZ):
                share *= np.clip((np.log2(HANDOVER_HZ[index]) - octaves) / BLEND_OCTAVES + 0.5, 0, 1)
            used = np.flatnonzero(share)
            self._blend.append((int(used[0]) if used.size else 0, int(used[-1]) + 1 if used.size else 0, share))

    def column(self, mono: np.ndarray) -> np.ndarray:
        """uint8 [rows], top row first, from `span` samples float32; short windows look at the newest of them, centred alike."""
        total = np.zeros(self.rows, np.float32)
        middle = self.span // 2
        for length, window, pick, (begin, end, share) in zip(self._lengths, self._windows, self._pick, self._blend, strict=True):
            if end <= begin:
                continue
            part = mono[middle - length // 2: middle - length // 2 + length]
            spectrum = np.fft.rfft(part * window)
            level = 10 * np.log10(spectrum.real ** 2 + spectrum.imag ** 2 + 1e-12)
            low, fraction, wide, first, last = pick
            rows = level[low[begin:end]] * (1 - fraction[begin:end]) + level[low[begin:end] + 1] * fraction[begin:end]
            if wide.size:
                inside = (wide >= begin) & (wide < end)
                if inside.any():
                    spans = np.stack([first[inside], last[inside]], axis=1).ravel()
                    rows[wide[inside] - begin] = np.maximum.reduceat(level, spans)[::2]
            total[begin:end] += rows * share[begin:end]
        scaled = (total - FLOOR_DB) * (255 / (CEILING_DB - FLOOR_DB))
        return np.clip(scaled, 0, 255).astype(np.uint8)[::-1]
