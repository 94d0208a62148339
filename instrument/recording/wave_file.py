"""A WAV file that is valid at every moment: a program that opens it while it is written, or after its writer was killed, finds
a true length in its header and every sample that was written.

24-bit PCM or 32-bit float, stereo; RF64 from 4 GB on. soundfile reads these, but can neither write our chunks
nor update the header without closing the file.
"""
import os
from pathlib import Path

import numpy as np

from hummingface.instrument.recording import riff

CHANNELS = 2
FORMATS = {"wav24": (riff.PCM, 24), "wav32": (riff.FLOAT, 32)}
_FULL_SCALE = np.float32(1 << 23)


def pack(samples: np.ndarray, bits: int) -> bytes:
    """float32 [n, 2] in the file's sample format. 24 bits are rounded; values beyond full scale are clipped."""
    if bits == 32:
        return np.ascontiguousarray(samples, "<f4").tobytes()
    whole = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i4")
    return whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


class WaveFile:
    """A new file, which must not exist yet. `chunks` come before the samples. Raises OSError.

    Every call leaves the file true on disk. Attributes: `path`, `frames` written so far.
    """

    def __init__(self, path: str | Path, rate_hz: int, sample_format: str = "wav24", chunks: bytes = b""):
        tag, self._bits = FORMATS[sample_format]
        self.path, self.rate_hz, self.frames = Path(path), rate_hz, 0
        self._frame_bytes = CHANNELS * self._bits // 8
        self._chunks = riff.format_chunk(tag, CHANNELS, rate_hz, self._bits) + chunks
        self._tail_bytes = 0
        self._begin = len(riff.head(self._chunks, 0, 0, 0))
        self._file = self.path.open("xb", buffering=0)
        self._write_head()

    @property
    def seconds(self) -> float:
        return self.frames / self.rate_hz

    def append(self, samples: np.ndarray) -> None:
        """Add float32 [n, 2]. Where the disk is full, as many whole frames as fit are kept before OSError is raised."""
        written = 0
        try:
            data = memoryview(pack(samples, self._bits))
            self._file.seek(self._begin + self.frames * self._frame_bytes)
            while written < len(data):
                written += self._file.write(data[written:])
        finally:
            self.frames += written // self._frame_bytes
            self._write_head()

    def is_deleted(self) -> bool:
        """Whether the file was deleted, so that nobody will find what is written."""
        return os.fstat(self._file.fileno()).st_nlink == 0 and not self.path.exists()      # some file systems count no names

    def append_silence(self, frames: int) -> None:
        """Add silence, as a hole where the file system supports holes."""
        self._file.truncate(self._begin + (self.frames + frames) * self._frame_bytes)
        self.frames += frames
        self._write_head()

    def add_chunk(self, name: bytes, data: bytes) -> None:
        """Add a chunk after the samples; no more samples can follow. Raises OSError, with the file as it was."""
        end = self._begin + self.frames * self._frame_bytes + self._tail_bytes
        made = memoryview(riff.chunk(name, data))
        written = 0
        self._file.seek(end)
        try:
            while written < len(made):
                written += self._file.write(made[written:])
        except OSError:
            self._file.truncate(end)
            raise
        self._tail_bytes += len(made)
        self._write_head()

    def close(self) -> None:
        """Flush everything to the disk, and close."""
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _write_head(self) -> None:
        """Write the header in one write of less than a page, so that a killed process has written it completely or not at all."""
        self._file.seek(0)
        self._file.write(riff.head(self._chunks, self.frames * self._frame_bytes, self._tail_bytes, self.frames))
