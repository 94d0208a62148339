"""A JACK client that plays MIDI at exact frames and records what comes back. For tests and benchmarks."""
import threading
import time

import jack
import numpy as np

RATE_HZ = 48000


class Player:
    """Plays `performance` [(frame, MIDI bytes)] from a frame 0 that it chooses, and records `seconds` from there."""

    def __init__(self, performance: list[tuple[int, bytes]], seconds: float):
        self._performance = performance
        self._captured = np.zeros((int(seconds * RATE_HZ), 2), np.float32)
        self._frame, self._next, self._running = 0, 0, False
        self._done = threading.Event()
        self.xruns = 0
        self.client = jack.Client("test player", no_start_server=True)
        self._midi = self.client.midi_outports.register("midi")
        self._inputs = [self.client.inports.register(f"in_{i}") for i in (1, 2)]
        self.client.set_process_callback(self._process)
        self.client.set_xrun_callback(self._xrun)

    def _xrun(self, delayed_us):
        self.xruns += 1

    def __enter__(self):
        self.client.activate()
        self._midi.connect("HummingFace:midi_in")
        ports = self.client.get_ports("HummingFace:", is_audio=True, is_output=True)
        for ours, theirs in zip(self._inputs, ports, strict=True):
            self.client.connect(theirs, ours)
        return self

    def __exit__(self, *_):
        self.client.deactivate()
        self.client.close()

    def play(self) -> tuple[int, np.ndarray]:
        """In real time. Returns (frames recorded, [S, 2])."""
        self._running = True
        if not self._done.wait(len(self._captured) / RATE_HZ + 60):
            raise AssertionError(f"only {self._frame} of {len(self._captured)} frames came through")
        return self._frame, self._captured

    def play_freewheeling(self) -> tuple[int, np.ndarray]:
        """As fast as it can be computed."""
        self.client.set_freewheel(True)
        time.sleep(0.3)                 # a few periods in freewheel before the first event
        try:
            return self.play()
        finally:
            self.client.set_freewheel(False)
            time.sleep(0.1)

    def _process(self, frames):
        self._midi.clear_buffer()
        if not self._running or self._done.is_set():
            return
        end = self._frame + frames
        while self._next < len(self._performance) and self._performance[self._next][0] < end:
            at, data = self._performance[self._next]
            self._midi.write_midi_event(at - self._frame, data)
            self._next += 1
        stop = min(end, len(self._captured))
        for channel, port in enumerate(self._inputs):
            self._captured[self._frame:stop, channel] = port.get_array()[:stop - self._frame]
        self._frame = stop
        if stop == len(self._captured):
            self._done.set()


def dense_performance(seconds: float, seed: int = 1) -> list[tuple[int, bytes]]:
    """Chords, runs, pedal, bends, wheel, controllers: about 40 events a second at any frame. [(frame, bytes)]"""
    random = np.random.default_rng(seed)
    events = []
    for _ in range(int(seconds * 8)):
        begin = int(random.uniform(0, seconds - 1) * RATE_HZ)
        key, length = int(random.integers(36, 96)), int(random.exponential(0.3) * RATE_HZ) + 200
        events.append((begin, bytes([0x90, key, int(random.integers(20, 127))])))
        events.append((min(begin + length, int((seconds - 0.5) * RATE_HZ)), bytes([0x80, key, 0])))
    for _ in range(int(seconds * 24)):
        at = int(random.uniform(0, seconds - 1) * RATE_HZ)
        kind = random.integers(0, 6)
        value = int(random.integers(0, 128))
        events.append((at, [bytes([0xB0, 64, 127 * (value > 90)]), bytes([0xE0, value, value]), bytes([0xB0, 1, value]),
                            bytes([0xB0, 74, value]), bytes([0xD0, value]), bytes([0xB0, 11, 64 + value // 2])][kind]))
    events.append((int((seconds - 0.4) * RATE_HZ), bytes([0xB0, 64, 0])))
    return sorted(events, key=lambda event: event[0])
