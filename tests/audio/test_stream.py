"""PortAudio with the compiled callback, here on a JACK server; and the stream for where there is no device."""
from collections.abc import Iterator

import numpy as np
import pytest

from hummingface.instrument.audio import listing
from hummingface.instrument.audio.devices import devices
from hummingface.instrument.audio.devices.devices import Device, DeviceError
from hummingface.instrument.audio.devices.stream import PortAudioStream, SilentStream, delay_samples
from hummingface.instrument.synthesis.producer import position, read_clock
from hummingface.instrument.synthesis.state import new_state
from tests.audio.conftest import portaudio_rescanned, wait_for


@pytest.fixture(scope="module")
def output(jack_server) -> Iterator[Device]:
    jack_server(256)
    with portaudio_rescanned():
        yield devices.find(None)


@pytest.mark.parametrize("block", [16, 256, 2048])
def test_portaudio_calls_the_compiled_render(output, block):
    state = new_state(48000)
    state["tone"] = 1
    stream = PortAudioStream(state, output, block)
    try:
        wait_for(lambda: position(state) >= 24000)
        at, now_s, _ = read_clock(state)
        assert at % block == 0
        assert abs(stream.time_s - now_s) < 1
        assert stream.active
        assert stream.output_latency_s > 0
    finally:
        stream.close()
    assert np.abs(state["output"][0, 20000:24000]).max() == pytest.approx(0.1, rel=0.01), "the test tone is in what was played"
    after = position(state)
    assert position(state) == after


def test_a_rate_that_does_not_open_names_the_device(output):
    with pytest.raises(DeviceError, match="system"):
        PortAudioStream(new_state(44100), output, 256)


def test_a_device_is_found_by_name_number_and_part(output):
    assert devices.find(output.name) == devices.find(str(output.number)) == devices.find("sys") == devices.find("system") == output
    with pytest.raises(DeviceError, match=r"Grand Organ.*system"):
        devices.find("Grand Organ")


def test_devices_are_described(output):
    text = listing.find().text()
    assert f"* {output.number:3}  {output.name}" in text
    assert "MIDI inputs:" in text


def test_without_a_device_time_goes_on():
    state = new_state(44100)
    stream = SilentStream(state)
    wait_for(lambda: position(state) > 4410)
    stream.close()
    after = position(state)
    assert not stream.active
    assert position(state) == after


@pytest.mark.parametrize(("block", "rate", "samples"), [
    (16, 48000, 64), (64, 48000, 64), (128, 48000, 128), (16, 44100, 59), (2048, 96000, 2048)])
def test_the_delay_is_a_block_and_at_least_a_quarter_hop(block, rate, samples):
    assert delay_samples(block, rate) == samples
