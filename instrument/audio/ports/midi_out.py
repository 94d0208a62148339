"""What is played, as MIDI for other programs: a virtual port "HummingFace out", where the system has any.

Events come on the performer's thread, which never waits: a thread of this file's own sends them. What the port holds when it closes is
released.
"""
import queue
import threading
from typing import TYPE_CHECKING

from hummingface.instrument.audio.ports.midi_system import OUR_OUTPUT, open_virtual_output
from hummingface.instrument.performance.events import Load, PlayerEvent
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.held_notes import HeldNotes

if TYPE_CHECKING:
    import rtmidi

MOST_WAITING = 10_000               # messages; a port that takes no more loses what follows
CLOSE_S = 1.0
_NOT_SENT = (midi.Set, midi.Tempo, midi.Mpe, Load)      # controls are the window's, and what others play by is theirs


class MidiOut:
    """Outlives engines. `use` on one thread, `send` on any."""

    def __init__(self, api: int | None = None) -> None:
        self._api = api
        self._waiting: queue.SimpleQueue[PlayerEvent | None] | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_open(self) -> bool:
        return self._waiting is not None

    def use(self, on: bool) -> None:
        """Open the port, or close it. Raises OSError, which says why there is none."""
        if on and self._thread is None:
            port = open_virtual_output(self._api)
            self._waiting = queue.SimpleQueue()
            self._thread = threading.Thread(target=_send, args=(port, self._waiting), name=OUR_OUTPUT, daemon=True)
            self._thread.start()
        elif not on and self._thread is not None:
            ended, self._waiting = self._waiting, None
            assert ended is not None, "there is a queue as long as there is its thread"
            ended.put(None)
            self._thread.join(CLOSE_S)
            self._thread = None

    def send(self, event: PlayerEvent) -> None:
        """Send an event that is played. Never waits."""
        waiting = self._waiting
        if waiting is not None and not isinstance(event, _NOT_SENT) and waiting.qsize() < MOST_WAITING:
            waiting.put(event)


def _send(port: "rtmidi.MidiOut", waiting: "queue.SimpleQueue[PlayerEvent | None]") -> None:
    held = HeldNotes()
    try:
        while (event := waiting.get()) is not None:
            held.hear(event)
            for message in _messages(event):
                port.send_message(message)
        for event in held.release_all():
            for message in _messages(event):
                port.send_message(message)
    finally:
        port.close_port()
        port.delete()


def _messages(event: PlayerEvent) -> list[bytes]:
    """The messages of an event; a panic is one on every channel."""
    if isinstance(event, midi.Panic):
        return [bytes((0xB0 | channel, midi.ALL_SOUND_OFF, 0)) for channel in range(16)]
    message = midi.encode(event)
    return [] if message is None else [message]
