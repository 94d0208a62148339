"""MPE as a controller sends it: zones, and what reaches one note or all of a zone."""
import numpy as np
import pytest
from scipy.signal import firwin, oaconvolve

from hummingface.instrument.offline.player import Player
from hummingface.instrument.performance.controls import BEND, PRESSURE, SLIDE
from hummingface.instrument.performance.messages.midi import (
    SUSTAIN,
    VOLUME,
    Bend,
    Controller,
    KeyPressure,
    Mpe,
    NoteOff,
    NoteOn,
    Pressure,
    Set,
)
from hummingface.instrument.performance.messages.mpe import MODES, Zones
from hummingface.instrument.performance.voices.voice_allocation import EACH_STRIKE_HOLDS
from tests.performance.hearing import DRY, RATE, cents, pitch_hz
from tests.performance.mpe_player import MpePlayer, at, rpn, zone

DULL = (0, Set("filter.cutoff_hz", 1500.0))
KEYS = (48, 64, 79)                                     # far apart, and no harmonics of each other among the four that sound


def key_hz(pitch: float) -> float:
    return 440 * 2 ** ((pitch - 69) / 12)


def near(sound: np.ndarray, hz: float) -> np.ndarray:
    """What sounds within a whole tone and a half of a frequency."""
    return oaconvolve(sound, firwin(8191, (hz * 0.92, hz * 1.08), pass_zero=False, fs=RATE), mode="same")


def level_db(sound: np.ndarray, hz: float) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(near(sound, hz)[8192:-8192] ** 2)) + 1e-9))


@pytest.fixture(scope="module")
def performance(plain):
    """(player after 3 s, sound): three fingers come down out of tune, then bend, slide and press one by one; the master bends all."""
    hands = MpePlayer(0, 15)
    events = [*DRY, DULL, *at(0, zone(0, 15), *(hands.strike(key, semitones=0.1 * i, slide=64 if i else 0) for i, key in enumerate(KEYS))),
              *at(RATE, hands.bend(48, -3.0), hands.bend(64, 1.5), hands.slide(79, 10)),
              *at(2 * RATE, Bend(0, 0.5), hands.press(64, 1.0))]
    player = Player(plain, events=events)
    return player, player.render(3 * RATE)[:, 0].astype(float)


def test_each_note_has_its_own_pitch(performance):
    _, sound = performance
    for second, offsets in enumerate([(0.0, 0.1, 0.2), (-3.0, 1.5, 0.2), (-2.0, 2.5, 1.2)]):
        part = sound[second * RATE:(second + 1) * RATE]
        for key, offset in zip(KEYS, offsets, strict=True):
            hz = key_hz(key + offset)
            assert abs(cents(pitch_hz(near(part, hz)[8192:-8192]), hz)) < 1, (second, key)


def test_a_slide_is_heard_in_its_note_alone(performance, plain):
    """Against the same performance with the slides at rest: the fourth partial of the notes that slide falls, and of no others."""
    _, sound = performance
    hands = MpePlayer(0, 15)
    events = [*DRY, DULL, *at(0, zone(0, 15), *(hands.strike(key, semitones=0.1 * i) for i, key in enumerate(KEYS))),
              *at(RATE, hands.bend(48, -3.0), hands.bend(64, 1.5)), *at(2 * RATE, Bend(0, 0.5), hands.press(64, 1.0))]
    rest = Player(plain, events=events).render(3 * RATE)[:, 0].astype(float)
    for second, pitches in enumerate([((48.0, True), (64.1, False), (79.2, False)), ((45.0, True), (65.5, False), (79.2, True))]):
        part = slice(second * RATE, (second + 1) * RATE)
        for pitch, slides in pitches:
            fallen_db = level_db(sound[part], 4 * key_hz(pitch)) - level_db(rest[part], 4 * key_hz(pitch))
            assert fallen_db < -6 if slides else abs(fallen_db) < 0.05, pitch


def test_pressure_is_of_its_note_alone_and_the_master_reaches_all(plain):
    hands = MpePlayer(0, 15)
    player = Player(plain, events=[*DRY, *at(0, zone(0, 15), *(hands.strike(key) for key in KEYS), hands.press(64, 0.5))])
    player.render(RATE // 4)
    lines = player.performer.controls.channels
    assert lines[1:4, PRESSURE].round(3).tolist() == [0, 0.5, 0]
    for event in (Pressure(0, 0.25), Controller(0, 74, 127), Controller(0, VOLUME, 0)):
        player.performer.receive(event, player.position)
    player.render(RATE // 4)
    assert lines[1:4, PRESSURE].round(3).tolist() == [0.25, 0.75, 0.25]
    assert (lines[1:4, SLIDE].round(3) == 1).all()
    assert np.abs(player.render(RATE // 8)).max() < 1e-3, "its volume, too"


def test_poly_pressure_presses_the_key_that_it_names(plain):
    player = Player(plain, events=[*DRY, (0, NoteOn(0, 60, 100)), (0, NoteOn(0, 64, 100)), (0, KeyPressure(0, 64, 0.5))])
    player.render(RATE // 8)
    table = player.performer.voices.table
    assert table["key_pressure"][table["key"] == 64].tolist() == [0.5] and table["key_pressure"][table["key"] == 60].tolist() == [0.0]


def test_the_masters_pedal_holds_all_of_its_zone_and_no_more(plain):
    hands = MpePlayer(0, 5)
    player = Player(plain, events=[*DRY, *at(0, zone(0, 5), Controller(0, SUSTAIN, 127), *(hands.strike(key) for key in KEYS),
                                             NoteOn(9, 90, 100)),
                                   *at(RATE // 4, *(hands.lift(key) for key in KEYS), NoteOff(9, 90))])
    player.render(2 * RATE)
    voices = player.performer.voices
    assert sorted(voices.key[voices.playing()].tolist()) == list(KEYS)
    player.performer.receive(Controller(0, SUSTAIN, 0), player.position)
    player.render(2 * RATE)
    assert player.performer.sounding() == 0


def test_what_rings_stays_as_it_was_when_its_channel_plays_another_note(plain):
    """Under the pedal, in a zone of one member: the first note keeps its pitch, and the master still bends both."""
    hands = MpePlayer(0, 1)
    player = Player(plain, events=[*DRY, *at(0, zone(0, 1), Controller(0, SUSTAIN, 127), hands.strike(57, semitones=0.5)),
                                   *at(RATE // 4, hands.lift(57), hands.strike(76, semitones=-2.0)),
                                   *at(RATE, Bend(0, 1.0))])
    sound = player.render(2 * RATE)[:, 0].astype(float)
    before, after = sound[RATE // 2:RATE], sound[RATE + RATE // 4:]
    for part, more in ((before, 0.0), (after, 2.0)):
        for pitch in (57.5, 74.0):
            hz = key_hz(pitch + more)
            assert abs(cents(pitch_hz(near(part, hz)[8192:-8192]), hz)) < 1, (pitch, more)


def test_a_note_begins_as_its_controller_says(plain):
    """Nothing glides from what the channel said of another note."""
    hands = MpePlayer(0, 1)
    player = Player(plain, events=[*DRY, *at(0, zone(0, 1), hands.strike(57, slide=127, pressure=1.0)), *at(RATE // 4, hands.lift(57)),
                                   *at(RATE // 2, hands.strike(60, slide=0))])
    player.render(RATE // 2 + 512)
    assert player.performer.controls.channels[1, [SLIDE, PRESSURE]].tolist() == [0.0, 0.0]


# Zones and ranges

def ranges(player) -> list[float]:
    return player.performer.channels.bend_range[:16].tolist()


def played(plain, *events):
    player = Player(plain, events=at(0, *events))
    player.render(256)
    return player


def test_ranges_of_zones_and_by_rpn(plain):
    assert ranges(played(plain)) == [2.0] * 16
    assert ranges(played(plain, zone(0, 3))) == [2.0, 48.0, 48.0, 48.0, *[2.0] * 12]
    assert ranges(played(plain, zone(0, 3), rpn(2, 0, 24, 50))) == [2.0, 24.5, 24.5, 24.5, *[2.0] * 12], "a member's is of all members"
    assert ranges(played(plain, zone(0, 3), rpn(0, 0, 12))) == [12.0, 48.0, 48.0, 48.0, *[2.0] * 12]
    assert ranges(played(plain, zone(0, 3), rpn(0, 6, 0))) == [2.0] * 16, "no zone any more"


def test_both_zones_share_the_channels():
    zones = Zones()
    assert zones.configure(0, 7) and zones.configure(15, 7)
    assert [zones.master_of(channel) for channel in range(16)] == [None, *[0] * 7, *[15] * 7, None]
    assert zones.configure(0, 10)
    assert zones.members == {0: 10, 15: 4}, "the newest has the room that it wants"
    assert zones.configure(15, 15)
    assert zones.members == {0: 0, 15: 15}


def test_both_zones_sound_apart(plain):
    low, high = MpePlayer(0, 4), MpePlayer(15, 4)
    player = Player(plain, events=[*DRY, *at(0, zone(0, 4), zone(15, 4), low.strike(48), high.strike(79), Bend(15, 1.0))])
    sound = player.render(RATE)[:, 0].astype(float)
    for pitch in (48.0, 81.0):
        assert abs(cents(pitch_hz(near(sound, key_hz(pitch))[8192:-8192]), key_hz(pitch))) < 1


def test_a_zone_that_changes_lets_its_notes_go_and_begins_at_rest(plain):
    hands = MpePlayer(0, 15)
    player = Player(plain, events=[*DRY, *at(0, zone(0, 15), Controller(0, SUSTAIN, 127), hands.strike(60, semitones=5, slide=0)),
                                   *at(RATE // 4, zone(0, 4))])
    player.render(2 * RATE)
    performer = player.performer
    assert performer.sounding() == 0 and performer.messages.zones.members == {0: 4, 15: 0}
    assert performer.channels.bend[:16].any() == 0 and performer.controls.channels[1, [BEND, SLIDE]].tolist() == [0.0, 0.5]


@pytest.mark.parametrize("events", [
    [Controller(0, 6, 15)], zone(3, 5), rpn(0, 6, 16), rpn(0, 6, 127), [Controller(0, 101, 0), Controller(0, 6, 15)],
    [Controller(0, 101, 0), Controller(0, 100, 6), Controller(0, 99, 0), Controller(0, 6, 15)],
    [Controller(0, 101, 0), Controller(0, 100, 6), Controller(0, 38, 15)],
    [Controller(0, 99, 0), Controller(0, 98, 6), Controller(0, 6, 15)],
    [Controller(1, 101, 0), Controller(0, 100, 6), Controller(0, 6, 15)], [*rpn(0, 127, 15), Controller(0, 6, 3)]])
def test_what_is_no_configuration_makes_no_zone(plain, events):
    player = played(plain, *events)
    assert player.performer.messages.zones.members == {0: 0, 15: 0} and ranges(player) == [2.0] * 16


@pytest.mark.parametrize("mode", MODES)
def test_modes_by_hand(plain, mode):
    """What the menu sets; and whether a controller that configures itself is followed."""
    wanted = {"lower": (15, 0), "upper": (0, 15), "both": (7, 7), "seaboard": (15, 0), "linnstrument": (15, 0), "osmose": (15, 0)}
    player = played(plain, Mpe(mode))
    assert tuple(player.performer.messages.zones.members.values()) == wanted.get(mode, (0, 0))
    player = played(plain, Mpe(mode), zone(0, 5))
    follows = mode in ("automatic", "seaboard", "linnstrument", "osmose")
    assert tuple(player.performer.messages.zones.members.values()) == ((5, 0) if follows else wanted.get(mode, (0, 0)))


def test_without_a_zone_cc_74_moves_the_filter_of_all(plain):
    player = played(plain, Controller(3, 74, 0))
    assert player.performer.controls.goal[:16].any() == 0
    assert player.performer.controls.channels[3, SLIDE] == 0.5
    from hummingface.instrument.performance.controls import CUTOFF
    assert player.performer.controls.goal[CUTOFF] == 20


def test_takes_of_before_know_no_zones(plain):
    player = Player(plain)
    player.performer.voices.rules = EACH_STRIKE_HOLDS
    for event in [*zone(0, 15), Controller(0, 66, 127), Controller(0, 67, 127), Set("filter.cutoff_hz", 500.0)]:
        player.performer.receive(event, 0)
    player.render(256)
    assert player.performer.messages.zones.members == {0: 0, 15: 0}
    assert not player.performer.channels.sostenuto.any() and not player.performer.channels.soft.any()
