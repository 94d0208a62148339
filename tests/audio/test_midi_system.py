"""Ways to MIDI where RtMidi is not, or cannot hear the system: PortMidi through its library, else a word about what to install."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hummingface.instrument.audio.ports import midi_system
from tests.bare import PROJECT

HERE = Path(__file__).parent


def told_without(code: str, tmp_path: Path, rtmidi: str = "raise ImportError('none here')", **variables: str) -> str:
    """What a process prints in which importing rtmidi does this."""
    (tmp_path / "rtmidi.py").write_text(rtmidi + "\n")
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(PROJECT)]), **variables})
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.fixture
def portmidi(tmp_path) -> dict[str, str]:
    """Variables for a process that finds our PortMidi library."""
    if sys.platform != "linux" or not shutil.which("gcc"):
        pytest.skip("a library is compiled here, for which gcc is wanted")
    library = tmp_path / "lib"
    library.mkdir()
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library / "libportmidi.so.0"), "-Wl,-soname,libportmidi.so.0",
                    str(HERE / "portmidi_stub.c")], check=True)
    (library / "libportmidi.so").symlink_to("libportmidi.so.0")
    (tmp_path / "messages").write_bytes(b"")
    return {"LD_LIBRARY_PATH": str(library), "PORTMIDI_STUB": str(tmp_path / "messages")}


PLAYED = """
import time
from hummingface.instrument.audio.engine.held_by_source import HeldBySource
from hummingface.instrument.audio.ports.midi_ports import MidiPorts
from hummingface.instrument.performance.messages.midi import decode, encode
heard, held = [], HeldBySource()
def receive(message, source):
    heard.append(message)
    held.hear(source, decode(message))
ports = MidiPorts(receive, lambda source: heard.extend(map(encode, held.leave(source))))
ports.update()
print(ports.names(), ports.open, repr(ports.problem))
with open({file!r}, "ab", buffering=0) as keys:
    keys.write(bytes([0x90, 60, 100, 0xb0, 64, 127, 0xf8, 0, 0, 0x80, 60, 64, 0x90, 62, 1]))
end = time.monotonic() + 60
while len(heard) < 5 and time.monotonic() < end:
    time.sleep(0.01)
print([message.hex() for message in heard])
ports.want([])
print([message.hex() for message in heard[5:]], ports.open)
ports.close()
"""


def test_portmidi_takes_the_place_of_rtmidi(portmidi, tmp_path):
    said = told_without(PLAYED.format(file=portmidi["PORTMIDI_STUB"]), tmp_path, **portmidi).splitlines()
    assert said[0] == "['Stub Keys'] ['Stub Keys'] ''"
    assert said[1] == "['903c64', 'b0407f', 'f8', '803c40', '903e01']"
    assert said[2] == "['803e40', 'b04000'] []", "the key and the pedal of a port that is closed are released"


def test_rtmidi_that_was_compiled_without_the_system_s_midi_is_not_used(portmidi, tmp_path):
    jack_alone = "API_UNIX_JACK, API_RTMIDI_DUMMY = 3, 6\ndef get_compiled_api(): return [API_UNIX_JACK]"
    said = told_without("from hummingface.instrument.audio.ports import midi_system; system, why = midi_system.choose(); "
                        "print(type(system).__name__, why)", tmp_path, jack_alone, **portmidi)
    assert said.strip() == "PortMidi"


def test_where_there_is_neither_it_is_said_what_to_install(tmp_path):
    code = ("import ctypes.util\nctypes.util.find_library = lambda name: None\n"
            "from hummingface.instrument.audio.ports.midi_ports import MidiPorts\n"
            "ports = MidiPorts(lambda message, source: None)\nports.update()\n"
            "print(ports.names(), ports.problem)\n"
            "ports.use_jack(type('Jack', (), {'sources': lambda s: [], 'connected': lambda s: []})())\n"
            "print(repr(ports.problem))\nports.use_jack(None)\nprint(ports.problem)")
    said = told_without(code, tmp_path).splitlines()
    assert said[0].startswith("[] No MIDI from the system. Type: ") and ("libportmidi0" in said[0] or sys.platform != "linux")
    assert said[1] == "''", "JACK has MIDI of its own"
    assert said[2] == said[0][3:]


def test_ports_of_the_sequencer_are_told_without_portmidi_s_own(tmp_path, monkeypatch):
    file = tmp_path / "clients"
    file.write_text('Client info\n  cur  clients : 3\nClient  14 : "Midi Through" [Kernel]\n  Port   0 : "Midi Through Port-0" (RWe-)\n'
                    'Client 128 : "PortMidi" [User Legacy]\n  Port   0 : "in" (-We-)\n    Connected From: 14:0\n')
    monkeypatch.setattr(midi_system, "_SEQUENCER", file)
    before = midi_system._sequencer()
    assert [line.strip() for line in before] == ['Client  14 : "Midi Through" [Kernel]', 'Port   0 : "Midi Through Port-0" (RWe-)']
    file.write_text(file.read_text() + 'Client  24 : "Keys" [Kernel]\n  Port   0 : "Keys MIDI 1" (RWeX)\n')
    assert len(midi_system._sequencer()) == 4
