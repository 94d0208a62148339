"""The whole real way, MIDI in to audio out through a JACK server: louder with every velocity, even over the keys, and soft notes end."""
import numpy as np
import pytest

from hummingface.instrument.audio.client import Client
from hummingface.instrument.offline.levelling import momentary_lufs
from hummingface.instrument.patches import library
from hummingface.models.playing.key_trend import smooth
from tests.audio.conftest import Told
from tests.audio.jack_player import RATE_HZ, Player

PATCH = "Suitcase Tines"
NOTE_S, EVERY_S = 0.8, 0.9
VELOCITIES = [16, *range(24, 127, 8), 127]
KEYS = list(range(48, 73))
RELEASED_S = 2.4
pytestmark = pytest.mark.skipif(not library.models(), reason="the factory's models are not in assets/models")


def note(at_s: float, key: int, velocity: int, cut: bool) -> list[tuple[int, bytes]]:
    """A note of NOTE_S, cut off at its end, or let ring."""
    begin, end = round(at_s * RATE_HZ), round((at_s + NOTE_S) * RATE_HZ)
    return [(begin, bytes([0x90, key, velocity])), (end, bytes([0x80, key, 64])), *([(end, bytes([0xB0, 120, 0]))] if cut else [])]


@pytest.fixture(scope="module")
def heard(jack_server, home):
    """What the audio process plays of all velocities at one key, all keys at one velocity, and a soft note that is released."""
    strokes = [(60, velocity) for velocity in VELOCITIES] + [(key, 100) for key in KEYS]
    performance = [event for i, (key, velocity) in enumerate(strokes) for event in note(0.1 + i * EVERY_S, key, velocity, True)]
    released_s = 0.1 + len(strokes) * EVERY_S
    performance += note(released_s, 60, 20, False)
    jack_server(256)
    patch = library.load_patch(PATCH).dry()
    client = Client(patch=patch.to_json(), attach=False)
    client.start()
    try:
        Told(client).wait(tell="ready", seconds=600)
        with Player(performance, released_s + NOTE_S + RELEASED_S + 0.2) as player:
            sound = player.play_freewheeling()
            ahead = player.first_sent - player.first_recorded
    finally:
        client.close()

    def lufs(at_s: float, seconds: float) -> float:
        begin = ahead + round(at_s * RATE_HZ)
        return momentary_lufs(sound[begin:begin + round(seconds * RATE_HZ)])
    notes = np.array([lufs(0.1 + i * EVERY_S, NOTE_S) for i in range(len(strokes))])
    return notes[:len(VELOCITIES)], notes[len(VELOCITIES):], lufs(released_s, NOTE_S), lufs(released_s + NOTE_S + 2.0, 0.4)


def test_harder_is_louder(heard):
    by_velocity, *_ = heard
    assert (np.diff(by_velocity) > 0).all()
    assert 32 < by_velocity[-1] - by_velocity[0] < 40


def test_keys_are_even(heard):
    _, by_key, *_ = heard
    off = by_key - smooth(by_key)
    assert np.abs(np.diff(off)).max() < 2.0
    assert off.std() < 0.8


def test_a_soft_note_ends(heard):
    *_, held, after = heard
    assert held > -60
    assert after < held - 40
