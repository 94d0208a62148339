"""Exports a GAN's run as a model: averaged generator, knob units, conditions, knobs, and presets at well-spread random points.

A GAN has no encoder, and no instrument has a point of its own: presets are chosen among random points. A GAN's training does not make
neighbouring keys alike, so only the points that are the most even from key to key are taken, and of these those that sound as different
from each other as possible, each the farthest from those chosen before. Each preset of a conditional model is generated for one family.
"""
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.learning.autoencoder import weights_of
from hummingface.models.learning.decoder import Decoder, linear
from hummingface.models.learning.latent_space import KNOB_RANGE, LatentAxes, find_axes, fold_input, rotation_alone
from hummingface.models.playing import key_trend
from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.frame import LEVEL, NOISE
from hummingface.models.playing.model import Model
from hummingface.train.data.characteristics import CHARACTERISTICS, measure, sustains
from hummingface.train.exporting.card import as_read, training_record
from hummingface.train.exporting.card_knobs import card_knobs
from hummingface.train.exporting.export_model import heard_levels
from hummingface.train.exporting.model_notes import HOLD_S, VELOCITY, notes_of
from hummingface.train.learning.run_state import read_state
from hummingface.train.learning.scaled_decoder import shape_of, unscaled

PRESETS, CANDIDATES, EVEN = 24, 60, 8 # sounds in all; random points for each of them; how many of these are even enough
EVEN_KEYS = np.arange(36.0, 91.0, 2.0)
EVEN_S = (0.08, 0.2, 0.45)            # when notes are compared
MIDDLE_KEY = 60.0


def model_of_gan(state: dict[str, Any], name: str, seed: int = 0) -> Model:
    """The playable model of a saved GAN or conditional GAN."""
    shape, free, conditions = shape_of(state), state["free"], state["conditions"]
    decoder = unscaled(shape, state["average"])
    axes = _turned_axes(decoder, free, len(conditions), seed)
    for net in (decoder.note_net, decoder.phase_net):
        fold_input(linear(net, 0), axes)
    card = {"name": name, "kind": state["kind"], "conditions": conditions, "longest_s": round(float(state["longest_s"]), 3), "presets": {}}
    model = Model(name, card, shape, weights_of(decoder.eval()))
    card["presets"] = _presets(model, free, conditions, seed)
    model.presets = {preset: about["z"] for preset, about in card["presets"].items()}
    return model


def export_gan(state_file: Path, out: Path, about: dict[str, Any], name: str) -> Model:
    """Write the model of a GAN's run as `out`.safetensors and `out`.json. `about` goes into the card."""
    state = read_state(state_file)
    model = model_of_gan(state, name)
    model.card["knobs"] = card_knobs(model)
    model.card |= {"licence": "that of its recordings", "sample_rate_hz": 48_000} | training_record(state) | about
    model.card = as_read(model.card)
    key_trend.level_card(model)                 # at the keys and velocities that the card has now
    save_model(model, out)
    return model


def _turned_axes(decoder: Decoder, free: int, conditions: int, seed: int) -> LatentAxes:
    """Axes for the free latents: turned so that knob 1 does the most. A rotation alone: they stay standard normal, as they were trained."""
    points = np.random.default_rng(seed).standard_normal((256, free)).clip(-KNOB_RANGE, KNOB_RANGE)
    return rotation_alone(find_axes(points, lambda raw: heard_levels(decoder, np.pad(raw, ((0, 0), (0, conditions))))))


def _presets(model: Model, free: int, conditions: list[dict], seed: int) -> dict[str, dict]:
    """Names, points, and what the instrument wants to know of a preset: its family, and whether it sustains. Gains come last."""
    z, wanted = asked_points(model.latents, free, conditions, PRESETS, CANDIDATES, np.random.default_rng(seed))
    z = z[_most_even(model, z.reshape(PRESETS, CANDIDATES, -1))]
    rows = notes_of(model, z, np.full(len(z), MIDDLE_KEY))
    heard = np.concatenate([rows[..., LEVEL], rows[..., NOISE]], 2)[:, 4::12]
    heard = np.maximum(heard - heard.max((1, 2), keepdims=True), -60).reshape(len(z), -1)
    chosen = unlike(heard, PRESETS)
    presets: dict[str, dict] = {}
    for group, i in enumerate(chosen):
        measured = measure(rows[i], MIDDLE_KEY, HOLD_S)
        family = wanted[group]
        number = 1 + sum(other == family for other in wanted[:group])
        presets[f"{family.capitalize()} {number}"] = {
            "z": [round(float(x), 4) for x in z[i]], "family": family, "program": None, "sustained": sustains(measured), "gain_db": 0.0,
            "measured": {name: round(measured[name], 2) for name in CHARACTERISTICS}}
    return presets


def asked_points(latents: int, free: int, conditions: list[dict], groups: int, each: int,
                 rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """(random points [groups * each, latents], the family of each group): for a conditional model each group has one family as its
    condition.
    """
    families = [c["name"] for c in conditions if c["kind"] == "family"]
    wanted = [families[i % len(families)] if families else "generated" for i in range(groups)]
    z = np.zeros((groups * each, latents))
    z[:, :free] = rng.standard_normal((len(z), free)).clip(-KNOB_RANGE, KNOB_RANGE)
    for i in range(len(z)):
        if families:
            z[i, free + [(c["kind"], c["name"]) for c in conditions].index(("family", wanted[i // each]))] = 1
    return z, wanted


def unlike(heard: np.ndarray, groups: int) -> list[int]:
    """One of each group of audible results [groups * each, D], each the farthest from those chosen before."""
    each, chosen = len(heard) // groups, list[int]()
    for group in range(groups):
        mine = range(group * each, (group + 1) * each)
        chosen.append(max(mine, key=lambda i: min((float(np.linalg.norm(heard[i] - heard[j])) for j in chosen), default=0.0)))
    return chosen


def _most_even(model: Model, groups: np.ndarray) -> np.ndarray:
    """Of each group of points [G, C, L] the EVEN whose level varies least from key to key. [G EVEN] places among all points"""
    z = groups.reshape(-1, groups.shape[2])
    loudest = np.full((len(EVEN_KEYS), len(z)), -np.inf)
    for key, level in zip(EVEN_KEYS, loudest, strict=True):
        note = model.note(z, np.full(len(z), key), np.full(len(z), VELOCITY))
        for time_s in EVEN_S:
            frames = model.frames_at(note, np.full(len(z), time_s)).astype(np.float64)
            power = (10 ** (frames[:, LEVEL] / 10)).sum(1) / 2 + (10 ** (frames[:, NOISE] / 10)).sum(1)
            np.maximum(level, 10 * np.log10(power + 1e-12), out=level)
    straight = np.polynomial.Polynomial.fit                                     # an instrument may be louder at one end
    uneven = np.array([np.std(one - straight(EVEN_KEYS, one, 1)(EVEN_KEYS)) for one in loudest.T]).reshape(groups.shape[:2])
    best = np.argsort(uneven, 1)[:, :EVEN]
    return (np.arange(len(groups))[:, None] * groups.shape[1] + best).ravel()
