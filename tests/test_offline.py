"""A MIDI file into a sound file, through the real performer and synthesis."""
import mido
import numpy as np
import pytest
import soundfile

from instrument.offline import render_midi
from instrument.patch import Patch
from instrument.performance.midi import MidiError
from models.untrained import untrained

PATCH = Patch("Test", "Untrained", (0.0,) * 16, {"reverb.mix": 0.1})


@pytest.fixture(scope="module")
def model():
    return untrained()


@pytest.fixture
def song(tmp_path):
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack([
        mido.Message("note_on", note=60, velocity=100, time=240), mido.Message("note_on", note=64, velocity=90, time=0),
        mido.Message("note_off", note=60, time=480), mido.Message("note_off", note=64, time=0)]))
    file.save(tmp_path / "song.mid")
    return tmp_path / "song.mid"


def test_a_file_is_played_whole_with_its_tail(song, tmp_path, model):
    heard = []
    report = render_midi(song, tmp_path / "a.wav", patch=PATCH, model=model, progress=heard.append)
    sound, rate_hz = soundfile.read(tmp_path / "a.wav")
    assert (rate_hz, sound.shape[1]) == (48000, 2)
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_24"
    assert report.notes == 2
    assert report.most_voices == 2
    assert 0.8 < len(sound) / rate_hz < 15
    assert np.abs(sound[:12000]).max() < 1e-6
    assert np.abs(sound[12000:24000]).max() > 0.01
    assert np.abs(sound[-2400:]).max() < 1e-3
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert "a.wav" in str(report)


def test_rate_block_and_seed(song, tmp_path, model):
    def render(name, **options):
        render_midi(song, tmp_path / name, patch=PATCH, model=model, seconds=1.0, **options)
        return soundfile.read(tmp_path / name)[0]
    first = render("a.wav")
    assert len(first) == 48000
    assert np.abs(first - render("b.wav", block_samples=1024)).max() < 1e-5
    assert np.abs(first - render("c.wav", seed=1)).max() > 1e-4
    assert len(render("d.wav", rate_hz=44100)) == 44100


def test_what_cannot_be_played_or_written_is_said(song, tmp_path, model):
    with pytest.raises(MidiError, match=r"none\.mid"):
        render_midi(tmp_path / "none.mid", tmp_path / "a.wav", patch=PATCH, model=model)
    with pytest.raises(OSError, match=r"nowhere.*No such file or directory"):
        render_midi(song, tmp_path / "nowhere" / "a.wav", patch=PATCH, model=model)
    with pytest.raises(ValueError, match="no patch is called"):
        render_midi(song, tmp_path / "a.wav", patch="does not exist", model=model)
    with pytest.raises(OSError, match="is the MIDI file itself"):
        render_midi(song, song, patch=PATCH, model=model)
    assert song.read_bytes().startswith(b"MThd"), "nobody's song is written over"
    with pytest.raises(OSError, match="is no file"):
        render_midi(song, tmp_path, patch=PATCH, model=model)


def test_a_full_disk_is_said_and_leaves_what_was_there(song, tmp_path, model):
    resource = pytest.importorskip("resource", reason="no limits on files here")
    wav = tmp_path / "a.wav"
    wav.write_bytes(b"mine")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"a\.wav.*(File too large|No space left)"):
            render_midi(song, wav, patch=PATCH, model=model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert wav.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "song.mid"]
