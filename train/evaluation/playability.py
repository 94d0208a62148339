"""Does a sound respond to the player? Loudness over velocity and over keys, release, brightness and stereo, measured on single notes.

| figure        | definition                                                                                          | its goal      |
|---------------|-----------------------------------------------------------------------------------------------------|---------------|
| reversal_db   | largest fall of loudness while velocity rises                                                       | at most 1.0   |
| range_db      | loudness at velocity 127 minus at 16, median over keys                                              | 30 to 40      |
| step_db       | largest rise from one velocity to the next, from 16 on, beyond General MIDI's law                   | at most 1.5   |
| key_step_db   | largest jump from a semitone to the next at velocity 100, beside the trend over the keyboard        | at most 2.0   |
| key_spread_db | standard deviation of loudness about that trend                                                     | at most 0.8   |
| brighter      | spectral centroid at velocity 127 over that at 48, median over keys                                 | 1.1 to 1.6    |
| after_2s_db   | loudness 2 s after key-up against the held note's, at the key and velocity where most is left       | at most -40   |
| channels      | correlation of left and right, median over notes (1: mono)                                          |               |
| noise_db      | what chance leaves in one loudness: no figure is known better than to about three times this        |               |

Loudness is the K-weighted power of both channels (ITU-R BS.1770-5), in the loudest 0.4 s of a note; channels are never folded. `judge`
plays the notes by a function that it is given, so it hears anything that can play a key at a velocity: the engine, a sampler, recordings.
"""
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from hummingface.models.playing.loudness import HIGH_PASS, OFFSET_LUFS, SHELF, SILENT_LUFS, WINDOW_S

FIGURES = ("reversal_db", "range_db", "step_db", "key_step_db", "key_spread_db", "brighter", "after_2s_db", "channels", "noise_db")
GOALS = {"reversal_db": (-np.inf, 1.0), "range_db": (30.0, 40.0), "step_db": (-np.inf, 1.5), "key_step_db": (-np.inf, 2.0),
         "key_spread_db": (-np.inf, 0.8), "brighter": (1.1, 1.6), "after_2s_db": (-np.inf, -40.0)}
NOISES = 3.0                                     # a figure in dB misses its goal if it exceeds it by more than this many noise_db
VELOCITIES = (1, *range(8, 127, 8), 127)
VELOCITY = 100                                   # of the notes by which keys are compared
OCTAVES = (36, 48, 60, 72, 84)                   # keys that are played at all velocities
KEYS = range(36, 97)                             # keys that are played at VELOCITY
RELEASED = tuple((key, velocity) for key in (48, 60, 72) for velocity in (10, 40, 100))
HOLD_S, LEAD_S = 0.8, 0.1                        # how long a key is held; how much sound before it is recorded
AFTER_S, AFTER_WINDOW_S = 2.0, 0.3               # after key-up
SOFT, HARD, MEDIUM = 16, 127, 48                 # velocities
LAW_DB = 40.0                                    # General MIDI's: for a decade of velocity
SMOOTH_KEYS, HEARD_DB, ABOVE_DB = 6.0, 40.0, 15.0
_BIQUADS_RATE_HZ = 48000                         # of SHELF and HIGH_PASS
_LEAST_POWER = 1e-14


class PlayedNote(NamedTuple):
    """A key that is held for HOLD_S. If `after_s` is 0, the sound is cut off at key-up; else it is recorded for this long after it."""
    key: int
    velocity: int
    after_s: float = 0.0


Play = Callable[[Sequence[PlayedNote], int], Iterable[np.ndarray]]
"""(strokes, seed of what moves at random) -> the sound of each [samples, channels], from LEAD_S before its key goes down to `after_s`
after its release."""


class HeardNote(NamedTuple):
    """The measurements of one note."""
    lufs: float
    before_lufs: float                           # what sounded before the key went down
    centroid_hz: float
    correlation: float                           # of left and right; NaN for silence
    after_lufs: float                            # 2 s after key-up; NaN where that was not played


def strokes() -> list[PlayedNote]:
    """The notes that `judge` has played: OCTAVES at VELOCITIES, KEYS at VELOCITY, then RELEASED."""
    return [*(PlayedNote(key, velocity) for key in OCTAVES for velocity in VELOCITIES), *(PlayedNote(key, VELOCITY) for key in KEYS),
            *(PlayedNote(key, velocity, AFTER_S + AFTER_WINDOW_S) for key, velocity in RELEASED)]


@cache
def _biquads(rate_hz: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """BS.1770's two filters, which it tells for 48 kHz, at another rate: their poles and zeros, brought there through the s-plane."""
    filters = tuple((np.array(b), np.array(a)) for b, a in (SHELF, HIGH_PASS))
    return filters if rate_hz == _BIQUADS_RATE_HZ else tuple(_at_rate(b, a, rate_hz) for b, a in filters)


def _at_rate(b: np.ndarray, a: np.ndarray, rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """The shelf keeps its gain at 0 Hz; the high-pass, which has none there, that at 997 Hz."""
    zeros, poles = (np.poly(_moved(np.roots(side), rate_hz)).real for side in (b, a))
    kept_hz = 0.0 if abs(b.sum()) > 1e-9 else 997.0
    gains = [abs(np.polyval(above, z) / np.polyval(below, z)) for above, below, z in
             ((b, a, np.exp(2j * np.pi * kept_hz / _BIQUADS_RATE_HZ)), (zeros, poles, np.exp(2j * np.pi * kept_hz / rate_hz)))]
    return zeros * gains[0] / gains[1], poles


def _moved(roots: np.ndarray, rate_hz: int) -> np.ndarray:
    s = 2 * _BIQUADS_RATE_HZ * (roots - 1) / (roots + 1)
    return (1 + s / (2 * rate_hz)) / (1 - s / (2 * rate_hz))


def weighted_power(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    """K-weighted power [S] of a sound [S, channels], its channels added. Mono is heard from both sides."""
    sound = np.asarray(sound, np.float64).reshape(len(sound), -1)
    for b, a in _biquads(rate_hz):
        sound = lfilter(b, a, sound, axis=0)
    power = np.square(sound).sum(1)
    return 2 * power if sound.shape[1] == 1 else power


def lufs_of(power: float) -> float:
    return OFFSET_LUFS + 10 * float(np.log10(max(power, _LEAST_POWER)))


def loudest_lufs(power: np.ndarray, rate_hz: int) -> float:
    """Loudness of the loudest 0.4 s of a weighted power [S]; what is shorter is followed by silence."""
    window = round(WINDOW_S * rate_hz)
    total = np.concatenate([[0.0], np.cumsum(power)])
    most = total[-1] if len(power) < window else (total[window:] - total[:-window]).max()
    return lufs_of(most / window)


def centroid_hz(sound: np.ndarray, rate_hz: int) -> float:
    """Spectral centroid of the first 0.4 s of a sound [S, channels], by power. Hiss weighs in: a note in noise seems bright."""
    window = min(round(WINDOW_S * rate_hz), len(sound))
    spectrum = np.square(np.abs(np.fft.rfft(sound[:window] * np.hanning(window)[:, None], axis=0))).sum(1)
    return float((np.fft.rfftfreq(window, 1 / rate_hz) * spectrum).sum() / max(spectrum.sum(), 1e-20))


def listen(sound: np.ndarray, stroke: PlayedNote, rate_hz: int) -> HeardNote:
    """Measure the sound of a note, as a `Play` gives it."""
    sound = np.asarray(sound, np.float64).reshape(len(sound), -1)
    power = weighted_power(sound, rate_hz)
    down, up = round(LEAD_S * rate_hz), round((LEAD_S + HOLD_S) * rate_hz)
    begin = sound[down:down + round(WINDOW_S * rate_hz)]
    sides = [side - side.mean() for side in (begin[:, :1], begin[:, -1:])]
    size = float(np.sqrt(np.square(sides[0]).sum() * np.square(sides[1]).sum()))
    after = power[up + round(AFTER_S * rate_hz):up + round((AFTER_S + AFTER_WINDOW_S) * rate_hz)]
    return HeardNote(loudest_lufs(power[down:up], rate_hz), lufs_of(power[down // 2:down].mean()), centroid_hz(begin, rate_hz),
                 float((sides[0] * sides[1]).sum()) / size if size > 0 else np.nan, lufs_of(after.mean()) if stroke.after_s else np.nan)


def reversal_db(lufs: np.ndarray) -> float:
    """Largest fall of loudness [keys, velocities] while velocity rises; NaN is not known. Says nothing of falls between the velocities
    that were played, nor of what chance makes of a single note (`noise_db`)."""
    return float(np.nanmax(np.fmax.accumulate(lufs, axis=1) - lufs))


def range_db(lufs: np.ndarray, velocities: Sequence[int] = VELOCITIES) -> float:
    """Loudness [keys, velocities] at 127 minus at 16, median over keys. Says nothing of what lies between, nor of a single key."""
    return float(np.nanmedian(lufs[:, list(velocities).index(HARD)] - lufs[:, list(velocities).index(SOFT)]))


def step_db(lufs: np.ndarray, velocities: Sequence[int] = VELOCITIES) -> float:
    """Largest rise of loudness [keys, velocities] from one velocity to the next, from 16 on, beyond 40 dB a decade. A range that is wider
    on purpose counts as a step, by what it exceeds the law by; one narrower hides one; rises within a step are not seen."""
    beyond = np.diff(lufs, axis=1) - LAW_DB * np.diff(np.log10(velocities))
    return float(np.nanmax(beyond[:, list(velocities).index(SOFT):]))


def beside_trend_db(lufs: np.ndarray, keys: Sequence[int] = KEYS) -> np.ndarray:
    """Loudness over keys [K], rising, less the smooth trend; NaN where a key does not sound, 40 dB under the loudest. [K]"""
    with np.errstate(invalid="ignore"):
        heard = lufs > np.nanmax(lufs) - HEARD_DB
    at = np.asarray(keys)[heard]
    every = np.arange(at[0], at[-1] + 1)
    trend = gaussian_filter1d(np.interp(every, at, lufs[heard]), SMOOTH_KEYS, mode="nearest")
    return np.where(heard, lufs - np.interp(keys, every, trend), np.nan)


def key_step_db(lufs: np.ndarray, keys: Sequence[int] = KEYS) -> float:
    """Largest jump between neighbouring semitones beside the trend. NaN where no two neighbours sound. Says nothing of keys that fade
    away over an octave, nor of those that are silent: the trend follows the one, and the others are left out."""
    steps = np.abs(np.diff(beside_trend_db(lufs, keys)))[np.diff(keys) == 1]
    return float(np.nanmax(steps)) if np.isfinite(steps).any() else np.nan


def key_spread_db(lufs: np.ndarray, keys: Sequence[int] = KEYS) -> float:
    """Standard deviation of loudness over keys about the trend. One key that is far off hardly moves it; silent keys are left out."""
    return float(np.nanstd(beside_trend_db(lufs, keys)))


def brighter(centroids_hz: np.ndarray, velocities: Sequence[int] = VELOCITIES) -> float:
    """Centroid [keys, velocities] at 127 over that at 48, median over keys. Says nothing of soft notes, nor of which partials rise: a
    louder hiss at the stroke counts as well."""
    return float(np.nanmedian(_ratio(centroids_hz, velocities)))


def _ratio(centroids_hz: np.ndarray, velocities: Sequence[int]) -> np.ndarray:
    """By key; NaN for a silent one."""
    hard, medium = (centroids_hz[:, list(velocities).index(velocity)] for velocity in (HARD, MEDIUM))
    return np.where(medium > 0, hard / np.where(medium > 0, medium, 1), np.nan)


def after_2s_db(held_lufs: np.ndarray, after_lufs: np.ndarray) -> float:
    """Most that is left of the loudness of notes [N] 2 s after key-up. Says nothing of the way there, and little of struck sounds,
    which have died away by themselves; their loudest moment is what they are compared with."""
    return float(np.max(after_lufs - held_lufs))


def judge(play: Play, rate_hz: int = 48000, draws: int = 4) -> tuple[dict[str, float], dict[str, Any]]:
    """(FIGURES, what they come from) of a sound that is played `draws` times with seeds 0, 1, ..: what moves at random is averaged.

    It hears single notes alone, held for 0.8 s: nothing of slow swells, of chords, of repeated keys, of what knobs and pedals do, nor
    of likeness to any instrument. Of a sound of one draw, `noise_db` is 0, and not known. Raises ValueError for silence.
    """
    plan = strokes()
    rows = np.array([[listen(sound, stroke, rate_hz) for stroke, sound in zip(plan, play(plan, seed), strict=True)]
                     for seed in range(draws)])
    lufs, before, bright = rows[:, :, 0].mean(0), rows[:, :, 1].max(0), rows[:, :, 2].mean(0)
    if lufs.max() < SILENT_LUFS:
        raise ValueError("the sound is silent: there is nothing to measure")
    shape = len(OCTAVES), len(VELOCITIES)
    count = shape[0] * shape[1]
    by_velocity = np.where(lufs > before + ABOVE_DB, lufs, np.nan)[:count].reshape(shape)     # else the last note's rest is louder
    by_key, released = lufs[count:count + len(KEYS)], slice(-len(RELEASED), None)
    bright_by_velocity = bright[:count].reshape(shape)
    noise_db = float(np.median(rows[:, :, 0].std(0, ddof=1)) / np.sqrt(draws)) if draws > 1 else 0.0
    figures = dict(zip(FIGURES, (
        reversal_db(by_velocity), range_db(by_velocity), step_db(by_velocity), key_step_db(by_key), key_spread_db(by_key),
        brighter(bright_by_velocity), after_2s_db(lufs[released], rows[:, released, 4].mean(0)),
        float(np.nanmedian(rows[:, :, 3])), noise_db), strict=True))
    left = rows[:, released, 4].mean(0) - lufs[released]
    details = {"velocities": list(VELOCITIES), "lufs_by_velocity": _named(OCTAVES, by_velocity),
               "lufs_by_key": _named(KEYS, by_key), "beside_trend_db": _named(KEYS, beside_trend_db(by_key)),
               "brighter_by_key": _named(OCTAVES, _ratio(bright_by_velocity, VELOCITIES)),
               "after_2s_db_by_key_and_velocity": _named([f"{key}/{velocity}" for key, velocity in RELEASED], left)}
    return {name: round(value, 3) for name, value in figures.items()}, details


def _named(names: Iterable[object], values: np.ndarray) -> dict[str, Any]:
    """Numbers by name for JSON, which has no NaN: None."""
    def plain(value: Any) -> Any:
        return [plain(one) for one in value] if isinstance(value, list) else value if np.isfinite(value) else None
    return dict(zip(map(str, names), plain(np.round(values, 3).tolist()), strict=True))


def missed(figures: dict[str, float], goals: dict[str, tuple[float, float]] = GOALS) -> list[str]:
    """The figures that miss their goals by more than chance."""
    allowed = NOISES * figures["noise_db"]
    return [name for name, (low, high) in goals.items()
            if not low - (room := allowed if name.endswith("_db") else 0.0) <= figures[name] <= high + room]
