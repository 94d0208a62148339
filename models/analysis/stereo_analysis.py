"""A recording's balance and coherence in each frequency group, and its channels as the analysis takes them."""
import numpy as np
import scipy.fft

from hummingface.models.playing.frame import GROUPS, group_of_hz
from hummingface.models.playing.stereo import BALANCE, BALANCE_LIMIT_DB, COHERENCE, STEREO_SIZE

MEMORY_S = 0.5                          # time constant of the weight of a moment: what is heard of a note is mostly its beginning
LONGEST_S = 6 * MEMORY_S
FADE_S = 0.1                            # at the end of what is measured
SPREAD = 1e-6                           # of the whole note's power that counts in every group: silent ones are as the note is
EQUAL = 1e-5                            # of the power may lie in what differs: some fonts' mono notes differ in their first samples
ONE_SIDED = 1e-4                        # of the other channel's power: less has no coherence that could be heard


def channels_of(audio: np.ndarray) -> np.ndarray:
    """A sound [S] or [S, channels] as the channels that tell it: [1, S] where they are as good as equal, else the first two, [2, S]."""
    audio = np.asarray(audio)
    if audio.ndim == 1:
        return audio[None]
    first_two = audio.T[:2]
    if len(first_two) == 1:
        return first_two
    differs = np.square(first_two[0] - first_two[1], dtype=np.float64).sum()
    return first_two[:1] if differs <= EQUAL * np.square(first_two, dtype=np.float64).sum() else first_two


def _spectra(channels: np.ndarray, rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """(spectra of channels [C, S], weighted as their stereo is heard: [C, bins], the group of each bin [bins])."""
    size = min(channels.shape[1], round(LONGEST_S * rate_hz))
    fade = min(size, round(FADE_S * rate_hz))
    weight = np.exp(-0.5 * np.arange(size) / (MEMORY_S * rate_hz))                  # of amplitude
    weight[size - fade:] *= np.cos(np.linspace(0, np.pi / 2, fade))
    bins = scipy.fft.rfft((channels[:, :size] * weight).astype(np.float32), 1 << (size - 1).bit_length())
    return bins, group_of_hz(np.fft.rfftfreq(1 << (size - 1).bit_length(), 1 / rate_hz))


def group_levels_db(channels: np.ndarray, rate_hz: int) -> np.ndarray:
    """Levels of a note's groups, of all channels [C, S] together: dB [GROUPS]; only their differences mean anything."""
    bins, group = _spectra(channels, rate_hz)
    return 10 * np.log10(np.bincount(group, np.square(np.abs(bins)).sum(0), GROUPS) + 1e-30)


def measure_stereo(channels: np.ndarray, rate_hz: int) -> np.ndarray:
    """Balances in dB and coherences of two channels [2, S]: [STEREO_SIZE] float32, as models/playing/stereo.py has them."""
    bins, group = _spectra(channels, rate_hz)

    def total(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(group, values, GROUPS)
        return sums + SPREAD * sums.sum()
    of_left, of_right = (total(np.abs(channel) ** 2) + 1e-30 for channel in bins)
    product = total((bins[0] * bins[1].conj()).real)
    out = np.empty(STEREO_SIZE, np.float32)
    out[BALANCE] = np.clip(10 * np.log10(of_right / of_left), -BALANCE_LIMIT_DB, BALANCE_LIMIT_DB)
    coherence = np.clip(product / np.sqrt(of_left * of_right), -1, 1)
    out[COHERENCE] = np.where(np.minimum(of_left, of_right) < ONE_SIDED * np.maximum(of_left, of_right), 1, coherence)
    return out
