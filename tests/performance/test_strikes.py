"""Keys that are struck again while they are held: by two hands, by overlapping notes of a file, under the pedal, in floods."""
import mido
import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.performance import snapshot, snapshot_check
from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Panic, Program, Set
from hummingface.instrument.performance.voices.voice_allocation import FIRST_OFF_ENDS, LEGATO, MONO, MOST_RINGING, POLY, Voices
from hummingface.instrument.performance.voices.voice_table import HELD, PEDAL, RELEASED
from tests.performance.hearing import DRY, RATE, play

PEDAL_DOWN, PEDAL_UP = Controller(0, 64, 127), Controller(0, 64, 0)


def keys(voices, *stages):
    return sorted(voices.key[np.isin(voices.stage, stages)].tolist())


def rms(sound):
    return float(np.sqrt(np.mean(sound ** 2)))


@pytest.mark.parametrize("mode", [POLY, MONO, LEGATO])
def test_a_key_is_held_until_each_of_its_strikes_has_ended(mode):
    voices = Voices()
    voices.set_mode(mode)
    for _ in range(3):
        voices.note_on(0, 60, 100)
    for _ in range(2):
        assert voices.note_off(0, 60) is None
        assert keys(voices, HELD) == [60]
    voices.note_off(0, 60)
    assert keys(voices, HELD, PEDAL) == []
    voices.note_off(0, 60)                              # one too many
    voices.note_on(0, 60, 100)
    voices.note_off(0, 60)
    assert keys(voices, HELD) == []


def test_a_note_off_ends_as_many_strikes_as_its_sender_made():
    voices = Voices()
    for _ in range(3):
        voices.note_on(0, 60, 100)
    voices.note_off(0, 60, ends=0)
    voices.note_off(0, 60, ends=2)
    assert keys(voices, HELD) == [60]
    voices.note_off(0, 60, ends=5)
    assert keys(voices, HELD) == []


@pytest.mark.parametrize("end", [lambda v: v.silence(), lambda v: v.silence(0), lambda v: v.all_notes_off(0)])
def test_what_ends_all_notes_forgets_their_strikes(end):
    voices = Voices()
    voices.note_on(0, 60, 100)
    voices.note_on(0, 60, 100)
    end(voices)
    voices.note_on(0, 60, 100)
    voices.note_off(0, 60)
    assert keys(voices, HELD) == []


def test_of_two_overlapping_notes_of_a_key_each_lasts_to_its_own_end(plain):
    player = Player(plain, events=[*DRY, (0, NoteOn(0, 60, 100)), (5000, NoteOn(0, 60, 100)), (6000, NoteOff(0, 60)),
                                   (20_000, NoteOff(0, 60))])
    player.render(15_000)
    assert keys(player.performer.voices, HELD) == [60]
    player.render(10_000)
    assert keys(player.performer.voices, HELD) == []


def midi_file(path, *messages):
    """A file of (tick, kind, key), at 0.001 s a tick."""
    track, now = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=480_000)]), 0
    for tick, kind, key in messages:
        track.append(mido.Message(kind, note=key, velocity=90, time=tick - now))
        now = tick
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(path)
    return path


def held_after(events):
    voices = Voices()
    for _, event in events:
        (voices.note_on(0, event.note, event.velocity) if isinstance(event, NoteOn) else voices.note_off(0, event.note, event.ends))
    return keys(voices, HELD)


def test_where_a_file_lacks_note_offs_one_ends_all(tmp_path):
    """Two note-ons and one note-off, then the same again: nothing hangs; the other key's notes overlap, and keep their own ends."""
    path = midi_file(tmp_path / "a.mid", (0, "note_on", 60), (0, "note_on", 72), (100, "note_on", 60), (150, "note_on", 72),
                     (200, "note_off", 60), (200, "note_off", 72), (300, "note_on", 60), (400, "note_off", 60), (500, "note_off", 72))
    events = score.read_file(path)
    assert [event.ends for _, event in events if isinstance(event, NoteOff)] == [2, 1, 1, 1]
    assert held_after(events[:-1]) == [72] and held_after(events) == []


def test_a_soft_strike_under_the_pedal_leaves_the_loud_one_ringing(plain):
    events = [(0, PEDAL_DOWN), (1000, NoteOn(0, 60, 120)), (6000, NoteOff(0, 60)), (12_000, NoteOn(0, 60, 10))]
    sound = play(events, plain, 0.75)[:, 0]
    assert rms(sound[30_000:]) > 0.9 * rms(sound[6000:12_000])


def test_without_the_pedal_a_key_struck_again_ends_its_old_note_quickly(plain):
    events = [(1000, NoteOn(0, 60, 120)), (12_000, NoteOn(0, 60, 10))]
    sound = play(events, plain, 0.75)[:, 0]
    assert rms(sound[30_000:]) < 0.1 * rms(sound[6000:12_000])


@pytest.mark.parametrize(("mode", "ringing"), [(POLY, [60, 60]), (MONO, [60]), (LEGATO, [60])])
def test_what_rings_under_the_pedal_by_mode(mode, ringing):
    voices = Voices()
    voices.set_mode(mode)
    voices.pedal(0, True)
    for _ in range(2):
        voices.note_on(0, 60, 100)
        voices.note_off(0, 60)
    assert keys(voices, PEDAL) == ringing
    voices.pedal(0, False)
    assert keys(voices, HELD, PEDAL) == []


def test_a_pedal_that_goes_up_ends_what_rings_and_not_what_a_hand_holds():
    voices = Voices()
    voices.pedal(0, True)
    for _ in range(3):
        voices.note_on(0, 60, 100)
    voices.pedal(0, False)
    assert keys(voices, HELD) == [60] and len(keys(voices, RELEASED)) == 2


def test_of_many_strikes_under_the_pedal_the_loudest_ring_on():
    voices = Voices()
    voices.pedal(0, True)
    slots = []
    for peak in (1.0, 0.01, 0.5, 0.02, 0.4, 0.03, 0.3):
        slots.append(voices.note_on(0, 60, 100))
        voices.table["peak"][slots[-1]] = peak
    voices.note_on(0, 60, 100)
    assert sorted(voices.table["peak"][voices.stage == PEDAL].tolist()) == [0.3, 0.4, 0.5, 1.0] and MOST_RINGING == 4


def flood(plain, events):
    player = Player(plain, events=[*DRY, *events])
    player.render(RATE // 5, 1024)
    return player.performer.voices


def test_a_flood_of_one_key_leaves_it_sounding(plain):
    voices = flood(plain, [(1000, NoteOn(0, 60, 100))] * 1000)
    assert keys(voices, HELD) == [60]
    voices.note_off(0, 60, ends=1000)
    assert keys(voices, HELD) == []


def test_a_flood_of_keys_leaves_the_newest(plain):
    notes = [(channel, key) for channel in range(16) for key in range(40, 88)]
    voices = flood(plain, [(1000 + i, NoteOn(channel, key, 100)) for i, (channel, key) in enumerate(notes)])
    assert sorted(zip(voices.channel[voices.stage == HELD].tolist(), voices.key[voices.stage == HELD].tolist(), strict=True)) == notes[-64:]


@pytest.mark.parametrize("mode", [MONO, LEGATO])
def test_a_flood_in_mono_leaves_the_newest(plain, mode):
    voices = flood(plain, [(0, Set("master.mode", mode)), *((1000, NoteOn(0, 30 + i % 60, 100)) for i in range(600)),
                           (1000, NoteOn(0, 99, 100))])
    assert keys(voices, HELD) == [99]


def test_a_flood_that_was_released_at_once_leaves_nothing(plain):
    notes = [(channel, key) for channel in range(16) for key in range(40, 88)]
    voices = flood(plain, [(1000, NoteOn(*note, 100)) for note in notes] + [(1000, NoteOff(*note)) for note in notes])
    assert keys(voices, HELD, PEDAL) == [] and not voices.owed


def test_a_flood_leaves_the_same_whatever_the_block(plain):
    random = np.random.default_rng(1)
    events = [(1000 + int(random.integers(400)), NoteOn(int(random.integers(16)), int(random.integers(30, 90)), 90)) for _ in range(300)]
    keys = []
    for block in (1024, 64):
        player = Player(plain, events=[*DRY, *events])
        player.render(6000, block)
        voices = player.performer.voices
        keys.append(voices.table[["channel", "key", "born"]][voices.stage == HELD].tolist())
    assert keys[0] == keys[1] and len(keys[0]) == 64


def test_by_the_rules_of_before_the_first_note_off_ends_a_key():
    voices = Voices()
    voices.rules = FIRST_OFF_ENDS
    voices.pedal(0, True)
    first = voices.note_on(0, 60, 100)
    voices.note_on(0, 60, 10)
    assert voices.stage[first] == RELEASED, "under the pedal, too"
    voices.pedal(0, False)
    voices.note_off(0, 60)
    assert keys(voices, HELD, PEDAL) == []


def test_a_snapshot_keeps_strikes_and_rules(plain):
    player = Player(plain, events=[*DRY, (0, NoteOn(3, 60, 100)), (100, NoteOn(3, 60, 100))])
    player.performer.voices.rules = FIRST_OFF_ENDS
    player.render(RATE // 10)
    values = snapshot_check.check(snapshot.capture(player.performer))
    again = Player(plain, seed=values["seed"])
    snapshot.restore(again.performer, values)
    assert again.performer.voices.strikes[3, 60] == 2 and again.performer.voices.rules == FIRST_OFF_ENDS
    before = {name: value for name, value in values.items() if name not in ("strikes", "rules")}
    assert snapshot_check.check(before)["rules"] == FIRST_OFF_ENDS, "a take of before"


@pytest.mark.parametrize(("name", "value"), [("rules", 4), ("rules", True), ("strikes", [[16, 60, 1]]), ("strikes", [[0, 128, 1]]),
                                             ("strikes", [[0, 60, -1]]), ("strikes", [[0, 60]]), ("strikes", None)])
def test_strikes_from_elsewhere_are_checked(plain, name, value):
    values = snapshot.capture(Player(plain).performer) | {name: value}
    with pytest.raises(snapshot.SnapshotError, match=name):
        snapshot_check.check(values)


# What MIDI's channels stand at, as the window shows it

def test_the_state_block_shows_where_a_channel_stands(plain):
    player = Player(plain, events=[(0, Controller(3, 7, 40)), (0, Controller(3, 11, 90)), (0, Controller(3, 1, 127)),
                                   (0, Controller(3, 64, 80))], shown=True)
    status = player.state["status"][0]
    assert status["channels"][:, 2:].tolist() == [[127, 127, 0]] * 16
    player.render(1024)
    assert status["channels"][3].tolist() == [0, 1, 40, 90, 1] and status["channel"] == 3
    player.performer.receive(Panic(), player.position)
    player.render(1024)
    assert status["channels"][3].tolist() == [0, 0, 40, 127, 0] and status["channel"] == 3


def test_channels_that_cannot_be_heard_are_brought_back_and_no_others(plain):
    player = Player(plain, events=[(0, Controller(1, 7, 0)), (0, Controller(2, 11, 3)), (0, Controller(3, 7, 64))])
    player.render(1024)
    for event in player.performer.channels.to_be_heard():
        player.performer.receive(event, player.position)
    player.render(1024)
    channels = player.performer.channels
    assert (channels.volume[1:4].tolist(), channels.expression[1:4].tolist()) == ([127, 127, 64], [127, 127, 127])


# Program changes

def test_what_is_moved_after_a_program_change_holds_when_its_patch_comes(plain):
    """Live, the patch comes later than the controllers that follow the change; the log of it says the same without any program."""
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.events import Load
    noted, changed = [], []
    player = Player(plain, events=[(0, Set("filter.resonance_db", 3.0)), (1000, Program(0, 1)), (1100, Controller(0, 74, 30))],
                    log=lambda sample, event: noted.append((sample, event)), changed=lambda *moved: changed.append(moved))
    player.render(2048)
    moved = player.performer.controls.goal.copy()
    patch = Patch("Other", plain.name, (0.0,) * 16, {"filter.cutoff_hz": 900.0, "filter.resonance_db": 9.0})
    player.performer.receive(Load(patch, answers=True), player.position)
    player.render(2048)
    from hummingface.instrument.performance.controls import INDEX
    goal = player.performer.controls.goal
    assert goal[INDEX["filter.cutoff_hz"]] == moved[INDEX["filter.cutoff_hz"]] != 900
    assert goal[INDEX["filter.resonance_db"]] == 9, "moved before the change: the patch sets it"
    assert [name for name, _ in changed] == ["filter.cutoff_hz"] * 2, "the window hears of it again, after the patch"
    again = Player(plain, events=[(sample, Load(event.patch) if isinstance(event, Load) else event) for sample, event in noted])
    again.render(4096)
    assert np.array_equal(again.performer.controls.goal, goal)
