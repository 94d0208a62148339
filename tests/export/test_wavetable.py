"""Wavetables: the file that synthesizers know, and cycles that are what the patch plays."""
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hummingface.instrument.export import sampled_note, wavetable
from hummingface.instrument.export.hidden_folder import ExportError
from hummingface.instrument.export.wavetable import CYCLE_SAMPLES, CYCLES, WavetableOptions, export
from hummingface.instrument.recording import riff
from tests.export.programs import need


@pytest.fixture(scope="module")
def along_filter(sound_of, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "saw.wav"
    steps = []
    report = export(sound_of("Neon Saw"), path, WavetableOptions("filter.cutoff_hz"), lambda done, total: steps.append((done, total)))
    return report, steps, soundfile.read(path)[0].reshape(CYCLES, CYCLE_SAMPLES)


def spectra(cycles):
    return np.abs(np.fft.rfft(cycles, axis=1)) * 2 / CYCLE_SAMPLES


def test_the_file_is_what_synthesizers_take(along_filter):
    need("sox")
    report, steps, _ = along_filter
    info = soundfile.info(report.out)
    assert (info.channels, info.frames, info.subtype) == (1, 2048 * 256, "FLOAT")
    names = [name for name, _, _ in riff.chunks_of(report.out)]
    assert names == [b"fmt ", b"fact", b"clm ", b"data"]
    assert riff.read_chunk(report.out, b"clm ", 100) == b"<!>2048 10000000 wavetable (HummingFace)"
    assert struct.unpack("<I", report.out.read_bytes()[4:8])[0] == report.out.stat().st_size - 8
    assert steps[-1] == (256, 256)
    assert "256 cycles of 2048 samples" in str(report)


def test_cycles_are_whole_equally_loud_and_blend(along_filter):
    *_, cycles = along_filter
    level = spectra(cycles)
    assert np.abs(cycles).max() == pytest.approx(0.98, abs=1e-3)
    assert level[:, 0].max() < 1e-6, "no offset"
    assert np.abs(cycles[:, 0]).max() < 0.1, "each begins at zero"
    rms = np.sqrt((cycles[100:] ** 2).mean(1))
    assert np.ptp(20 * np.log10(rms)) < 0.1
    between = (cycles[150:-1] + cycles[151:]) / 2
    assert np.sqrt((between ** 2).mean(1)).min() > 0.97 * rms.min(), "neighbours do not cancel each other"


def test_the_filter_opens_along_the_table(along_filter):
    *_, cycles = along_filter
    level = spectra(cycles)
    heard = (level > 1e-3 * level.max(1, keepdims=True)).sum(1)
    assert heard[60] < 8 < heard[128] < heard[200] <= heard[255]
    assert heard[255] > 60
    assert (np.diff(heard[40:].astype(int)) >= -3).all()


def test_a_cycle_has_the_harmonics_of_the_engines_sound(sound_of):
    """Against a projection on the harmonics of an ordinary note, of a patch whose partials are harmonic."""
    sound = sound_of("Late Trumpet")
    levels = wavetable.harmonics(sound, WavetableOptions(seconds=0.45))[-1]
    still = sampled_note.for_sampling(sound.patch)
    still = still.with_values(parameters={**still.parameters, **wavetable.STILL})
    heard = sampled_note.play(sound.source, still, 48, 100, 0.55)[-9000:].mean(1)
    window, f0_hz = np.hanning(9000), 440 * 2 ** ((48 - 69) / 12)
    turns = np.exp(-2j * np.pi * np.outer(np.arange(1, 17) * f0_hz / sampled_note.RATE_HZ, np.arange(9000)))
    amplitude = 2 * np.abs(turns @ (heard * window)) / window.sum()
    assert np.abs(20 * np.log10(levels[:8] / amplitude[:8])).max() < 0.5


def test_channels_that_are_each_others_negative_have_the_levels_of_equal_ones(sound_of, monkeypatch):
    """By the harmonics themselves; and through a whole table, of an engine whose right side is turned over."""
    rng = np.random.default_rng(4)
    t = np.arange(wavetable.PERIODS * 400) / 400
    one = np.sum([np.sin(2 * np.pi * (k * t + rng.uniform())) / k for k in range(1, 30)], 0)[:, None]
    equal, opposite = (wavetable._levels(np.concatenate([one, sign * one], 1), 400) for sign in (1, -1))
    assert opposite == pytest.approx(equal, abs=1e-12)
    assert equal[:29] == pytest.approx(1 / np.arange(1, 30), rel=0.01)
    options, render = WavetableOptions(seconds=0.3), wavetable.Player.render
    whole = wavetable.harmonics(sound_of("Late Trumpet"), options)
    monkeypatch.setattr(wavetable.Player, "render", lambda *args: render(*args) * np.array([1, -1], np.float32))
    assert wavetable.harmonics(sound_of("Late Trumpet"), options) == pytest.approx(whole, rel=1e-5, abs=1e-9)


def test_from_a_command_line_and_never_twice_over(tmp_path):
    """To the end; a bar is for terminals alone."""
    words = [sys.executable, "-m", "hummingface", "export", "wavetable", "Stone Nave", str(tmp_path / "a.wav"), "--seconds", "1"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0 and f"{tmp_path / 'a.wav'}: 256 cycles" in done.stdout, done.stderr
    assert "exporting" not in done.stderr
    made = (tmp_path / "a.wav").read_bytes()
    again = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=600)
    assert again.returncode == 1 and "already exists" in again.stderr and "Traceback" not in again.stderr
    assert (tmp_path / "a.wav").read_bytes() == made


def test_along_time_a_struck_sound_grows_dull(sound_of, tmp_path):
    export(sound_of("Evening Grand"), tmp_path / "a.wav", WavetableOptions(seconds=2.0))
    level = spectra(soundfile.read(tmp_path / "a.wav")[0].reshape(CYCLES, CYCLE_SAMPLES))
    centre = (level * np.arange(level.shape[1])).sum(1) / level.sum(1)
    assert centre[10:40].mean() > 1.2 * centre[-40:].mean()


@pytest.mark.parametrize(("out", "along", "told"), [
    ("a.flac", "time", "is a .wav file"), ("a.wav", "master.mode", "is a switch"), ("a.wav", "nonsense", "no control is called"),
    ("a.wav", "latent.x", "no control is called"), ("none/a.wav", "time", "no such folder"), ("there.wav", "time", "already exists"),
])
def test_what_cannot_be_is_said(sound_of, tmp_path, out, along, told):
    (tmp_path / "there.wav").write_bytes(b"mine")
    with pytest.raises(ExportError, match=told):
        export(sound_of("Neon Saw"), tmp_path / out, WavetableOptions(along))
    assert [path.name for path in tmp_path.iterdir()] == ["there.wav"]
    assert (tmp_path / "there.wav").read_bytes() == b"mine"


def test_what_stops_it_leaves_nothing(sound_of, tmp_path):
    class Enough(Exception):
        pass

    def stop(done, total):
        raise Enough
    with pytest.raises(Enough):
        export(sound_of("Neon Saw"), tmp_path / "a.wav", WavetableOptions("latent.1"), stop)
    assert list(tmp_path.iterdir()) == []
