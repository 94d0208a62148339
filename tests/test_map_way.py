"""Travelling over the map: a blend of what is near, as one undo step, through the session; and a take of it is played again."""
import numpy as np
import pytest

from hummingface.instrument.audio.process import quick_commands
from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.blend import Blend, from_json
from hummingface.instrument.patches.parameters import LATENT_KNOBS
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
from hummingface.instrument.recording import performance_log, replay
from hummingface.instrument.session.map_way import NEAR, Stop, Way, shares
from hummingface.instrument.session.session import Session

RATE_HZ, LATENTS = 48_000, 20
MODEL = "Untrained"
rng = np.random.default_rng(7)
PATCHES = [Patch(f"Sound {i}", MODEL, tuple(rng.uniform(-1, 1, LATENTS).round(3)), {"filter.cutoff_hz": 400.0 * (i + 1), "reverb.mix": 0.0},
                 gain_db=-3.0 * i) for i in range(6)]
PLACES = [(0.1, 0.1), (0.6, 0.2), (0.3, 0.8), (1.2, 0.5), (1.8, 0.9), (1.7, 0.1)]


def way_of(patch=PATCHES[0], patches=PATCHES):
    sent: list[dict] = []
    way = Way(Session(sent.append, patch))
    way.stops = [Stop.of(at, stop) for at, stop in zip(PLACES, patches, strict=False)]
    return way, way._session, sent


def test_shares_come_and_go_by_nothing():
    places = np.array(PLACES)
    way = np.linspace((0.05, 0.0), (1.95, 0.9), 4000)
    dense = np.zeros((len(way), len(places)))
    for row, point in zip(dense, way, strict=True):
        nearest, share = shares(places, tuple(point))
        row[nearest] = share
    assert np.abs(dense.sum(1) - 1).max() < 1e-9 and (dense > 0).sum(1).max() <= NEAR and np.abs(np.diff(dense, axis=0)).max() < 0.01
    assert shares(places, PLACES[3])[0].tolist() == [3]
    assert shares(np.array([(0.0, 0.0)] * 6), (1.0, 0.5))[1] == pytest.approx(np.full(NEAR, 1 / NEAR)), "all in one place"


def test_a_way_is_one_undo_step_and_ends_at_the_sound_that_is_there():
    way, session, sent = way_of()
    before = session.state
    way.begin()
    for x in np.linspace(0.2, PLACES[3][0], 9):
        near = way.go((float(x), 0.5))
    way.end()
    assert [(stop.patch.name, share) for stop, share in near] == [("Sound 3", 1.0)]
    there = session.state.to_patch()
    assert there.latents == pytest.approx(PATCHES[3].latents) and there.gain_db == pytest.approx(-9) and there.name == "Sound 0"
    assert there.parameters["filter.cutoff_hz"] == pytest.approx(1600)
    assert {message["do"] for message in sent} == {"set", "blend"}
    session.undo()
    assert session.state.same_sound(before) and sent[-1]["patch"] == PATCHES[0].to_json() and not session.can_undo
    session.redo()
    assert session.state.to_patch() == there


def test_what_a_blend_is_made_of_and_what_stays():
    """Locked latents, the patch's switches and sounds of other models stay out of it; a morph pad's corners count as they sound."""
    pad = PATCHES[1].with_values(morph=tuple(Corner(str(i), (2.0,) * LATENTS) for i in range(4)),
                                 parameters={**PATCHES[1].parameters, "morph.amount": 1.0, "master.mode": 2.0})
    other = PATCHES[2].with_values(model="Another")
    way, session, _ = way_of(pad, [PATCHES[0], pad, other])
    session.lock("latent.2", True)
    way.begin()
    near = way.go((0.35, 0.5))
    way.end()
    share = {stop.patch.name: part for stop, part in near}
    assert set(share) == {"Sound 0", "Sound 1"} and sum(share.values()) == pytest.approx(1)
    wanted = share["Sound 0"] * PATCHES[0].latents[0] + share["Sound 1"] * 2.0
    assert session["latent.1"] == pytest.approx(wanted) and session["latent.2"] == PATCHES[1].latents[1]
    assert session["morph.amount"] == 0 and session["master.mode"] == 2.0


@pytest.mark.parametrize(("latents", "gain_db"), [([5.0], 0.0), (["x"], 0.0), (3, 0.0), ([0.0] * 200, 0.0), ([], 61.0), ([], "loud"),
                                                  ([], True)])
def test_a_blend_from_elsewhere_is_checked(latents, gain_db):
    with pytest.raises(ValueError, match="of a blend"):
        from_json(latents, gain_db)


def test_what_a_take_moves_without_controls_is_taken_over_and_not_sent_back():
    _, session, sent = way_of()
    session.blend_from_engine(Blend((0.5,) * (LATENTS - LATENT_KNOBS), -7.0))
    session.blend_from_engine(Blend((0.5,), 3.0))                # of another model's sound
    patch = session.state.to_patch()
    assert patch.latents[LATENT_KNOBS:] == (0.5,) * (LATENTS - LATENT_KNOBS) and patch.gain_db == -7.0 and sent == []


class Hand:
    """Takes the commands of a window as the audio process does; `events`: at which samples they took effect."""

    def __init__(self, player):
        self.player, self.events = player, []

    def receive(self, event, _source=None):
        self.events.append((self.player.performer.receive(event, self.player.position), event))


def test_a_take_of_a_way_is_played_again():
    """Latents with and without knobs, controls and the levelling: all that a way moves, while notes sound."""
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.models.playing.untrained import untrained
    source = FrameSource(untrained(latents=LATENTS, seed=3, width=64))
    player = Player(source, PATCHES[0], rate_hz=RATE_HZ, seed=5)
    player.render(RATE_HZ)
    assert snapshot.at_rest(player.performer)
    values, begin = snapshot.capture(player.performer), player.position
    way, session, sent = way_of()
    hand = Hand(player)
    for event in (NoteOn(0, 60, 100), NoteOn(0, 67, 90)):
        hand.receive(event)
    way.begin()
    pieces = []
    for x in np.linspace(0.1, 1.8, 40):
        way.go((float(x), 0.5 + 0.4 * float(np.sin(5 * x))))
        for message in sent:
            quick_commands.play(message, hand, None)        # type: ignore[arg-type]
        sent.clear()
        pieces.append(player.render(1440))
    hand.receive(NoteOff(0, 60))
    recorded = np.concatenate([*pieces, player.render(RATE_HZ // 2)])
    assert player.performer.patch.gain_db == session.state.patch.gain_db
    assert player.performer.sound.latents.point == pytest.approx(session.model_latents(), abs=0.05)      # what moved least waits

    def take_of(events):
        text = (performance_log.head_line("Way", begin, True, values) + b"".join(performance_log.event_line(*pair) for pair in events)
                + performance_log.end_line(len(recorded)))
        performance = performance_log.parse(text, "a take")
        return np.concatenate(list(replay.Replay(performance, source).render(len(recorded))))
    assert np.abs(recorded).max() > 0.02 and np.abs(take_of(hand.events) - recorded).max() <= 1e-4
    without = [pair for pair in hand.events if not isinstance(pair[1], Blend)]
    assert len(hand.events) - len(without) == 40 and LATENTS > LATENT_KNOBS
    assert np.abs(take_of(without) - recorded).max() > 1e-3, "and it would be heard if it were not so"
