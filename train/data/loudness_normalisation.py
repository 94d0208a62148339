"""Takes loudness out of what is trained on: it belongs to the player (docs/decisions/dynamics.md).

Each prepared note knows its own loudness (`loudness_db`). The bank brings all notes to LEVELLED_LUFS, and keeps for each instrument what
the engine's law puts back: its trend over the keys (Gaussian, 6 semitones; what a zone of samples is off by is left out) and its range
over velocities.

A note is listened to for as long as the engine listens to what a network says of it, its first 0.8 s (`models/playing/loudness.py`): so
all notes are equally loud to the engine, and a slow note has one loudness however long it is held.
"""
from dataclasses import dataclass
from typing import Any

import numpy as np

from hummingface.models.playing.frame import LEVEL, LEVEL_CEILING_DB, LEVEL_FLOOR_DB, NOISE, NOISE_FLOOR_DB, pitch_to_hz
from hummingface.models.playing.key_trend import EVERY, HIGHEST_KEY, LEVELLED_LUFS, LOWEST_KEY, SMOOTH_KEYS, VELOCITY
from hummingface.models.playing.loudness import MOMENTS_S, OFFSET_LUFS, SILENT_LUFS, WINDOW_S, k_weight, loudness_lufs
from hummingface.train.data.cleaning import BankNotes
from hummingface.train.data.note_spectrum import at_times

LISTENED_S = 0.8
MOST_CREST_DB = 9.0                    # of a partial over the note's loudness
MOST_DB = 60.0                         # that a note is raised or lowered by
SOFT_VELOCITY, LOUD_VELOCITY = 16.0, 127.0         # of the range that the engine's law goes by
TABLE_KEYS = np.arange(LOWEST_KEY, HIGHEST_KEY + 1, EVERY)


def audio_lufs(audio: np.ndarray, rate_hz: int) -> float:
    """Loudness of a sound [S] or [S, 2] in the loudest 0.4 s of its first LISTENED_S, by BS.1770: LUFS. One channel counts as two."""
    channels = np.asarray(audio, np.float64).reshape(len(audio), -1)[:round(LISTENED_S * rate_hz)]
    window = round(WINDOW_S * rate_hz)
    padded = np.pad(channels, ((0, max(0, window - len(channels)) + rate_hz // 10), (0, 0)))
    weight = np.sqrt(k_weight(np.fft.rfftfreq(len(padded), 1 / rate_hz)))[:, None]
    heard = np.fft.irfft(np.fft.rfft(padded, axis=0) * weight, len(padded), axis=0)[:max(window, len(channels))]
    power = np.concatenate([[0.0], np.cumsum(2 * np.square(heard).mean(1))])
    return max(SILENT_LUFS, OFFSET_LUFS + 10 * float(np.log10(max(np.max(power[window:] - power[:-window]) / window, 1e-20))))


def rows_lufs(rows: np.ndarray, times_s: np.ndarray, pitch: float) -> float:
    """The same of frames [R, FRAME_SIZE] at `times_s`, as the engine hears them."""
    frames = at_times(rows, times_s, MOMENTS_S).astype(np.float32)[None]
    return float(loudness_lufs(frames, np.array([float(pitch_to_hz(pitch))]), np.zeros(1), MOMENTS_S, 1.0)[0])


@dataclass(frozen=True)
class Loudness:
    """How loud an instrument is: `lufs` at TABLE_KEYS at velocity 100, and `range_db` more from velocity 16 to 127, in equal dB for equal
    ratios."""
    lufs: np.ndarray
    range_db: float

    def at(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """LUFS of notes."""
        return np.interp(pitch, TABLE_KEYS, self.lufs) + self.range_db * _strength(velocity)


def _strength(velocity: np.ndarray) -> np.ndarray:
    """0 at VELOCITY, 1 more for each LOUD_VELOCITY over SOFT_VELOCITY."""
    return np.log(np.maximum(velocity, 1) / VELOCITY) / np.log(LOUD_VELOCITY / SOFT_VELOCITY)


def loudness_of(pitch: np.ndarray, velocity: np.ndarray, lufs: np.ndarray) -> Loudness:
    """Of an instrument's notes [N]: trend and range that explain each other, in turn."""
    strength, slope = _strength(velocity), 0.0
    trend = np.full(len(lufs), np.median(lufs))
    for _ in range(8):
        trend = _smooth(pitch, lufs - slope * strength, pitch)
        if strength.std() > 1e-6:
            slope = max(0.0, float(np.polyfit(strength, lufs - trend, 1)[0]))
    return Loudness(_smooth(pitch, lufs - slope * strength, TABLE_KEYS), slope)


def _smooth(pitch: np.ndarray, lufs: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A weighted line through the notes about each key; beyond them the value at the last."""
    at = np.clip(at, pitch.min(), pitch.max()).astype(float)
    away = pitch[None].astype(float) - at[:, None]
    weight = np.exp(-0.5 * (away / SMOOTH_KEYS) ** 2) + 1e-9
    weight /= weight.sum(1, keepdims=True)
    mean_away, mean = (weight * away).sum(1), weight @ lufs
    spread = (weight * (away - mean_away[:, None]) ** 2).sum(1)
    slope = (weight * (away - mean_away[:, None]) * lufs[None]).sum(1) / np.maximum(spread, 1.0)
    return mean - slope * mean_away


class Levelled:
    """The loudness of each instrument of a bank whose notes were levelled."""

    def __init__(self, bank: BankNotes, lufs: np.ndarray, raised_db: np.ndarray):
        """`lufs` [notes], of each as it sounds; the bank's rows are louder by `raised_db` [notes] already. Levels them, `peak_db` and
        `rms_db` in place."""
        self.lufs = lufs
        self.instruments = [loudness_of(*(x[bank.instrument == i] for x in (bank.pitch, bank.velocity, lufs)))
                            for i in range(int(bank.instrument.max()) + 1)]
        bank.peak_db += raised_db
        bank.rms_db += raised_db
        gain_db = np.clip(LEVELLED_LUFS - lufs, -MOST_DB, MOST_DB) - raised_db
        gain_db = np.where(lufs > SILENT_LUFS, np.minimum(gain_db, LEVEL_CEILING_DB - bank.peak_db), 0.0)
        shift_rows(bank, gain_db)
        # what is 85 dB under the peak counts as silence to the loss: the peak of a stroke would hide most of what rings on after it
        bank.peak_db[:] = np.minimum(bank.peak_db + gain_db, LEVELLED_LUFS + MOST_CREST_DB)
        bank.rms_db += gain_db
        self.gain_db = gain_db + raised_db

    def expected_lufs(self, bank: BankNotes) -> np.ndarray:
        """By trend and range, of each note. [notes]"""
        out = np.empty(len(self.lufs))
        for i, loudness in enumerate(self.instruments):
            mine = bank.instrument == i
            out[mine] = loudness.at(bank.pitch[mine], bank.velocity[mine])
        return out


def raised_db(lufs: float) -> float:
    """By how much a note of such a loudness is raised before it is analysed, so that a soft one keeps its own floor."""
    return round(min(max(LEVELLED_LUFS - lufs, 0.0), MOST_DB), 2) if lufs > SILENT_LUFS else 0.0


def shift_rows(bank: BankNotes, gain_db: np.ndarray) -> None:
    """The levels of each note by so much [notes]; silence stays silence."""
    for first in range(0, len(gain_db), 512):
        notes = slice(first, first + 512)
        by = gain_db[notes, None, None].astype(np.float32)
        for part, floor in ((LEVEL, LEVEL_FLOOR_DB), (NOISE, NOISE_FLOOR_DB)):
            rows = bank.rows[notes, :, part].astype(np.float32)
            bank.rows[notes, :, part] = np.where(rows > floor, (rows + by).clip(floor, LEVEL_CEILING_DB), rows)


def figures(bank: Any) -> dict[str, dict[str, float]]:
    """For each instrument of a levelled bank, in dB: the extent of its trend, its range, how far notes lie from both (standard deviation:
    what its zones are off by), and how far what is trained on lies from one loudness, as the engine hears it."""
    levelled, rows = bank.levelled, {}
    off = levelled.lufs - levelled.expected_lufs(bank)
    for i, about in enumerate(bank.instruments):
        mine = np.flatnonzero(bank.instrument == i)
        heard = [rows_lufs(bank.image(n), bank.times_s.numpy()[:len(bank.image(n))], float(bank.pitch[n])) for n in mine]
        loudness = levelled.instruments[i]
        rows[about["name"]] = {"notes": len(mine), "trend": round(float(np.ptp(loudness.lufs)), 2), "range": round(loudness.range_db, 2),
                               "off trend": round(float(off[mine].std()), 2), "gain sd": round(float(np.std(heard)), 2)}
    return rows


def table(rows: dict[str, dict[str, float]]) -> str:
    """The figures as text."""
    names = ("notes", "trend", "range", "off trend", "gain sd")
    lines = [f"{'':28s}" + "".join(f"{name:>11s}" for name in names)]
    lines += [f"{instrument[:28]:28s}" + "".join(f"{row[name]:11g}" for name in names) for instrument, row in rows.items()]
    median = {name: float(np.median([row[name] for row in rows.values()])) for name in names}
    worst = max(rows, key=lambda name: rows[name]["gain sd"])
    return "\n".join([*lines, f"{'median':28s}" + "".join(f"{median[name]:11g}" for name in names),
                      f"gain sd: worst {rows[worst]['gain sd']:g} dB, {worst}"])
