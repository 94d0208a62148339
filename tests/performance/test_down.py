"""The notes held by the events alone are those that the performer holds."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.performance.messages.held_notes import HeldNotes
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Panic
from hummingface.instrument.performance.voices.voice_table import HELD, PEDAL
from tests.performance.hearing import DRY


def an_event(random):
    channel, key = int(random.integers(0, 3)), int(random.integers(60, 68))
    kind = random.choice(7, p=[0.4, 0.3, 0.12, 0.12, 0.02, 0.02, 0.02])
    return [NoteOn(channel, key, 90), NoteOff(channel, key), Controller(channel, 64, 127), Controller(channel, 64, 10),
            Controller(channel, int(random.choice([120, 121, 123, 126])), 0), Controller(channel, 1, 64), Panic()][kind]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_the_performer_holds_and_lets_up_all_of_it(plain, seed):
    random, down, player = np.random.default_rng(seed), HeldNotes(), Player(plain, events=DRY)
    voices, held = player.performer.voices, 0
    for _ in range(400):
        event = an_event(random)
        down.hear(event)
        player.performer.receive(event, player.position)
        player.render(1024)
        sounding = {(int(v["channel"]), int(v["key"])) for v in voices.table[(voices.stage == HELD) | (voices.stage == PEDAL)]}
        assert {(c, k) for c in range(3) for k in range(60, 68) if down.sounds(NoteOff(c, k))} == sounding
        held = max(held, len(sounding))
    assert held > 5
    for event in down.release_all():
        player.performer.receive(event, player.position)
        down.hear(event)
    player.render(1024)
    assert not ((voices.stage == HELD) | (voices.stage == PEDAL)).any() and not voices.down.any()
    assert down.release_all() == []
