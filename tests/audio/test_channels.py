"""Devices with one channel, and with more than two: real JACK servers that play so many, through PortAudio and on JACK's own way."""
import socket
import threading

import numpy as np
import pytest

from hummingface.instrument.audio.devices import devices
from hummingface.instrument.audio.devices.jack_stream import JackStream
from hummingface.instrument.audio.devices.stream import PortAudioStream
from hummingface.instrument.synthesis.producer import position
from tests.audio.conftest import portaudio_rescanned, wait_for

PERIOD, SAMPLES = 256, 6_000
TOLD_WITHIN = 12_000                       # samples: how late JACK may tell of a period that was lost


@pytest.fixture(scope="module", params=[1, 2, 4])
def outputs(request, jack_server):
    """A server that plays so many channels, seen by PortAudio too."""
    server = jack_server(PERIOD, request.param)
    with portaudio_rescanned():
        yield server.outputs


@pytest.fixture
def state():
    """A state block in which one note sounds without end, more on the left."""
    from hummingface.instrument.offline.player import Player
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.instrument.performance.messages.midi import Controller, NoteOn
    from hummingface.models.playing.untrained import untrained
    player = Player(FrameSource(untrained(seed=1, width=16)))
    player.performer.receive(Controller(0, 10, 10), 0)
    player.performer.receive(NoteOn(0, 60, 100), 0)
    player.performer.advance(3000)              # then it comes no more, so the last frame is held
    return player.state


@pytest.fixture(params=["PortAudio", "JACK"])
def stream(request, state, outputs):
    device = devices.find(None)
    assert device.channels == outputs
    reader, writer = socket.socketpair()
    stream = PortAudioStream(state, device, PERIOD) if request.param == "PortAudio" else JackStream(state, device, writer.fileno())
    yield stream
    stream.close()
    reader.close()
    writer.close()


def record(channels: int) -> tuple[list[list[str]], np.ndarray]:
    """What is connected to each of the device's channels, and what arrives there [channels, SAMPLES], in one piece: where a busy machine
    loses a period, recording begins again. JACK tells of it later than the period comes, so what was recorded counts after a while."""
    import jack
    recorder = jack.Client("recorder", no_start_server=True)
    heard, done, begun = np.zeros((channels, SAMPLES), np.float32), threading.Event(), threading.Event()
    filled = 0
    ports = [recorder.inports.register(f"in_{n + 1}") for n in range(channels)]

    @recorder.set_process_callback
    def process(frames):
        nonlocal filled
        if not begun.is_set() or done.is_set():
            return
        count = max(0, min(frames, SAMPLES - filled))
        for row, port in zip(heard, ports, strict=True):
            row[filled:filled + count] = port.get_array()[:count]
        filled += frames
        if filled > SAMPLES + TOLD_WITHIN:
            done.set()

    @recorder.set_xrun_callback
    def lost(delay_us):
        nonlocal filled
        if not done.is_set():
            filled = 0
    with recorder:
        sources = [[port.name for port in recorder.get_all_connections(f"system:playback_{n + 1}")] for n in range(channels)]
        for port, found in zip(ports, sources, strict=True):
            for source in found:
                recorder.connect(source, port)
        begun.set()
        assert done.wait(60)
    return sources, heard


def test_a_device_plays_what_it_has_channels_for(stream, state, outputs):
    wait_for(lambda: position(state) > 24_000)
    sources, heard = record(outputs)
    played = state["output"][0, :position(state)].copy()
    left, right = played[:, 0], played[:, 1]
    assert np.abs(left[-SAMPLES:]).max() > 1.5 * np.abs(right[-SAMPLES:]).max() > 1e-3         # the controller has glided there
    assert [len(found) for found in sources[:2]] == [1] * min(outputs, 2), sources
    if outputs == 1:
        assert lies_in(heard[0], 0.5 * left + 0.5 * right), "both sides at half gain"
    else:
        assert lies_in(heard[0], left)
        assert lies_in(heard[1], right)
        assert not heard[2:].any()


def lies_in(piece: np.ndarray, whole: np.ndarray) -> bool:
    """Whether it is found there, sample for sample."""
    starts = whole[:len(whole) - len(piece)]
    near = [np.abs(whole[n:n + len(starts)] - piece[n]) < 1e-6 for n in (0, 1, 10, 1000)]
    return any(np.abs(whole[at:at + len(piece)] - piece).max() < 1e-6 for at in np.flatnonzero(np.all(near, 0)))
