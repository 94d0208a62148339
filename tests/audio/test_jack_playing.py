"""The whole real way, MIDI in to audio out through a JACK server, against the offline render and the clock."""
import json
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from hummingface.instrument.audio.client import Client
from hummingface.instrument.performance.messages.midi import Event, NoteOn
from tests.audio.conftest import Told, look_at_ports, wait_for
from tests.audio.jack_player import RATE_HZ, Player, dense_performance

SECONDS = 20.0              # 801 events, each compared to the sample: more only repeat them. tests/bench/record_soak.py plays an hour
PERIOD = 128
GAP_SAMPLES = 2400          # from note to note
HEARD = 1e-9                # a sample's jump: what is left of earlier notes has 3e-10; one first sample in 1,000,000 has less by chance


@pytest.fixture(scope="module")
def playing(jack_server, home, tmp_path_factory):
    """An engine on a server of `PERIOD`, its log, and the same sound to render offline."""
    from hummingface.instrument.patches import patch as patch_file
    from hummingface.instrument.performance import sound_bank
    server = jack_server(PERIOD)
    log = tmp_path_factory.mktemp("log") / "events.jsonl"
    client = Client(patch=home, attach=False, log_events=str(log))
    client.start()
    told = Told(client)
    told.wait(tell="ready", seconds=600)
    yield SimpleNamespace(client=client, told=told, log=log, server=server,
                          sound=sound_bank.open_sound(patch_file.from_json(home)))
    client.close()


def logged(log) -> list[tuple[int, Event]]:
    """(the sample at which it takes effect, event) of all that the engine took so far."""
    from hummingface.instrument.performance.messages import midi, tuning_events
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [(line.pop("sample"), (tuning_events if line["event"] in tuning_events.KINDS else midi).from_json(line)) for line in lines]


def use_period(playing, block: int) -> None:
    """Have JACK take this period from now on, under the running engine."""
    import jack
    playing.told.forget()
    with jack.Client("changer", no_start_server=True) as changer:
        if changer.blocksize != block:
            changer.blocksize = block
            playing.told.wait(tell="audio", block_samples=block)


def test_a_dense_performance_equals_the_offline_render(playing):
    from hummingface.instrument.offline.player import Player as OfflinePlayer
    use_period(playing, PERIOD)
    performance, before = dense_performance(SECONDS), len(logged(playing.log))
    begins = int(playing.client._state[0]["position"])
    with Player(performance, SECONDS + 1) as player:
        captured = player.play_freewheeling()
        state = playing.client._state[0]
        assert state["waits_given_up"] == 0
        position = int(state["position"])
        events = logged(playing.log)        # while the port is there: once it is gone, keys are released
    assert len(events) - before == len(performance), "every event arrived, once"
    rendered = OfflinePlayer(playing.sound.source, playing.sound.patch, events=events).render(position, 1024)
    # Where the recording lies in the engine's time: found by the sound, so that the stamps can be judged by it.
    begin = begins + _where(captured, rendered[begins:])
    ours = rendered[begin:begin + len(captured)]
    assert len(ours) == len(captured)
    assert np.abs(captured).max() > 0.01
    assert np.abs(ours - captured).max() <= 1e-4
    ahead = player.first_sent - player.first_recorded
    errors = [effect - PERIOD - (begin + ahead + frame) for (effect, _), (frame, _) in zip(events[before:], performance, strict=True)]
    assert max(map(abs, errors)) <= PERIOD
    assert set(errors) == {0}, "and even to the sample"


def test_tuning_messages_come_through_and_no_other_system_exclusive(playing):
    """Of any length, at their sample; of the highest key, which nothing else here plays."""
    from hummingface.instrument.performance.messages.tuning_events import TuneKeys
    keys = [byte for key in range(128) for byte in ((key, 0, 0) if key == 127 else (0x7F, 0x7F, 0x7F))]
    dump = bytes([0xF0, 0x7E, 0, 8, 1, 0, *b"A name of sixteen"[:16], *keys, 0, 0xF7])
    change = bytes([0xF0, 0x7F, 0, 8, 2, 0, 1, 127, 126, 0, 0, 0xF7])
    other = bytes([0xF0, 0x7D, *range(100), 0xF7])
    before = len(logged(playing.log))
    with Player([(2000 + 100 * i, message) for i, message in enumerate((dump, other, change, dump))], 0.5) as player:
        player.play_freewheeling()
        events = logged(playing.log)[before:]
    assert [event for _, event in events] == [TuneKeys((127,), (127.0,), False), TuneKeys((127,), (126.0,), True),
                                              TuneKeys((127,), (127.0,), False)]
    assert [later - sooner for (sooner, _), (later, _) in pairwise(events)] == [200, 100]


def _where(captured: np.ndarray, rendered: np.ndarray) -> int:
    """Index in `rendered` of the recording's first sample, by where both become loud."""
    loud = 0.2 * np.abs(captured).max()
    return int(np.argmax(np.abs(rendered).max(1) > loud)) - int(np.argmax(np.abs(captured).max(1) > loud))


@pytest.mark.parametrize("block", [64, 128, 256])
def test_a_note_sounds_one_block_after_its_stamp(playing, block):
    """200 notes at any frame; JACK's period is changed under the running engine."""
    use_period(playing, block)
    look_at_ports(playing.client, playing.told)
    random = np.random.default_rng(block)
    frames = np.arange(200) * GAP_SAMPLES + 480 + random.integers(0, 512, 200)
    performance = []
    for frame in frames:
        performance += [(int(frame), bytes([0x90, int(random.integers(48, 84)), 100])), (int(frame) + 300, bytes([0xB0, 120, 0]))]
    def notes() -> list[int]:
        """Effects of all notes so far. Events of other kinds may come besides: a port that went away lets its keys up."""
        return [effect for effect, event in logged(playing.log) if isinstance(event, NoteOn)]
    before = len(notes())
    with Player(performance, 200 * GAP_SAMPLES / RATE_HZ + 0.1) as player:
        captured = player.play_freewheeling()
    with suppress(AssertionError):
        wait_for(lambda: len(notes()) >= before + len(frames), 30)
    effects = np.array(notes()[before:])
    assert len(effects) == len(frames), "every note arrived, once"
    assert len(set(effects - frames)) == 1, "each at its place, to the sample"
    ahead = player.first_sent - player.first_recorded
    jumps = np.abs(np.diff(captured[:, 0], 2, prepend=[0, 0]))      # what is left of earlier notes is smooth
    latencies = []
    for frame in frames:
        heard = np.flatnonzero(jumps[frame + ahead - 64:frame + ahead + block + 64] > HEARD)
        assert len(heard), f"the note at frame {frame} was not heard"
        latencies.append(int(heard[0]) - 64)
    told = str(dict(zip(*map(np.ndarray.tolist, np.unique(latencies, return_counts=True)), strict=True)))
    # A voice begins exactly one block after the stamp, with its envelope at zero: the sample after it is the first to be heard.
    assert set(latencies) <= {block, block + 1}, told
