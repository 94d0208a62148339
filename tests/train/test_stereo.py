"""Stereo from recordings to a model: nothing is folded in reading, preparing, training, exporting or resynthesising."""
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
import torch

from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.frame import GROUPS, LEVEL, group_of_hz, pitch_to_hz
from hummingface.models.playing.shape import Shape
from hummingface.models.playing.stereo import BALANCE, BALANCE_LIMIT_DB, COHERENCE, MONO
from hummingface.train.app.resynthesise import resynthesise
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.prepare import prepare
from hummingface.train.data.prepared_note import prepared
from hummingface.train.evaluation.reconstruct import targets_of
from hummingface.train.exporting.export_model import export
from hummingface.train.learning.run_state import STATE
from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer
from hummingface.train.learning.warm_start import start_from
from hummingface.train.notes.note import Labels, Note, one_channel, read_sound, why_unusable
from hummingface.train.notes.recorded_notes import RecordedNotes

RATE = 32_000
KEYS = (50, 55, 60, 65)
SHAPE = Shape(latents=3, width=32, note_width=96, phase_width=16, stereo=True)
OPTIONS = AutoencoderOptions(steps=300, notes=16, moments=4, encoder_notes=2, encoder_every=50, rate=8e-3, average_steps=15, z_noise=0.02)


def tone(key, phases=None, seconds=1.2):
    """Eight harmonics, at these phases [8]."""
    t = np.arange(round(seconds * RATE)) / RATE
    k = np.arange(1, 9)[:, None]
    wave = (0.1 / k * np.cos(2 * np.pi * pitch_to_hz(key) * k * t + (0 if phases is None else phases[:, None]))).sum(0)
    return (wave * np.exp(-t) * np.clip(t / 0.005, 0, 1)).astype(np.float32)


def recorded(kind, key):
    """Both channels of a note: [S, 2]."""
    quarter = np.full(8, np.pi / 2)
    return np.stack({"left": (tone(key), 0 * tone(key)), "wide": (tone(key), tone(key, quarter)), "opposite": (tone(key), -tone(key)),
                     "centre": (tone(key), tone(key))}[kind], 1)


WANTED = {"left": (-BALANCE_LIMIT_DB, 1.0), "wide": (0.0, 0.0), "opposite": (0.0, -1.0)}        # balance and coherence


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder of recordings for each kind."""
    place = tmp_path_factory.mktemp("stereo")
    for kind in WANTED:
        (place / kind).mkdir()
        for key in KEYS:
            sf.write(place / kind / f"{kind} {key:03d}.wav", recorded(kind, key), RATE, subtype="FLOAT")
    return place


@pytest.fixture(scope="module")
def bank(folders):
    """What is prepared of them."""
    torch.set_num_threads(1)
    report = prepare(folders / "data", [RecordedNotes(folders / kind) for kind in WANTED], 1, progress=False)
    assert report.notes == len(KEYS) * len(WANTED) and not report.skipped, report.text()
    return NoteBank(folders / "data", hold_out=False)


def heard_groups(key):
    return np.unique(group_of_hz(pitch_to_hz(key) * np.arange(1, 9)))


def test_a_file_keeps_its_channels(tmp_path):
    for name, sound, shape in (("two", recorded("wide", 60), (2,)), ("equal", recorded("centre", 60), ()), ("one", tone(60), ()),
                               ("four", np.concatenate([recorded("wide", 60), recorded("centre", 60)], 1), (2,))):
        sf.write(tmp_path / f"{name}.wav", sound, RATE, subtype="FLOAT")
        audio, _ = read_sound(tmp_path / f"{name}.wav")
        assert audio.shape[1:] == shape, name
        assert np.array_equal(audio.reshape(len(audio), -1)[:, 0], tone(60)), name


def test_opposite_channels_are_not_silent():
    sound = recorded("opposite", 60)
    assert np.abs(sound.mean(1)).max() == 0
    assert not why_unusable(sound, RATE)
    assert np.array_equal(np.abs(one_channel(sound)), np.abs(tone(60)))


def test_one_channel_has_the_power_of_both():
    sound = recorded("left", 60)
    assert np.square(one_channel(sound)).mean() == pytest.approx(np.square(sound).mean())


def test_prepared_notes_keep_balance_and_coherence(bank):
    assert bank.is_stereo
    for i in range(len(bank)):
        balance_db, coherence = WANTED[bank.instruments[bank.instrument[i]]["name"]]
        values, groups = bank.stereo[i].numpy(), heard_groups(bank.pitch[i])
        assert np.median(values[BALANCE][groups]) == pytest.approx(balance_db, abs=0.5)
        assert np.median(values[COHERENCE][groups]) == pytest.approx(coherence, abs=0.1)


def test_levels_are_those_of_both_channels():
    """So the side that a note is on, and what the other channel is against it, change no level."""
    note = Note(Labels("", "", "", "", 60, 100, 1.2), tone(60), RATE, 60.0)
    made = {kind: prepared("", replace(note, audio=recorded(kind, 60))) for kind in WANTED}
    rows = {kind: one.rows[60:90] - one.known["raised_db"] for kind, one in made.items()}          # as loud as it was
    one = prepared("", note)
    mono = one.rows[60:90] - one.known["raised_db"]
    loud = mono[:, LEVEL] > mono[:, LEVEL].max() - 40
    for kind, lost_db in (("wide", 0.0), ("opposite", 0.0), ("left", 3.01)):
        assert np.median((mono - rows[kind])[:, LEVEL][loud]) == pytest.approx(lost_db, abs=0.1), kind


def test_between_notes_lies_their_mean(bank):
    notes = np.array([0, 0])
    batch = bank.batch(np.random.default_rng(0), 2, 2, 0.0, notes)
    assert torch.equal(batch.stereo, bank.stereo[notes])
    for seed in range(40):
        batch = bank.batch(np.random.default_rng(seed), 16, 2, 1.0)
        expected = torch.lerp(bank.stereo[batch.note], bank.stereo[batch.other], batch.share[:, None])
        assert torch.allclose(batch.stereo, expected, atol=1e-5)


def test_folders_of_before_are_mono(tiny_bank):
    assert not tiny_bank.is_stereo
    assert (tiny_bank.stereo.numpy() == MONO).all()
    assert (tiny_bank.batch(np.random.default_rng(0), 8, 2).stereo.numpy() == MONO).all()


@pytest.fixture(scope="module")
def learnt(bank, folders):
    """The trainer, and the exported model."""
    trainer = AutoencoderTrainer(bank, SHAPE, OPTIONS)
    first = {name: float(value) for name, value in trainer.train_step().items()}
    trainer.run(folders / "run", progress=False)
    export(folders / "run" / STATE, bank, folders / "sides", "Sides", {"about": "test"})
    return trainer, first, load_model(folders / "sides")


def test_the_network_learns_the_sides(learnt):
    trainer, first, model = learnt
    assert float(trainer.metrics()["seen.stereo"]) < 0.1 * first["stereo"]
    assert model.stereo and model.card["architecture"]["stereo"] is True
    for kind, (balance_db, coherence) in WANTED.items():
        for key in KEYS:
            z = np.array([model.presets[kind]], np.float32)
            values = model.stereo_of(z, np.array([float(key)]), np.array([100.0]))[0]
            groups = heard_groups(key)[1:-1]
            assert np.median(values[COHERENCE][groups]) == pytest.approx(coherence, abs=0.1), (kind, key)
            assert np.median(values[BALANCE][groups]) == pytest.approx(balance_db, abs=1.5), (kind, key)


def test_training_goes_on_from_a_stereo_model(learnt, bank):
    before, _, model = learnt
    trainer = AutoencoderTrainer(bank, model.shape, OPTIONS, encoder_width=model.encoder_width)
    start_from(trainer, model)
    assert float(trainer.metrics()["seen.stereo"]) == pytest.approx(float(before.metrics()["seen.stereo"]), abs=0.1)
    batch = bank.batch(np.random.default_rng(0), 4, 1, 0.0)
    with torch.no_grad():
        note = trainer.model.decoder.note(trainer.model.points_of(batch, None), batch.pitch, batch.velocity)
        ours = trainer.model.stereo_of(note).numpy()
    z = np.stack([model.presets[bank.instruments[i]["name"]] for i in batch.instrument.numpy()]).astype(np.float32)
    theirs = model.decoder.note(z, batch.pitch.numpy(), batch.velocity.numpy())[:, -2 * GROUPS:]
    assert ours == pytest.approx(theirs, abs=0.3)


def test_a_dropped_recording_comes_back_on_its_side(learnt, folders):
    _, _, model = learnt
    for kind, (balance_db, _) in WANTED.items():
        found = resynthesise(model, folders / kind / f"{kind} 060.wav")
        powers = np.square(found.sound, dtype=np.float64).mean(0)
        assert found.sound.shape == (len(found.sound), 2)
        if balance_db:
            assert powers[1] < 0.05 * powers[0]
        else:
            assert 0.4 < powers[1] / powers[0] < 2.5


def test_targets_alone_are_stereo():
    note = Note(Labels("", "", "", "", 60, 100, 1.2), recorded("opposite", 60), RATE, 60.0)
    made = targets_of(note)
    assert made.audio.shape == (len(note.audio), 2)
    assert np.corrcoef(made.audio.T)[0, 1] < -0.9
