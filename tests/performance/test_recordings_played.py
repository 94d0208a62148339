"""Recordings through the whole engine: a patch that carries one is saved, loaded, played, morphed, recorded and played again."""
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from hummingface.instrument.export.multisample import MultisampleOptions, export
from hummingface.instrument.offline.player import Player, play_events
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.events import Load, PlayerEvent
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set
from hummingface.instrument.performance.sound_bank import Sound, SoundBank, source_of
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording import replay
from hummingface.models.playing.conditioning import row_times_s
from hummingface.models.playing.recorded_note import PAD_CORNERS, Recording
from hummingface.models.playing.untrained import untrained
from tests.recorded import recorded_frames, recorded_note

RATE_HZ, STILL = 48_000, {"motion.amount": 0.0, "reverb.mix": 0.0, "dynamics.brightness": 0.0}
POINT = (0.5,) * 4


@pytest.fixture(scope="module")
def model():
    return untrained(latents=4, seed=2, width=48, stereo=True)


def recording(seed=1, pitch=60.0, places=("knobs",), **frames):
    return Recording(f"recording {seed}", POINT, (recorded_note(pitch, seed=seed, **frames),), places)


def patch_of(*recordings, morph=(), **values):
    return Patch("Mine", "Untrained", POINT, STILL | values, morph, recordings=recordings)


def notes(key=60, seconds=1.0, velocity=100):
    return [(0, NoteOn(0, key, velocity)), (round(seconds * RATE_HZ), NoteOff(0, key))]


def play(model, patch, events, seconds=1.5):
    return play_events(events, source_of(model, patch.recordings), patch, rate_hz=RATE_HZ, seconds=seconds)


def partials_db(sound, key=60, count=12):
    """Levels of the harmonics from 0.3 s to 0.9 s, of both channels, over the loudest. [count]"""
    f0 = 440 * 2 ** ((key - 69) / 12)
    part = sound[round(0.3 * RATE_HZ):round(0.9 * RATE_HZ)]
    t, window = np.arange(len(part)) / RATE_HZ, np.hanning(len(part))[:, None]
    power = [np.square(np.abs((part * window * np.exp(-2j * np.pi * f0 * k * t)[:, None]).sum(0))).sum() for k in range(1, count + 1)]
    return 10 * np.log10(np.array(power) / max(power))


# In a file

def test_a_patch_keeps_its_recordings(tmp_path):
    corners = tuple(Corner(f"C{i}", POINT) for i in range(4))
    patch = patch_of(recording(1), recording(2, places=("top left", "bottom right"), balance_db=6.0), morph=corners)
    patch_file.save(patch, tmp_path / "mine.json")
    assert patch_file.load(tmp_path / "mine.json") == patch
    sung = patch_of(replace(recording(1), by_frequency=0.75))
    assert patch_file.from_json(sung.to_json()) == sung
    assert "by_frequency" not in patch.to_json()["recordings"][0], "as it was written before"
    assert (tmp_path / "mine.json").stat().st_size < 100_000


@pytest.mark.parametrize(("change", "why"), [
    ({"places": []}, "places"), ({"places": ["top left"]}, "places are not some of knobs"), ({"places": ["knobs", "knobs"]}, "places"),
    ({"places": "knobs"}, "not a list"), ({"notes": []}, "0 notes"), ({"notes": [{}]}, "a note cannot be used"),
    ({"notes": [recorded_note().to_json() | {"frames": "AAAA"}]}, "a note cannot be used"), ({"latents": [9.0]}, "not within"),
    ({"name": 3}, "name is not a text"), ({"by_frequency": 1.5}, "not within 0..1"),
    ({"notes": [recorded_note().to_json()] * 65}, "65 notes")])
def test_recordings_that_are_none_are_refused_by_name(change, why):
    values = patch_of(recording()).to_json()
    values["recordings"][0] |= change
    with pytest.raises(PatchError, match=rf"patch: .*{why}"):
        patch_file.from_json(values)


def test_two_recordings_in_one_place_are_refused():
    values = patch_of(recording(1), recording(2)).to_json()
    with pytest.raises(PatchError, match="recording 2 stands where another one does"):
        patch_file.from_json(values)


def test_more_than_a_patch_may_hold_is_refused():
    rng = np.random.default_rng(0)
    long = recorded_frames()
    noisy = long.rows + rng.normal(0, 8, long.rows.shape).astype(np.float32)
    from hummingface.models.playing.recorded_note import RecordedFrames, RecordedNote, pack
    note = RecordedNote(60.0, 100.0, pack(RecordedFrames(noisy, long.start_phase)))
    assert len(note.packed) < 300_000, "a note by itself is not too large, whatever it holds"
    values = patch_of(Recording("Many", POINT, (note,) * 60)).to_json()
    with pytest.raises(PatchError, match="larger than the"):
        patch_file.from_json(values)


# Through the engine

@pytest.mark.parametrize("key", [60, 48])
def test_it_sounds_like_the_recording(model, key):
    """At the recording's key its partials are the recording's, to a dB; an octave below they are still nearer to it than the network's."""
    patch = patch_of(recording(fall_db_s=0.0))
    levels = recorded_frames(1, fall_db_s=0.0).rows[70, :12]
    wanted = levels - levels.max()
    like, own = (partials_db(play(model, patch.with_values(parameters={**patch.parameters, "likeness.amount": amount}), notes(key)), key)
                 for amount in (1.0, 0.0))
    assert np.abs(like - wanted).max() < (1.0 if key == 60 else 8.0)
    assert np.abs(own - wanted).mean() > 2 * np.abs(like - wanted).mean()


def test_at_the_velocity_that_it_was_recorded_at_it_is_as_bright_as_it_was(model):
    """Whatever "Brightness" makes of other velocities: 3 dB an octave for each doubling here, a soft recording played hard is brighter."""
    soft = Recording("soft", POINT, (recorded_note(60.0, 25.0, seed=1, fall_db_s=0.0),))
    hard = Recording("hard", POINT, (recorded_note(60.0, 110.0, seed=2, fall_db_s=0.0),))
    octaves = np.log2(np.arange(1, 13))
    for recordings, velocity, seed, tilt_db in (((soft,), 25, 1, 0), ((soft,), 50, 1, 3), ((hard,), 110, 2, 0), ((soft, hard), 25, 1, 0),
                                                ((soft, hard), 110, 2, 0)):
        both = Recording("both", POINT, tuple(note for one in recordings for note in one.notes))
        heard = partials_db(play(model, patch_of(both, **{"dynamics.brightness": 3.0}), notes(velocity=velocity)))
        wanted = recorded_frames(seed, fall_db_s=0.0).rows[70, :12] + tilt_db * octaves
        assert np.abs(heard - (wanted - wanted.max())).max() < 1.0, (velocity, len(recordings))


def test_without_likeness_and_without_recordings_it_is_the_same(model):
    patch = patch_of(recording())
    off = patch.with_values(parameters={**patch.parameters, "likeness.amount": 0.0})
    plain = patch.with_values(recordings=())
    assert np.abs(play(model, off, notes()) - play(model, plain, notes())).max() < 1e-6


def test_it_is_as_loud_as_other_sounds_and_follows_the_hand(model):
    """The recording's own level plays no part, and the law of velocity does."""
    from hummingface.instrument.offline.levelling import momentary_lufs

    def loud(patch, velocity=100):
        return momentary_lufs(play(model, patch, notes(velocity=velocity))[:round(0.9 * RATE_HZ)])
    patch = patch_of(recording(harmonics=3))
    plain = patch.with_values(recordings=())
    assert loud(patch) == pytest.approx(loud(plain), abs=1.0)
    assert loud(patch, 127) - loud(patch, 16) == pytest.approx(36, abs=2)


def above_db(sound):
    """What lies above all partials, from 0.3 to 0.98 s: a step would put much there."""
    spectrum = np.fft.rfft(sound[round(0.3 * RATE_HZ):round(0.98 * RATE_HZ), 0] * np.hanning(round(0.68 * RATE_HZ)))
    hz = np.fft.rfftfreq(round(0.68 * RATE_HZ), 1 / RATE_HZ)
    return 10 * np.log10(np.square(np.abs(spectrum[hz > 15_000])).mean())


def test_turning_likeness_while_a_note_sounds_clicks_nowhere(model):
    patch = patch_of(recording(fall_db_s=0.0, harmonics=8))
    turns = [(round(s * RATE_HZ), Set("likeness.amount", amount)) for s, amount in ((0.4, 0.0), (0.6, 1.0), (0.8, 0.3))]
    still, turned = play(model, patch, notes(seconds=1.4)), play(model, patch, [*notes(seconds=1.4), *turns])
    assert np.abs(still - turned).max() > 0.01, "it was heard"
    assert above_db(turned) < max(above_db(still), above_db(play(model, patch.with_values(recordings=()), notes(seconds=1.4)))) + 6


def test_changing_key_velocity_and_model_while_notes_sound_clicks_nowhere(model):
    """Gliding from one recording's key to another's, struck softer on the way, while the sound gives way to one on another model."""
    layers = tuple(recorded_note(key, velocity, seed=seed, fall_db_s=0.0, harmonics=8)
                   for seed, (key, velocity) in enumerate(((48, 40), (48, 110), (60, 40), (60, 110))))
    patch = patch_of(Recording("Layers", POINT, layers, by_frequency=0.7), **{"master.mode": 2.0, "motion.glide_s": 0.3})
    other = untrained(latents=4, seed=7, width=48, stereo=True)
    plain = patch.with_values(recordings=())
    keys = [(round(s * RATE_HZ), NoteOn(0, key, velocity)) for s, key, velocity in ((0.35, 60, 45), (0.7, 51, 120))]
    change = (round(0.6 * RATE_HZ), Load(patch.with_values(recordings=(recording(5, harmonics=8),)), source_of(other)))
    moved, without = (play(model, one, [*notes(48, 1.4), *keys, change]) for one in (patch, plain))
    assert np.abs(moved - without).max() > 0.01, "the recordings are heard"
    assert above_db(moved) < above_db(without) + 6


def test_an_exported_sample_sounds_like_the_recording(model, tmp_path):
    patch = patch_of(recording(fall_db_s=0.0))
    options = MultisampleOptions(velocities=1, seconds=1.2, low=60, high=60)
    report = export("sfz", Sound(patch, source_of(model, patch.recordings)), tmp_path / "Mine.sfz", options)
    (file,) = (path for path in report.out.parent.rglob("*") if path.suffix in (".wav", ".flac"))
    sound, rate_hz = soundfile.read(file)
    levels = recorded_frames(1, fall_db_s=0.0).rows[70, :12]
    assert rate_hz == RATE_HZ and np.abs(partials_db(sound) - (levels - levels.max())).max() < 1.5


def test_two_recordings_that_nobody_trained_on_morph_into_each_other(model):
    corners = tuple(Corner(f"C{i}", POINT) for i in range(4))
    patch = patch_of(*(recording(seed, places=(PAD_CORNERS[seed],), fall_db_s=0.0) for seed in range(2)), morph=corners,
                     **{"morph.amount": 1.0, "morph.y": 0.0})

    def at(x):
        return partials_db(play(model, patch.with_values(parameters={**patch.parameters, "morph.x": x}), notes()))
    wanted = [recorded_frames(seed, fall_db_s=0.0).rows[70, :12] for seed in range(2)]
    for x, levels in ((0.0, wanted[0]), (1.0, wanted[1])):
        assert np.abs(at(x) - (levels - levels.max())).max() < 1.0
    half = (wanted[0] + wanted[1]) / 2
    assert np.abs(at(0.5) - (half - half.max())).max() < 1.0


def test_a_sounding_note_stays_when_a_patch_with_a_recording_comes(model):
    """It belongs to the sound that it began with; the next one has the recording."""
    bank = SoundBank(source_of(model))
    plain, patch = patch_of(), patch_of(recording(harmonics=2))
    player = Player(bank.source("Untrained"), plain, rate_hz=RATE_HZ, events=notes(seconds=1.4))
    player.render(RATE_HZ // 2)
    player.performer.receive(Load(patch, bank.sound(patch).source), player.position)
    changed = player.render(RATE_HZ // 2)
    still = play(model, plain, notes(seconds=1.4))[RATE_HZ // 2:RATE_HZ]
    assert np.abs(changed - still).max() < 0.02 * np.abs(still).max()
    assert bank.sound(patch).source is bank.sound(patch).source, "made once"
    assert bank.sound(patch).source.model.network is bank.source("Untrained").model, "on one network"


def test_a_take_of_it_is_played_again(model):
    """From its text alone, changes of patch in it included."""
    bank = SoundBank(source_of(model))
    first, second = patch_of(recording(1), **{"reverb.mix": 0.2}), patch_of(recording(2, harmonics=5))
    player = Player(bank.sound(first).source, first, rate_hz=RATE_HZ, seed=5)
    player.render(RATE_HZ // 10)
    values, begin = snapshot.capture(player.performer), player.position
    events: list[tuple[int, PlayerEvent]] = [
        (begin + 100, NoteOn(0, 60, 100)), (begin + 20_000, Set("likeness.amount", 0.4)),
        (begin + 40_000, Load(second, bank.sound(second).source)), (begin + 41_000, NoteOn(0, 64, 90)),
        (begin + 60_000, NoteOff(0, 60)), (begin + 70_000, NoteOff(0, 64))]
    for sample, event in events:
        player.performer.receive(event, sample)
    recorded = player.render(2 * RATE_HZ)
    text = (played.head_line("T", begin, True, values) + b"".join(played.event_line(*pair) for pair in events)
            + played.end_line(len(recorded)))
    take = played.parse(text, "a take")
    assert take.patch == first
    again = np.concatenate(list(replay.Replay(take, bank.sound(first).source).render(len(recorded))))
    assert np.abs(recorded).max() > 0.01
    assert np.abs(again - recorded).max() <= 1e-4


def test_notes_at_the_row_times_are_what_the_model_says(model):
    """The source asks for the pitch of the key, whatever the recording's own."""
    source = source_of(model, patch_of(recording(pitch=60.4)).recordings)
    source.set_target(np.array([*POINT, 1.0], np.float32), {})
    source.snap()
    times = row_times_s().astype(np.float32)[:64]
    made = source.frames(np.zeros(64, int), np.full(64, 60, np.float32), np.full(64, 100, np.float32), times)
    assert np.abs(made - recorded_note(seed=1).frames.rows[:64]).max() < 1e-4


def test_how_much_of_a_recording_sounds_is_no_knob(model):
    """The model has four latents; what follows them is no fifth one, for knobs that move and for those that are shown."""
    patch = patch_of(recording())
    player = Player(source_of(model, patch.recordings), patch, rate_hz=RATE_HZ)
    shown = player.performer.controls.goal
    assert [shown[INDEX[f"latent.{i}"]] for i in (1, 4, 5)] == [0.5, 0.5, 0.0]
    player.performer.receive(Set("latent.5", 0.0), 0)
    player.render(1024)
    assert player.performer.sound.latents.point.tolist() == [*POINT, 1.0]


def test_a_model_of_whole_notes_plays_without_them():
    from hummingface.models.playing.untrained import untrained_notes
    assert source_of(untrained_notes(), patch_of(recording()).recordings).recordings == 0
    assert source_of(untrained_notes()).model.recordings == ()
