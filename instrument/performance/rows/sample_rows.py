"""Rows of voices that play a whole note: one gain, one frequency, a low-pass. Compiled."""

from hummingface.compiled import FASTER, inlined
from hummingface.instrument.performance.controls import (
    RELEASE_TIMES,
)
from hummingface.instrument.performance.rows.fast_math import exp2
from hummingface.instrument.performance.rows.frame_operations import own_vibrato_cents
from hummingface.instrument.performance.voices.voice_laws import (
    OCTAVES,
    common_gain_db,
    cutoff_hz_of,
    filter_damping,
    hz_of,
    move_envelopes,
    pan_gains,
    pressure_of,
    release_s,
    swayed,
    vibrato_cents,
)
from hummingface.instrument.performance.voices.voice_table import RELEASED
from hummingface.instrument.synthesis.state import CUTOFF_HZ, DAMPING

NOTE_S = 4.0                                   # of a whole note
DULLEST_HARMONIC = 6.0                         # of a whole note: a soft stroke leaves so many


@inlined(fastmath=FASTER)
def shape_sample(row, v, r, state, values, shaped):
    """A row of a voice that plays a whole note: one gain, one frequency, a low-pass (see `CUTOFF_HZ` in synthesis/state.py)."""
    controls, release_db, fall_db = values.controls[row.control], state.release_db[row.slot], state.fall_db[row.slot]
    move_envelopes(row, v, controls)
    f0_hz = _follow_note(row, v, vibrato_cents(row, v, values) + own_vibrato_cents(row, v, controls), fall_db)
    if v.stage == RELEASED:
        seconds = min(v.ring_s, v.longest_release_s) * controls[RELEASE_TIMES]
        if v.shortest_release_s > 0:
            seconds = min(seconds, v.shortest_release_s)
        release_db[0] += 60 * release_s(row, v, values) / max(seconds, 0.004)
    pressure = pressure_of(v, values)
    level_db = common_gain_db(row, v, pressure, values) - release_db[0] - fall_db[0]
    gain = v.envelope * v.course * exp2(OCTAVES * level_db) if level_db > -120 else 0.0
    cutoff_hz = cutoff_hz_of(row, v, pressure, values)
    cutoff_hz = max(cutoff_hz * 2 ** v.tilt_db, min(cutoff_hz, DULLEST_HARMONIC * f0_hz))      # duller, and no softer for it
    out = shaped.partials[row.entry, row.index]
    out[0, 0], out[2, 0] = gain, f0_hz
    out[CUTOFF_HZ, 0], out[DAMPING, 1] = min(max(cutoff_hz, 10.0), 40000.0), filter_damping(controls)
    v.peak, v.used = gain, 2
    shaped.pan[row.entry, 0], shaped.pan[row.entry, 1] = pan_gains(row, v, values)
    shaped.noise[r], shaped.used[row.entry], shaped.wide[row.entry] = 0, v.used, 0


@inlined(fastmath=FASTER)
def _follow_note(row, v, cents, fall_db):
    """Moves the place in a note by a row, and what it has fallen by beyond its loop's begin. Returns the frequency to read it for."""
    f0_hz = swayed(hz_of(row.pitch, cents), row)
    passed_s = row.dt_s * f0_hz / max(v.root_hz, 1.0)
    v.note_s += passed_s
    heard_s = v.note_s
    if v.loop_length_s > 0 and heard_s > v.loop_s:
        heard_s = v.loop_s + (heard_s - v.loop_s) % v.loop_length_s
    place = min(max(heard_s / NOTE_S * len(v.tuning) - 0.5, 0.0), len(v.tuning) - 1.001)
    moment = int(place)
    fall_db[0] += v.fall_db_s * min(passed_s, max(v.note_s - v.loop_s, 0.0))
    return f0_hz * (v.tuning[moment] + (place - moment) * (v.tuning[moment + 1] - v.tuning[moment]))
