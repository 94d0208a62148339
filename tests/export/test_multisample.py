"""Whole instruments: what is in them, what is refused, and that nothing half-made is ever left."""
import os
import re
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hummingface.instrument.export import multisample, sampled_note
from hummingface.instrument.export.hidden_folder import ExportError
from hummingface.instrument.export.multisample import MultisampleOptions, export
from hummingface.instrument.export.zones import Layer, Zone
from hummingface.instrument.offline.levelling import momentary_lufs
from hummingface.instrument.performance.sound_bank import Sound
from hummingface.instrument.recording import riff
from hummingface.models.playing.frame import pitch_to_hz
from tests.export import maps
from tests.export.programs import need

PROJECT = str(Path(__file__).resolve().parents[2])
FEW = MultisampleOptions(every=2, velocities=2, seconds=1.2, low=48, high=51)


def regions(sfz: Path) -> list[dict[str, str]]:
    """The opcodes of each region, with those of its group."""
    return maps.regions(sfz.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def nave(sound_of, tmp_path_factory):
    """(a sustained patch as SFZ, how it went)."""
    folder = tmp_path_factory.mktemp("nave")
    steps = []
    report = export("sfz", sound_of("Stone Nave"), folder / "Stone Nave.sfz", FEW, lambda done, total: steps.append((done, total)))
    return report, steps


def test_an_instrument_is_whole_and_every_key_and_velocity_has_one_sample(nave):
    report, steps = nave
    assert report.out.name == "Stone Nave.sfz"
    assert sorted(path.name for path in report.out.parent.iterdir()) == ["Stone Nave Samples", "Stone Nave.sfz"]
    played = [(key, velocity) for region in regions(report.out) for key in range(int(region["lokey"]), int(region["hikey"]) + 1)
              for velocity in range(int(region["lovel"]), int(region["hivel"]) + 1)]
    assert sorted(played) == [(key, velocity) for key in range(48, 52) for velocity in range(1, 128)]
    files = {region["sample"] for region in regions(report.out)}
    assert len(files) == report.samples == 4
    assert all((report.out.parent / file).is_file() for file in files)
    assert steps[0] == (0, 9) and steps[-1] == (9, 9) and [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert "4 samples of 2 keys, looped" in str(report)


def test_samples_are_read_alike_by_all(nave):
    """24 bits, 48 kHz, stereo; the key and the loop in the file are those of the map."""
    need("sox")
    report, _ = nave
    for region in regions(report.out):
        path = report.out.parent / region["sample"]
        sound, rate_hz = soundfile.read(path)
        info = soundfile.info(path)
        assert (rate_hz, info.channels, info.subtype) == (48000, 2, "PCM_24")
        with wave.open(str(path)) as file:
            assert file.getnframes() == len(sound)
        said = subprocess.run(["sox", "-V3", str(path), "-n", "stat"], capture_output=True, text=True, check=True)
        assert "WARN" not in said.stderr
        smpl = np.frombuffer(riff.read_chunk(path, b"smpl", 100), "<u4")
        assert smpl[3] == int(region["pitch_keycenter"]) and smpl[7] == 1
        start, end = int(region["loop_start"]), int(region["loop_end"])
        assert (smpl[11], smpl[12]) == (start, end)
        assert 0 < start < end < len(sound)
        assert 0.02 < np.abs(sound).max() < 0.9
        assert np.abs(sound[:48]).max() < np.abs(sound).max()
        ahead = len(sound) - end - 1
        assert ahead > 8 and np.abs(sound[end + 1:] - sound[start:start + ahead]).max() < 2e-7, "what follows the end is the beginning"


def played_at(region: dict[str, str]) -> float:
    """The gain of a sample at the velocity that it was made at."""
    velocity, curve = int(re.search(r" v(\d+) ", region["sample"])[1]), maps.points(region)
    return 10 ** (float(region["volume"]) / 20) * float(np.interp(velocity, sorted(curve), [curve[v] for v in sorted(curve)]))


def test_it_begins_as_the_engine_plays_it(nave, sound_of):
    """At the velocity and the key that it was made at; there lines between points may be 0.25 dB off, and its volume 0.005."""
    report, _ = nave
    sound, patch = sound_of("Stone Nave"), sampled_note.for_sampling(sound_of("Stone Nave").patch)
    for region in regions(report.out):
        velocity, key = int(re.search(r" v(\d+) ", region["sample"])[1]), int(region["pitch_keycenter"])
        if int(region["lokey"]) <= key <= int(region["hikey"]):
            made, _ = soundfile.read(report.out.parent / region["sample"])
            played = sampled_note.play(sound.source, patch, key, velocity, 0.3)
            gain = float((made[:len(played)] * played).sum() / (made[:len(played)] ** 2).sum())
            assert np.abs(made[:len(played)] * gain - played).max() < 3e-7 * max(gain, 1)
            assert 20 * np.log10(played_at(region) / gain) == pytest.approx(0, abs=0.26)


def test_samples_of_all_layers_are_as_loud_as_the_hardest_stroke(nave):
    """Soft ones are not buried in the last bits, and no layer steps."""
    report, _ = nave
    for key in (49, 51):
        loud = [momentary_lufs(soundfile.read(report.out.parent / region["sample"])[0][:28800]) + 0.0
                for region in regions(report.out) if int(region["lokey"]) <= key <= int(region["hikey"])]
        assert len(loud) == 2 and abs(loud[0] - loud[1]) < 1.0


@pytest.mark.parametrize("range_db", [12.0, 60.0])
def test_levels_are_the_engines_own_at_every_velocity(sound_of, tmp_path, range_db):
    """By the law that the patch says, from 8 on, over all layers."""
    from hummingface.instrument.performance.sound_bank import Sound
    nave = sound_of("Stone Nave")
    sound = Sound(nave.patch.with_values(parameters={**nave.patch.parameters, "dynamics.range_db": range_db}), nave.source)
    export("sfz", sound, tmp_path / "a", MultisampleOptions(every=12, velocities=3, seconds=1.0, low=60, high=60, loop=False))
    level = {}
    for region in regions(next((tmp_path / "a").glob("*.sfz"))):
        curve, velocities = maps.points(region), np.arange(int(region["lovel"]), int(region["hivel"]) + 1)
        gains = 10 ** (float(region["volume"]) / 20) * np.interp(velocities, sorted(curve), [curve[v] for v in sorted(curve)])
        level |= dict(zip(velocities.tolist(), (20 * np.log10(gains)).tolist(), strict=True))
    assert sorted(level) == list(range(1, 128))
    for velocity in range(8, 128):
        assert level[velocity] - level[127] == pytest.approx(range_db * np.log10(velocity / 127) / np.log10(127 / 16), abs=1.0)
    assert (np.diff([level[v] for v in range(1, 128)]) > 0).all()


def test_neighbours_of_a_sample_are_as_loud_as_lies_between_it_and_the_next(sound_of):
    """However far apart two samples are in loudness: no step where one hands over to the other."""
    from hummingface.instrument.export.mapping import Sample, SampledInstrument
    zones, layer = [Zone(61, 60, 62), Zone(64, 63, 65)], Layer(100, 1, 127)
    made = SampledInstrument("x", samples=[Sample("61.wav", zones[0], layer, 1000, 0.5, 0.5), Sample("64.wav", zones[1], layer, 1000, 0.5)])
    made.level_keys({"61.wav": -20.0, "64.wav": -23.0})
    own = {61: -20.5, 64: -23.0}                             # as the files are, without what did not go into them
    level = {key: own[sample.zone.key] + sample.gain_db for sample in made.samples for key in range(sample.zone.low, sample.zone.high + 1)}
    assert level == pytest.approx({60: -20, 61: -20, 62: -21, 63: -22, 64: -23, 65: -23}, abs=0.13)
    silent = SampledInstrument("x", samples=[Sample(f"{zone.key}.wav", zone, layer, 1000, 0.5) for zone in zones])
    silent.level_keys({"61.wav": -20.0, "64.wav": -120.0})
    assert all(abs(sample.gain_db) <= 6 for sample in silent.samples)


def test_what_chance_makes_of_one_sample_is_taken_out():
    """A sample that is 2 dB off a sloping keyboard; a silent one leaves its neighbours alone."""
    from hummingface.instrument.export.mapping import Sample, SampledInstrument
    keys, layer = list(range(37, 85, 3)), Layer(100, 1, 127)
    lufs = {f"{key}.wav": -20.0 - 0.1 * (key - 37) for key in keys}
    lufs["61.wav"] += 2.0
    made = SampledInstrument("x", samples=[Sample(f"{key}.wav", Zone(key, key - 1, key + 1), layer, 1000, 0.5) for key in keys])
    made.level_keys(lufs)
    level = np.array([level for _, level in sorted((key, lufs[sample.file] + sample.gain_db) for sample in made.samples
                                                   for key in range(sample.zone.low, sample.zone.high + 1))])
    assert np.abs(np.diff(level)).max() < 0.6 and np.abs(np.diff(level)[:9] + 0.1).max() < 0.3
    lufs["61.wav"] = -120.0
    made = SampledInstrument("x", samples=[Sample(f"{key}.wav", Zone(key, key, key), layer, 1000, 0.5) for key in keys])
    made.level_keys(lufs)
    assert all(abs(sample.gain_db) < 0.13 for sample in made.samples)


def test_what_samples_cannot_hold_is_in_the_volume_and_what_that_cannot_is_told(sound_of, tmp_path, monkeypatch):
    """Peaks stay below the limit, volumes within what SFZ has, and loudness as it was, or softer by what is told."""
    few, made = MultisampleOptions(every=12, velocities=2, seconds=1.0, low=60, high=60, loop=False), {}
    for peak_db in (-0.3, -10.0, -40.0):
        monkeypatch.setattr(multisample, "PEAK_DB", peak_db)
        report = export("sfz", sound_of("Stone Nave"), tmp_path / f"{peak_db:g}", few)
        loud = []
        for region in regions(next((tmp_path / f"{peak_db:g}").glob("*.sfz"))):
            sound, _ = soundfile.read(tmp_path / f"{peak_db:g}" / region["sample"])
            assert np.abs(sound).max() <= 10 ** (peak_db / 20) + 1e-6 and -144 <= float(region["volume"]) <= 6
            loud.append(momentary_lufs(sound[:28800]) + 20 * np.log10(played_at(region)))
        told = re.search(r"([\d.]+) dB softer than the patch", str(report))
        made[peak_db] = np.array(loud), float(told[1]) if told else 0.0
    assert made[-0.3][1] == 0 and made[-40.0][1] > 10
    for heard, softer_db in made.values():
        assert heard + softer_db == pytest.approx(made[-0.3][0], abs=0.1)


def test_a_struck_patch_dies_away_unless_a_loop_is_asked_for(sound_of, tmp_path):
    few = MultisampleOptions(every=12, velocities=1, seconds=1.5, low=60, high=60)
    report = export("sfz", sound_of("Rosewood"), tmp_path / "plain", few)
    region, = regions(next((tmp_path / "plain").glob("*.sfz")))
    assert region["loop_mode"] == "no_loop" and "loop_start" not in region and "ampeg_decay" not in region
    sound, _ = soundfile.read(tmp_path / "plain" / region["sample"])
    assert np.abs(sound[-5:]).max() < 1e-4, "no click at its end"
    assert "not looped" in str(report)
    export("sfz", sound_of("Rosewood"), tmp_path / "looped", MultisampleOptions(**{**vars(few), "loop": True}))
    region, = regions(next((tmp_path / "looped").glob("*.sfz")))
    assert region["loop_mode"] == "loop_continuous"
    assert float(region["ampeg_hold"]) == pytest.approx(int(region["loop_start"]) / 48000, abs=1e-3)
    assert float(region["ampeg_sustain"]) == 0 and 0.3 < float(region["ampeg_decay"]) < 30
    assert export("sfz", sound_of("Stone Nave"), tmp_path / "unlooped", MultisampleOptions(**{**vars(few), "loop": False})).looped is False


def test_a_slow_attack_is_over_before_the_loop_begins(sound_of, tmp_path):
    from hummingface.instrument.performance.sound_bank import Sound
    nave = sound_of("Stone Nave")
    slow = Sound(nave.patch.with_values(parameters={**nave.patch.parameters, "envelope.attack_s": 1.5}), nave.source)
    export("sfz", slow, tmp_path / "a", MultisampleOptions(every=12, velocities=1, seconds=1.0, low=60, high=60))
    region, = regions(next((tmp_path / "a").glob("*.sfz")))
    sound, _ = soundfile.read(tmp_path / "a" / region["sample"])
    start, end = int(region["loop_start"]), int(region["loop_end"])
    assert start > 1.5 * 48000
    loop_db, held_db = (sampled_note.levels_db(part, 0.3).mean() for part in (
        sound[start:end + 1] * played_at(region),
        sampled_note.play(nave.source, sampled_note.for_sampling(nave.patch), 60, 100, 3.0)[48000:]))
    assert abs(loop_db - held_db) < 2


def test_release_is_the_patches_own(sound_of, tmp_path):
    """Three times as long where the knob says so."""
    from hummingface.instrument.performance.sound_bank import Sound
    sound = sound_of("Neon Saw")
    longer = Sound(sound.patch.with_values(parameters={**sound.patch.parameters, "envelope.release": 3.0}), sound.source)
    few = MultisampleOptions(every=12, velocities=1, seconds=1.0, low=60, high=60)
    for name, what in (("a", sound), ("b", longer)):
        export("sfz", what, tmp_path / name, few)
    a, b = (float(regions(next((tmp_path / name).glob("*.sfz")))[0]["ampeg_release"]) for name in "ab")
    assert b / a == pytest.approx(3.0, rel=0.15)


def test_samples_are_dry_unless_wet_is_asked_for(sound_of, tmp_path):
    few = MultisampleOptions(every=12, velocities=1, seconds=1.0, low=60, high=60, loop=False)
    sounds, bells = {}, sound_of("Cathedral Bells")
    for wet in (False, True):
        export("sfz", bells, tmp_path / str(wet), MultisampleOptions(**{**vars(few), "wet": wet}))
        sounds[wet] = soundfile.read(next((tmp_path / str(wet)).rglob("*.wav")))[0][:24000]
    played = sampled_note.play(bells.source, bells.patch, 60, 100, 0.5)
    gain = (sounds[True] * played).sum() / (sounds[True] ** 2).sum()
    assert np.abs(sounds[True] * gain - played).max() < 3e-7, "wet is as the patch is"
    assert np.abs(sounds[True] - sounds[False]).max() > 0.01


def test_nothing_is_written_over(steady, tmp_path):
    (tmp_path / "a.sfz").write_text("mine")
    (tmp_path / "b").mkdir()
    (tmp_path / "c Samples").mkdir()
    for out, named in (("a.sfz", r"a\.sfz: already exists"), ("b", "b: already exists"), ("c.sfz", "c Samples: already exists")):
        with pytest.raises(ExportError, match=named):
            export("sfz", steady, tmp_path / out, FEW)
    assert (tmp_path / "a.sfz").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.sfz", "b", "c Samples"]


@pytest.mark.parametrize(("form", "out", "told"), [
    ("sfz", "a.dspreset", "name it .sfz"), ("bitwig", "a.sfz", r"name it \.multisample"), ("sfz", "none/a.sfz", "no such folder"),
    ("decentsampler", "a.wav", r"name it \.dspreset or \.dslibrary"),
])
def test_what_cannot_be_called_so_is_said(steady, tmp_path, form, out, told):
    with pytest.raises(ExportError, match=told):
        export(form, steady, tmp_path / out, FEW)


def test_what_stops_it_leaves_nothing(steady, tmp_path):
    class Enough(Exception):
        pass

    def stop(done, total):
        if done == 4:
            assert any(tmp_path.iterdir()), "it grows beside its place"
            raise Enough
    for form, out in (("sfz", "a.sfz"), ("bitwig", "a.multisample")):
        with pytest.raises(Enough):
            export(form, steady, tmp_path / out, FEW, stop)
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(steady, tmp_path):
    resource = pytest.importorskip("resource", reason="no limits on files here")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"a\.sfz: cannot be exported .*(File too large|No space left).*no file was left"):
            export("sfz", steady, tmp_path / "a.sfz", FEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def _begun(out: Path) -> subprocess.Popen:
    """A real export, once samples of it are there."""
    process = subprocess.Popen([sys.executable, "-m", "hummingface", "export", "sfz", "Stone Nave", str(out), "--every", "2"],
                               env=os.environ | {"PYTHONPATH": PROJECT}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + 300
    while not list(out.parent.rglob("*.wav")):
        assert process.poll() is None and time.monotonic() < end, process.stderr.read()
        time.sleep(0.05)
    return process


def test_one_that_is_killed_leaves_nothing_under_its_name_and_its_rest_goes_with_the_next(steady, tmp_path):
    process = _begun(tmp_path / "a.sfz")
    process.kill()
    process.wait()
    left, = tmp_path.iterdir()
    assert left.name.startswith(".hummingface-export-")
    export("sfz", steady, tmp_path / "a.sfz", MultisampleOptions(every=12, velocities=1, seconds=1.0, low=60, high=60))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a Samples", "a.sfz"]


def test_one_that_is_ended_leaves_nothing(tmp_path):
    process = _begun(tmp_path / "a.sfz")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_scale_is_in_the_map_and_silent_keys_are_not(steady, tmp_path):
    """Each key is played at its pitch of the scale: from a sample at its own pitch, moved by as much as the scale says."""
    from hummingface.instrument.patches.scale_tuning import ScaleTuning
    steps = ("", "3", "150.", "320.", "1200.")
    tuning = ScaleTuning("three", steps, ("4", "0", "127", "60", "60", "261.6255653006", "3", "0", "1", "2", "x"))
    sound = Sound(steady.patch.with_values(tuning=tuning), steady.source)
    made = export("sfz", sound, tmp_path / "three.sfz", MultisampleOptions(every=4, velocities=1, seconds=1.0, low=57, high=67))
    pitches = tuning.pitches()
    found = {}
    for region in regions(made.out):
        root = int(region["pitch_keycenter"])
        sampled, rate_hz = soundfile.read(made.out.parent / region["sample"])
        heard = np.fft.rfft(sampled[-rate_hz // 2:, 0] * np.hanning(rate_hz // 2), 1 << 18)
        at_hz = float(np.argmax(np.abs(heard))) * rate_hz / (1 << 18)
        assert abs(1200 * np.log2(at_hz / pitch_to_hz(pitches[root]))) < 2
        for key in range(int(region["lokey"]), int(region["hikey"]) + 1):
            found[key] = pitches[root] + key - root + int(region.get("transpose", 0)) + float(region.get("tune", 0)) / 100
    assert set(found) == {key for key in range(57, 68) if not np.isnan(pitches[key])}
    for key, pitch in found.items():
        assert abs(pitch - pitches[key]) < 1e-3
