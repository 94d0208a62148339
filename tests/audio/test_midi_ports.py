"""Which ports are meant by a name, and what becomes of notes whose port goes. The system's ports here are a list of names."""
import pytest

from instrument.audio.midi_ports import MidiPorts


class Jack:
    """What `JackStream` has of MIDI, with ports that come and go as a test says."""

    def __init__(self, *names):
        self.there, self.to = list(names), set()

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


def test_where_a_port_goes_its_keys_and_pedals_come_up():
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
