"""What a decoder is told: latents, pitch, velocity and time, as numbers that a network finds easy to read.

Pitch and velocity run from -1 to 1 over the piano's keys and MIDI's velocities. Time is given twice: in seconds (a decay
is a straight line in it) and logarithmically warped (attacks are wide in it). Waves of pitch and of warped time let the
network bend where it must. Tancik et al. (2020), "Fourier features let networks learn high frequency functions".
"""
import numpy as np
import torch
from torch import Tensor, nn

from models.frame import ATTACK_S, FRAMES_PER_SECOND, QUARTERS_PER_SECOND

LOWEST_KEY, HIGHEST_KEY = 21, 108
LONGEST_S = 4.0                       # what training notes last at most; the end of the warped time axis
WARP_S = 0.004                        # time is linear well below it, logarithmic well above
ROWS = 128                            # of the note image

PITCH_WAVES = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)   # half turns from the middle of the keyboard to its end
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


class Waves(nn.Module):
    """Some numbers [B, n] as features [B, `features`]: the numbers in -1..1, their squares, and waves of one of them."""

    turns: Tensor
    quarter_turn: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, low: list[float], high: list[float], wave_of: int, waves: tuple[float, ...]):
        super().__init__()
        count, inputs = len(waves), len(low)
        turns = torch.zeros(inputs, 2 * count)
        turns[wave_of] = torch.tensor(list(waves) * 2) * torch.pi
        quarter_turn = torch.cat([torch.zeros(count), torch.full((count,), torch.pi / 2)])          # sin, then cos
        scale = 2 / (torch.tensor(high) - torch.tensor(low))
        for name, value in (("turns", turns), ("quarter_turn", quarter_turn),
                            ("scale", scale), ("shift", -1 - torch.tensor(low) * scale)):
            self.register_buffer(name, value, persistent=False)
        self.features = 2 * inputs + 2 * count

    def forward(self, *columns: Tensor) -> Tensor:
        x = torch.addcmul(self.shift, torch.stack(columns, 1), self.scale)
        return torch.cat([x, x * x, torch.addmm(self.quarter_turn, x, self.turns).sin()], 1)


class NoteFeatures(Waves):
    """`(pitch [B], velocity [B]) -> [B, features]`. `waves`: half turns from the middle of the keyboard to its end."""

    def __init__(self, waves: tuple[float, ...] = PITCH_WAVES):
        super().__init__([LOWEST_KEY, 0.0], [HIGHEST_KEY, 127.0], 0, waves)


class TimeFeatures(Waves):
    """`(time_s [B]) -> [B, features]`. `waves`: half turns of warped time from the middle of the axis to its end."""

    def __init__(self, waves: tuple[float, ...] = TIME_WAVES):
        super().__init__([0.0, 0.0], [LONGEST_S, float(np.log1p(LONGEST_S / WARP_S))], 1, waves)

    def forward(self, *columns: Tensor) -> Tensor:
        time_s, = columns
        return super().forward(time_s, torch.log1p(time_s * (1 / WARP_S)))
