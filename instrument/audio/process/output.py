"""The output device of the audio process: the one that the player chose if it opens, else the one that played before, else silence, and
another try every `RETRY_S`.

Only the main thread of the audio process calls this.
"""
import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from hummingface.instrument.audio.devices.device_names import same_device
from hummingface.instrument.audio.devices.output_stream import MidiInput, OutputStream
from hummingface.instrument.audio.protocol import AudioChoice
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.messages.midi import Panic, Set

if TYPE_CHECKING:
    from hummingface.instrument.audio.devices.devices import Device
    from hummingface.instrument.audio.engine.engine import Engine

RETRY_S = 2.0                   # between looks for a device that is not there
RESCAN_S = 10.0                 # between rescans of all devices
FADE_S, PANIC_S = 0.08, 0.03    # volume down by 60 dB, which glides with a time constant of 10 ms; and all within a hop
SILENT = 1e-5                   # -100 dBFS
MOST_LATENCY_S = 0.3            # of a device, that is waited for
VOLUME = "master.volume_db"


def likely_rate_hz(choice: AudioChoice) -> int:
    """The sample rate that the device will probably have, before it is open."""
    from hummingface.instrument.audio.devices import devices
    if choice.rate_hz:
        return choice.rate_hz
    with contextlib.suppress(devices.DeviceError):
        return devices.find(choice.device).rate_hz
    return 48000


class Output:
    """`choice`: what is wanted, which `engine` will play on after `open`.

    `engine_at(rate_hz)` makes another engine that sounds the same, for a device of another rate. `opened(jack)` hears that a device
    plays, and of the JACK client that MIDI comes with, or None; `closing()` comes before it is released. `tell(message)` goes to the
    player.
    """

    def __init__(self, choice: AudioChoice, engine: "Engine", *, engine_at: "Callable[[int], Engine]",
                 opened: Callable[[MidiInput | None], None], closing: Callable[[], None], tell: Callable[[dict], None]):
        self._choice, self._engine = choice, engine
        self._engine_at, self._opened, self._closing, self._tell = engine_at, opened, closing, tell
        self._stream: OutputStream | None = None
        self._playing: AudioChoice | None = None        # the choice that sounds
        self._block_samples = 0                         # that the engine's delay was set for
        self._problem = self._notice = ""               # what the player should know of the device; of how it was opened
        self._retry_at = 0.0

    @property
    def stream(self) -> OutputStream:
        """The stream that advances the engine's position now. After `open`."""
        assert self._stream is not None, "open() comes first"
        return self._stream

    def change(self, choice: AudioChoice) -> None:
        """Switch to another device, rate or block size. If it does not open, the one before goes on."""
        before, self._choice = self._choice, choice
        self.open(before=before)

    def open(self, before: AudioChoice | None = None, fallback: bool = False) -> None:
        """Open the chosen device; if it does not open, the one `before`, with `fallback` the system's default, else none, and retry
        regularly.
        """
        self._tell({"tell": "opening", "device": self._choice.device})
        self._notice = ""
        try:
            self._open(self._choice)
            problem = self._notice
        except OSError as error:
            problem = str(error)
            others = [before] if before and before == self._playing else [AudioChoice()] if fallback else []
            for other in others:
                with contextlib.suppress(OSError):
                    if self._stream is None or self._stream.device is None:
                        self._open(other)
                    device = self.stream.device
                    problem += f' Playing on "{device.name if device else other.device}" instead.'
                    if before:
                        self._choice = before
                    break
            else:
                self.close()
                from hummingface.instrument.audio.devices.stream import SilentStream
                self._playing = None
                self._use(SilentStream(self._engine.state))
                problem += f" Retrying every {RETRY_S:.0f} seconds."
        self._retry_at = time.monotonic() + RETRY_S
        if problem and problem == self._problem and self.stream.device is None:
            return                                      # reported already
        self._problem = problem
        self._tell_audio()

    def switch(self, engine: "Engine") -> None:
        """Play another engine of the same rate, which has been started. The one before must have ended."""
        stream, before = self.stream, self._engine
        before.stream = before.jack = None
        if stream.play(engine.state, engine.wake):
            self._engine = engine
            self._use(stream)
        else:
            self.close()
            self._engine = engine
            self.open()

    def look_after(self) -> None:
        """Call once a second: look for a missing device; follow a JACK server, which can change its period while it runs."""
        if self.stream.device is None and time.monotonic() >= self._retry_at:
            self.open()
        elif self.stream.block_samples != self._block_samples:
            self._use(self.stream)
            self._tell_audio()

    def fade_out(self) -> None:
        """Return when nothing sounds any more: closing the device would cut it off with a click."""
        stream = self._stream
        if stream is None or stream.device is None or self._engine.state["peak"].max() < SILENT:
            return
        self._engine.receive(Set(VOLUME, PARAMETERS[VOLUME].lowest))       # it glides there,
        time.sleep(FADE_S)
        self._engine.receive(Panic())                                      # and ends what still rings
        time.sleep(PANIC_S + min(stream.output_latency_s, MOST_LATENCY_S))

    def close(self) -> None:
        """Release the device. May hang where the audio server died."""
        self._closing()
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._engine.stream = self._engine.jack = None
            stream.close()

    def _tell_audio(self) -> None:
        stream = self.stream
        latency_s = stream.output_latency_s + self._engine.performer.delay_samples / stream.rate_hz
        self._tell({"tell": "audio", "device": stream.device.name if stream.device else None, "rate_hz": stream.rate_hz,
                    "block_samples": stream.block_samples, "latency_ms": round(1000 * latency_s, 2), "problem": self._problem,
                    "choice": asdict(self._playing or self._choice)})

    def _open(self, choice: AudioChoice) -> None:
        device = self._find(choice.device)
        on_jack = device.system.startswith("JACK")
        rate_hz = device.rate_hz if on_jack else choice.rate_hz or device.rate_hz
        self.close()
        if rate_hz != self._engine.rate_hz:
            self._engine = self._engine_at(rate_hz)
        if on_jack:
            if choice.rate_hz not in (None, rate_hz):
                self._notice = f"The JACK server runs at {rate_hz} Hz, so that is used."
            from hummingface.instrument.audio.devices import devices
            from hummingface.instrument.audio.devices.jack_stream import JackStream
            devices.terminate()                                # PortAudio found the device; from now on a second client would only disturb
            stream: OutputStream = JackStream(self._engine.state, device, self._engine.wake)
        else:
            from hummingface.instrument.audio.devices.stream import PortAudioStream
            stream = PortAudioStream(self._engine.state, device, choice.block_samples)
        self._use(stream)
        self._playing = choice
        self._opened(self._engine.jack)

    def _find(self, wanted: str | None) -> "Device":
        """The device with this name, also if PortAudio's own list is too old to have it. Raises DeviceError."""
        from hummingface.instrument.audio.devices import devices
        silent = self._stream is None or self._stream.device is None
        if silent and self._stream is not None:
            with _at_most(RESCAN_S):
                devices.rescan()
        try:
            return devices.find(wanted)
        except devices.DeviceError:
            if silent:
                raise
            listed = devices.outputs_afresh()           # PortAudio's own list is as old as its stream
            if wanted is None or not any(same_device(wanted, d["name"]) for d in listed):
                raise
            with _at_most(RESCAN_S):
                self.close()
                devices.rescan()
            return devices.find(wanted)

    def _use(self, stream: OutputStream) -> None:
        from hummingface.instrument.audio.devices.stream import delay_samples
        self._stream = self._engine.stream = stream
        self._engine.jack = stream.midi_input
        self._block_samples = stream.block_samples
        self._engine.set_delay(delay_samples(stream.block_samples, stream.rate_hz))


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """End this process if it hangs here, as PortAudio does when the JACK server that it knew is gone; the client starts another one."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
