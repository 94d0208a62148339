"""Files that have no name until they are whole: a render that is killed leaves nothing, and an older file stays."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hummingface.instrument.files.unnamed_file import Growing

PROJECT = Path(__file__).resolve().parents[1]
RENDERS = """
import sys
from hummingface.instrument.offline.bounce import render_midi
def halfway(part):
    if part > 0.2:
        print("halfway", flush=True)
        sys.stdin.read(1)
render_midi(sys.argv[1], sys.argv[2], stems=True, progress=halfway)
"""


def write(growing: Growing, data: bytes) -> None:
    os.write(growing.fd, data)


@pytest.mark.parametrize("nameless", [True, False])
def test_it_has_its_name_once_it_is_whole(tmp_path, nameless, monkeypatch):
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    target = tmp_path / "a.wav"
    target.write_bytes(b"before")
    growing = Growing(target)
    write(growing, b"after")
    assert target.read_bytes() == b"before"
    growing.keep()
    growing.drop()
    assert target.read_bytes() == b"after"
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("nameless", [True, False])
def test_dropped_it_leaves_what_was_there(tmp_path, nameless, monkeypatch):
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    target = tmp_path / "a.wav"
    target.write_bytes(b"before")
    growing = Growing(target)
    write(growing, b"half")
    growing.drop()
    assert target.read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_left_goes_and_nothing_else(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, others = tmp_path / f"a.wav.{ended.pid}.tmp", [tmp_path / f"a.wav.{os.getpid()}.tmp", tmp_path / "a.wav.tmp", tmp_path / "b.tmp"]
    for path in (left, *others):
        path.write_bytes(b"")
    Growing(tmp_path / "a.wav").drop()
    assert not left.exists() and all(path.exists() for path in others[1:])


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
def test_a_killed_render_leaves_nothing(tmp_path):
    target = tmp_path / "song.wav"
    target.write_bytes(b"an older one")
    process = subprocess.Popen([sys.executable, "-c", RENDERS, str(PROJECT / "assets" / "demo" / "demo.mid"), str(target)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    assert process.stdout.readline() == "halfway\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"song.wav": b"an older one"}
