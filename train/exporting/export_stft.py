"""Exports a run of an STFT model: averaged weights, knob units, presets, and the card."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from hummingface.models.learning.latent_space import KNOB_RANGE, find_axes, fold_input, fold_output, rotation_alone
from hummingface.models.learning.stft_networks import SLOPE, StftAutoencoder, StftGenerator, played_weights
from hummingface.models.playing import key_trend, stft, whole_note
from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.stft_model import StftModel
from hummingface.models.playing.stft_shape import DOUBLINGS, StftShape, read_stft_shape
from hummingface.models.playing.whole_note import made, off_key_cents
from hummingface.train.data.note_sounds import NoteSounds
from hummingface.train.exporting.card import as_read, training_record
from hummingface.train.exporting.export_gan import asked_points, unlike
from hummingface.train.learning.run_state import read_state
from hummingface.train.notes.note import QUALITIES

KINDS = {"stft-autoencoder": "autoencoder", "stft-gan": "gan", "stft-cgan": "cgan"}
PRESETS = 36                          # sounds of a GAN in all; tests/bench/seed_tuning.py weeds out those of which one key of 88 is off
CANDIDATES, DRAWS = 16, 6             # random points for each, drawn again where none is in tune
STRETCH_S = 0.2, 1.2                  # of a note, in which its pitch is judged...
LOW_STRETCHES_S, HIGH_STRETCH_S = ((0.08, 0.5), (0.15, 0.9)), (1.2, 2.8)       # ... and where keys below all and above all read it
LOWEST_STRETCHES_S = (0.02, 0.13), (0.04, 0.26)       # and those of a model that knows middle C alone
IN_TUNE_CENTS, MOST_OFF_CENTS = 2.0, 6.0              # for a point to be a preset; if none is that good, the best one is, up to this limit
HEARD_RANGE_DB = 60.0
PROBES = 12                           # points at which the effect of directions is measured
KNOBS = {"characteristic.brightness": {"bright": 1 / 3, "dark": -1 / 3}, "characteristic.decay": {"fast_decay": 1 / 3},
         "characteristic.attack": {"percussive": -1 / 3}}
"""The window's knobs that NSynth's qualities are turned by, 3 units for the whole of one."""


def shape_of_run(state: dict[str, Any]) -> StftShape:
    return read_stft_shape(state["shape"])


@torch.no_grad()
def model_of_stft(state: dict[str, Any], name: str, bank: NoteSounds | None = None, seed: int = 0) -> StftModel:
    """The playable model of a saved run. An autoencoder's presets are its instruments, as `bank` has them; without it, it has none."""
    shape, conditions = shape_of_run(state), state["conditions"]
    free = shape.latents - len(conditions)
    presets: dict[str, dict] = {}
    if state["kind"] == "stft-autoencoder":
        whole = StftAutoencoder(shape)
        whole.load_state_dict(state["average"])
        generator, encoder = whole.eval().generator, whole.encoder
        if bank is not None:
            points = encoded(whole, bank)
            axes = find_axes(points.astype(np.float64), lambda raw: heard(generator, raw, shape), PROBES)
            fold_input(generator.first, axes)
            fold_output(encoder.head, axes)
            presets = _instruments(bank, axes.to_knobs(points))
    else:
        generator, encoder = StftGenerator(shape), None
        generator.load_state_dict(state["average"])
        generator.eval()
        rng = np.random.default_rng(seed)
        points = rng.standard_normal((128, free)).clip(-KNOB_RANGE, KNOB_RANGE)
        found = find_axes(points, lambda raw: heard(generator, np.pad(raw, ((0, 0), (0, len(conditions)))), shape), PROBES)
        fold_input(generator.first, rotation_alone(found))
        presets = _spread(generator, shape, free, conditions, rng)
    card: dict[str, Any] = {
        "name": name, "kind": KINDS[state["kind"]], "longest_s": stft.NOTE_S, "sample_rate_hz": stft.RATE_HZ,
        "representation": {"about": "16 kHz, 4 s; STFT of Hann 1000, hop 500; the first 128 bins (to 2 kHz) and frames",
                           "layout": shape.as_dict()["layout"]},
        "pitches": [shape.lowest, shape.highest], "conditions": conditions, "presets": presets, "knobs": _knobs(conditions, free)}
    weights = {key: tensor.float().numpy() for key, tensor in played_weights(generator, encoder).items()}
    return StftModel(name, card, StftShape(shape.latents, shape.width, shape.lowest, shape.highest, encoder is not None, shape.layout),
                     weights, {preset: about["z"] for preset, about in presets.items()})


def export_stft(state_file: Path, bank: NoteSounds, out: Path, name: str, about: dict[str, Any]) -> StftModel:
    """Write the model of a run as `out`.safetensors and `out`.json. `about` goes into the card."""
    state = read_state(state_file)
    model = model_of_stft(state, name, bank)
    model.card |= training_record(state) | about
    model.card = as_read(model.card)
    save_model(model, out)
    return model


@torch.no_grad()
def encoded(whole: StftAutoencoder, bank: NoteSounds) -> np.ndarray:
    """Every note's point. [notes, L]"""
    return np.concatenate([whole.encoder(bank.images(some)).numpy() for some in np.array_split(np.arange(len(bank)), -(-len(bank) // 64))])


@torch.no_grad()
def heard(generator: StftGenerator, z: np.ndarray, shape: StftShape) -> np.ndarray:
    """Levels of the images of raw points z [M, L], over HEARD_RANGE_DB under each peak, coarsely. [M, D]"""
    outputs = []
    key = (shape.highest - shape.lowest) // 2
    for some in np.array_split(np.asarray(z, np.float32), -(-len(z) // 32)):
        images = generator(torch.from_numpy(some), torch.full((len(some),), key))
        size = images[:, 0] if shape.layout.kind == "if" else torch.log10(torch.hypot(images[:, 0], images[:, 1]) + 1e-6)
        level = nn.functional.avg_pool2d(size[:, None], (4, 16))[:, 0].flatten(1)
        level = level * (stft.RANGE_DB / 2 if shape.layout.kind == "if" else 20 / shape.layout.power)
        outputs.append((level - level.amax(1, keepdim=True)).clamp(min=-HEARD_RANGE_DB).numpy())
    return np.concatenate(outputs)


def _instruments(bank: NoteSounds, knobs: np.ndarray) -> dict[str, dict]:
    """Each instrument as a named point: the mean of its louder notes."""
    presets = {}
    for instrument in bank.instruments:
        mine = np.flatnonzero([note["instrument"] == instrument for note in bank.notes])
        loud = mine[bank.velocity[mine] >= np.median(bank.velocity[mine])]
        first = bank.notes[int(mine[0])]
        presets[instrument] = _preset(knobs[loud].mean(0), first["family"], first["program"], first.get("sustained"))
    return presets


def _preset(z: Sequence[float], family: str, program: int | None, sustained: bool | None) -> dict[str, Any]:
    return {"z": [round(float(np.clip(x, -8, 8)), 4) for x in z], "family": family, "program": program, "sustained": bool(sustained),
            "gain_db": round(key_trend.LEVELLED_LUFS - whole_note.LUFS, 2)}


def _spread(generator: StftGenerator, shape: StftShape, free: int, conditions: list[dict], rng: np.random.Generator) -> dict[str, dict]:
    """Random points that have a pitch, as different from each other as possible; for a conditional model with one family each as their
    condition.
    """
    z, wanted = asked_points(shape.latents, free, conditions, PRESETS, CANDIDATES, rng)
    fit = []
    for begin in range(0, len(z), CANDIDATES):
        mine, off = np.arange(begin, begin + CANDIDATES), np.zeros(CANDIDATES)
        for again in range(DRAWS):
            if again:
                z[mine, :free] = rng.standard_normal((CANDIDATES, free)).clip(-KNOB_RANGE, KNOB_RANGE)
            off = np.array([off_key(generator, point, shape) for point in z[mine]])
            if off.min() <= IN_TUNE_CENTS:
                break
        fit += np.resize(mine[off <= max(IN_TUNE_CENTS, off.min())], CANDIDATES).tolist()
    chosen = unlike(heard(generator, z, shape)[fit], PRESETS)
    presets = {}
    for group, i in enumerate(fit[place] for place in chosen):
        family = wanted[group]
        presets[f"{family.capitalize()} {1 + sum(other == family for other in wanted[:group])}"] = _preset(z[i], family, None, True)
    return presets


@torch.no_grad()
def off_key(generator: StftGenerator, z: np.ndarray, shape: StftShape) -> float:
    """The largest deviation in cents of a point's notes at every third key, over the stretches that keys play. The search ends at a key
    that is off by more than MOST_OFF_CENTS or has no pitch: the more keys are left, the worse.
    """
    keys, worst = [*range(shape.lowest, shape.highest, 3), shape.highest], 0.0
    images = generator(torch.from_numpy(np.tile(z.astype(np.float32), (len(keys), 1))), torch.tensor(keys) - shape.lowest).numpy()
    for number, (image, key) in enumerate(zip(images, keys, strict=True)):
        spectrum = stft.spectrum_of(image, float(key), shape.layout)
        stretches = [STRETCH_S]
        if key == shape.lowest:
            stretches += [*LOW_STRETCHES_S, *(LOWEST_STRETCHES_S if len(keys) == 1 else ())]
        if key == shape.highest:
            stretches.append(HIGH_STRETCH_S)
        for bins in {stft.SIDE, stft.SIDE // 2 if key == shape.highest else stft.SIDE}:       # the highest key is made of fewer
            worst = max(worst, off_key_cents(made(spectrum, key, bins), stretches))
        if worst > MOST_OFF_CENTS:
            return MOST_OFF_CENTS * (len(keys) - number + 1)
    return worst


def _knobs(conditions: list[dict], free: int) -> dict[str, dict]:
    """One knob for each condition, and the window's characteristics where qualities correspond to them."""
    latents = free + len(conditions)

    def direction(shares: dict[str, float]) -> list[float]:
        out = [0.0] * latents
        for i, condition in enumerate(conditions):
            if condition["kind"] == "quality" and condition["name"] in shares:
                out[free + i] = round(shares[condition["name"]], 4)
        return out
    inputs = np.eye(latents)[free:].tolist()
    knobs: dict[str, dict] = {f"{c['kind']}.{c['name']}": {"direction": way} for c, way in zip(conditions, inputs, strict=True)}
    assert set().union(*KNOBS.values()) <= set(QUALITIES)
    return knobs | {name: {"direction": way} for name, shares in KNOBS.items() if any(way := direction(shares))}


@torch.no_grad()
def reconstructed(model: StftModel, sounds: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Notes [N, SAMPLES] at `pitch` [N] through the model's encoder and generator, untuned. [N, SAMPLES]

    Raises ValueError for a model without an encoder.
    """
    if not model.shape.encoder:
        raise ValueError(f"the model {model.name} has no encoder: it generates notes and cannot reconstruct any.")
    images, _ = stft.image_of(stft.spectrum(sounds), pitch, model.shape.layout)
    z = encode(model, images)
    return np.stack([stft.sound(model.spectrum(one, model.nearest_key(key))) for one, key in zip(z, pitch, strict=True)])


@torch.no_grad()
def encode(model: StftModel, images: np.ndarray) -> np.ndarray:
    """Images [N, 2, SIDE, SIDE] -> points z [N, L], by the folded weights of a model file."""
    x, weights = torch.from_numpy(np.asarray(images, np.float32)), {k: torch.from_numpy(v) for k, v in model.weights.items()}
    for i in range(DOUBLINGS):
        x = nn.functional.leaky_relu(nn.functional.conv2d(x, weights[f"encoder.{i}.weight"], weights[f"encoder.{i}.bias"], 2, 1), SLOPE)
    return (x.flatten(1) @ weights[f"encoder.{DOUBLINGS}.weight"].T + weights[f"encoder.{DOUBLINGS}.bias"]).numpy()


