"""Real parts for these tests: a JACK server with its dummy driver, an untrained model, the audio process."""
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from tests.jack_server import DEFAULT, JackServer, default_server_kept, unused_name

T = TypeVar("T")


def position_moves(client) -> bool:
    before = client.telemetry().position
    return bool(wait_for(lambda: client.telemetry().position > before, 20))


def notes(client) -> list[int]:
    return [key for key, velocity in enumerate(client.telemetry().notes) if velocity]


@pytest.fixture(scope="module")
def jack_server(tmp_path_factory) -> Iterator[Callable[..., JackServer]]:
    """Start a server: `jack_server(period, outputs)`. It is the one that this module's clients find from then on; one before it ends."""
    pytest.importorskip("jack", reason="JACK-Client is not installed")
    if not shutil.which("jackd"):
        pytest.skip("jackd is not installed: apt-get install jackd2")
    servers: list[JackServer] = []

    def start(period: int = 128, outputs: int = 2) -> JackServer:
        while servers:
            servers.pop().close()
        server = JackServer(unused_name("audio-test"), period, outputs)
        servers.append(server)
        os.environ[DEFAULT] = server.name
        return server
    with default_server_kept():
        yield start
        for server in servers:
            server.close()


@contextmanager
def portaudio_rescanned() -> Iterator[None]:
    """PortAudio as it sees the JACK server that runs now; afterwards it is ended, before the server goes."""
    from hummingface.instrument.audio.devices import devices
    devices.rescan()
    try:
        yield
    finally:
        devices.terminate()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[dict]:
    """A user's folder with one small model of random weights; returns the patch that plays it, as JSON."""
    from hummingface.instrument.patches.patch import Patch
    from hummingface.models.playing.checkpoint import save_model
    from hummingface.models.playing.untrained import untrained
    folder = tmp_path_factory.mktemp("home")
    before = os.environ.get("HUMMINGFACE_HOME")
    os.environ["HUMMINGFACE_HOME"] = str(folder)
    model = untrained(seed=1, width=64)
    save_model(model, folder / "models" / "test")
    yield Patch("Test", model.name, (0.5,) * model.latents, {"reverb.mix": 0.0, "motion.amount": 1.0}).to_json()
    if before is None:
        os.environ.pop("HUMMINGFACE_HOME", None)
    else:
        os.environ["HUMMINGFACE_HOME"] = before


def wait_for(condition: Callable[[], T], seconds: float = 120) -> T:
    """Wait until it holds, and return what it returned; fails after a time that no healthy machine needs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {seconds} s")


class Told:
    """Collects what a client tells."""

    def __init__(self, client):
        self.client, self.messages = client, []

    def find(self, **fields) -> dict | None:
        self.messages += self.client.poll()
        return next((m for m in self.messages if all(m.get(k) == v for k, v in fields.items())), None)

    def wait(self, seconds: float = 120, **fields) -> dict:
        return wait_for(lambda: self.find(**fields), seconds)

    def forget(self) -> None:
        self.messages += self.client.poll()
        self.messages.clear()


def look_at_ports(client, told: Told) -> None:
    """Have the engine see now that a port is gone. It looks once a second, and lets all keys up then: in the midst of what comes next."""
    told.forget()
    client.send({"do": "open_midi", "ports": None})
    told.wait(tell="midi")


@pytest.fixture
def engine(home) -> Iterator[Callable]:
    """Start an audio process: `engine(**options) -> (client, Told)`, ready to play; closed after the test."""
    from hummingface.instrument.audio.client import Client
    clients = []

    def start(ready: bool = True, **options):
        options = {"patch": home, "attach": False, **options}
        client = Client(**options)
        clients.append(client)
        client.start()
        told = Told(client)
        if ready:
            told.wait(tell="ready", seconds=600)
        return client, told
    yield start
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def shared(server, home, tmp_path_factory):
    """(client, Told): one audio process that the tests of a module share; `server` is the module's own."""
    from hummingface.instrument.audio.client import Client
    client = Client(patch=home, attach=False, log_events=str(tmp_path_factory.mktemp("log") / "events.jsonl"))
    client.start()
    told = Told(client)
    told.wait(tell="ready", seconds=600)
    yield client, told
    client.close()


@pytest.fixture
def playing(shared, server, home):
    """The same as it is at first, whatever another test has done to it: on its device, silent, with its own patch."""
    from hummingface.instrument.patches.parameters import PARAMETERS
    from hummingface.instrument.session.session import NOT_IN_PATCHES
    client, told = shared
    wait_for(lambda: client.alive)
    client.send({"do": "panic"})
    client.send({"do": "patch", "patch": home})
    for id_ in NOT_IN_PATCHES:
        client.send({"do": "set", "id": id_, "value": PARAMETERS[id_].default})
    client.send({"do": "open_midi", "ports": None})
    client.send({"do": "list"})
    told.forget()
    told.wait(tell="devices")                           # by then what was asked for before is done
    wait_for(lambda: notes(client) == [])
    told.forget()
    return client, told
