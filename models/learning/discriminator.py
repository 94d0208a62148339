"""The discriminator of the GANs: does an image come from a recorded note? It is trained beside a generator and not used for playing.

    image [B, 385, T]  = levels of 160 partials and 64 noise bands, deviations of 160 partials where they are audible, and a channel that
                         is 1 where the note is known; T rows of the note image
    side  [B, 187]     = motion and release of the whole note, and the start phases of its first 32 partials; of stereo notes 48 more, their
                         balances and coherences
    about [B, C]       = features of pitch and velocity, and the conditions

    inner [B, 256]     = LeakyReLU(Linear(strided convolutions over time(image), side))
    logit [B]          = Linear(inner) + <inner, Linear(about)>           a projection: does the note fit its conditions?
    guess [B, G]       = Linear(inner)                                    the conditions, estimated from the sound

Rows are aligned with the note's own harmonics, so the convolution runs over time alone, as the encoder's does. The projection is Miyato and
Koyama's (2018), "cGANs with projection discriminator"; the guess Odena et al.'s (2017), "Conditional image synthesis with auxiliary
classifier GANs".
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus, softsign

from hummingface.models.learning.decoder import Features
from hummingface.models.playing.conditioning import note_waves
from hummingface.models.playing.frame import DEVIATION, FRAME_SIZE, LEVEL, NOISE, PARTIALS, SLOT_RATIO, STEADY
from hummingface.models.playing.stereo import BALANCE, COHERENCE, STEREO_SIZE

FLOOR_DB, MIDDLE_DB, UNIT_DB = -100.0, -70.0, 25.0
NEPER_DB = 20 / 2.302585
CENTS = 1731.234                      # per unit of relative frequency
CENTS_KNEE = 15.0                     # larger deviations count ever less
HEARD_DB = 60.0                       # under the peak
BALANCE_UNIT_DB, COHERENCE_UNIT = 6.0, 0.5
PHASES = 32
CHANNELS = 2 * PARTIALS + NOISE.stop - NOISE.start + 1
SIDE = FRAME_SIZE - STEADY.start + 2 * PHASES
KERNEL, LAYERS, INNER, SLOPE = 5, 3, 256, 0.2


class View(nn.Module):
    """A note as the discriminator's input, in units near 1. `mean`, `deviation` [FRAME_SIZE] of recorded notes."""

    ratio: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor):
        super().__init__()
        self.register_buffer("ratio", torch.from_numpy(SLOT_RATIO.copy()), persistent=False)
        self.register_buffer("mean", mean[STEADY].clone())
        self.register_buffer("deviation", deviation[STEADY].clamp(min=0.05))

    def forward(self, frames: Tensor, vectors: Tensor, known: Tensor, stereo: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """frames [B, T, FRAME_SIZE], cos and sin of each partial's start [B, 2, PARTIALS], known rows [B, T] 1 or 0, and of stereo notes
        balances and coherences [B, STEREO_SIZE] -> (image, side)."""
        levels = torch.cat([frames[..., LEVEL], frames[..., NOISE]], -1)
        levels = FLOOR_DB + NEPER_DB * softplus((levels - FLOOR_DB) / NEPER_DB)             # silence is one value, and has a slope
        level = frames[..., LEVEL]
        peak = level.amax((1, 2), keepdim=True)
        heard = torch.sigmoid((level - peak + HEARD_DB) / 4)
        cents = heard * softsign(frames[..., DEVIATION] * (CENTS / CENTS_KNEE / self.ratio))
        image = torch.cat([(levels - MIDDLE_DB) / UNIT_DB, cents], -1) * known[..., None]
        image = torch.cat([image, known[..., None]], -1).transpose(1, 2)
        steady = ((frames[:, 0, STEADY] - self.mean) / self.deviation).clamp(-4, 4)
        turned = vectors / (vectors.square().sum(1, keepdim=True) + 1e-6).sqrt()
        start = turned[..., :PHASES] * heard[:, :8].amax(1)[:, None, :PHASES]
        sides = [] if stereo is None else [stereo[:, BALANCE] / BALANCE_UNIT_DB, (stereo[:, COHERENCE] - 1) / COHERENCE_UNIT]
        return image, torch.cat([steady, start.flatten(1), *sides], 1)


class Discriminator(nn.Module):
    """`discriminator(image, side, pitch [B], velocity [B], conditions [B, C]) -> (logit [B], guess [B, C])`."""

    def __init__(self, conditions: int, rows: int, width: int = 128, stereo: bool = False):
        super().__init__()
        self.features = Features(note_waves((1.0, 2.0, 4.0)))
        layers: list[nn.Module] = [nn.Conv1d(CHANNELS, width, 1), nn.LeakyReLU(SLOPE)]
        for _ in range(LAYERS):
            layers += [nn.Conv1d(width, width, KERNEL, 2, KERNEL // 2), nn.LeakyReLU(SLOPE)]
        self.convolutions = nn.Sequential(*layers)
        rows = -(-rows // 2 ** LAYERS)
        self.inner = nn.Sequential(nn.Linear(width * rows + SIDE + stereo * STEREO_SIZE, INNER), nn.LeakyReLU(SLOPE))
        self.logit, self.guess = nn.Linear(INNER, 1), nn.Linear(INNER, max(conditions, 1))
        self.project = nn.Linear(self.features.features + conditions, INNER)
        with torch.no_grad():                                           # at first it has no opinion: its loss is ln 2
            for last in (self.logit, self.project):
                last.weight.mul_(0.1)
                last.bias.zero_()

    def forward(self, image: Tensor, side: Tensor, pitch: Tensor, velocity: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        inner = self.inner(torch.cat([self.convolutions(image).flatten(1), side], 1))
        about = torch.cat([self.features(pitch, velocity), conditions], 1)
        logit = self.logit(inner)[:, 0] + (inner * self.project(about)).sum(1) / INNER ** 0.5
        return logit, self.guess(inner)[:, :conditions.shape[1]]
