"""Training on a GPU (CUDA, or Apple's by MPS), where there is one: the notes lie on it, it learns what the CPU learns, and that plays."""
import numpy as np
import pytest
import torch

import hummingface
from hummingface.models.playing.shape import Shape
from hummingface.train.data.dataset import NoteBank
from hummingface.train.exporting.export_model import export
from hummingface.train.learning.run_state import STATE
from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer

GPU = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else ""
pytestmark = pytest.mark.skipif(not GPU, reason="no CUDA and no MPS device here")
SHAPE = Shape(latents=4, width=64, note_width=64, phase_width=16)


def test_batches_are_the_same_wherever_the_notes_lie(tiny_data):
    here, there = NoteBank(tiny_data), NoteBank(tiny_data).near(torch.device(GPU))
    assert there.rows.device.type == GPU and here.rows.device.type == "cpu"
    ours, theirs = (bank.batch(np.random.default_rng(3), 32, 4) for bank in (here, there))
    for name, value in vars(ours).items():
        assert torch.equal(value, getattr(theirs, name).cpu()), name
    assert np.array_equal(here.image(5), there.image(5))


def test_it_learns_what_the_cpu_learns(tiny_data):
    options = AutoencoderOptions(steps=60, notes=32, moments=4, encoder_notes=8)
    losses = {}
    for device in ("cpu", GPU):
        trainer = AutoencoderTrainer(NoteBank(tiny_data), SHAPE, options, device=device, encoder_width=16, precision="32")
        losses[device] = np.array([float(trainer.train_step()["loss"]) for _ in range(60)])
    cpu, gpu = losses["cpu"], losses[GPU]
    assert gpu[:5] == pytest.approx(cpu[:5], rel=0.02)         # TF32 has ten bits of mantissa
    assert gpu[-10:].mean() == pytest.approx(cpu[-10:].mean(), rel=0.1)
    assert gpu[-10:].mean() < gpu[:10].mean()


def test_what_it_learnt_is_exported_and_plays(tiny_data, tmp_path):
    bank = NoteBank(tiny_data)
    options = AutoencoderOptions(steps=20, notes=32, moments=4, encoder_notes=8)
    AutoencoderTrainer(bank, SHAPE, options, device=GPU, encoder_width=16).run(tmp_path / "run", progress=False)
    export(tmp_path / "run" / STATE, bank, tmp_path / "tiny", "Tiny", {"about": "", "source": "", "licence": "", "data": [], "run": "",
                                                                     "reproduce": ""})
    sound = hummingface.Instrument(model=tmp_path / "tiny.safetensors").render([(0.0, 0.3, 60, 100)], 0.5)
    assert np.isfinite(sound).all() and np.abs(sound).max() > 1e-4
