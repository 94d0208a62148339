"""Corrections of prepared notes before training: silent tails, decays that were cut off, tuning, uneven keys."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.frame import DEVIATION, LEVEL, LEVEL_FLOOR_DB, NOISE, NOISE_FLOOR_DB, SLOT_RATIO, pitch_to_hz
from hummingface.models.playing.period import periods_cents
from hummingface.train.data.characteristics import LEAST_FALL_DB_S, power_db
from hummingface.train.data.note_spectrum import at_times

TREND_SEMITONES = 5.0                 # Gaussian width over which the level of a dynamic is taken to be even
MOST_EVENED_DB = 12.0
FADED_DB = 4.0                        # under what a note mostly has: it is over
LEAST_MOTION_S = 1.0                  # shorter notes are too short to measure motion or sustain
SLOPE_SHARE = 0.3                     # fraction of a note's time, at its end, whose slope is extrapolated


@dataclass(eq=False, repr=False)
class NoteColumns:
    """What is known of each of some notes: its instrument's number, key, velocity, note-off, how many rows are known of it, fundamental,
    and levels. All [notes]."""
    instrument: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    hold_s: np.ndarray
    valid_rows: np.ndarray
    f0_hz: np.ndarray
    rms_db: np.ndarray
    peak_db: np.ndarray


@dataclass(eq=False, repr=False)
class BankNotes(NoteColumns):
    """Prepared notes as arrays, which are corrected in place. `rows` [notes, R, FRAME_SIZE] of any precision, at `times_s` [R]."""
    rows: np.ndarray
    times_s: np.ndarray


def clean(bank: BankNotes, notes: Sequence[dict[str, Any]], sustained: np.ndarray) -> None:
    """All that every note needs, in place. `notes`: their descriptions; `sustained` [notes]: whether their instruments sustain."""
    silence_what_has_died_away(bank, sustained)
    go_on(bank, notes, sustained)
    tune(bank)


def silence_what_has_died_away(bank: BankNotes, sustained: np.ndarray) -> None:
    """Struck notes were analysed while they sounded; rows after that, up to note-off, repeat the last one. Silence these rows."""
    for i in np.flatnonzero(~sustained):
        held = bank.rows[i, :bank.valid_rows[i], LEVEL]
        moves = np.flatnonzero((held != held[-1]).any(1))
        last = moves[-1] + 1 if len(moves) else len(held)                                   # the first of the equal ones
        if last + 2 < len(held):
            bank.rows[i, last + 1:, LEVEL] = LEVEL_FLOOR_DB
            bank.rows[i, last + 1:, NOISE] = NOISE_FLOOR_DB


def go_on(bank: BankNotes, notes: Sequence[dict[str, Any]], sustained: np.ndarray) -> None:
    """Rows beyond the last that was recorded. Struck notes without a note-off go on decaying as before it, and sustained ones go on,
    for as long as the longest of them; without late rows they stay as they were. Late rows of the others are not trained on.
    """
    late = bank.rows.shape[1] > ROWS
    long = sustained & (bank.hold_s >= LEAST_MOTION_S)
    for i, note in enumerate(notes):
        rows, last = bank.rows[i], int(bank.valid_rows[i]) - 1
        if late and last == ROWS - 1:
            last += int(note.get("late", 0))
        if long[i]:
            end = _sustains_until(rows[:last + 1], bank.times_s) if late else 0
            last = end or last
            rows[last + 1:] = _back_and_forth(rows, bank.times_s, end) if end else rows[last]
            bank.valid_rows[i] = last + 1
        elif sustained[i] or note.get("released", True) or last < 8:
            rows[ROWS:] = rows[ROWS - 1]
        else:
            _fall_on(rows, bank.times_s, last)
            bank.valid_rows[i] = len(rows)
    bank.valid_rows[long] = max(ROWS, bank.valid_rows[long].max(initial=0))


def _fall_on(rows: np.ndarray, times_s: np.ndarray, last: int) -> None:
    """What follows row `last` of a struck note [R, FRAME_SIZE], in place: each level falls as it did before."""
    before = int(np.searchsorted(times_s, times_s[last] * (1 - SLOPE_SHARE)))
    since = (times_s[last + 1:] - times_s[last])[:, None]
    for part, floor in ((LEVEL, LEVEL_FLOOR_DB), (NOISE, NOISE_FLOOR_DB)):
        end = rows[last, part].astype(np.float32)
        slope = np.minimum(end - rows[before, part], 0) / (times_s[last] - times_s[before])
        rows[last + 1:, part] = np.maximum(end + slope * since, floor)
    rows[last + 1:, DEVIATION] = rows[last, DEVIATION]


def _sustains_until(rows: np.ndarray, times_s: np.ndarray) -> int:
    """The last of the rows [R, FRAME_SIZE] of a sustained note before it fades; 0 where it falls all the time, as a plucked one does."""
    first = ROWS // 2
    loud = power_db(rows[first:].astype(np.float32))
    end = int(np.flatnonzero(loud > np.median(loud) - FADED_DB)[-1])
    slope_db_s = np.polyfit(times_s[first:first + end + 1], loud[:end + 1], 1)[0] if end else -np.inf
    return first + end if slope_db_s > -LEAST_FALL_DB_S else 0


def _back_and_forth(rows: np.ndarray, times_s: np.ndarray, last: int) -> np.ndarray:
    """What follows row `last` of a sustained note [R, FRAME_SIZE], so that it lives: its second half backwards, then forwards again.
    [R - last - 1, FRAME_SIZE]"""
    span_s = times_s[last] / 2
    back_s = (times_s[last + 1:] - times_s[last]) % (2 * span_s)
    wanted_s = times_s[last] - np.minimum(back_s, 2 * span_s - back_s)
    return at_times(rows[:last + 1].astype(np.float32), times_s[:last + 1], wanted_s)


def tune(bank: BankNotes) -> None:
    """Remove the remaining mistuning of each note, as `models/playing/period.py` measures it."""
    times = row_times_s()
    for i in range(0, len(bank.rows), 512):
        notes = slice(i, min(i + 512, len(bank.rows)))
        end = np.minimum(1.3, np.maximum(bank.hold_s[notes], 0.2))
        cents = np.zeros(len(end))
        for n, until in enumerate(end):
            heard = np.flatnonzero((times >= min(0.3, until / 2)) & (times <= until))[::4]
            off_cents = periods_cents(bank.rows[i + n, heard].astype(np.float32), np.full(len(heard), pitch_to_hz(bank.pitch[i + n])))
            cents[n] = np.median(off_cents)
        off = (2 ** (cents / 1200)).astype(np.float32)
        deviation = (SLOT_RATIO + bank.rows[notes, :, DEVIATION].astype(np.float32)) / off[:, None, None] - SLOT_RATIO
        bank.rows[notes, :, DEVIATION] = deviation.clip(-0.5, 0.5)
        bank.f0_hz[notes] *= off


def even_out(bank: BankNotes) -> None:
    """Bring each note to the mean level of its dynamic around its key: no player plays two keys exactly alike, and a keyboard should.

    An instrument's notes of one velocity and length are one dynamic; differences between dynamics, and trends over the keys, stay.
    """
    layers = np.stack([bank.instrument, bank.velocity, bank.hold_s > 1], 1)
    for layer in np.unique(layers, axis=0):
        notes = np.flatnonzero((layers == layer).all(1))
        key, level = bank.pitch[notes].astype(float), bank.rms_db[notes]
        near = np.exp(-0.5 * ((key[:, None] - key) / TREND_SEMITONES) ** 2)
        step_db = ((near @ level) / near.sum(1) - level).clip(-MOST_EVENED_DB, MOST_EVENED_DB)
        for part, floor in ((LEVEL, LEVEL_FLOOR_DB), (NOISE, NOISE_FLOOR_DB)):
            rows = bank.rows[notes, :, part].astype(np.float32)
            bank.rows[notes, :, part] = np.where(rows > floor, np.maximum(rows + step_db[:, None, None], floor), rows)
        bank.rms_db[notes] += step_db
        bank.peak_db[notes] += step_db
