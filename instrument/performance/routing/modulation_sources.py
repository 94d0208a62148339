"""Where the sources of modulation stand: the LFOs and envelopes of each voice, and what its key, its channel and the player's knobs say.
Compiled.

A source's value goes from -1 to 1 or from 0 to 1 (`ModulationSource.bipolar`). Settings are read as the voice's own routes have moved
them, one moment later.
"""
import math

import numpy as np

from hummingface.compiled import inlined, part
from hummingface.instrument.patches.parameters import LFOS, MACROS, MOD_ENVELOPES
from hummingface.instrument.patches.sources import MOST_ROUTES, SOURCES
from hummingface.instrument.performance.controls import INDEX, PRESSURE, SLIDE, WHEEL
from hummingface.instrument.performance.voices.voice_table import RELEASED

COUNT = len(SOURCES)
_PLACES = {name: place for place, name in enumerate(SOURCES)}
_LFO, _ENVELOPE, _MACRO_VALUE = _PLACES["lfo.1"], _PLACES["mod_envelope.1"], _PLACES["macro.1"]
_VELOCITY, _RELEASE_VELOCITY, _KEY, _PRESSURE, _SLIDE, _BEND, _RANDOM, _ALTERNATE, _WHEEL, _PEDAL = (
    _PLACES[name] for name in ("velocity", "release_velocity", "key", "pressure", "slide", "bend", "random", "alternate", "wheel", "pedal"))
SHARED = np.array([source.shared for source in SOURCES.values()])

# Each LFO's and each envelope's controls lie side by side in the table, in this order.
SHAPE, RATE, _SYNC, PHASE, FADE, SCOPE = range(6)
_DELAY, _ATTACK, _HOLD, _DECAY, SUSTAIN_LEVEL, _RELEASE, CURVE = range(7)
_FIRST_LFO, _FIRST_ENVELOPE, _FIRST_MACRO = INDEX["lfo.1.shape"], INDEX["mod_envelope.1.delay_s"], INDEX["macro.1"]
LFO_CONTROLS, ENVELOPE_CONTROLS = 6, 7
assert INDEX[f"lfo.{LFOS}.scope"] == _FIRST_LFO + LFO_CONTROLS * LFOS - 1
assert INDEX[f"mod_envelope.{MOD_ENVELOPES}.curve"] == _FIRST_ENVELOPE + ENVELOPE_CONTROLS * MOD_ENVELOPES - 1
assert INDEX[f"macro.{MACROS}"] == _FIRST_MACRO + MACROS - 1

SINE, TRIANGLE, SAW, SQUARE, HELD_DRAWS, SMOOTH_DRAWS = range(6)       # as in `LFO_SHAPES`
DELAYING, ATTACKING, HOLDING, DECAYING, SUSTAINING, RELEASING, OVER = range(7)     # stages of an envelope
SHORTEST_S = 0.00101               # a stage up to this long takes no time
STEEPNESS = 6.0                    # of the curves' exponentials, at 1
MIDDLE_KEY, KEY_RANGE = 60.0, 60.0
_FAR_ORDER = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LFO_SEED, _OWN_SEED = 7919, 104729     # so that the LFOs of a voice, and its draw, have nothing to do with each other

modulation_dtype = np.dtype([
    ("cycles", "f8", LFOS),                                 # passed in each LFO
    ("stage", "i4", MOD_ENVELOPES),
    ("place", "f8", MOD_ENVELOPES),                         # 0..1 within the stage
    ("level", "f8", MOD_ENVELOPES), ("released_at", "f8", MOD_ENVELOPES),
    ("values", "f8", COUNT),                                # of the sources, in the order of `SOURCES`
    ("depth", "f8", MOST_ROUTES),                           # by which other routes move each route's depth
    ("seen", "f8", MOST_ROUTES),                            # how far targets that move latents were moved when that was last noticed
    ("row", "i8"),                                          # of the controls, as they were at the newest moment; -1: none
    ("rest_s", "f8"), ("moves", "i8"),                      # since the latents last moved; how often they have
], align=True)


@inlined
def _draw(seed, number):
    """A number from -1 to 1 that follows from both: the mixer of splitmix64 (Steele, Lea, Flood 2014)."""
    x = (np.uint64(seed) + np.uint64(1)) * _FAR_ORDER + np.uint64(np.int64(number)) * _MIX_2
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    x ^= x >> np.uint64(31)
    return float(x >> np.uint64(11)) * (2.0 / 9007199254740992.0) - 1.0


@part
def lfo_value(shape, cycles, seed):
    """-1..1, of an LFO that has passed so many cycles."""
    whole = math.floor(cycles)
    at = cycles - whole
    if shape == SINE:
        return math.sin(2 * math.pi * at)
    if shape == TRIANGLE:
        return 1 - 4 * abs((at + 0.25) % 1.0 - 0.5)
    if shape == SAW:
        return 2 * at - 1
    if shape == SQUARE:
        return 1.0 if at < 0.5 else -1.0
    here = _draw(seed, whole)
    if shape == HELD_DRAWS:
        return here
    return here + (_draw(seed, whole + 1) - here) * 0.5 * (1 - math.cos(math.pi * at))


@inlined
def _bent(place, curve):
    """How far a stage has come at a place 0..1 in it."""
    steep = STEEPNESS * curve
    return place if abs(steep) < 1e-3 else (1 - math.exp(-steep * place)) / (1 - math.exp(-steep))


@part
def move_envelope(m, i, controls, dt_s, held):
    """Envelope `i` of a voice, `dt_s` further."""
    first = _FIRST_ENVELOPE + ENVELOPE_CONTROLS * i
    if not held and m.stage[i] < RELEASING:
        m.stage[i], m.place[i], m.released_at[i] = RELEASING, 0.0, m.level[i]
    while m.stage[i] != SUSTAINING and m.stage[i] != OVER:
        length_s = controls[first + m.stage[i]]             # the sustain level is where the sustain's length would be
        left_s = (1 - m.place[i]) * length_s
        if length_s > SHORTEST_S and dt_s < left_s:
            m.place[i] += dt_s / length_s
            break
        dt_s -= left_s if length_s > SHORTEST_S else 0.0
        m.stage[i], m.place[i] = m.stage[i] + 1, 0.0
    sustain, come = controls[first + SUSTAIN_LEVEL], _bent(m.place[i], controls[first + CURVE])
    if m.stage[i] == DELAYING or m.stage[i] == OVER:
        m.level[i] = 0.0
    elif m.stage[i] == ATTACKING:
        m.level[i] = come
    elif m.stage[i] == HOLDING:
        m.level[i] = 1.0
    elif m.stage[i] == DECAYING:
        m.level[i] = 1 + (sustain - 1) * come
    elif m.stage[i] == SUSTAINING:
        m.level[i] = sustain
    else:
        m.level[i] = m.released_at[i] * (1 - come)


@inlined
def _move_cycles(m, controls, dt_s):
    for i in range(LFOS):
        m.cycles[i] += dt_s * controls[_FIRST_LFO + LFO_CONTROLS * i + RATE]


@part
def move_sources(m, shared, v, controls, dt_s, values):
    """All sources of a voice, `dt_s` further; `shared` is where those stand that run for all notes. `controls`: the voice's own."""
    routes = values.routes
    _move_cycles(m, controls, dt_s)
    for i in range(LFOS):
        first = _FIRST_LFO + LFO_CONTROLS * i
        own = controls[first + SCOPE] == 0
        cycles = (m.cycles[i] if own else shared.cycles[i]) + controls[first + PHASE]
        seed = (np.int64(v.seed) if own else np.int64(routes.seed)) + _LFO_SEED * (i + 1)
        fade_s = controls[first + FADE]
        fade = min(v.age_s / fade_s, 1.0) if fade_s > 0 else 1.0
        m.values[_LFO + i] = fade * lfo_value(int(controls[first + SHAPE]), cycles, seed)
    for i in range(MOD_ENVELOPES):
        move_envelope(m, i, controls, dt_s, v.stage < RELEASED)
        m.values[_ENVELOPE + i] = m.level[i]
    channels, line = values.channels, v.line
    m.values[_VELOCITY], m.values[_RELEASE_VELOCITY] = v.velocity / 127, v.release_velocity
    m.values[_KEY] = min(max((v.pitch - MIDDLE_KEY) / KEY_RANGE, -1.0), 1.0)
    m.values[_PRESSURE] = min(channels[line, PRESSURE] + v.key_pressure, 1.0)
    m.values[_SLIDE] = channels[line, SLIDE]
    if line < len(routes.bends):                            # else its channel moves it no more
        m.values[_BEND] = routes.bends[line]
    m.values[_RANDOM] = _draw(np.int64(v.seed) + _OWN_SEED, 0)
    m.values[_ALTERNATE] = 1.0 if v.born & 1 else -1.0
    m.values[_WHEEL] = channels[line, WHEEL]
    m.values[_PEDAL] = 1.0 if routes.pedals[v.channel] else 0.0
    for i in range(MACROS):
        m.values[_MACRO_VALUE + i] = controls[_FIRST_MACRO + i]


@part
def move_shared_sources(m, newest, controls, dt_s, values):
    """Sources that all notes share, `dt_s` further; the others are those of the `newest` voice, or stay where they are if it is `m`."""
    routes = values.routes
    _move_cycles(m, controls, dt_s)
    for i in range(COUNT):
        m.values[i] = newest.values[i]
    for i in range(LFOS):
        first = _FIRST_LFO + LFO_CONTROLS * i
        if controls[first + SCOPE] != 0:
            seed = np.int64(routes.seed) + _LFO_SEED * (i + 1)
            m.values[_LFO + i] = lfo_value(int(controls[first + SHAPE]), m.cycles[i] + controls[first + PHASE], seed)
    wheel, pedal = 0.0, 0.0
    for channel in range(len(routes.pedals)):
        wheel = max(wheel, values.channels[channel, WHEEL])
        pedal = max(pedal, 1.0 if routes.pedals[channel] else 0.0)
    m.values[_WHEEL], m.values[_PEDAL] = wheel, pedal
    for i in range(MACROS):
        m.values[_MACRO_VALUE + i] = controls[_FIRST_MACRO + i]
