"""What the voices' slots remember from row to row, and how it begins. Compiled."""
import math
from typing import NamedTuple

import numpy as np

from hummingface.compiled import FASTER, compiled
from hummingface.instrument.synthesis.state import BANDS, PARTIALS, SLOTS
from hummingface.models.playing.frame import BAND_CENTRES_HZ, FRAME_SIZE, GROUP_EDGES_HZ, GROUPS, SLOT_RATIO, group_of_hz
from hummingface.models.playing.motion_generator import HIGHEST_OCTAVE, LOWEST_OCTAVE, TABLE_SIZE, noise_tables
from hummingface.models.playing.stereo import STEREO_SIZE

ORDER = np.argsort(SLOT_RATIO, kind="stable").astype(np.int32)         # position in the state block -> slot of the frame
RATIO = SLOT_RATIO[ORDER].astype(np.float64)
BAND_GROUP = group_of_hz(BAND_CENTRES_HZ).astype(np.int64)
GROUP_EDGES = np.append(GROUP_EDGES_HZ[1:GROUPS], np.inf)              # Hz, the upper edge of each group
TURN = 2 * math.pi

_rng = np.random.default_rng(20)
# [TABLE_SIZE + 1, octaves, 2]: at one moment all octaves lie side by side; the loop's first moment again at its end
MOTION_TABLES = np.ascontiguousarray(np.moveaxis(
    np.pad(noise_tables(_rng), ((0, 0), (0, 1)), mode="wrap").astype(np.complex64).view(np.float32)
    .reshape(HIGHEST_OCTAVE - LOWEST_OCTAVE + 1, TABLE_SIZE + 1, 2), 0, 1))


class VoiceState(NamedTuple):
    """What every slot remembers between rows, and what all share in a hop. All float32 unless said."""
    held: np.ndarray                     # [SLOTS, FRAME_SIZE] the frame that sounds
    ahead: np.ndarray                    # [SLOTS, FRAME_SIZE] the newest frame, which it moves to
    noise: np.ndarray                    # [SLOTS, 3, BANDS] the newest noise power: left, right, and EXCESS of synthesis/state.py
    wide: np.ndarray                     # [SLOTS] int32, 1: its note is stereo,
    stereo: np.ndarray                   # [SLOTS, STEREO_SIZE] and these are its balances and coherences;
    spread: np.ndarray                   # [SLOTS, 7, GROUPS] what follows from them (stereo_rows.py)
    spread_width: np.ndarray             # [SLOTS] float64, at this width; -1: for other values
    fall_db: np.ndarray                  # [SLOTS, PARTIALS + BANDS] fallen beyond the trained time
    slopes: np.ndarray                   # [SLOTS, PARTIALS + BANDS] dB per second there
    release_db: np.ndarray               # [SLOTS, GROUPS] float64, fallen since note-off
    cycles: np.ndarray                   # [SLOTS, GROUPS] float64, of the regular part of motion
    offset: np.ndarray                   # [SLOTS, PARTIALS] int32, where each partial reads the tables of motion
    angle: np.ndarray                    # [SLOTS, PARTIALS, 2] and its phase in a regular beating, cos and sin
    wave: np.ndarray                     # MOTION_TABLES
    colour_db: np.ndarray                # [PARTIALS] float64, tilt and odd / even of this hop
    warp: np.ndarray                     # [PARTIALS] float64, stretched ratios of this hop


def new_voice_state() -> VoiceState:
    """Of voices of which none has begun."""
    def zeros(*shape: int) -> np.ndarray:
        return np.zeros((SLOTS, *shape), np.float32)
    return VoiceState(
        held=zeros(FRAME_SIZE), ahead=zeros(FRAME_SIZE), noise=zeros(3, BANDS), wide=np.zeros(SLOTS, np.int32),
        stereo=zeros(STEREO_SIZE), spread=zeros(7, GROUPS), spread_width=np.full(SLOTS, -1.0), fall_db=zeros(PARTIALS + BANDS),
        slopes=zeros(PARTIALS + BANDS), release_db=np.zeros((SLOTS, GROUPS)), cycles=np.zeros((SLOTS, GROUPS)),
        offset=np.zeros((SLOTS, PARTIALS), np.int32), angle=zeros(PARTIALS, 2), wave=MOTION_TABLES, colour_db=np.zeros(PARTIALS),
        warp=RATIO.copy())


@compiled(fastmath=FASTER)
def begin_voice(table, s, state):
    """Empties what slot `s` remembers and draws its own randomness from its seed."""
    state.noise[s], state.fall_db[s], state.slopes[s], state.release_db[s], state.cycles[s] = 0, 0, 0, 0, 0
    x = np.uint64(table[s].seed) | np.uint64(1 << 32)
    for k in range(PARTIALS):
        x ^= x << np.uint64(13)                                # xorshift64, Marsaglia (2003)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
        state.offset[s, k] = (x >> np.uint64(16)) % np.uint64(TABLE_SIZE)
        at = TURN * float((x >> np.uint64(40)) & np.uint64(0xFFFF)) / 65536
        state.angle[s, k, 0], state.angle[s, k, 1] = math.cos(at), math.sin(at)
    table[s].vibrato = float((x >> np.uint64(12)) & np.uint64(0xFFFF)) / 65536
    table[s].added = 0.0
    table[s].envelope = 0.0
    table[s].filter_envelope = 1.0
