"""Listening to a file on a device of another rate, as a JACK server is, whose rate is its own."""
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from hummingface.instrument.recording.audition import pieces


@pytest.mark.parametrize(("of_hz", "to_hz", "up", "down"), [(44100, 48000, 160, 147), (96000, 48000, 1, 2), (22050, 48000, 320, 147)])
@pytest.mark.parametrize("frames", [10, 4096, 50_000])
def test_pieces_join_to_the_whole_at_the_other_rate(tmp_path, of_hz, to_hz, up, down, frames):
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (frames, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, of_hz, "FLOAT")
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        made = np.concatenate(list(pieces(file, to_hz)))
    whole = resample_poly(sound, up, down, axis=0)
    assert len(whole) <= len(made) <= len(whole) + 200 * up / down
    assert np.abs(made[:len(whole)] - whole).max() < 1e-5


def test_pieces_at_the_same_rate_are_the_file(tmp_path):
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (10_000, 1)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 48000, "FLOAT")
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        assert np.array_equal(np.concatenate(list(pieces(file, 48000))), sound)


def test_a_file_of_another_rate_is_heard_on_a_jack_server(jack_server, tmp_path):
    """And not one that is no sound."""
    jack_server(256)
    soundfile.write(tmp_path / "a.wav", np.zeros((22_050, 2)), 44100)
    (tmp_path / "b.wav").write_text("no sound")
    command = [sys.executable, "-m", "hummingface.instrument.recording.audition"]
    played, refused = (subprocess.run([*command, str(tmp_path / name)], capture_output=True, text=True) for name in ("a.wav", "b.wav"))
    assert played.returncode == 0, played.stderr
    assert refused.returncode == 1 and "b.wav: cannot be read" in refused.stderr
