"""The menu entry, icon and file types, by freedesktop's own programs where they are here."""
import configparser
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from hummingface.instrument.gui.controllers import drops
from hummingface.instrument.patches.patch import Patch, save
from hummingface.instrument.session import desktop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are Linux desktops'")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share"


def entry(home: Path) -> configparser.SectionProxy:
    read = configparser.RawConfigParser(strict=True)
    read.optionxform = str                      # type: ignore[assignment]
    read.read(home / "applications" / "hummingface.desktop")
    return read["Desktop Entry"]


def test_installed_it_starts_this_installation_and_opens_patches_and_takes(home):
    assert "in the menu" in desktop.install()
    values = entry(home)
    words = shlex.split(values["Exec"])
    assert words[-1] == "%f" and Path(words[0]).exists()
    assert desktop.PATCH_TYPE in values["MimeType"] and "audio/x-wav" in values["MimeType"] and "audio/flac" in values["MimeType"]
    types = xml.parse(home / "mime" / "packages" / "hummingface.xml")
    assert [glob.get("pattern") for glob in types.iter("{http://www.freedesktop.org/standards/shared-mime-info}glob")] == ["*.hfpatch"]
    icon = home / "icons" / "hicolor" / "scalable" / "apps" / f"{values['Icon']}.svg"
    assert xml.parse(icon).getroot().tag.endswith("svg")


def test_the_system_s_own_programs_agree(home):
    desktop.install()
    if shutil.which("desktop-file-validate"):
        made = subprocess.run(["desktop-file-validate", home / "applications" / "hummingface.desktop"], capture_output=True, text=True)
        assert (made.returncode, made.stdout) == (0, "")
    if not shutil.which("update-mime-database"):
        pytest.skip("shared-mime-info is not installed")
    assert f"50:{desktop.PATCH_TYPE}:*.hfpatch" in (home / "mime" / "globs2").read_text()


def test_removed_nothing_is_left(home):
    desktop.install()
    assert "removed from the menu" in desktop.remove()
    assert not [path for path in home.rglob("*hummingface*") if path.is_file()]
    assert "was not in the menu" in desktop.remove()


@pytest.mark.parametrize(("word", "quoted"), [
    ("/usr/bin/hummingface", "/usr/bin/hummingface"), ("/home/a b/x", '"/home/a b/x"'), ("/100%/x", "/100%%/x"),
    ("/a$b/x", '"/a\\\\$b/x"')])
def test_odd_paths_are_quoted_as_menu_entries_are(word, quoted):
    assert desktop._quoted(word) == quoted


def test_what_cannot_be_written_is_named(home):
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file where a folder should be")
    with pytest.raises(OSError, match="cannot be written") as told:
        desktop.install()
    assert str(home) in str(told.value)


def test_a_patch_file_is_opened_as_a_patch(tmp_path):
    path = tmp_path / "mine.hfpatch"
    save(Patch("Mine", "test", (0.0,) * 16), path)
    assert drops.what_is([path]) == drops.Dropped("patch", path)
