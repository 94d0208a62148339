"""The loss of the decoder: the distance of a predicted frame from its target, weighted by what is audible.

Levels are compared in dB above the note's floor, 85 dB under its peak: what is quieter than that cannot be heard in a room with
as much noise, and counts as equal to the floor. Each partial is weighted by the part of the mel axis that it
fills, less where noise masks it, more where it is loud. The loudness of the whole frame is compared too, over 50 dB, and that of each
ERB group, over 80 dB: where one partial rings on among many silent ones, it is what a listener hears. Deviations are compared in cents,
where their partials are audible; statistics of motion and release where their group is.
Sums are divided by the whole batch's denominator, however many processes share the batch, so the mean of their gradients is exact.
"""
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    BAND_EDGES_HZ,
    BANDS,
    DEVIATION,
    FUZZ,
    FUZZ_RATE,
    GROUP_EDGES_HZ,
    GROUPS,
    LEVEL,
    LFO_GAIN,
    NOISE,
    REGULARITY,
    RELEASE,
    SLOT_RATIO,
    STEADY,
    VIBRATO,
    erb_rate,
    group_of_hz,
)
from hummingface.models.playing.period import DECIDING, LAG_S, QUIETEST_DB
from hummingface.models.playing.stereo import BALANCE, COHERENCE
from hummingface.train.data.dataset import Batch
from hummingface.train.learning.parallel import everywhere, processes

FLOOR_DB = 85.0
NEPER_DB = 20 / 2.302585             # dB of a factor of e in amplitude
LOUDNESS_RANGE_DB = 50.0
GROUP_RANGE_DB = 80.0
BIN_HZ = 35.0                         # noise bandwidth of a Hann window of 2048 points at 48 kHz
CENTS = 1731.234                      # per unit of relative frequency
MEL_KNEE_HZ = 700.0                   # the mel axis is linear below, logarithmic above
CENTS_KNEE = 15.0                     # errors beyond count ever less: such partials are noise or out of reach
TOP_BANDS = 0.3                       # of noise above 16 kHz: left alone, the loudness of frames would be made up for there, as hiss
BALANCE_UNIT_DB, COHERENCE_UNIT = 2.0, 0.2
BALANCE_KNEE = 5.0                    # of these units: of groups that lie all on one side, few dB more or less count little
FILLED_HZ = 90.0                      # a lone partial fills about 4 bins


@dataclass(frozen=True)
class Weights:
    tone: float = 1.2                 # of partials against noise; measured, errors of noise cost more of a distance than those of levels
    loudness: float = 0.5             # of the frame as a whole: the envelope that is heard
    groups: float = 1.0               # of each frequency group
    cents: float = 0.15               # dB that a cent is worth
    period: float = 0.15              # dB that a cent of the whole note's tuning is worth
    motion: float = 0.1               # measured: what a decoder lacks of a sound's motion is in its levels over time, not here
    release: float = 0.15
    stereo: float = 0.8               # of balances and coherences, in units of what is just heard


class FrameLoss(torch.nn.Module):
    """`loss(predicted [B, FRAME_SIZE], batch) -> (scalar, {name: float tensor})`."""

    ratio: Tensor
    deciding: Tensor
    density_db: Tensor
    band_share: Tensor
    group_share: Tensor
    group_edges_hz: Tensor
    band_group: Tensor
    low_partials: Tensor
    motion_unit: Tensor

    def __init__(self, weights: Weights | None = None):
        super().__init__()
        self.weights = weights or Weights()
        width = torch.from_numpy(BAND_EDGES_HZ[1:] - BAND_EDGES_HZ[:-1]).float()
        centre = torch.from_numpy(BAND_CENTRES_HZ).float()
        keep = lambda name, value: self.register_buffer(name, value, persistent=False)                    # noqa: E731
        keep("ratio", torch.from_numpy(SLOT_RATIO.copy()))
        keep("deciding", torch.from_numpy(DECIDING))
        keep("density_db", 10 * torch.log10(width / BIN_HZ))         # band RMS over what one bin shows of it
        keep("band_share", (width / (MEL_KNEE_HZ + centre)) * torch.where(centre < 16_000, 1.0, TOP_BANDS))
        edges = torch.from_numpy(GROUP_EDGES_HZ).float()
        share = (edges[1:] - edges[:-1]) / (MEL_KNEE_HZ + (edges[1:] + edges[:-1]) / 2)
        keep("group_share", share / share.sum())
        keep("group_edges_hz", edges[1:-1].clone())
        keep("band_group", torch.from_numpy(group_of_hz(BAND_CENTRES_HZ)))
        keep("low_partials", 1 + 3 * (self.ratio <= 4).float())
        unit = torch.ones(RELEASE.stop)
        unit[VIBRATO] = torch.tensor([10.0, 3.0, 5.0])
        unit[LFO_GAIN], unit[FUZZ], unit[FUZZ_RATE], unit[REGULARITY] = 3.0, 0.15, 1.0, 0.3
        keep("motion_unit", unit[STEADY])
        low, high = float(erb_rate(BAND_EDGES_HZ[0])), float(erb_rate(BAND_EDGES_HZ[-1]))
        self.band_of_cams = (low, BANDS / (high - low))

    def partial_weights(self, target: Tensor, pitch: Tensor, peak_db: Tensor) -> tuple[Tensor, Tensor]:
        """(weight of each partial's level, how audible it is 0..1), both [B, PARTIALS]."""
        f0 = 440 * torch.exp2((pitch - 69) / 12)[:, None]
        hz = f0 * self.ratio
        low, per = self.band_of_cams
        band = ((21.4 * torch.log10(1 + 0.00437 * hz) - low) * per).long().clamp_(0, BANDS - 1)
        noise = torch.gather(target[:, NOISE] - self.density_db, 1, band)
        level = target[:, LEVEL]
        uncovered = torch.sigmoid((level - noise + 3) / 4)
        audible = ((level - peak_db[:, None] + FLOOR_DB) / FLOOR_DB).clamp(0, 1)
        share = f0.clamp(max=FILLED_HZ) / (MEL_KNEE_HZ + hz) * (hz < 20_000)
        quiet = (audible <= 0).float() * 0.5                       # nothing there: to be quiet matters, all the same
        return share * torch.maximum(uncovered * (0.35 + 0.65 * audible), quiet), uncovered * audible

    def _period_off(self, cents_off: Tensor, target: Tensor, f0_hz: Tensor) -> Tensor:
        """Mean |error| in cents of what tunes a note, as `models/playing/period.py` weighs partials (targets are in tune)."""
        level = target[:, LEVEL][:, self.deciding]
        cents = (target[:, DEVIATION] * (CENTS / self.ratio))[:, self.deciding]
        apart = cents * (2 * math.pi / CENTS * LAG_S) * f0_hz[:, None].clamp(min=1 / LAG_S) * self.ratio[self.deciding]
        weight = torch.exp((level - level.amax(1, keepdim=True)) * 0.2302585 - 0.5 * apart.square())
        weight = weight * self.ratio[self.deciding].square() * (level > level.amax(1, keepdim=True) - QUIETEST_DB)
        cents_off = cents_off[:, self.deciding]
        return ((weight * cents_off).sum(1) / (weight.sum(1) + 1e-6)).abs().clamp(max=60).mean()

    def group_levels(self, frames: Tensor, f0_hz: Tensor, floor_db: Tensor) -> Tensor:
        """Power of each frequency group of frames [B, FRAME_SIZE] over a floor [B], in dB. [B, GROUPS]"""
        group = torch.bucketize(f0_hz[:, None] * self.ratio, self.group_edges_hz)
        of = torch.cat([group, self.band_group.expand(len(frames), -1)], 1)
        power = torch.exp(torch.cat([frames[:, LEVEL] - 3.01, frames[:, NOISE]], 1) * (2 / NEPER_DB))
        total = torch.exp(floor_db * (2 / NEPER_DB))[:, None].expand(-1, GROUPS).scatter_add(1, of, power)
        return 0.5 * NEPER_DB * torch.log(total)

    def forward(self, predicted: Tensor, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        target = batch.target
        moments = len(target) // len(batch.pitch)
        each = lambda x: x.repeat_interleave(moments, 0)                                                  # noqa: E731
        peak_db = each(batch.peak_db)
        weight, audible = self.partial_weights(target, each(batch.pitch), peak_db)
        weight = weight * self.weights.tone
        floor = (peak_db - FLOOR_DB)[:, None]
        tone = weight * (over_floor(predicted[:, LEVEL], floor) - over_floor(target[:, LEVEL], floor)).abs()
        band_floor = floor + self.density_db
        noise = self.band_share * (over_floor(predicted[:, NOISE], band_floor) - over_floor(target[:, NOISE], band_floor)).abs()
        levels = (tone.sum() + noise.sum()) / everywhere(weight.sum() + self.band_share.sum() * len(target))

        quiet = peak_db - LOUDNESS_RANGE_DB
        whole = (loudness(predicted, quiet) - loudness(target, quiet)).abs().mean()

        hz = 440 * torch.exp2((each(batch.pitch) - 69) / 12)
        ours, theirs = (self.group_levels(x, hz, peak_db - GROUP_RANGE_DB) for x in (predicted, target))
        groups = ((ours - theirs).abs() @ self.group_share).mean()

        off = (predicted[:, DEVIATION] - target[:, DEVIATION]) * (CENTS / self.ratio)
        period = self._period_off(off, target, hz)
        cents = off.abs()
        heard = audible.square() * self.low_partials
        tuning = (heard * (CENTS_KNEE * torch.asinh(cents / CENTS_KNEE))).sum() / everywhere(heard.sum())

        off = (predicted[::moments, STEADY] - target[::moments, STEADY]).abs() / self.motion_unit     # one for each note
        audible_groups = batch.heard + 0.02
        vibrato, rest = off[:, :3].mean(1), off[:, 3:].view(len(off), 5, -1)
        per_statistic = (rest * audible_groups[:, None]).sum(2) / audible_groups.sum(1, keepdim=True)                     # [N, 5]
        motion = ((vibrato + per_statistic[:, :4].sum(1)) * batch.moves).sum() / everywhere(batch.moves.sum()).clamp(min=1 / processes())
        release = per_statistic[:, 4].mean()
        w = self.weights
        loss = (levels + w.loudness * whole + w.groups * groups + w.cents * tuning + w.period * period
                + w.motion * motion + w.release * release)
        parts = {"levels": levels, "loudness": whole, "groups": groups, "cents": tuning, "period": period,
                 "motion": motion, "release": release}
        return loss, {name: value.detach() for name, value in parts.items()}


def stereo_loss(predicted: Tensor, batch: Batch) -> Tensor:
    """Balances and coherences [N, STEREO_SIZE] against the notes' own, where their groups are audible: 1 for errors of BALANCE_UNIT_DB
    and COHERENCE_UNIT."""
    off_db = (predicted[:, BALANCE] - batch.stereo[:, BALANCE]).abs()
    off = BALANCE_KNEE * torch.asinh(off_db / BALANCE_UNIT_DB / BALANCE_KNEE)
    off = off + (predicted[:, COHERENCE] - batch.stereo[:, COHERENCE]).abs() / COHERENCE_UNIT
    weight = batch.heard.square() + 0.01
    return (weight * off).sum() / everywhere(weight.sum()) / 2


def over_floor(level: Tensor, floor: Tensor) -> Tensor:
    """Levels in dB as they stand out of a floor in dB: the sum of both amplitudes."""
    return floor + NEPER_DB * torch.nn.functional.softplus((level - floor) / NEPER_DB)


def loudness(frames: Tensor, floor: Tensor) -> Tensor:
    """Level of whole frames [B, FRAME_SIZE] over a floor [B], in dB."""
    power = torch.cat([frames[:, LEVEL] - 3.01, frames[:, NOISE], floor[:, None]], 1) * (2 / NEPER_DB)
    return 0.5 * NEPER_DB * torch.logsumexp(power, 1)


def phase_loss(vectors: Tensor, phase: Tensor, level_db: Tensor) -> Tensor:
    """vectors [B, 2, PARTIALS] against start phases [B, PARTIALS] of partials of these levels; 1 for a head that says nothing."""
    amplitude = 10 ** ((level_db - level_db.amax(1, keepdim=True)) / 40)        # roots: quiet partials matter a little
    amplitude = amplitude * (level_db > -95)
    off = (vectors - torch.stack([phase.cos(), phase.sin()], 1)).square().sum(1)
    return (amplitude * off).sum() / everywhere(amplitude.sum()).clamp(min=1e-6)
