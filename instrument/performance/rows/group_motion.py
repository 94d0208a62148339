"""What the groups of partials do in a row: how far they have fallen since note-off, and what moves them. Compiled.

Plain loops over all groups, as in `partial_gains.py`. Motion is made as `models/playing/motion_generator.py` defines it.
"""
import numpy as np

from hummingface.compiled import FASTER, compiled
from hummingface.instrument.performance.rows.frame_operations import ROUGH_RATE, ROUGH_REGULARITY
from hummingface.instrument.performance.rows.partial_gains import exp2_single
from hummingface.models.playing.frame import FUZZ, FUZZ_RATE, GROUPS, REGULARITY, RELEASE
from hummingface.models.playing.motion_generator import HIGHEST_OCTAVE, LOWEST_OCTAVE

MOST_FUZZ = np.float32(0.95)                   # a carrier always remains
RELEASE_DB, SHORTEST_S = np.float32(60), np.float32(0.004)
PLAIN, LOW, HIGH, COSINE, SINE, AMOUNT = range(6)     # of `motion`: gains of carrier, two octaves of noise, beating; and how much moves
_ZERO, _ONE, _TWO, _HALF, _QUARTER = (np.float32(x) for x in (0, 1, 2, 0.5, 0.25))
_LOWEST, _FASTEST, _TOP = np.float32(LOWEST_OCTAVE), np.float32(HIGHEST_OCTAVE + 0.5), np.float32(HIGHEST_OCTAVE - 1)
# sin(pi m) for -1/2 <= m <= 1/2, as in synthesis/partials.py
_S1, _S3, _S5, _S7, _S9 = (np.float32(c) for c in (
    3.1415926368942246, -5.167709684728635, 2.5500697252095508, -0.5982421198125003, 0.07756037417026737))


@compiled(fastmath=FASTER)
def sine(cycles):
    """sin(2 pi cycles) for -1/2 <= cycles <= 1/2."""
    x = abs(_TWO * cycles)
    m = min(x, _ONE - x)
    s = m * m
    y = m * (_S1 + s * (_S3 + s * (_S5 + s * (_S7 + s * _S9))))
    return y if cycles >= _ZERO else -y


@compiled(fastmath=FASTER)
def release_groups(frame, dt_s, longest_s, times, shortest_s, release_db):
    """All groups fall for `dt_s` by the release that `frame` has, up to `longest_s`, `times` as long; at most `shortest_s` (0: as long
    as it is)."""
    own = np.float32(longest_s)
    longest = np.float32(shortest_s) if shortest_s > 0 else np.float32(1e9)
    db, times = RELEASE_DB * np.float32(dt_s), np.float32(times)
    for g in range(GROUPS):
        seconds = max(min(min(exp2_single(frame[RELEASE.start + g]), own) * times, longest), SHORTEST_S)
        release_db[g] += db / seconds


@compiled(fastmath=FASTER)
def move_groups(frame, dt_s, fade, faster, rough, cycles, motion, column):
    """Moves the groups' phases `cycles` [GROUPS] on, and writes what they are multiplied by: `motion` [6, GROUPS] float32, and the octave
    of noise, `column` [GROUPS]. `fade`: the share of motion, `faster`: octaves added to its rate,
    `rough`: the knob's `Roughness`."""
    fade, faster = np.float32(fade * fade), np.float32(faster)
    for g in range(GROUPS):
        fuzz = min(frame[FUZZ.start + g] * fade * rough.kept + rough.added, MOST_FUZZ)
        rate = frame[FUZZ_RATE.start + g] + faster
        rate = min(max(rate + rough.towards * (np.float32(ROUGH_RATE) - rate), _LOWEST), _FASTEST)
        regular = min(max(frame[REGULARITY.start + g], _ZERO), _ONE)
        regular += rough.towards * (np.float32(ROUGH_REGULARITY) - regular)
        octave = min(np.floor(rate), _TOP)
        mix = min(rate - octave, _ONE)
        column[g] = np.int32(octave) - np.int32(LOWEST_OCTAVE)
        motion[AMOUNT, g] = fuzz
        motion[PLAIN, g] = np.sqrt(_ONE - fuzz)
        random = fuzz * (_ONE - regular)
        motion[LOW, g], motion[HIGH, g] = np.sqrt(random * (_ONE - mix)), np.sqrt(random * mix)
        motion[COSINE, g] = np.sqrt(fuzz * regular)
        motion[SINE, g] = exp2_single(rate)
    for g in range(GROUPS):
        cycles[g] += dt_s * motion[SINE, g]
        at = np.float32(cycles[g] - np.floor(cycles[g] + 0.5))
        ahead = at + _QUARTER if at <= _QUARTER else at - (_ONE - _QUARTER)      # a quarter turn on, within -1/2..1/2
        beating = motion[COSINE, g]
        motion[COSINE, g], motion[SINE, g] = beating * sine(ahead), beating * sine(at)
