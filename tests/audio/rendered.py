"""What the engine's audio thread gave out, whatever a busy server lost on its way to the listener."""
import threading

import numpy as np


class Rendered:
    """Keeps what the engine gave out from now on: both channels of every sample."""

    def __init__(self, client):
        self._client, self._parts, self._ending = client, [], threading.Event()
        self._first, _ = client.output_since(1 << 62)
        self._next = self._first
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ending.wait(0.5):
            self._next, part = self._client.output_since(self._next)
            self._parts.append(part)

    def end(self) -> tuple[int, np.ndarray]:
        """(position of the first sample, all of them [S, 2])."""
        self._ending.set()
        self._thread.join()
        return self._first, np.concatenate(self._parts)
