"""The arpeggiator: held keys become notes in beats of the tempo.

It sits between the keys and the voices. The same keys, controls and tempo make the same notes at the same samples, so a take holds the
keys, and a replay makes the notes again. A step that a pattern lets rest takes no key, so none is left out.

    arpeggiator.press(NoteOn(0, 60, 100), sample)
    while arpeggiator.due <= until:
        for event in arpeggiator.play(controls): ...          # NoteOn and NoteOff, at the sample that was due
"""
import math
from typing import NamedTuple, TypedDict

import numpy as np

from hummingface.instrument.patches.parameters import ACCENT, ARPEGGIATOR_STEPS, BEATS, NOTE, TIE
from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn

UP, DOWN, UP_DOWN, AS_PLAYED, RANDOM, CHORD = range(6)
NEVER, LONG_AGO = 1 << 62, -(1 << 30)      # samples
ACCENT_VELOCITY = 28                # that an accent adds
JOIN_S = 0.05                       # keys of a chord that come so much later still sound in its step
HIGHEST_NOTE = 127
LEAST_GATE_SAMPLES = 64

_ON, _MODE, _OCTAVES, _RATE, _GATE, _SWING, _LATCH, _LENGTH = (
    INDEX[f"arpeggiator.{name}"] for name in ("on", "mode", "octaves", "rate", "gate", "swing", "latch", "length"))
_STEPS = [INDEX[f"arpeggiator.step_{number + 1}"] for number in range(ARPEGGIATOR_STEPS)]


class HeldKey(NamedTuple):
    """A key that takes part: held by a hand, by the pedal, or latched."""
    channel: int
    note: int
    velocity: int


class SoundingNote(NamedTuple):
    """A note that the arpeggiator has begun. `legato`: it ends after those that begin at the same sample."""
    end: int
    channel: int
    note: int
    legato: bool


class ArpeggiatorState(TypedDict):
    """Where an arpeggiator stands, as plain values; `grid` None: it stands still. What each of them is `Arpeggiator.__init__` says."""
    keys: list[list[int]]               # of [channel, note, velocity]
    down: list[list[int]]               # of [channel, note, hands]
    pedals: list[int]
    sounding: list[list[int]]           # of [end, channel, note, legato]
    grid: float | None
    swing: float
    step: int
    played: int
    begun: int
    step_end: int


class Arpeggiator:
    """`due`: the sample at which `play` is to be called next. One thread."""

    def __init__(self, rate_hz: int, seed: int = 0) -> None:
        self._rate_hz, self._seed = rate_hz, seed
        self.on = self._latch = False
        self._keys: list[HeldKey] = []                      # in the order in which they were struck
        self._down: dict[tuple[int, int], int] = {}         # (channel, note) that hands hold: how many do
        self._pedals: set[int] = set()                      # channels
        self._sounding: list[SoundingNote] = []
        self._grid = math.inf                               # sample of the next step, before swing; inf: it stands
        self._swing = 0.0                                   # samples by which that step comes later
        self._step = self._played = 0                       # steps and notes since it began
        self._begun = LONG_AGO                            # sample of the newest step that played, and the end of its notes
        self._step_end = 0

    @property
    def due(self) -> int:
        step = NEVER if self._grid == math.inf else round(self._grid + self._swing)
        return min([step, *(note.end for note in self._sounding)])

    def set(self, controls: np.ndarray, sample: int) -> None:
        """Take over its switches from the values of all controls. Switched off, it ends its notes now and forgets its keys."""
        latch = bool(controls[_LATCH])
        if self._latch and not latch:
            self._latch = False
            self._drop_released()
        self._latch = latch
        on = bool(controls[_ON])
        if self.on and not on:
            self._pedals.clear()
            self.release_all()
            self._sounding = [note._replace(end=sample) for note in self._sounding]
        self.on = on

    def press(self, event: NoteOn, sample: int, controls: np.ndarray) -> list[NoteOn]:
        """A key is struck. Returns what sounds at once, beside what comes with the next step."""
        if self._latch and not self._down and not self._pedals:
            self._keys = []                                 # a new chord after all keys were up
        key = HeldKey(event.channel, event.note, event.velocity)
        self._keys = [other for other in self._keys if other[:2] != key[:2]] + [key]
        self._down[key[:2]] = self._down.get(key[:2], 0) + 1
        if self._grid == math.inf:
            self._grid, self._swing, self._step, self._played = float(sample), 0.0, 0, 0
        elif int(controls[_MODE]) == CHORD and sample - self._begun < JOIN_S * self._rate_hz and sample < self._step_end:
            self._sounding.append(SoundingNote(self._step_end, key.channel, key.note, False))
            return [event]
        return []

    def lift(self, event: NoteOff) -> bool:
        """A key is released. Returns whether it was one of the arpeggiator's."""
        key = event.channel, event.note
        if key not in self._down:
            return False
        self._down[key] -= event.ends
        if self._down[key] <= 0:
            del self._down[key]
            self._drop_released()
        return True

    def pedal(self, channel: int, down: bool) -> None:
        """The sustain pedal: keys that are released meanwhile go on taking part."""
        (self._pedals.add if down else self._pedals.discard)(channel)
        self._drop_released()

    def release_all(self, channel: int | None = None) -> None:
        """No key of a channel, or of any, takes part any more."""
        self._keys = [key for key in self._keys if channel not in (None, key.channel)]
        self._down = {key: hands for key, hands in self._down.items() if channel not in (None, key[0])}
        self._stop_without_keys()

    def silence(self, channel: int | None = None) -> None:
        """The same, and notes that sound are silenced elsewhere."""
        self.release_all(channel)
        self._sounding = [note for note in self._sounding if channel not in (None, note.channel)]

    def play(self, controls: np.ndarray, tempo_bpm: float) -> list[NoteOn | NoteOff]:
        """What happens at the sample that is `due`, in order."""
        now = self.due
        ending = [note for note in self._sounding if note.end <= now]
        self._sounding = [note for note in self._sounding if note.end > now]
        begins: list[NoteOn] = []
        if self._grid + self._swing < now + 0.5:
            begins = self._play_step(now, controls, tempo_bpm)
        again = {(begin.channel, begin.note) for begin in begins}
        late = [note for note in ending if note.legato and (note.channel, note.note) not in again]
        early = [note for note in ending if note not in late]
        return [*(NoteOff(note.channel, note.note) for note in early), *begins, *(NoteOff(note.channel, note.note) for note in late)]

    def _play_step(self, now: int, controls: np.ndarray, tempo_bpm: float) -> list[NoteOn]:
        step_samples = BEATS[int(controls[_RATE]) + 1][1] * 60 / tempo_bpm * self._rate_hz
        length = int(controls[_LENGTH])
        kind = int(controls[_STEPS[self._step % length]])
        begins: list[NoteOn] = []
        if kind in (NOTE, ACCENT) and (keys := self._chosen(controls)):
            ties = 0
            while ties < length - 1 and int(controls[_STEPS[(self._step + 1 + ties) % length]]) == TIE:
                ties += 1
            gate = float(controls[_GATE])
            self._begun = now
            self._step_end = now + max(round((ties + gate) * step_samples), LEAST_GATE_SAMPLES)
            for key in keys:
                velocity = min(key.velocity + ACCENT_VELOCITY * (kind == ACCENT), 127)
                begins.append(NoteOn(key.channel, key.note, velocity))
                self._sounding.append(SoundingNote(self._step_end, key.channel, key.note, gate >= 1))
            self._played += 1
        self._step += 1
        self._grid += step_samples
        self._swing = float(controls[_SWING]) * step_samples if self._step % 2 else 0.0
        return begins

    def _chosen(self, controls: np.ndarray) -> list[HeldKey]:
        """The keys that the next step plays."""
        mode, octaves = int(controls[_MODE]), int(controls[_OCTAVES])
        keys = self._keys if mode == AS_PLAYED else sorted(self._keys, key=lambda key: (key.note, key.channel))
        shifts = [12 * octave for octave in range(octaves)]
        if mode == CHORD:
            shift = shifts[self._played % octaves]
            return [key._replace(note=key.note + shift) for key in keys if key.note + shift <= HIGHEST_NOTE]
        row = [key._replace(note=key.note + shift) for shift in shifts for key in keys if key.note + shift <= HIGHEST_NOTE]
        if not row:
            return []
        if mode == RANDOM:
            return [row[int(np.random.default_rng((self._seed, self._played)).integers(len(row)))]]
        if mode == DOWN:
            row.reverse()
        elif mode == UP_DOWN:
            row += row[-2:0:-1]
        return [row[self._played % len(row)]]

    def _drop_released(self) -> None:
        if not self._latch:
            self._keys = [key for key in self._keys if key[:2] in self._down or key.channel in self._pedals]
            self._stop_without_keys()

    def _stop_without_keys(self) -> None:
        if not self._keys:
            self._grid = math.inf

    def capture(self) -> ArpeggiatorState:
        """A copy of where it stands, as plain values."""
        return {"keys": [list(key) for key in self._keys], "down": [[*key, hands] for key, hands in self._down.items()],
                "pedals": sorted(self._pedals),
                "sounding": [[note.end, note.channel, note.note, int(note.legato)] for note in self._sounding],
                "grid": None if self._grid == math.inf else self._grid, "swing": self._swing, "step": self._step, "played": self._played,
                "begun": self._begun, "step_end": self._step_end}

    def restore(self, values: ArpeggiatorState) -> None:
        """Take over what `capture` gave."""
        self._keys = [HeldKey(channel, note, velocity) for channel, note, velocity in values["keys"]]
        self._down = {(channel, note): hands for channel, note, hands in values["down"]}
        self._pedals = set(values["pedals"])
        self._sounding = [SoundingNote(end, channel, note, bool(legato)) for end, channel, note, legato in values["sounding"]]
        self._grid = math.inf if values["grid"] is None else values["grid"]
        self._swing, self._step, self._played = values["swing"], values["step"], values["played"]
        self._begun, self._step_end = values["begun"], values["step_end"]
