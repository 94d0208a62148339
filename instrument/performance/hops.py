"""Makes hops and starts: schedule rows, decode, shape, publish. The performer says when; the compiled parts do the work.

Several sources can sound at once while voices of an older model end: each decodes its own rows.
"""
import time

import numpy as np

from hummingface.instrument.performance.controls import MOTION, TRANSPOSE, Controls
from hummingface.instrument.performance.dynamics import stroke
from hummingface.instrument.performance.hop_writer import write_hop
from hummingface.instrument.performance.modulation import shape
from hummingface.instrument.performance.note_pool import Pool
from hummingface.instrument.performance.schedule import ASKS, MOST_INPUTS, MOST_ROWS, learn_slopes, row_dtype, schedule_hop, schedule_start
from hummingface.instrument.performance.source import Source
from hummingface.instrument.performance.voice_allocation import FADING, FREE, Voices
from hummingface.instrument.performance.voice_state import ORDER, Memory, begin_voice
from hummingface.instrument.synthesis import producer
from hummingface.instrument.synthesis.state import BANDS, QUARTERS_PER_SECOND, SLOTS, START_ROWS, STARTS
from hummingface.models.playing.frame import FRAME_SIZE, LEVEL, NOISE, pitch_to_hz

SOURCES = 8                        # models that may sound at once
CHORD = 16                         # notes decoded in one batch
NO_LIMIT_S = 1e6
LEVEL_HOPS = 8                     # between two looks at whether a note that moves is still as loud as it should be
RICH_CHORD = 4                     # in larger chords, only every second frame of the first hundredth of a second is computed
_NOTHING = np.zeros(0, np.int64), *np.zeros((3, 0), np.float32)     # to decode
_KNUTH = 2654435761                # spreads consecutive numbers over 32 bits


class HopMaker:
    """Writes hops and starts into the rings of `state`, for `voices` and `controls`."""

    def __init__(self, state: np.ndarray, voices: Voices, controls: Controls, seed: int = 0) -> None:
        self.state, self._hops, self.voices, self.controls, self.seed = state, state["hops"][0], voices, controls, seed
        self.rate_hz = int(state["rate_hz"][0])
        self.memory = Memory()
        self._memory = self.memory.arrays()
        self.sources: list[Source | None] = [None] * SOURCES
        self.current = 0
        self.decoder_us = 0.0
        self._load, self._untold = 0.0, True
        self._status = state["status"][0]
        self._longest_s = np.ones(SOURCES)
        self._z_versions, self._moving = np.ones(SOURCES, np.int64), np.zeros(SOURCES, np.bool_)
        self._rows = np.zeros(MOST_ROWS, row_dtype)
        self._row_noise = np.zeros((MOST_ROWS, 2, BANDS), np.float32)
        self._pitch, self._velocity, self._time_s = np.zeros((3, MOST_INPUTS), np.float32)
        self._owner = np.zeros(MOST_INPUTS, np.int64)
        self._asks = np.zeros((ASKS, 2), np.int64)
        self._ended = np.zeros(SLOTS, np.int32)
        self.pool = Pool(state)                            # of whole notes; empty pages, where none is played
        self._used, self._pan = np.zeros(STARTS, np.int32), np.zeros((STARTS, 2), np.float32)

    @property
    def source(self) -> Source:
        source = self.sources[self.current]
        assert source is not None, "play() comes first"
        return source

    def play(self, source: Source) -> None:
        """Set the source of new voices."""
        stage, of = self.voices.stage, self.voices.table["source"]
        place = next((i for i, other in enumerate(self.sources) if other is source), None)
        if place is None:
            idle = [i for i in range(SOURCES) if not ((of == i) & (stage != FREE)).any()]
            place = idle[0] if idle else (self.current + 1) % SOURCES
            stage[(of == place) & (stage != FREE)] = FADING
            for i in idle:
                self.sources[i] = None             # forget models that no voice plays any more
        self.sources[place], self.current = source, place
        self._longest_s[place] = source.longest_s

    def warm_up(self) -> None:
        """Compile, or load from disk, the functions that only the first notes would call. Before anything sounds."""
        table = self.voices.table.copy()
        begin_voice(table, 0, self._memory)
        schedule_start(table, 0, 0, 0, 0, self.rate_hz, self._longest_s, self.controls.channels, self.controls.now, 0, False,
                       self._rows, 0, 0, self._pitch, self._velocity, self._time_s, self._owner)
        frames = np.zeros((1, FRAME_SIZE), np.float32)
        learn_slopes(table, self._asks, 0, frames, self._longest_s, self.memory.slopes)
        self._shape_starts(0, frames, 1)

    def ready(self, slot: int, law: int) -> None:
        """Prepare a new voice in `slot`, before its first row; `law` is its law of velocity."""
        voice = self.voices.table[slot]
        voice["source"] = self.current
        how = stroke(law, int(voice["velocity"]), self.controls.now, self.source)
        voice["asked_velocity"], voice["filter_velocity"] = how.asked_velocity, how.filter_velocity
        voice["stroke_db"], voice["tilt_db"], voice["levelled"] = how.level_db, how.tilt_db, how.levelled
        voice["longest_release_s"] = self.source.longest_release_s if how.levelled else NO_LIMIT_S
        voice["seed"] = ((int(voice["born"]) + 1) * _KNUTH + self.seed * 40503) & 0xFFFFFFFF
        begin_voice(self.voices.table, slot, self._memory)

    def make(self, hop: int, flush: bool) -> bool:
        """Compute and publish a hop. Returns False, and does nothing, while the ring is full."""
        entry = producer.claim_hop(self.state)
        if entry is None:
            return False
        controls, table = self.controls, self.voices.table
        for i, source in enumerate(self.sources):
            if source is not None:
                self._moving[i] = source.glide(controls.fraction)
                self._z_versions[i] = source.version
                source.serve(table, self.pool, hop, table["source"] == i, float(controls.now[TRANSPOSE]))
        count, batch, _, ask_count = schedule_hop(
            table, hop, self.rate_hz, self._longest_s, controls.channels, controls.now, self._z_versions,
            self._moving, self._rows, self._pitch, self._velocity, self._time_s, self._owner, self._asks)
        frames = self._decode(batch)
        if hop % LEVEL_HOPS == 0:
            self._level_moved()
        if ask_count:
            learn_slopes(table, self._asks, ask_count, frames, self._longest_s, self.memory.slopes)
        over = write_hop(self._hops, int(entry["index"]), flush, self._rows, count, table, self._memory, frames, controls.now,
                         controls.channels, self.rate_hz, self._row_noise, self._ended)
        producer.publish_hop(self.state)
        for slot in self._ended[:over]:
            self.voices.free(int(slot))
        return True

    def start(self, starts: list[tuple[int, int]], hop: int) -> None:
        """Start voices, given as (slot, sample), with rows up to the end of `hop`, the newest that is published."""
        for slot, _ in starts:
            self.source.begin(self.voices.table, slot, self.pool, hop, float(self.controls.now[TRANSPOSE]))
        for first in range(0, len(starts), CHORD):
            self._start(starts[first:first + CHORD], hop)

    def _start(self, starts: list[tuple[int, int]], hop: int) -> None:
        controls, table = self.controls, self.voices.table
        count, batch, begins = 0, 0, []
        for i, (slot, sample) in enumerate(starts):
            before, first = count, batch
            count, batch, first_quarter = schedule_start(
                table, slot, i, sample, hop, self.rate_hz, self._longest_s, controls.channels, controls.now,
                self.source.version, len(starts) > RICH_CHORD, self._rows, count, batch, self._pitch,
                self._velocity, self._time_s, self._owner)
            begins.append((slot, sample, before, count - before, first_quarter, first))
        frames = self._decode(batch)
        self._level(np.array([slot for slot, _ in starts]))
        firsts = np.array([begin[-1] for begin in begins])
        phases = self.source.start_phases(self._pitch[firsts], self._velocity[firsts])
        partials = self._shape_starts(count, frames, len(starts))
        for i, (slot, sample, before, rows, first_quarter, _) in enumerate(begins):
            entry = producer.claim_start(self.state)
            if entry is None:                          # the audio thread has stopped; it will see the voice in hops
                continue
            entry["time"], entry["slot"], entry["rows"], entry["first_quarter"] = sample, slot, rows, first_quarter
            entry["used"], entry["pan"], entry["phase"] = self._used[i], self._pan[i], phases[i][ORDER]
            entry["sample"] = table["note"][slot]
            entry["partials"][:rows] = partials[i, :rows]
            entry["noise"][:rows] = self._row_noise[before:before + rows]
            self.memory.noise[slot] = self._row_noise[before + rows - 1]
            producer.publish_start(self.state)

    @property
    def _motion(self) -> float:
        return float(self.controls.goal[MOTION])

    def _level(self, slots: np.ndarray) -> None:
        """Set the loudness of new voices by key and velocity, whatever the network's own."""
        table = self.voices.table
        slots = slots[table["levelled"][slots] != 0]
        if len(slots):
            table["level_db"][slots] = table["level_goal_db"][slots] = self.source.corrections_db(slots, table, self._motion)

    def _level_moved(self) -> None:
        """Update the loudness while latents or pitch move: for each source, of the note that has waited longest."""
        table = self.voices.table
        sounding = (self.voices.stage != FREE) & (table["levelled"] != 0)
        for i, source in enumerate(self.sources):
            if source is not None and (slot := source.unlevelled(sounding & (table["source"] == i))) is not None:
                table["level_goal_db"][slot] = source.corrections_db(np.array([slot]), table, self._motion)[0]

    def idle(self) -> bool:
        """Do a little work ahead, a millisecond or two. Returns whether there was anything to do."""
        return self.source.idle(self.pool)

    def _shape_starts(self, count: int, frames: np.ndarray, starts: int) -> np.ndarray:
        """Shape `count` rows of the starts: [starts, START_ROWS, 3, PARTIALS]."""
        partials = np.zeros((starts, START_ROWS, 3, len(ORDER)), np.float32)
        shape(self._rows, count, self.voices.table, self._memory, frames, self.controls.now, self.controls.channels, self.rate_hz,
              partials, self._used, self._pan, self._row_noise)
        return partials

    def publish_until(self, sample: int) -> None:
        producer.publish_until(self.state, sample)

    def tell(self, spent_s: float, late_hops: int) -> None:
        """Publish the values that the window shows, every second hop."""
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
        status["frame_count"] += 1

    def _decode(self, batch: int) -> np.ndarray:
        """Frames of the first `batch` inputs, each from its voice's source. [batch, FRAME_SIZE]"""
        if batch == 0:
            return self.source.frames(*_NOTHING)
        began = time.perf_counter()
        owner, inputs = self._owner[:batch], (self._pitch[:batch], self._velocity[:batch], self._time_s[:batch])
        of = self.voices.table["source"][owner]
        if (of == of[0]).all():
            frames = self.sources[of[0]].frames(owner, *inputs)
        else:
            frames = np.zeros((batch, FRAME_SIZE), np.float32)
            for i in np.unique(of):
                mine = np.flatnonzero(of == i)
                frames[mine] = self.sources[i].frames(owner[mine], *(values[mine] for values in inputs))
        self.decoder_us = (time.perf_counter() - began) * 1e6
        return frames
