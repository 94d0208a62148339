"""Strict readers of sound files, as other programs are: Python's `wave`, sox, ffmpeg."""
import json
import shutil
import subprocess
import wave
from pathlib import Path

import pytest


def by_wave(path: Path) -> int:
    """Frames that Python's own strict reader finds, and can read."""
    with wave.open(str(path)) as file:
        frames, width = file.getnframes(), file.getsampwidth() * file.getnchannels()
        assert len(file.readframes(frames)) == frames * width, "as many as its head says"
        return frames


def by_sox(path: Path) -> int:
    """Samples of a channel that sox finds, and reads without a warning."""
    if not shutil.which("sox"):
        pytest.skip("sox is not installed: apt-get install sox")
    done = subprocess.run(["sox", "-V2", str(path), "-n", "stat"], capture_output=True, text=True, check=True)
    assert "WARN" not in done.stderr, done.stderr
    said = subprocess.run(["sox", "--i", "-s", str(path)], capture_output=True, text=True, check=True)
    return int(said.stdout)


def by_ffmpeg(path: Path) -> tuple[int, dict]:
    """(samples of a channel that ffmpeg decodes without a complaint, the tags that it finds)."""
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")
    done = subprocess.run(["ffmpeg", "-v", "warning", "-i", str(path), "-f", "f32le", "-ac", "1", "-"], capture_output=True, check=True)
    said = [line for line in done.stderr.splitlines() if b"Guessed Channel Layout" not in line]      # of two channels, stereo
    assert not said, said
    probe = subprocess.run(["ffprobe", "-v", "error", "-print_format", "json", "-show_format", "-show_streams", str(path)],
                           capture_output=True, check=True)
    return len(done.stdout) // 4, json.loads(probe.stdout)


def by_all(path: Path) -> int:
    """Frames, on which all agree."""
    counts = {by_wave(path), by_sox(path), by_ffmpeg(path)[0]}
    assert len(counts) == 1, counts
    return counts.pop()
