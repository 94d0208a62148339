"""Patches of ZynAddSubFX: played by the real plug-in to the sample, told from what is no instrument, prepared as any other notes."""
import gzip
from pathlib import Path

import numpy as np
import pytest

from hummingface.models.playing.frame import pitch_to_hz
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.prepare import prepare
from hummingface.train.notes.note import SourceError
from hummingface.train.notes.opening import Overrides, open_source
from hummingface.train.notes.program_families import FAMILIES
from hummingface.train.notes.zyn_hearing import HOLD_S, KEYS, TAIL_S, Listening, judge, listen, rises
from hummingface.train.notes.zyn_plugin import BLOCK_SAMPLES, PLUGINS, RATE_HZ, ZynNote, read_patch, render, with_instrument
from hummingface.train.notes.zyn_source import TABLE, ZynPatches, chosen_patches

BANKS = Path("/usr/share/zynaddsubfx/banks")
real = pytest.mark.skipif(not any(path.is_file() for path in PLUGINS) or not BANKS.is_dir(),
                          reason="zynaddsubfx-vst and zynaddsubfx-data are not installed")
ORGAN = BANKS / "Organ" / "0001-Organ 1.xiz"


@real
def test_notes_begin_with_their_first_sample_and_do_not_depend_on_those_before():
    notes = [ZynNote(48, 100, 0.5, 0.3), ZynNote(72, 60, 0.3, 0.3), ZynNote(60, 100, 0.4, 0.5)]
    sounds = render(ORGAN, notes)
    for note, sound in zip(notes, sounds, strict=True):
        held = round(note.hold_s * RATE_HZ / BLOCK_SAMPLES) * BLOCK_SAMPLES
        assert sound.shape == (held + round(note.tail_s * RATE_HZ / BLOCK_SAMPLES) * BLOCK_SAMPLES, 2)
        loud = np.abs(sound).max(1)
        assert np.flatnonzero(loud > 1e-3 * loud.max())[0] < 64, "it begins at note-on"
        assert loud[held - 1000:held].max() > 0.2 * loud.max() > 10 * loud[held + RATE_HZ // 4:].max(), "and ends at note-off"
    spectrum = np.abs(np.fft.rfft(sounds[1][:12_000, 0] * np.hanning(12_000)))             # bins of 4 Hz
    assert spectrum[20:80].max() < 1e-3 * spectrum.max(), "nothing of the lower note before it"
    assert [np.array_equal(one, other) for one, other in zip(render(ORGAN, notes), sounds, strict=True)] == [True] * 3, "repeatable"


@real
def test_a_patch_becomes_training_data(tmp_path):
    """Of a bank of two patches, one is broken."""
    bank = tmp_path / "my bank"
    bank.mkdir()
    (bank / "0001-Organ.xiz").write_bytes(ORGAN.read_bytes())
    (bank / "0002-Broken.xiz").write_bytes(b"<xml/>")
    source = open_source(bank, Overrides(draws=6))
    assert isinstance(source, ZynPatches) and len(source) == 6
    report = prepare(tmp_path / "data", [source], 1, False)
    assert report.notes == 6 and [s.name for s in report.skipped] == ["0002-Broken"]
    notes = NoteBank(tmp_path / "data", hold_out=False)
    assert notes.instruments == [{"program": None, "name": "0001-Organ", "family": "synth", "sustained": True, "source": "synthetic"}]
    assert np.abs(12 * np.log2(notes.f0_hz / pitch_to_hz(notes.pitch))).max() < 0.5, "each sounds at its key"
    assert len(set(notes.velocity)) == 6 and notes.levelled is not None


@real
def test_the_folder_of_banks_gives_the_chosen_patches():
    source = open_source(BANKS, Overrides(draws=24, instruments=5))
    orders = list(source.orders([]))
    assert len(orders) == len(source) == 120 and len({order.key for order in orders}) == 120
    assert len({order.labels.instrument for order in orders[:60]}) == 5, "all of them after half"
    assert all(order.labels.source == "synthetic" and order.content[1].key == order.labels.pitch - shift
               for order, shift in zip(orders[:12], [chosen_patches()[0].shift] * 12, strict=True))
    assert source.about["licence"] == "GPL-2+" and "Nasca Octavian Paul" in source.about["source"]


def test_the_table_of_chosen_patches():
    patches = chosen_patches()
    assert len(patches) >= 80 and len({p.file for p in patches}) == len({p.name.lower() for p in patches}) == len(patches)
    assert {p.family for p in patches} <= set(FAMILIES) and len({p.family for p in patches}) >= 10
    assert all(21 <= p.lowest < p.highest <= 108 and p.highest - p.lowest >= 24 and p.shift in (-12, 0, 12) for p in patches), TABLE
    assert all(p.name.startswith("Zyn ") for p in patches)


def test_a_state_takes_the_instrument_of_a_patch():
    state = b"<xml head><MASTER><PART><INSTRUMENT>old</INSTRUMENT></PART><PART><INSTRUMENT>second</INSTRUMENT></PART></MASTER>"
    patch = b"<patch head><INSTRUMENT>new</INSTRUMENT></patch>"
    assert with_instrument(state, patch) == (b"<patch head><MASTER><PART><INSTRUMENT>new</INSTRUMENT></PART><PART><INSTRUMENT>second"
                                             b"</INSTRUMENT></PART></MASTER>")
    with pytest.raises(ValueError, match="no instrument"):
        with_instrument(state, b"<xml/>")


def test_files_that_are_no_patches_say_so(tmp_path):
    for name, data in (("a", b"nothing"), ("b", b"\x1f\x8bnothing"), ("c", gzip.compress(b"<xml/>")), ("d", b"")):
        (tmp_path / f"{name}.xiz").write_bytes(data)
        with pytest.raises(SourceError, match="xiz"):
            read_patch(tmp_path / f"{name}.xiz")
    (tmp_path / "good.xiz").write_bytes(gzip.compress(b"<INSTRUMENT></INSTRUMENT>"))
    assert read_patch(tmp_path / "good.xiz") == b"<INSTRUMENT></INSTRUMENT>"


def played(shape, cents: float = 0.0, octave: int = 0) -> Listening:
    """What is heard of a made-up patch, by its envelope over time."""
    t = np.arange(round((HOLD_S + TAIL_S) * RATE_HZ)) / RATE_HZ
    notes = []
    for key in KEYS:
        hz = float(pitch_to_hz(key + 12 * octave + cents / 100))
        sound = 0.1 * sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 6)) * shape(t)
        notes.append(np.stack([sound, 0.5 * sound], 1).astype(np.float32))
    return listen(notes)


def held(t):
    return np.where(t < HOLD_S, 1.0, np.exp(-(t - HOLD_S) * 10)) * np.minimum(1, t * 100)


def test_what_is_an_instrument():
    good = judge(played(held))
    assert (good.problem, good.sustained, good.shift, good.lowest, good.highest) == ("", True, 0, 24, 96)
    struck = judge(played(lambda t: held(t) * np.exp(-t * 2)))
    assert (struck.problem, struck.sustained) == ("", False)
    low = judge(played(held, octave=-1))
    assert (low.problem, low.shift, low.lowest) == ("", -12, 21)


def test_what_is_none():
    assert judge(played(lambda t: 0 * t)).problem == "silent"
    assert "pitch" in judge(played(held, cents=700)).problem
    assert "rhythm" in judge(played(lambda t: held(t) * (np.sin(2 * np.pi * 4 * t) > 0))).problem
    assert "end" in judge(played(lambda t: np.minimum(1, t * 100))).problem
    assert "slowly" in judge(played(lambda t: held(t) * 10 ** (np.minimum(t - HOLD_S, 0) * 20 / 20 * 1.5))).problem
    rng = np.random.default_rng(0)
    t = np.arange(round((HOLD_S + TAIL_S) * RATE_HZ)) / RATE_HZ
    noise = [np.stack([rng.normal(0, 0.1, len(t)) * held(t)] * 2, 1).astype(np.float32) for _ in KEYS]
    assert "pitch" in judge(listen(noise)).problem


def test_a_tremolo_is_no_rhythm():
    t = np.arange(200) / 100
    assert rises(3 * np.sin(2 * np.pi * 5 * t)) == 0
    assert rises(np.where(np.sin(2 * np.pi * 4 * t) > 0, 0.0, -40.0)) >= 5
