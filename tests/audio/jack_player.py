"""A JACK client that plays MIDI at exact frames and records what comes back. For tests and benchmarks."""
import contextlib
import threading
import time
from collections.abc import Callable

import jack
import numpy as np

RATE_HZ = 48000
HELD_S = 4.0                    # a period, at most: a server that freewheels drops a client that takes ten


class Player:
    """Plays `performance` [(frame, MIDI bytes)] from a frame 0 that it chooses, and records `seconds` from about there.

    Two clients, because one that sends to an instrument and records it closes a loop, which JACK cuts open by a period's delay.
    """

    def __init__(self, performance: list[tuple[int, bytes]], seconds: float):
        self._performance = performance
        self._captured = np.zeros((int(seconds * RATE_HZ), 2), np.float32)
        self._sent, self._recorded, self._next, self._running = 0, 0, 0, False
        self.first_sent = self.first_recorded = -1          # JACK's frame times of both frames 0
        self._done, self._real_time = threading.Event(), threading.Event()
        self._stop_at: dict[int, tuple[threading.Event, threading.Event]] = {}      # frame: (it is there, it may go on)
        self._sender = jack.Client("test player", no_start_server=True)
        self._recorder = jack.Client("test recorder", no_start_server=True)
        self._midi = self._sender.midi_outports.register("midi")
        self._inputs = [self._recorder.inports.register(f"in_{i}") for i in (1, 2)]
        self._sender.set_process_callback(self._send)
        self._recorder.set_process_callback(self._record)
        self._sender.set_freewheel_callback(lambda starting: None if starting else self._real_time.set())

    def __enter__(self):
        self._sender.activate()
        self._recorder.activate()
        with contextlib.suppress(jack.JackErrorCode):        # the instrument, which takes all ports, may have been quicker
            self._midi.connect("HummingFace:midi_in")
        assert any(port.name == "HummingFace:midi_in" for port in self._sender.get_all_connections(self._midi))
        for i, port in enumerate(self._inputs):
            self._recorder.connect(f"HummingFace:out_{i + 1}", port)
        return self

    def __exit__(self, *_):
        for client in (self._sender, self._recorder):
            client.deactivate()
            client.close()

    def stop_at(self, frame: int) -> Callable[[], Callable[[], None]]:
        """Have the whole server all but stand still where this frame of the performance would be sent: only where it is freewheeling.

        It goes on by a period every `HELD_S`, so a busy machine may take its time: a minute there is 0.04 s of the performance. Returns
        what waits until it is there, and returns what lets it go on.
        """
        there, go_on = self._stop_at[frame] = threading.Event(), threading.Event()

        def wait() -> Callable[[], None]:
            assert there.wait(4 * len(self._captured) / RATE_HZ + 60), "the performance did not come so far"
            return go_on.set
        return wait

    def play(self) -> np.ndarray:
        """In real time. Returns what was recorded [S, 2]; its frame 0 is `first_recorded`."""
        self._running = True
        if not self._done.wait(4 * len(self._captured) / RATE_HZ + 60):
            raise AssertionError(f"only {self._recorded} of {len(self._captured)} frames came through")
        return self._captured

    def play_freewheeling(self) -> np.ndarray:
        """As fast as it can be computed."""
        self._sender.set_freewheel(True)
        time.sleep(0.3)                 # a few periods in freewheel before the first event
        try:
            return self.play()
        finally:
            self._real_time.clear()
            self._sender.set_freewheel(False)
            self._real_time.wait(30)            # a busy server goes on for a while

    def _send(self, frames):
        self._midi.clear_buffer()
        if not self._running or self.first_recorded < 0:
            return
        if self.first_sent < 0:
            self.first_sent = self._sender.last_frame_time
        end = self._sent + frames
        for frame, (there, go_on) in list(self._stop_at.items()):
            if frame < end:
                there.set()
                if go_on.wait(HELD_S):
                    del self._stop_at[frame]
        while self._next < len(self._performance) and self._performance[self._next][0] < end:
            at, data = self._performance[self._next]
            self._midi.write_midi_event(at - self._sent, data)
            self._next += 1
        self._sent = end

    def _record(self, frames):
        if not self._running or self._done.is_set():
            return
        if self.first_recorded < 0:
            self.first_recorded = self._recorder.last_frame_time
        stop = min(self._recorded + frames, len(self._captured))
        for channel, port in enumerate(self._inputs):
            self._captured[self._recorded:stop, channel] = port.get_array()[:stop - self._recorded]
        self._recorded = stop
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
