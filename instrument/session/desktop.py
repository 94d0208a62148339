"""A menu entry, an icon and file types on Linux desktops: `hummingface desktop install|remove`, for this user, by freedesktop's standards.

`.hfpatch` is a file type of its own, a patch as JSON. Takes are ordinary WAV and FLAC files: HummingFace is listed among the programs that
open those.
"""
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from xml.sax.saxutils import escape

PATCH_TYPE = "application/x-hummingface-patch"
PATCH_SUFFIX = ".hfpatch"
OPENS = (PATCH_TYPE, "audio/x-wav", "audio/vnd.wave", "audio/flac")
_ENTRY = """[Desktop Entry]
Type=Application
Version=1.5
Name=HummingFace
GenericName=Synthesizer
Comment=An instrument whose sound comes from neural networks while you play
Exec={command} %f
Icon=hummingface
Terminal=false
Categories=AudioVideo;Audio;Music;Midi;
Keywords=synthesizer;MIDI;JACK;neural;
MimeType={types};
StartupWMClass=hummingface
StartupNotify=true
"""
_TYPES = f"""<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{PATCH_TYPE}">
    <comment>{{comment}}</comment>
    <sub-class-of type="application/json"/>
    <icon name="hummingface"/>
    <glob pattern="*{PATCH_SUFFIX}"/>
  </mime-type>
</mime-info>
"""


def data_home() -> Path:
    """Where this user's menus, icons and types are."""
    chosen = os.environ.get("XDG_DATA_HOME", "")
    return Path(chosen) if Path(chosen).is_absolute() else Path.home() / ".local" / "share"


def _entry() -> Path:
    return data_home() / "applications" / "hummingface.desktop"


def _icon() -> Path:
    return data_home() / "icons" / "hicolor" / "scalable" / "apps" / "hummingface.svg"


def _types() -> Path:
    return data_home() / "mime" / "packages" / "hummingface.xml"


def command() -> str:
    """The command that starts this installation, quoted for menu entries."""
    script = Path(sys.prefix) / "bin" / "hummingface"
    words = [str(script)] if script.is_file() else [sys.executable, "-m", "hummingface"]
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    word = word.replace("%", "%%")
    if not any(sign in word for sign in " \t\n\"'\\><~|&;$*?#()`"):
        return word
    for sign in '\\"`$':
        word = word.replace(sign, "\\" + sign)
    return '"' + word.replace("\\", "\\\\") + '"'           # once more: it is a string of a key file, too


def install() -> str:
    """Install the entries; returns a text for the player. Raises OSError, naming the file, ValueError on other systems."""
    _only_on_linux()
    icon = (resources.files("hummingface.assets") / "icons" / "hummingface.svg").read_text(encoding="utf-8")
    for path, text in ((_entry(), _ENTRY.format(command=command(), types=";".join(OPENS))), (_icon(), icon),
                       (_types(), _TYPES.format(comment=escape("HummingFace patch")))):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise OSError(f"{path}: cannot be written ({error.strerror or error})") from error
    _refresh()
    return f"HummingFace is now in the menu, and opens {PATCH_SUFFIX} files and takes ({_entry()})."


def remove() -> str:
    """Remove the entries; returns a text for the player. Raises OSError, naming the file, ValueError on other systems."""
    _only_on_linux()
    there = [path for path in (_entry(), _icon(), _types()) if path.exists()]
    for path in there:
        try:
            path.unlink()
        except OSError as error:
            raise OSError(f"{path}: cannot be removed ({error.strerror or error})") from error
    _refresh()
    return "HummingFace was removed from the menu." if there else "HummingFace was not in the menu."


def _only_on_linux() -> None:
    if sys.platform != "linux":
        raise ValueError("menu entries exist only on Linux desktops; here, make a shortcut to the command `hummingface`")


def _refresh() -> None:
    """Notify the desktop; one without these programs notices by itself."""
    home = data_home()
    for words in (["update-mime-database", str(home / "mime")], ["update-desktop-database", "-q", str(home / "applications")],
                  ["gtk-update-icon-cache", "-q", "-f", "-t", str(home / "icons" / "hicolor")]):
        if shutil.which(words[0]):
            subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
