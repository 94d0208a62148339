"""MIDI files into sound files and stems, through the real performer and synthesis."""
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from hummingface.instrument.app.rendering import _controllers
from hummingface.instrument.offline.bounce import RenderOptions, render_midi
from hummingface.instrument.offline.parts import Assignment
from hummingface.instrument.patches.parameters import BEATS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.controller_map import of_numbers
from hummingface.instrument.performance.messages.midi import MidiError
from hummingface.models.playing.untrained import untrained

SECOND = RenderOptions(seconds=1.0)
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
    report = render_midi(song, tmp_path / "a.wav", Assignment(patch=PATCH, model=model), progress=heard.append)
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
        render_midi(song, tmp_path / name, Assignment(patch=PATCH, model=model), RenderOptions(seconds=1.0, **options))
        return soundfile.read(tmp_path / name)[0]
    first = render("a.wav")
    assert len(first) == 48000
    assert np.abs(first - render("b.wav", block_samples=1024)).max() < 1e-5
    assert np.abs(first - render("c.wav", seed=1)).max() > 1e-4
    assert len(render("d.wav", rate_hz=44100)) == 44100


def test_what_cannot_be_played_or_written_is_said(song, tmp_path, model):
    with pytest.raises(MidiError, match=r"none\.mid"):
        render_midi(tmp_path / "none.mid", tmp_path / "a.wav", Assignment(patch=PATCH, model=model))
    with pytest.raises(OSError, match=r"nowhere.*No such file or directory"):
        render_midi(song, tmp_path / "nowhere" / "a.wav", Assignment(patch=PATCH, model=model))
    with pytest.raises(ValueError, match="no patch is called"):
        render_midi(song, tmp_path / "a.wav", Assignment(patch="does not exist", model=model))
    with pytest.raises(OSError, match="is the MIDI file itself"):
        render_midi(song, song, Assignment(patch=PATCH, model=model))
    assert song.read_bytes().startswith(b"MThd"), "nobody's song is written over"
    with pytest.raises(OSError, match="is no file"):
        render_midi(song, tmp_path, Assignment(patch=PATCH, model=model))


def test_a_full_disk_is_said_and_leaves_what_was_there(song, tmp_path, model):
    resource = pytest.importorskip("resource", reason="no limits on files here")
    wav = tmp_path / "a.wav"
    wav.write_bytes(b"mine")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"a\.wav.*(File too large|No space left)"):
            render_midi(song, wav, Assignment(patch=PATCH, model=model))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert wav.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "song.mid"]


BAND = [  # delta, message; two channels, and a drum
    (0, mido.Message("program_change", channel=0, program=0)), (0, mido.Message("program_change", channel=3, program=40)),
    (0, mido.Message("note_on", channel=0, note=60, velocity=100)), (0, mido.Message("note_on", channel=9, note=36, velocity=100)),
    (120, mido.Message("note_on", channel=3, note=55, velocity=110)),
    (120, mido.Message("control_change", channel=3, control=74, value=30)),
    (10, mido.Message("pitchwheel", channel=3, pitch=4000)), (110, mido.Message("note_off", channel=0, note=60)),
    (120, mido.Message("note_off", channel=3, note=55))]


@pytest.fixture(scope="module")
def numbered():
    """A model that knows two programs of General MIDI."""
    made = untrained(seed=2, width=32)
    for number, preset in zip((0, 40), made.card["presets"].values(), strict=False):
        preset["program"], preset["gain_db"] = number, 11.0
    return made


@pytest.fixture
def band(tmp_path):
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack([message.copy(time=delta) for delta, message in BAND]))
    file.save(tmp_path / "band.mid")
    return tmp_path / "band.mid"


def _at(volume_db, **options):
    return RenderOptions(controls={"master.volume_db": volume_db}, **options)


def read(path):
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


def test_the_stems_sum_is_the_mix_whatever_the_block(band, tmp_path, numbered):
    report = render_midi(band, tmp_path / "band.wav", Assignment(model=numbered), _at(-20), stems=True)
    first, second, *_ = numbered.presets
    assert [path.name for path in report.stems] == [f"band - 01 {first}.wav", f"band - 04 {second}.wav"]
    assert "drum notes" in report.notice and "limiter" not in report.notice
    stems, mix = [read(path) for path in report.stems], read(tmp_path / "band.wav")
    assert all(len(stem) == len(mix) and np.abs(stem).max() > 1e-3 for stem in stems)
    assert np.abs(sum(stems) - mix).max() <= 3 * 2 ** -24, "to the rounding of each"
    assert np.abs(stems[1][:5900]).max() == 0, "nothing of the other part is in it"
    render_midi(band, tmp_path / "small.wav", Assignment(model=numbered), _at(-20, block_samples=48))
    small = read(tmp_path / "small.wav")
    count = min(len(small), len(mix))
    assert count > 40_000 and np.abs(small[:count] - mix[:count]).max() <= 1e-5


def test_a_part_sounds_in_the_mix_as_it_does_alone(band, tmp_path, numbered):
    """Controllers, bends and effects of one part do nothing to another."""
    together = render_midi(band, tmp_path / "a.wav", Assignment(model=numbered), SECOND, stems=True).stems[0]
    file = mido.MidiFile(band)
    at = 0
    for message in file.tracks[0]:                      # the second channel does something quite different
        at += message.time
        if getattr(message, "channel", 0) == 3 and message.type in ("control_change", "pitchwheel"):
            message.channel = 5
    file.save(tmp_path / "other.mid")
    alone = render_midi(tmp_path / "other.mid", tmp_path / "b.wav", Assignment(model=numbered), SECOND, stems=True).stems[0]
    assert np.abs(read(together) - read(alone)).max() == 0


def test_the_limiter_acts_on_the_mix_alone_and_is_said(band, tmp_path, numbered):
    report = render_midi(band, tmp_path / "a.wav", Assignment(model=numbered), _at(12, seconds=1.0), stems=True)
    stems, mix = [read(path) for path in report.stems], read(tmp_path / "a.wav")
    assert np.abs(sum(stems)).max() > 1, "so loud that it must"
    assert np.abs(mix).max() <= 10 ** (-0.3 / 20) + 1e-6
    assert "The limiter turned the mix down" in report.notice and "--gain" in report.notice
    advised_db = float(report.notice.split("--gain ")[1].split()[0])
    softer = render_midi(band, tmp_path / "b.wav", Assignment(model=numbered), _at(advised_db, seconds=1.0))
    assert "limiter" not in softer.notice
    assert advised_db == 12 - np.ceil(20 * np.log10(np.abs(sum(stems)).max()) + 0.3), "and as loud as it may be"


def test_a_missing_file_is_named_where_the_sound_file_is_there(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(ValueError, match=r"missing\.mid: cannot be read"):
        render_midi(tmp_path / "missing.mid", tmp_path / "a.wav")


def test_any_controller_moves_any_control(band, tmp_path, numbered):
    def render(name, **options):
        render_midi(band, tmp_path / name, Assignment(model=numbered), RenderOptions(seconds=1.0, **options))
        return read(tmp_path / name)
    plain = render("a.wav")
    filtered, delayed = (render(name, controllers=of_numbers({74: control}))
                         for name, control in (("b.wav", "filter.cutoff_hz"), ("c.wav", "delay.mix")))
    assert np.array_equal(plain, filtered), "the table's own"
    assert np.abs(plain - delayed).max() > 1e-3
    assert np.array_equal(plain[:11_000], delayed[:11_000]), "not before it is moved"
    with pytest.raises(ValueError, match=r"no control is called .filter\.cut.*Did you mean .filter\.cutoff_hz"):
        _controllers([("20", "filter.cut")])
    with pytest.raises(ValueError, match="controller 64 cannot move"):
        _controllers([("64", "delay.mix")])


def test_a_hanging_note_ends_with_the_file(tmp_path, numbered):
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60, velocity=100), mido.MetaMessage("end_of_track", time=960)]))
    file.save(tmp_path / "hangs.mid")
    render_midi(tmp_path / "hangs.mid", tmp_path / "a.wav", Assignment(model=numbered, patch=PATCH))
    sound = read(tmp_path / "a.wav")
    assert 48_000 < len(sound) < 15 * 48_000
    assert np.abs(sound[40_000:47_000]).max() > 1e-3 and np.abs(sound[-2400:]).max() < 1e-3


def test_nothing_is_left_of_files_that_cannot_all_be_written(band, tmp_path, numbered):
    (tmp_path / f"a - 04 {list(numbered.presets)[1]}.wav").mkdir()
    with pytest.raises(OSError, match=r"a - 04 .*is no file"):
        render_midi(band, tmp_path / "a.wav", Assignment(model=numbered), RenderOptions(seconds=0.3), stems=True)
    assert not (tmp_path / "a.wav").exists() and not list(tmp_path.glob("*.tmp"))


def test_echoes_in_beats_follow_the_tempo_of_the_file(song, tmp_path, model):
    eighth = [name for name, _ in BEATS].index("1/8")
    def render(name, **parameters):
        patch = PATCH.with_values(parameters={"delay.mix": 0.7, **parameters})
        render_midi(song, tmp_path / name, Assignment(patch, model), RenderOptions(seconds=1.5))
        return read(tmp_path / name)
    in_beats = render("a.wav", **{"delay.sync": eighth, "delay.time_s": 0.9})
    assert np.array_equal(in_beats, render("b.wav", **{"delay.time_s": 0.25})), "120 beats a minute, as no tempo says otherwise"
    assert np.abs(in_beats - render("c.wav", **{"delay.time_s": 0.9})).max() > 1e-3


REAL = Path("/usr/share/games/openttd/baseset/openmsx/flying_scotsman.mid")


@pytest.mark.skipif(not REAL.exists(), reason="Debian's MIDI files are not here: apt-get install openttd-openmsx")
def test_a_real_file_of_several_channels_is_played(tmp_path, numbered):
    report = render_midi(REAL, tmp_path / "a.wav", Assignment(model=numbered, mapped={"11": PATCH}), RenderOptions(seconds=8.0), stems=True)
    assert len(report.stems) == len(set(report.stems)) >= 2
    mix = read(tmp_path / "a.wav")
    assert len(mix) == 8 * 48_000 and np.abs(mix).max() > 1e-3
    assert np.abs(sum(read(stem) for stem in report.stems) - mix).max() <= 5 * 2 ** -24 or "limiter" in report.notice
    assert "channel 10" in report.notice
