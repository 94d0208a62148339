"""Plays notes or phrases of sounds, one after the other, for who looks for one: `hummingface patches --audition`, started by the window.

It is a process of its own, with an engine and a stream of its own: nothing that is played or recorded is disturbed, and a device that fails
or hangs is nobody else's. Requests come as JSON lines, the newest counts: {"patch": PATCH, "key": 60, "volume_db": -6, "phrase": true}, or
{"patch": null} for silence. It ends when its input ends. What goes wrong is told once, as {"tell": "problem", "text": TEXT}.
"""
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
from hummingface.instrument.performance.sound_bank import SoundBank
from hummingface.instrument.recording.audition import LATENCY_S
from hummingface.models.playing.checked_json import parse_json
from hummingface.models.playing.checks import is_number, is_whole

if TYPE_CHECKING:
    import sounddevice

    from hummingface.instrument.performance.events import PlayerEvent

RATE_HZ = 48_000
TAIL_S, FADE_S = 0.9, 0.3
NOTE = ((0.0, 0.9, 0, 100),)            # of notes each: begin and end in seconds, semitones from the key, velocity
PHRASE = ((0.0, 0.3, 0, 70), (0.3, 0.6, 7, 85), (0.6, 0.9, 12, 115), (0.9, 2.1, 0, 100))
PIECE = 2048
IDLE_S = 10.0                           # without a request: the device is closed
NICENESS = 5
DEFAULT_KEY = 60


@dataclass(frozen=True)
class Request:
    """A note of a patch, or a phrase; None: silence."""
    patch: Patch | None
    key: int = DEFAULT_KEY
    gain: float = 1.0
    phrase: bool = False

    @property
    def notes(self) -> tuple[tuple[float, float, int, int], ...]:
        """What is played, as in PHRASE."""
        return PHRASE if self.phrase else NOTE

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return max(end for _, end, _, _ in self.notes) + TAIL_S


def read_request(line: str) -> Request:
    """The request in a line. Raises ValueError."""
    values = parse_json(line.encode(), patch_file.LARGEST_BYTES)
    if not isinstance(values, dict):
        raise ValueError("a request is no JSON object")
    key, volume_db = values.get("key", DEFAULT_KEY), values.get("volume_db", 0.0)
    if not is_whole(key, 0, 127) or not is_number(volume_db, -120, 24):
        raise ValueError("a request has a wrong key or volume")
    patch = None if values.get("patch") is None else patch_file.from_json(values["patch"])
    return Request(patch, key, 10 ** (volume_db / 20), values.get("phrase") is True)


def pieces(request: Request, bank: SoundBank, rate_hz: int = RATE_HZ) -> Iterator[np.ndarray]:
    """The notes, piece by piece, faded at its end: float32 [n, 2] each. Raises LibraryError where its model is missing."""
    if request.patch is None:
        return
    held = request.patch.with_values(parameters={**request.patch.parameters, "arpeggiator.on": 0.0})
    events: list[tuple[int, PlayerEvent]] = []
    for begin_s, end_s, semitones, velocity in request.notes:
        key = min(request.key + semitones, 127)
        events += [(round(begin_s * rate_hz), NoteOn(0, key, velocity)), (round(end_s * rate_hz), NoteOff(0, key))]
    player = Player(bank.source(held.model, held.recordings), held, rate_hz=rate_hz, events=events, shown=False)
    end = round(request.seconds * rate_hz)
    while player.position < end:
        begin = player.position
        piece = player.render(min(PIECE, end - begin))
        left_s = (end - begin - np.arange(len(piece))) / rate_hz
        yield (piece * request.gain * np.minimum(left_s / FADE_S, 1)[:, None]).astype(np.float32)


class SoundAudition:
    """`requests` are lines; `tell(text)` is told what goes wrong."""

    def __init__(self, requests: Iterable[str], tell: Callable[[str], None]) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._requests, self._tell = requests, tell
        self._bank = SoundBank()
        self._stream: sounddevice.OutputStream | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._requests:
            self._lines.put(line)
        self._lines.put(None)

    def _newest(self, timeout_s: float | None) -> str | None:
        """The newest line. Raises queue.Empty after the timeout; None: no more will come."""
        line = self._lines.get(timeout=timeout_s) if timeout_s else self._lines.get(block=timeout_s is None)
        while line is not None and not self._lines.empty():
            line = self._lines.get()
        return line

    def serve(self) -> None:
        """Play what is asked for, until the input ends."""
        waiting: str | None = None
        while True:
            try:
                line = waiting if waiting is not None else self._newest(IDLE_S if self._stream else None)
            except queue.Empty:
                self._close()
                continue
            if line is None:
                self._close()
                return
            try:
                waiting = self._play(read_request(line))
            except EOFError:
                self._close()
                return
            except (ValueError, OSError) as error:
                self._tell(str(error))
                self._close()
                waiting = None

    def _play(self, request: Request) -> str | None:
        """Play a note to its end, or until something else is asked for, which is returned. Raises EOFError where nothing more will come."""
        stream = self._open() if request.patch is not None else None
        for piece in pieces(request, self._bank, round(stream.samplerate) if stream else RATE_HZ):
            try:
                line = self._newest(0)
            except queue.Empty:
                assert stream is not None
                stream.write(piece)
                continue
            if stream is not None:
                stream.write((piece * np.linspace(1, 0, len(piece))[:, None]).astype(np.float32))
            if line is None:
                raise EOFError
            return line
        return None

    def _open(self) -> "sounddevice.OutputStream":
        import sounddevice
        if self._stream is None:
            try:
                try:
                    sounddevice.check_output_settings(None, 2, samplerate=RATE_HZ)
                    rate_hz = RATE_HZ
                except sounddevice.PortAudioError:              # a JACK server has only one
                    rate_hz = round(sounddevice.query_devices(None, "output")["default_samplerate"])
                self._stream = sounddevice.OutputStream(rate_hz, channels=2, latency=LATENCY_S)
                self._stream.start()
            except (sounddevice.PortAudioError, ValueError) as error:
                self._stream = None
                raise OSError(f"the system: no second audio stream can be opened for listening ({error})") from error
        return self._stream

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def serve(tell: Callable[[str], None]) -> None:
    """Serve the standard input; other processes go first."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    SoundAudition(sys.stdin, tell).serve()
