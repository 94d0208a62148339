"""What the routes make of the controls: for each moment of a voice a row of its own, and row 0 for all that voices share. Compiled.

At a moment the sources move first, then the routes add what they say to where the player's knobs stand. So a route that moves a source's
setting is heard a moment later, whatever the order of the routes; only a route's depth is moved at once.
"""
import math
from typing import NamedTuple

import numpy as np

from hummingface.compiled import compiled, part
from hummingface.instrument.performance.controls import SIZE, VOLUME
from hummingface.instrument.performance.routing.modulation_sources import move_shared_sources, move_sources
from hummingface.instrument.performance.voices.voice_table import FADING, FREE
from hummingface.instrument.synthesis.state import SLOTS, START_ROWS

ROWS = 1 + SLOTS * START_ROWS      # of controls: the shared one, and each slot's moments within a hop or a start
NOTICED = 0.002                    # of the travel of a target that moves latents: less is not worth a network's work
RESTING_S = 1.0                    # of latents that did not move yet


class Routes(NamedTuple):
    """The routes as compiled code reads them, and where their sources stand. Those to other routes' depths come first. Without routes,
    `route_count` is 0 and nothing else is read."""
    route_count: int
    target_count: int
    base: np.ndarray                     # [SIZE] where the knobs stand
    source: np.ndarray                   # [MOST_ROUTES] int64, place among the sources
    times: np.ndarray                    # [MOST_ROUTES] float64, what makes its value
    plus: np.ndarray                     # [MOST_ROUTES] that of the route's polarity
    power: np.ndarray                    # [MOST_ROUTES] of its curve
    depth: np.ndarray                    # [MOST_ROUTES]
    scale: np.ndarray                    # [MOST_ROUTES] int64, place of a second source, or -1; what makes its value
    scale_times: np.ndarray              # [MOST_ROUTES] go from 0 to 1
    scale_plus: np.ndarray               # [MOST_ROUTES]
    leads: np.ndarray                    # [MOST_ROUTES] int64, to which of the targets; -1 - r: to the depth of route r
    control: np.ndarray                  # [MOST_ROUTES] int64, of each target: its place among the controls, or -1,
    latent: np.ndarray                   # [MOST_ROUTES] bool, whether it moves latents,
    log: np.ndarray                      # [MOST_ROUTES] bool, whether its travel goes by ratios,
    span: np.ndarray                     # [MOST_ROUTES] of the whole travel, or of its logarithm,
    lowest: np.ndarray                   # [MOST_ROUTES]
    highest: np.ndarray                  # [MOST_ROUTES]
    moves: np.ndarray                    # [1 + SLOTS, MOST_ROUTES] how far targets are moved now, in travels
    state: np.ndarray                    # [1 + SLOTS] modulation_dtype: shared, and of each slot
    bends: np.ndarray                    # [16] -1..1
    pedals: np.ndarray                   # [16] bool
    seed: int
    own_colour: bool                     # whether a route moves what all voices share otherwise, see `modulation.py`


class ControlValues(NamedTuple):
    """What compiled code reads of the controls."""
    controls: np.ndarray                 # [1, SIZE], or with routes [ROWS, SIZE]: by row, and `INDEX`
    channels: np.ndarray                 # [CHANNEL_LINES, CHANNEL_COLUMNS]; a voice listens to its `line`
    rate_hz: int
    routes: Routes


@part
def _add_up(routes, m, moves):
    """How far each target is moved by the sources as they stand."""
    for i in range(routes.target_count):
        moves[i] = 0.0
    for r in range(routes.route_count):
        m.depth[r] = 0.0
    for r in range(routes.route_count):
        x = routes.times[r] * m.values[routes.source[r]] + routes.plus[r]
        if routes.power[r] != 1:
            x = math.copysign(abs(x) ** routes.power[r], x)
        depth = min(max(routes.depth[r] + m.depth[r], -1.0), 1.0)
        if routes.scale[r] >= 0:
            depth *= routes.scale_times[r] * m.values[routes.scale[r]] + routes.scale_plus[r]
        if routes.leads[r] >= 0:
            moves[routes.leads[r]] += depth * x
        else:
            m.depth[-1 - routes.leads[r]] += depth * x


@part
def _write_controls(routes, moves, out):
    """The knobs' values [SIZE], moved."""
    base = routes.base
    for i in range(SIZE):
        out[i] = base[i]
    for i in range(routes.target_count):
        at = routes.control[i]
        if at >= 0:
            way = moves[i] * routes.span[i]
            value = base[at] * math.exp(way) if routes.log[i] else base[at] + way
            out[at] = min(max(value, routes.lowest[i]), routes.highest[i])


@part
def _notice_latents(routes, m, moves, dt_s):
    """Whether the voice's latents are on their way."""
    moved = False
    for i in range(routes.target_count):
        if routes.latent[i] and abs(moves[i] - m.seen[i]) > NOTICED:
            moved = True
            m.seen[i] = moves[i]
    m.rest_s = 0.0 if moved else m.rest_s + dt_s
    m.moves += moved


@part
def modulate(v, s, index, dt_s, values):
    """Moves the sources of the voice in slot `s` on to its next moment, which is number `index` of a hop or a start. Returns the row that
    has its controls there."""
    routes = values.routes
    m, moves, row = routes.state[1 + s], routes.moves[1 + s], 1 + s * START_ROWS + index
    move_sources(m, routes.state[0], v, routes.base if m.row < 0 else values.controls[m.row], dt_s, values)
    _add_up(routes, m, moves)
    _write_controls(routes, moves, values.controls[row])
    _notice_latents(routes, m, moves, dt_s)
    m.row = row
    return row


@compiled()
def begin_modulation(table, s, values):
    """The sources of a voice that begins, and its controls then. Returns their row."""
    m = values.routes.state[1 + s]
    for i in range(len(m.cycles)):
        m.cycles[i] = 0.0
    for i in range(len(m.stage)):
        m.stage[i], m.place[i], m.level[i], m.released_at[i] = 0, 0.0, 0.0, 0.0
    m.row, m.rest_s, m.moves = -1, RESTING_S, 0
    row = modulate(table[s], s, 0, 0.0, values)
    for i in range(values.routes.target_count):
        m.seen[i] = values.routes.moves[1 + s, i]
    m.row, m.rest_s, m.moves = -1, RESTING_S, 0             # what follows begins with the knobs' settings again
    return row


@compiled()
def move_shared(table, dt_s, values):
    """Row 0, `dt_s` further: what effects hear, and whatever else voices share. Sources that each note has are those of the newest."""
    routes = values.routes
    newest, born = 0, -1
    for s in range(len(table)):
        if table[s].stage != FREE and table[s].stage != FADING and table[s].born > born:
            newest, born = 1 + s, table[s].born
    m, controls = routes.state[0], values.controls
    move_shared_sources(m, routes.state[newest], controls[0], dt_s, values)
    _add_up(routes, m, routes.moves[0])
    _write_controls(routes, routes.moves[0], controls[0])
    controls[0, VOLUME] = routes.base[VOLUME]               # a volume that routes move is that of each voice
    return newest
