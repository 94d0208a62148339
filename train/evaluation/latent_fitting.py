"""Finds the point of a model's latent space whose frames are nearest to a note's: Gauss-Newton steps through the decoder in numpy, whose
slopes are finite differences (a step costs as many notes as there are latents).

What is compared are the larger terms of the training loss (`train/learning/losses.py`): levels of partials and noise as they stand out of
a floor, those of frequency groups and of the whole frame, deviations, release, and in a stereo model balances and coherences. A gain is
free, and what the recording's rate leaves out does not count.
"""
import math
from collections.abc import Sequence

import numpy as np

from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import (
    BAND_CENTRES_HZ,
    BAND_EDGES_HZ,
    BANDS,
    DEVIATION,
    GROUP_EDGES_HZ,
    GROUPS,
    LEVEL,
    NOISE,
    RELEASE,
    SLOT_RATIO,
    erb_rate,
    group_of_hz,
    pitch_to_hz,
)
from hummingface.models.playing.model import Model
from hummingface.models.playing.stereo import BALANCE, COHERENCE, MONO
from hummingface.train.data.note_targets import NoteTargets

Z_LIMIT, Z_PULL = 4.0, 0.01              # dB that one unit of z away from where it began costs
FLOOR_DB, GROUP_RANGE_DB = 85.0, 80.0    # under the note's peak
NEPER_DB = 20 / math.log(10)
CENTS = 1200 / math.log(2)               # per unit of relative frequency
MEL_KNEE_HZ, FILLED_HZ, BIN_HZ = 700.0, 90.0, 35.0
DEVIATION_KNEE_CENTS = 15.0
TONE, WHOLE, DEVIATIONS, RELEASES, STEREO = 1.2, 0.5, 0.15, 0.15, 0.8        # weights, beside noise and groups
BALANCE_UNIT_DB, COHERENCE_UNIT = 2.0, 0.2
MOMENTS, IN_ATTACK = 24, 6
ATTACK_ROWS = 54
STEP = 0.05                              # of the finite differences
LEAST = 0.5                              # differences below count by their square
SHORTENED = np.array([1.0, 0.5, 0.2, 0.05])
DAMPING = 1e-3                           # of the mean curvature
SETTLED = 0.002                          # gained by a step, of the distance: no more steps


class Misfit:
    """How far a model's frames are from a note's targets, in dB: `of(z [N, L])`. `below_hz`: above it the recording knows nothing."""

    def __init__(self, model: Model, note: NoteTargets, below_hz: float = math.inf):
        self._model, self._note = model, note
        late = np.linspace(ATTACK_ROWS, min(note.valid_rows, ROWS) - 1, MOMENTS - IN_ATTACK)
        rows = np.unique(np.concatenate([np.linspace(0, min(ATTACK_ROWS, note.valid_rows) - 1, IN_ATTACK), late]).astype(int))
        rows = rows[rows < note.valid_rows]
        target, hz = note.rows[rows].astype(np.float32), SLOT_RATIO * float(pitch_to_hz(note.pitch))
        self._times_s, moments = note.times_s[rows], len(rows)
        self._known = np.concatenate([hz <= below_hz, below_hz >= BAND_CENTRES_HZ])
        density_db = 10 * np.log10(np.diff(BAND_EDGES_HZ) / BIN_HZ)
        self._floor_db = (note.peak_db - FLOOR_DB + np.append(np.zeros(len(hz)), density_db)).astype(np.float32)
        self._quiet = np.float32(10 ** ((note.peak_db - GROUP_RANGE_DB) / 10))
        group = np.concatenate([group_of_hz(hz), group_of_hz(BAND_CENTRES_HZ)])
        self._member = (np.eye(GROUPS, dtype=np.float32)[group] * self._known[:, None])
        self._target = target
        levels = np.concatenate([target[:, LEVEL], target[:, NOISE]], 1)
        self._level = np.where(self._known, levels, -120)
        self._power = self._powers(levels)
        self._total = self._power.sum(1).mean()
        tone, audible = self._audible(target, hz, density_db)
        band = np.diff(BAND_EDGES_HZ) / (MEL_KNEE_HZ + BAND_CENTRES_HZ)
        weight = np.concatenate([TONE * tone, np.tile(band, (moments, 1))], 1)
        heard = audible ** 2 * (1 + 3 * (SLOT_RATIO <= 4)) * self._known[:len(hz)]
        self._tuned = np.flatnonzero(heard.sum(0) > 1e-3 * heard.sum())
        self._of_cents = (CENTS / SLOT_RATIO[self._tuned]).astype(np.float32)
        groups = self._power @ self._member
        loud = groups.max(0) / max(groups.max(), 1e-20)
        release = (10 * np.log10(np.maximum(loud, 1e-12)) / 80 + 1).clip(0, 1) + 0.02
        self._heard_groups = release
        self.weight = np.concatenate([
            (weight * self._known / weight.sum()).ravel(), np.tile(_group_share(), moments) / moments, np.full(moments, WHOLE / moments),
            (DEVIATIONS * heard[:, self._tuned] / max(heard.sum(), 1e-9)).ravel(), RELEASES * release / release.sum(), *self._stereo_weights(release)])

    def of(self, z: np.ndarray) -> np.ndarray:
        """The mean distance in dB of each point. [N]"""
        return np.abs(self.differences(z)) @ self.weight

    def differences(self, z: np.ndarray) -> np.ndarray:
        """What `weight` [D] weighs: [N, D]."""
        count, moments = len(z), len(self._times_s)
        full = lambda value: np.full(count, value, np.float32)                                                    # noqa: E731
        note = self._model.decoder.note(np.asarray(z, np.float32), full(self._note.pitch), full(self._note.velocity))
        frames = self._model.decoder.at(np.repeat(note, moments, 0), np.tile(self._times_s, count)).reshape(count, moments, -1)
        levels = np.concatenate([frames[..., LEVEL], frames[..., NOISE]], -1)
        power = self._powers(levels)
        gain = power.sum(2).mean(1) / self._total
        gain_db = 10 * np.log10(np.maximum(gain, 1e-12))[:, None, None].astype(np.float32)
        power /= gain[:, None, None].astype(np.float32)
        off = [_over(levels - gain_db, self._floor_db) - _over(self._level, self._floor_db)]
        groups, wanted = (10 * np.log10(x @ self._member + self._quiet) for x in (power, self._power))
        whole, all_wanted = (10 * np.log10(x.sum(-1) + self._quiet) for x in (power, self._power))
        tuned = DEVIATION.start + self._tuned
        cents = (frames[..., tuned] - self._target[:, tuned]) * self._of_cents
        off += [groups - wanted, whole - all_wanted, DEVIATION_KNEE_CENTS * np.arcsinh(cents / DEVIATION_KNEE_CENTS),
                frames[:, 0, RELEASE] - self._target[0, RELEASE]]
        if self._model.stereo:
            found, mine = self._model.decoder.stereo(note), MONO if self._note.stereo is None else self._note.stereo
            off += [(found[:, BALANCE] - mine[BALANCE]) / BALANCE_UNIT_DB, (found[:, COHERENCE] - mine[COHERENCE]) / COHERENCE_UNIT]
        return np.concatenate([x.reshape(count, -1) for x in off], 1)

    def _powers(self, levels_db: np.ndarray) -> np.ndarray:
        """Of partials and noise bands [.., PARTIALS + BANDS] that are known."""
        half = np.where(np.arange(levels_db.shape[-1]) < len(SLOT_RATIO), np.float32(0.5), np.float32(1)) * self._known
        return np.exp(levels_db * np.float32(math.log(10) / 10)) * half

    def _audible(self, target: np.ndarray, hz: np.ndarray, density_db: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(weight of each partial's level, how audible it is, 0..1), both [T, PARTIALS]."""
        low, high = erb_rate(BAND_EDGES_HZ[[0, -1]])
        band = ((erb_rate(hz) - low) / (high - low) * BANDS).astype(int).clip(0, BANDS - 1)
        uncovered = 1 / (1 + np.exp(-(target[:, LEVEL] - (target[:, NOISE] - density_db)[:, band] + 3) / 4))
        audible = ((target[:, LEVEL] - self._note.peak_db + FLOOR_DB) / FLOOR_DB).clip(0, 1)
        share = min(hz[0], FILLED_HZ) / (MEL_KNEE_HZ + hz) * (hz < 20_000)
        return share * np.maximum(uncovered * (0.35 + 0.65 * audible), 0.5 * (audible <= 0)), uncovered * audible

    def _stereo_weights(self, heard: np.ndarray) -> list[np.ndarray]:
        share = heard ** 2 / (heard ** 2).sum() / 2
        return [STEREO * share, STEREO * share] if self._model.stereo else []


def fitted(misfit: Misfit, starts: np.ndarray, steps: int) -> np.ndarray:
    """From each of `starts` [M, L] by at most so many steps to a point nearby that fits better. The best of all, [L]."""
    found = [_descended(misfit, start, steps) for start in np.asarray(starts, np.float64)]
    return min(found, key=lambda each: each[1])[0].astype(np.float32)


def _descended(misfit: Misfit, begin: np.ndarray, steps: int) -> tuple[np.ndarray, float]:
    """(point, its distance). Distances count by their amount, by which each step weighs their squares."""
    z, last = begin, math.inf
    nudges = STEP * np.eye(len(z))
    for _ in range(steps):
        differences = misfit.differences(np.concatenate([z[None], z + nudges]))
        here, slopes = differences[0], (differences[1:] - differences[0]) / STEP                                # [L, D]
        cost = np.abs(here) @ misfit.weight + Z_PULL * np.square(z - begin).sum()
        if last - cost < SETTLED * cost:
            break
        last = cost
        weight = misfit.weight / np.maximum(np.abs(here), LEAST)
        curvature = (slopes * weight) @ slopes.T
        curvature[np.diag_indices(len(z))] += 2 * Z_PULL + DAMPING * np.trace(curvature) / len(z)
        step = np.linalg.solve(curvature, slopes @ (weight * here) + 2 * Z_PULL * (z - begin))
        tries = np.clip(z - SHORTENED[:, None] * step, -Z_LIMIT, Z_LIMIT)
        costs = misfit.of(tries) + Z_PULL * np.square(tries - begin).sum(1)
        if costs.min() >= cost:
            break
        z = tries[costs.argmin()]
    return z, float(misfit.of(z[None])[0])


def nearest(misfit: Misfit, points: Sequence[np.ndarray], count: int) -> np.ndarray:
    """The `count` of these points that fit best, the best first. [<= count, L]"""
    points = np.stack(points)
    return points[np.argsort(misfit.of(points), kind="stable")[:count]]


def _over(level: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Levels in dB as they stand out of a floor in dB: the sum of both amplitudes."""
    return floor + np.float32(NEPER_DB) * np.log(1 + np.exp((level - floor) / np.float32(NEPER_DB)))


def _group_share() -> np.ndarray:
    """How much of the mel axis each frequency group fills. [GROUPS]"""
    share = np.diff(GROUP_EDGES_HZ) / (MEL_KNEE_HZ + (GROUP_EDGES_HZ[1:] + GROUP_EDGES_HZ[:-1]) / 2)
    return share / share.sum()
