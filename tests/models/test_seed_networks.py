"""The networks of STFT models: shapes, losses where theory has them, and the same images with torch and without."""
import json
import math

import numpy as np
import pytest
import torch

from hummingface.models.learning.stft_networks import (
    StftAutoencoder,
    StftDiscriminator,
    StftEncoder,
    StftGenerator,
    discriminator_loss,
    generator_loss,
    played_weights,
)
from hummingface.models.playing.checkpoint import ModelError, load_model, save_model
from hummingface.models.playing.generator_numpy import NumpyGenerator
from hummingface.models.playing.stft import Layout
from hummingface.models.playing.stft_model import StftModel
from hummingface.models.playing.stft_shape import StftShape, read_stft_shape, stft_tensor_shapes
from hummingface.models.playing.untrained import untrained_notes

ONE, MANY = StftShape(16, 8), StftShape(7, 8, 48, 84)


@pytest.mark.parametrize("shape", [ONE, MANY, StftShape(128, 8, layout=Layout("if"))])
def test_images_go_in_and_out(shape):
    image, key = torch.randn(3, 2, 128, 128), torch.tensor([0, 0, shape.keys - 1])
    made, z = StftAutoencoder(shape)(image, key)
    assert made.shape == image.shape and z.shape == (3, shape.latents)


@pytest.mark.parametrize(("shape", "conditions"), [(ONE, 0), (MANY, 0), (MANY, 12)])
@pytest.mark.parametrize("seed", range(2))
def test_a_discriminator_begins_with_the_loss_of_a_coin(shape, conditions, seed):
    """ln 2 for it and for the generator: it says logits. One that ends in tanh would say ln(1 + e) = 1.3133 when it rejects everything."""
    torch.manual_seed(seed)
    critic, generator = StftDiscriminator(shape, conditions), StftGenerator(shape)
    key = torch.randint(0, shape.keys, (6,))
    asked = torch.randn(6, conditions)
    fake = critic(generator(torch.randn(6, shape.latents), key), asked, key)
    real = critic(torch.randn(6, 2, 128, 128), asked, key)
    assert float(discriminator_loss(real, fake)) == pytest.approx(math.log(2), rel=0.05)
    assert float(generator_loss(fake)) == pytest.approx(math.log(2), rel=0.05)


def test_logits_are_not_squashed():
    """A discriminator that learns to tell two sounds apart goes far beyond -1..1, and its loss to nearly 0."""
    torch.manual_seed(0)
    critic = StftDiscriminator(ONE)
    optimiser = torch.optim.Adam(critic.parameters(), 1e-3)
    real, fake = torch.randn(4, 2, 128, 128), 0.2 * torch.randn(4, 2, 128, 128)
    none, key = torch.zeros(4, 0), torch.zeros(4, dtype=torch.long)
    for _ in range(30):
        loss = discriminator_loss(critic(real, none, key), critic(fake, none, key))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(critic(real, none, key).max()) > 2 and float(loss) < 0.1


@pytest.mark.parametrize("shape", [ONE, MANY])
def test_what_is_played_is_what_was_learnt(shape):
    torch.manual_seed(1)
    generator, encoder = StftGenerator(shape), StftEncoder(shape)
    for _ in range(3):                                                    # batch normalisation gets something to fold
        generator(2 * torch.randn(6, shape.latents) + 1, torch.randint(0, shape.keys, (6,)))
        encoder(torch.randn(4, 2, 128, 128))
    weights = {name: tensor.numpy() for name, tensor in played_weights(generator.eval(), encoder.eval()).items()}
    assert {name: w.shape for name, w in weights.items()} == stft_tensor_shapes(shape)
    played = NumpyGenerator(shape, weights)
    for key in {0, shape.keys - 1}:
        z = torch.randn(1, shape.latents)
        learnt = generator(z, torch.tensor([key]))[0].detach().numpy()
        assert np.abs(played.image(z[0].numpy(), key) - learnt).max() < 1e-5 * max(1, np.abs(learnt).max())
    from hummingface.train.exporting.export_stft import encode
    image = torch.randn(2, 2, 128, 128)
    model = StftModel("x", {}, shape, weights)
    assert np.abs(encode(model, image.numpy()) - encoder(image).detach().numpy()).max() < 1e-3


def test_files_are_checked_before_they_play(tmp_path):
    model = untrained_notes(48, 60)
    weights, card = save_model(model, tmp_path / "notes")
    loaded = load_model(weights)
    assert isinstance(loaded, StftModel) and loaded.shape == model.shape
    z = np.ones(16)
    assert np.abs(loaded.spectrum(z, 50) - model.spectrum(z, 50)).max() < 0.05
    told = json.loads(card.read_text())
    for wrong, said in (({"width": 9}, "is F16"), ({"width": 9999}, "width"), ({"pitches": [60, 48]}, "pitches"),
                        ({"pitches": [48, 61]}, "is F16"), ({"layout": {"kind": "ri"}}, "layout"), ({"latents": 1000}, "z"),
                        ({"encoder": 1}, "encoder"), ({"extra": 1}, "unknown")):
        card.write_text(json.dumps(told | {"architecture": told["architecture"] | wrong}))
        with pytest.raises(ModelError, match=said):
            load_model(weights)
    broken = untrained_notes(48, 60)
    broken.weights["generator.1.weight"][:] = 6e4                         # finite, but what it makes is not
    broken.weights["generator.2.weight"][:] = 6e4
    broken.weights["generator.3.weight"][:] = 6e4
    broken.weights["generator.4.weight"][:] = 6e4
    weights, _ = save_model(broken, tmp_path / "broken", np.float32)
    with pytest.raises(ModelError, match="NaN or Inf"):
        load_model(weights)


def test_a_shape_survives_its_card():
    for shape in (ONE, MANY, StftShape(3, 4, 0, 127, False, Layout("if", 0.3, False))):
        assert read_stft_shape(json.loads(json.dumps(shape.as_dict()))) == shape
