"""Notes through the real fluidsynth, and preparing that goes on where it stopped."""
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.conditioning import ROWS
from models.frame import FRAME_SIZE, LEVEL
from train.notes.general_midi import INSTRUMENTS, instruments_in_turn
from train.notes.soundfont import RATE_HZ, NoteSpec, SoundFontError, render, trim_tail
from train.prepare import LAYERS, plan, prepare

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
real = pytest.mark.skipif(not shutil.which("fluidsynth") or not SOUNDFONT.is_file(),
                          reason="fluidsynth and FluidR3_GM.sf2 are not installed")


def test_at_least_60_instruments_of_all_families():
    assert len(INSTRUMENTS) >= 60
    assert len({i.program for i in INSTRUMENTS}) == len(INSTRUMENTS)
    assert sorted(i.program for i in instruments_in_turn()) == sorted(i.program for i in INSTRUMENTS)
    assert len({i.family for i in instruments_in_turn()[:12]}) == 12


def test_the_plan_makes_every_key_at_every_velocity_once():
    made = [(p.instrument.program, p.velocity, pitch) for p in plan(list(INSTRUMENTS)) for pitch in p.pitches]
    assert len(made) == len(set(made)) == len(INSTRUMENTS) * 88 * 3
    names = [p.name for p in plan(list(INSTRUMENTS))]
    assert len(names) == len(set(names))


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


@real
def test_preparing_goes_on_where_it_stopped(tmp_path):
    first = instruments_in_turn()[:2]
    layers = ((100, (0.3, 0.3), 2, (0,)), (60, (0.2, 0.2), 2, (1,)))
    assert prepare(tmp_path, SOUNDFONT, first[:1], layers, range(60, 64), workers=1, progress=False) == 4
    before = {f.name: f.stat().st_mtime_ns for f in tmp_path.iterdir()}
    (tmp_path / "p000-v060-0.2s-061.json").unlink()               # as if it had been stopped there
    assert prepare(tmp_path, SOUNDFONT, first, layers, range(60, 64), workers=1, progress=False) == 6
    after = {f.name: f.stat().st_mtime_ns for f in tmp_path.iterdir()}
    assert all(after[name] == before[name] for name in before if "v100" in name)
    assert prepare(tmp_path, SOUNDFONT, first, layers, range(60, 64), workers=1, progress=False) == 0
    card = json.loads((tmp_path / "p000-v100-0.3s-060.json").read_text())
    rows = np.load(tmp_path / "p000-v100-0.3s-060.rows.npy")
    assert rows.shape == (2, ROWS, FRAME_SIZE)
    assert rows.dtype == np.float16
    assert [n["pitch"] for n in card["notes"]] == [60, 62]
    assert rows[0, 60, LEVEL].max() > -50


def test_layers_start_with_what_matters_most():
    velocity, hold, step, offsets = LAYERS[0]
    assert velocity == 100
    assert hold[0] >= 4
    assert step == 2
    assert offsets == (0,)
