"""Where a note stands in the model's time: as its controls say, while it sounds, and over blocks of any size."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set
from hummingface.instrument.performance.voices.note_time import REVERSED_RELEASE_S, TURN_S
from hummingface.instrument.performance.voices.voice_table import HELD, RELEASED

RATE_HZ, LONGEST_S, HOP_S = 48_000, 4.0, 1 / 187.5        # of the model of these tests


@pytest.fixture
def course(decaying):
    """(at_s, the time of the model at which the note stands) every twentieth of a second, of a note that begins at 0.1 s."""
    def play(seconds, events=(), **values):
        player = player_of(decaying, events, **values)
        found = []
        for _ in range(round(seconds * 20)):
            player.render(RATE_HZ // 20)
            slot = np.argmax(player.performer.voices.stage > 0)
            voice = player.performer.voices.table[slot]
            found.append((voice["age_s"], voice["time_s"], voice["stage"]))
        return np.array(found)
    return play


def player_of(source, events=(), **values):
    patch = Patch("Time", "Plain", (0.0,) * 16, {"reverb.mix": 0.0, **{f"time.{name}": value for name, value in values.items()}})
    return Player(source, patch, events=[(4800, NoteOn(0, 60, 100)), *events])


def test_forward_from_where_it_begins(course):
    plain, late = course(1.0), course(1.0, start=0.5)
    assert plain[-1, 1] == pytest.approx(plain[-1, 0], abs=1e-6)
    assert late[-1, 1] == pytest.approx(late[-1, 0] + 0.5 * LONGEST_S, abs=1e-6)


def test_backward_to_the_onset_where_it_ends(course):
    found = course(5.0, direction=1)
    sounding = found[(found[:, 2] == HELD) & (found[:, 0] > 0) & (found[:, 1] > 0.3)]
    assert np.allclose(sounding[:, 1], LONGEST_S - sounding[:, 0], atol=1e-6)
    assert found[-1, 2] != HELD and RELEASED in found[:, 2], "it has come back to its onset"
    assert REVERSED_RELEASE_S < 0.1


def test_ping_pong_turns_at_the_end_and_after_the_attack(course):
    found = course(9.5, direction=2)
    times = found[found[:, 0] > 1, 1]
    assert times.max() <= LONGEST_S and times.min() >= TURN_S - 1e-9
    turns = np.flatnonzero(np.diff(np.sign(np.diff(times))))
    assert len(turns) >= 2


def test_held_until_the_key_goes_up(course):
    found = course(2.0, [(4800 + round(1.5 * RATE_HZ), NoteOff(0, 60))], hold_s=0.5)
    held = found[(found[:, 0] > 0.6) & (found[:, 0] < 1.4)]
    assert np.allclose(held[:, 1], 0.5)
    after = found[found[:, 2] == RELEASED]
    assert len(after) and after[-1, 1] > 0.5


def test_frozen_at_once_and_going_on(course):
    at = 4800 + RATE_HZ // 2
    found = course(2.0, [(at, Set("time.freeze", 1.0)), (at + RATE_HZ, Set("time.freeze", 0.0))])
    still = found[(found[:, 0] > 0.55) & (found[:, 0] < 1.45), 1]
    assert np.ptp(still) < 1e-6 and still[0] == pytest.approx(0.5, abs=0.02)
    assert found[-1, 1] == pytest.approx(found[-1, 0] - 1.0, abs=0.02)


def test_led_by_the_hand(course):
    found = course(2.0, [(4800 + RATE_HZ, Set("time.position", 0.9))], scrub=1, position=0.5)
    assert found[15, 1] == pytest.approx(0.5 * LONGEST_S, abs=1e-3)
    assert found[-1, 1] == pytest.approx(0.9 * LONGEST_S, abs=1e-3)


def test_what_is_heard_is_where_it_stands(decaying):
    """The model's level falls with its time: backward it rises."""
    def rising_db(**values):
        sound = player_of(decaying, **values).render(3 * RATE_HZ)
        level = [20 * np.log10(np.sqrt(np.mean(sound[at:at + 9600] ** 2))) for at in (round(0.5 * RATE_HZ), round(2.5 * RATE_HZ))]
        return level[1] - level[0]
    forward, backward, frozen = rising_db(), rising_db(direction=1), rising_db(scrub=1)
    assert forward < -3 and backward == pytest.approx(-forward, abs=1) and abs(frozen) < 0.2


@pytest.mark.parametrize("values", [{"direction": 1}, {"direction": 2, "speed": 4.0}, {"scrub": 1, "position": 0.3},
                                    {"hold_s": 0.3, "start": 0.02}], ids=str)
def test_blocks_change_nothing(decaying, values):
    events = [(40_000, Set("time.position", 0.8)), (60_000, NoteOff(0, 60))]
    expected = player_of(decaying, events, **values).render(80_000)
    assert np.array_equal(np.concatenate([player_of(decaying, events, **values).render(80_000, 97)]), expected)
    assert np.isfinite(expected).all() and np.abs(expected).max() < 1


def test_every_value_is_finite(decaying):
    rng = np.random.default_rng(5)
    group = [p for p in PARAMETERS.values() if p.group == "time"]
    for _ in range(6):
        events = [(int(at), Set(p.id, float(rng.uniform(p.lowest, p.highest)))) for p in group for at in rng.integers(0, 60_000, 3)]
        sound = player_of(decaying, [*events, (50_000, NoteOff(0, 60))]).render(70_000)
        assert np.isfinite(sound).all() and np.abs(sound).max() < 1
