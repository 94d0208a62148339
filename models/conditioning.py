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

PITCH_WAVES = (1.0, 2.0, 4.0)                              # half turns from the middle of the keyboard to its end
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


class Conditioning(nn.Module):
    """`(z [B, L], pitch [B], velocity [B], time_s [B]) -> features [B, L + 8 + waves]`; without time `[B, L + 4 + waves]`.

    pitch_waves, time_waves: how many half turns each wave makes between the middle and the end of its range.
    """

    def __init__(self, latents: int, pitch_waves=PITCH_WAVES, time_waves=TIME_WAVES, timed: bool = True):
        super().__init__()
        self.timed = timed
        pitch_waves, time_waves = tuple(pitch_waves), tuple(time_waves) if timed else ()
        count = len(pitch_waves) + len(time_waves)
        turns = torch.zeros(4 if timed else 2, 2 * count)                # rows: pitch, velocity, seconds, warped time
        for i, wave in enumerate(pitch_waves + time_waves):
            turns[0 if i < len(pitch_waves) else 3, [i, count + i]] = wave * torch.pi
        quarter_turn = torch.cat([torch.zeros(count), torch.full((count,), torch.pi / 2)])   # sin, then cos
        longest = float(np.log1p(LONGEST_S / WARP_S))
        scale = torch.tensor([2 / (HIGHEST_KEY - LOWEST_KEY), 1 / 63.5, 2 / LONGEST_S, 2 / longest])
        shift = torch.tensor([-(HIGHEST_KEY + LOWEST_KEY) / (HIGHEST_KEY - LOWEST_KEY), -1.0, -1.0, -1.0])
        for name, value in (("turns", turns), ("quarter_turn", quarter_turn),
                            ("scale", scale[:len(turns)]), ("shift", shift[:len(turns)])):
            self.register_buffer(name, value, persistent=False)
        self.features = latents + 2 * len(turns) + 2 * count

    def forward(self, z: Tensor, pitch: Tensor, velocity: Tensor, time_s: Tensor | None = None) -> Tensor:
        columns = [pitch, velocity]
        if self.timed:
            columns += [time_s, torch.log1p(time_s * (1 / WARP_S))]
        x = torch.addcmul(self.shift, torch.stack(columns, 1), self.scale)                     # [B, 4], about -1..1
        return torch.cat([z, x, x * x, torch.addmm(self.quarter_turn, x, self.turns).sin()], 1)
