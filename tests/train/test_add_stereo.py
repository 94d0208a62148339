"""A finished mono model gets the width of the notes that it learnt, and nothing else changes."""
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from hummingface.models.playing.checkpoint import load_model, save_model
from hummingface.models.playing.frame import GROUPS
from hummingface.models.playing.model import Model
from hummingface.models.playing.stereo import BALANCE, COHERENCE, STEREO_SIZE
from hummingface.models.playing.untrained import untrained
from hummingface.train.exporting.add_stereo import VELOCITIES, add_stereo
from hummingface.train.notes.note import Labels, Note, Order, Skipped

RATE_HZ, KEYS = 16_000, range(48, 76)
RIGHT_DB = 12.0


class NoiseOfTwo:
    """Noise of two instruments: one from the right, one whose channels are independent below 1 kHz, and opposite above."""
    path, name, batch = Path("noise"), "noise", 8

    def __init__(self, right: str, wide: str) -> None:
        self.about: dict = {}
        self.notices: list[str] = []
        self._names = right, wide

    def __len__(self) -> int:
        return 2 * len(KEYS)

    def orders(self, skipped: list[Skipped]) -> Iterator[Order]:
        for name in self._names:
            for key in KEYS:
                yield Order(f"{name} {key}", Labels(f"{name} {key}", name, "noise", "made", key, 100, 0.5), key)

    def read(self, orders: Sequence[Order]) -> Iterator[Note | Skipped]:
        for order in orders:
            rng = np.random.default_rng(int(order.content))
            left, other = rng.standard_normal((2, RATE_HZ))
            if order.labels.instrument == self._names[0]:
                right = left * 10 ** (RIGHT_DB / 20)
            else:
                below = np.fft.rfftfreq(RATE_HZ, 1 / RATE_HZ) < 1000
                right = np.fft.irfft(np.where(below, np.fft.rfft(other), -np.fft.rfft(left)))
            yield Note(order.labels, 0.1 * np.stack([left, right], 1).astype(np.float32), RATE_HZ, float(order.content))


@pytest.fixture(scope="module")
def made():
    model = untrained(latents=4, width=32)
    first, second, *_ = model.presets
    return model, *add_stereo(model, NoiseOfTwo(first, second), progress=False)


def values(model, preset, key=60.0, velocity=VELOCITIES[1]):
    z = np.array([model.presets[preset]], np.float32)
    return model.stereo_of(z, np.array([key], np.float32), np.array([velocity], np.float32))[0]


@pytest.mark.parametrize("velocity", [60.0, 120.0])
@pytest.mark.parametrize("key", [50.0, 59.0, 70.5])
def test_its_presets_are_as_wide_as_their_notes(made, key, velocity):
    _, model, report = made
    right, wide, *_ = model.presets
    got = values(model, right, key, velocity)
    assert got[BALANCE] == pytest.approx(np.full(GROUPS, RIGHT_DB), abs=1.5) and (got[COHERENCE] > 0.85).all()
    got = values(model, wide, key, velocity)
    assert np.abs(got[BALANCE]).max() < 2.5
    assert np.abs(got[COHERENCE][2:8]).max() < 0.35 and (got[COHERENCE][16:] < -0.8).all()
    assert report.notes == 2 * len(KEYS) and report.coherence[0] < 0.2 and report.balance_db[0] < 1


def test_between_two_presets_it_is_between(made):
    _, model, _ = made
    right, wide, *_ = model.presets
    z = np.array([(np.array(model.presets[right]) + np.array(model.presets[wide])) / 2], np.float32)
    got = model.stereo_of(z, np.array([60], np.float32), np.array([90], np.float32))[0]
    assert got[BALANCE].mean() == pytest.approx(RIGHT_DB / 2, abs=1.5)


def test_all_else_is_as_it_was_to_the_bit_and_survives_the_file(made, tmp_path):
    before, model, _ = made
    save_model(model, tmp_path / "wide", np.float32)
    again = load_model(tmp_path / "wide")
    assert isinstance(again, Model)
    assert again.stereo and not before.stereo and again.card["stereo"]["notes"] == 2 * len(KEYS)
    z = np.random.default_rng(1).standard_normal((5, 4), np.float32)
    pitch, velocity = np.full(5, 61, np.float32), np.full(5, 100, np.float32)
    notes, mono = again.note(z, pitch, velocity), before.note(z, pitch, velocity)
    assert np.array_equal(notes[:, :-1 - STEREO_SIZE], mono[:, :-1])
    time_s = np.full(5, 0.3, np.float32)
    assert np.array_equal(again.frames_at(notes, time_s), before.frames_at(mono, time_s))
    assert np.array_equal(again.start_phase(z, pitch, velocity), before.start_phase(z, pitch, velocity))
    assert np.array_equal(again.stereo_at(notes), model.stereo_of(z, pitch, velocity))


def test_a_stereo_model_gets_another_one(made):
    _, model, _ = made
    right, wide, *_ = model.presets
    turned, _ = add_stereo(model, NoiseOfTwo(wide, right), progress=False)
    assert values(turned, wide)[BALANCE].mean() == pytest.approx(RIGHT_DB, abs=1.5) and turned.shape == model.shape


def test_notes_of_none_of_its_presets_are_refused_by_name(made):
    with pytest.raises(ValueError, match="noise: too few notes of the instruments that Untrained has as presets"):
        add_stereo(made[0], NoiseOfTwo("Kazoo", "Gong"), progress=False)
