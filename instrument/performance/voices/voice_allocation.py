"""Voice allocation: which note sounds in which slot, with stealing, pedals, mono and legato.

A voice is a row of `table`, in the slot of the same number in the state block. This file starts and ends notes; `modulation.py` shapes
their sound. A stolen voice keeps its slot and fades out within a hop while the new note begins in another one.

A key that is held is struck again where two hands share it, or where notes of a file overlap. It is held until each strike has ended, in
all modes. Its earlier voices:
- poly: end within `REPEAT_RELEASE_S`; but under the pedal they ring on, as on a piano and in FluidSynth, the loudest few of them;
- mono: there is one note, and it begins again; legato: it goes on. Of the held keys one sounds, by their priority; another comes back when
  it is released.

A note may have several voices, in unison: `note_on` and `note_off` give the first of them, `begin_unison` the others.

At which pitch a key sounds is said by `key_pitches.py`; keys that it leaves silent start no voice.
"""
import numpy as np

from hummingface.instrument.performance.voices.glide import Glide
from hummingface.instrument.performance.voices.stealing import QUIETEST, by_loudness, first_to_go
from hummingface.instrument.performance.voices.voice_table import FADING, FREE, HELD, PEDAL, RELEASED, voice_dtype
from hummingface.instrument.synthesis.state import SLOTS

POLY, MONO, LEGATO = range(3)
NEWEST, LOWEST, HIGHEST = range(3)                    # priorities of held keys in mono and legato
# Rules, as takes name them: takes of before keep theirs. By the last, zones of MPE, all pedals, fine controllers and NRPNs count.
FIRST_OFF_ENDS, EACH_STRIKE_HOLDS, WHOLE_MIDI = ALL_RULES = 1, 2, 3
RULES = WHOLE_MIDI
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
        self.glide = Glide()
        self.priority = NEWEST
        self.stealing = QUIETEST
        self.unison = 1                                     # voices of each note
        self.rules = RULES
        self.strikes: dict[tuple[int, int], int] = {}       # (channel, key): how many hold it
        self._starts, self._starts_hop = 0, -1              # how many began after which hop
        self.owed: dict[tuple[int, int], int] = {}          # (channel, key) struck while no voice could begin: velocity; newest last
        self.down, self.caught = np.zeros((2, 16), bool)    # sustain and sostenuto pedals
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
        if self._first_held()[:2] != (channel, key):
            return None
        return self._mono(channel, key, velocity, tied=len(self.held) > 1)

    def note_off(self, channel: int, key: int, ends: int = 1, release_velocity: float = 0.5) -> int | None:
        """Ends so many strikes of a key, at a velocity of 0..1. Returns the slot of a voice to start: a held note's return in mono mode."""
        left = self.strikes.pop((channel, key), 0) - ends
        if left > 0 and self.rules != FIRST_OFF_ENDS:
            self.strikes[channel, key] = left
            return None
        self.owed.pop((channel, key), None)
        self.held = [note for note in self.held if note[:2] != (channel, key)]
        ending = (self.stage == HELD) & (self.channel == channel) & (self.key == key)
        if not ending.any():
            return None
        if self.mode != POLY and self.held:
            return self._mono(*self._first_held(), tied=True)
        self.table["release_velocity"][ending] = release_velocity
        self._lift(ending, channel)
        return None

    def pedal(self, channel: int, down: bool) -> None:
        """The sustain pedal is down, or up."""
        self.down[channel] = down
        if not down:
            self._release((self.stage == PEDAL) & (self.channel == channel) & (self.table["caught"] == 0))

    def sostenuto(self, channel: int, down: bool) -> None:
        """The pedal that holds only the keys that are down when it is pressed."""
        if down == self.caught[channel]:
            return
        self.caught[channel] = down
        mine = self.channel == channel
        self.table["caught"][mine] = (self.stage[mine] == HELD) & down
        if not down and not self.down[channel]:
            self._release((self.stage == PEDAL) & mine)

    def _lift(self, ending: np.ndarray, channel: int) -> None:
        """Keys are up: their voices are released but for what pedals hold."""
        kept = ending & (self.down[channel] | (self.table["caught"] != 0))
        self.stage[kept] = PEDAL
        self._release(ending & ~kept)

    def listening(self, channel: int) -> np.ndarray:
        """The slots of the voices that a channel moves. [B]"""
        return np.flatnonzero((self.stage != FREE) & (self.table["line"] == channel))

    def detach_lifted(self, channel: int) -> np.ndarray:
        """The voices of a channel whose keys are up get lines of their own. Returns their slots. [B]"""
        slots = self.listening(channel)
        slots = slots[(self.stage[slots] == PEDAL) | (self.stage[slots] == RELEASED)]
        self.table["line"][slots] = 16 + slots
        return slots

    def own_lines(self, channels: list[int]) -> list[int]:
        """The lines of their own that voices of these channels have."""
        own: list[int] = self.table["line"][(self.stage != FREE) & (self.table["line"] >= 16) & np.isin(self.channel, channels)].tolist()
        return own

    def all_notes_off(self, channel: int) -> None:
        """Releases all keys of a channel; the pedal still sustains their notes if it is held."""
        self._forget(channel)
        self.held = [note for note in self.held if note[0] != channel]
        self._lift((self.stage == HELD) & (self.channel == channel), channel)

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
            slots = [self._mono(*self._first_held(), tied=False)] if self.held else []
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
        tied = bool((self.stage == HELD).any())
        same = ((self.stage == HELD) | (self.stage == PEDAL)) & (self.channel == channel) & (self.key == key)
        if self.down[channel] and self.rules != FIRST_OFF_ENDS:
            self.stage[same] = PEDAL
            ringing = np.flatnonzero(same)
            same[ringing[by_loudness(self.table[ringing])[-MOST_RINGING:]]] = False
        self._release(same, REPEAT_RELEASE_S)
        return self._start(slot, channel, key, velocity, tied)

    def _mono(self, channel: int, key: int, velocity: int, tied: bool) -> int | None:
        sounding = np.flatnonzero((self.stage == HELD) | (self.stage == PEDAL))
        if self.mode == LEGATO and tied and len(sounding):
            strikes = self.table["strike"][sounding]
            for slot in sounding[strikes == strikes.max()]:
                voice = self.table[slot]
                voice["channel"], voice["line"], voice["key"], voice["stage"] = channel, channel, key, HELD
                voice["goal"] = self.pitches[channel, key]
                self._glide_from(float(voice["pitch"]), slot)
            return None
        if (slot := self._free_slot()) is None and self._owe(channel, key, velocity):
            return None
        self.stage[self.playing()] = FADING
        return self._start(slot, channel, key, velocity, tied)

    def _first_held(self) -> tuple[int, int, int]:
        """Of the held keys, the one that sounds in mono and legato."""
        if self.priority == NEWEST:
            return self.held[-1]
        keys = [(key, place) for place, (_, key, _) in enumerate(self.held)]
        chosen = min(keys, key=lambda each: (each[0], -each[1])) if self.priority == LOWEST else max(keys)
        return self.held[chosen[1]]

    def _free_slot(self) -> int | None:
        free = np.flatnonzero((self.stage == FREE) & (self.table["rest_until"] <= self.hop))
        return int(free[0]) if len(free) and self.starts_left > 0 else None

    def _owe(self, channel: int, key: int, velocity: int) -> bool:
        """A note finds no slot, or too many have begun in this hop. Returns whether it begins later: by the first rules it is lost."""
        if self.rules != FIRST_OFF_ENDS:
            self.owed.pop((channel, key), None)
            self.owed[channel, key] = velocity
        return self.rules != FIRST_OFF_ENDS

    def _start(self, slot: int | None, channel: int, key: int, velocity: int, tied: bool) -> int | None:
        self._make_room(self.in_unison)
        if slot is None:
            return None
        self._begin(slot, channel, key, velocity)
        self.table["strike"][slot] = self.table["born"][slot]
        self._glide_from(key if self.last_pitch is None or not self.glide.begins(tied) else self.last_pitch, slot)
        if self.in_unison > 1:
            self.table["detune"][slot], self.table["place"][slot] = -1.0, -1.0
        return slot

    @property
    def in_unison(self) -> int:
        """How many voices a note has, as far as all may sound."""
        return min(self.unison, self.limit, MOST_PLAYING)

    def begin_unison(self, slot: int) -> list[int]:
        """The other voices of a note that has just begun in a slot, as far as there is room. Returns their slots, to be started like it.

        From one voice to the next the pitch rises and the side changes; both are in balance.
        """
        first, count, slots = self.table[slot], self.in_unison, list[int]()
        for i in range(1, count):
            if (another := self._free_slot()) is None:
                break
            self._begin(another, int(first["channel"]), int(first["key"]), int(first["velocity"]))
            for name in ("strike", "pitch", "glide"):
                self.table[name][another] = first[name]
            detune = 2 * i / (count - 1) - 1
            side = -1 if min(i, count - 1 - i) % 2 else 1
            self.table["detune"][another], self.table["place"][another] = detune, side * detune
            slots.append(another)
        return slots

    def _begin(self, slot: int, channel: int, key: int, velocity: int) -> None:
        self._starts, self._starts_hop = MOST_STARTS - self.starts_left + 1, self.hop
        voice = self.table[slot]
        rest = voice["rest_until"]
        self.table[slot] = np.zeros((), voice_dtype)
        voice["rest_until"], voice["stage"], voice["channel"], voice["key"] = rest, HELD, channel, key
        voice["line"], voice["velocity"], voice["born"], voice["peak"] = channel, velocity, self.born_count, 1.0
        self.born_count += 1
        voice["goal"] = self.pitches[channel, key]

    def _glide_from(self, start: float, slot: int) -> None:
        voice = self.table[slot]
        self.last_pitch = float(voice["goal"])
        voice["glide"] = speed = self.glide.speed(start, self.last_pitch)
        voice["pitch"] = start if speed else voice["goal"]

    def _make_room(self, count: int) -> None:
        """Steals notes until so many more voices fit."""
        playing = np.flatnonzero(self.playing())
        while len(playing) > max(min(self.limit, MOST_PLAYING) - count, 0):
            strikes = self.table["strike"][playing]
            stolen = strikes == strikes[first_to_go(self.table[playing], self.stealing)]
            self.stage[playing[stolen]] = FADING
            playing = playing[~stolen]
