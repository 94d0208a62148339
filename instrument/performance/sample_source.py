"""The source of voices for an STFT model: makes whole notes before they sound, and plays them from a pool of buffers.

A note is made at note-on, unless it was made before, and again for sounding voices when the latents have moved, one step of the
network in each hop, so that no hop waits for a whole note. Voices take turns, the longest waiting first, and cross-fade into their new
note. While nothing is due, the source makes the keys that are likely next. This changes only when notes are made, never how they sound.
"""
from collections.abc import Iterator

import numpy as np

from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.note_pool import Pool, Wanted
from hummingface.instrument.performance.voices.voice_table import FREE, RELEASED
from hummingface.instrument.synthesis.samples import CROSS_S, LENGTH
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.frame import FRAME_SIZE, FRAMES_PER_SECOND, LOWEST, PARTIALS
from hummingface.models.playing.key_trend import LONGEST_RELEASE_S
from hummingface.models.playing.knobs import by_control, each_with_offsets, with_controls, with_offsets
from hummingface.models.playing.playable import VELOCITIES
from hummingface.models.playing.stereo import MONO, STEREO_SIZE
from hummingface.models.playing.stft import BIN_HZ, RATE_HZ, SIDE
from hummingface.models.playing.stft_model import StftModel
from hummingface.models.playing.whole_note import WholeNote

Making = Iterator[WholeNote | None]             # of a note: None until it is done
MAKING_HOPS = 11                  # from the begin of a note's making to its cross-fade: as many as the network has steps, and one
CROSS_HOPS = int(CROSS_S * FRAMES_PER_SECOND) + 2      # between two of them in one voice
SETTLED_HOPS = 32
MOST_AHEAD = 96                   # notes that are made ahead for keys that are not played yet
HIGHEST_SHARE, SPARE_SEMITONES = 0.45, 3      # of the sample rate that a note's highest bin may reach, when it is bent up so far


class SampleSource:
    """The source for an STFT model, as `hummingface.models.playing.checkpoint.load_model` gives it. `z` glides to `target`; `version`
    counts its moves.
    """

    whole = True
    stereo = False                   # what generators make is mono

    def __init__(self, model: StftModel) -> None:
        self.model = model
        self.name = model.name
        self.latents, self.recordings = int(model.latents), 0
        self.longest_s = float(model.card["longest_s"])
        self.velocities = VELOCITIES                            # the network has no input for velocity
        self.longest_release_s = LONGEST_RELEASE_S
        self.knobs = with_controls(by_control(model.knobs, whole_notes=True), INDEX)
        self.knob_places = np.array([INDEX[name] for name in self.knobs], np.int64)
        self.target, self.z = np.zeros((2, self.latents), np.float32)
        self.version = 1
        self._hop = self._settled_hop = 0
        self._pool: Pool | None = None
        self._made: dict[Wanted, int] = {}                      # -> buffer
        self._likely: list[int] = []                            # keys to be made ahead, the likeliest last
        self._ahead: tuple[Wanted, Making] | None = None        # the note that is being made ahead
        self._remaking: tuple[int, int, Wanted, Making | None, int] | None = None    # slot, its birth, what, how, when it is due
        model.note(self.z, model.shape.lowest)                  # compiles, or loads from disk, what the first note would
        self._think_ahead(60)

    @property
    def settled(self) -> bool:
        """Whether the latents are at rest and every note is up to date."""
        return np.array_equal(self.z, self.target) and self._hop > self._settled_hop and self._remaking is None

    def glide(self, fraction: float) -> bool:
        """Move the latents towards their target for one hop. Returns whether anything moved."""
        self._hop += 1
        if self.z.tobytes() == self.target.tobytes():
            return False
        self.z += np.float32(fraction) * (self.target - self.z)
        near = np.abs(self.target - self.z) < 1e-3
        self.z[near] = self.target[near]
        self._settled_hop = self._hop + SETTLED_HOPS
        self.version += 1
        return True

    def set_target(self, z: np.ndarray, knob_offsets: dict[str, float]) -> None:
        self.target[:] = np.clip(with_offsets(self.knobs, z, knob_offsets), -LATENT_LIMIT, LATENT_LIMIT) if knob_offsets else z

    def knobs_moved(self, z: np.ndarray, knobs: np.ndarray) -> np.ndarray:
        return np.clip(each_with_offsets(self.knobs, z, dict(zip(self.knobs, knobs.T, strict=True))), -LATENT_LIMIT, LATENT_LIMIT)

    def set_own(self, slots: np.ndarray, z: np.ndarray) -> None:
        """A whole note takes too long to make for each voice to have its own: the target is that of all."""
        if len(z):
            self.target[:] = z[0]

    def snap(self) -> None:
        self.z[:] = self.target
        self._settled_hop = self._hop
        self._remaking = None
        self.version += 1
        self._think_ahead(60)

    def frames(self, slots: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Silent frames: a whole note has none."""
        return np.broadcast_to(LOWEST[:FRAME_SIZE], (len(slots), FRAME_SIZE)).astype(np.float32)

    def corrections_db(self, slots: np.ndarray, table: np.ndarray, motion: float) -> np.ndarray:
        """The correction of loudness for the notes of `slots` [B] that makes all equally loud. dB [B]"""
        notes = [self._pool.notes[number] if self._pool is not None else None for number in table["note"][slots]]
        return np.array([0.0 if note is None else note.correction_db for note in notes])

    def unlevelled(self, sounding: np.ndarray) -> int | None:
        """None: notes are levelled when a voice starts."""
        return None

    def recorded_stroke(self, pitch: float, velocity: float) -> tuple[float, float]:
        return self.model.recorded_stroke(self.z, pitch, velocity)

    def stereo_values(self, slots: np.ndarray) -> np.ndarray:
        """Notes are mono. [B, STEREO_SIZE]"""
        return np.broadcast_to(MONO, (len(slots), STEREO_SIZE))

    def start_phases(self, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        return np.zeros((len(pitch), PARTIALS), np.float32)

    def begin(self, table: np.ndarray, slot: int, pool: Pool, hop: int, semitones: float) -> bool:
        """Give a new voice its note. Returns False if no buffer is free. `semitones`: transposition of all keys."""
        self._playing_into(pool)
        what = self._what(float(table["goal"][slot]) + semitones, pool)
        number = self._find(what, pool)
        if not number:
            return False
        self._give(table, slot, number)
        table["made_hop"][slot] = self._hop
        pool.use(number, hop + 1)
        self._think_ahead(int(table["goal"][slot]))
        return True

    def serve(self, table: np.ndarray, pool: Pool, hop: int, mine: np.ndarray, semitones: float) -> None:
        """Once per hop: update one voice after the latents have moved. `mine` [SLOTS]: the voices of this source."""
        self._playing_into(pool)
        sounding = np.flatnonzero(mine & (table["stage"] != FREE) & (table["note"] != 0))
        pool.use(table["note"][sounding], hop)
        if self._remaking is not None:
            slot, born, what, steps, due = self._remaking
            if self._hop < due:
                if steps is not None:
                    self._remaking = (slot, born, what, self._step(steps, what, pool), due)
                return
            self._remaking = None
            voice = table[slot]
            if voice["born"] == born and mine[slot] and voice["note"] != 0 and (number := self._find(what, pool)):
                self._give(table, slot, number)
                voice["made_hop"] = self._hop
                pool.use(number, hop)
        waiting = [s for s in sounding if table["stage"][s] < RELEASED and self._hop - table["made_hop"][s] >= CROSS_HOPS
                   and self._what(float(table["goal"][s]) + semitones, pool) != pool.owner[table["note"][s]]]
        if waiting:
            slot = int(min(waiting, key=lambda s: (int(table["made_hop"][s]), int(table["born"][s]))))
            what = self._what(float(table["goal"][slot]) + semitones, pool)
            made = None if what in self._made else self._steps(what)
            self._remaking = (slot, int(table["born"][slot]), what, made, self._hop + MAKING_HOPS)

    def idle(self, pool: Pool) -> bool:
        """Compute one step of a note that is likely next. Returns whether there was anything to do."""
        self._playing_into(pool)
        z = self.z.tobytes()
        if self._ahead is not None and self._ahead[0][0] == z:
            what, steps = self._ahead
            left = self._step(steps, what, pool)
            self._ahead = None if left is None else (what, left)
            return True
        self._ahead = None
        while self._likely and self.z.tobytes() == self.target.tobytes():
            what = self._what(float(self._likely.pop()), pool)
            if what not in self._made:
                self._ahead = (what, self._steps(what))
                return True
        return False

    def _think_ahead(self, key: int) -> None:
        """The notes that are likely next: neighbouring keys, the nearest first."""
        about = [key + away * side for away in range(1, 49) for side in (1, -1)]
        self._likely = [k for k in about if 21 <= k <= 108][:MOST_AHEAD][::-1]

    def _what(self, pitch: float, pool: Pool) -> Wanted:
        """What a voice at `pitch` plays: latents, the key that is made, and how many bins of it."""
        key = self.model.nearest_key(pitch)
        faster = 2 ** ((pitch - key + SPARE_SEMITONES) / 12)
        bins = int(HIGHEST_SHARE * pool.rate_hz / faster / BIN_HZ)
        return self.z.tobytes(), key, SIDE if bins >= SIDE else max(8, bins // 8 * 8)

    def _steps(self, what: Wanted) -> Making:
        z, key, bins = what
        return self.model.note_steps(np.frombuffer(z, np.float32), key, bins)

    def _step(self, steps: Making, what: Wanted, pool: Pool) -> Making | None:
        """Compute one more step; None when the note is complete and has its buffer."""
        note = next(steps)
        if note is None:
            return steps
        self._keep(note, what, pool)
        return None

    def _find(self, what: Wanted, pool: Pool) -> int:
        """The buffer of a note, which is made now if it does not exist. 0 if no buffer is free."""
        number = self._made.get(what, 0)
        if number and pool.owner[number] == what:
            pool.used(number)
            return number
        z, key, bins = what
        return self._keep(self.model.note(np.frombuffer(z, np.float32), key, bins), what, pool)

    def _keep(self, note: WholeNote, what: Wanted, pool: Pool) -> int:
        number = pool.put(note, what)
        if number:
            self._made = {key: n for key, n in self._made.items() if pool.owner[n] == key}
            self._made[what] = number
        return number

    def _give(self, table: np.ndarray, slot: int, number: int) -> None:
        note = self._pool.notes[number] if self._pool is not None else None
        assert note is not None, "a voice is given a buffer that has a note"
        voice = table[slot]
        voice["note"], voice["root_hz"] = number, note.root_hz
        voice["loop_s"] = note.loop_begin / RATE_HZ if note.loop_end > note.loop_begin else LENGTH / RATE_HZ
        voice["fall_db_s"], voice["ring_s"] = note.fall_db_s, note.release_s
        voice["loop_length_s"] = max(note.loop_end - note.loop_begin, 0.0) / RATE_HZ
        voice["tuning"] = 1.0 if note.tuning is None else note.tuning
        if voice["levelled"]:
            voice["level_goal_db"] = note.correction_db

    def shown_frame(self, slot: int, held: np.ndarray, number: int) -> np.ndarray:
        """The frame that the window shows for a note. [FRAME_SIZE]"""
        note = self._pool.notes[number] if self._pool is not None else None
        return LOWEST[:FRAME_SIZE] if note is None or note.frame is None else note.frame

    def _playing_into(self, pool: Pool) -> Pool:
        """Another engine's notes are made again."""
        if self._pool is not pool:
            self._pool, self._made, self._remaking, self._ahead = pool, {}, None, None
        return pool
