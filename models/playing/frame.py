"""The frame: everything that a model says about one moment of one note. Layout, units and floors, defined once.

A frame is one float32 vector of `FRAME_SIZE` values. Its frequency axis is the harmonic grid of the note itself, so what
is learnt at one pitch is in tune at every other. Models make frames for any time since note-on; the instrument asks for
one every hop (1/187.5 s), and for one every quarter hop (1/750 s) while a note begins.

| slice       | size | unit                                                                                            |
|-------------|------|-------------------------------------------------------------------------------------------------|
| LEVEL       | 160  | dB, peak amplitude of a partial; 0 dB is a sine of amplitude 1                                     |
| DEVIATION   | 160  | partial k sounds at (SLOT_RATIO[k] + deviation) * f0; at most half a slot either way               |
| NOISE       | 64   | dB, RMS in one ERB-spaced band of what the partials leave; 0 dB is an RMS of 1                     |
| VIBRATO     | 3    | depth (cents, peak), rate (Hz), jitter (cents, RMS): common to all partials                       |
| LFO_GAIN    | 24   | dB of level per depth of vibrato, signed, in a frequency group of partials                         |
| FUZZ        | 24   | 0..1, the fraction of a partial's power that lies in sidebands                                   |
| FUZZ_RATE   | 24   | log2 of Hz, how far these sidebands lie from the partial                                         |
| REGULARITY  | 24   | 0 a random choir, 1 a beating pair                                                               |
| RELEASE     | 24   | log2 of seconds to fall by 60 dB after note-off, in a frequency group of partials and noise       |

Slots: 128 harmonics (ratio 1..128), then 32 half-harmonics (0.5, 1.5, .. 31.5), which carry organ stops an octave below,
fifths and sub-octaves, so that a morph from an organ to a piano stays one continuous movement.
Groups and noise bands lie on the ERB-rate scale of Glasberg & Moore (1990), "Derivation of auditory filter shapes".
"""
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

HARMONICS, HALF_HARMONICS = 128, 32
PARTIALS = HARMONICS + HALF_HARMONICS
BANDS = 64
GROUPS = 24

SLOT_RATIO = np.concatenate([np.arange(1, HARMONICS + 1), np.arange(HALF_HARMONICS) + 0.5]).astype(np.float32)

FRAMES_PER_SECOND = 187.5             # one hop: 256 samples at 48 kHz
QUARTERS_PER_SECOND = 750             # one quarter hop: 64 samples at 48 kHz; an integer, so boundaries are exact
ATTACK_S = 0.072                      # while a note is younger, it gets a frame every quarter hop

LEVEL_FLOOR_DB = -120.0               # at or below it a partial is silent
NOISE_FLOOR_DB = -130.0
FLOOR_FADE_DB = 3.0                   # above its floor a level fades in: 64 bands a hair above it would be heard as hiss
LEVEL_CEILING_DB = 6.0
DEVIATION_LIMIT = 0.5
NOISE_LOW_HZ, NOISE_HIGH_HZ = 20.0, 20_000.0


def _slices(**sizes: int) -> dict[str, slice]:
    ends = np.cumsum(list(sizes.values()))
    return {name: slice(int(end) - size, int(end)) for (name, size), end in zip(sizes.items(), ends, strict=True)}


SLICES = _slices(LEVEL=PARTIALS, DEVIATION=PARTIALS, NOISE=BANDS, VIBRATO=3, LFO_GAIN=GROUPS, FUZZ=GROUPS,
                 FUZZ_RATE=GROUPS, REGULARITY=GROUPS, RELEASE=GROUPS)
LEVEL, DEVIATION, NOISE, VIBRATO = (SLICES[n] for n in ("LEVEL", "DEVIATION", "NOISE", "VIBRATO"))
LFO_GAIN, FUZZ, FUZZ_RATE, REGULARITY, RELEASE = (
    SLICES[n] for n in ("LFO_GAIN", "FUZZ", "FUZZ_RATE", "REGULARITY", "RELEASE"))
FRAME_SIZE = RELEASE.stop
MOVING = slice(0, NOISE.stop)         # what changes while a note sounds
STEADY = slice(NOISE.stop, FRAME_SIZE)   # what belongs to a note as a whole: its motion and its release

# Limits of a frame, value by value: decoders clamp to them, whatever their weights. [FRAME_SIZE]
LOWEST = np.zeros(FRAME_SIZE, np.float32)
HIGHEST = np.zeros(FRAME_SIZE, np.float32)
for _part, _low, _high in (
    (LEVEL, LEVEL_FLOOR_DB, LEVEL_CEILING_DB), (DEVIATION, -DEVIATION_LIMIT, DEVIATION_LIMIT),
    (NOISE, NOISE_FLOOR_DB, LEVEL_CEILING_DB), (slice(VIBRATO.start, VIBRATO.start + 1), 0.0, 200.0),
    (slice(VIBRATO.start + 1, VIBRATO.start + 2), 0.1, 45.0), (slice(VIBRATO.start + 2, VIBRATO.stop), 0.0, 50.0),
    (LFO_GAIN, -24.0, 24.0), (FUZZ, 0.0, 1.0), (FUZZ_RATE, -3.0, 5.5), (REGULARITY, 0.0, 1.0), (RELEASE, -6.0, 4.0),
):
    LOWEST[_part], HIGHEST[_part] = _low, _high


def erb_rate(hz: ArrayLike) -> np.ndarray:
    """ERB-rate (in Cams) of a frequency in Hz. Glasberg & Moore (1990), eq. 4."""
    return 21.4 * np.log10(1 + 0.00437 * np.asarray(hz, np.float64))


def erb_rate_to_hz(cams: ArrayLike) -> np.ndarray:
    """Frequency in Hz of an ERB-rate: the inverse of `erb_rate`."""
    return (10 ** (np.asarray(cams, np.float64) / 21.4) - 1) / 0.00437


BAND_EDGES_HZ = erb_rate_to_hz(np.linspace(erb_rate(NOISE_LOW_HZ), erb_rate(NOISE_HIGH_HZ), BANDS + 1))   # [BANDS + 1]
BAND_CENTRES_HZ = erb_rate_to_hz((erb_rate(BAND_EDGES_HZ[1:]) + erb_rate(BAND_EDGES_HZ[:-1])) / 2)          # [BANDS]
GROUP_EDGES_HZ = erb_rate_to_hz(np.linspace(erb_rate(NOISE_LOW_HZ), erb_rate(NOISE_HIGH_HZ), GROUPS + 1))  # [GROUPS + 1]


def group_of_hz(hz: ArrayLike) -> np.ndarray:
    """Index 0..GROUPS-1 of the group that a frequency lies in; below the first edge 0, above the last GROUPS-1."""
    return np.clip(np.searchsorted(GROUP_EDGES_HZ, hz, side="right") - 1, 0, GROUPS - 1)


@overload
def pitch_to_hz(pitch: float) -> np.float64: ...
@overload
def pitch_to_hz(pitch: np.ndarray) -> np.ndarray: ...


def pitch_to_hz(pitch: float | np.ndarray) -> np.float64 | np.ndarray:
    """f0 in Hz of a MIDI pitch, fractions allowed (69 is 440 Hz)."""
    return 440.0 * 2.0 ** ((np.asarray(pitch, np.float64) - 69) / 12)


def hz_to_pitch(hz: float | np.ndarray) -> np.ndarray:
    """The fractional MIDI pitch of a frequency: the inverse of `pitch_to_hz`."""
    return np.asarray(69 + 12 * np.log2(np.asarray(hz, np.float64) / 440))
