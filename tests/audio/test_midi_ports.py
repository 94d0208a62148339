"""Which ports are meant by a name, and what becomes of notes whose port goes. JACK's ports here are a list of names, the system's are
RtMidi's on a real JACK server."""
import pytest

from hummingface.instrument.audio import midi_system
from hummingface.instrument.audio.midi_ports import MidiPorts
from tests.audio.conftest import wait_for


class Jack:
    """What `JackStream` has of MIDI, with ports that come and go as a test says."""

    def __init__(self, *names):
        self.there, self.to = list(names), set()

    done_until = 0

    def take(self):
        return []

    def sources(self):
        return self.there

    def connected(self):
        return [name for name in self.there if name in self.to]

    def connect(self, name):
        self.to.add(name)
        return True

    def disconnect(self, name):
        self.to.discard(name)


@pytest.mark.parametrize(("wanted", "opened"), [
    (None, ["keys:1", "keys:10", "pads:1"]), (["keys:1"], ["keys:1"]), (["Keys"], ["keys:1", "keys:10"]), (["none"], []),
    (["keys:10", "pads"], ["keys:10", "pads:1"])])
def test_a_whole_name_means_that_port_alone_and_a_part_all_that_have_it(wanted, opened):
    ports, jack = MidiPorts(lambda data: None, virtual=False), Jack("keys:1", "keys:10", "pads:1")
    ports.use_jack(jack)
    ports.want(wanted)
    assert jack.connected() == opened
    ports.close()


def test_where_a_port_of_jack_goes_all_keys_and_pedals_come_up():
    heard = []
    ports, jack = MidiPorts(heard.append, virtual=False), Jack("keys:1")
    ports.use_jack(jack)
    assert ports.update() and not heard
    jack.there.clear()
    assert ports.update()
    assert {(data[0] & 15, data[1]) for data in heard} == {(channel, number) for channel in range(16) for number in (64, 123)}
    heard.clear()
    jack.there.append("keys:1")
    assert ports.update() and not heard
    ports.close()


def test_where_a_port_of_the_system_goes_its_own_keys_and_pedals_come_up(jack_server, monkeypatch):
    import rtmidi
    jack_server(256)
    monkeypatch.setattr(midi_system, "choose", lambda: (midi_system.RtMidi(rtmidi.API_UNIX_JACK), ""))
    heard, (keys, pads) = [], (rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name) for name in ("keys", "pads"))
    for keyboard in keys, pads:
        keyboard.open_virtual_port("out")
    ports = MidiPorts(heard.append, virtual=False)
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
