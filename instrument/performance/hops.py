"""Hops and starts: schedule, decode, shape, publish. The performer says when; the compiled parts do the work.

Several sources can sound at once while voices of an older model end: each decodes its own rows.
"""
import math
import time
from typing import TYPE_CHECKING

import numpy as np

from hummingface.instrument.performance.controls import DIFFERENCE, MOTION, TRANSPOSE, Controls
from hummingface.instrument.performance.direct_call import DirectCall
from hummingface.instrument.performance.dynamics import LAW, stroke
from hummingface.instrument.performance.note_pool import Pool
from hummingface.instrument.performance.routing.modulation_matrix import Modulation, ModulationValues
from hummingface.instrument.performance.rows.hop_writer import write_hop
from hummingface.instrument.performance.rows.modulation import Shaped, shape
from hummingface.instrument.performance.schedule import (
    ASKS,
    MOST_ROWS,
    Begin,
    Models,
    learn_slopes,
    new_batch,
    row_dtype,
    schedule_hop,
    schedule_start,
)
from hummingface.instrument.performance.source import Source
from hummingface.instrument.performance.voices.unison_latents import step_aside
from hummingface.instrument.performance.voices.voice_allocation import Voices
from hummingface.instrument.performance.voices.voice_state import ORDER, begin_voice, new_voice_state
from hummingface.instrument.performance.voices.voice_table import FADING, FREE
from hummingface.instrument.synthesis import producer
from hummingface.instrument.synthesis.state import BANDS, PARTIALS, QUARTERS_PER_SECOND, SLOTS, START_ROWS, STARTS
from hummingface.models.playing.frame import FRAME_SIZE, FRAMES_PER_SECOND, LEVEL, NOISE, SLOT_RATIO, pitch_to_hz

if TYPE_CHECKING:
    from hummingface.instrument.patches.routes import Route
    from hummingface.instrument.performance.latent_target import LatentTarget

SOURCES = 8                        # models that may sound at once
CHORD = 16                         # notes decoded in one batch
NO_LIMIT_S = 1e6
SOFT_DB, SOFT_TILT_DB = -7.0, -1.5  # what the soft pedal takes away at most: of the level, and of the tilt an octave
LEVEL_HOPS = 8                     # between two looks at whether a note that moves is still as loud as it should be
RICH_CHORD = 4                     # of more, every second frame of the first hundredth of a second is asked for
_NOTHING = np.zeros(0, np.int64), *np.zeros((3, 0), np.float32)     # to decode
_NO_SLOTS = np.zeros(0, np.int64)
_SCHEDULE, _WRITE = DirectCall(schedule_hop), DirectCall(write_hop)
_KNUTH = 2654435761                # spreads consecutive numbers over 32 bits


class HopMaker:
    """Writes into the rings of `state` what `voices` and `controls` ask for. `bends` as `Modulation` takes them."""

    def __init__(self, state: np.ndarray, voices: Voices, controls: Controls, bends: np.ndarray, seed: int = 0) -> None:
        self.state, self._hops, self.voices, self.controls, self.seed = state, state["hops"][0], voices, controls, seed
        self.rate_hz = int(state["rate_hz"][0])
        self.memory = new_voice_state()
        self.sources: list[Source | None] = [None] * SOURCES
        self.current = 0
        self.law = LAW                             # the law of loudness over velocity; an old take has its own
        self.decoder_us = 0.0
        self._load, self._untold = 0.0, True
        self._status = state["status"][0]
        self._models = Models(np.ones(SOURCES), np.ones(SOURCES, np.int64), np.zeros(SOURCES, np.bool_))
        self._resting = self._models._replace(moving=np.zeros(SOURCES, np.bool_))     # for notes that begin: asked for as they are
        self._rows = np.zeros(MOST_ROWS, row_dtype)
        self._row_noise = np.zeros((MOST_ROWS, 3, BANDS), np.float32)
        self._batch = new_batch()
        self.modulation = Modulation(controls, voices, bends, seed)
        self._values = self.modulation.values(self.rate_hz)          # moved in place
        self.latents: LatentTarget | None = None                     # of the newest source, for latents that routes move
        self._apart = False                                          # whether voices have latents of their own
        self._asks = np.zeros((ASKS, 2), np.int64)
        self._ended = np.zeros(SLOTS, np.int32)
        self.pool = Pool(state)                            # of whole notes; empty pages, where none is played
        self._used, self._wide = np.zeros((2, STARTS), np.int32)
        self._pan, self._sides = np.zeros((STARTS, 2), np.float32), np.zeros((CHORD, 4, PARTIALS), np.float32)

    @property
    def source(self) -> Source:
        source = self.sources[self.current]
        assert source is not None, "play() comes first"
        return source

    def play(self, source: Source) -> None:
        """New voices begin on `source`."""
        stage, of = self.voices.stage, self.voices.table["source"]
        place = next((i for i, other in enumerate(self.sources) if other is source), None)
        if place is None:
            idle = [i for i in range(SOURCES) if not ((of == i) & (stage != FREE)).any()]
            place = idle[0] if idle else (self.current + 1) % SOURCES
            stage[(of == place) & (stage != FREE)] = FADING
            for i in idle:
                self.sources[i] = None             # models that nobody plays any more
        self.sources[place], self.current = source, place
        self._models.longest_s[place] = source.longest_s

    def warm_up(self) -> None:
        """Compiles, or loads from disk, what only the first notes would call. Before anything sounds."""
        table = self.voices.table.copy()
        begin_voice(table, 0, self.memory)
        schedule_start(table, Begin(0, 0, 0, 0, False), self._values, self._resting, self._rows, 0, self._batch, 0)
        frames = np.zeros((1, FRAME_SIZE), np.float32)
        learn_slopes(table, self._asks, 0, frames, self._models.longest_s, self.memory.slopes)
        self._shape_starts(0, frames, 1)
        self.modulation.warm_up()

    def route(self, routes: "tuple[Route, ...]") -> None:
        """Modulate by these routes from now on."""
        self.modulation.use(routes)
        self._values = self.modulation.values(self.rate_hz)
        if not self.modulation.moves_latents:
            self._share_latents()

    def restore_modulation(self, captured: ModulationValues) -> None:
        """Routes and their sources, as `Modulation.capture` gave them."""
        self.modulation.restore(captured)
        self.route(self.modulation.routes)

    def ready(self, slot: int, softness: float = 0.0) -> None:
        """A new voice in `slot`, before its first row; `softness` says how far down the soft pedal is."""
        voice = self.voices.table[slot]
        voice["source"] = self.current
        voice["seed"] = ((int(voice["born"]) + 1) * _KNUTH + self.seed * 40503) & 0xFFFFFFFF
        how = stroke(self.law, float(voice["goal"]), int(voice["velocity"]), self.modulation.begin(slot, self._values), self.source)
        voice["asked_velocity"], voice["filter_velocity"] = how.asked_velocity, how.filter_velocity
        voice["stroke_db"] = how.level_db + softness * SOFT_DB - 10 * math.log10(self.voices.in_unison)
        voice["tilt_db"], voice["levelled"] = how.tilt_db + softness * SOFT_TILT_DB, how.levelled
        voice["longest_release_s"] = self.source.longest_release_s if how.levelled else NO_LIMIT_S
        begin_voice(self.voices.table, slot, self.memory)
        self.memory.wide[slot] = self.source.stereo

    def make(self, hop: int, flush: bool) -> bool:
        """Computes and publishes a hop. False, with nothing done, while the ring is full."""
        entry = producer.claim_hop(self.state)
        if entry is None:
            return False
        controls, table = self.controls, self.voices.table
        for i, source in enumerate(self.sources):
            if source is not None:
                self._models.moving[i] = source.glide(controls.fraction)
                self._models.z_versions[i] = source.version
                if source.whole:
                    source.serve(table, self.pool, hop, table["source"] == i, float(controls.now[TRANSPOSE]))
        values = self._values
        if self.modulation.active:
            self.modulation.move_shared(values, 1 / FRAMES_PER_SECOND)
        count, asked_rows, asked = _SCHEDULE.call(table, hop, values, self._models, self._rows, self._batch, self._asks)
        if self.modulation.moves_latents or self._differs:
            self._move_latents(np.flatnonzero(self.voices.playing()))
        elif self._apart:
            self._share_latents()
        frames = np.ascontiguousarray(self._decode(asked_rows), np.float32)         # as every source's are, and as _WRITE takes for granted
        if hop % LEVEL_HOPS == 0:
            self._level_moved()
        if asked:
            learn_slopes(table, self._asks, asked, frames, self._models.longest_s, self.memory.slopes)
        entry["flush"] = flush
        over = _WRITE.call(self._hops, int(entry["index"]), self._rows, count, table, self.memory, frames, values, self._row_noise,
                           self._ended)
        producer.publish_hop(self.state)
        for slot in self._ended[:over]:
            self.voices.free(int(slot))
        return True

    def start(self, starts: list[tuple[int, int]], hop: int) -> None:
        """Begins voices, given as (slot, sample), with rows up to the end of `hop`, the newest that is published."""
        for slot, _ in starts:
            self.source.begin(self.voices.table, slot, self.pool, hop, float(self.controls.now[TRANSPOSE]))
        for first in range(0, len(starts), CHORD):
            self._start(starts[first:first + CHORD], hop)

    def _start(self, starts: list[tuple[int, int]], hop: int) -> None:
        table, values = self.voices.table, self._values
        self._models.z_versions[self.current] = self.source.version
        count, asked_rows, begins = 0, 0, []
        for i, (slot, sample) in enumerate(starts):
            before, first = count, asked_rows
            begin = Begin(slot, i, sample, hop, len(starts) > RICH_CHORD)
            count, asked_rows, first_quarter = schedule_start(table, begin, values, self._resting, self._rows, count, self._batch,
                                                              asked_rows)
            begins.append((slot, sample, before, count - before, first_quarter, first))
        if self.modulation.moves_latents or self._differs:
            self._move_latents(np.flatnonzero(self.voices.playing()))
        frames = self._decode(asked_rows)
        self._level(np.array([slot for slot, _ in starts]))
        firsts = np.array([first for *_, first in begins])
        phases = self.source.start_phases(self._batch.pitch[firsts], self._batch.velocity[firsts])
        partials = self._shape_starts(count, frames, len(starts))
        for i, (slot, sample, before, rows, first_quarter, _) in enumerate(begins):
            entry = producer.claim_start(self.state)
            if entry is None:                          # the audio thread stands still; it will hear of the voice by hops
                continue
            entry["time"], entry["slot"], entry["rows"], entry["first_quarter"] = sample, slot, rows, first_quarter
            entry["used"], entry["pan"], entry["phase"] = self._used[i], self._pan[i], self._phase(slot, phases[i])[ORDER]
            entry["sample"], entry["wide"], entry["sides"] = table["note"][slot], self._wide[i], self._sides[i]
            entry["partials"][:rows] = partials[i, :rows]
            entry["noise"][:rows] = self._row_noise[before:before + rows]
            self.memory.noise[slot] = self._row_noise[before + rows - 1]
            producer.publish_start(self.state)

    def _move_latents(self, slots: np.ndarray) -> None:
        """Gives voices the latents that routes and their unison make for them. A source of whole notes has those that all share."""
        source, modulation, latents = self.source, self.modulation, self.latents
        assert latents is not None, "the performer says where they stand"
        if not source.whole:
            slots = slots[self.voices.table["source"][slots] == self.current]
        z = np.tile(source.target, (len(slots), 1))
        if modulation.moves_latents:
            own = modulation.shared_latents if source.whole else modulation.latents_of(slots)
            z, knobs = latents.at_each(own), own.controls[own.rows[:, None], source.knob_places]
            z = source.knobs_moved(z, knobs) if knobs.any() else z
        if self._differs:
            z = step_aside(self.voices.table, slots, z, source.latents - source.recordings, float(modulation.shared[DIFFERENCE]))
        source.set_own(slots, z)
        self._apart = True

    @property
    def _differs(self) -> bool:
        """Whether the voices of a unison differ. Those of whole notes share one note."""
        return self.voices.in_unison > 1 and self.modulation.shared[DIFFERENCE] > 0 and not self.source.whole

    def _share_latents(self) -> None:
        """No voice has latents of its own any more."""
        self._apart = False
        for source in self.sources:
            if source is not None:
                source.set_own(_NO_SLOTS, np.zeros((0, source.latents), np.float32))

    def _phase(self, slot: int, phase: np.ndarray) -> np.ndarray:
        """Where the partials of a voice start, [PARTIALS] radians; in unison each voice is elsewhere in its period, or they would begin as
        one."""
        voice = self.voices.table[slot]
        if voice["born"] == voice["strike"]:
            return phase
        return (phase + 2 * math.pi * (int(voice["seed"]) / 2 ** 32 * SLOT_RATIO % 1)).astype(np.float32)

    @property
    def _motion(self) -> float:
        return float(self.controls.goal[MOTION])

    def _level(self, slots: np.ndarray) -> None:
        """Voices that begin are as loud as their keys and strokes say, whatever the network makes of them."""
        table = self.voices.table
        slots = slots[table["levelled"][slots] != 0]
        if len(slots):
            table["level_db"][slots] = table["level_goal_db"][slots] = self.source.corrections_db(slots, table, self._motion)

    def _level_moved(self) -> None:
        """And stay so while their latents or their pitch move: of each source, the note that has waited longest is listened to."""
        table = self.voices.table
        sounding = (self.voices.stage != FREE) & (table["levelled"] != 0)
        for i, source in enumerate(self.sources):
            if source is not None and (slot := source.unlevelled(sounding & (table["source"] == i))) is not None:
                table["level_goal_db"][slot] = source.corrections_db(np.array([slot]), table, self._motion)[0]

    def idle(self) -> bool:
        """Do a little of what will be wanted soon, a millisecond or two. Whether there was anything to do."""
        return self.source.idle(self.pool)

    def _shape_starts(self, count: int, frames: np.ndarray, starts: int) -> np.ndarray:
        """What `count` rows of so many starts sound like: [starts, START_ROWS, 3, PARTIALS]."""
        partials = np.zeros((starts, START_ROWS, 3, len(ORDER)), np.float32)
        shape(self._rows, count, self.voices.table, self.memory, frames, self._values,
              Shaped(partials, self._used, self._pan, self._wide, self._sides, self._row_noise))
        return partials

    def publish_until(self, sample: int) -> None:
        producer.publish_until(self.state, sample)

    def tell(self, spent_s: float, late_hops: int) -> None:
        """What the window shows, at half the rate of hops."""
        self._load += 0.05 * (spent_s * QUARTERS_PER_SECOND / 4 - self._load)
        self._untold = not self._untold
        if self._untold:
            return
        status, voices = self._status, self.voices
        playing = np.flatnonzero(voices.playing())
        notes = status["notes"]
        notes[:] = 0
        notes[voices.key[playing]] = voices.table["velocity"][playing]
        status["voices"] = len(playing)
        status["late_hops"], status["decoder_us"] = late_hops, self.decoder_us
        status["performer_load"] = self._load
        if len(playing):
            newest = playing[np.argmax(voices.table["born"][playing])]
            source, sample = self.sources[voices.table["source"][newest]], int(voices.table["note"][newest])
            frame = source.shown_frame(newest, self.memory.held, sample)
            status["level_db"], status["noise_db"] = frame[LEVEL], frame[NOISE]
            status["f0_hz"] = pitch_to_hz(voices.table["pitch"][newest])
        else:
            status["f0_hz"] = 0
        if self.modulation.active:
            self.modulation.show(status["sources"], status["targets"])
        status["frame_count"] += 1

    def _decode(self, count: int) -> np.ndarray:
        """Frames of the first `count` rows of the batch, each from its voice's source. [count, FRAME_SIZE]"""
        if count == 0:
            return self.source.frames(*_NOTHING)
        began = time.perf_counter()
        batch = self._batch
        owner, inputs = batch.owner[:count], (batch.pitch[:count], batch.velocity[:count], batch.time_s[:count])
        of = self.voices.table["source"][owner]
        if (of == of[0]).all():
            frames = self.sources[of[0]].frames(owner, *inputs)
            self._take_stereo(self.sources[of[0]], owner)
        else:
            frames = np.zeros((count, FRAME_SIZE), np.float32)
            for i in np.unique(of):
                mine = np.flatnonzero(of == i)
                frames[mine] = self.sources[i].frames(owner[mine], *(values[mine] for values in inputs))
                self._take_stereo(self.sources[i], owner[mine])
        self.decoder_us = (time.perf_counter() - began) * 1e6
        return frames

    def _take_stereo(self, source: Source, slots: np.ndarray) -> None:
        """The balances and coherences of the notes of `slots` [B], as the source has them now."""
        if source.stereo:
            memory, values = self.memory, source.stereo_values(slots)
            moved = (memory.stereo[slots] != values).any(1)
            memory.stereo[slots], memory.spread_width[slots[moved]] = values, -1
