"""At which pitch each key sounds: the one law, from everything that tunes an instrument.

What is in force, the first that there is:
1. what an MTS-ESP master says: it tunes all instruments of a session alike;
2. keys and octaves that MIDI Tuning Standard messages have set, until another tuning is chosen;
3. the patch's own tuning;
4. the player's tuning for all patches;
5. equal temperament.
On top of each come coarse and fine tuning of the channel (RPN 2 and 1). A4 moves what does not say itself at how many Hz it sounds:
equal temperament, scales without a keyboard mapping, octaves of the MIDI Tuning Standard.
"""
import math
from typing import TypedDict

import numpy as np

from hummingface.instrument.patches import scale_tuning
from hummingface.instrument.patches.scale_tuning import HIGHEST_PITCH, KEYS, LOWEST_PITCH, ScaleTuning
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.tuning_events import (
    CHANNELS,
    HostTuning,
    TuneKeys,
    TuneOctave,
    TuningEvent,
    UseTuning,
    checked_row,
    heard,
    plain,
)
from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_whole

CONCERT_A_HZ = 440.0
MIDDLE_FINE = 8192                  # of RPN 1: cents = (value - MIDDLE_FINE) / MIDDLE_FINE * 100
MIDDLE_COARSE = 64                  # of RPN 2: semitones = MSB - MIDDLE_COARSE
RPN_FINE, RPN_COARSE = [0, 1], [0, 2]
Places = slice | list[int]            # of a row or a column
EQUAL = np.arange(KEYS, dtype=float)


class TunedKeys(TypedDict, total=False):
    """What tunes keys and is not as at the start, as plain values: rows of pitches of all keys, null for silence."""
    player: JsonObject
    by_midi: list[list[float | None]]
    by_a4: list[list[int]]
    host: list[list[float | None]]
    fine: list[int]
    coarse: list[int]


class KeyPitches:
    """`table` [CHANNELS, KEYS] has the fractional MIDI pitch of every key, NaN where it is silent; it is changed in place. `by` says whose
    tuning is in force: "host", "midi", "patch", "player" or "" (equal temperament); `name` is that of a patch's or the player's.
    """

    def __init__(self) -> None:
        self.table = np.tile(EQUAL, (CHANNELS, 1))
        self.a4_hz = CONCERT_A_HZ
        self._patch: ScaleTuning | None = None
        self._player: ScaleTuning | None = None
        self._by_midi: np.ndarray | None = None             # [CHANNELS, KEYS] NaN where no message has set a key,
        self._by_a4: np.ndarray | None = None               # [CHANNELS, KEYS] bool, whether A4 moves it
        self._host: np.ndarray | None = None
        self._fine = [MIDDLE_FINE] * CHANNELS
        self._coarse = [MIDDLE_COARSE] * CHANNELS

    @property
    def by(self) -> str:
        return ("host" if self._host is not None else "midi" if self._by_midi is not None else "patch" if self._patch is not None
                else "player" if self._player is not None else "")

    @property
    def name(self) -> str:
        chosen = {"patch": self._patch, "player": self._player}.get(self.by)
        return chosen.name if chosen is not None else ""

    def set_a4(self, hz: float) -> bool:
        """Whether the pitch of a key may have changed."""
        changed, self.a4_hz = hz != self.a4_hz, hz
        if changed:
            self._compute()
        return changed

    def load(self, patch: ScaleTuning | None) -> bool:
        """A patch begins to play, with a tuning of its own or none. Returns whether the pitch of a key may have changed."""
        if patch is None and self._patch is None:
            return False
        self._patch = patch
        if patch is not None:
            self._by_midi = self._by_a4 = None
        self._compute()
        return True

    def hear(self, event: TuningEvent) -> None:
        """Take an event."""
        match event:
            case UseTuning(tuning):
                self._player, self._by_midi, self._by_a4 = tuning, None, None
            case TuneKeys(keys, pitches):
                self._set_by_midi(slice(None), list(keys), [heard(pitch) for pitch in pitches], False)
            case TuneOctave(channels, cents):
                self._set_by_midi(list(channels), slice(None), EQUAL + np.resize(np.array(cents) / 100, KEYS), True)
            case HostTuning(rows):
                self._host = np.resize(np.array(rows, float), (CHANNELS, KEYS)) if rows else None
        self._compute()

    def enter(self, channel: int, rpn: list[int], number: int, value: int) -> bool:
        """Data entry, MSB or LSB, for the RPN that a channel has chosen. Returns whether it has tuned the channel."""
        msb = number == midi.DATA_MSB
        if rpn == RPN_FINE:
            before = self._fine[channel]
            self._fine[channel] = value << 7 | before & 0x7F if msb else before & ~0x7F | value
        elif rpn == RPN_COARSE and msb:
            self._coarse[channel] = value
        else:
            return False
        self._compute()
        return True

    def _set_by_midi(self, channels: Places, keys: Places, pitches: np.ndarray | list[float], by_a4: bool) -> None:
        if self._by_midi is None or self._by_a4 is None:
            self._by_midi, self._by_a4 = np.full((CHANNELS, KEYS), math.nan), np.zeros((CHANNELS, KEYS), bool)
        self._by_midi[channels, keys], self._by_a4[channels, keys] = pitches, by_a4

    def _compute(self) -> None:
        """All of the table, from everything that tunes."""
        by_a4 = 12 * math.log2(self.a4_hz / CONCERT_A_HZ)
        chosen = self._patch or self._player
        if chosen is None:
            self.table[:] = EQUAL + by_a4
        else:
            self.table[:] = chosen.pitches() + (0.0 if chosen.names_frequency else by_a4)
        if self._by_midi is not None and self._by_a4 is not None:
            said = ~np.isnan(self._by_midi)
            self.table[said] = (self._by_midi + by_a4 * self._by_a4)[said]
        if self._host is not None:
            self.table[:] = self._host
        semitones = np.array(self._coarse) - MIDDLE_COARSE + (np.array(self._fine) - MIDDLE_FINE) / MIDDLE_FINE
        self.table += semitones[:, None]
        self.table[~((self.table >= LOWEST_PITCH) & (self.table <= HIGHEST_PITCH))] = math.nan

    # Snapshots

    def capture(self) -> TunedKeys:
        """What is not as at the start, as plain values. (A4 is a control, and the patch has its own tuning.)"""
        found: TunedKeys = {}
        if self._player is not None:
            found["player"] = self._player.to_json()
        if self._by_midi is not None and self._by_a4 is not None:
            found["by_midi"], found["by_a4"] = [plain(row) for row in self._by_midi], self._by_a4.astype(int).tolist()
        if self._host is not None:
            found["host"] = [plain(row) for row in self._host]
        if any(value != MIDDLE_FINE for value in self._fine):
            found["fine"] = list(self._fine)
        if any(value != MIDDLE_COARSE for value in self._coarse):
            found["coarse"] = list(self._coarse)
        return found

    def restore(self, values: TunedKeys) -> None:
        """Take over what `capture` gave, checked by `check`."""
        self._player = scale_tuning.from_json(values["player"], "the take's tuning") if "player" in values else None
        self._by_midi = _table_of(values["by_midi"]) if "by_midi" in values else None
        self._by_a4 = np.array(values["by_a4"], bool) if "by_a4" in values else None
        self._host = _table_of(values["host"]) if "host" in values else None
        self._fine = list(values.get("fine", [MIDDLE_FINE] * CHANNELS))
        self._coarse = list(values.get("coarse", [MIDDLE_COARSE] * CHANNELS))
        self._compute()


def check(values: object) -> None:
    """Raises ValueError where these cannot be what `KeyPitches.capture` gave."""
    if not isinstance(values, dict) or set(values) - {"player", "by_midi", "by_a4", "host", "fine", "coarse"}:
        raise ValueError("its tuning has fields that are not known")
    if "player" in values:
        scale_tuning.from_json(values["player"], "its tuning")
    for name in ("by_midi", "host"):
        if name in values:
            _table_of(values[name])
    if ("by_midi" in values) != ("by_a4" in values):
        raise ValueError("its tuning by MIDI is not whole")
    for name, rows, columns, most in (("by_a4", CHANNELS, KEYS, 1), ("fine", 1, CHANNELS, 2 * MIDDLE_FINE - 1),
                                      ("coarse", 1, CHANNELS, 127)):
        of = values.get(name)
        if of is not None and not _is_table([of] if rows == 1 else of, rows, columns, most):
            raise ValueError(f"{name} of its tuning is not {rows} times {columns} numbers from 0 to {most}")


def _is_table(values: object, rows: int, columns: int, most: int) -> bool:
    return isinstance(values, list) and len(values) == rows and all(
        isinstance(row, list) and len(row) == columns and all(is_whole(value, 0, most) for value in row) for row in values)


def _table_of(rows: object) -> np.ndarray:
    """[CHANNELS, KEYS]. Raises ValueError."""
    if not isinstance(rows, list) or len(rows) != CHANNELS or not all(isinstance(row, list) and len(row) == KEYS for row in rows):
        raise ValueError(f"a tuning is not of {CHANNELS} channels and {KEYS} keys")
    return np.array([checked_row(row) for row in rows])
