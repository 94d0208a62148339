"""What is played, heard by another program through a port of its own; and that we do not hear ourselves."""
import queue
import shutil
import time

import pytest

from hummingface.instrument.audio.ports import midi_system
from hummingface.instrument.audio.ports.midi_out import MidiOut
from hummingface.instrument.audio.ports.midi_system import OUR_OUTPUT
from hummingface.instrument.offline.player import Player
from hummingface.instrument.performance.messages.midi import Bend, Controller, Event, Mpe, NoteOff, NoteOn, Panic, Program, Set
from tests.jack_server import DEFAULT, JackServer, default_server_kept, unused_name

ANSWER_S = 20.0


@pytest.fixture(scope="module")
def rtmidi():
    """RtMidi on a JACK server, whose ports other programs find as they find ALSA's."""
    rtmidi = pytest.importorskip("rtmidi", reason="python-rtmidi is not installed")
    if not shutil.which("jackd") or rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        pytest.skip("needs jackd, and python-rtmidi with JACK")
    import os
    server = JackServer(unused_name("midi-out"), 256)
    with default_server_kept():
        os.environ[DEFAULT] = server.name
        yield rtmidi
        server.close()


@pytest.fixture
def listener(rtmidi):
    """(the port, what another program hears of it)."""
    out, heard = MidiOut(rtmidi.API_UNIX_JACK), queue.SimpleQueue()
    out.use(True)
    program = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="listener")
    try:
        names = program.get_ports()
        program.open_port(next(i for i, name in enumerate(names) if OUR_OUTPUT in name))
        program.set_callback(lambda event, _: heard.put(bytes(event[0])))
        time.sleep(0.2)                         # until JACK has connected them
        yield out, heard
    finally:
        out.use(False)
        program.close_port()
        program.delete()


def test_notes_and_controllers_are_heard_and_what_is_held_is_released_at_the_end(listener):
    out, heard = listener
    for event in (NoteOn(0, 60, 100), Controller(1, 64, 127), Set("filter.cutoff_hz", 300.0), Mpe("lower"), Bend(2, -1.0), Program(3, 9),
                  NoteOn(0, 64, 90), NoteOff(0, 60, velocity=20), NoteOff(0, 64, 0)):
        out.send(event)
    wanted = [bytes(message) for message in ((0x90, 60, 100), (0xB1, 64, 127), (0xE2, 0, 0), (0xC3, 9), (0x90, 64, 90), (0x80, 60, 20))]
    assert [heard.get(timeout=ANSWER_S) for _ in wanted] == wanted
    out.send(Panic())
    assert [heard.get(timeout=ANSWER_S) for _ in range(16)] == [bytes((0xB0 | channel, 120, 0)) for channel in range(16)]
    out.send(NoteOn(5, 70, 80))
    assert heard.get(timeout=ANSWER_S) == bytes((0x95, 70, 80))
    out.use(False)
    assert heard.get(timeout=ANSWER_S) == bytes((0x85, 70, 64))
    out.send(NoteOn(5, 70, 80))
    assert not out.is_open and heard.empty()


def test_the_performer_passes_on_what_sounds_when_it_does():
    """Velocities as they are played, and nothing of keys that are out of range."""
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.models.playing.untrained import untrained
    player, played = Player(FrameSource(untrained(seed=1, width=32))), []
    player.performer.notes.played = played.append
    player.performer.receive(Set("keys.lowest", 50), 0)
    events: list[Event] = [NoteOn(0, 60, 100), NoteOn(0, 40, 100), Controller(0, 64, 127), NoteOff(0, 60, velocity=5), Bend(0, 0.5),
                           Mpe("off")]
    for event in events:
        player.performer.receive(event, 1000)
    player.render(512)
    assert not played
    player.render(1024)
    assert played == [events[0], events[2], events[3], events[4]]


def test_a_system_without_such_ports_is_said(monkeypatch):
    monkeypatch.setattr(midi_system.sys, "platform", "win32")
    out = MidiOut()
    with pytest.raises(OSError, match="Windows has no virtual MIDI ports"):
        out.use(True)
    assert not out.is_open
