"""Training on a GPU, where there is one: the notes lie on it, and it learns what the CPU learns."""
import numpy as np
import pytest
import torch

from hummingface.models.playing.shape import Shape
from hummingface.train.data.dataset import NoteBank
from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
SHAPE = Shape(latents=4, width=64, note_width=64, phase_width=16)


def test_batches_are_the_same_wherever_the_notes_lie(tiny_data):
    here, there = NoteBank(tiny_data), NoteBank(tiny_data).near(torch.device("cuda"))
    assert there.rows.is_cuda and not here.rows.is_cuda
    ours, theirs = (bank.batch(np.random.default_rng(3), 32, 4) for bank in (here, there))
    for name, value in vars(ours).items():
        assert torch.equal(value, getattr(theirs, name).cpu()), name
    assert np.array_equal(here.image(5), there.image(5))


def test_it_learns_what_the_cpu_learns(tiny_data):
    options = AutoencoderOptions(steps=60, notes=32, moments=4, encoder_notes=8)
    losses = {}
    for device in ("cpu", "cuda"):
        trainer = AutoencoderTrainer(NoteBank(tiny_data), SHAPE, options, device=device, encoder_width=16, precision="32")
        losses[device] = np.array([float(trainer.train_step()["loss"]) for _ in range(60)])
    cpu, cuda = losses["cpu"], losses["cuda"]
    assert cuda[:5] == pytest.approx(cpu[:5], rel=0.02)         # TF32 has ten bits of mantissa
    assert cuda[-10:].mean() == pytest.approx(cpu[-10:].mean(), rel=0.1)
    assert cuda[-10:].mean() < cuda[:10].mean()
