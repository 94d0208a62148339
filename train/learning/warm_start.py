"""Initialises a training from a finished model: its weights, and its presets as the points of instruments of the same name.

A model with fewer latents, or a mono one, begins a larger one: what it lacks is added such that at first it says what it said.
"""
from dataclasses import replace

import numpy as np
import torch

from hummingface.models.learning.decoder import linear
from hummingface.models.playing.encoder_numpy import encode
from hummingface.models.playing.frame import MOVING, STEADY
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape
from hummingface.train.learning.scaled_decoder import stereo_scale
from hummingface.train.learning.train_autoencoder import AutoencoderTrainer, Training

NOTES_HEARD = 8                       # notes of an instrument that the model does not name, which its encoder sees
NEW_SPREAD = 0.1                      # of points in the latents that the model did not have
BY_LATENT = ("decoder.note_net.0.weight", "decoder.phase_net.0.weight")


@torch.no_grad()
def start_from(trainer: AutoencoderTrainer, model: Model) -> int:
    """Give `trainer` the weights of `model`, whose knob units become the units of its points. How many instruments it knew by name.

    Raises ValueError where the network is another one.
    """
    training, bank = trainer.model, trainer.bank
    shape = training.decoder.shape
    missing = shape.latents - model.shape.latents
    if missing < 0 or replace(model.shape, latents=shape.latents, stereo=model.stereo or shape.stereo) != shape:
        raise ValueError(f"{model.name} has another shape ({model.shape}) than what is to be trained ({shape}); only latents and stereo "
                         "can be added to it.")
    weights = {name: torch.from_numpy(value) for name, value in model.weights.items()}
    for name, module in (("decoder", training.decoder), ("encoder", training.encoder)):
        fresh = module.state_dict()
        own = {key.removeprefix(name + "."): _grown(key, value, fresh[key.removeprefix(name + ".")], model.shape)
               for key, value in weights.items() if key.startswith(name + ".")}
        if own:
            module.load_state_dict(own)
    _unfold(training, model.stereo)
    points = [model.presets.get(instrument["name"]) for instrument in bank.instruments]
    known = sum(point is not None for point in points)
    new = NEW_SPREAD * torch.randn(len(points), missing)
    for number, point in enumerate(points):
        before = torch.tensor(_heard(trainer, model, number) if point is None else point, dtype=torch.float32)
        training.points[number] = torch.cat([before, new[number]])
    trainer.average.load_state_dict(training.state_dict())
    return known


def _grown(name: str, value: torch.Tensor, fresh: torch.Tensor, before: Shape) -> torch.Tensor:
    """A tensor of the model, with what the larger one has more: columns of new latents keep their small random weights, new rows are 0."""
    if value.shape == fresh.shape:
        return value
    if name in BY_LATENT:
        new = fresh[:, before.latents:before.latents + fresh.shape[1] - value.shape[1]]
        return torch.cat([value[:, :before.latents], new, value[:, before.latents:]], 1)
    return torch.cat([value, torch.zeros(len(fresh) - len(value), *value.shape[1:])])


def _unfold(training: Training, stereo: bool) -> None:
    """The opposite of `hummingface.train.exporting.export_model.fold`: the last layers give values near 1 again. `stereo`: those of stereo,
    too; a network that was mono gives zeros for them, the mean of the notes."""
    shape, scale, centre = training.decoder.shape, training.scale, training.centre
    note, steady = linear(training.decoder.note_net), shape.steady_in_note
    out = training.decoder.out
    for weight, bias, part in ((out.weight, out.bias, MOVING), (note.weight[steady], note.bias[steady], STEADY)):
        weight.div_(scale[part, None])
        bias.sub_(centre[part]).div_(scale[part])
    if stereo:
        rest, unit = slice(steady.stop, None), stereo_scale(scale)
        note.weight[rest].div_(unit[:, None])
        note.bias[rest].sub_(training.stereo_centre).div_(unit)


def _heard(trainer: AutoencoderTrainer, model: Model, number: int) -> np.ndarray:
    """Where the encoder puts an instrument, on the average of a few of its notes; the middle without an encoder."""
    if model.encoder_width is None:
        return np.zeros(model.latents, np.float32)
    bank = trainer.bank
    mine = np.flatnonzero((bank.instrument == number) & ~bank.left_out)
    chosen = mine[np.linspace(0, len(mine) - 1, min(NOTES_HEARD, len(mine))).astype(int)]
    return np.mean([encode(model, bank.image(i), float(bank.pitch[i]), float(bank.velocity[i])) for i in chosen], 0)
