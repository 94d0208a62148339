"""Preparing: each source through the real parts, going on where it stopped, made once whatever the way, nothing lost on a full disk."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import FRAME_SIZE, LEVEL, LEVEL_FLOOR_DB
from hummingface.train.app.commands import main
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.prepare import prepare
from hummingface.train.data.store import DataError, part_files, read_part
from hummingface.train.notes.note import Labels, Order, Skipped, SourceError, key_of
from hummingface.train.notes.opening import Overrides, open_source
from hummingface.train.notes.program_families import INSTRUMENTS, instruments_in_turn
from hummingface.train.notes.soundfont import RATE_HZ, NoteSpec, SoundFontError, render, trim_tail
from hummingface.train.notes.soundfont_source import LAYERS, NoteChoice, SoundFont
from hummingface.train.notes.soundfont_zones import key_ranges

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
MUSESCORE = Path("/usr/share/sounds/sf3/MuseScore_General_Full.sf3")
ROOT = Path(__file__).parents[2]
real = pytest.mark.skipif(not shutil.which("fluidsynth") or not SOUNDFONT.is_file(),
                          reason="fluidsynth and FluidR3_GM.sf2 are not installed")


def write_horn(place):
    """Eight short notes of two dynamics."""
    place.mkdir()
    t = np.arange(int(0.6 * 16_000)) / 16_000
    for dynamic, level in (("p", 0.05), ("f", 0.4)):
        for pitch in (60, 63, 66, 69):
            f0 = 440 * 2 ** ((pitch - 69) / 12)
            x = level * sum(np.sin(2 * np.pi * f0 * k * t) / k for k in (1, 2, 3)) * np.minimum(1, t * 200)
            sf.write(place / f"horn {dynamic} {pitch:03d}.wav", x, 16_000)
    return place


@pytest.fixture
def folder(tmp_path):
    return write_horn(tmp_path / "my horn")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The same notes prepared by one worker: whoever changes something takes a copy."""
    data = tmp_path_factory.mktemp("prepared") / "data"
    report = prepare(data, [open_source(write_horn(data.with_name("my horn")))], 1, False)
    assert report.made == report.notes == 8
    return data


def keys(data):
    return sorted(n["key"] for p in part_files(data) for n in read_part(p).notes)


def test_a_folder_becomes_training_data(folder, tmp_path):
    (folder / "noise.wav").write_bytes(b"nothing")
    report = prepare(tmp_path / "data", [open_source(folder)], workers=1, progress=False)
    assert report.made == report.notes == 8
    assert [s.name for s in report.skipped] == ["noise"]
    bank = NoteBank(tmp_path / "data", hold_out=False, level=False)
    assert bank.rows.shape == (8, ROWS, FRAME_SIZE)
    assert set(bank.velocity) == {49, 96} and set(bank.pitch) == {60, 63, 66, 69}
    assert [i["name"] for i in bank.instruments] == ["my horn"]
    assert bank.instruments[0]["program"] is None
    loud = bank.velocity == 96
    assert bank.peak_db[loud].mean() - bank.peak_db[~loud].mean() == pytest.approx(18, abs=0.5)       # 0.4 against 0.05
    assert bank.characteristics().shape == (8, 8) and np.isfinite(bank.characteristics()).all()
    assert np.isnan(bank.qualities).all()
    said = json.loads((tmp_path / "data" / "skipped.json").read_text())["notes"]
    assert said[0]["name"] == "noise" and "cannot be read" in said[0]["reason"]


def test_nothing_is_made_twice_and_the_last_command_counts(folder, prepared, tmp_path):
    data = shutil.copytree(prepared, tmp_path / "data")
    before = {f.name: f.stat().st_mtime_ns for f in data.glob("part*")}
    shutil.copytree(folder, tmp_path / "else" / "my horn")                  # another place, the same content
    assert prepare(data, [open_source(tmp_path / "else" / "my horn")], 1, False).made == 0
    assert {f.name: f.stat().st_mtime_ns for f in data.glob("part*")} == before
    part = part_files(data)[0]
    lost = len(read_part(part).notes)
    part.unlink()                                                           # as if it had been stopped there
    assert prepare(data, [open_source(folder)], 1, False).made == lost
    (folder / "horn p 060.wav").unlink()
    report = prepare(data, [open_source(folder)], 1, False)
    assert (report.notes, report.made, report.unused) == (7, 0, 1)
    assert len(NoteBank(data)) == 7
    report = prepare(data, [open_source(folder, Overrides(pitches=(69,)))], 1, False)
    assert (report.notes, report.unused) == (2, 6)
    assert len(NoteBank(data)) == 2
    assert prepare(data, [open_source(tmp_path / "else" / "my horn")], 1, False).made == 0
    assert len(NoteBank(data)) == 8


def test_several_workers_make_the_same(folder, prepared, tmp_path):
    prepare(tmp_path / "two", [open_source(folder)], 2, False)
    assert keys(prepared) == keys(tmp_path / "two")
    one, two = NoteBank(prepared), NoteBank(tmp_path / "two")
    assert (one.rows[np.argsort(one.names)] == two.rows[np.argsort(two.names)]).all()


def test_data_of_the_first_format_is_read_and_left_alone(tiny_data, folder):
    assert len(NoteBank(tiny_data)) == 150
    with pytest.raises(DataError, match="earlier version"):
        prepare(tiny_data, [open_source(folder)], 1, False)


def test_a_folder_of_another_future_format_is_refused(tmp_path):
    (tmp_path / "part-x.json").write_text('{"format": 9, "notes": []}')
    with pytest.raises(DataError, match="format 9"):
        NoteBank(tmp_path)


def test_a_full_disk_loses_nothing_that_was_done(folder, tmp_path):
    """The operating system refuses to write beyond a size: the second part does not fit."""
    data = tmp_path / "data"
    prepare(data, [open_source(folder, Overrides(pitches=(60,)))], 1, False)
    done = keys(data)
    code = ("import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
            "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); from hummingface.train.app.commands import main; "
            f"sys.exit(main(['prepare', {str(folder)!r}, '--out', {str(data)!r}, '--workers', '1']))")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 1 and "hummingface train:" in result.stderr and "Traceback" not in result.stderr
    assert keys(data) == done
    assert not [f for f in data.iterdir() if f.name.startswith(".")]
    assert prepare(data, [open_source(folder, Overrides(pitches=(60, 63)))], 1, False).made == 2


def test_killed_it_goes_on(tmp_path):
    """kill -9 in the middle: workers end, what was complete stays, nothing half written is read."""
    folder, data = tmp_path / "many", tmp_path / "data"
    folder.mkdir()
    t = np.arange(8000) / 16_000
    for i in range(18):                                               # in parts of eight
        sf.write(folder / f"{36 + i:03d}.wav", 0.3 * np.sin(2 * np.pi * 440 * 2 ** ((36 + i - 69) / 12) * t), 16_000)
    process = subprocess.Popen([sys.executable, "-m", "hummingface", "train", "prepare", str(folder), "--out", str(data), "--workers", "2"],
                               cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while not part_files(data) and process.poll() is None:
        time.sleep(0.05)
    process.kill()
    process.wait()
    for _ in range(100):                                              # its workers see that it is gone
        if not _members(process.pid):
            break
        time.sleep(0.1)
    assert not _members(process.pid)
    done = len(keys(data))
    assert done > 0
    report = prepare(data, [open_source(folder)], 1, False)
    assert report.made == report.notes - done
    assert len(NoteBank(data, hold_out=False)) == report.notes == 18


def _members(session: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(text)
    return found


def test_ctrl_c_stops_and_says_so(folder, tmp_path):
    process = subprocess.Popen([sys.executable, "-m", "hummingface", "train", "prepare", str(folder), "--out", str(tmp_path / "data"),
                                "--workers", "2"], cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len(_members(process.pid)) < 2 and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)                 # while its workers start: the worst moment
    _, said = process.communicate()
    assert process.returncode == 130 and "goes on from here" in said
    assert "Traceback" not in said


def test_the_command_and_what_it_tells(folder, tmp_path, capsys):
    (folder / "silent.wav").touch()
    handler = signal.getsignal(signal.SIGTERM)
    assert main(["prepare", str(folder), "--out", str(tmp_path / "data"), "--workers", "1", "--pitches", "60"]) == 0
    assert signal.getsignal(signal.SIGTERM) is handler, "of whoever called it"
    said = capsys.readouterr().out
    assert re.search(r"2 notes, 2 made now in \d+ s", said) and "skipped 1: cannot be read as sound" in said
    for wrong in (tmp_path / "gone", tmp_path / "data" / "data.json", SOUNDFONT.with_name("none.sf2")):
        assert main(["prepare", str(wrong), "--out", str(tmp_path / "data")]) == 1
        assert "hummingface train:" in capsys.readouterr().err


def test_at_least_60_instruments_of_all_families():
    assert len(INSTRUMENTS) >= 60
    assert len({i.program for i in INSTRUMENTS}) == len(INSTRUMENTS)
    assert sorted(i.program for i in instruments_in_turn()) == sorted(i.program for i in INSTRUMENTS)
    assert len({i.family for i in instruments_in_turn()[:12]}) == 12


@real
def test_a_general_midi_font_gives_every_key_at_every_velocity_once():
    source = SoundFont(SOUNDFONT)
    made = [(o.labels.program, o.labels.velocity, o.labels.pitch) for o in source.orders([])]
    assert len(made) == len(set(made)) == len(source) == len(INSTRUMENTS) * 88 * 3
    first = [(s.velocity, s.hold_s) for _, _, s in source._plan[:44]]
    assert {v for v, _ in first} == {100} and LAYERS[0][1][0] >= 4


@real
def test_programs_keys_velocities_and_lengths_are_chosen(tmp_path):
    source = SoundFont(SOUNDFONT, NoteChoice((40, 124), (60, 72), (50, 90), (0.3, 0.4)))
    assert len(source) == 2 * 2 * 2 * 2
    report = prepare(tmp_path, [SoundFont(SOUNDFONT, NoteChoice((40, 124), (60, 72), (90,), (0.3,)))], 1, False)
    assert report.notes == 4
    bank = NoteBank(tmp_path)
    violin = bank.instruments[0]
    assert (violin["name"], violin["family"], violin["sustained"]) == ("Violin", "strings", True)
    assert bank.instruments[1]["program"] == 124 and bank.instruments[1]["family"] == "effect"
    assert bank.rows[:, 40, LEVEL].amax() > -50


def test_what_is_no_soundfont_says_so(tmp_path):
    (tmp_path / "a.sf2").write_bytes(b"RIFF\0\0\0\0sfbk" + b"LIST\4\0\0\0pdtaphdr")
    with pytest.raises(ValueError, match="SoundFont"):
        SoundFont(tmp_path / "a.sf2")
    with pytest.raises(SoundFontError, match="no such SoundFont"):
        SoundFont(tmp_path / "none.sf2")


def test_a_missing_soundfont_says_what_to_do(tmp_path):
    if not shutil.which("fluidsynth"):
        pytest.skip("fluidsynth is not installed")
    with pytest.raises(SoundFontError, match="no such SoundFont"):
        list(render([NoteSpec(0, 60, 100, 0.5)], tmp_path / "none.sf2"))


@real
def test_notes_are_cut_out_to_the_sample_and_apart_from_each_other():
    spec = NoteSpec(80, 69, 100, 0.5, 0.5)
    alone = dict(render([spec], SOUNDFONT))
    among = dict(render([NoteSpec(19, 36, 120, 0.5, 0.3), spec, NoteSpec(0, 60, 60, 0.4, 0.3)], SOUNDFONT))
    assert len(among[spec]) == RATE_HZ
    # fluidsynth's very first note comes out a little different; a note one buffer late or over another would differ by all
    assert np.abs(among[spec] - alone[spec]).max() < 0.25 * np.abs(alone[spec]).max()
    assert np.flatnonzero(np.abs(alone[spec]) > 1e-5)[0] < 64
    piano = among[NoteSpec(0, 60, 60, 0.4, 0.3)]
    assert np.abs(piano[:8]).max() < 1e-3                         # nothing of the lead before it
    assert np.abs(piano).max() > 1e-3


def test_trim_keeps_the_held_part_and_the_audible_tail():
    audio = np.zeros(RATE_HZ * 3, np.float32)
    audio[:RATE_HZ] = 0.5
    assert abs(len(trim_tail(audio, 0.5)) / RATE_HZ - 1.1) < 0.02
    assert abs(len(trim_tail(audio, 2.0)) / RATE_HZ - 2.1) < 0.02


def test_silence_of_the_first_format_stays_silence(tiny_data, tmp_path):
    for file in tiny_data.glob("p000-v100-2s-*"):
        shutil.copy(file, tmp_path)
    card = next(tmp_path.glob("*.json"))
    card.write_text(card.read_text().replace('"format": 2', '"format": 1'))
    rows = np.load(card.with_suffix(".rows.npy"))
    rows[..., LEVEL] = np.maximum(rows[..., LEVEL], -100)
    np.save(card.with_suffix(".rows.npy"), rows)
    bank = NoteBank(tmp_path)
    assert bank.rows[..., LEVEL].min() == LEVEL_FLOOR_DB
    assert not ((bank.rows[..., LEVEL] > LEVEL_FLOOR_DB) & (bank.rows[..., LEVEL] <= -100)).any()


def test_several_sources_are_taken_in_turn(tmp_path):
    """Any beginning has something of all; one that fails does not stop the others."""
    made: list[str] = []

    class Read:
        def __call__(self, orders):
            for order in orders:
                made.append(order.labels.instrument)
                if order.labels.instrument == "bad" and len(made) > 2:
                    raise SourceError("bad: it broke")
                yield Skipped(order.labels.name, "made up")

    class Source:
        batch, notices, read = 2, [], Read()

        def __init__(self, name, size):
            self.path, self.name, self.about, self._size = tmp_path / name, name, {"name": name}, size

        def __len__(self):
            return self._size

        def orders(self, skipped):
            for i in range(self._size):
                labels = Labels(f"{self.name}-{i}", self.name, "test", "recorded", 60, 100, 1.0)
                yield Order(key_of(labels), labels, i)
    report = prepare(tmp_path / "data", [Source("long", 40), Source("short", 10)], 1, False)
    assert not report.failed and len(report.skipped) == 50
    assert made[:12].count("short") in (2, 4) and made[:25].count("short") in (4, 6) and len(made) == 50
    made.clear()
    report = prepare(tmp_path / "other", [Source("bad", 10), Source("good", 10)], 1, False)
    assert report.failed == ["bad: it broke"] and made.count("good") == 10 and made.count("bad") < 5


@pytest.mark.skipif(not shutil.which("fluidsynth") or not MUSESCORE.is_file(), reason="fluidsynth and MuseScore_General are not installed")
def test_a_second_general_midi_font_has_instruments_of_its_own(tmp_path):
    sources = [SoundFont(SOUNDFONT, NoteChoice((0,), draws=4)), SoundFont(MUSESCORE, NoteChoice((0,), draws=4))]
    report = prepare(tmp_path, sources, 1, False)
    assert report.notes == 8
    bank = NoteBank(tmp_path, hold_out=False)
    assert [(i["name"], i["program"]) for i in bank.instruments] == [("Grand Piano", 0), ("MuseScore Grand Piano", None)]
    assert bank.is_stereo and len(set(zip(bank.pitch, bank.velocity, strict=True))) == 8
    licences = [source["licence"] for source in json.loads((tmp_path / "data.json").read_text())["sources"]]
    assert licences == ["MIT", "MIT; parts public domain or CC0"]


@real
def test_draws_of_all_melodic_programs(tmp_path):
    source = SoundFont(SOUNDFONT, NoteChoice(draws=120))
    orders = list(source.orders([]))
    assert len(orders) == len(source) == len(INSTRUMENTS) * 120 == len({order.key for order in orders})
    assert {order.labels.program for order in orders} == set(range(120))
    assert len({order.labels.instrument for order in orders[:len(orders) // 10]}) == 120, "a tenth of it has all of them"
    assert sum(order.labels.sustained for order in orders) > len(orders) / 3


@real
def test_draws_keep_to_the_keys_that_sound(tmp_path):
    """FluidR3's contrabass has samples up to key 57."""
    assert key_ranges(SOUNDFONT)[0, 43] == (0, 57)
    source = SoundFont(SOUNDFONT, NoteChoice((43,), draws=60))
    assert {order.labels.pitch for order in source.orders([])} >= {21, 57} and len(source) == 60
    assert max(order.labels.pitch for order in source.orders([])) == 57
    assert len(list(SoundFont(SOUNDFONT, NoteChoice((43,), (40, 41), draws=10)).orders([]))) == 10


def test_a_soundfont_with_damaged_tables_says_so(tmp_path):
    (tmp_path / "a.sf2").write_bytes(b"RIFF\0\0\0\0sfbk" + b"LIST\4\0\0\0pdta" + b"phdr" + (5).to_bytes(4, "little") + b"12345")
    with pytest.raises(ValueError, match="damaged"):
        key_ranges(tmp_path / "a.sf2")
