"""Decoder frames and the state of voices into what the audio thread plays: gains, frequencies, noise powers. Compiled.

Everything that a synthesizer does to a voice is a gain on its partials and bands, or a factor on their frequencies: envelope,
release, filter, pressure, tilt, vibrato, and the motion that the model reports as statistics. Motion is made as
`models/playing/motion_generator.py` defines it. Partials are handed over in ascending order of ratio, half-harmonics among them, so that
what Nyquist cuts is a tail.
"""
import math
from typing import NamedTuple

import numpy as np

from hummingface.compiled import FASTER, compiled, inlined
from hummingface.instrument.performance.controls import (
    BRIGHTNESS,
    EVEN_ODD,
    STEREO_WIDTH,
    STRETCH,
    TO_BELL,
)
from hummingface.instrument.performance.rows.frame_operations import deviation_kept, stretched
from hummingface.instrument.performance.rows.frame_rows import Scratch, shape_frame, take_frame
from hummingface.instrument.performance.rows.sample_rows import shape_sample
from hummingface.instrument.performance.rows.stereo_rows import write_sides
from hummingface.instrument.performance.voices.voice_laws import LOG2_RATIO, MOST_TILT_DB, hz_of, swayed, unison_cents
from hummingface.instrument.performance.voices.voice_state import RATIO
from hummingface.instrument.performance.voices.voice_table import FADING
from hummingface.instrument.synthesis.state import BANDS, PARTIALS
from hummingface.models.playing.frame import (
    GROUPS,
)

_ODD = (RATIO % 2 == 1).astype(np.float64)
_EVEN = (RATIO % 2 == 0).astype(np.float64)


class Shaped(NamedTuple):
    """What rows become. `partials`, `used` and `pan` are those of the entries of a hop, or of starts."""
    partials: np.ndarray                 # [entries, index, 3, PARTIALS] gain in phase and in quadrature, Hz
    used: np.ndarray                     # [entries] partials that sound
    pan: np.ndarray                      # [entries, 2] gains of left and right
    wide: np.ndarray                     # [entries] 1: the channels of its partials differ,
    sides: np.ndarray                    # [entries, 4, PARTIALS] by these complex gains of left, and of right over left
    noise: np.ndarray                    # [rows, 3, BANDS] power of left and right, and EXCESS of synthesis/state.py


@compiled(fastmath=FASTER)
def shape(rows, count, table, state, frames, values, shaped):
    """Shapes `count` rows into `shaped`. Rows without a frame of their own sound from the frame that their voice holds."""
    scratch = Scratch(np.empty((6, GROUPS), np.float32), np.empty(GROUPS, np.int32), np.empty(GROUPS, np.int64),
                      np.empty(PARTIALS, np.float32), np.empty(PARTIALS, np.float32), np.empty(PARTIALS, np.float32),
                      np.empty(BANDS, np.float32), np.empty(BANDS, np.float32), np.empty(BANDS, np.float32))
    for r in range(count):
        row = rows[r]
        v, controls = table[row.slot], values.controls[row.control]
        if r == 0 or values.routes.own_colour:
            _colour(controls, state)
        if v.stage == FADING:
            _fade_out(row, v, r, state, controls, shaped)
            write_sides(row, state, controls[STEREO_WIDTH], shaped)
        elif v.note > 0:
            shape_sample(row, v, r, state, values, shaped)
        else:
            take_frame(row, state, frames)
            shape_frame(row, v, r, state, values, scratch, shaped)


@inlined(fastmath=FASTER)
def _colour(controls, state):
    """What all voices share in a hop, unless routes move it for each: the gain and the stretched ratio of each partial."""
    tilt, even_odd = controls[BRIGHTNESS], controls[EVEN_ODD]
    odd_db = 20 * math.log10(max(1 + min(even_odd, 0.0), 1e-3))
    even_db = 20 * math.log10(max(1 - max(even_odd, 0.0), 1e-3))
    power = 1 + 0.25 * controls[STRETCH] * abs(controls[STRETCH])
    if controls[TO_BELL] < 0:
        power = 1 + (power - 1) * deviation_kept(controls)
    for k in range(PARTIALS):
        state.colour_db[k] = min(tilt * (LOG2_RATIO[k] - 2), MOST_TILT_DB) + _ODD[k] * odd_db + _EVEN[k] * even_db
        state.warp[k] = RATIO[k] if power == 1 else RATIO[k] ** power
        if controls[TO_BELL] > 0:
            state.warp[k] = stretched(state.warp[k], controls)


@inlined(fastmath=FASTER)
def _fade_out(row, v, r, state, controls, shaped):
    """A row of a voice whose slot is wanted: silent at its end."""
    out = shaped.partials[row.entry, row.index]
    out[0], out[1], shaped.noise[r] = 0, 0, 0
    f0_hz = swayed(hz_of(row.pitch, unison_cents(v, controls)), row)
    for k in range(PARTIALS):
        out[2, k] = f0_hz * state.warp[k]
    shaped.used[row.entry] = v.used
    v.peak = 0.0
