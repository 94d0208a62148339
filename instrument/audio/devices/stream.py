"""Output streams through PortAudio, whose C callback is the compiled render, and a silent stream for machines without a device.

`PortAudioStream` plays through PortAudio (`jack_stream.py` through JACK); `SilentStream` keeps the engine's clock running without a
device. Each advances the state's `position` and is closed with `close`.
"""
import contextlib
import ctypes
import ctypes.util
import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from hummingface.instrument.audio.devices.devices import USUAL_BLOCK_SAMPLES, Device, DeviceError, portaudio
from hummingface.instrument.synthesis.callback import callback_address
from hummingface.instrument.synthesis.render import render
from hummingface.instrument.synthesis.state import QUARTERS_PER_SECOND

if TYPE_CHECKING:
    from cffi import FFI
    from sounddevice import _StreamBase

SILENT_BLOCK_SAMPLES = 256
PERIODS = 2                             # blocks that we ask the device to keep ahead


class PortAudioStream:
    """A device that plays. Attributes: device, rate_hz, block_samples, output_latency_s."""

    def __init__(self, state: np.ndarray, device: Device, block_samples: int | None):
        sounddevice = portaudio()
        ffi = sounddevice._ffi
        self.device, self.rate_hz = device, int(state["rate_hz"][0])
        self.block_samples = block_samples or USUAL_BLOCK_SAMPLES
        channels = min(device.channels, 2)
        state["channels"] = channels
        self._state = state                     # alive for as long as the callback
        settings = {"samplerate": self.rate_hz, "blocksize": self.block_samples, "device": device.number, "channels": channels,
                    "dtype": "float32", "latency": PERIODS * self.block_samples / self.rate_hz,
                    "callback": ffi.cast("PaStreamCallback*", callback_address()),
                    "userdata": ffi.cast("void*", state.ctypes.data), "wrap_callback": None, "clip_off": True,
                    "dither_off": True}
        try:
            self._stream = sounddevice._StreamBase("output", **settings)
            _hurry(device, ffi, self._stream)
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise DeviceError(f'The audio device "{device.name}" does not play at {self.rate_hz} Hz in blocks of '
                              f"{self.block_samples}: {_reason(error)}. Choose another rate, block or device, or close the program "
                              "that uses it.") from error
        self.output_latency_s = self._stream.latency

    @property
    def time_s(self) -> float:
        """The clock that the state's `clock_now_s` refers to."""
        return self._stream.time

    @property
    def active(self) -> bool:
        """Whether the device still requests sound, as far as PortAudio knows."""
        try:
            return bool(self._stream.active)
        except Exception:                       # PortAudio raises instead of returning False
            return False

    @property
    def midi_input(self) -> None:
        return None

    def play(self, state: np.ndarray, wake: int) -> bool:
        """False: PortAudio keeps the address of the block it was opened with."""
        return False

    def close(self) -> None:
        """Stop and release the device. May hang where the audio server died: then the process must be ended."""
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)


class SilentStream:
    """A stream without a device: a thread renders at the pace of the clock and discards the sound."""

    device = midi_input = None

    def __init__(self, state: np.ndarray):
        self.rate_hz, self.block_samples = int(state["rate_hz"][0]), SILENT_BLOCK_SAMPLES
        self.output_latency_s = 0.0
        self._state, self._ending = state, threading.Event()
        self._thread = threading.Thread(target=self._run, name="no device", daemon=True)
        self._thread.start()

    @property
    def time_s(self) -> float:
        return time.perf_counter()

    @property
    def active(self) -> bool:
        return self._thread.is_alive()

    def play(self, state: np.ndarray, wake: int) -> bool:
        """Play another state block from now on."""
        self._state = state
        return True

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        out = np.zeros((self.block_samples, 2), np.float32)
        due = time.perf_counter()
        while not self._ending.is_set():
            render(self._state, out)
            due = max(due + self.block_samples / self.rate_hz, time.perf_counter() - 0.1)
            self._ending.wait(max(0.0, due - time.perf_counter()))


def _hurry(device: Device, ffi: "FFI", stream: "_StreamBase") -> None:
    """Request real-time priority for ALSA's audio thread; other systems do so by themselves."""
    library = ctypes.util.find_library("portaudio")
    if device.system == "ALSA" and library:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(library).PaAlsa_EnableRealtimeScheduling(ctypes.c_void_p(int(ffi.cast("intptr_t", stream._ptr))), 1)


def delay_samples(block_samples: int, rate_hz: int) -> int:
    """How long after its stamp an event sounds: one block, and at least a quarter hop."""
    return max(block_samples, -(-rate_hz // QUARTERS_PER_SECOND))


def _reason(error: Exception) -> str:
    return str(error.args[0]) if error.args else str(error)
