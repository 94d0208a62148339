"""The sound follows the hand: loudness over velocity and over keys, the end of soft notes, brightness; and what takes of before keep."""
from pathlib import Path

import numpy as np
import pytest

from hummingface.instrument.offline.levelling import RATE_HZ, momentary_lufs
from hummingface.instrument.offline.player import Player, play_events
from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import sound_bank
from hummingface.instrument.performance.controls import Controls
from hummingface.instrument.performance.dynamics import BY_NETWORK, BY_PLAYER, stroke
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import Controller, Event, NoteOff, NoteOn, Set
from hummingface.instrument.performance.sound_bank import source_of
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording import replay
from hummingface.models.playing import key_trend, loudness
from hummingface.models.playing.frame import pitch_to_hz
from hummingface.models.playing.model import Model

EARLIER = Path(__file__).parents[1] / "recording" / "earlier"
NOTE_S, GAP_S = 0.8, 0.1          # as long as the loudness of a note is looked for in its frames
needs_model = pytest.mark.skipif(not library.models(), reason="the factory's models are not in assets/models")
PATCHES = ("Evening Grand", "Halo Choir", "Queen's Harpsichord", "Rubber Sub", "Fog Signal", "Seed Keys")


@pytest.fixture(scope="module", params=PATCHES)
def sound(request):
    """Dry, and without motion: what moves at random moves a note's loudness, too, and is no fault of a key or a stroke."""
    made = sound_bank.open_sound(request.param)
    return sound_bank.Sound(still(made.patch), made.source)


def still(patch):
    return patch.with_values(parameters={**patch.dry().parameters, "motion.amount": 0.0})


@pytest.fixture(scope="module")
def untrained_source():
    from hummingface.models.playing.untrained import untrained
    return FrameSource(untrained(seed=3, width=64))


def loudness_of(sound, strokes, note_s=NOTE_S):
    """LUFS of notes (key, velocity), one after the other, each cut off before the next."""
    events: list[tuple[int, Event]] = []
    every = round((note_s + GAP_S) * RATE_HZ)
    for i, (key, velocity) in enumerate(strokes):
        events += [(i * every, NoteOn(0, key, velocity)), (i * every + round(note_s * RATE_HZ), Controller(0, 120, 0))]
    heard = play_events(events, sound.source, sound.patch, rate_hz=RATE_HZ, block_samples=1024, seconds=len(strokes) * every / RATE_HZ)
    return np.array([momentary_lufs(heard[i * every:i * every + round(note_s * RATE_HZ)]) for i in range(len(strokes))])


def test_the_law_is_40_db_a_decade_between_its_ends(untrained_source):
    controls = Controls(1 / 187.5)
    levels = [stroke(BY_PLAYER, 60.0, velocity, controls.now, untrained_source).level_db for velocity in range(1, 128)]
    assert (np.diff(levels) > 0).all()
    assert levels[126] - levels[15] == pytest.approx(36)
    assert levels[99] == 0
    assert levels[99] - levels[9] == pytest.approx(40, abs=0.05)
    controls.set("dynamics.range_db", 12.0)
    soft, hard = (stroke(BY_PLAYER, 60.0, velocity, controls.now, untrained_source).level_db for velocity in (16, 127))
    assert hard - soft == pytest.approx(12)


def test_the_network_is_asked_for_what_it_was_trained_on(untrained_source, monkeypatch):
    controls = Controls(1 / 187.5)
    monkeypatch.setattr(untrained_source, "velocities", (60.0, 120.0))
    asked = [stroke(BY_PLAYER, 60.0, velocity, controls.now, untrained_source).asked_velocity for velocity in (1, 59, 61, 100, 121, 127)]
    assert asked == [60, 60, 61, 100, 120, 120]


@needs_model
def test_louder_with_every_velocity(sound):
    """Every second one, at a key in the middle."""
    strokes = [(60, velocity) for velocity in range(1, 128, 2)]
    lufs = loudness_of(sound, strokes, 0.45)
    heard = lufs > -75                                       # softer ones are lost in what stood before them
    lufs = lufs[heard]
    assert heard.sum() > 55
    fall = np.maximum.accumulate(lufs) - lufs
    assert fall.max() < 1.0
    law_db = sound.patch.parameters["dynamics.range_db"]
    assert lufs[-1] - loudness_of(sound, [(60, 16)])[0] == pytest.approx(law_db, abs=4)


@needs_model
def test_keys_are_even(sound):
    """What is left of a key's loudness about the smooth trend, from C2 to C7."""
    keys = np.arange(36, 97)
    lufs = loudness_of(sound, [(int(key), 100) for key in keys])
    off = lufs - key_trend.smooth(lufs)
    assert np.abs(np.diff(off)).max() < 2.0
    assert off.std() < 0.8


@needs_model
@pytest.mark.parametrize("velocity", [8, 20, 60, 127])
def test_notes_end_when_their_keys_come_up(sound, velocity):
    for key in (36, 60, 84):
        events: list[tuple[int, Event]] = [(0, NoteOn(0, key, velocity)), (RATE_HZ // 2, NoteOff(0, key))]
        heard = play_events(events, sound.source, sound.patch, rate_hz=RATE_HZ, block_samples=1024, seconds=2.9)
        held, after = momentary_lufs(heard[:RATE_HZ // 2]), momentary_lufs(heard[-round(0.4 * RATE_HZ):])
        assert after < held - 40 or after < -110


@needs_model
def test_loudness_from_frames_is_the_loudness_that_is_heard():
    """Of six presets at four keys, within a dB of what is heard, and within a third of one on the mean."""
    model = library.load_model(None)
    assert isinstance(model, Model)
    source, off = source_of(model), []
    for name in list(model.presets)[::11]:
        z = np.array(model.presets[name], np.float32)
        patch = still(Patch(name, model.name, tuple(z.tolist())))
        keys = np.array([36.0, 52.0, 68.0, 84.0])
        note = model.note(np.tile(z, (4, 1)), keys, np.full(4, 100.0))
        said = model.loudness_lufs(note, keys, np.zeros(4), 0.0)
        player = Player(source, patch, rate_hz=RATE_HZ)
        player.performer.maker.law = BY_NETWORK                    # the network's own loudness
        every = 2 * RATE_HZ
        for i, key in enumerate(keys):
            player.performer.receive(NoteOn(0, int(key), 100), i * every)
            player.performer.receive(Controller(0, 120, 0), i * every + RATE_HZ)
        heard = player.render(4 * every, 1024)
        off += [momentary_lufs(heard[i * every:i * every + round(0.8 * RATE_HZ)]) - said[i] for i in range(4)]
    assert np.abs(off).max() < 1.5 and np.abs(np.mean(off)) < 0.4


def test_k_weighting_is_that_of_the_standard():
    """A full-scale sine of 997 Hz in one channel is -3.01 LUFS (BS.1770-5), and the table follows the filter."""
    assert loudness.OFFSET_LUFS + 10 * np.log10(0.5 * loudness.k_weight(np.array([997.0]))[0]) == pytest.approx(-3.01, abs=0.02)
    hz = np.geomspace(30, 20000, 200)
    assert [loudness._weight(float(f)) for f in hz] == pytest.approx(loudness.k_weight(hz).tolist(), rel=0.02)


@needs_model
@pytest.mark.parametrize("to", ["Drawbar Organ", "Flute", "Harp", "Synth Bass"])
def test_a_held_note_stays_as_loud_as_it_should_while_its_latents_move(to):
    """From one preset to another under a held note: at its end it is as loud as a note of the other that was held as long."""
    model = library.load_model(None)
    if to not in model.presets:
        pytest.skip(f"the model has no preset {to}")
    source = source_of(model)
    strings, other = (np.clip(model.presets[name], -3, 3) for name in ("String Section", to))
    patch = Patch("Strings", model.name, tuple(strings.tolist()), {"master.width": 0.0}).dry()

    def held(moved_s):
        events: list[tuple[int, Event]] = [
            (0, NoteOn(0, 60, 100)), *((round(moved_s * RATE_HZ), Set(f"latent.{i + 1}", float(z))) for i, z in enumerate(other))]
        return play_events(events, source, patch, rate_hz=RATE_HZ, block_samples=512, seconds=3.0)[-RATE_HZ:]
    assert momentary_lufs(held(0.5)) == pytest.approx(momentary_lufs(held(0.0)), abs=1.0)


def test_a_harder_stroke_is_brighter_and_no_louder_for_it(untrained_source):
    def centroid_and_lufs(velocity, brightness):
        patch = Patch("P", "Untrained", (0.0,) * 16, {"dynamics.brightness": brightness, "dynamics.range_db": 0.0}).dry()
        heard = play_events([(0, NoteOn(0, 57, velocity))], untrained_source, patch, rate_hz=RATE_HZ, seconds=0.5)
        power = np.abs(np.fft.rfft(heard[:, 0])) ** 2
        return (power * np.fft.rfftfreq(len(heard), 1 / RATE_HZ)).sum() / power.sum(), momentary_lufs(heard)
    plain, _ = (centroid_and_lufs(v, 0.0)[0] for v in (127, 48))
    (hard, hard_lufs), (soft, soft_lufs) = centroid_and_lufs(127, 4.0), centroid_and_lufs(48, 4.0)
    assert hard > 1.15 * soft and soft < plain
    assert hard_lufs == pytest.approx(soft_lufs, abs=0.7)


def test_a_take_of_before_sounds_as_it_did(untrained_source):
    """Recorded by version 0.1, where the network was asked for every velocity: what that version played, to the sample; and it says so."""
    take = played.parse((EARLIER / "take-0.1.jsonl").read_bytes(), "a take of before")
    again = replay.Replay(take, untrained_source)
    heard = np.concatenate(list(again.render(take.frames)))
    recorded = np.load(EARLIER / "take-0.1.npy") / 32767
    assert np.abs(recorded).max() > 0.1
    assert np.abs(heard[:, 0] - recorded).max() < 1e-4
    assert "earlier version" in again.notice and "dynamics" in again.notice


def test_after_a_take_of_before_a_new_patch_brings_todays_dynamics(untrained_source):
    take = played.parse((EARLIER / "take-0.1.jsonl").read_bytes(), "a take of before")
    again = replay.Replay(take, untrained_source)
    np.concatenate(list(again.render(take.frames)))
    assert again.player.performer.maker.law == BY_NETWORK
    again.player.performer.load_patch(take.patch)
    again.player.render(RATE_HZ)
    assert again.player.performer.maker.law == BY_PLAYER


def test_a_take_of_today_keeps_todays_dynamics(untrained_source):
    text = (EARLIER / "take-0.1.jsonl").read_bytes().replace(b'"moment":{', b'"moment":{"law":2,"rules":3,', 1)
    text = text.replace(b'"end":true', b'"end":true,"late":0')
    take = played.parse(text, "a take")
    assert replay.notice(take, untrained_source) == ""
    heard = np.concatenate(list(replay.Replay(take, untrained_source).render(take.frames)))
    assert np.abs(heard[:, 0] - np.load(EARLIER / "take-0.1.npy") / 32767).max() > 1e-3


@pytest.mark.parametrize("law", [0, 3, "2", None, 1.5, True])
def test_a_law_that_nobody_knows_is_refused(law):
    import json
    text = (EARLIER / "take-0.1.jsonl").read_bytes().replace(b'"moment":{', b'"moment":{"law":%s,' % json.dumps(law).encode(), 1)
    with pytest.raises(ValueError, match="law"):
        played.parse(text, "a take")


def test_a_patch_of_before_follows_the_hand_and_keeps_its_range():
    patch = patch_file.load(EARLIER / "patch-2.json")
    assert patch.parameters["dynamics.range_db"] == pytest.approx(1.4 * 36)
    assert patch.parameters["dynamics.brightness"] == 0
    assert patch_file.from_json(patch.to_json()) == patch


def test_pitches_beyond_the_trained_ones_are_levelled_at_their_own_key(untrained_source):
    heard = [play_events([(0, NoteOn(0, key, 100))], untrained_source, None, rate_hz=RATE_HZ, seconds=0.5) for key in (10, 120)]
    assert all(np.isfinite(x).all() and np.abs(x).max() > 0.001 for x in heard)
    assert pitch_to_hz(120) > 8000
