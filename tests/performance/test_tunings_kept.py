"""Snapshots, logs and takes hold every kind of tuning."""
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.scale_tuning import ScaleTuning
from hummingface.instrument.performance import snapshot, snapshot_check
from hummingface.instrument.performance.messages import tuning_events
from hummingface.instrument.performance.messages.midi import Controller, NoteOn
from hummingface.instrument.performance.messages.tuning_events import HostTuning, TuneKeys, TuneOctave, TuningEvent, UseTuning
from tests.performance.hearing import RATE
from tests.performance.tuned_player import player_of

if TYPE_CHECKING:
    from hummingface.instrument.performance.events import PlayerEvent


def test_a_snapshot_and_a_log_hold_every_tuning(plain):
    tuning = ScaleTuning("third", ("", "1", "300."))
    events: list[TuningEvent] = [
        UseTuning(tuning), TuneOctave((1, 2), tuple(map(float, range(12))), True), TuneKeys((60, 61), (60.25, 61.5), False),
        HostTuning(((float("nan"), *np.arange(127.0).tolist()),)), UseTuning(None)]
    player = player_of(plain)
    for event in events[:-1]:
        assert repr(tuning_events.from_json(tuning_events.to_json(event))) == repr(event)
        player.performer.receive(event, 0)
    for number, value in ((101, 0), (100, 1), (6, 12), (38, 99)):
        player.performer.receive(Controller(5, number, value), 0)
    player.render(RATE // 10)
    captured = snapshot_check.check(snapshot.capture(player.performer))
    other = player_of(plain)
    snapshot.restore(other.performer, captured)
    for performer in (player.performer, other.performer):
        assert np.isnan(performer.key_pitches.table[0, 0])
        performer.key_pitches.hear(HostTuning(()))
        assert np.isfinite(performer.key_pitches.table[:, 50:70]).all()
    np.testing.assert_array_equal(player.performer.key_pitches.table, other.performer.key_pitches.table)
    assert "tuning" not in snapshot.capture(player_of(plain).performer), "nothing, where nothing is tuned"
    for damage in ({"by_midi": [[0.0]]}, {"fine": [1]}, {"host": 3}, {"player": {"name": "x"}}, {"else": 1}, {"coarse": [1.5] * 16}):
        with pytest.raises(snapshot.SnapshotError):
            snapshot_check.check({**captured, "tuning": damage})


def test_a_take_with_every_kind_of_tuning_is_played_again(untrained):
    """From its snapshot and its log, as they are on disk."""
    from hummingface.instrument.recording import performance_log as played
    from hummingface.instrument.recording.replay import Replay
    patch = Patch("Take", untrained.name, (0.5,) * 16, {"reverb.mix": 0.0}, tuning=ScaleTuning("half", ("", "1", "50.")))
    events: list[tuple[int, PlayerEvent]] = [
        (0, UseTuning(ScaleTuning("third", ("", "1", "300.")))), (480, NoteOn(0, 64, 90)), (4800, TuneKeys((64,), (61.25,), True)),
        (9600, HostTuning((tuple(np.arange(128.0) + 0.3),))), (9600, NoteOn(2, 50, 90)), (14400, HostTuning(())),
        (14401, Controller(2, 101, 0)), (14402, Controller(2, 100, 1)), (14403, Controller(2, 6, 90))]
    player = Player(untrained, patch, seed=3)
    captured = snapshot.capture(player.performer)
    for sample, event in events:
        player.performer.receive(event, sample)
    wanted = player.render(24_000)
    log = b"".join([played.head_line("Take", 0, True, captured), *(played.event_line(*event) for event in events),
                    played.end_line(24_000, 0)])
    again = np.concatenate(list(Replay(played.parse(log, "take"), untrained).render(24_000)))
    np.testing.assert_allclose(again, wanted, atol=1e-4)
    assert np.abs(wanted).max() > 0.001
