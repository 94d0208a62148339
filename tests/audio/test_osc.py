"""OSC over real sockets: controls, notes, what comes back, and what a network may send."""
import socket
import time

import numpy as np
import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from hummingface.instrument.audio.ports import osc_server
from hummingface.instrument.audio.ports.osc_server import OscError, OscServer, place_of
from hummingface.instrument.patches import osc_addresses
from hummingface.instrument.patches.osc_addresses import address_of
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.controls import Controls
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set

SOON_S = 20.0


def message(address, *arguments):
    made = OscMessageBuilder(address)
    for argument in arguments:
        made.add_arg(argument)
    return made.build().dgram


class Performer:
    def __init__(self):
        self.controls = Controls(1 / 187.5)


class Engine:
    """Where events end, and where controls stand."""

    def __init__(self):
        self.performer = Performer()
        self.heard = []

    def receive(self, event, source=None):
        self.heard.append(event)
        if isinstance(event, Set):
            self.performer.controls.set(event.id, event.value)

    def panic(self):
        self.heard.append("panic")


@pytest.fixture
def playing():
    """(the engine, names of patches that were asked for, a socket that sends to the server)."""
    engine, patches = Engine(), []
    server = OscServer(("127.0.0.1", 0), lambda: engine, patches.append)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.connect(server.place)
        here.settimeout(SOON_S)
        yield engine, patches, here
    server.close()


def until(done):
    end = time.monotonic() + SOON_S
    while not done():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_every_control_has_an_address_and_takes_values_places_and_names(playing):
    engine, _, here = playing
    wanted = []
    for name, parameter in PARAMETERS.items():
        for travel in (0.25, 1.0):
            here.send(message(f"/norm{address_of(name)}", travel))
            wanted.append(Set(name, parameter.from_travel(travel)))
            until(lambda: len(engine.heard) == len(wanted))
    assert [(one.id, pytest.approx(one.value)) for one in wanted] == [(one.id, one.value) for one in engine.heard]
    engine.heard.clear()
    here.send(message("/filter/cutoff_hz", 880))
    here.send(message("/master/mode", "Legato"))
    here.send(message("/reverb/mix", 7.5))
    until(lambda: len(engine.heard) == 3)
    assert set(engine.heard) == {Set("filter.cutoff_hz", 880.0), Set("master.mode", 2.0), Set("reverb.mix", 1.0)}


def test_notes_panic_patches_and_bundles_in_their_order(playing):
    engine, patches, here = playing
    bundle = OscBundleBuilder(IMMEDIATELY)
    for one in (("/note", 1, 60, 100), ("/reverb/mix", 0.5), ("/note", 16, 127, 1), ("/note", 1, 60, 0)):
        made = OscMessageBuilder(one[0])
        for argument in one[1:]:
            made.add_arg(argument)
        bundle.add_content(made.build())
    here.send(bundle.build().dgram)
    here.send(message("/patch", "Evening Grand"))
    until(lambda: patches)
    here.send(message("/panic"))
    until(lambda: len(engine.heard) == 5)
    assert engine.heard == [NoteOn(0, 60, 100), Set("reverb.mix", 0.5), NoteOn(15, 127, 1), NoteOff(0, 60), "panic"]
    assert patches == ["Evening Grand"]


def test_what_is_moved_elsewhere_comes_back_and_what_was_sent_does_not(playing):
    engine, _, here = playing
    here.send(message("/reverb/mix", 0.25))
    until(lambda: engine.heard)
    engine.performer.controls.set("filter.cutoff_hz", 440.0)
    back = OscMessage(here.recv(1000))
    assert (back.address, back.params) == ("/filter/cutoff_hz", [440.0])
    here.send(message("/sync"))
    told = {}
    while len(told) < len(PARAMETERS):
        back = OscMessage(here.recv(1000))
        told[back.address] = back.params[0]
    assert told["/reverb/mix"] == pytest.approx(0.25)
    assert set(told) == {address_of(name) for name in PARAMETERS}


def test_damage_is_passed_over(playing, caplog):
    engine, _, here = playing
    rng = np.random.default_rng(4)
    good = message("/note", 1, 60, 100)
    for turn in range(300):
        if turn % 50 == 0:                              # what comes at once is more than a socket keeps
            here.send(message("/reverb/mix", turn / 1000))
            until(lambda turn=turn: any(isinstance(one, Set) and one.value == pytest.approx(turn / 1000) for one in engine.heard))
        data = bytearray(good)
        for _ in range(int(rng.integers(1, 6))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        here.send(bytes(data[:int(rng.integers(1, len(data) + 1))]))
    for bad in (message("/note", 1, 60), message("/note", 0, 60, 100), message("/note", 1, 200, 100), message("/note", "a", 1, 1),
                message("/note", 1.5, 60, 100), message("/no/such", 1.0), message("/norm", 1.0), message("/filter/cutoff_hz"),
                message("/filter/cutoff_hz", "open"), message("/filter/cutoff_hz", float("nan")), message("/patch", 3), b"", b"\0" * 9000,
                b"#bundle\0" + b"\0" * 8 + b"\xff" * 8):
        here.send(bad)
        here.send(bad)
    here.send(message("/reverb/mix", 0.75))
    until(lambda: Set("reverb.mix", 0.75) in engine.heard)
    assert not [record for record in caplog.records if record.name == "root"], "the library's own are not in the log"
    assert all(isinstance(one, (NoteOn, NoteOff, Set)) or one == "panic" for one in engine.heard)
    assert Set("filter.cutoff_hz", 20000.0) not in engine.heard
    assert len([record for record in caplog.records if "passed over" in record.message]) <= 20


def test_of_a_flood_the_newest_counts_and_the_thread_rests(playing, monkeypatch):
    engine, _, here = playing
    rests = []
    sleep = time.sleep
    monkeypatch.setattr(osc_server.time, "sleep", lambda seconds: (rests.append(seconds), sleep(seconds)))
    for turn in range(3000):
        here.send(message("/reverb/mix", turn / 3000))
    sleep(0.2)
    here.send(message("/reverb/mix", 1.0))
    until(lambda: engine.heard and engine.heard[-1] == Set("reverb.mix", 1.0))
    assert len(engine.heard) < 1500, "many values of one control became one"
    assert osc_server.PAUSE_S in rests


def test_a_place_is_a_port_of_this_machine_unless_told_and_a_taken_one_is_named():
    assert place_of("9000") == ("127.0.0.1", 9000)
    assert place_of("0.0.0.0:9000") == ("0.0.0.0", 9000)
    assert place_of("[::1]:9000") == ("::1", 9000)
    for wrong in ("", "a", "0", "65536", "host:", "host:x"):
        with pytest.raises(ValueError, match="is not a port"):
            place_of(wrong)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(OscError, match=rf"OSC cannot listen at 127\.0\.0\.1:{port} .*Choose another port"):
            OscServer(("127.0.0.1", port), Engine, print)


def test_the_list_names_every_address_with_its_range():
    found = {one.address: one for one in osc_addresses.addresses()}
    assert (found["/filter/cutoff_hz"].lowest, found["/filter/cutoff_hz"].highest, found["/filter/cutoff_hz"].unit) == (20, 20000, "Hz")
    assert {"/note", "/panic", "/patch", "/sync"} <= set(found)
    assert len(found) == len(PARAMETERS) + 5
