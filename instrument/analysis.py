"""What a sound looks like: short-time spectra on a logarithmic frequency axis, in dB."""
import numpy as np
from scipy.signal import get_window

LOWEST_HZ, HIGHEST_HZ = 30.0, 16_000.0
FFT_SAMPLES = 4096
FLOOR_DB, CEILING_DB = -100.0, 0.0


class LogSpectrum:
    """Levels in dB at `rows` log-spaced frequencies (lowest first), from windows of `FFT_SAMPLES` samples.

    Where rows lie closer than FFT bins their level is interpolated between bins; where they lie wider apart it is the
    loudest bin of the row, so that no partial falls between two rows. A sine of amplitude 1 reads 0 dB.
    """

    def __init__(self, rate_hz: float, rows: int = 256, fft_samples: int = FFT_SAMPLES):
        self.rate_hz, self.rows, self.fft_samples = rate_hz, rows, fft_samples
        self.frequencies_hz = np.geomspace(LOWEST_HZ, HIGHEST_HZ, rows)
        window = get_window("hann", fft_samples)
        self._window = (window * (2 / window.sum())).astype(np.float32)
        outer_hz = np.concatenate([self.frequencies_hz[:1], self.frequencies_hz, self.frequencies_hz[-1:]])
        edges_hz = np.sqrt(outer_hz[:-1] * outer_hz[1:])        # half way between neighbouring rows
        edges = np.clip(edges_hz * fft_samples / rate_hz, 0, fft_samples // 2)
        self._first_bin = np.minimum(np.ceil(edges[:-1]).astype(int), fft_samples // 2)
        self._holds_bins = np.ceil(edges[1:]).astype(int) > self._first_bin
        self._position = np.clip(self.frequencies_hz * fft_samples / rate_hz, 0, fft_samples / 2)

    def levels_db(self, windows: np.ndarray) -> np.ndarray:
        """[N, fft_samples] of sound -> [N, rows] dB, clipped to FLOOR_DB..CEILING_DB."""
        power = np.abs(np.fft.rfft(windows * self._window, axis=1)) ** 2
        bins = np.arange(power.shape[1])
        level_db = 10 * np.log10(power + 1e-12)
        rows = np.stack([np.interp(self._position, bins, line) for line in level_db])
        loudest = np.maximum.reduceat(level_db, self._first_bin, axis=1)
        rows[:, self._holds_bins] = np.maximum(rows, loudest)[:, self._holds_bins]
        rows[:, self.frequencies_hz >= self.rate_hz / 2] = FLOOR_DB
        return np.clip(rows, FLOOR_DB, CEILING_DB)

    def of(self, sound: np.ndarray, columns: int) -> np.ndarray:
        """Mono sound [S] -> [rows, columns] dB, columns evenly over the whole sound."""
        padded = np.pad(sound.astype(np.float32), (self.fft_samples // 2, self.fft_samples // 2 + 1))
        starts = np.linspace(0, len(sound), columns).astype(int)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.fft_samples)
        return np.concatenate([self.levels_db(windows[part]) for part in np.array_split(starts, max(1, columns // 64))]).T


def notes_of_octaves() -> list[tuple[str, float]]:
    """The C of every octave on the axis, `(name, Hz)`, for its labels."""
    notes = [(f"C{octave}", 440.0 * 2 ** ((12 * (octave + 1) - 69) / 12)) for octave in range(-1, 12)]
    return [(name, hz) for name, hz in notes if LOWEST_HZ <= hz <= HIGHEST_HZ]
