"""Sources of notes and states of runs that somebody made to do harm: refused in words, within bounds."""
import gzip
import io
import struct
import tarfile
import zipfile

import pytest

from hummingface.train.learning.run_state import read_state
from hummingface.train.notes import zyn_plugin
from hummingface.train.notes.note import SourceError
from hummingface.train.notes.nsynth import NSynth
from hummingface.train.notes.soundfont_source import presets_in
from hummingface.train.notes.soundfont_tables import LARGEST_BYTES
from hummingface.train.notes.soundfont_zones import key_ranges
from hummingface.train.notes.tfrecord import LARGEST_RECORD_BYTES, masked_crc, records
from tests.fuzzing import font_heads, soundfont
from tests.hostile import sparse

# SoundFonts

def test_fonts_are_read_within_what_the_format_can_hold(tmp_path):
    path = tmp_path / "a.sf2"
    path.write_bytes(soundfont())
    assert key_ranges(path) == {(0, 0): (0, 127)} and [preset.name for preset in presets_in(path)] == ["One"]
    path.write_bytes(soundfont(phdr=b"\0" * (LARGEST_BYTES + 2)))
    with pytest.raises(SourceError, match="without a list of presets"):
        presets_in(path)


def test_zones_that_multiply_are_counted(tmp_path):
    """Presets whose zones all lead to an instrument with very many, and presets that take turns in having all zones."""
    many = 3000
    ranges = [(low, high) for low in range(128) for high in range(low, 128)][:many]
    of_instrument = {"inst": struct.pack("<20sH20sH", b"One", 0, b"EOI", many),
                     "ibag": b"".join(struct.pack("<HH", 2 * n, 0) for n in range(many + 1)),
                     "igen": b"".join(struct.pack("<HHHh", 43, low | high << 8, 53, 0) for low, high in ranges)}
    of_preset = {"phdr": font_heads([0, many]), "pbag": b"".join(struct.pack("<HH", n, 0) for n in range(many + 1)),
                 "pgen": struct.pack("<Hh", 41, 0) * many}
    path = tmp_path / "a.sf2"
    path.write_bytes(soundfont(**of_instrument, **of_preset))
    with pytest.raises(ValueError, match=r"a\.sf2: .*more than 1,000,000 zones"):
        key_ranges(path)
    path.write_bytes(soundfont(**of_instrument, **of_preset | {"phdr": font_heads([0, many] * 2000)}))
    with pytest.raises(ValueError, match="zones that overlap"):
        key_ranges(path)


# NSynth

@pytest.mark.parametrize("mode", ["w:gz", "w:"])
def test_an_archive_that_claims_far_more_than_it_has(tmp_path, mode):
    path, info = tmp_path / "nsynth.tar.gz", tarfile.TarInfo("nsynth/examples.json")
    info.size = 100 << 20
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as tar:
        tar.fileobj.write(info.tobuf() + b"{" * 1000)
    path.write_bytes(made.getvalue())
    with pytest.raises(SourceError, match=r"nsynth\.tar\.gz: claims to hold 104,857,600 bytes"):
        NSynth(path)


def test_records_of_absurd_size(tmp_path):
    size = struct.pack("<Q", LARGEST_RECORD_BYTES + 1)
    stream = io.BytesIO(size + struct.pack("<I", masked_crc(size)) + b"\0" * 100)
    with pytest.raises(SourceError, match="record 1 has 4,194,305 bytes"):
        list(records(stream, "a.tfrecord"))


# Patches of ZynAddSubFX

def test_patches_that_unpack_to_too_much(tmp_path):
    path = tmp_path / "a.xiz"
    with gzip.open(path, "wb") as file:
        for _ in range(zyn_plugin.LARGEST_BYTES >> 20):
            file.write(b"<INSTRUMENT>" + b" " * (1 << 20))
    with pytest.raises(SourceError, match="not a patch of ZynAddSubFX"):
        zyn_plugin.read_patch(path)
    with pytest.raises(SourceError, match=r"b\.xiz: larger than"):
        zyn_plugin.read_patch(sparse(tmp_path / "b.xiz", 1 << 33))


# States of runs

def test_states_that_are_none(tmp_path):
    import torch
    path = tmp_path / "state.pt"
    for content in ({"step": 3}, {"kind": "gan", "step": "3", "seconds": 1.0, "options": {}}, [1]):
        torch.save(content, path)
        with pytest.raises(ValueError, match=r"state\.pt: not the state of a run"):
            read_state(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("archive/data.pkl", b"\0" * (1 << 22))
    with pytest.raises(ValueError, match=r"state\.pt: .* claims to hold 4,194,304 bytes"):
        read_state(path)

