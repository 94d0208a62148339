"""The inputs of a decoder: latents, pitch, velocity and time, as features that a network learns easily.

Pitch and velocity run from -1 to 1 over the piano's keys and MIDI's velocities. Time is given twice: in seconds (a decay
is a straight line in it) and logarithmically warped (attacks are wide in it). Sinusoids of pitch and of warped time let the
network bend where it must. Tancik et al. (2020), "Fourier features let networks learn high frequency functions".
"""
import numpy as np

from hummingface.models.playing.frame import ATTACK_S, FRAMES_PER_SECOND, QUARTERS_PER_SECOND

LOWEST_KEY, HIGHEST_KEY = 21, 108
LONGEST_S = 4.0                       # what training notes last at most; the end of the warped time axis
WARP_S = 0.004                        # time is linear well below it, logarithmic well above
ROWS = 128                            # of the note image

PITCH_WAVES = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 43.5)
"""Half turns from the middle of the keyboard to its end. The last one turns by half from key to key: neighbours may differ."""

TIME_WAVES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


def row_times_s() -> np.ndarray:
    """Times [ROWS] of a note image's rows: every quarter hop while the note begins, then evenly in log time, on hops."""
    quarters = np.arange(int(np.ceil(ATTACK_S * QUARTERS_PER_SECOND - 1e-9))) / QUARTERS_PER_SECOND
    last_hop = round(LONGEST_S * FRAMES_PER_SECOND)
    hops = np.geomspace(ATTACK_S * FRAMES_PER_SECOND, last_hop, ROWS - len(quarters))
    hops = np.ceil(hops - 1e-6)
    for i in range(1, len(hops)):                                        # early ones would fall on the same hop
        hops[i] = max(hops[i], hops[i - 1] + 1)
    return np.concatenate([quarters, hops / FRAMES_PER_SECOND])


def features_of(inputs: int, waves: tuple[float, ...]) -> int:
    """How many features so many numbers have, with waves of one of them."""
    return 2 * inputs + 2 * len(waves)


class Waves:
    """Some numbers [B, n] as features [B, `features`]: the numbers in -1..1, their squares, and waves of one of them.

    With x = numbers * `scale` + `shift`: x, x squared, and sin(x @ `turns` + `quarter_turn`). The arrays are float32: `scale` and `shift`
    [n], `turns` [n, 2 W], `quarter_turn` [2 W]. `models/learning/decoder.py` does it in torch, `models/playing/decoder_numpy.py` compiled.
    """

    def __init__(self, low: list[float], high: list[float], wave_of: int, waves: tuple[float, ...]):
        count, inputs = len(waves), len(low)
        turns = np.zeros((inputs, 2 * count))
        turns[wave_of] = np.pi * np.array(list(waves) * 2)
        scale = 2 / (np.array(high) - np.array(low))
        self.features = features_of(inputs, waves)
        self.turns, self.scale = turns.astype(np.float32), scale.astype(np.float32)
        self.shift = (-1 - np.array(low) * scale).astype(np.float32)
        self.quarter_turn = np.repeat(np.array([0, np.pi / 2], np.float32), count)                  # sin, then cos


def note_waves(waves: tuple[float, ...] = PITCH_WAVES) -> Waves:
    """Of (pitch [B], velocity [B]). `waves`: half turns from the middle of the keyboard to its end."""
    return Waves([LOWEST_KEY, 0.0], [HIGHEST_KEY, 127.0], 0, waves)


def time_waves(waves: tuple[float, ...] = TIME_WAVES) -> Waves:
    """Of (seconds [B], warped seconds [B]). `waves`: half turns of warped time from the middle of the axis to its end."""
    return Waves([0.0, 0.0], [LONGEST_S, float(np.log1p(LONGEST_S / WARP_S))], 1, waves)
