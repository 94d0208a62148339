"""Analysis of a recorded note into frames: partials on the note's harmonic grid, and the residual noise.

Every slot is demodulated by filters of two lengths: selective ones (8 periods) where the note sustains, short ones (3
periods) near its onset and note-off. The residual of the filters is the noise. Deviations are the instantaneous frequencies of
the slots; start phases are chosen so that the synthesis meets the recording where each partial is strongest early on.
"""
from dataclasses import replace

import numpy as np
import scipy.fft

from hummingface.models.analysis.attack import sharpen
from hummingface.models.analysis.filterbank import Bank, make_bank
from hummingface.models.analysis.noise_bands import band_levels, comb_gain
from hummingface.models.analysis.note_frames import NoteFrames, frame_times
from hummingface.models.analysis.note_off import cut_after_note_off
from hummingface.models.analysis.slots import Slots, place_slots
from hummingface.models.analysis.spectrum import Spectrum, transform
from hummingface.models.analysis.stereo_analysis import channels_of, measure_stereo
from hummingface.models.analysis.tuning import find_tuning
from hummingface.models.playing.frame import (
    ATTACK_S,
    BAND_CENTRES_HZ,
    BAND_EDGES_HZ,
    DEVIATION,
    FRAMES_PER_SECOND,
    HARMONICS,
    HIGHEST,
    LEVEL,
    LEVEL_FLOOR_DB,
    LOWEST,
    NOISE,
    PARTIALS,
    SLOT_RATIO,
    VIBRATO,
    erb_rate,
    pitch_to_hz,
)
from hummingface.models.playing.stereo import side_gains

LONG_PERIODS, SHORT_PERIODS = 5, 3
LONG_LEAST_S, SHORT_LEAST_S = 0.020, 0.005
NOISE_WINDOW_S, NOISE_ATTACK_WINDOW_S = 2048 / 48000, 256 / 48000
NOISE_MEAN_FRAMES, NOISE_OUT = 12, 1.3                    # mean power over +-64 ms against 1.3 times the noise expected
SHORTEST_S = 0.02                                         # recordings are padded to this


def analyse(audio: np.ndarray, rate_hz: int, pitch: float, hold_s: float) -> NoteFrames:
    """Raw frames of a recorded note: `audio` [S] or [S, 2], its key as a MIDI `pitch`, note-off at `hold_s`.

    Levels are the power of both channels, which are never folded. Never fails on sound: silence, noise and other pitches than told give
    frames within LOWEST..HIGHEST. NaN and Inf in the audio count as silence. Raises ValueError if `audio` has another shape or is empty,
    or the rate is no audio rate. One note at a time is the fastest shape on a CPU, one process per core.
    """
    audio = np.asarray(audio, np.float32)
    if audio.ndim not in (1, 2) or not audio.size or (audio.ndim == 2 and audio.shape[1] > 2):
        raise ValueError(f"a note is analysed from one channel of samples, [S], or two, [S, 2]; got an array of shape {audio.shape}")
    if not 1000 <= rate_hz <= 1_000_000:
        raise ValueError(f"the sample rate must lie between 1,000 and 1,000,000 Hz; got {rate_hz}")
    channels = channels_of(np.nan_to_num(audio, nan=0.0, posinf=0.0, neginf=0.0).clip(-100, 100))
    seconds = channels.shape[1] / rate_hz
    hold_s = float(np.clip(hold_s, 0.0, seconds))
    channels = np.pad(channels, ((0, 0), (0, max(0, int(SHORTEST_S * rate_hz) - channels.shape[1]))))
    stereo = measure_stereo(channels, rate_hz) if len(channels) == 2 else None
    nominal_hz = float(pitch_to_hz(pitch))
    times = frame_times(seconds)
    spectra = [transform(channel, rate_hz, max(2 * LONG_PERIODS / nominal_hz, 0.15)) for channel in channels]
    tuning = find_tuning(spectra, nominal_hz, hold_s if hold_s > 0.05 else seconds)
    slots = place_slots(spectra, tuning.f0_hz)
    frames = np.tile(LOWEST, (len(times), 1))
    frames[:, DEVIATION.start:] = 0                           # no motion, until `smooth` measures it
    frames[:, VIBRATO.start + 1] = 5
    phase = np.zeros(PARTIALS)
    f0 = tuning.f0_hz
    onset_s = find_onset(channels, rate_hz)
    if len(slots.slot):
        sides = np.ones((1, PARTIALS)) if stereo is None else side_gains(stereo, f0)
        phase = _analyse_slots(frames, times, spectra, slots, f0, onset_s, hold_s, sides)
        sharpen(frames, channels, rate_hz, f0, phase, onset_s, sides)
        cut_after_note_off(frames, times, channels, rate_hz, f0, hold_s)
    else:
        _noise(frames, times, [[(None, channel)] for channel in channels], spectra[0], np.ones(len(times)))
    frames = np.clip(np.nan_to_num(frames, nan=LEVEL_FLOOR_DB), LOWEST, HIGHEST).astype(np.float32)
    return NoteFrames(times, frames, f0, phase.astype(np.float32), hold_s, stereo)


def find_onset(channels: np.ndarray, rate_hz: int) -> float:
    """Seconds until a sound [channels, S] first comes within 50 dB of its loudest millisecond, at most 0.3."""
    size = max(1, rate_hz // 2000)
    peak = np.abs(channels[0]) if len(channels) == 1 else np.sqrt(np.square(channels).mean(0))
    level = peak[: len(peak) // size * size].reshape(-1, size).max(1)
    if not len(level) or not level.max() > 1e-9:
        return 0.0
    first = int(np.argmax(level > level.max() * 10 ** (-50 / 20)))
    return min(first * size / rate_hz, 0.3)


def _window_share(since_s: np.ndarray, window_s: float) -> np.ndarray:
    """Share of a Hann window, centred `since_s` after an onset, that lies after it: 0.5 at the onset, 1 from half a window on."""
    x = np.clip(since_s / window_s, -0.5, 0.5)
    return 0.5 + x + np.sin(2 * np.pi * x) / (2 * np.pi)


def _analyse_slots(frames: np.ndarray, times: np.ndarray, spectra: list[Spectrum], slots: Slots, f0: float, onset_s: float,
                   hold_s: float, sides: np.ndarray) -> np.ndarray:
    """Fills in tone and noise of `frames` [T, FRAME_SIZE] and returns the start phases [PARTIALS].

    sides: [channels, PARTIALS] complex gains that the synthesis will give each partial in each channel.
    """
    spectrum = spectra[0]
    spacing = f0 / 2 if (slots.slot >= HARMONICS).any() else f0
    long_s, short_s = max(LONG_PERIODS / spacing, LONG_LEAST_S), max(SHORT_PERIODS / spacing, SHORT_LEAST_S)
    banks = [[replace(bank, spectrum=channel) for bank in (make_bank(spectrum, slots, long_s), make_bank(spectrum, slots, short_s))]
             for channel in spectra]
    quarters = len(times) - np.count_nonzero(times >= ATTACK_S - 1e-9)
    hop_index = np.round(times[quarters:] * FRAMES_PER_SECOND).astype(int)
    short_share = short_weight(times, onset_s, hold_s, long_s)

    def sample(bank: Bank) -> tuple[np.ndarray, np.ndarray]:
        fine, coarse = bank.at(times[:quarters]), bank.on_hops()
        value, slope = (np.concatenate([f, c[:, hop_index]], 1) for f, c in zip(fine, coarse, strict=True))
        return value, slope
    power, turn = np.zeros((2, len(slots.slot), len(times)))
    early = times < max(ATTACK_S, onset_s + short_s)
    early[:2] = True
    early_value = np.zeros((len(slots.slot), np.count_nonzero(early)), complex)
    for pair, side in zip(banks, sides, strict=True):
        (long, long_slope), (short, short_slope) = map(sample, pair)
        value = long + (short - long) * short_share
        slope = long_slope + (short_slope - long_slope) * short_share
        power += (value.real ** 2 + value.imag ** 2) / len(banks)
        turn += (slope.imag * value.real - slope.real * value.imag) / len(banks)
        early_value += value[:, early] * side[slots.slot, None].conj() / len(banks)

    # frequency: the power-weighted mean over neighbouring frames and channels, so that silent moments have no weight
    around = np.clip(np.arange(len(times))[:, None] + np.array([-1, 1]), 0, len(times) - 1)
    mean = lambda a: 0.5 * a + 0.25 * (a[:, around[:, 0]] + a[:, around[:, 1]])                     # noqa: E731
    floor = 1e-14
    offset_hz = mean(turn) / (mean(power) + floor) / (2 * np.pi)
    hz = slots.centre[:, None] / spectrum.seconds + offset_hz
    ratio = SLOT_RATIO[slots.slot].astype(np.float64)[:, None]
    deviation = np.clip(hz / f0 - ratio, -0.5, 0.5)
    sounding = times >= onset_s
    first = int(np.argmax(sounding)) if sounding.any() else 0
    deviation[:, :first] = deviation[:, first:first + 1]

    share = np.where(times < onset_s, 0, _window_share(times - onset_s, short_s))
    amplitude = np.sqrt(power) * np.where(share > 0, 1 / np.maximum(share, 0.5), 0)
    frames[:, LEVEL.start + slots.slot] = 20 * np.log10(np.maximum(amplitude, 10 ** (LEVEL_FLOOR_DB / 20))).T
    frames[:, DEVIATION.start + slots.slot] = deviation.T

    # start phase: what makes the synthesis's own phases, in both channels, meet the measured ones early on, weighted by power
    hz_there = ((ratio + deviation) * f0)[:, early]
    step = np.diff(times[early])
    turned = np.concatenate([np.zeros((len(hz), 1)), np.cumsum((hz_there[:, 1:] + hz_there[:, :-1]) / 2 * step, 1)], 1)
    centre_turns = (slots.centre[:, None] / spectrum.seconds) * times[early]
    weight = early_value * (sounding * np.exp(-times / 0.03))[early] * np.sqrt(power[:, early])
    start = np.angle((weight * np.exp(2j * np.pi * ((centre_turns - turned) % 1))).sum(1))
    phase = np.zeros(PARTIALS)
    phase[slots.slot] = start

    _noise(frames, times, [[_residual(bank) for bank in pair] for pair in banks], spectrum, short_share)
    bandwidth = [bank.noise_bandwidth_hz()[:, None] for bank in banks[0]]
    bandwidth = bandwidth[0] + (bandwidth[1] - bandwidth[0]) * short_share
    _take_noise_out(frames, slots.slot, power, bandwidth, f0, short_share)
    return phase


def _residual(bank: Bank) -> tuple[np.ndarray, np.ndarray]:
    """(share of each bin that the filters take, what they leave of the signal)."""
    spectrum, taken = bank.spectrum, np.minimum(bank.taken(), 1)
    rumble = ((np.arange(len(taken)) / spectrum.seconds - 8) / 10).clip(0, 1).astype(np.float32)
    return taken, scipy.fft.irfft(spectrum.bins * ((1 - taken) * rumble), spectrum.size) * np.float32(spectrum.size / 2)


def _take_noise_out(frames: np.ndarray, slot: np.ndarray, power: np.ndarray, bandwidth_hz: np.ndarray, f0: float,
                    short_share: np.ndarray) -> None:
    """In place: subtract from partials the noise power that passes their filters."""
    density_db = frames[:, NOISE] - 10 * np.log10(np.diff(BAND_EDGES_HZ))
    place = np.interp(erb_rate(SLOT_RATIO[slot] * f0), erb_rate(BAND_CENTRES_HZ), np.arange(len(BAND_CENTRES_HZ)))
    low = np.minimum(place.astype(int), len(BAND_CENTRES_HZ) - 2)
    share = place - low
    density = np.exp((density_db[:, low] * (1 - share) + density_db[:, low + 1] * share) * (np.log(10) / 10)).T
    noise = 2 * density * bandwidth_hz                                        # a sine of amplitude 1 has power 1 here
    total = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, 1)], 1)
    at = np.arange(power.shape[1])
    first, last = np.maximum(at - NOISE_MEAN_FRAMES, 0), np.minimum(at + NOISE_MEAN_FRAMES + 1, len(at))
    mean = (total[:, last] - total[:, first]) / (last - first)
    keep = np.clip(1 - NOISE_OUT * noise / np.maximum(mean, 1e-20), 1e-4, 1)
    frames[:, LEVEL.start + slot] += (10 * np.log10(keep) * (1 - short_share)).T


def short_weight(times: np.ndarray, onset_s: float, hold_s: float, long_s: float) -> np.ndarray:
    """1 where the short windows are used (near onset and note-off), 0 where the long ones are. [T]"""
    half = long_s / 2
    ramp = lambda away: 0.5 + 0.5 * np.cos(np.pi * np.clip((away - 0.6 * half) / (0.8 * half), 0, 1))     # noqa: E731
    return np.maximum(ramp(np.maximum(times - onset_s, 0)), ramp(np.abs(times - hold_s)))


def _noise(frames: np.ndarray, times: np.ndarray, channels: list, spectrum: Spectrum, short_share: np.ndarray) -> None:
    """Fills in the noise of `frames` from what the filters (long, short) leave of each channel: [[(share taken or None, residual)]]."""
    rate_hz, takens = spectrum.rate_hz, None
    residuals = [pair[0][1] for pair in channels]
    if channels[0][0][0] is not None:
        takens = tuple(taken for taken, _ in channels[0])
        position = np.arange(spectrum.size) / rate_hz
        mix = np.interp(position, times, short_share).astype(np.float32)
        residuals = [long + (short - long) * mix for (_, long), (_, short) in channels]
    early = times < ATTACK_S - 1e-9
    for chosen, window_s in ((early, NOISE_ATTACK_WINDOW_S), (~early, NOISE_WINDOW_S)):
        if not chosen.any():
            continue
        size = max(16, 2 * round(window_s * rate_hz / 2))
        if takens is None:
            gain = np.ones((1, size // 2 + 1), np.float32)
        else:
            # where short windows are used, most of their residual is the transient itself: it is used as it is
            long_gain = comb_gain(spectrum, takens[0], size)
            gain = long_gain + (1 - long_gain) * short_share[chosen, None].astype(np.float32)
        where = np.flatnonzero(chosen)
        every = 2 if window_s == NOISE_WINDOW_S else 1                          # long windows reach over 8 hops
        picked = np.unique(np.append(where[::every], where[-1]))
        gain = gain[picked - where[0]] if len(gain) > 1 else gain
        centres = np.round(times[picked] * rate_hz).astype(np.int64)
        levels = _joined([band_levels(residual, rate_hz, centres, size, gain) for residual in residuals])
        left = np.searchsorted(picked, where, side="right") - 1
        right = np.minimum(left + (picked[left] < where), len(picked) - 1)
        frames[where, NOISE] = (levels[left] + levels[right]) / 2


def _joined(levels_db: list[np.ndarray]) -> np.ndarray:
    """The mean power of channels, in dB."""
    if len(levels_db) == 1:
        return levels_db[0]
    return 10 * np.log10(np.mean([10 ** (level / 10) for level in levels_db], 0)).astype(np.float32)
