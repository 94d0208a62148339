"""Splits a note's frames into smooth trajectories, which a decoder can learn, and statistics of the motion that was smoothed away.

Motion is measured on the sustain as a complex gain per partial, relative to its smooth level and frequency. What all
partials share is the LFO (vibrato in cents, and the level response of each group to it); the rest is fuzz, sidebands
around each partial of which only the fraction of power, the distance and the regularity are kept.
"""
import numpy as np
import scipy.fft
from scipy.ndimage import median_filter

from hummingface.models.analysis.note_frames import NoteFrames, with_frames
from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    DEVIATION,
    FRAMES_PER_SECOND,
    FUZZ,
    FUZZ_RATE,
    GROUPS,
    HIGHEST,
    LEVEL,
    LEVEL_FLOOR_DB,
    LFO_GAIN,
    LOWEST,
    NOISE,
    NOISE_FLOOR_DB,
    PARTIALS,
    REGULARITY,
    RELEASE,
    SLOT_RATIO,
    VIBRATO,
    group_of_hz,
)

SMOOTH_SHARE, SMOOTH_LEAST_S, SMOOTH_MOST_S = 0.2, 0.0007, 0.12    # Gaussian width, of the time since note-on
SETTLED_S = 0.2                   # motion is measured from here on
LEAST_S = 0.5                     # a shorter sustain is too short for motion
SLOWEST_LFO_HZ, FASTEST_LFO_HZ = 2.5, 9.0
PERIODIC = 0.45                   # of what all partials share must lie around one rate
FOLLOWED = 0.35                   # of the partials, or of their motion, must follow it
LEAST_VIBRATO_CENTS, LEAST_TREMOLO_DB = 1.5, 0.5
LEAST_FUZZ = 0.01                 # less is left to the smooth level: gated
CARRIER_HZ = 0.7                  # slower motion belongs to the smooth trajectory
SILENT_DB = LEVEL_FLOOR_DB + 1     # of a whole frame: the recording has ended
VANISHED_DB = LEVEL_FLOOR_DB + 5   # a group that falls below is not seen any more
RELEASE_BEFORE_S = 0.06           # before note-off, whose level counts as a group's own
RELEASE_RANGE_DB = 45.0           # of a release is measured: then recordings have other slopes, or their own noise
RELEASE_HEARD_DB = 50.0           # under the loudest group a group's release is another's
RELEASE_SURE_DB = 15.0            # under the loudest group a group's release is its own
RELEASE_RISES_DB = 3.0            # after note-off


def smooth(note: NoteFrames) -> NoteFrames:
    """A note as smooth trajectories with statistics of motion, its release as the exponential decay that the instrument will make."""
    frames = note.frames.astype(np.float64)
    held = note.times_s <= note.hold_s + 1e-9
    if not held.any():
        held[:1] = True
    out = frames.copy()
    out[held] = smooth_trajectories(frames[held], note.times_s[held])
    motion = measure_motion(note, out, held)
    out[:, VIBRATO.start:REGULARITY.stop] = motion
    release = measure_release(note)
    out[:, RELEASE] = np.log2(release)
    fade_after(out, note.times_s, note.hold_s, note.f0_hz)
    return with_frames(note, np.clip(out, LOWEST, HIGHEST))


def smooth_trajectories(frames: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Levels by their mean power, deviations by their power-weighted mean, noise by its mean in dB. [T, FRAME_SIZE]

    Powers are compared along each partial's own trend in dB: over a steep decay their plain mean is that of its beginning,
    and a struck bar would ring on. What a recording leaves silent at its end stays silent.
    """
    out = frames.copy()
    end = len(frames) - int(np.argmax((frames[::-1, LEVEL].max(1) > SILENT_DB) | (frames[::-1, NOISE].max(1) > SILENT_DB)))
    if end < 2:
        return out
    frames, times_s = frames[:end], times_s[:end]
    width = np.clip(SMOOTH_SHARE * times_s, SMOOTH_LEAST_S, SMOOTH_MOST_S)
    # a smooth curve needs few points: at most half a width apart
    at = np.floor(np.concatenate([[0], np.cumsum(np.diff(times_s) / (0.4 * width[1:]))]))
    points = np.unique(np.append(np.unique(at, return_index=True)[1], len(times_s) - 1))
    left = np.clip(np.searchsorted(points, np.arange(len(times_s)), side="right") - 1, 0, len(points) - 2)
    begin, finish = times_s[points[left]], times_s[points[left + 1]]
    share = ((times_s - begin) / (finish - begin)).astype(np.float32)[:, None]
    cell = np.gradient(times_s)
    kernel = np.exp(-0.5 * ((times_s[points, None] - times_s) / width[points, None]) ** 2) * cell
    kernel = (kernel / kernel.sum(1, keepdims=True)).astype(np.float32)

    def mean(values: np.ndarray) -> np.ndarray:
        return kernel @ values.astype(np.float32)

    def curve(at_points: np.ndarray) -> np.ndarray:
        return at_points[left] * (1 - share) + at_points[left + 1] * share
    trend_and_noise = curve(mean(np.concatenate([frames[:, LEVEL], frames[:, NOISE]], 1)))
    trend, noise = trend_and_noise[:, :PARTIALS], trend_and_noise[:, PARTIALS:]
    power = np.exp((frames[:, LEVEL] - trend) * (np.log(10) / 10))
    above, bent = np.split(mean(np.concatenate([power, power * frames[:, DEVIATION]], 1)), 2, axis=1)
    above = np.maximum(above, 1e-12)
    out[:end, LEVEL.start:NOISE.stop] = np.concatenate([trend + curve(10 * np.log10(above)), curve(bent / above), noise], 1)
    return out


def fade_after(frames: np.ndarray, times_s: np.ndarray, hold_s: float, f0_hz: float) -> None:
    """In place: after note-off, the frame at note-off fading by 60 dB in RELEASE, in each group."""
    after = np.flatnonzero(times_s > hold_s)
    if not len(after):
        return
    last = max(after[0] - 1, 0)
    frames[after] = frames[last]
    fall = 60 * (times_s[after] - hold_s)[:, None] / 2.0 ** frames[last, RELEASE]
    frames[after, LEVEL] -= fall[:, group_of_hz(SLOT_RATIO * f0_hz)]
    frames[after, NOISE] -= fall[:, group_of_hz(BAND_CENTRES_HZ)]


def measure_release(note: NoteFrames) -> np.ndarray:
    """Seconds in which each group falls by 60 dB after note-off [GROUPS]; of groups that are too quiet to tell, their neighbours'.

    The slope of a straight line in dB from note-off, through what falls by at most `RELEASE_RANGE_DB` and the frame that passes it: the
    fastest releases are over within two frames.
    """
    times, level = _group_levels(note, note.hold_s - RELEASE_BEFORE_S)
    before, after = times <= note.hold_s, times > note.hold_s
    start, seconds = np.full(GROUPS, -np.inf), np.full(GROUPS, np.nan)
    if before.any() and after.any():
        start = np.median(level[before], 0)
        t = times[after] - note.hold_s
        for g in np.flatnonzero(start > max(start.max() - RELEASE_HEARD_DB, LEVEL_FLOOR_DB + 15)):
            seconds[g] = _seconds_to_fall(t, start[g] - level[after, g], level[after, g] < VANISHED_DB)
    known = np.flatnonzero(np.isfinite(seconds))
    if not len(known):
        return np.full(GROUPS, 0.3)
    octaves = np.log2(seconds[known])
    # a quiet group that rings alone, or ends alone, was mismeasured: what the loudest leave behind lies in it
    alone = start[known] < start.max() - RELEASE_SURE_DB
    octaves = np.where(alone, median_filter(octaves, 3, mode="nearest"), octaves)
    return np.clip(2.0 ** np.interp(np.arange(GROUPS), known, octaves), 2.0 ** -6, 2.0 ** 4)


def _group_levels(note: NoteFrames, from_s: float) -> tuple[np.ndarray, np.ndarray]:
    """(times [T] from `from_s` on, power of each group there in dB [T, GROUPS])."""
    around = note.times_s > from_s
    power = np.zeros((np.count_nonzero(around), GROUPS))
    for part, hz, floor in ((LEVEL, SLOT_RATIO * note.f0_hz, LEVEL_FLOOR_DB), (NOISE, BAND_CENTRES_HZ, NOISE_FLOOR_DB)):
        level = note.frames[around, part]
        linear = np.exp(level * np.float32(np.log(10) / 10)) * (level > floor + 1) * (0.5 if part is LEVEL else 1)
        member = np.eye(GROUPS, dtype=np.float32)[group_of_hz(hz)]
        power += linear.astype(np.float32) @ member
    return note.times_s[around], 10 * np.log10(np.maximum(power, 1e-12))


def _seconds_to_fall(t: np.ndarray, fall_db: np.ndarray, gone: np.ndarray) -> float:
    """Seconds in which a group that falls by `fall_db` [T] at `t` [T] after note-off falls by 60 dB. NaN where it rises: what is heard
    in it then is another group's end."""
    over = np.flatnonzero((fall_db > RELEASE_RANGE_DB) | gone)
    stop = over[0] + 1 if len(over) else len(t)
    t, fall_db = t[:stop], np.minimum(fall_db[:stop], 60)
    if fall_db[0] < -RELEASE_RISES_DB:
        return float("nan")
    slope = (t * fall_db).sum() / (t * t).sum()
    return 60 / max(slope, 3.75)


def measure_motion(note: NoteFrames, smoothed: np.ndarray, held: np.ndarray) -> np.ndarray:
    """VIBRATO, LFO_GAIN, FUZZ, FUZZ_RATE and REGULARITY of a note, constant in time."""
    offset = VIBRATO.start
    motion = np.zeros(REGULARITY.stop - offset)
    part = lambda s: slice(s.start - offset, s.stop - offset)      # noqa: E731
    motion[part(VIBRATO)] = 0, 5, 0
    motion[part(FUZZ_RATE)] = 2
    settled = held & (note.times_s > SETTLED_S) & (note.times_s < note.hold_s - 0.05)
    if settled.sum() < LEAST_S * FRAMES_PER_SECOND:
        return motion
    raw, flat = note.frames[settled].astype(np.float64), smoothed[settled]
    power = 10 ** (flat[:, LEVEL] / 10)
    mean_power = power.mean(0)
    heard = mean_power > max(mean_power.max() * 10 ** (-55 / 10), 10 ** ((LEVEL_FLOOR_DB + 10) / 10))
    if not heard.any():
        return motion
    ratio = SLOT_RATIO[heard].astype(np.float64)
    group = group_of_hz(SLOT_RATIO * note.f0_hz)[heard]
    weight = np.sqrt(mean_power[heard])
    level = np.maximum(raw[:, LEVEL], flat[:, LEVEL] - 40)[:, heard] - flat[:, LEVEL][:, heard]         # dB
    bend = 1200 * np.log2((ratio + raw[:, DEVIATION][:, heard]) / (ratio + flat[:, DEVIATION][:, heard]))   # cents
    strength = 10 ** (level / 10) * power[:, heard]
    common_cents = (strength * np.clip(bend, -200, 200)).sum(1) / strength.sum(1)
    common_level = (weight * level).sum(1) / weight.sum()

    rate, cents_depth = find_lfo(common_cents, common_level)
    if rate:
        lfo = lfo_at(common_cents if cents_depth else common_level, rate)
        unit = np.real(lfo)
        gain = 2 * (level * np.conj(lfo)[:, None]).mean(0)                         # complex: in phase, and a quarter late
        if not _shared(bend if cents_depth else level, lfo, cents_depth, weight):
            rate = 0.0
    if rate:
        strength = np.sqrt(by_group(np.abs(gain) ** 2, weight, group, 0.0))
        way = by_group(gain.real, weight, group, 0.0)
        level = level - np.real(gain * lfo[:, None])
        motion[part(LFO_GAIN)] = np.where(way < 0, -strength, strength)
        rest = common_cents - cents_depth * unit
        motion[part(VIBRATO)] = cents_depth, rate, 0 if not cents_depth else np.sqrt(max(0, np.mean(rest ** 2)))
    fuzz, distance, regular = measure_fuzz(level)
    motion[part(FUZZ)] = by_group(np.where(fuzz < LEAST_FUZZ, 0, fuzz), weight, group, 0.0)
    motion[part(FUZZ_RATE)] = by_group(distance, weight * fuzz, group, 2.0)
    motion[part(REGULARITY)] = by_group(regular, weight * fuzz, group, 0.0)
    return motion


def _shared(motion: np.ndarray, lfo: np.ndarray, depth: float, weight: np.ndarray) -> bool:
    """Whether the partials [T, K] follow an LFO together. One beating partial is neither a vibrato nor a tremolo."""
    strong = weight > 0.03 * weight.max()
    gain = 2 * (motion[:, strong] * np.conj(lfo)[:, None]).mean(0)
    if depth:                                                                      # a bend is the same for all
        return strong.sum() == 1 or np.mean(np.abs(gain.real / depth - 1) < 0.5) >= FOLLOWED
    followed = np.abs(gain) ** 2 / np.maximum(2 * motion[:, strong].var(0), 1e-9)
    return strong.sum() > 1 and followed.mean() >= FOLLOWED


def by_group(values: np.ndarray, weight: np.ndarray, group: np.ndarray, default: float) -> np.ndarray:
    """Weighted mean of the partials' values in each group [GROUPS]; a group without any takes its neighbours'."""
    total = np.bincount(group, weight, GROUPS)
    known = np.flatnonzero(total > 0)
    if not len(known):
        return np.full(GROUPS, default)
    mean = np.bincount(group, weight * values, GROUPS)[known] / total[known]
    return np.interp(np.arange(GROUPS), known, mean)


def _spectrum(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hann-windowed transform over the first axis, zero-padded four times: (Hz from 0 on, complex amplitude of lines)."""
    window = np.hanning(len(x) + 2)[1:-1]
    size = 4 * len(x)
    shaped = x * window.reshape(-1, *[1] * (x.ndim - 1))
    return np.fft.rfftfreq(size, 1 / FRAMES_PER_SECOND), scipy.fft.rfft(shaped, size, axis=0) / window.sum()


def find_lfo(cents: np.ndarray, level_db: np.ndarray) -> tuple[float, float]:
    """Rate (Hz) of the periodic motion that all partials share, and its depth in cents: (0, 0) where there is none, no
    depth where only levels follow it."""
    for x, least in ((cents, LEAST_VIBRATO_CENTS), (level_db, LEAST_TREMOLO_DB)):
        x = x - x.mean()
        hz, lines = _spectrum(x)
        power = np.abs(lines) ** 2
        rate = hz[np.argmax(power * ((hz > SLOWEST_LFO_HZ) & (hz < FASTEST_LFO_HZ)))]
        near, everything = power[np.abs(hz - rate) < 1.2].sum(), power[hz > CARRIER_HZ].sum()
        depth = np.sqrt(2) * np.std(x) * np.sqrt(near / max(everything, 1e-20))
        if depth > least and near > PERIODIC * everything:
            return float(rate), float(depth) if least == LEAST_VIBRATO_CENTS else 0.0
    return 0.0, 0.0


def lfo_at(x: np.ndarray, rate_hz: float) -> np.ndarray:
    """The complex LFO in `x` around `rate_hz`, of magnitude 1: its real part follows x, its imaginary part lags."""
    size = 2 * len(x)
    hz = np.fft.fftfreq(size, 1 / FRAMES_PER_SECOND)
    shape = np.exp(-0.5 * ((hz - rate_hz) / 1.0) ** 2) * (hz > 0)
    padded = np.concatenate([x - x.mean(), np.zeros(len(x))])
    analytic = np.fft.ifft(np.fft.fft(padded) * shape)[:len(x)]
    return analytic / np.maximum(np.abs(analytic), 1e-12)


def measure_fuzz(level_db: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each partial [K]: share of power in sidebands, log2 of their distance in Hz, and their regularity.

    Told by the fluctuation of power alone: sidebands of a wandering frequency are no fuzz. A constant 1 - F plus Gaussian
    sidebands of power F fluctuates by a variance of 2 F - F^2 (Rice), plus a line of power F by 2 F (1 - F).
    """
    power = 10 ** (level_db / 10)
    power = power / power.mean(0)
    at, lines = _spectrum(power - 1)
    side = (at > 0.3) & (at < 45)
    sides = (np.abs(lines) ** 2)[side]
    at = at[side]
    weight = sides / np.maximum(sides.sum(0), 1e-20)
    distance = weight.T @ np.log2(at)
    peak = np.argmax(sides, 0)
    index = (peak[None] + np.arange(-8, 9)[:, None]).clip(0, len(at) - 1)       # a line under the window, padded four times
    share = np.take_along_axis(weight, index, 0).sum(0).clip(0, 1)
    regular = np.clip((share - 0.4) / 0.5, 0, 1)
    variance = power.var(0)
    gaussian = 1 - np.sqrt(np.clip(1 - variance, 0, 1))
    beating = (1 - np.sqrt(np.clip(1 - 2 * variance, 0, 1))) / 2
    return gaussian * (1 - regular) + beating * regular, distance, regular
