"""Voice allocation: which note sounds in which slot, with stealing, pedals, mono and legato.

A voice is a row of `table`, in the slot of the same number in the state block. This file starts and ends notes; `modulation.py` shapes
their sound. A stolen voice keeps its slot and fades out within a hop while the new note begins in another one.

A key that is held is struck again where two hands share it, or where notes of a file overlap. It is held until each strike has ended, in
all modes. Its earlier voices:
- poly: end within `REPEAT_RELEASE_S`; but under the pedal they ring on, as on a piano and in FluidSynth, the loudest few of them;
- mono: there is one voice, and it begins again; legato: it goes on. A held key comes back when a newer one is released.

At which pitch a key sounds is said by `key_pitches.py`; keys that it leaves silent start no voice.
"""
import numpy as np

from hummingface.instrument.performance.voice_table import FADING, FREE, HELD, PEDAL, RELEASED, voice_dtype
from hummingface.instrument.synthesis.state import SLOTS

POLY, MONO, LEGATO = range(3)
FIRST_OFF_ENDS, EACH_STRIKE_HOLDS = 1, 2              # rules, as takes name them: takes of before keep the first
RULES = EACH_STRIKE_HOLDS
REPEAT_RELEASE_S = 0.25                               # when a note is struck again, its old voice is released in at most this time (60 dB)
MOST_RINGING = 4                                      # earlier strikes of a key that the pedal holds: each adds to its loudness
REST_HOPS = 3                                         # until no start can reach a slot before its last hop has passed
MOST_PLAYING = 128
MOST_STARTS = 96                                      # notes that may begin in one hop; the ring of starts holds 256
RETUNE_S = 0.02                                       # in which sounding notes glide to another pitch of their keys


class Voices:
    """The sounding notes. `hop` is the newest computed hop: a freed slot rests until no published hop uses it. `pitches` [16, 128] are
    those of the keys, as `KeyPitches.table`.
    """

    def __init__(self, pitches: np.ndarray | None = None) -> None:
        self.pitches = np.tile(np.arange(128.0), (16, 1)) if pitches is None else pitches
        self.table = np.zeros(SLOTS, voice_dtype)
        self.table["rest_until"] = -1
        self.stage, self.channel, self.key = (self.table[name] for name in ("stage", "channel", "key"))
        self.born_count = self.release_count = 0
        self.hop = -1
        self.limit = 64
        self.mode = POLY
        self.glide_s = 0.0
        self.rules = RULES
        self.strikes: dict[tuple[int, int], int] = {}       # (channel, key): how many hold it
        self._starts, self._starts_hop = 0, -1              # how many began after which hop
        self.owed: dict[tuple[int, int], int] = {}          # (channel, key) struck while no voice could begin: velocity; newest last
        self.down = np.zeros(16, bool)                      # sustain pedals
        self.held: list[tuple[int, int, int]] = []          # keys down in mono and legato: channel, key, velocity; newest last
        self.last_pitch: float | None = None

    @property
    def starts_left(self) -> int:
        """How many notes may begin until the next hop."""
        return MOST_STARTS - (self._starts if self._starts_hop == self.hop else 0)

    def note_on(self, channel: int, key: int, velocity: int) -> int | None:
        """Presses a key. Returns the slot of the voice to start, or None where none starts (legato, no slot, or a silent key)."""
        if not self.sounds(channel, key):
            return None
        self.strikes[channel, key] = self.strikes.get((channel, key), 0) + 1
        if self.mode == POLY:
            return self._strike(channel, key, velocity)
        self.held = [note for note in self.held if note[:2] != (channel, key)] + [(channel, key, velocity)]
        return self._mono(channel, key, velocity, tied=len(self.held) > 1)

    def note_off(self, channel: int, key: int, ends: int = 1, release_velocity: float = 0.5) -> int | None:
        """Ends so many strikes of a key, at a velocity of 0..1. Returns the slot of a voice to start: a held note's return in mono mode."""
        left = self.strikes.pop((channel, key), 0) - ends
        if left > 0 and self.rules == EACH_STRIKE_HOLDS:
            self.strikes[channel, key] = left
            return None
        self.owed.pop((channel, key), None)
        self.held = [note for note in self.held if note[:2] != (channel, key)]
        ending = (self.stage == HELD) & (self.channel == channel) & (self.key == key)
        if not ending.any():
            return None
        if self.mode != POLY and self.held:
            return self._mono(*self.held[-1], tied=True)
        self.table["release_velocity"][ending] = release_velocity
        if self.down[channel]:
            self.stage[ending] = PEDAL
        else:
            self._release(ending)
        return None

    def pedal(self, channel: int, down: bool) -> None:
        self.down[channel] = down
        if not down:
            self._release((self.stage == PEDAL) & (self.channel == channel))

    def all_notes_off(self, channel: int) -> None:
        """Releases all keys of a channel; the pedal still sustains their notes if it is held."""
        self._forget(channel)
        self.held = [note for note in self.held if note[0] != channel]
        ending = (self.stage == HELD) & (self.channel == channel)
        if self.down[channel]:
            self.stage[ending] = PEDAL
        else:
            self._release(ending)

    def silence(self, channel: int | None = None) -> None:
        """Fades voices out within the next hop: all, or those of a channel."""
        self._forget(channel)
        self.held = [note for note in self.held if channel is not None and note[0] != channel]
        sounding = self.stage != FREE
        self.stage[sounding if channel is None else sounding & (self.channel == channel)] = FADING

    def _forget(self, channel: int | None) -> None:
        """No key of a channel, or of any, is held."""
        if channel is None:
            self.strikes, self.owed = {}, {}
        self.strikes, self.owed = ({key: value for key, value in of.items() if key[0] != channel} for of in (self.strikes, self.owed))

    def begin_owed(self) -> list[int]:
        """Begins the newest of the notes that found no slot; call it when a hop has passed. Returns the slots of voices to start."""
        owed, self.owed = list(self.owed.items())[-min(self.limit, MOST_PLAYING):], {}
        if self.mode != POLY:
            slots = [self._mono(*self.held[-1], tied=False)] if self.held else []
        else:
            slots = [self._strike(*key, velocity) for key, velocity in owed]
        return [slot for slot in slots if slot is not None]

    def sounds(self, channel: int, key: int) -> bool:
        """Whether the key has a pitch."""
        return self.pitches[channel, key] == self.pitches[channel, key]

    def retune(self) -> None:
        """The pitches of keys have changed: notes that sound glide there. Those whose keys are silent now go on as they are."""
        table = self.table
        goal = self.pitches[table["channel"], table["key"]]
        moved = (self.stage != FREE) & (self.stage != FADING) & (goal != table["goal"]) & ~np.isnan(goal)
        rested = moved & (table["pitch"] == table["goal"])
        table["goal"][moved] = goal[moved]
        table["glide"][rested] = np.abs(goal - table["pitch"])[rested] / RETUNE_S

    def set_mode(self, mode: int) -> None:
        if mode != self.mode:
            self.mode, self.held, self.owed = mode, [], {}

    def free(self, slot: int) -> None:
        """Free the slot of a voice that is silent at the end of the hop that is being computed; the slot rests a little."""
        self.stage[slot] = FREE
        self.table["rest_until"][slot] = self.hop + 1 + REST_HOPS

    def playing(self) -> np.ndarray:
        return (self.stage == HELD) | (self.stage == PEDAL) | (self.stage == RELEASED)

    def _release(self, which: np.ndarray, shortest_s: float = 0.0) -> None:
        if which.any():
            self.stage[which] = RELEASED
            self.release_count += 1
            self.table["release_number"][which] = self.release_count
            self.table["shortest_release_s"][which] = shortest_s

    def _strike(self, channel: int, key: int, velocity: int) -> int | None:
        if (slot := self._free_slot()) is None and self._owe(channel, key, velocity):
            return None
        same = ((self.stage == HELD) | (self.stage == PEDAL)) & (self.channel == channel) & (self.key == key)
        if self.down[channel] and self.rules == EACH_STRIKE_HOLDS:
            self.stage[same] = PEDAL
            ringing = np.flatnonzero(same)
            same[ringing[self._by_loudness(ringing)[-MOST_RINGING:]]] = False
        self._release(same, REPEAT_RELEASE_S)
        return self._start(slot, channel, key, velocity)

    def _mono(self, channel: int, key: int, velocity: int, tied: bool) -> int | None:
        sounding = np.flatnonzero((self.stage == HELD) | (self.stage == PEDAL))
        if self.mode == LEGATO and tied and len(sounding):
            slot = sounding[np.argmax(self.table["born"][sounding])]
            voice = self.table[slot]
            voice["channel"], voice["line"], voice["key"], voice["stage"] = channel, channel, key, HELD
            voice["goal"] = self.pitches[channel, key]
            self._glide(slot, voice["pitch"])
            return None
        if (slot := self._free_slot()) is None and self._owe(channel, key, velocity):
            return None
        self.stage[self.playing()] = FADING
        return self._start(slot, channel, key, velocity)

    def _free_slot(self) -> int | None:
        free = np.flatnonzero((self.stage == FREE) & (self.table["rest_until"] <= self.hop))
        return int(free[0]) if len(free) and self.starts_left > 0 else None

    def _owe(self, channel: int, key: int, velocity: int) -> bool:
        """A note finds no slot, or too many have begun in this hop. Returns whether it begins later: by the first rules it is lost."""
        if self.rules == EACH_STRIKE_HOLDS:
            self.owed.pop((channel, key), None)
            self.owed[channel, key] = velocity
        return self.rules == EACH_STRIKE_HOLDS

    def _start(self, slot: int | None, channel: int, key: int, velocity: int) -> int | None:
        self._make_room()
        if slot is None:
            return None
        self._starts, self._starts_hop = MOST_STARTS - self.starts_left + 1, self.hop
        voice = self.table[slot]
        rest = voice["rest_until"]
        self.table[slot] = np.zeros((), voice_dtype)
        voice["rest_until"], voice["stage"], voice["channel"], voice["key"] = rest, HELD, channel, key
        voice["line"], voice["velocity"], voice["born"], voice["peak"] = channel, velocity, self.born_count, 1.0
        self.born_count += 1
        voice["goal"] = self.pitches[channel, key]
        self._glide(slot, voice["goal"] if self.last_pitch is None else self.last_pitch)
        return slot

    def _glide(self, slot: int, start: float) -> None:
        voice = self.table[slot]
        self.last_pitch = float(voice["goal"])
        if self.glide_s > 1e-3:
            voice["pitch"], voice["glide"] = start, abs(voice["goal"] - start) / self.glide_s
        else:
            voice["pitch"] = voice["goal"]

    def _make_room(self) -> None:
        """Steals until one more fits: the voice that was released first, else the quietest (in steps of 3 dB) and oldest."""
        playing = np.flatnonzero(self.playing())
        while len(playing) >= min(self.limit, MOST_PLAYING):
            voices = self.table[playing]
            released = np.flatnonzero(voices["stage"] == RELEASED)
            if len(released):
                chosen = released[np.lexsort((voices["born"][released], voices["release_number"][released]))[0]]
            else:
                chosen = self._by_loudness(playing)[0]
            self.stage[playing[chosen]] = FADING
            playing = np.delete(playing, chosen)

    def _by_loudness(self, slots: np.ndarray) -> np.ndarray:
        """The order of voices from the quietest, in steps of 3 dB, and oldest."""
        voices = self.table[slots]
        loudness = np.round(np.log2(np.maximum(voices["peak"], 1e-6)) * 2)
        return np.lexsort((voices["born"], loudness))
