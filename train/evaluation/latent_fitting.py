"""Finds the point of a model's latent space whose frames are nearest to a note's: Gauss-Newton steps through the decoder in numpy, whose
slopes are finite differences (a step costs as many notes as there are latents).

What is compared are the larger terms of the training loss (`train/learning/losses.py`): levels of partials and noise as they stand out of
a floor, those of frequency groups and of the whole frame, deviations, release, and in a stereo model balances and coherences. A gain is
free, and what the recording's rate leaves out does not count.
"""
import math
from collections.abc import Callable, Sequence

import numpy as np

from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import (
    ATTACK_S,
    BAND_CENTRES_HZ,
    BAND_EDGES_HZ,
    BANDS,
    DEVIATION,
    GROUP_EDGES_HZ,
    GROUPS,
    LEVEL,
    NOISE,
    QUARTERS_PER_SECOND,
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
ATTACK_ROWS = int(ATTACK_S * QUARTERS_PER_SECOND)
MOMENTS, IN_ATTACK = 24, 6
STEP = 0.05                              # of the finite differences
LEAST = 0.5                              # differences below count by their square
SHORTENED = np.array([1.0, 0.5, 0.2, 0.05])
DAMPING = 1e-3                           # of the mean curvature
SETTLED = 0.002                          # gained by a step, of the distance: no more steps
DENSITY_DB = 10 * np.log10(np.diff(BAND_EDGES_HZ) / BIN_HZ)      # a noise band's RMS over what one bin shows of it
TONES = len(SLOT_RATIO)
POWER = np.append(np.full(TONES, 0.5), np.ones(BANDS)).astype(np.float32)    # of 0 dB: of a sine, of noise
SILENT = np.float32(1e-20)


class Misfit:
    """How far a model's frames are from a note's targets, in dB: `of(z [N, L])`. `below_hz`: above it the recording knows nothing."""

    def __init__(self, model: Model, note: NoteTargets, below_hz: float = math.inf):
        self._model, self._note, rows = model, note, _moments(note.valid_rows)
        self._times_s, self._target = note.times_s[rows], note.rows[rows].astype(np.float32)
        hz = SLOT_RATIO * float(pitch_to_hz(note.pitch))
        known = np.concatenate([hz, BAND_CENTRES_HZ]) <= below_hz
        self._of_power = POWER * known
        group = np.concatenate([group_of_hz(hz), group_of_hz(BAND_CENTRES_HZ)])
        self._member = np.eye(GROUPS, dtype=np.float32)[group]
        self._floor_db = (note.peak_db - FLOOR_DB + np.append(np.zeros(TONES), DENSITY_DB)).astype(np.float32)
        self._quiet = np.float32(10 ** ((note.peak_db - GROUP_RANGE_DB) / 10))
        self._level, self._power = self._levels_and_powers(self._target)
        self._mean_power = self._power.sum(1).mean()
        tone, audible = self._audible(hz)
        heard = audible ** 2 * (1 + 3 * (SLOT_RATIO <= 4)) * known[:TONES]
        self._tuned = np.flatnonzero(heard.sum(0) > 1e-3 * heard.sum())
        self._of_cents = (CENTS / SLOT_RATIO[self._tuned]).astype(np.float32)
        self.weight = self._weights(tone, known, heard[:, self._tuned])

    def _weights(self, tone: np.ndarray, known: np.ndarray, heard: np.ndarray) -> np.ndarray:
        """Of all differences, in their order. [D]"""
        moments, share = len(self._target), np.diff(GROUP_EDGES_HZ) / (MEL_KNEE_HZ + (GROUP_EDGES_HZ[1:] + GROUP_EDGES_HZ[:-1]) / 2)
        noise = np.diff(BAND_EDGES_HZ) / (MEL_KNEE_HZ + BAND_CENTRES_HZ)
        levels = np.concatenate([TONE * tone, np.tile(noise, (moments, 1))], 1)
        loudest = (self._power @ self._member).max(0)
        audible = (10 * np.log10(loudest / max(loudest.max(), 1e-20) + 1e-12) / GROUP_RANGE_DB + 1).clip(0, 1) + 0.02
        parts = [levels / levels.sum() * known, np.tile(share / share.sum(), moments) / moments, np.full(moments, WHOLE / moments),
                 DEVIATIONS * heard / max(heard.sum(), 1e-9), RELEASES * audible / audible.sum()]
        if self._model.stereo:
            parts += 2 * [STEREO / 2 * audible ** 2 / (audible ** 2).sum()]
        return np.concatenate([part.ravel() for part in parts])

    def of(self, z: np.ndarray) -> np.ndarray:
        """The mean distance in dB of each point. [N]"""
        return np.abs(self.differences(z)) @ self.weight

    def differences(self, z: np.ndarray) -> np.ndarray:
        """What `weight` [D] weighs: [N, D]."""
        count, moments = len(z), len(self._times_s)
        full = lambda value: np.full(count, value, np.float32)                                                    # noqa: E731
        note = self._model.decoder.note(np.asarray(z, np.float32), full(self._note.pitch), full(self._note.velocity))
        frames = self._model.decoder.at(np.repeat(note, moments, 0), np.tile(self._times_s, count)).reshape(count, moments, -1)
        levels, power = self._levels_and_powers(frames)
        gain = ((power.sum(2).mean(1) + SILENT) / (self._mean_power + SILENT))[:, None, None]          # a gain is free
        power /= gain
        off = [_over(levels - 10 * np.log10(gain), self._floor_db) - _over(self._level, self._floor_db)]
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

    def _levels_and_powers(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of partials and noise bands, both [.., PARTIALS + BANDS]: dB, and the power of those that are known."""
        levels = np.concatenate([frames[..., LEVEL], frames[..., NOISE]], -1)
        return levels, np.exp(levels * np.float32(math.log(10) / 10)) * self._of_power

    def _audible(self, hz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(weight of each partial's level, how audible it is, 0..1), both [T, PARTIALS]."""
        level, noise_db = self._target[:, LEVEL], self._target[:, NOISE] - DENSITY_DB
        low, high = erb_rate(BAND_EDGES_HZ[[0, -1]])
        band = ((erb_rate(hz) - low) / (high - low) * BANDS).astype(int).clip(0, BANDS - 1)
        uncovered = 1 / (1 + np.exp(-(level - noise_db[:, band] + 3) / 4))
        audible = ((level - self._note.peak_db + FLOOR_DB) / FLOOR_DB).clip(0, 1)
        share = min(hz[0], FILLED_HZ) / (MEL_KNEE_HZ + hz) * (hz < 20_000)
        return share * np.maximum(uncovered * (0.35 + 0.65 * audible), 0.5 * (audible <= 0)), uncovered * audible


def fitted(misfit: Misfit, starts: np.ndarray, steps: int, progress: Callable[[float], None] = lambda part: None) -> np.ndarray:
    """From each of `starts` [M, L] by at most so many steps to a point nearby that fits better. The best of all, [L]. `progress` hears the
    part that is done, 0..1."""
    found = []
    for start in np.asarray(starts, np.float64):
        found.append(_descended(misfit, start, steps))
        progress(len(found) / len(starts))
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
    candidates = np.stack(points)
    return candidates[np.argsort(misfit.of(candidates), kind="stable")[:count]]


def _over(level: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Levels in dB as they stand out of a floor in dB: the sum of both amplitudes."""
    return floor + np.float32(NEPER_DB) * np.log(1 + np.exp((level - floor) / np.float32(NEPER_DB)))


def _moments(known: int) -> np.ndarray:
    """The rows that are compared, of so many that are known: finer while the note begins."""
    last = min(known, ROWS) - 1
    begin = np.linspace(0, min(ATTACK_ROWS, last), IN_ATTACK)
    return np.unique(np.concatenate([begin, np.linspace(min(ATTACK_ROWS, last), last, MOMENTS - IN_ATTACK)]).astype(int))
