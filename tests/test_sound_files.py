"""Sound files that are named, written whole, and measured."""
import numpy as np
import pytest
import soundfile
from scipy.signal import freqz_sos, sosfilt

from hummingface.instrument.files import sound_file
from hummingface.instrument.offline.loudness_meter import LoudnessMeter, k_weighting
from hummingface.models.playing.loudness import HIGH_PASS, SHELF, SILENT_LUFS
from hummingface.suggestions import close_names, did_you_mean

RATE_HZ = 48000


def tone(hz, peak_db, seconds, rate_hz=RATE_HZ):
    """A sine in both channels, float32 [samples, 2]."""
    wave = 10 ** (peak_db / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)
    return np.stack([wave, wave], 1).astype(np.float32)


def lufs(sound, rate_hz=RATE_HZ, block=4800):
    meter = LoudnessMeter(rate_hz)
    for begin in range(0, len(sound), block):
        meter.feed(sound[begin:begin + block])
    return meter.integrated_lufs()


def test_the_weighting_is_the_standards_at_48_khz_and_the_same_curve_at_others():
    table = np.array([[*SHELF[0], *SHELF[1]], [*HIGH_PASS[0], *HIGH_PASS[1]]])
    assert np.allclose(k_weighting(RATE_HZ), table, atol=1e-6)
    hz = np.geomspace(30, 10_000, 40)
    wanted = np.abs(freqz_sos(table, hz, fs=RATE_HZ)[1])
    for rate_hz in (44_100, 96_000):
        assert np.allclose(20 * np.log10(np.abs(freqz_sos(k_weighting(rate_hz), hz, fs=rate_hz)[1]) / wanted), 0, atol=0.25)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_loudness_is_what_the_standards_test_signals_say(rate_hz):
    """EBU Tech 3341, signals 1 to 3: 1 kHz in both channels."""
    assert lufs(tone(1000, -23, 20, rate_hz), rate_hz) == pytest.approx(-23.0, abs=0.1)
    assert lufs(tone(1000, -33, 20, rate_hz), rate_hz) == pytest.approx(-33.0, abs=0.1)
    gated = np.concatenate([tone(1000, -36, 10, rate_hz), tone(1000, -23, 60, rate_hz), tone(1000, -36, 10, rate_hz)])
    assert lufs(gated, rate_hz) == pytest.approx(-23.0, abs=0.1)


def test_loudness_does_not_depend_on_blocks_and_silence_is_silent():
    sound = np.concatenate([tone(500, -20, 1.3), tone(2000, -30, 0.77)])
    assert lufs(sound, block=29) == pytest.approx(lufs(sound, block=100_000), abs=1e-9)
    assert lufs(np.zeros((RATE_HZ, 2))) == lufs(tone(1000, -20, 0.3)) == SILENT_LUFS
    assert sosfilt(k_weighting(RATE_HZ), np.ones(RATE_HZ))[-1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("name", "kind"), [("a.wav", "WAV"), ("a.FLAC", "FLAC"), ("a.b.Wav", "WAV")])
def test_the_ending_decides_the_format(tmp_path, name, kind):
    sound = tone(440, -12, 0.1)
    sound_file.write(tmp_path / name, sound, RATE_HZ)
    info = soundfile.info(tmp_path / name)
    assert (info.format, info.subtype, info.frames, info.channels) == (kind, "PCM_24", len(sound), 2)
    assert np.abs(soundfile.read(tmp_path / name)[0] - sound).max() <= 2 ** -23


@pytest.mark.parametrize(("name", "told"), [("a.mp3", "as .mp3. Name it .wav or .flac, for example a.wav"), ("a", "no ending"),
                                            ("a.flc", "for example a.flac"), ("a.wave", "for example a.wav")])
def test_other_names_are_refused_with_what_is_allowed(tmp_path, name, told):
    with pytest.raises(sound_file.SoundFileError, match=r"cannot be written|no ending") as error:
        sound_file.write(tmp_path / name, tone(440, -12, 0.1), RATE_HZ)
    assert told in str(error.value) and str(tmp_path / name) in str(error.value)
    assert not list(tmp_path.iterdir())


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.flac"
    path.write_bytes(b"mine")

    def broken():
        with sound_file.written_whole([path], RATE_HZ) as write:
            write([tone(440, -12, 0.5)])
            raise RuntimeError
    with pytest.raises(RuntimeError):
        broken()
    assert path.read_bytes() == b"mine" and [file.name for file in tmp_path.iterdir()] == ["a.flac"]


def test_names_that_may_be_meant():
    known = ["Evening Grand", "Gliding Grand", "Silk Strings", "render"]
    assert close_names("evenin grand", known) == ["Evening Grand"], "one that is much nearer stands alone"
    assert did_you_mean("rendr", known) == ' Did you mean "render"?'
    assert did_you_mean("zzz", known) == "" == did_you_mean("", known)
    assert set(close_names("Mode 3", ["Mode 1", "Mode 2"])) == {"Mode 1", "Mode 2"}, "those that are as near stand beside it"
