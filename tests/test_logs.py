"""The log files, by real processes: what they begin with, what nothing catches, crashes, rotation, and that they are few."""
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hummingface.instrument.logs import log_files

PROJECT = Path(__file__).resolve().parents[1]
BEGIN = ("from hummingface.instrument.logs import log_files; import logging, sys, threading; "
         "path = log_files.begin('window'); log = logging.getLogger('test')\n")


def run(home, code, *words, check=None):
    ran = subprocess.run([sys.executable, "-c", BEGIN + code, *words], capture_output=True, text=True, timeout=120, check=False,
                         env=os.environ | {"HUMMINGFACE_HOME": str(home), "PYTHONPATH": str(PROJECT)})
    if check is not None:
        assert ran.returncode == check, ran.stderr
    return ran


def files(home, kind="window"):
    return sorted((home / "state" / "log").glob(f"{kind}-*.log*"))


def only(home, kind="window"):
    found = files(home, kind)
    assert len(found) == 1, found
    return found[0].read_text()


def test_it_begins_with_versions_and_what_was_asked_for(tmp_path):
    run(tmp_path, "log.info('hello')", "--patch", "Evening Grand", check=0)
    text = only(tmp_path)
    assert re.search(r"HummingFace \S+.*, window, process \d+: --patch Evening Grand", text)
    assert "numpy 2" in text and "Python 3" in text and "hello" in text
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO     test: hello$", text, re.MULTILINE)
    if sys.platform != "win32":
        assert (tmp_path / "state" / "log").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("code", "told"), [
    ("1 / 0", "uncaught exception\nTraceback"), ("threading.Thread(target=lambda: 1 / 0, name='helper').start()", "in the thread helper"),
    ("class Bad:\n    def __del__(self): 1 / 0\nBad()", "Bad.__del__"),
])
def test_what_nothing_catches_is_logged_and_still_shown(tmp_path, code, told):
    ran = run(tmp_path, code)
    assert told in only(tmp_path) and "ZeroDivisionError" in only(tmp_path)
    assert "ZeroDivisionError" in ran.stderr


def test_ending_by_ctrl_c_or_by_exit_is_no_fault(tmp_path):
    run(tmp_path, "raise KeyboardInterrupt")
    run(tmp_path, "sys.exit(3)", check=3)
    assert all("uncaught" not in file.read_text() for file in files(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("grown", [False, True])
def test_a_crash_of_the_interpreter_tells_where_each_thread_was(tmp_path, grown):
    fill = "[log.info('x' * 1000) for _ in range(1500)]\n" if grown else ""
    ran = run(tmp_path, fill + "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert ran.returncode == -signal.SIGSEGV
    newest = max(files(tmp_path), key=lambda path: path.stat().st_mtime_ns)
    assert "Fatal Python error: Segmentation fault" in newest.read_text()


def test_a_file_that_has_grown_starts_again_and_the_one_before_is_kept(tmp_path):
    run(tmp_path, "[log.info('%d ' % i + 'x' * 1000) for i in range(4000)]", check=0)
    found = files(tmp_path)
    assert len(found) == 2 and all(path.stat().st_size <= log_files.LARGEST_BYTES for path in found)
    assert "3999 x" in "".join(path.read_text() for path in found)


def test_each_process_has_a_file_and_the_oldest_of_those_that_ended_go(tmp_path):
    folder = tmp_path / "state" / "log"
    folder.mkdir(parents=True)
    mine = folder / f"window-20200101-000000-{os.getpid()}.log"             # of a process that runs
    for number, path in enumerate([mine, *(folder / f"window-20200101-0000{n:02}-99999999.log" for n in range(1, 20))]):
        path.write_text("old")
        os.utime(path, (number, number))
    (folder / "audio-20200101-000000-99999999.log").write_text("another kind's")
    run(tmp_path, "log.info('new')", check=0)
    left = files(tmp_path)
    assert mine in left and len(left) == log_files.KEPT_FILES + 1 and len(files(tmp_path, "audio")) == 1
    assert sum("new" in path.read_text() for path in left) == 1


def test_two_processes_at_once_write_two_files(tmp_path):
    environment = os.environ | {"HUMMINGFACE_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    code = BEGIN + "[log.info('%s %d ' % (sys.argv[1], i) + 'x' * 500) for i in range(1500)]"
    both = [subprocess.Popen([sys.executable, "-c", code, name], env=environment) for name in ("first", "second")]
    assert [process.wait(120) for process in both] == [0, 0]
    texts = [path.read_text() for path in files(tmp_path)]
    assert sorted(("first 1499" in text, "second 1499" in text) for text in texts) == [(False, True), (True, False)]


def test_what_cannot_be_written_keeps_nobody_from_working(tmp_path):
    (tmp_path / "state").write_text("a file where a folder should be")
    ran = run(tmp_path, "log.info('hello'); print('works')", check=0)
    assert ran.stdout == "works\n" and ran.stderr == ""


def test_the_last_lines_are_those_of_the_newest_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    assert log_files.tail("window", 3) == ""
    run(tmp_path, "[log.info('line %d', i) for i in range(9)]", check=0)
    assert [line.rpartition(": ")[2] for line in log_files.tail("window", 2).splitlines()] == ["line 7", "line 8"]


def command(home, *words):
    return subprocess.run([sys.executable, "-m", "hummingface", *words], capture_output=True, text=True, timeout=600, check=False,
                          env=os.environ | {"HUMMINGFACE_HOME": str(home), "PYTHONPATH": str(PROJECT)})


def test_commands_log_what_they_could_not_do_and_lists_leave_no_files(tmp_path):
    assert command(tmp_path, "patches").returncode == 0
    assert not (tmp_path / "state").exists()
    told = command(tmp_path, "render", "/nowhere/song.mid", str(tmp_path / "a.wav"))
    assert told.returncode == 1 and "Traceback" not in told.stderr
    text = only(tmp_path, "render")
    assert "/nowhere/song.mid" in text and "Traceback" in text and "MidiError" in text


def test_verbose_shows_the_log_on_the_standard_error(tmp_path):
    told = command(tmp_path, "patches", "--verbose")
    assert "HummingFace" in told.stderr and "patches, process" in told.stderr and "process" not in told.stdout


def test_training_logs_in_a_file_of_its_own(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed: hummingface install train")
    told = command(tmp_path, "train", "prepare", "/nowhere/notes", "--out", str(tmp_path / "data"))
    assert told.returncode == 1 and "Traceback" not in told.stderr
    text = only(tmp_path, "train")
    assert "torch" in text and "/nowhere/notes" in text and "Traceback" in text


def test_versions_are_those_that_are_installed():
    from importlib.metadata import version

    from hummingface.instrument.logs import versions
    told = dict(text.rsplit(" ", 1) for text in versions.packages())
    assert {"numpy", "numba", "PySide6-Essentials"} <= set(told)
    assert told == {name: version(name) for name in told}
    assert versions.system() and "Python 3." in versions.python()


@pytest.mark.parametrize("code", ["[][7]", "import threading; threading.Thread(target=lambda: [][7]).start()"])
def test_processes_that_are_over_at_once_log_failures_alone(tmp_path, code):
    environment = os.environ | {"HUMMINGFACE_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    begin = "from hummingface.instrument.logs.log_failures import begin_at_failure; begin_at_failure('flac')\n"
    subprocess.run([sys.executable, "-c", begin], env=environment, timeout=60, check=True)
    assert not files(tmp_path, "flac")
    ran = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, env=environment, timeout=60, check=False)
    text = only(tmp_path, "flac")
    assert "IndexError" in text and text.count("uncaught") == 1 and "IndexError" in ran.stderr
