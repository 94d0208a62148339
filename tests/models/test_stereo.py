"""Stereo of notes: measured in recordings, kept by the analysis, made by the reference synthesis, and in models' files."""
from dataclasses import replace

import numpy as np
import pytest
import torch

from hummingface.models.analysis.harmonic import analyse
from hummingface.models.analysis.motion import smooth
from hummingface.models.analysis.reference import synthesise
from hummingface.models.analysis.stereo_analysis import channels_of, measure_stereo
from hummingface.models.learning.autoencoder import weights_of
from hummingface.models.learning.decoder import Decoder
from hummingface.models.playing.checkpoint import ModelError, load_model, save_model
from hummingface.models.playing.decoder_numpy import NumpyDecoder
from hummingface.models.playing.frame import (
    FRAME_SIZE,
    GROUPS,
    LEVEL,
    LEVEL_FLOOR_DB,
    NOISE,
    PARTIALS,
    SLOT_RATIO,
    group_of_hz,
    pitch_to_hz,
)
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape, read_architecture
from hummingface.models.playing.stereo import (
    BALANCE,
    BALANCE_LIMIT_DB,
    COHERENCE,
    MONO,
    STEREO_SIZE,
    channel_gains,
    side_gains,
)
from hummingface.models.playing.untrained import untrained

RATE = 48_000
KEY = 57
GROUPS_HEARD = np.unique(group_of_hz(pitch_to_hz(KEY) * np.arange(1, 13)))


def tone(seconds=1.5, fall=2.0, phases=0.0, key=KEY):
    """Twelve harmonics that decay, of these phases [12]."""
    t = np.arange(round(seconds * RATE)) / RATE
    hz = pitch_to_hz(key) * np.arange(1, 13)[:, None]
    waves = 0.2 / np.arange(1, 13)[:, None] * np.cos(2 * np.pi * hz * t + np.broadcast_to(phases, 12)[:, None])
    return (waves.sum(0) * np.exp(-fall * t) * np.clip(t / 0.01, 0, 1)).astype(np.float32)


def hiss(seed, seconds=2.0):
    return 0.05 * np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)


def test_gains_keep_the_power_of_both_channels():
    left, right = channel_gains(np.linspace(-40, 40, 9))
    assert left ** 2 + right ** 2 == pytest.approx(2)
    assert 20 * np.log10(right / left) == pytest.approx(np.linspace(-40, 40, 9))
    assert np.abs(side_gains(MONO, 220.0) - 1).max() < 1e-12
    assert np.abs(side_gains(np.concatenate([np.full(GROUPS, 9.0), np.full(GROUPS, -1.0)]), 220.0, 0.0) - 1).max() < 1e-12


def test_each_partial_has_the_coherence_of_its_group():
    values = np.concatenate([np.full(GROUPS, 3.0), np.linspace(-1, 1, GROUPS)])
    left, right = side_gains(values, 220.0)
    group = group_of_hz(SLOT_RATIO * 220.0)
    assert (left * right.conj()).real / np.abs(left * right) == pytest.approx(values[COHERENCE][group])
    turned = np.sign(np.angle(right[group < GROUPS - 1] / left[group < GROUPS - 1]))
    assert abs(turned.mean()) < 0.25                                   # neither way is preferred


@pytest.mark.parametrize(("phase", "gain"), [(0.0, 1.0), (1.0, 1.0), (np.pi, 1.0), (2.0, 0.5)])
def test_measured_balance_and_coherence(phase, gain):
    values = measure_stereo(np.stack([tone(), gain * tone(phases=phase)]), RATE)
    assert values[COHERENCE][GROUPS_HEARD] == pytest.approx(np.cos(phase), abs=0.02)
    assert values[BALANCE][GROUPS_HEARD] == pytest.approx(20 * np.log10(gain), abs=0.1)


def test_independent_noise_is_not_coherent():
    values = measure_stereo(np.stack([hiss(1), hiss(2)]), RATE)
    assert np.abs(values[COHERENCE][8:]).max() < 0.3
    assert np.abs(values[BALANCE][8:]).max() < 1.5


def test_a_dead_channel_is_one_sided_and_silence_is_mono():
    values = measure_stereo(np.stack([tone(), 0 * tone()]), RATE)
    assert (values[BALANCE] == -BALANCE_LIMIT_DB).all() and (values[COHERENCE] == 1).all()
    silent = measure_stereo(np.zeros((2, RATE)), RATE)
    assert np.isfinite(silent).all() and (silent[BALANCE] == 0).all()


def test_equal_channels_are_one():
    assert channels_of(tone()).shape == channels_of(np.stack([tone(), tone()], 1)).shape == (1, len(tone()))
    assert channels_of(np.stack([tone(), -tone()], 1)).shape == (2, len(tone()))
    assert analyse(np.stack([tone(), tone()], 1), RATE, KEY, 1.4).stereo is None
    nearly = np.stack([tone(), tone()], 1)
    nearly[:64, 1] *= 0.5
    assert analyse(nearly, RATE, KEY, 1.4).stereo is None


def test_opposite_channels_keep_their_level():
    mono = smooth(analyse(tone(), RATE, KEY, 1.4))
    opposite = smooth(analyse(np.stack([tone(), -tone()], 1), RATE, KEY, 1.4))
    loud = mono.frames[:, LEVEL] > mono.frames[:, LEVEL].max() - 40
    off_db = np.abs(opposite.frames[:, LEVEL] - mono.frames[:, LEVEL])
    assert off_db[loud & (mono.times_s > 0.072)[:, None]].max() < 0.2
    assert np.median(off_db[loud]) < 0.2
    assert opposite.stereo is not None and opposite.stereo[COHERENCE][GROUPS_HEARD] == pytest.approx(-1, abs=0.01)
    left, right = synthesise(opposite, RATE, motion=False).T
    assert np.corrcoef(left, right)[0, 1] < -0.98
    assert np.mean(left ** 2) == pytest.approx(np.mean(tone() ** 2), rel=0.05)


def test_one_dead_channel_is_resynthesised_on_its_side():
    note = smooth(analyse(np.stack([np.zeros_like(tone()), tone()], 1), RATE, KEY, 1.4))
    left, right = synthesise(note, RATE, motion=False).T
    assert np.mean(right ** 2) == pytest.approx(np.mean(tone() ** 2), rel=0.05)
    assert np.mean(left ** 2) < 2e-4 * np.mean(right ** 2)


def test_analysis_and_synthesis_keep_balance_and_coherence():
    rng = np.random.default_rng(5)
    phases = rng.uniform(-np.pi, np.pi, (2, 12))
    source = np.stack([tone(phases=phases[0]), 0.5 * tone(phases=phases[1])], 1)
    note = smooth(analyse(source, RATE, KEY, 1.4))
    made = synthesise(note, RATE, motion=False)[:len(source)]
    ours, theirs = (measure_stereo(sound.T, RATE) for sound in (made, source))
    assert np.abs(ours - theirs)[COHERENCE][GROUPS_HEARD].max() < 0.1
    assert np.abs(ours - theirs)[BALANCE][GROUPS_HEARD].max() < 0.5


@pytest.mark.parametrize("shape", [(100, 3), (2, 3, 4), (0, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="one channel"):
        analyse(np.zeros(shape, np.float32), RATE, 60, 1.0)


def test_noise_of_a_stereo_note():
    note = smooth(analyse(np.stack([hiss(1), hiss(2)], 1), RATE, 60, 2.0))
    note = replace(note, frames=np.where(np.arange(FRAME_SIZE) < PARTIALS, LEVEL_FLOOR_DB, note.frames).astype(np.float32))
    left, right = synthesise(note, RATE).T
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.15
    assert note.frames[:, NOISE].max() < -20


# in models -----------------------------------------------------------------------------------------------------------------------
def test_the_card_of_a_mono_model_is_as_before():
    assert "stereo" not in Shape().as_dict()
    assert Shape(stereo=True).as_dict()["stereo"] is True
    assert Shape(stereo=True).note_size == Shape().note_size + STEREO_SIZE
    assert read_architecture(Shape(stereo=True).as_dict())[0] == Shape(stereo=True)
    with pytest.raises(ModelError, match="stereo"):
        read_architecture(Shape().as_dict() | {"stereo": 1})


def test_torch_and_numpy_say_the_same():
    shape = Shape(latents=3, width=24, note_width=32, stereo=True)
    torch.manual_seed(0)
    decoder = Decoder(shape)
    z = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    pitch, velocity = np.linspace(30, 90, 5), np.linspace(20, 120, 5)
    with torch.no_grad():
        note = decoder.note(torch.from_numpy(z), torch.from_numpy(pitch).float(), torch.from_numpy(velocity).float())
        wanted, frames = decoder.stereo(note).numpy(), decoder.at(note, torch.full((5,), 0.3)).numpy()
    ours = NumpyDecoder(shape, weights_of(decoder))
    vector = ours.note(z, pitch, velocity)
    assert ours.stereo(vector) == pytest.approx(wanted, abs=1e-4)
    assert ours.at(vector, np.full(5, 0.3)) == pytest.approx(frames, abs=1e-3)


def test_a_stereo_model_survives_its_files(tmp_path):
    model = untrained(latents=3, width=16, stereo=True)
    save_model(model, tmp_path / "wide")
    loaded = load_model(tmp_path / "wide")
    assert isinstance(loaded, Model)
    note = loaded.note(np.zeros((2, 3)), np.array([40.0, 70.0]), np.array([90.0, 20.0]))
    values = loaded.stereo_at(note)
    assert loaded.stereo and values.shape == (2, STEREO_SIZE) and np.ptp(values[0, BALANCE]) > 3
    assert not untrained(latents=3, width=16).stereo
    assert (untrained(latents=3, width=16).stereo_at(note) == MONO).all()
