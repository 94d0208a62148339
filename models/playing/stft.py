"""The STFT image of a note, with its exact inverse: the input and output of the STFT models.

    audio [64000] 16 kHz, 4 s -> spectrum [128, 128] complex: bins 0 .. 2032 Hz, a frame every 31 ms -> image [2, 128, 128]

The transform is the published one (scipy.signal.stft's, Hann 1000, hop 500: 501 bins x 129 frames, an amplitude of 1 for a sine of
amplitude 2), cropped to its first 128 bins and frames. The inverse zero-pads back to 501 bins and uses the window and hop of the
analysis, so everything below 2 kHz is reconstructed exactly: a C4 at 261.6 Hz, 4 s long.

An image has values of about unit size, as networks need them (unscaled, or with its peak at 1, an autoencoder learns next to nothing in
a hundred steps). Two layouts:
- `ri`: real and imaginary part. The magnitude is taken relative to the loudest bin of the note, which is 10, and to the power of 0.5 (0.3
  in Ephrat et al. 2018, "Looking to Listen"): -60 dB becomes 0.03 of the peak instead of 0.001, so that not only the loudest bins are
  learnt. From the phase of each bin the phase of the key's nearest harmonic, at the middle of the window, is subtracted, which
  makes a steady tone a steady image (without it a C4's fundamental rotates by 0.18 of a cycle per frame, its 8th harmonic by 0.41,
  neighbouring bins have opposite signs, and an image is full of stripes);
- `if`: logarithm of the magnitude, 100 dB over the range, and instantaneous frequency: the phase gained since the last frame, less what the
  bin's own centre gains in a hop, in half cycles (column 0: the phase itself), times the fourth root of the magnitude, since very quiet
  bins have no meaningful phase. Engel et al. (2019), "GANSynth", find it better for GANs.

Both are inverted without loss (`if` down to its floor). numpy alone, since this code also plays.
"""
from dataclasses import dataclass

import numpy as np

from hummingface.models.playing.frame import pitch_to_hz

RATE_HZ, NOTE_S = 16_000, 4.0
SAMPLES = 64_000
WINDOW, HOP, BINS, FRAMES = 1000, 500, 501, 129
SIDE, CHANNELS = 128, 2               # bins and frames that are kept, each as two numbers
BIN_HZ = RATE_HZ / WINDOW
HANN = np.sin(np.pi * np.arange(WINDOW) / WINDOW).astype(np.float32) ** 2
LAYOUTS = ("ri", "if")

PEAK = 10.0                           # of `ri`: the mean square of an image is about 1 then
POWER = 0.5                           # of magnitudes in `ri`
RANGE_DB = 100.0                      # of `if`
LEAST_COVER = 0.05                    # of a window's square: where less than that covers a sample, the sound fades out


@dataclass(frozen=True)
class Layout:
    """How a spectrum becomes an image: one of LAYOUTS, and for `ri` the power, and whether the key's harmonics' phases are subtracted."""
    kind: str = "ri"
    power: float = POWER
    turned: bool = True


RI = Layout()


def spectrum(audio: np.ndarray) -> np.ndarray:
    """Audio [.., SAMPLES] (less is followed by silence, more is cut off) -> complex64 [.., SIDE bins, SIDE frames]."""
    audio = np.asarray(audio, np.float32)[..., :SAMPLES]
    audio = np.pad(audio, [(0, 0)] * (audio.ndim - 1) + [(WINDOW // 2, SAMPLES - audio.shape[-1] + WINDOW // 2)])
    windows = np.lib.stride_tricks.sliding_window_view(audio, WINDOW, -1)[..., ::HOP, :][..., :SIDE, :]
    return np.swapaxes(np.fft.rfft(windows * HANN, axis=-1)[..., :SIDE] * np.float32(2 / WINDOW), -1, -2).astype(np.complex64)


def sound(spectra: np.ndarray) -> np.ndarray:
    """The inverse of `spectrum`: [.., SIDE, SIDE] -> float32 [.., SAMPLES].

    Zero-padded to BINS, with the window and hop of the analysis: overlap-add, divided by the squared windows that cover each sample.
    """
    padded = np.zeros((*spectra.shape[:-2], SIDE, BINS), np.complex64)
    padded[..., :SIDE] = np.swapaxes(spectra, -1, -2) * np.float32(WINDOW / 2)
    frames = np.fft.irfft(padded, WINDOW, axis=-1) * HANN
    out = np.zeros((*spectra.shape[:-2], SIDE + 1, HOP), np.float32)              # a frame is two hops long
    out[..., :-1, :] = frames[..., :HOP]
    out[..., 1:, :] += frames[..., HOP:]
    return (out.reshape(*spectra.shape[:-2], -1) / _COVER)[..., WINDOW // 2:WINDOW // 2 + SAMPLES]


_square = HANN ** 2
_COVER = np.maximum(np.concatenate([_square[:HOP], np.tile(_square[:HOP] + _square[HOP:], SIDE - 1), _square[HOP:]]), LEAST_COVER)


def turns(pitch: np.ndarray | float) -> np.ndarray:
    """exp(-j phase) that each bin of a key's note is turned by: pitch [..] -> complex64 [.., SIDE, SIDE]."""
    f0_hz = pitch_to_hz(np.asarray(pitch))[..., None]
    bins_hz = BIN_HZ * np.arange(SIDE)
    nearest_hz = np.where(f0_hz > BIN_HZ, np.round(bins_hz / f0_hz) * f0_hz, bins_hz)        # [.., SIDE]
    per_frame = nearest_hz * HOP / RATE_HZ % 1
    middle = np.arange(SIDE) / 2                                                             # half a window later: half a turn a bin
    return np.exp(-2j * np.pi * (per_frame[..., None] * np.arange(SIDE) - middle[:, None])).astype(np.complex64)


def lobes(pitch: np.ndarray | float, layout: Layout) -> np.ndarray:
    """How a steady tone at `pitch` [..] fills the bins: the window's main lobe about each harmonic, 1 at its peak, scaled as an image is.
    [.., SIDE] float32
    """
    f0 = pitch_to_hz(np.asarray(pitch))[..., None] / BIN_HZ
    away = np.abs(np.arange(SIDE) - np.maximum(np.round(np.arange(SIDE) / f0), 1) * f0)
    near = np.minimum(away, 1.999)
    pole = np.where(np.abs(near - 1) < 1e-6, 0.5, np.sinc(near) / np.where(np.abs(near - 1) < 1e-6, 1, 1 - near ** 2))
    return (np.abs(pole) ** (layout.power if layout.kind == "ri" else POWER)).astype(np.float32)


def image_of(spectra: np.ndarray, pitch: np.ndarray | float, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Spectra [.., SIDE, SIDE] of notes at `pitch` [..] -> (images float32 [.., 2, SIDE, SIDE], magnitude of the loudest bin [..])."""
    size = np.abs(spectra)
    peak = np.maximum(size.max((-2, -1)), np.float32(1e-12))
    share = size / peak[..., None, None]
    if layout.kind == "if":
        return np.stack([_log(share), gained(np.angle(spectra)) * _heard(share)], -3).astype(np.float32), peak
    way = spectra * turns(pitch) if layout.turned else spectra
    scaled = PEAK / peak[..., None, None] * np.maximum(share, 1e-9) ** np.float32(layout.power - 1) * way
    return np.stack([scaled.real, scaled.imag], -3).astype(np.float32), peak


def spectrum_of(images: np.ndarray, pitch: np.ndarray | float, layout: Layout) -> np.ndarray:
    """The inverse of `image_of`, the loudest bin 1: [.., 2, SIDE, SIDE] -> complex64 [.., SIDE, SIDE]."""
    first, second = images[..., 0, :, :], images[..., 1, :, :]
    if layout.kind == "if":
        level_db = (np.clip(first, -1, 1) - 1) * np.float32(RANGE_DB / 2)
        size = np.where(level_db > -RANGE_DB, np.float32(10) ** (level_db / 20), 0)
        phase = phases(second / _heard(10 ** (level_db / 20)))
        return (size * (np.cos(phase) + 1j * np.sin(phase))).astype(np.complex64)
    scaled = (first + np.complex64(1j) * second) * np.float32(1 / PEAK)
    size = np.abs(scaled)
    out = scaled * np.maximum(size, 1e-12) ** np.float32(1 / layout.power - 1)
    return (out * np.conj(turns(pitch)) if layout.turned else out).astype(np.complex64)


def _log(share: np.ndarray) -> np.ndarray:
    """-1 at or below the floor, 1 at the peak."""
    return np.clip(20 * np.log10(np.maximum(share, 1e-12)) / (RANGE_DB / 2) + 1, -1, 1)


def _heard(share: np.ndarray) -> np.ndarray:
    return np.maximum(share, np.float32(10 ** (-RANGE_DB / 20))) ** np.float32(0.25)


_CENTRE = (np.pi * np.arange(SIDE) * 2 * HOP / WINDOW)[:, None]                    # what a bin's centre gains in a hop, radians


def gained(phase: np.ndarray) -> np.ndarray:
    """Phases [.., SIDE bins, SIDE frames] -> half turns gained since the frame before, less the bin's own: -1..1."""
    change = np.diff(phase, axis=-1) - _CENTRE
    wrapped = (change + np.pi) % (2 * np.pi) - np.pi
    return np.concatenate([phase[..., :1], wrapped], -1) / np.pi


def phases(half_turns: np.ndarray) -> np.ndarray:
    """The inverse of `gained`, up to whole turns."""
    steps = np.asarray(half_turns, np.float64) * np.pi
    steps[..., 1:] += _CENTRE
    return np.cumsum(steps, -1)
