"""Model files: `NAME.safetensors` (weights) beside `NAME.json` (the card), as a pair or alone together in a folder.

Files come from anywhere, so everything in them is checked before it is used: sizes first, then hash, names, shapes, types,
finite values, and last a dry run with random and extreme latents. No pickle, ever. Each refusal is a `ModelError`.
"""
import contextlib
import hashlib
import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike
from safetensors import SafetensorError
from safetensors.numpy import load as parse_tensors
from safetensors.numpy import save as dump_tensors

from hummingface.models.playing import key_trend
from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.card_file import LARGEST_CARD_BYTES, LONGEST_NAME, can_be_shown
from hummingface.models.playing.checked_json import JsonError, parse_json, read_file
from hummingface.models.playing.checks import is_key_range, is_number, is_numbers, is_whole
from hummingface.models.playing.knobs import FARTHEST, check_conditions, read_knobs
from hummingface.models.playing.model import Model
from hummingface.models.playing.playable import read_latent_labels, trained_velocities
from hummingface.models.playing.shape import ModelError, read_architecture, tensor_shapes
from hummingface.models.playing.stft_model import StftModel
from hummingface.models.playing.stft_shape import NETWORK, read_stft_shape, stft_tensor_shapes

__all__ = ["ModelError", "load_model", "save_card", "save_model"]

FORMAT, VERSION = "hummingface-model", 1
LARGEST_WEIGHTS_BYTES = 256 << 20
LARGEST_HEADER_BYTES = 128 << 10
DTYPES = ("F32", "F16")
LOUDEST_GAIN_DB = 200.0                  # largest gain of a preset, which playing applies


def find_files(path: str | Path) -> tuple[Path, Path]:
    """(weights, card) of a model given as its folder, either of its files, or both names' common stem."""
    path = Path(path).expanduser()
    if path.is_dir():
        found = sorted(path.glob("*.safetensors"))
        if len(found) != 1:
            raise ModelError(f"{path}: a model's folder holds exactly one .safetensors file; this one has {len(found)}.")
        weights = found[0]
    else:
        weights = path if path.suffix == ".safetensors" else (
            path.with_suffix(".safetensors") if path.suffix == ".json" else path.with_name(path.name + ".safetensors"))
    card = weights.with_suffix(".json")
    if not weights.is_file():
        _complete(weights)
    for file in (weights, card):
        if not file.is_file():
            raise ModelError(f"{file}: no such file. A model is a pair of files, NAME.safetensors and NAME.json.")
    return weights, card


def _read(file: Path, largest_bytes: int) -> bytes:
    return read_file(file, largest_bytes, ModelError, "a HummingFace model")


def read_card(file: Path) -> dict:
    """A model's card, checked for everything that the instrument relies on."""
    try:
        card = parse_json(_read(file, LARGEST_CARD_BYTES), LARGEST_CARD_BYTES)
    except JsonError as error:
        raise ModelError(f"{file}: not a readable JSON card ({error}).") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ModelError(f"{file}: not a model card (its 'format' is not {FORMAT!r}).")
    if card.get("version") != VERSION:
        raise ModelError(f"{file}: card version {card.get('version')!r}; this program reads version {VERSION}.")
    for name, kind in (("name", str), ("licence", str), ("sha256", str), ("presets", dict), ("longest_s", float)):
        if not isinstance(card.get(name), kind):
            raise ModelError(f"{file}: the card's '{name}' is missing or not a {kind.__name__}.")
    for name in (card["name"], *card["presets"]):
        if not can_be_shown(name):
            raise ModelError(f"{file}: {name[:40]!a} is not a valid name: it must be 1 to {LONGEST_NAME} characters that can be shown.")
    if not 0.1 <= card["longest_s"] <= 600:
        raise ModelError(f"{file}: longest_s is {card['longest_s']}, not between 0.1 and 600 seconds.")
    pitches = card.get("pitches", [0, 127])
    if not is_key_range(pitches):
        raise ModelError(f"{file}: the card's 'pitches' are not the lowest and the highest MIDI key that it learnt.")
    latents = card.get("architecture", {}).get("latents") if isinstance(card.get("architecture"), dict) else None
    for name, preset in card["presets"].items():
        z = preset.get("z") if isinstance(preset, dict) else None
        if not (is_whole(latents) and is_numbers(z, latents, -FARTHEST, FARTHEST)):
            raise ModelError(f"{file}: preset {name[:40]!r} has no 'z' of {latents} numbers between -8 and 8.")
        if not (is_number(preset.get("gain_db", 0.0)) and abs(preset.get("gain_db", 0.0)) < LOUDEST_GAIN_DB):
            raise ModelError(f"{file}: the 'gain_db' of preset {name[:40]!r} is not a number within {LOUDEST_GAIN_DB:.0f} dB.")
    return card


def _check_header(file: Path, data: bytes, expected: dict[str, tuple[int, ...]]) -> None:
    """The header's tensors are exactly the expected ones, before safetensors parses anything."""
    size = int.from_bytes(data[:8], "little") if len(data) >= 8 else -1
    if not 2 <= size <= min(LARGEST_HEADER_BYTES, len(data) - 8):
        raise ModelError(f"{file}: truncated, or its header is larger than {LARGEST_HEADER_BYTES >> 10} KiB.")
    try:
        header = parse_json(data[8:8 + size], LARGEST_HEADER_BYTES)
        header.pop("__metadata__", None)
        said = {name: (entry["dtype"], list(entry["shape"])) for name, entry in header.items()}
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise ModelError(f"{file}: its header is not readable.") from error
    if set(said) != set(expected):
        odd = sorted(set(said) ^ set(expected))[:4]
        raise ModelError(f"{file}: its tensors do not fit the architecture in the card (missing or unknown: {odd}).")
    for name, (dtype, shape) in said.items():
        if dtype not in DTYPES or shape != list(expected[name]):
            raise ModelError(f"{file}: {name} is {dtype} {shape}, not float {list(expected[name])}.")


def load_model(path: str | Path) -> Model | StftModel:
    """A model that is safe to play. Raises ModelError with the file, the reason and what to do."""
    weights, card_file = find_files(path)
    card, data = _pair(weights, card_file)
    whole_notes = card["architecture"].get("network") == NETWORK if isinstance(card.get("architecture"), dict) else False
    try:
        if whole_notes:
            seed_shape = read_stft_shape(card["architecture"])
            expected = stft_tensor_shapes(seed_shape)
        else:
            shape, encoder_width = read_architecture(card["architecture"])
            expected = tensor_shapes(shape, encoder_width)
    except (ModelError, ValueError) as error:
        raise ModelError(f"{card_file}: {error}") from error
    _check_header(weights, data, expected)
    try:
        tensors = {name: tensor.astype(np.float32) for name, tensor in parse_tensors(data).items()}
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise ModelError(f"{weights}: not a readable safetensors file ({error}).") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ModelError(f"{weights}: {name} holds NaN or Inf; training must have failed. Export it again.")
    latents = seed_shape.latents if whole_notes else shape.latents
    try:
        check_conditions(card, latents)
        read_knobs(card, latents)
        read_latent_labels(card, latents)
        trained_velocities(card)
        key_trend.read(card, latents)
    except ModelError as error:
        raise ModelError(f"{card_file}: {error}") from error
    presets = {name: [float(x) for x in preset["z"]] for name, preset in card["presets"].items()}
    if whole_notes:
        seed_model = StftModel(card["name"], card, seed_shape, tensors, presets)
        _dry_run_notes(weights, seed_model)
        return seed_model
    model = Model(card["name"], card, shape, tensors, presets)
    _dry_run(weights, model)
    return model


def _pair(weights: Path, card_file: Path) -> tuple[dict, bytes]:
    """A card and the weights that it names by their hash. Raises ModelError."""
    for completed in (False, True):
        card, data = read_card(card_file), _read(weights, LARGEST_WEIGHTS_BYTES)
        if hashlib.sha256(data).hexdigest() == card["sha256"]:
            return card, data
        if not completed:                           # by a program that was killed, or writes just now
            _complete(weights)
    raise ModelError(f"{weights}: its SHA-256 is not the one in {card_file.name}: damaged, changed or incomplete. Fetch both files again.")


def _coming(weights: Path) -> Path:
    """Where new weights stand until the card names them."""
    return weights.with_name(weights.name + ".next")


def _complete(weights: Path) -> None:
    """Give the new weights their name where the card already names them by their hash."""
    coming = _coming(weights)
    if not coming.is_file():
        return
    with contextlib.suppress(ModelError, OSError):
        if hashlib.sha256(_read(coming, LARGEST_WEIGHTS_BYTES)).hexdigest() == read_card(weights.with_suffix(".json"))["sha256"]:
            os.replace(coming, weights)


def _dry_run_notes(file: Path, model: StftModel) -> None:
    """Random and extreme latents, at the ends of the keyboard, must give finite notes."""
    rng = np.random.default_rng(0)
    for z, key in ((rng.standard_normal(model.latents), model.shape.lowest), (np.full(model.latents, 8.0), model.shape.highest),
                   (8.0 * np.sign(rng.standard_normal(model.latents)), model.shape.lowest)):
        with np.errstate(all="ignore"):
            finite = np.isfinite(model.spectrum(z, key)).all()
            note = model.note(z, key) if finite else None
        if note is None or not (np.isfinite(note.sound).all() and np.isfinite([note.root_hz, note.fall_db_s, note.release_s]).all()):
            raise ModelError(f"{file}: gives NaN or Inf for some latents, so it cannot be played. Train or export it again.")


def _dry_run(file: Path, model: Model) -> None:
    """Random and extreme latents, pitches, velocities and times must give finite values."""
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.standard_normal((32, model.latents)), np.full((1, model.latents), 8.0),
                        np.full((1, model.latents), -8.0), 8.0 * np.sign(rng.standard_normal((30, model.latents)))])
    for i, knob in enumerate(model.knobs.values()):                      # each latent to its limits, from a random point
        z[i % 32] = np.clip(z[i % 32] + 3 * knob.move(z[i % 32]), -8, 8)
    pitch, velocity = np.linspace(0, 127, 64), np.linspace(127, 0, 64)
    time_s = np.geomspace(1e-4, 4 * model.card["longest_s"], 64)[::-1]
    with np.errstate(all="ignore"):
        note = model.note(z, pitch, velocity)
        said = [note, model.decoder.unclamped(note, time_s), model.decoder.phase_vectors(z, pitch, velocity)]
    if not all(np.isfinite(x).all() for x in said):
        raise ModelError(f"{file}: gives NaN or Inf for some latents, so it cannot be played. Train or export it again.")


def save_model(model: Model | StftModel, path: str | Path, dtype: DTypeLike = np.float16) -> tuple[Path, Path]:
    """Write `path`.safetensors and `path`.json; the card gets format, version and hash. Returns (weights, card).

    Killed at any moment it leaves the model of before or the new one: the card decides, and whoever reads completes what it says.
    """
    path = Path(path)
    data = dump_tensors({name: np.ascontiguousarray(array, dtype) for name, array in model.weights.items()})
    architecture = model.shape.as_dict()
    if model.encoder_width is not None:
        architecture["encoder_width"] = model.encoder_width
    card = {"licence": "Apache-2.0"} | model.card | {
        "format": FORMAT, "version": VERSION, "name": model.name, "sha256": hashlib.sha256(data).hexdigest(),
        "architecture": architecture}
    card.setdefault("presets", {name: {"z": z} for name, z in model.presets.items()})
    card.setdefault("longest_s", 4.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    files = path.with_name(path.name + ".safetensors"), path.with_name(path.name + ".json")
    replace_file(_coming(files[0]), data)
    try:
        replace_file(files[1], card_text(card))
    except OSError:
        _coming(files[0]).unlink(missing_ok=True)
        raise
    with contextlib.suppress(FileNotFoundError):        # a reader was quicker
        os.replace(_coming(files[0]), files[0])
    return files


def save_card(model: Model | StftModel, path: str | Path) -> Path:
    """Rewrite the card of a model that was loaded from `path`, beside unchanged weights. Returns its file."""
    _, file = find_files(path)
    replace_file(file, card_text(model.card))
    return file


def card_text(card: dict) -> bytes:
    return json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False).encode()
