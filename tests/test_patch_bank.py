"""Banks: patches with their recordings out and in again; nothing is overwritten, and what files hold is checked."""
import json
import zipfile

import pytest

from hummingface.instrument.patches import library, patch_bank
from hummingface.instrument.patches import patch as patch_file


@pytest.fixture
def bank(tmp_path, monkeypatch):
    """Of three patches, two of which are called alike: from another player."""
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "one"))
    flute = library.load_patch("River Flute")
    for name, gain_db in (("Oh!", 1.0), ("Oh?", 2.0)):
        library.save_patch(flute.with_values(name=name, gain_db=gain_db))
    file = tmp_path / "bank.zip"
    own = [entry for entry in library.patches() if not entry.factory]
    assert patch_bank.export_bank([*own, library.patches()[0]], file) == 3
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "two"))
    return file


def own():
    return {entry.name: library.load_patch(entry.path) for entry in library.patches() if not entry.factory}


def test_a_bank_comes_back_as_it_was_and_once(bank):
    done = patch_bank.import_files([bank])
    assert (len(done.paths), done.there, done.problems) == (2, 1, []), "the factory's is there"
    assert {name: patch.gain_db for name, patch in own().items()} == {"Oh!": 1.0, "Oh?": 2.0}
    again = patch_bank.import_files([bank])
    assert (again.paths, again.there) == ([], 3) and again.text() == "0 patches imported; 3 there already."


def test_a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten(bank):
    mine = library.save_patch(library.load_patch("Evening Grand").with_values(name="Oh!"))
    before = mine.read_bytes()
    assert len(patch_bank.import_files([bank]).paths) == 2
    assert set(own()) == {"Oh!", "Oh! 2", "Oh?"} and mine.read_bytes() == before and own()["Oh! 2"].gain_db == 1.0


def test_single_files_are_imported_and_what_is_no_patch_is_told(tmp_path, bank):
    good, bad, none = tmp_path / "a.hfpatch", tmp_path / "b.json", tmp_path / "c.json"
    good.write_text(json.dumps(library.load_patch("Rosewood").with_values(name="Wood").to_json()))
    bad.write_text('{"format": "other"}')
    done = patch_bank.import_files([good, bad, none])
    assert set(own()) == {"Wood"} and len(done.problems) == 2
    assert str(bad) in done.problems[0] and str(none) in done.problems[1] and "1 patch imported. " in done.text()


def packed(file, contents):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return file


def test_an_archive_may_hold_anything(tmp_path, bank, monkeypatch):
    good = json.dumps(library.load_patch("Rosewood").with_values(name="Wood").to_json())
    file = packed(tmp_path / "odd.zip", {"../../up.json": good, "big.json": " " * (patch_file.LARGEST_BYTES + 1), "x.json": "[" * 90,
                                         "read me.txt": "no", "__MACOSX/._up.json": "x"})
    done = patch_bank.import_files([file])
    assert [path.parent for path in done.paths] == [library.user_folder("patches")] and set(own()) == {"Wood"}
    assert len(done.problems) == 2 and not (tmp_path / "up.json").exists()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(bank.read_bytes()[:-30])
    damaged = bytearray(bank.read_bytes())
    damaged[120:160] = b"\0" * 40
    (tmp_path / "damaged.zip").write_bytes(damaged)
    empty = packed(tmp_path / "empty.zip", {})
    for path, told in ((broken, "no bank"), (tmp_path / "damaged.zip", "cannot be unpacked"), (empty, "no patches")):
        assert told in " ".join(patch_bank.import_files([path]).problems)
    monkeypatch.setattr(patch_bank, "LARGEST_BANK_BYTES", 3000)
    assert "larger than" in patch_bank.import_files([file]).problems[-1]
    monkeypatch.setattr(patch_bank, "LARGEST_INDEX_BYTES", 100)
    assert "list of files" in patch_bank.import_files([packed(tmp_path / "many.zip", {f"{i}.json": "" for i in range(20)})]).problems[0]
