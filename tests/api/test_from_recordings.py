"""Learning and resynthesis through the Python API, by real training on a few recordings made here. Only learning needs torch
(tests/test_wheel.py does the rest without it)."""
import numpy as np
import pytest
import soundfile

import hummingface

pytest.importorskip("torch", reason="PyTorch is not installed: hummingface install train")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Three plucked notes, each in a file that says its key."""
    folder, rng = tmp_path_factory.mktemp("box"), np.random.default_rng(3)
    time_s = np.arange(24_000) / 16_000
    for key in (57, 60, 64):
        f0_hz = 440 * 2 ** ((key - 69) / 12)
        sound = sum(np.sin(2 * np.pi * k * f0_hz * time_s) / k ** 1.5 * np.exp(-time_s * (2 + k)) for k in range(1, 12))
        soundfile.write(folder / f"box f {key:03}.wav", 0.3 * sound + 1e-4 * rng.standard_normal(len(time_s)), 16_000)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        folder = tmp_path_factory.mktemp("home")
        patched.setenv("HUMMINGFACE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def learnt(recordings, home):
    """(an instrument learnt of the recordings, what was said on the way)."""
    said = []
    return hummingface.learn(recordings, "Box", minutes=0.1, latents=4, say=said.append), said


def test_a_folder_becomes_an_instrument_of_the_library(learnt, home):
    instrument, said = learnt
    assert instrument.model == "Box" and instrument.name in [patch.name for patch in hummingface.list_patches()]
    assert "Box" in [model.name for model in hummingface.list_models()] and (home / "models" / "box.safetensors").is_file()
    sound = instrument.render([(0.0, 0.5, 60)], 0.5)
    assert sound.shape == (24_000, 2) and np.abs(sound).max() > 1e-3
    assert any("learning 3 notes" in text for text in said)


def test_a_recording_is_resynthesised_and_can_be_played(learnt, recordings, tmp_path):
    found = hummingface.resynthesise(recordings / "box f 057.wav", model="Box")
    assert (found.sound.dtype, found.sound.shape, found.rate_hz) == (np.float32, (24_000,), 16_000)
    assert found.pitch == pytest.approx(57, abs=0.1) and len(found.latents) == 4 and found.mel_db < 20
    sound = found.instrument.render([(0.0, 0.3, 64)], 0.3)
    assert found.instrument.latents == pytest.approx(found.latents) and np.abs(sound).max() > 1e-3
    assert soundfile.info(hummingface.save(tmp_path / "again.flac", found.sound, found.rate_hz)).frames == 24_000


def test_recordings_are_an_instrument_at_once(home, recordings, tmp_path):
    """On the factory's model: at its key each is nearer than the model alone comes; what is no note is told."""
    (tmp_path / "no.wav").write_text("nothing")
    made = hummingface.from_recordings([*sorted(recordings.iterdir()), tmp_path / "no.wav"], name="Three")
    assert made.name == "Three" and "no.wav" in made.notice
    assert [round(note.pitch) for note in made.patch.recordings[0].notes] == [57, 60, 64]
    original, _ = soundfile.read(recordings / "box f 060.wav")
    made["reverb.mix"] = made["master.width"] = 0.0

    def off(likeness):
        made["likeness.amount"] = likeness
        sound = made.render([(0.0, 1.5, 60)], 1.5).mean(1)[::3]
        spectra = [20 * np.log10(np.abs(np.fft.rfft(x[2000:18_000] * np.hanning(16_000))) + 1e-4) for x in (original, sound)]
        return np.abs(spectra[0] - spectra[0].max() - spectra[1] + spectra[1].max())[spectra[0] > spectra[0].max() - 50].mean()
    assert off(1.0) < 4 and off(1.0) < 0.5 * off(0.0)
    again = hummingface.Instrument(made.patch)
    assert again.patch.recordings == made.patch.recordings
    with pytest.raises(hummingface.LearningError, match=r"no\.wav"):
        hummingface.from_recordings(tmp_path / "no.wav")
    with pytest.raises(hummingface.LearningError, match="No recording"):
        hummingface.from_recordings([])


def test_what_cannot_be_learnt_or_heard_is_said(learnt, home, tmp_path):
    soundfile.write(tmp_path / "noise.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    with pytest.raises(hummingface.LearningError, match=r"noise\.wav"):
        hummingface.resynthesise(tmp_path / "noise.wav", model="Box")
    with pytest.raises(hummingface.LearningError, match="no such file"):
        hummingface.resynthesise(tmp_path / "none.wav", model="Box")
    with pytest.raises(hummingface.SoundError, match='Did you mean "Box"'):
        hummingface.resynthesise(tmp_path / "noise.wav", model="Bax")
    with pytest.raises(hummingface.LearningError, match="no such file or folder"):
        hummingface.learn(tmp_path / "none", "Nothing", minutes=0.1)
    (home / "models" / "other.safetensors").write_bytes(b"the player's own")
    with pytest.raises(hummingface.LearningError, match="there is a model"):
        hummingface.learn(tmp_path, "other", minutes=0.1)
    assert (home / "models" / "other.safetensors").read_bytes() == b"the player's own"
