"""Bad files in a player's folders: each is named and left out, wherever it is read, and everything else plays."""
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hummingface.instrument.app.cli import main
from hummingface.instrument.audio import registry
from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording.take import recover
from hummingface.instrument.session import settings, startup
from hummingface.models.playing.checkpoint import ModelError, load_model, save_model
from hummingface.models.playing.untrained import untrained
from tests.hostile import TEXTS, WRONG, not_files, places, refusal, replaced, sparse

Z = tuple(0.1 * i for i in range(16))
GOOD = Patch("Good", "test", Z, {"reverb.mix": 0.5}, tuple(Corner("C", Z) for _ in range(4)), tags=("a",), blend={"Harp": 1.0})


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A player's folder with one good model and patch."""
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    patch_file.save(GOOD, tmp_path / "patches" / "good.json")
    save_model(untrained(seed=1, width=64), tmp_path / "models" / "test")
    return tmp_path


def fill(folder: Path, suffix: str) -> set[Path]:
    """Every bad file there is, under this suffix."""
    bad = set()
    for number, text in enumerate(TEXTS.values()):
        bad.add(folder / f"bad-{number}{suffix}")
        (folder / f"bad-{number}{suffix}").write_bytes(text)
    bad |= set(not_files(folder, suffix).values()) if os.name != "nt" else set()
    return bad | {sparse(folder / f"large{suffix}", 300 << 20)}


def test_bad_patches_are_named_and_everything_else_is_there(home, capsys):
    bad = fill(home / "patches", ".json")
    before = {path: path.lstat().st_mtime_ns for path in bad}
    entries, problems = library.read_patches()
    assert [entry.name for entry in entries if not entry.factory] == ["Good"]
    assert {path for path in bad if any(problem.startswith(f"{path}: ") for problem in problems)} == bad
    assert len(problems) == len(bad) and all(len(problem) < 400 for problem in problems)
    assert library.load_patch("Good").name == "Good"
    assert main(["patches"]) == 0
    told = capsys.readouterr()
    assert "Good" in told.out and all(str(path) in told.err for path in bad)
    assert {path: path.lstat().st_mtime_ns for path in bad} == before, "they stay where they are, as they are"


def test_bad_cards_are_named_and_everything_else_is_there(home, capsys):
    bad = fill(home / "models", ".json")
    for path in bad:
        path.with_suffix(".safetensors").write_bytes(b"x")
    (home / "models" / "alone.safetensors").write_bytes(b"x")
    entries, problems = library.read_models()
    assert "untrained" in {entry.name for entry in entries} or len([e for e in entries if not e.factory]) == 1
    assert len([entry for entry in entries if not entry.factory]) == 1
    for path in bad:
        assert any(path.stem in problem for problem in problems), path
        with pytest.raises(ModelError, match=path.stem):
            load_model(path.with_suffix(".safetensors"))
    assert any("alone.json" in problem and "not there" in problem for problem in problems)
    assert main(["models"]) == 0
    told = capsys.readouterr()
    assert all(path.stem in told.err for path in bad)


def test_any_wrong_value_anywhere_in_a_patch_is_refused_by_name_or_harmless(tmp_path):
    """Through the file, as a stranger would send it."""
    path, values, refused = tmp_path / "p.json", GOOD.to_json(), 0
    for place in places(values):
        for wrong in WRONG:
            path.write_text(json.dumps(replaced(values, place, wrong)))
            if said := refusal(PatchError, lambda: patch_file.load(path)):
                refused += 1
                assert str(path) in said and len(said) < 400
            else:
                patch_file.save(patch_file.load(path), tmp_path / "again.json")
    assert refused > 1000


def test_any_wrong_value_anywhere_in_a_card_is_refused_by_name_or_harmless(home):
    card = home / "models" / "test.json"
    values, refused = json.loads(card.read_text()), 0
    name, preset = next(iter(values["presets"].items()))
    values |= {"presets": {name: preset | {"z": preset["z"][:2]}}, "knobs": {"family.brass": {"direction": [1, 0]}},
               "architecture": values["architecture"] | {"latents": 2, "time_waves": [1.0], "pitch_waves": [1.0]}}
    for place in places(values):
        for wrong in WRONG:
            card.write_text(json.dumps(replaced(values, place, wrong)))
            library.named_knobs_of("untrained")
            library.families_of("untrained")
            if said := refusal(ModelError, lambda: load_model(card)):
                refused += 1
                assert str(card.parent) in said
    assert refused > 400


@pytest.mark.parametrize("name", TEXTS)
def test_bad_settings_are_put_aside_and_named(home, name):
    file = home / "settings.json"
    file.write_bytes(TEXTS[name])
    found, said = settings.load()
    assert found == settings.Settings()
    aside = next(home.glob("settings.json.bad-*"))
    assert str(file) in said and aside.name in said
    assert aside.read_bytes() == TEXTS[name]
    found.save()
    assert settings.load() == (settings.Settings(), "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes with names in folders")
def test_settings_that_are_no_file_are_put_aside(home):
    file = home / "settings.json"
    for name, make in {"folder": file.mkdir, "pipe": lambda: os.mkfifo(file), "loop": lambda: file.symlink_to(file),
                       "device": lambda: file.symlink_to("/dev/zero")}.items():
        make()
        found, said = settings.load()
        assert found == settings.Settings() and "renamed to" in said, name
        found.save()
        file.unlink()
    assert len(list(home.glob("settings.json.bad-*"))) == 4


def test_any_wrong_value_anywhere_in_settings_is_left_out(home):
    full = settings.Settings("Keys", 44100, 64, ["a"], [{"cc": 74, "control": "filter.cutoff_hz"}], velocity_curve="Soft touch",
                             own_velocity_curve=[[1, 1], [64, 80], [127, 127]], patch="Glass", controls={"master.volume_db": -3.0},
                             take_format="flac", take_folder="/x", trying={"audio": {}, "patch": "x"})
    from dataclasses import asdict
    for place in places(asdict(full)):
        for wrong in WRONG:
            (home / "settings.json").write_text(json.dumps(replaced(asdict(full), place, wrong)))
            found, _ = settings.load()
            found.begin()                       # it can be used, and written again
            assert settings.load()[1] == ""


@pytest.mark.parametrize("name", TEXTS)
def test_bad_registrations_of_audio_processes_are_passed_over(home, name):
    (registry.folder() / "engine-1.json").write_bytes(TEXTS[name])
    mine = registry.Running(os.getpid(), "here", "ab")
    registry.write(mine)
    assert registry.all_running() == [mine]


@pytest.mark.parametrize("pid", [-1, 0, 1, 10 ** 12, "7", None, True, 2.5])
def test_no_process_but_one_of_ours_is_ever_taken_for_ours(home, pid):
    (registry.folder() / "engine-9.json").write_text(json.dumps({"pid": pid, "address": "a", "authkey": "ab"}))
    assert registry.all_running() == []


def test_bad_notes_of_takes_that_were_cut_off_hide_no_other(home):
    folder = home / "takes"
    folder.mkdir()
    odd = (b"null\n", b"[1]\n", b'{"writer": "x"}\n', b'{"writer": 1e308}\n', b'{"writer": -1}\n')
    for number, text in enumerate([*TEXTS.values(), *odd]):
        (folder / f"{number}.part").write_bytes(text)
    assert recover(folder) == []
    for path in folder.iterdir():
        with pytest.raises(played.TakeError, match=r"\.wav"):
            played.of_file(path.with_suffix(".wav"))


def test_everything_starts_and_the_first_bad_file_is_named(home):
    """The real audio process, on a home with every bad file there is."""
    fill(home / "patches", ".json")
    for path in fill(home / "models", ".json"):
        path.with_suffix(".safetensors").write_bytes(b"x")
    (home / "settings.json").write_bytes(TEXTS["NaN"])
    begun = startup.prepare(startup.StartOptions())
    said = " ".join(begun.notices)
    assert "settings.json.bad-" in said and str(home / "patches") in said and "everything else plays" in said
    begun.client.start()
    try:
        told, end = [], time.monotonic() + 500
        while not any(message["tell"] == "ready" for message in told):
            told += begun.client.poll()
            assert time.monotonic() < end, told
            time.sleep(0.05)
    finally:
        begun.client.close()
    shutil.rmtree(home / "patches")


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names of files are bytes on Linux alone")
def test_a_name_that_is_no_text_is_told_and_ends_nothing(home):
    (home / "patches" / os.fsdecode(b"bad-\xff\xfe.json")).write_bytes(b"{")
    shutil.copy(home / "patches" / "good.json", home / "patches" / os.fsdecode(b"named-\xff.json"))
    done = subprocess.run([sys.executable, "-m", "hummingface", "patches"], capture_output=True, cwd=Path(__file__).parents[1], check=False)
    assert done.returncode == 0 and b"Good" in done.stdout
    assert b"bad-" in done.stderr and b"not JSON" in done.stderr and b"Traceback" not in done.stderr
