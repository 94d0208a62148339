"""WAV files that are whole while they are written, by the eyes of other programs."""
import datetime
import errno
import os
import resource
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from hummingface.instrument.recording import riff
from hummingface.instrument.recording.wave_file import WaveFile
from tests.recording.readers import by_all, by_ffmpeg, by_sox, by_wave

AT = datetime.datetime(2026, 11, 23, 14, 5, 9)


def some_sound(frames, seed=1):
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (frames, 2)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [44100, 48000, 96000])
def test_every_append_leaves_a_file_that_all_read(tmp_path, rate_hz):
    sound = some_sound(5000)
    file = WaveFile(tmp_path / "a.wav", rate_hz, chunks=riff.broadcast_chunk("A patch", AT, 123))
    assert by_wave(file.path) == 0
    for begin, end in ((0, 1), (1, 480), (480, 4999), (4999, 5000)):
        file.append(sound[begin:end])
        assert by_all(file.path) == end
    read, rate = soundfile.read(file.path, dtype="float32", always_2d=True)
    assert rate == rate_hz
    assert np.abs(read - sound).max() <= 2 ** -24
    file.close()


def test_float_files_have_the_very_samples(tmp_path):
    sound = some_sound(3000) * np.float32(1 / 3)
    file = WaveFile(tmp_path / "a.wav", 48000, "wav32")
    file.append(sound)
    file.close()
    assert np.array_equal(soundfile.read(file.path, dtype="float32")[0], sound)
    assert by_sox(file.path) == by_ffmpeg(file.path)[0] == 3000


def test_24_bits_are_rounded_and_cut_at_full_scale(tmp_path):
    file = WaveFile(tmp_path / "a.wav", 48000)
    file.append(np.array([[2.0, -2.0], [1.0, -1.0], [0.4 / 2 ** 23, 0.6 / 2 ** 23]], np.float32))
    file.close()
    read = soundfile.read(file.path, dtype="int32")[0] >> 8
    assert read.tolist() == [[2 ** 23 - 1, -2 ** 23], [2 ** 23 - 1, -2 ** 23], [0, 1]]


def test_the_place_on_a_timeline_is_in_the_file(tmp_path):
    file = WaveFile(tmp_path / "a.wav", 48000, chunks=riff.broadcast_chunk("Glass Reed", AT, 2_433_600_123, "sample 7"))
    file.append(some_sound(100))
    file.close()
    tags = by_ffmpeg(file.path)[1]["format"]["tags"]
    assert tags["time_reference"] == "2433600123"
    assert tags["date"] == "2026-11-23" and tags["creation_time"] == "14:05:09"
    assert tags["comment"] == "Glass Reed" and tags["encoded_by"] == "HummingFace"


def test_a_chunk_after_the_sound(tmp_path):
    file = WaveFile(tmp_path / "a.wav", 48000)
    file.append(some_sound(777))
    file.add_chunk(b"hmfc", b"odd")
    file.close()
    assert by_all(file.path) == 777
    assert riff.read_chunk(file.path, b"hmfc", 100) == b"odd"
    assert riff.read_chunk(file.path, b"none", 100) is None
    with pytest.raises(riff.RiffError, match="3 bytes long, more than the 2"):
        riff.read_chunk(file.path, b"hmfc", 2)


def test_an_existing_file_is_never_written_over(tmp_path):
    (tmp_path / "a.wav").write_text("mine")
    with pytest.raises(FileExistsError):
        WaveFile(tmp_path / "a.wav", 48000)
    assert (tmp_path / "a.wav").read_text() == "mine"


def test_beyond_4_gb_it_is_rf64(tmp_path):
    """Most of it is a hole, which takes no room."""
    file = WaveFile(tmp_path / "long.wav", 48000, chunks=riff.broadcast_chunk("Long", AT, 0))
    before = some_sound(1000)
    file.append(before)
    edge = (1 << 32) // 6 - 2000
    file.append_silence(edge)
    with file.path.open("rb") as raw:
        assert raw.read(4) == b"RIFF", "up to the limit it is what every reader knows"
    sound = some_sound(4000, 2)
    for begin in range(0, 4000, 100):
        file.append(sound[begin:begin + 100])
    file.add_chunk(b"hmfc", b"played")
    file.close()
    frames = 1000 + edge + 4000
    assert file.path.stat().st_size > 1 << 32
    assert os.stat(file.path).st_blocks * 512 < 1 << 24, "the hole takes no room"
    with file.path.open("rb") as raw:
        assert raw.read(4) == b"RF64"
        raw.seek(20)
        assert struct.unpack("<QQQ", raw.read(24)) == (file.path.stat().st_size - 8, frames * 6, frames)
    with soundfile.SoundFile(file.path) as read:
        assert read.frames == frames and read.format == "RF64"
        read.seek(frames - 4000)
        assert np.abs(read.read(dtype="float32") - sound).max() <= 2 ** -24
        read.seek(0)
        assert np.abs(read.read(1000, dtype="float32") - before).max() <= 2 ** -24
    probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=duration_ts", "-of", "csv=p=0", str(file.path)],
                           capture_output=True, text=True, check=True)
    assert not probe.stderr and int(probe.stdout) == frames
    assert riff.read_chunk(file.path, b"hmfc", 100) == b"played"


def test_sox_reads_rf64_as_well(tmp_path, monkeypatch):
    """It reads a file to its end to tell how long it is, so this one is RF64 from 100 kB on."""
    monkeypatch.setattr(riff, "LONGEST_RIFF", 100_000)
    file = WaveFile(tmp_path / "long.wav", 48000, chunks=riff.broadcast_chunk("Long", AT, 0))
    for begin in range(0, 40_000, 4_000):
        file.append(some_sound(40_000)[begin:begin + 4_000])
    file.add_chunk(b"hmfc", b"played")
    file.close()
    assert file.path.read_bytes()[:4] == b"RF64"
    assert by_sox(file.path) == by_ffmpeg(file.path)[0] == 40_000


CHILD = """
import resource, sys, numpy
from hummingface.instrument.recording.wave_file import WaveFile
file = WaveFile(sys.argv[1], 48000)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    while True:
        file.append(numpy.full((1440, 2), 0.5, numpy.float32))
except OSError as error:
    print(error.errno, file.frames)
    try:
        file.add_chunk(b"hmfc", bytes(1000))
    except OSError as error:
        print(error.errno)
file.close()
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="this system limits no file sizes")
def test_a_file_that_can_grow_no_more_keeps_all_that_was_written(tmp_path):
    path = tmp_path / "full.wav"
    done = subprocess.run([sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=True)
    said = done.stdout.split()
    assert said[0] == said[2] == str(errno.EFBIG)
    frames = int(said[1])
    begin = next(at for name, at, _ in riff.chunks_of(path) if name == b"data")
    assert frames == (100_000 - begin) // 6, "to the last frame that fits"
    assert by_all(path) == frames


@pytest.mark.parametrize("data", [b"RIFF\0\0\0\0WAVE", b"RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff", b"RF64\0\0\0\0WAVEds64\x1c"])
def test_a_broken_wave_file_is_read_with_care(tmp_path, data):
    (tmp_path / "a.wav").write_bytes(data)
    assert riff.read_chunk(tmp_path / "a.wav", b"hmfc", 100) is None


@pytest.mark.parametrize("data", [b"", b"RIFF", b"hello" * 100])
def test_what_is_no_wave_file_is_refused(tmp_path, data):
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(riff.RiffError, match=r"a\.wav"):
        riff.chunks_of(tmp_path / "a.wav")
