"""Two hands on one key, two feet on one pedal: none ends what the other holds, and what a source held goes with it."""
import pytest

from hummingface.instrument.audio.engine.held_by_source import HeldBySource
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Panic
from hummingface.instrument.performance.voices.voice_allocation import Voices
from hummingface.instrument.performance.voices.voice_table import HELD

ON, OFF, DOWN, UP = NoteOn(0, 60, 90), NoteOff(0, 60), Controller(0, 64, 127), Controller(0, 64, 0)


class Player:
    """Voices that hear what is to be played of several sources."""

    def __init__(self):
        self.held, self.voices = HeldBySource(), Voices()

    def hear(self, source, *events):
        for event in events:
            self._play(self.held.hear(source, event))

    def leave(self, source):
        for event in self.held.leave(source):
            self._play(event)

    def _play(self, event):
        match event:
            case NoteOn(channel, note, velocity):
                self.voices.note_on(channel, note, velocity)
            case NoteOff(channel, note, ends):
                self.voices.note_off(channel, note, ends)
            case Controller(channel, 64, value):
                self.voices.pedal(channel, value >= 64)
            case Controller(channel, 123, _):
                self.voices.all_notes_off(channel)
            case Panic():
                self.voices.silence()

    @property
    def keys(self):
        return self.voices.key[self.voices.stage == HELD].tolist()


@pytest.fixture
def player():
    return Player()


@pytest.mark.parametrize("first", ["keys", "window"])
def test_a_key_of_two_hands_is_held_until_the_last_releases_it(player, first):
    player.hear("keys", ON)
    player.hear("window", ON)
    player.hear(first, OFF)
    assert player.keys == [60]
    player.hear("window" if first == "keys" else "keys", OFF)
    assert player.keys == []


@pytest.mark.parametrize(("number", "half"), [(64, 63), (66, 63), (67, 0)])
def test_every_pedal_is_held_until_the_last_foot_is_off(number, half):
    held = HeldBySource()
    for source in ("one", "two"):
        assert held.hear(source, Controller(3, number, 127)) == Controller(3, number, 127)
    assert held.hear("one", Controller(3, number, half)) is None
    assert held.leave("two") == [Controller(3, number, 0)]
    assert held.leave("one") == []


def test_a_note_off_that_was_lost_is_healed_by_the_next_press(player):
    player.hear("keys", ON, ON, OFF)
    assert player.keys == []


def test_a_hand_that_holds_nothing_ends_nothing(player):
    player.hear("keys", ON)
    player.hear("pads", OFF, OFF)
    assert player.keys == [60]
    player.hear("keys", OFF)
    assert player.keys == []


def test_what_nobody_is_known_to_hold_can_be_ended_by_anybody(player):
    player.voices.note_on(0, 60, 90)                # of a take that is played again
    player.hear("keys", OFF)
    assert player.keys == []


def test_a_source_that_goes_releases_its_own_and_nothing_else(player):
    player.hear("keys", ON, ON, NoteOn(1, 40, 90), DOWN)
    player.hear("pads", NoteOn(0, 62, 90), ON)
    assert player.held.leave("keys") == [NoteOff(0, 60, 2), NoteOff(1, 40, 1), Controller(0, 64, 0)]
    assert player.held.leave("keys") == [] == player.held.leave("unknown")


@pytest.mark.parametrize("last", ["left", "right"])
def test_a_pedal_of_two_feet_is_down_until_the_last_is_up(player, last):
    player.hear("left", DOWN)
    player.hear("right", DOWN)
    other = "right" if last == "left" else "left"
    player.hear(other, Controller(0, 64, 63), UP)
    assert player.voices.down[0]
    player.hear(last, UP)
    assert not player.voices.down[0]


def test_a_pedal_whose_port_goes_stays_down_under_another_foot(player):
    player.hear("left", DOWN)
    player.hear("right", DOWN)
    player.leave("left")
    assert player.voices.down[0]
    player.leave("right")
    assert not player.voices.down[0]


def test_of_one_source_every_message_passes_once(player):
    """Also those that change nothing: recorders and meters hear what was sent."""
    events = [ON, ON, OFF, OFF, DOWN, UP, UP, Controller(0, 64, 30), Controller(0, 7, 90)]
    heard = [player.held.hear("keys", event) for event in events]
    assert [type(event) for event in heard] == [type(event) for event in events]


@pytest.mark.parametrize("event", [Panic(), Controller(0, 123, 0)])
def test_what_ends_all_is_known_of_every_source(player, event):
    player.hear("keys", ON)
    player.hear("pads", ON)
    player.hear("keys", event)
    assert player.keys == []
    player.hear("keys", ON, OFF)
    assert player.keys == []
