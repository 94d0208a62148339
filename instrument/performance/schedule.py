"""When: the rows that the sounding voices need for a hop or a start, with each voice's clocks moved to them. Compiled.

A row is one moment of one voice: the targets that it reaches at a boundary. Rows that need the decoder have a place in its batch.
Also here: the time beyond what a model has learnt. Sustained sounds wander over the end of their trained time and never stand
still; decaying ones stay at its end and go on falling by the slope that they have there.

Time is an input of the decoder, so frames can be asked for ahead: the later in a note, the smoother it is (training smooths it by a
fifth of its age), and a frame 8 hops ahead is met by a straight line. What a player moves is asked for at once.
"""
import math
from typing import NamedTuple

import numpy as np

from hummingface.compiled import FASTER, compiled, inlined
from hummingface.instrument.performance.controls import BEND, TRANSPOSE, TUNE
from hummingface.instrument.performance.routing.modulation_routes import modulate
from hummingface.instrument.performance.voices.note_course import pace
from hummingface.instrument.performance.voices.note_time import begin_time, is_led, move_time, passing
from hummingface.instrument.performance.voices.voice_table import FADING, FREE, RELEASED
from hummingface.instrument.synthesis.state import BANDS, PARTIALS, QUARTERS, SLOTS, START_ROWS
from hummingface.models.playing.frame import ATTACK_S, DEVIATION, LEVEL, NOISE

LOWEST_PITCH, HIGHEST_PITCH = 0.0, 132.0       # what a decoder is asked for; the frequency itself has no such limit
AHEAD_SHARE = 0.133                            # of the time since note-on: how far ahead a frame may be asked for
MOST_AHEAD_HOPS = 8
CROWD, MOST_TURNS = 12, 4                      # so many more voices take one more turn each while latents move
BENT = 0.02                                    # semitones; a pitch that moved more is computed again
SWAYING = 0.5                                  # semitones by which routes may move a note before its timbre follows
SETTLING_S = 0.17                              # after a voice's own latents have moved, until its frames stand still
WANDER_SHARE = 0.35                            # of the trained time, at its end, that sustained sounds wander in
SUSTAINED_DB_S, DECAYING_DB_S = -1.5, -4.0     # slopes between which sustained turns to decaying
ASK_AGAIN_S, ASKS = 0.5, 8                     # how often a slope is learnt again, and for how many voices in one hop
MOST_ROWS = max(SLOTS * QUARTERS, 64 * START_ROWS)
MOST_INPUTS = MOST_ROWS + 2 * ASKS

row_dtype = np.dtype([
    ("slot", "i4"), ("entry", "i4"), ("index", "i4"),       # where it goes: the entry of the hop or start, and which row there
    ("control", "i4"),                                      # the row of the controls that hold for it; 0: those of all voices
    ("newest", "i4"),                                       # 1: the last row of its voice
    ("input", "i4"), ("fraction", "f8"),                       # place in the batch or -1; how far to go from the held frame to it
    ("dt_s", "f8"), ("age_s", "f8"), ("pitch", "f8"), ("beyond_s", "f8"),
    ("sway_cents", "f8"),                                   # by which routes move it off `pitch`, the one that a decoder is asked for
], align=True)


class DecoderBatch(NamedTuple):
    """What a decoder is asked for together. [MOST_INPUTS] each, float32 but `owner`."""
    pitch: np.ndarray
    velocity: np.ndarray
    time_s: np.ndarray                                      # of the model's time
    owner: np.ndarray                                       # int64, the slot


def new_batch() -> DecoderBatch:
    """Of which nothing is asked yet."""
    pitch, velocity, time_s = np.zeros((3, MOST_INPUTS), np.float32)
    return DecoderBatch(pitch, velocity, time_s, np.zeros(MOST_INPUTS, np.int64))


class Models(NamedTuple):
    """What the sources say of themselves in a hop. [SOURCES] each."""
    longest_s: np.ndarray                                   # the trained time
    z_versions: np.ndarray                                  # numbers of their latents
    moving: np.ndarray                                      # bool, whether these are on their way


class Begin(NamedTuple):
    """A voice that begins."""
    slot: int
    entry: int                                              # of the starts that are made together: which one
    sample: int                                             # where it begins
    last_hop: int                                           # it has rows up to the end of this hop
    sparse: bool                                            # a frame is asked for every second row alone


_LEVEL, _NOISE, _DEVIATION = LEVEL.start, NOISE.start, DEVIATION.start


@inlined(fastmath=FASTER)
def _boundary(quarter, rate_hz):
    return quarter * rate_hz // 750


@compiled(fastmath=FASTER)
def heard_time(time_s, longest_s, slope, seed):
    """The trained time that stands for `time_s`: itself, and beyond the end a wandering back into the last third."""
    beyond = time_s - longest_s
    if beyond <= 0:
        return time_s
    sustained = min(max((slope - DECAYING_DB_S) / (SUSTAINED_DB_S - DECAYING_DB_S), 0.0), 1.0)
    slow = 0.11 + 0.03 * ((seed >> 8) & 255) / 256          # turns per second, incommensurate and every voice's own
    quick = 0.29 + 0.07 * ((seed >> 16) & 255) / 256
    wander = 0.65 * math.sin(math.pi * beyond * slow) ** 2 + 0.35 * math.sin(math.pi * beyond * quick) ** 2
    return longest_s * (1 - WANDER_SHARE * wander * sustained)


@inlined(fastmath=FASTER)
def _move(v, s, row, end, values, longest_s):
    """Moves voice `s` to sample `end`, and says in `row`, whose index is known, where it stands then."""
    dt_s = (end - v.sample) / values.rate_hz
    v.sample = end
    v.age_s += dt_s
    if v.pitch != v.goal:
        step, away = v.glide * dt_s, v.goal - v.pitch
        v.pitch = v.goal if abs(away) <= step or v.glide <= 0 else v.pitch + math.copysign(step, away)
    row.slot, row.dt_s, row.age_s, row.control = s, dt_s, v.age_s, 0
    if values.routes.route_count > 0:
        row.control = modulate(v, s, row.index, dt_s, values)
    controls = values.controls[row.control]
    if row.age_s <= 0:
        begin_time(v, longest_s, controls)
    passed = move_time(v, dt_s, longest_s, controls)
    row.pitch, row.sway_cents = v.pitch + values.channels[v.line, BEND] + controls[TRANSPOSE] + controls[TUNE] / 100, 0.0
    if row.control > 0:
        base = values.routes.base
        moved = controls[TRANSPOSE] - base[TRANSPOSE] + (controls[TUNE] - base[TUNE]) / 100
        sway = min(max(moved, -SWAYING), SWAYING)
        row.pitch -= sway
        row.sway_cents = 100 * sway
    row.beyond_s = min(passed, max(v.time_s - longest_s, 0.0))
    row.input, row.fraction = -1, 0.0


@inlined(fastmath=FASTER)
def _ask(v, row, count, batch, ahead_s, patience_s, turn_s, values, models):
    """Puts a row into the decoder's `batch`, after `count` others, if it needs a frame; `ahead_s` may be added to its time. Returns how
    many there are then.

    A frame that is on its way is waited for if it comes within `patience_s`, though the latents or the pitch have moved;
    if not, the voice takes its turn `turn_s` later, so that a crowd spreads over hops.
    """
    z_version, moving = models.z_versions[v.source], models.moving[v.source]
    if row.control > 0:
        own = values.routes.state[1 + row.slot]
        z_version += own.moves << 32
        moving |= own.rest_s < SETTLING_S
    steady = v.z_version == z_version and abs(row.pitch - v.asked_pitch) <= BENT
    if v.ahead_age_s > row.age_s - 1e-6 and (steady or v.ahead_age_s < row.age_s + patience_s):
        row.fraction = min(row.dt_s / max(v.ahead_age_s - row.age_s + row.dt_s, 1e-9), 1.0)
        return count
    if moving or abs(row.pitch - v.asked_pitch) > BENT:
        interrupted = v.ahead_age_s > row.age_s + patience_s
        ahead_s = min(ahead_s, turn_s if interrupted else patience_s)
    v.ahead_age_s, v.asked_pitch, v.z_version = row.age_s + ahead_s, row.pitch, z_version
    row.input, row.fraction = count, row.dt_s / (row.dt_s + ahead_s) if ahead_s > 0 else 1.0
    batch.pitch[count] = min(max(row.pitch, LOWEST_PITCH), HIGHEST_PITCH)
    batch.velocity[count], batch.owner[count] = v.asked_velocity, row.slot
    time_s = max(v.time_s + ahead_s * passing(v, values.controls[row.control]), 0.0)
    batch.time_s[count] = heard_time(time_s, models.longest_s[v.source], v.slope, v.seed)
    return count + 1


@inlined(fastmath=FASTER)
def _ahead(v, step_s, controls):
    """Whole steps ahead that a voice is smooth enough for, in seconds. Voices differ, so that a chord's frames spread over hops."""
    most = MOST_AHEAD_HOPS - ((v.seed >> 24) & 3)
    smooth_s = AHEAD_SHARE * v.time_s / max(pace(v.time_s, controls), 0.25)
    return step_s * max(min(int(smooth_s / step_s), most) - 1, 0)


@compiled(fastmath=FASTER)
def schedule_hop(table, hop, values, models, rows, batch, asks):
    """Rows of all sounding voices for a hop. Fills `rows`, and the decoder's `batch`.

    `asks` [ASKS, 2] gets (slot, place in the batch of two rows to learn its slope from). Returns counts: rows, batch, asks.
    """
    count, asked_rows, entry, asked = 0, 0, 0, 0
    rate_hz, longest_s = values.rate_hz, models.longest_s
    hop_s = (_boundary(4 * hop + 4, rate_hz) - _boundary(4 * hop, rate_hz)) / rate_hz
    sounding = 0
    for s in range(len(table)):
        sounding += table[s].stage != FREE
    turns = 1 + min(sounding // CROWD, MOST_TURNS - 1)
    patience_s = hop_s * (turns - 1)
    for s in range(len(table)):
        v = table[s]
        if v.stage == FREE:
            continue
        young = v.age_s < ATTACK_S
        quarters = 4 if young and v.stage != FADING else 1
        length_s = longest_s[v.source]
        for j in range(quarters):
            row = rows[count]
            row.entry, row.index, row.newest = entry, j, 1 if j == quarters - 1 else 0
            _move(v, s, row, _boundary(4 * hop + (j + 1 if quarters == 4 else 4), rate_hz), values, length_s)
            if v.stage != FADING and (v.stage != RELEASED or young) and v.note == 0:
                ahead_s = _ahead(v, hop_s / quarters, values.controls[row.control])
                if quarters == 4:
                    ahead_s = min(ahead_s, (3 - j) * hop_s / 4)
                if is_led(v, length_s, values.controls[row.control]):
                    ahead_s = 0.0
                asked_rows = _ask(v, row, asked_rows, batch, ahead_s, patience_s, hop_s * ((v.seed >> 7) % turns), values, models)
            count += 1
        if (v.note == 0 and v.time_s > length_s and v.stage < RELEASED and asked < ASKS
                and (v.asked_s == 0 or v.age_s > v.asked_s + ASK_AGAIN_S)):
            asks[asked, 0], asks[asked, 1] = s, asked_rows
            asked_rows = _ask_slope(v, s, asked_rows, batch, length_s)
            asked += 1
        entry += 1
    return count, asked_rows, asked


@inlined(fastmath=FASTER)
def _ask_slope(v, s, count, batch, longest_s):
    """Two rows near the end of the trained time, from which a voice learns how it goes on. Returns how many the batch has then."""
    v.asked_s = v.age_s
    for back in (min(1.0, longest_s / 4), 0.0):
        batch.pitch[count], batch.velocity[count] = min(max(v.asked_pitch, LOWEST_PITCH), HIGHEST_PITCH), v.asked_velocity
        batch.time_s[count], batch.owner[count] = longest_s - back, s
        count += 1
    return count


@compiled(fastmath=FASTER)
def schedule_start(table, begin, values, models, rows, count, batch, asked_rows):
    """Rows of a voice that begins: one at its sample, one at each boundary from there to the end of its last hop.

    They are added after `count` rows and `asked_rows` of the `batch`. Returns the new counts, and the first quarter.
    """
    s = begin.slot
    v = table[s]
    v.sample = begin.sample
    rate_hz = values.rate_hz
    first_quarter = begin.sample * 750 // rate_hz + 1
    while _boundary(first_quarter, rate_hz) <= begin.sample:
        first_quarter += 1
    last = 4 * begin.last_hop + 4 - first_quarter + 1
    for index in range(last + 1):
        row = rows[count]
        end = begin.sample if index == 0 else _boundary(first_quarter + index - 1, rate_hz)
        row.entry, row.index, row.newest = begin.entry, index, 1 if index == last else 0
        _move(v, s, row, end, values, models.longest_s[v.source])
        if v.note == 0:
            ahead_s = 1 / 750 if begin.sparse and 1 < index < last else 0.0
            asked_rows = _ask(v, row, asked_rows, batch, ahead_s, 0.0, 0.0, values, models)
        count += 1
    return count, asked_rows, first_quarter


@compiled(fastmath=FASTER)
def learn_slopes(table, asks, asked, frames, longest_s, slopes):
    """From two frames near the end of the trained time: how fast the voice falls, as a whole and by partial and band."""
    for i in range(asked):
        s, first = asks[i, 0], asks[i, 1]
        early, late = frames[first], frames[first + 1]
        seconds = min(1.0, longest_s[table[s].source] / 4)
        power_early, power_late = 1e-12, 1e-12
        for k in range(PARTIALS):
            power_early += math.exp(0.2302585 * early[_LEVEL + k])
            power_late += math.exp(0.2302585 * late[_LEVEL + k])
        for b in range(BANDS):
            power_early += math.exp(0.2302585 * early[_NOISE + b])
            power_late += math.exp(0.2302585 * late[_NOISE + b])
        slope = 10 * math.log10(power_late / power_early) / seconds
        table[s].slope = slope
        decaying = min(max((slope - SUSTAINED_DB_S) / (DECAYING_DB_S - SUSTAINED_DB_S), 0.0), 1.0)
        for k in range(PARTIALS + BANDS):
            at = _LEVEL + k if k < PARTIALS else _NOISE + k - PARTIALS
            own = (late[at] - early[at]) / seconds
            slopes[s, k] = decaying * min(max(own, 4 * slope), 0.4 * slope) if slope < 0 else 0.0
