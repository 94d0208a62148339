"""Exports a run's state as a model: averaged weights, knob units, presets, and the card."""
from pathlib import Path

import numpy as np
import torch

from hummingface.models.learning.autoencoder import Encoder, weights_of
from hummingface.models.learning.decoder import Decoder, linear
from hummingface.models.learning.latent_space import LatentAxes, find_axes, fold_input, fold_output
from hummingface.models.playing import key_trend
from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.conditioning import LONGEST_S
from hummingface.models.playing.frame import LEVEL, NOISE
from hummingface.models.playing.model import Model
from hummingface.train.data.dataset import NoteBank
from hummingface.train.exporting.card import as_read, training_record
from hummingface.train.exporting.card_knobs import card_knobs
from hummingface.train.learning.run_state import read_state
from hummingface.train.learning.scaled_decoder import shape_of, unscaled

PROBED_PITCHES, PROBED_TIMES_S = (36.0, 52.0, 64.0, 76.0), (0.02, 0.15, 1.0)
HEARD_RANGE_DB = 60.0


@torch.no_grad()
def fold(state: dict) -> tuple[Decoder, Encoder, np.ndarray, LatentAxes]:
    """A saved run -> (decoder and encoder in knob units, the instruments' points in knobs [I, L], the axes)."""
    saved = state["average"]
    shape = shape_of(state)
    decoder = unscaled(shape, saved)
    width = saved["encoder.convolutions.0.weight"].shape[0]
    encoder = Encoder(shape.latents, width)
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in saved.items() if k.startswith("encoder.")})
    points = saved["points"].double().numpy()
    spread = points
    if "offsets" in saved:                                          # notes have points of their own: the axes are theirs, within reach all
        spread = np.concatenate([points[state["note_instrument"]] + saved["offsets"].double().numpy(), points])
    axes = find_axes(spread, lambda raw: heard_levels(decoder, raw))
    for net in (decoder.note_net, decoder.phase_net):
        fold_input(linear(net, 0), axes)
    fold_output(linear(encoder.head), axes)
    return decoder.eval(), encoder.eval(), axes.to_knobs(points), axes


@torch.no_grad()
def heard_levels(decoder: Decoder, z: np.ndarray) -> np.ndarray:
    """Levels and noise that z [M, L] decodes to at a few pitches and times, over HEARD_RANGE_DB under each peak. [M, D]"""
    points = torch.from_numpy(np.asarray(z, np.float32))
    outputs = []
    for pitch in PROBED_PITCHES:
        for time_s in PROBED_TIMES_S:
            full = torch.full((len(z),), 1.0)
            frames = decoder(points, pitch * full, 100 * full, time_s * full)
            levels = torch.cat([frames[:, LEVEL], frames[:, NOISE]], 1)
            outputs.append((levels - levels.amax(1, keepdim=True)).clamp(min=-HEARD_RANGE_DB))
    return torch.cat(outputs, 1).numpy()


def presets_of(bank: NoteBank, points: np.ndarray) -> dict[str, dict]:
    """Each instrument as a named point, with its family and whether it sustains. Its gain is measured on the finished model
    (`key_trend.level_card`).
    """
    presets = {about["name"]: {"z": [round(float(x), 4) for x in z], "family": about["family"], "program": about["program"],
                               "sustained": about["sustained"], "gain_db": 0.0}
               for about, z in zip(bank.instruments, points, strict=True)}
    for about, loudness in zip(bank.instruments, bank.levelled.instruments if bank.levelled else (), strict=False):
        presets[about["name"]]["dynamics_db"] = round(loudness.range_db, 1)           # from velocity 16 to 127, as its source has it
    return presets


def recorded(bank: NoteBank) -> dict[str, list[float]] | None:
    """The loudness over the keys that was taken out of each instrument before the network saw it; None where nothing was."""
    if bank.levelled is None:
        return None
    return {about["name"]: loudness.lufs.tolist() for about, loudness in zip(bank.instruments, bank.levelled.instruments, strict=True)}


def model_of_autoencoder(state: dict, name: str) -> Model:
    """The model of an autoencoder's state, for measuring; its presets are the instruments' points."""
    decoder, encoder, points, _ = fold(state)
    presets = {instrument["name"]: [float(x) for x in z] for instrument, z in zip(state["instruments"], points, strict=True)}
    about = {one["name"]: {"z": presets[one["name"]], "family": one.get("family")} for one in state["instruments"]}
    card = {"name": name, "presets": about, "longest_s": state.get("longest_s", LONGEST_S)}
    return Model(name, card, decoder.shape, weights_of(decoder, encoder), presets)


def export(state_file: Path, bank: NoteBank, out: Path, name: str, about: dict, licence_text: str = "") -> Model:
    """Write the model of a run as `out`.safetensors and `out`.json. `about` goes into the card."""
    state = read_state(state_file)
    decoder, encoder, points, axes = fold(state)
    presets = presets_of(bank, points)
    card = {
        "name": name, "kind": "autoencoder", "licence": "MIT", "licence_text": licence_text, "longest_s": round(bank.longest_s, 3),
        "sample_rate_hz": 48_000,
        "pitches": [int(bank.pitch.min()), int(bank.pitch.max())],
        "velocities": [int(bank.velocity.min()), int(bank.velocity.max())],        # the same number twice where there is one dynamic
        "trained_on": {"sources": bank.sources, "instruments": len(bank.instruments), "notes": len(bank.trained),
                       "left_out_notes": int(bank.left_out.sum()),
                       "layers": sorted({(int(v), float(h)) for v, h in zip(bank.velocity, bank.hold_s, strict=True)})},
        **training_record(state),
        "axes": {"middle": axes.middle.round(6).tolist(), "axes": axes.axes.round(6).tolist()},     # their coordinates in training
        "presets": presets} | about
    model = Model(name, as_read(card), decoder.shape, weights_of(decoder, encoder),
                  {n: p["z"] for n, p in presets.items()})
    model.card["knobs"] = card_knobs(model)
    key_trend.level_card(model, recorded(bank))
    save_model(model, out)
    return model
