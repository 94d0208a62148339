"""Names of the ports on a real JACK server, as patchbays and DAWs remember them."""
import os
import signal

import pytest

from tests.audio.conftest import wait_for

OURS = ["HummingFace:midi_in", "HummingFace:out_1", "HummingFace:out_2"]


@pytest.fixture(scope="module", autouse=True)
def server(jack_server):
    return jack_server(256)


def ports() -> list[str]:
    """All ports on the server that begin with our name."""
    import jack
    client = jack.Client("looker", no_start_server=True)
    try:
        return sorted(port.name for port in client.get_ports("^HummingFace"))
    finally:
        client.close()


def test_ports_have_the_same_names_after_a_restart_of_the_engine_and_after_it_was_killed(engine):
    client, told = engine()
    assert ports() == OURS
    for end in (client.restart, lambda: os.kill(client._link.process.pid, signal.SIGKILL)):
        told.forget()
        end()
        told.wait(tell="ready")
        wait_for(lambda: ports() == OURS)


def test_ports_have_the_same_names_after_a_restart_of_the_server(engine, server):
    _, told = engine()
    assert ports() == OURS
    server.kill()
    told.forget()
    server.start()
    wait_for(lambda: (audio := told.find(tell="audio", problem="")) and "JACK" in audio["device"], 240)
    wait_for(lambda: ports() == OURS)


def test_it_is_one_client_of_the_server_alone(engine):
    """PortAudio, which looks for devices, does not stay one too: the server would wait for it, and miss it when the instrument ends."""
    import jack
    engine()
    looker = jack.Client("looker", no_start_server=True)
    try:
        assert looker.get_uuid_for_client_name("HummingFace")
        with pytest.raises(jack.JackError):
            looker.get_uuid_for_client_name("PortAudio")
    finally:
        looker.close()


def test_a_second_instance_has_names_of_its_own_and_leaves_the_first_ones_alone(engine):
    first, _ = engine()
    assert ports() == OURS
    second, _ = engine()
    others = [name for name in ports() if name not in OURS]
    assert len(ports()) == 6 and [name.partition(":")[2] for name in others] == ["midi_in", "out_1", "out_2"]
    assert len({name.partition(":")[0] for name in others}) == 1, others
    second.close()
    wait_for(lambda: ports() == OURS)
    assert first.alive
