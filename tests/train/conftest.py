"""A tiny prepared data set, in an earlier format (`train/data/store.py`), which stays readable.

Two instruments whose brightness follows pitch and velocity.
"""
import json
import signal

import numpy as np
import pytest
import torch

from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.frame import FUZZ_RATE, LEVEL, LEVEL_FLOOR_DB, LOWEST, NOISE, PARTIALS, RELEASE, SLOT_RATIO, VIBRATO
from hummingface.train.app.commands import main
from tests.train.notes_that_tell import written


@pytest.fixture(scope="session", autouse=True)
def interrupts():
    """Ctrl-C is heard, as at a terminal: a shell starts what it runs in the background deaf to it, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def write_part(folder, program, name, velocity, hold_s, pitches, sustained, slope):
    times = row_times_s()
    rows, notes = [], []
    for pitch in pitches:
        frames = np.tile(LOWEST, (ROWS, 1)).astype(np.float32)
        fall = (0 if sustained else 12) * times[:, None]
        level = -20 - (slope + (100 - velocity) / 20) * np.log2(SLOT_RATIO + 0.5) - fall - (pitch - 60) / 12
        frames[:, LEVEL] = np.where(SLOT_RATIO * 440 * 2 ** ((pitch - 69) / 12) < 20_000, np.maximum(level, LEVEL_FLOOR_DB), LEVEL_FLOOR_DB)
        frames[:, 160:320] = 0
        frames[:, NOISE] = -70 - fall
        frames[:, VIBRATO] = (4.0 if sustained else 0.0, 5.0, 1.0)
        frames[:, FUZZ_RATE], frames[:, RELEASE] = 1.0, -2.0
        held = np.minimum(np.arange(ROWS), np.count_nonzero(times <= hold_s) - 1)
        rows.append(frames[held])
        notes.append({"pitch": pitch, "rms_db": -20.0, "f0_hz": 440 * 2 ** ((pitch - 69) / 12),
                      "valid_rows": int(np.count_nonzero(times <= hold_s)), "peak_db": float(frames[:, LEVEL].max()),
                      "noise_peak_db": -70.0})
    stem = f"p{program:03d}-v{velocity:03d}-{hold_s:g}s-{pitches[0]:03d}"
    np.save(folder / f"{stem}.rows.npy", np.stack(rows).astype(np.float16))
    np.save(folder / f"{stem}.phase.npy", np.full((len(rows), PARTIALS), 0.5, np.float16))
    (folder / f"{stem}.json").write_text(json.dumps({
        "format": 2, "soundfont": "tiny", "velocity": velocity, "hold_s": hold_s, "pitches": list(pitches),
        "instrument": {"program": program, "name": name, "family": "test", "sustained": sustained}, "notes": notes}))


@pytest.fixture(scope="session", name="write_part")
def write_part_fixture():
    return write_part


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tiny")
    for program, name, sustained, slope in ((0, "Plink", False, 9), (40, "Saw", True, 4)):
        for velocity, hold_s in ((100, 2.0), (60, 1.0), (120, 0.5)):
            write_part(folder, program, name, velocity, hold_s, range(48, 73), sustained, slope)
    return folder


@pytest.fixture(scope="session")
def tiny_bank(tiny_data):
    from hummingface.train.data.dataset import NoteBank
    return NoteBank(tiny_data)


@pytest.fixture(scope="session")
def told_sounds(tmp_path_factory):
    """(an NSynth folder of notes that say what they are by how they sound, the same prepared as sounds)"""
    torch.set_num_threads(1)
    folder, out = tmp_path_factory.mktemp("nsynth"), tmp_path_factory.mktemp("sounds")
    written(folder)
    assert main(["prepare", str(folder), "--out", str(out), "--representation", "stft", "--workers", "1"]) == 0
    return folder, out
