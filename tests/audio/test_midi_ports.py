"""Which ports are meant by a name, and what becomes of notes whose port goes. JACK's ports here are a list of names, the system's are
stand-ins for RtMidi's, or RtMidi's on a real JACK server."""
import time
from types import SimpleNamespace

import pytest

from hummingface.instrument.audio.devices.device_names import distinct, matching, same_device, stable_name
from hummingface.instrument.audio.engine.held_by_source import HeldBySource
from hummingface.instrument.audio.ports import midi_system
from hummingface.instrument.audio.ports.midi_ports import MidiPorts
from hummingface.instrument.performance.messages.midi import decode, encode
from tests.audio.conftest import notes, wait_for


class Jack:
    """What `JackInputs` has of MIDI, with ports that come and go as a test says."""

    def __init__(self, *names):
        self.there, self.to, self.new, self.inactive = list(names), set(), set(), set()

    done_until = 0

    def take(self):
        return []

    def sources(self):
        return self.there

    def connected(self):
        return [name for name in self.there if name in self.to]

    def came(self):
        new, self.new = self.new, set()
        return new

    def connect(self, name):
        if name not in self.inactive:
            self.to.add(name)
        return name not in self.inactive

    def disconnect(self, name):
        self.to.discard(name)


def unheard(message, source):
    pass


@pytest.mark.parametrize(("wanted", "opened"), [
    (None, ["keys:1", "keys:10", "pads:1"]), (["keys:1"], ["keys:1"]), (["Keys"], ["keys:1", "keys:10"]), (["none"], []),
    (["keys:10", "pads"], ["keys:10", "pads:1"])])
def test_a_whole_name_means_that_port_alone_and_a_part_all_that_have_it(wanted, opened):
    ports, jack = MidiPorts(unheard, virtual=False), Jack("keys:1", "keys:10", "pads:1")
    ports.use_jack(jack)
    ports.want(wanted)
    assert jack.connected() == opened
    ports.close()


def test_a_port_that_cannot_be_connected_yet_is_tried_again():
    ports, jack = MidiPorts(unheard, virtual=False), Jack("keys:1")
    jack.inactive.add("keys:1")
    ports.use_jack(jack)
    assert not ports.update() and jack.connected() == []
    jack.inactive.clear()
    assert ports.update() and jack.connected() == ["keys:1"]
    ports.close()


def test_a_port_that_a_player_has_cut_stays_cut_and_one_that_came_back_at_once_does_not():
    ports, jack = MidiPorts(unheard, virtual=False), Jack("keys:1")
    ports.use_jack(jack)
    ports.update()
    jack.disconnect("keys:1")
    ports.update()
    assert jack.connected() == []
    jack.new.add("keys:1")
    ports.update()
    assert jack.connected() == ["keys:1"]
    ports.close()


def test_where_jack_goes_all_of_its_inputs_are_left():
    left = []
    ports = MidiPorts(unheard, left.append, virtual=False)
    ports.use_jack(Jack())
    assert not left
    ports.use_jack(None)
    assert len(left) == 16
    ports.close()


class System:
    """RtMidi with ports that come and go as a test says; `python-rtmidi` itself is not asked."""

    def __init__(self, *names):
        self.there, self.opened, self.closed, self.deaf = list(names), [], [], set()

    def addresses(self):
        return midi_system._numbered(self.there)

    def open(self, address, hear):
        self.opened.append(address)
        return SimpleNamespace(address=address, hear=hear)

    def close(self, port):
        self.closed.append(port.address)

    def is_heard(self, address, port):
        return address not in self.deaf

    def stale(self):
        return False

    def end(self):
        pass


@pytest.fixture
def system(monkeypatch):
    made = System()
    monkeypatch.setattr(midi_system, "choose", lambda: (made, ""))
    return made


def test_two_controllers_of_one_name_are_both_heard(system):
    """As Core MIDI lists them, which gives no numbers."""
    system.there = ["nanoPAD2", "nanoPAD2"]
    ports = MidiPorts(unheard, virtual=False)
    ports.update()
    assert [tuple(address) for address in system.opened] == [("nanoPAD2", 0), ("nanoPAD2", 1)]
    assert ports.open == ports.names() == ["nanoPAD2", "nanoPAD2 (2)"]
    ports.want(["nanoPAD2 (2)"])
    assert ports.open == ["nanoPAD2 (2)"], "and the second can be chosen alone"


def test_where_one_of_two_goes_the_other_is_opened_again(system):
    """Which of them it was, nobody can tell."""
    system.there = ["nanoPAD2", "nanoPAD2"]
    left = []
    ports = MidiPorts(unheard, left.append, virtual=False)
    ports.update()
    system.there = ["nanoPAD2"]
    assert ports.update()
    assert ports.open == ["nanoPAD2"] and len(system.closed) == len(left) == 2 and len(system.opened) == 3


def test_an_input_whose_device_came_back_under_its_name_is_opened_again(system):
    system.there = ["Keys:Keys MIDI 1 24:0", "Pads:Pads MIDI 1 28:0"]
    ports = MidiPorts(unheard, virtual=False)
    ports.update()
    system.deaf.add(("Keys:Keys MIDI 1 24:0", 0))
    ports.update()
    assert [address.name for address in system.opened] == [*system.there, system.there[0]]


def test_a_port_of_alsa_is_known_whatever_its_number(system):
    system.there = ["Keys:Keys MIDI 1 24:0", "Keys:Keys MIDI 1 28:0"]
    ports = MidiPorts(unheard, virtual=False)
    ports.want(["Keys:Keys MIDI 1 (2)"])
    assert [address.name for address in system.opened] == ["Keys:Keys MIDI 1 28:0"]
    system.there = ["Keys:Keys MIDI 1 32:0", "Keys:Keys MIDI 1 36:0"]
    ports.update()
    assert [address.name for address in system.opened] == ["Keys:Keys MIDI 1 28:0", "Keys:Keys MIDI 1 36:0"]
    assert ports.open == ["Keys:Keys MIDI 1 (2)"]


def test_what_alsa_says_of_who_hears_whom(tmp_path, monkeypatch):
    file = tmp_path / "clients"
    file.write_text('Client info\n  cur  clients : 3\nClient  24 : "Keys" [Kernel]\n  Port   0 : "Keys MIDI 1" (RWeX)\n'
                    '    Connecting To: 128:0\nClient 128 : "HummingFace" [User Legacy]\n  Port   0 : "HummingFace" (-We-)\n'
                    '    Connected From: 24:0, 28:1[real:0]\n')
    monkeypatch.setattr(midi_system, "_SEQUENCER", file)
    assert midi_system._connected_from("HummingFace") == ["24:0", "28:1"]
    assert midi_system._connected_from("Keys") == [] and midi_system._connected_from("PortMidi") is None
    alsa = SimpleNamespace(API_LINUX_ALSA=2)
    rtmidi = object.__new__(midi_system.RtMidi)
    rtmidi._rtmidi, rtmidi._api, rtmidi._heard = alsa, 2, set()
    is_open = SimpleNamespace(is_port_open=lambda: True)
    keys, never = midi_system.Address("Keys:Keys MIDI 1 24:0", 0), midi_system.Address("Pads:Pads MIDI 1 30:0", 0)
    assert rtmidi.is_heard(keys, is_open) and rtmidi.is_heard(never, is_open), "of one that was never listed nothing is known"
    file.write_text(file.read_text().replace("24:0, 28:1", "28:1"))
    assert not rtmidi.is_heard(keys, is_open) and rtmidi.is_heard(never, is_open)
    assert rtmidi.is_heard(keys, is_open), "it is said once: it is opened again then"
    assert not rtmidi.is_heard(midi_system.Address("Keys:Keys MIDI 1 24:0", 0), SimpleNamespace(is_port_open=lambda: False))


@pytest.mark.parametrize(("port", "stable"), [
    ("Keys:Keys MIDI 1 24:0", "Keys:Keys MIDI 1"),
    ("a2j:nanoPAD2 [24] (capture): nanoPAD2 MIDI 1", "a2j:nanoPAD2 (capture): nanoPAD2 MIDI 1"),
    ("nanoPAD2", "nanoPAD2"), ("Studio [2]", "Studio [2]")])
def test_names_without_the_numbers_that_change(port, stable):
    assert stable_name(port) == stable


def test_names_are_distinct_and_found_by_what_they_are():
    assert distinct(["a", "b", "a", "a (2)", "a"]) == ["a", "b", "a (2)", "a (2) (2)", "a (3)"]
    assert matching("a2j:Pad [24] (capture): 1", ["a2j:Pad [28] (capture): 1", "b"]) == ["a2j:Pad [28] (capture): 1"]


@pytest.mark.parametrize(("wanted", "device", "same"), [
    ("USB Audio: - (hw:1,0), ALSA", "USB Audio: - (hw:2,0), ALSA", True), ("USB Audio: - (hw:1,0)", "USB Audio: - (hw:2,0), ALSA", True),
    ("USB Audio: - (hw:1,0), ALSA", "USB Audio: - (hw:1,1), ALSA", False), ("USB Audio: - (hw:1,0), ALSA", "PCH: - (hw:1,0), ALSA", False),
    ("system, JACK", "system, JACK", True)])
def test_a_card_is_known_whatever_its_number(wanted, device, same):
    assert same_device(wanted, device) == same


def test_where_a_port_of_the_system_goes_its_own_keys_and_pedals_come_up(jack_server, monkeypatch):
    import rtmidi
    jack_server(256)
    monkeypatch.setattr(midi_system, "choose", lambda: (midi_system.RtMidi(rtmidi.API_UNIX_JACK), ""))
    heard, held, (keys, pads) = [], HeldBySource(), (rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name) for name in ("keys", "pads"))

    def receive(message, source):
        heard.append(message)
        held.hear(source, decode(message))
    for keyboard in keys, pads:
        keyboard.open_virtual_port("out")
    ports = MidiPorts(receive, lambda source: heard.extend(map(encode, held.leave(source))), virtual=False)
    ports.want(["keys", "pads"])
    assert ports.open == ["keys:out", "pads:out"]
    for message in b"\x90\x3c\x64", b"\x90\x40\x64", b"\xb1\x40\x7f", b"\x80\x40\x00", b"\xb0\x40\x7f", b"\xb0\x40\x00":
        keys.send_message(message)
    wait_for(lambda: len(heard) == 6)
    pads.send_message(b"\x92\x30\x64")
    wait_for(lambda: len(heard) == 7)
    heard.clear()
    keys.delete()
    assert ports.update() and ports.open == ["pads:out"]
    assert heard == [b"\x80\x3c\x40", b"\xb1\x40\x00"], "the pads' key stays down"
    ports.close()
    pads.delete()


# On a real JACK server, through the real engine

class Keyboard:
    """A JACK client that sends what it is told to."""

    def __init__(self, name, active=True):
        import jack
        self.client, self.waiting = jack.Client(name, no_start_server=True), []
        self.port = self.client.midi_outports.register("out")
        self.client.set_process_callback(self._process)
        if active:
            self.client.activate()

    def _process(self, frames):
        for port in self.client.midi_outports:
            port.clear_buffer()
            while self.waiting and port == self.port:
                port.write_midi_event(0, self.waiting.pop(0))

    def send(self, *messages):
        self.waiting.extend(messages)
        wait_for(lambda: not self.waiting)

    def replug(self):
        """A hiccup: the port is gone, and back at once under its name."""
        self.port.unregister()
        self.port = self.client.midi_outports.register("out")

    def heard(self):
        """Whether the engine hears it."""
        return bool(self.client.get_all_connections(self.port))

    def close(self):
        self.client.deactivate()
        self.client.close()


C4, OFF, PEDAL, UP = b"\x90\x3c\x64", b"\x80\x3c\x00", b"\xb0\x40\x7f", b"\xb0\x40\x00"


def test_keyboards_of_jack_come_and_go_and_share_keys_and_pedals(jack_server, engine):
    """One engine for all of it: a second keyboard, a replug within a second, a client that is activated late, and one that dies."""
    jack_server(256)
    client, _ = engine()
    late = Keyboard("late", active=False)
    a, b = Keyboard("a"), Keyboard("b")
    wait_for(lambda: a.heard() and b.heard())
    a.send(C4, PEDAL)
    b.send(C4, PEDAL)
    wait_for(lambda: notes(client) == [60])
    b.send(OFF, UP, b"\x90\x43\x64", b"\x80\x43\x00")
    wait_for(lambda: notes(client) == [60, 67])         # the pedal of `a` holds the G
    a.send(UP)
    wait_for(lambda: notes(client) == [60])             # and its hand the C
    a.replug()
    wait_for(lambda: notes(client) == [])
    wait_for(a.heard)
    b.send(C4)
    a.send(C4)
    time.sleep(0.1)
    a.close()                                           # a cable that is pulled
    a = Keyboard("a")
    wait_for(a.heard)
    assert notes(client) == [60], "the other hand holds it"
    b.send(OFF)
    wait_for(lambda: notes(client) == [])
    late.client.activate()
    wait_for(late.heard)
    late.send(C4)
    wait_for(lambda: notes(client) == [60])
    for keyboard in (a, b, late):
        keyboard.close()
    wait_for(lambda: notes(client) == [])
