"""Where a note stands in the model's own time: forward, backward or ping-pong, held, frozen, or where the player's hand puts it. Compiled.

A note that runs backward begins at the end of the trained time and ends at its onset. Ping-pong turns at the end, and after the attack.
"""
import math

from hummingface.compiled import FASTER, inlined
from hummingface.instrument.performance.controls import DIRECTION, FREEZE, HOLD, POSITION, SCRUB, START
from hummingface.instrument.performance.voices.note_course import pace
from hummingface.instrument.performance.voices.voice_table import RELEASED

FORWARD, BACKWARD, PING_PONG = range(3)
NO_HOLD_S = 20.0                    # at its highest the control holds nothing
SCRUB_GLIDE_S = 0.02                # time constant of the way to where the hand is
NEAR_S = 0.002                      # so near the note stands still
TURN_S = 0.25                       # where ping-pong turns: the attack is over
REVERSED_RELEASE_S = 0.05           # of a note that has come back to its onset


@inlined(fastmath=FASTER)
def passing(v, controls):
    """Seconds of the model's time that pass in a second; below 0 backward."""
    rate = pace(v.time_s, controls) * (1 - controls[FREEZE])
    if v.backward != 0:
        return -rate
    if v.stage < RELEASED and controls[HOLD] < NO_HOLD_S and v.time_s >= controls[HOLD]:
        return 0.0
    return rate


@inlined(fastmath=FASTER)
def begin_time(v, longest_s, controls):
    """A note begins."""
    v.backward = 1 if controls[DIRECTION] == BACKWARD else 0
    v.time_s = controls[START] * longest_s
    if v.backward != 0:
        v.time_s = longest_s - v.time_s


@inlined(fastmath=FASTER)
def is_led(v, longest_s, controls):
    """Whether the player's hand leads it, and it has not arrived."""
    return controls[SCRUB] > 0 and abs(controls[POSITION] * longest_s - v.time_s) > NEAR_S


@inlined(fastmath=FASTER)
def move_time(v, dt_s, longest_s, controls):
    """Moves a voice's time on by `dt_s`. Returns how much of the model's time has passed forward."""
    if controls[SCRUB] > 0:
        v.time_s += (controls[POSITION] * longest_s - v.time_s) * (1 - math.exp(-dt_s / SCRUB_GLIDE_S))
        return 0.0
    before, passed = v.time_s, dt_s * passing(v, controls)
    v.time_s += passed
    direction = controls[DIRECTION]
    if direction == FORWARD:
        v.backward = 0
        if v.stage < RELEASED and before < controls[HOLD] < min(v.time_s, NO_HOLD_S):
            v.time_s = controls[HOLD]
    elif v.backward == 0 and (direction == BACKWARD or v.time_s >= longest_s):
        v.backward, v.time_s = 1, max(min(v.time_s, 2 * longest_s - v.time_s), 0.0)
    elif direction == PING_PONG and v.backward != 0 and v.time_s <= TURN_S:
        v.backward, v.time_s = 0, max(2 * TURN_S - v.time_s, 0.0)
    elif direction == BACKWARD and v.time_s <= 0:
        v.time_s = 0.0
        if v.stage < RELEASED:
            v.stage, v.shortest_release_s = RELEASED, REVERSED_RELEASE_S
    return max(passed, 0.0)
