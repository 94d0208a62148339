"""Listening to a file on a device of another rate, as a JACK server is, whose rate is its own; and to single notes of sounds."""
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from hummingface.instrument.patches import library
from hummingface.instrument.performance.sound_bank import SoundBank
from hummingface.instrument.recording import sound_audition
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


def test_a_note_of_a_sound_is_whole_as_loud_as_asked_and_fades():
    patch = library.load_patch("Rosewood")
    bank, request = SoundBank(), {"patch": patch.to_json(), "key": 48}
    loud, soft = (np.concatenate(list(sound_audition.pieces(sound_audition.read_request(json.dumps(request | {"volume_db": db})), bank)))
                  for db in (0, -20))
    assert loud.shape == (round(1.8 * sound_audition.RATE_HZ), 2) and np.abs(loud[-10:]).max() < 1e-4
    assert np.abs(loud).max() > 0.05 and np.allclose(loud * 0.1, soft, atol=1e-6)
    assert list(sound_audition.pieces(sound_audition.read_request('{"patch": null}'), bank)) == []


def test_a_phrase_of_a_sound_has_several_keys():
    """Each as high as it should be, by the strongest partial of its middle."""
    patch = library.load_patch("Sunday Drawbars").dry()
    line = json.dumps({"patch": patch.to_json(), "key": 60, "phrase": True})
    made = np.concatenate(list(sound_audition.pieces(sound_audition.read_request(line), SoundBank())))
    assert len(made) == round(3.0 * sound_audition.RATE_HZ) and np.abs(made[-10:]).max() < 1e-4
    for begin_s, end_s, semitones, _ in sound_audition.PHRASE:
        middle = made[round((begin_s + 0.08) * sound_audition.RATE_HZ):round(end_s * sound_audition.RATE_HZ), 0]
        power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 17)) ** 2
        hz = 440 * 2 ** ((60 + semitones - 69) / 12)
        around = [power[round(hz * n / sound_audition.RATE_HZ * (1 << 17)) + np.arange(-8, 9)].max() for n in (1, 2 ** (1 / 12))]
        assert around[0] > 30 * around[1], semitones


@pytest.mark.parametrize("line", ["", "[]", "x", '{"patch": 3}', '{"patch": null, "key": 128}', '{"patch": null, "volume_db": 99}'])
def test_a_request_that_is_none_is_refused(line):
    with pytest.raises(ValueError, match=r"\w"):
        sound_audition.read_request(line)


def test_notes_of_sounds_are_heard_on_a_jack_server_the_newest_first(jack_server):
    """Beside whoever plays there; what cannot be used is told, and the next one is heard."""
    import jack
    jack_server(256)
    heard, process = [], subprocess.Popen([sys.executable, "-m", "hummingface", "patches", "--audition"], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, text=True, env=os.environ)
    ear = jack.Client("ear", no_start_server=True)
    port = ear.inports.register("in")
    ear.set_process_callback(lambda _frames: heard.append(float(np.abs(port.get_array()).max())))
    with ear:
        for line in ('{"patch": 3}', json.dumps({"patch": library.load_patch("Silk Strings").to_json(), "key": 60})):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            if line.endswith("3}"):
                assert json.loads(process.stdout.readline())["tell"] == "problem"
        end = time.monotonic() + 120
        while not heard or max(heard) < 0.01:
            for other in ear.get_ports(is_audio=True, is_output=True):
                if other.name.split(":")[0] not in ("ear", "system") and not ear.get_all_connections(port):
                    ear.connect(other, port)
            assert time.monotonic() < end and process.poll() is None, "nothing was heard"
            time.sleep(0.05)
        process.stdin.close()
        assert process.wait(60) == 0
