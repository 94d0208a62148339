"""Converts a finished take to FLAC: `python -m hummingface.instrument.recording.flac TAKE.wav` replaces it with TAKE.flac.

Takes are always recorded as WAV: a FLAC file that is cut off has no true length, and up to a tenth of a second waits in its
encoder. The WAV is removed only once the FLAC has been read back and found equal. The performance log goes into an APPLICATION block.

Source: the format as in RFC 9639: "fLaC", then blocks of a byte (128: the last; kind), three bytes of length, and data.
"""
import contextlib
import os
import sys
from pathlib import Path

from hummingface.instrument.recording import riff
from hummingface.models.playing.checked_json import open_file

APPLICATION, STREAM_INFO_END = 2, 4 + 4 + 34        # a kind of block; where the first block, which must be the stream's, ends
LARGEST_BLOCK_BYTES = (1 << 24) - 1
PIECE_FRAMES = 1 << 16
OURS = b"HmFc"                                      # the block's application


class FlacError(ValueError):
    """A file that cannot be written, or read, as a take in FLAC; the text names it."""


def pack(wav: Path, chunk: bytes = riff.TAKE_CHUNK) -> Path:
    """Make the FLAC file, check it, and remove the WAV. Raises FlacError or OSError; the WAV is then untouched."""
    import soundfile
    flac, made = wav.with_suffix(".flac"), wav.with_suffix(".flac.tmp")
    if flac.exists():
        raise FlacError(f"{flac} already exists")
    played = riff.read_chunk(wav, chunk, LARGEST_BLOCK_BYTES - 4)
    try:
        with (soundfile.SoundFile(wav) as source,
              soundfile.SoundFile(made, "w", source.samplerate, source.channels, "PCM_24", format="FLAC") as target):
            for block in source.blocks(PIECE_FRAMES, dtype="int32"):
                target.write(block)
        if played is not None:
            _insert(made, OURS + played)
        with soundfile.SoundFile(wav) as one, soundfile.SoundFile(made) as other:
            pieces = zip(one.blocks(PIECE_FRAMES, dtype="int32"), other.blocks(PIECE_FRAMES, dtype="int32"), strict=True)
            if one.frames != other.frames or not all((a == b).all() for a, b in pieces):
                raise FlacError(f"{made}: does not contain the recorded sound")
        os.link(made, flac) if hasattr(os, "link") else os.rename(made, flac)
    except soundfile.LibsndfileError as error:
        raise FlacError(f"{wav}: cannot be packed ({error})") from error
    finally:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)
    wav.unlink()
    return flac


def _insert(path: Path, data: bytes) -> None:
    """Put an APPLICATION block behind the first one."""
    whole = path.read_bytes()
    header = bytes((APPLICATION,)) + len(data).to_bytes(3)
    first = bytes((whole[4] & 0x7F,)) + whole[5:STREAM_INFO_END]
    if whole[4] & 0x80:                             # the stream's block was the last; now ours is
        header = bytes((APPLICATION | 0x80,)) + header[1:]
    path.write_bytes(b"fLaC" + first + header + data + whole[STREAM_INFO_END:])


def played(path: Path) -> bytes | None:
    """The performance log in our APPLICATION block, or None. Raises OSError; FlacError where this is no FLAC file."""
    with open_file(path) as file:
        if file.read(4) != b"fLaC":
            raise FlacError(f"{path}: not a FLAC file")
        for _ in range(1000):
            header = file.read(4)
            if len(header) < 4:
                return None
            length = int.from_bytes(header[1:])
            if header[0] & 0x7F == APPLICATION and length >= 4 and file.read(4) == OURS:
                return file.read(length - 4)
            if header[0] & 0x80:
                return None
            file.seek(length - 4 if header[0] & 0x7F == APPLICATION and length >= 4 else length, os.SEEK_CUR)
    return None


if __name__ == "__main__":
    from hummingface.instrument.logs.log_failures import begin_at_failure
    begin_at_failure("flac")
    if hasattr(os, "nice"):
        os.nice(15)
    pack(Path(sys.argv[1]))
