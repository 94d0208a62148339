"""Systems unlike one's own: terminals that know few letters, pipes that end, other users' folders, links, letters of four bytes."""
import datetime
import os
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from hummingface.instrument.audio import registry
from hummingface.instrument.export.zones import sample_name
from hummingface.instrument.files.sound_file import written_whole
from hummingface.instrument.files.unnamed_file import Growing
from hummingface.instrument.patches import library
from hummingface.instrument.recording import naming
from hummingface.instrument.session.settings import Settings
from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.file_names import MOST_BYTES, alike, beside, plain
from hummingface.private_folder import USER, private_folder
from tests.hostile import unprivileged

PROJECT = str(Path(__file__).resolve().parents[1])
MOST_OF_A_NAME = 255                    # bytes, on almost every file system
DAY = datetime.datetime(2026, 11, 30)
FOUR_BYTES = "\U0001d53b" * 80
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes, and links for administrators alone")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def hummingface(*words: str, stdout=subprocess.PIPE, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "hummingface", *words], stdout=stdout, stderr=subprocess.PIPE, timeout=300,
                          env=os.environ | {"PYTHONPATH": PROJECT} | variables)


# Output

@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_name_that_the_terminal_has_no_letters_for_hides_no_other(encoding):
    library.save_patch(library.load_patch().with_values(name="\u591c"))
    listed = hummingface("patches", PYTHONIOENCODING=encoding)
    assert listed.returncode == 0 and not listed.stderr
    lines = listed.stdout.decode(encoding).splitlines()
    assert len(lines) == len(library.patches()) and r"\u591c" in lines[-1]


@posix
@pytest.mark.parametrize("words", [("patches",), ("controls", "--json"), ("--help",), ("--version",), ("train", "--help")])
def test_a_pipe_that_has_ended_is_no_failure(words):
    read, write = os.pipe()
    os.close(read)
    ran = hummingface(*words, stdout=write)
    os.close(write)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_full_disk_under_the_output_is_said():
    with open("/dev/full", "wb") as full:
        ran = hummingface("patches", stdout=full)
    assert ran.returncode == 1 and b"the output cannot be written (No space left on device)" in ran.stderr
    assert b"Traceback" not in ran.stderr and b"Exception ignored" not in ran.stderr


def test_training_leaves_an_ended_pipe_to_its_caller(monkeypatch):
    from hummingface.train.app import commands

    def prints(_args):
        raise BrokenPipeError
    monkeypatch.setitem(commands.COMMANDS, "loudness", prints)
    with pytest.raises(BrokenPipeError):
        commands.main(["loudness", "data"])


# Folders

@posix
def test_a_folder_of_ones_own_is_nobody_elses(tmp_path):
    own = tmp_path / "own" / "inside"
    assert private_folder(own) and private_folder(own)
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    own.chmod(0o777)
    assert private_folder(own) and stat.S_IMODE(own.stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(own)
    assert not private_folder(tmp_path / "link"), "another user's link leads anywhere"
    (tmp_path / "file").write_text("")
    assert not private_folder(tmp_path / "file") and not private_folder(tmp_path / "file" / "in it")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    assert not private_folder(tmp_path / "shared" / "own"), "in which anybody can put another one in its place"
    (tmp_path / "shared").chmod(0o1777)
    assert private_folder(tmp_path / "shared" / "own"), "as /tmp is"


@posix
@pytest.mark.skipif(os.name == "posix" and os.getuid() != 0, reason="only root makes folders of another user")
def test_the_run_time_folder_is_never_another_users(tmp_path, monkeypatch):
    """As where XDG_RUNTIME_DIR is not set, and another user made /tmp/runtime-UID."""
    usual, temporary = tmp_path / "runtime-0" / "hummingface", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.delenv("HUMMINGFACE_HOME")
    monkeypatch.setattr(registry.platformdirs, "user_runtime_dir", lambda *_names, **_options: str(usual))
    monkeypatch.setattr(registry.tempfile, "gettempdir", lambda: str(temporary))
    assert registry.folder() == usual
    os.chown(usual.parent, 12345, 12345)
    spare = temporary / f"hummingface-run-{USER}"
    assert registry.folder() == spare, "its owner may put another in its place"
    os.chown(usual, 12345, 12345)
    assert registry.folder() == spare
    os.chown(spare, 12345, 12345)
    last = registry.folder()
    assert last not in (usual, spare) and last == registry.folder() and last.stat().st_uid == os.getuid()


@posix
def test_a_read_only_home_is_said_and_plays(tmp_path):
    (tmp_path / "home").mkdir(mode=0o555)
    code = ("from hummingface.instrument.session.settings import load\nfrom hummingface.instrument.session.state_file import StateFile\n"
            "from hummingface.instrument.audio import registry\n"
            "settings, _ = load()\nprint(settings.begin()[2])\nprint(StateFile.claim().path.name)\nprint(registry.folder())")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True, **unprivileged(),
                         env=os.environ | {"PYTHONPATH": PROJECT, "TMPDIR": str(tmp_path)})
    notice, state, folder = ran.stdout.splitlines()
    assert notice == f"{tmp_path / 'home' / 'settings.json'}: the settings cannot be saved (Permission denied)."
    assert state == "window-1.json" and folder == str(tmp_path / f"hummingface-run-{USER}")


# Links and modes

@posix
def test_settings_and_patches_that_are_links_stay_links(home, tmp_path):
    home.mkdir()
    (tmp_path / "dotfiles").mkdir()
    for name in ("settings.json", "new.json"):
        (home / name).symlink_to(tmp_path / "dotfiles" / name)
    (tmp_path / "dotfiles" / "settings.json").write_text("{}")
    Settings(patch="Mine").save()
    replace_file(home / "new.json", "made")
    assert (home / "settings.json").is_symlink() and '"Mine"' in (tmp_path / "dotfiles" / "settings.json").read_text()
    assert (home / "new.json").is_symlink() and (tmp_path / "dotfiles" / "new.json").read_text() == "made"
    (home / "circle.json").symlink_to("circle.json")
    (home / "nowhere.json").symlink_to(tmp_path / "no folder" / "nowhere.json")
    for name in ("circle.json", "nowhere.json"):
        replace_file(home / name, "made")
        assert (home / name).read_text() == "made"


@posix
def test_patches_are_as_readable_as_the_user_wants():
    before = os.umask(0o022)
    try:
        path = library.save_patch(library.load_patch().with_values(name="Mine"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        path.chmod(0o640)
        library.save_patch(library.load_patch("Mine"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        os.umask(0o077)
        assert stat.S_IMODE(library.save_patch(library.load_patch().with_values(name="Secret")).stat().st_mode) == 0o600
    finally:
        os.umask(before)


# Names

@pytest.mark.parametrize("name", [FOUR_BYTES, "\u30d1" * 80, "a" * 200, "\u0915\u093f" * 60])
def test_names_of_files_have_room_for_what_is_added(name):
    made = plain(name)
    assert made and name.startswith(made) and len(made.encode()) <= MOST_BYTES
    for file in (f"{naming.stem(DAY, name, 'C# minor')} 9999.wav.part", sample_name(60, 64, name),
                 f"{beside('x' * 250)}.4194304.tmp"):
        assert len(file.encode()) <= MOST_OF_A_NAME


def test_letters_keep_their_marks_and_are_composed():
    assert plain("\u304b\u3099") == "\u304c", "decomposed, as macOS hands names over"
    assert plain("\u0939\u093f\u0928\u094d\u0926\u0940") == "\u0939\u093f\u0928\u094d\u0926\u0940"
    assert plain("a/b: c?", instead=" ") == "a b c" and plain("..") == ""
    assert beside("x" * 250 + "a") != beside("x" * 250 + "b") and beside("short.wav") == "short.wav"


def test_a_decomposed_name_is_no_second_one():
    decomposed = unicodedata.normalize("NFD", "Caf\u00e9")
    library.save_patch(library.load_patch().with_values(name="Caf\u00e9"))
    assert alike(decomposed) == alike("CAF\u00c9")
    assert library.free_name(decomposed) == f"{decomposed} 2"


def test_a_sound_file_may_have_the_longest_name_there_is(tmp_path):
    paths = [tmp_path / ("x" * 250 + f"{i}.wav")[-MOST_OF_A_NAME:] for i in range(2)]
    with written_whole(paths, 48000) as write:
        write([np.zeros((10, 2), np.float32)] * 2)
    assert all(path.exists() for path in paths) and len(list(tmp_path.iterdir())) == 2
    growing = [Growing(path) for path in paths]
    assert growing[0]._named != growing[1]._named
    for one in growing:
        one.drop()
