"""The pool of buffers that whole notes are played from: what each holds, and which ones may be written."""

import numpy as np

from hummingface.instrument.synthesis import pages
from hummingface.instrument.synthesis.samples import BUFFERS, LEAD, LENGTH, STRIDE
from hummingface.models.playing.whole_note import WholeNote

Wanted = tuple[bytes, int, int]         # of a note: the latents, the key that is made, how many bins of it


class Pool:
    """The buffers of one engine: which note each holds, and which ones may be written."""

    def __init__(self, state: np.ndarray) -> None:
        self.state, self.rate_hz = state, int(state["rate_hz"][0])
        self._memory = np.frombuffer(pages.zeros(4 * (BUFFERS + 1) * STRIDE), np.float32).reshape(BUFFERS + 1, STRIDE)
        state["samples"]["pool"] = self._memory.ctypes.data
        self.notes: list[WholeNote | None] = [None] * (BUFFERS + 1)
        self.owner: list[Wanted | None] = [None] * (BUFFERS + 1)                         # the key under which it may be requested again
        self._used_hop = np.full(BUFFERS + 1, -100)                             # when a published hop or start last named it
        self._used = np.zeros(BUFFERS + 1, np.int64)                           # the order of their last use
        self._count = 0

    def use(self, numbers: np.ndarray | int, hop: int) -> None:
        """Mark buffers that hop `hop`, or a start within it, names."""
        self._used_hop[numbers] = hop

    def used(self, number: int) -> None:
        self._count += 1
        self._used[number] = self._count

    def put(self, note: WholeNote, owner: Wanted) -> int:
        """A buffer with this note; 0 where all are in use. The least recently requested note is dropped."""
        voices = self.state["voices"][0]
        busy = self._used_hop > int(self.state["hops_taken"][0]) - 2
        busy[0] = True
        busy[voices["sample"][voices["playing"] != 0].ravel()] = True
        free = np.flatnonzero(~busy)
        if not len(free):
            return 0
        number = int(free[np.argmin(self._used[free])])
        buffer, facts = self._memory[number], self.state["samples"][0]
        buffer[LEAD:LEAD + LENGTH] = note.sound
        facts["root_hz"][number] = note.root_hz
        facts["loop_begin"][number], facts["loop_end"][number] = note.loop_begin, note.loop_end
        self.notes[number], self.owner[number] = note, owner
        self.used(number)
        return number
