"""The per-voice state that is kept from row to row, and its initial values. Compiled."""
import math

import numpy as np

from hummingface.compiled import FASTER, compiled
from hummingface.instrument.synthesis.state import BANDS, PARTIALS, SLOTS
from hummingface.models.playing.frame import FRAME_SIZE, GROUPS, SLOT_RATIO
from hummingface.models.playing.motion_generator import HIGHEST_OCTAVE, LOWEST_OCTAVE, TABLE_SIZE, noise_tables

ORDER = np.argsort(SLOT_RATIO, kind="stable").astype(np.int32)         # position in the state block -> slot of the frame
RATIO = SLOT_RATIO[ORDER].astype(np.float64)
TURN = 2 * math.pi

_rng = np.random.default_rng(20)
# [TABLE_SIZE + 1, octaves, 2]: at one moment all octaves lie side by side; the loop's first moment again at its end
MOTION_TABLES = np.ascontiguousarray(np.moveaxis(
    np.pad(noise_tables(_rng), ((0, 0), (0, 1)), mode="wrap").astype(np.complex64).view(np.float32)
    .reshape(HIGHEST_OCTAVE - LOWEST_OCTAVE + 1, TABLE_SIZE + 1, 2), 0, 1))


class Memory:
    """The state of all voice slots between rows. float32 unless noted."""

    def __init__(self) -> None:
        self.held = np.zeros((SLOTS, FRAME_SIZE), np.float32)              # the frame that sounds
        self.ahead = np.zeros((SLOTS, FRAME_SIZE), np.float32)             # the newest frame, which it moves to
        self.noise = np.zeros((SLOTS, 2, BANDS), np.float32)               # the newest noise power
        self.fall_db = np.zeros((SLOTS, PARTIALS + BANDS), np.float32)     # fallen beyond the trained time
        self.slopes = np.zeros((SLOTS, PARTIALS + BANDS), np.float32)      # dB per second there
        self.release_attenuation_db = np.zeros((SLOTS, GROUPS))                         # fallen since note-off
        self.turns = np.zeros((SLOTS, GROUPS))                             # of the regular part of motion
        self.offset = np.zeros((SLOTS, PARTIALS), np.int32)                # where each partial reads the tables of motion
        self.angle = np.zeros((SLOTS, PARTIALS, 2), np.float32)            # and its phase in a regular beating, cos and sin
        self.wave = MOTION_TABLES
        self.colour_db = np.zeros(PARTIALS)                                # tilt and odd / even of this hop
        self.warp = RATIO.copy()                                           # stretched ratios of this hop

    def arrays(self) -> tuple:
        return (self.held, self.ahead, self.noise, self.fall_db, self.slopes, self.release_attenuation_db, self.turns, self.offset,
                self.angle, self.wave, self.colour_db, self.warp)


@compiled(fastmath=FASTER)
def begin_voice(table, s, memory):
    """Reset the state of slot `s` and draw its random values from its seed."""
    _, _, noise, fall_db, slopes, release_attenuation_db, turns, offset, angle, _, _, _ = memory
    noise[s], fall_db[s], slopes[s], release_attenuation_db[s], turns[s] = 0, 0, 0, 0, 0
    x = np.uint64(table[s].seed) | np.uint64(1 << 32)
    for k in range(PARTIALS):
        x ^= x << np.uint64(13)                                # xorshift64, Marsaglia (2003)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
        offset[s, k] = (x >> np.uint64(16)) % np.uint64(TABLE_SIZE)
        at = TURN * float((x >> np.uint64(40)) & np.uint64(0xFFFF)) / 65536
        angle[s, k, 0], angle[s, k, 1] = math.cos(at), math.sin(at)
    table[s].vibrato = float((x >> np.uint64(12)) & np.uint64(0xFFFF)) / 65536
    table[s].added = 0.0
    table[s].envelope = 0.0
    table[s].filter_envelope = 1.0
