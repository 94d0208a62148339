"""Initialises a training from a finished model: its weights, and its presets as the points of instruments of the same name."""
import numpy as np
import torch

from hummingface.models.learning.autoencoder import encode
from hummingface.models.learning.decoder import linear
from hummingface.models.playing.frame import MOVING, STEADY
from hummingface.models.playing.model import Model
from hummingface.train.learning.scaled_decoder import stereo_scale
from hummingface.train.learning.train_autoencoder import AutoencoderTrainer, Training

NOTES_HEARD = 8                       # notes of an instrument that the model does not name, which its encoder sees


@torch.no_grad()
def start_from(trainer: AutoencoderTrainer, model: Model) -> int:
    """Give `trainer` the weights of `model`, whose knob units become the units of its points. How many instruments it knew by name.

    Raises ValueError where the network is another one.
    """
    training, bank = trainer.model, trainer.bank
    if model.shape != training.decoder.shape:
        raise ValueError(f"{model.name} has another shape ({model.shape}) than what is to be trained ({training.decoder.shape}).")
    for name, module in (("decoder", training.decoder), ("encoder", training.encoder)):
        own = {key.removeprefix(name + "."): torch.from_numpy(value) for key, value in model.weights.items() if key.startswith(name + ".")}
        if own:
            module.load_state_dict(own)
    _unfold(training)
    points = [model.presets.get(instrument["name"]) for instrument in bank.instruments]
    known = sum(point is not None for point in points)
    for number, point in enumerate(points):
        training.points[number] = torch.tensor(_heard(trainer, model, number) if point is None else point, dtype=torch.float32)
    trainer.average.load_state_dict(training.state_dict())
    return known


def _unfold(training: Training) -> None:
    """The opposite of `hummingface.train.exporting.export_model.fold`: the last layers give values near 1 again."""
    shape, scale, centre = training.decoder.shape, training.scale, training.centre
    note, steady = linear(training.decoder.note_net), shape.steady_in_note
    out = training.decoder.out
    for weight, bias, part in ((out.weight, out.bias, MOVING), (note.weight[steady], note.bias[steady], STEADY)):
        weight.div_(scale[part, None])
        bias.sub_(centre[part]).div_(scale[part])
    if shape.stereo:
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
