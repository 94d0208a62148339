"""The whole real way, MIDI in to audio out through a JACK server, against the offline render."""
import json

import numpy as np
import pytest

from tests.audio.jack_player import Player, dense_performance

PERIOD = 128
SECONDS = 60.0


@pytest.fixture(scope="module")
def offline(home):
    """Render a log of the engine: `offline(log path, samples) -> [samples, 2]`."""
    from instrument import library
    from instrument import offline as player
    from instrument import patch as patch_file
    from instrument.performance import midi
    sound = library.open_sound(patch_file.from_json(home))

    def render(log, samples):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        events = [(line.pop("sample"), midi.from_json(line)) for line in lines]
        offline_player = player.Player(sound.timbre, sound.patch, events=events)
        return events, offline_player.render(samples, 1024)
    return render


def test_a_dense_minute_equals_the_offline_render(jack_server, engine, offline, tmp_path):
    jack_server(PERIOD)
    log = tmp_path / "events.jsonl"
    client, told = engine(log_events=str(log))
    performance = dense_performance(SECONDS)
    with Player(performance, seconds=SECONDS + 2) as player:
        frames, captured = player.play_freewheeling()
        position = client.telemetry().position
    state = client._state[0]
    assert state["waits_given_up"] == 0
    events, rendered = offline(log, position)
    assert len(events) == len(performance), "every event arrived, once"
    # Where the capture lies in the engine's time: by the sound itself.
    first = np.flatnonzero(np.abs(captured).max(1) > 1e-3)[0]
    begin = np.flatnonzero(np.abs(rendered).max(1) > 1e-3)[0] - first
    ours = rendered[begin:begin + len(captured)]
    assert np.abs(ours[:len(captured)] - captured[:len(ours)]).max() <= 1e-4
    # The engine's time of frame 0 of the capture is `begin`; effects come one block after the stamp.
    for (effect, event), (frame, data) in zip(events, performance, strict=True):
        assert abs((effect - PERIOD) - (begin + frame)) <= PERIOD, (event, data)
    assert np.abs(captured).max() > 0.01
