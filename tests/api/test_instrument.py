"""The Python API: what it renders is what `hummingface render` writes, to the sample; what it refuses it says."""
import math

import mido
import numpy as np
import pytest
import soundfile

import hummingface
from hummingface.instrument.app.cli import main
from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.untrained import untrained
from tests import scales

TICKS = 480                         # of a beat of half a second
CHORD = [(0.0, 0.5, 60, 100), (0.25, 0.5, 64, 70), (0.5, 0.25, 67, 127), (0.75, 0.5, 60, 30), (1.0, 0.5, 60, 90)]


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """A user's folder with a small model, "Untrained", and a patch of it, "Test"."""
    with pytest.MonkeyPatch.context() as patched:
        folder = tmp_path_factory.mktemp("home")
        patched.setenv("HUMMINGFACE_HOME", str(folder))
        model = untrained(seed=1, width=64)
        model.card["presets"] = {"Middle": {"z": [0.0] * model.latents}, "Side": {"z": [1.0] * model.latents, "gain_db": 3.0}}
        save_model(model, folder / "models" / "test")
        made = hummingface.Instrument(model="Untrained", latents=[0.5, -0.5])
        made["reverb.mix"], made["motion.amount"] = 0.2, 1.0
        made.save("Test")
        yield folder


@pytest.fixture
def instrument():
    return hummingface.Instrument("Test")


def midi_file(path, notes, extra=()):
    """A MIDI file of these notes (start_s, length_s, key, velocity[, channel]), and of other (second, message)."""
    timed = [(at_s, 1, message) for at_s, message in extra]
    for start_s, length_s, key, velocity, *channel in notes:
        where = {"note": key, "channel": (channel or [1])[0] - 1}
        timed.append((start_s, 2, mido.Message("note_on", velocity=velocity, **where)))
        timed.append((start_s + length_s, 0, mido.Message("note_off", **where)))
    file, track, now = mido.MidiFile(ticks_per_beat=TICKS), mido.MidiTrack(), 0
    for at_s, _, message in sorted(timed, key=lambda entry: entry[:2]):
        tick = round(at_s * 2 * TICKS)
        track.append(message.copy(time=tick - now))
        now = tick
    file.tracks.append(track)
    file.save(path)
    return path


def written(path):
    return soundfile.read(path, dtype="int32")[0]


@pytest.mark.parametrize(("end", "options"), [("wav", {}), ("flac", {"rate_hz": 44100, "seed": 7}),
                                              ("wav", {"dry": True, "rate_hz": 96000})])
def test_it_renders_what_the_command_line_renders_of_the_same_midi(instrument, tmp_path, end, options):
    song, by_command, by_api = midi_file(tmp_path / "song.mid", CHORD), tmp_path / f"a.{end}", tmp_path / f"b.{end}"
    words = [f"--{name.removesuffix('_hz')}" + ("" if value is True else f"={value}") for name, value in options.items()]
    assert main(["render", str(song), str(by_command), "--patch", "Test", *words]) == 0
    sound = instrument.render(CHORD, **options)
    assert sound.dtype == np.float32 and sound.ndim == 2 and sound.shape[1] == 2 and np.abs(sound).max() > 0.01
    hummingface.save(by_api, sound, options.get("rate_hz", 48000))
    assert np.array_equal(written(by_command), written(by_api))
    assert soundfile.info(by_api).subtype == "PCM_24" and soundfile.info(by_api).format == end.upper()
    assert np.array_equal(sound, instrument.render_midi(song, **options))
    assert np.array_equal(sound, instrument.render(hummingface.notes_of_midi(song), **options)), "and of the notes in the file"


def test_several_channels_bends_and_pedals_are_those_of_the_file(instrument, tmp_path):
    notes = [(0.0, 0.5, 60, 100, 1), (0.0, 0.5, 64, 100, 2), (0.25, 0.25, 67, 100, 2)]
    note_input = [(0.125, mido.Message("pitchwheel", channel=1, pitch=4096)), (0.25, mido.Message("control_change", control=64, value=127)),
             (0.25, mido.Message("aftertouch", channel=1, value=90))]
    song = midi_file(tmp_path / "song.mid", notes, note_input)
    assert main(["render", str(song), str(tmp_path / "a.wav"), "--patch", "Test", "--by", "track"]) == 0
    sound = instrument.render(notes, midi=note_input)
    hummingface.save(tmp_path / "b.wav", sound)
    assert np.array_equal(written(tmp_path / "a.wav"), written(tmp_path / "b.wav"))
    raw = [(at_s, message.bytes()) for at_s, message in note_input]
    assert np.array_equal(sound, instrument.render(notes, midi=raw)), "bytes do as well"
    assert np.abs(sound[:24000] - instrument.render(notes, midi=note_input[1:])[:24000]).max() > 1e-3, "the bend is heard"


def test_the_same_seed_gives_the_same_samples_whatever_was_rendered_before(instrument):
    first = instrument.render(CHORD, seconds=1)
    other = instrument.render([(0.0, 1.0, 40)], seconds=1, automation={"latent.1": lambda at_s: 3 * math.sin(9 * at_s)})
    assert np.abs(first - other).max() > 1e-3
    assert np.array_equal(first, instrument.render(CHORD, seconds=1)) and len(first) == 48000
    assert np.abs(first - instrument.render(CHORD, seconds=1, seed=1)).max() > 1e-4


def test_automation_by_points_by_a_list_and_by_a_function_is_one(instrument):
    note = [(0.0, 1.0, 60)]
    plain = instrument.render(note, 1)
    points = instrument.render(note, 1, automation={"filter.cutoff_hz": [(0.5, 300.0)]})
    assert np.array_equal(points, instrument.render(note, 1, automation=[(0.5, "filter.cutoff_hz", 300.0)]))
    step = instrument.render(note, 1, automation={"filter.cutoff_hz": lambda at_s: 300.0 if at_s >= 0.5 else 20000.0})
    assert np.abs(points - plain)[:23_000].max() == 0 and np.abs(points - plain)[30_000:].max() > 1e-3
    assert np.abs(step - points)[:23_000].max() == 0 and np.allclose(step[30_000:], points[30_000:], atol=2e-3)
    moving = instrument.render(note, 1, automation={"latent.1": hummingface.ramp([(0.0, -3.0), (1.0, 3.0)])})
    assert np.abs(moving - plain).max() > 1e-3
    steady = instrument.render(note, 1, automation={"reverb.mix": 0.2})
    assert np.allclose(steady, plain, atol=1e-6), "a number is a value from the beginning on"


def test_a_ramp_is_straight_between_its_points_and_level_outside():
    course = hummingface.ramp([(1.0, 0.0), (2.0, 10.0), (2.0, 4.0), (4.0, 0.0)])
    assert [course(at_s) for at_s in (0, 1, 1.25, 1.5, 2, 3, 4, 9)] == [0, 0, 2.5, 5, 4, 2, 0, 0]


def test_controls_are_set_and_read_and_saved(instrument, home):
    before = instrument.render([(0.05, 0.3, 60)], 0.3)
    instrument["master.volume_db"] = -6.0
    softer = instrument.render([(0.05, 0.3, 60)], 0.3)
    assert np.allclose(softer, before * 10 ** (-6 / 20), atol=1e-5), "from the note's first sample on"
    instrument["latent.3"], instrument["master.mode"], instrument["delay.mix"] = 1.5, "mono", 0.25
    assert (instrument["latent.3"], instrument["master.mode"], instrument["delay.mix"], instrument["master.volume_db"]) == (1.5, 1, 0.25,
    -6)
    assert instrument["filter.resonance_db"] == 0, "the default"
    path = instrument.save("Mine")
    again = hummingface.Instrument("Mine")
    assert path.parent == home / "patches" and again.latents == instrument.latents and again["delay.mix"] == 0.25
    assert again["master.volume_db"] == 0, "volume is the player's, not the patch's"
    assert "Mine" in [patch.name for patch in hummingface.list_patches()]


def test_words_find_sounds_of_the_players_own_too(home):
    hummingface.Instrument(model="Untrained").save("Quokka")
    found = hummingface.find_sounds("quokka")
    assert [one.name for one in found] == ["Quokka"] and found[0].reasons == ("quokka",) and found[0].open().model == "Untrained"
    assert (home / "measured-sounds.json").is_file()
    found = hummingface.find_sounds("dark pad")
    assert found[0].score >= found[-1].score
    preset = next(one for one in found if one.preset)
    assert preset.open().name == preset.preset and preset.open().model == preset.model
    with pytest.raises(hummingface.SoundError, match='Did you mean "violin"'):
        hummingface.find_sounds("vioiln")


def test_a_model_and_its_presets_and_any_point(home):
    assert hummingface.Instrument(model="Untrained").name == "Middle"
    side = hummingface.Instrument(model=home / "models" / "test.safetensors", preset="side")
    assert side.name == "Side" and side.latents[0] == 1.0 and side.presets == ["Middle", "Side"] and side.model == "Untrained"
    point = hummingface.Instrument(model="Untrained", latents=[1.0])
    assert point.latents[:2] == (1.0, 0.0) and len(point.latents) == len(side.latents)
    there = next(model for model in hummingface.list_models() if model.name == "Untrained")
    assert there.presets == ("Middle", "Side") and not there.factory
    assert next(control for control in hummingface.list_controls() if control.id == "reverb.mix").unit == "", "a fraction"


def test_voices_end_with_the_sound_and_progress_is_told(instrument):
    told = []
    sound = instrument.render([(0.0, 0.2, 60)], progress=told.append)
    assert told == sorted(told) and told[-1] == 1.0
    assert 0.2 < len(sound) / 48000 < 15 and np.abs(sound[-2400:]).max() < 1e-3


REFUSED = [
    (lambda i: hummingface.Instrument("Tost"), hummingface.SoundError, 'Did you mean "Test"'),
    (lambda i: hummingface.Instrument(model="Untraned"), hummingface.SoundError, 'Did you mean "Untrained"'),
    (lambda i: hummingface.Instrument(model="Untrained", preset="Midle"), hummingface.SoundError, 'Did you mean "Middle"'),
    (lambda i: hummingface.Instrument("Test", preset="Middle"), hummingface.SoundError, "give one of them"),
    (lambda i: hummingface.Instrument("/nowhere/x.json"), hummingface.SoundError, "/nowhere/x.json"),
    (lambda i: hummingface.Instrument(model="Untrained", latents=[9.0]), hummingface.SoundError, "from -4 to 4"),
    (lambda i: hummingface.Instrument(model="Untrained", latents=[0.0] * 99), hummingface.SoundError, "latents; 99 were given"),
    (lambda i: i["reverb.mux"], hummingface.SoundError, 'Did you mean "reverb.mix"'),
    (lambda i: i.__setitem__("reverb.mix", 2), hummingface.SoundError, "from 0 to 1"),
    (lambda i: i.__setitem__("reverb.mix", float("nan")), hummingface.SoundError, "from 0 to 1"),
    (lambda i: i.__setitem__("master.mode", "duo"), hummingface.SoundError, "poly, mono, legato"),
    (lambda i: i.render([]), hummingface.NotesError, "at least one note"),
    (lambda i: i.render([(0, 1)]), hummingface.NotesError, "Note 1 is"),
    (lambda i: i.render([(0, 1, 60), None]), hummingface.NotesError, "Note 2 is None"),
    (lambda i: i.render([(0, 1, 60.5)]), hummingface.NotesError, "key of a note is 60.5"),
    (lambda i: i.render([(0, 1, 60, 0)]), hummingface.NotesError, "velocity of a note is 0"),
    (lambda i: i.render([(0, 1, 60, 100, 17)]), hummingface.NotesError, "channel of a note is 17"),
    (lambda i: i.render([(-1, 1, 60)]), hummingface.NotesError, "starts at -1 s"),
    (lambda i: i.render([(float("nan"), 1, 60)]), hummingface.NotesError, "starts at nan s"),
    (lambda i: i.render([(0, 0, 60)]), hummingface.NotesError, "longer than 0 s"),
    (lambda i: i.render([(0, 1, 60)], rate_hz=1000), hummingface.NotesError, "8000 to 192000"),
    (lambda i: i.render([(0, 1, 60)], seconds=0), hummingface.NotesError, "above 0"),
    (lambda i: i.render([(0, 1, 60)], seed=-1), hummingface.NotesError, "seed is -1"),
    (lambda i: i.render([(0, 1, 60)], automation={"latent.1": lambda at_s: 9.0}), hummingface.SoundError, "latent.1 cannot be 9"),
    (lambda i: i.render([(0, 1, 60)], automation=[(-1, "latent.1", 0)]), hummingface.NotesError, "time of latent.1 is -1"),
    (lambda i: i.render([(0, 1, 60)], midi=[(0, b"\xf8")]), hummingface.NotesError, "no MIDI message"),
    (lambda i: i.render_midi("/nowhere/song.mid"), hummingface.NotesError, "/nowhere/song.mid"),
    (lambda i: hummingface.ramp([(1, 0), (0, 0)]), hummingface.NotesError, "in order of time"),
    (lambda i: i.export("sf2", "x"), hummingface.SoundError, "no export format 'sf2'"),
    (lambda i: i.export("sfz", "/nowhere/x.sfz"), hummingface.FileError, "/nowhere"),
    (lambda i: i.export("sfz", "x", every=0), hummingface.SoundError, "every is 0; it must be from 1 to 24"),
    (lambda i: i.export("sfz", "x", velocities=99), hummingface.SoundError, "velocities is 99"),
    (lambda i: i.export("sfz", "x", seconds=float("nan")), hummingface.SoundError, "seconds is nan"),
    (lambda i: i.export("sfz", "x", keys=(70, 60)), hummingface.SoundError, "lowest_key is 70; it must be from 0 to 60"),
    (lambda i: i.export("sfz", "x", keys=(60, 128)), hummingface.SoundError, "highest_key is 128"),
    (lambda i: i.export_wavetable("x.wav", key=0), hummingface.SoundError, "key is 0; it must be from 12 to 96"),
    (lambda i: i.export_wavetable("x.wav", along="latent.x"), hummingface.SoundError, "latent.x"),
    (lambda i: i.export_wavetable("x.flac"), hummingface.FileError, "is a .wav file"),
    (lambda i: hummingface.save("x.mp3", np.zeros(9)), hummingface.FileError,
    "x.mp3: sound cannot be written as .mp3. Name it .wav or .flac"), (lambda i: hummingface.save("x", np.zeros(9)), hummingface.FileError,
    "for example x.wav"), (lambda i: hummingface.save("/nowhere/x.wav", np.zeros(9)), hummingface.FileError,
    "/nowhere/x.wav: cannot be written"), (lambda i: hummingface.save("x.wav", np.full(9, np.nan)), hummingface.NotesError,
    "neither NaN nor Inf"),
]


@pytest.mark.parametrize(("act", "kind", "told"), REFUSED)
def test_what_it_cannot_do_is_one_family_of_errors_that_say_what_to_do(instrument, act, kind, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(hummingface.HummingFaceError) as error:
        act(instrument)
    assert type(error.value) is kind and told in str(error.value)
    assert not list(tmp_path.iterdir())


def test_errors_are_also_those_that_python_has_for_such_things():
    assert issubclass(hummingface.FileError, OSError) and issubclass(hummingface.SoundError, ValueError)


def test_exports_are_those_of_the_command_line(instrument, tmp_path):
    made = instrument.export("sfz", tmp_path / "a", every=12, velocities=1, seconds=1.0, keys=(60, 72), loop=False)
    assert main(["export", "sfz", "Test", str(tmp_path / "b"), "--every", "12", "--velocities", "1", "--seconds", "1", "--keys", "60-72",
                 "--no-loop"]) == 0
    ours, theirs = (sorted(path.relative_to(folder) for path in folder.rglob("*.wav")) for folder in (tmp_path / "a", tmp_path / "b"))
    assert ours == theirs and made.samples == len(ours) > 0 and made.path.parent == tmp_path
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in ours)
    table = instrument.export_wavetable(tmp_path / "table.wav", along="latent.1")
    assert table.path == tmp_path / "table.wav" and soundfile.info(table.path).frames == 256 * 2048


def test_a_scale_tunes_as_on_the_command_line(instrument, tmp_path):
    scale = scales.write(tmp_path, "carlos-alpha")
    tuned = hummingface.Instrument("Test", tuning=scale)
    assert tuned.tuning.pitches()[61] == pytest.approx(60.78)
    notes = [(0.0, 0.5, 70, 100)]
    ours = tuned.render(notes, 0.5, dry=True)
    assert np.abs(ours - instrument.render(notes, 0.5, dry=True)).max() > 0.01
    midi_file(tmp_path / "song.mid", notes)
    assert main(["render", "-q", str(tmp_path / "song.mid"), str(tmp_path / "song.wav"), "--patch", "Test", "--dry", "--tuning",
                 str(scale)]) == 0
    theirs, _ = soundfile.read(tmp_path / "song.wav", dtype="float32")
    np.testing.assert_allclose(theirs[:len(ours)], ours[:len(theirs)], atol=1e-6)
    tuned.tuning = None
    np.testing.assert_array_equal(tuned.render(notes, 0.5, dry=True), instrument.render(notes, 0.5, dry=True))
    with pytest.raises(hummingface.SoundError, match="a second"):
        tuned.tuning = [scale, scale]
