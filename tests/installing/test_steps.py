"""Installing on real pip, with small wheels: what fails is named with its step, and the next try goes on."""
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hummingface.instrument.files.processes import is_running
from hummingface.instrument.installing import steps
from hummingface.instrument.installing.steps import Cancelled, InstallError, Step, run
from tests.installing.wheels import make_wheel

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", "off", "--no-index", "--no-cache-dir"]


def failure(step: Step) -> InstallError:
    with pytest.raises(InstallError) as raised:
        run(step)
    return raised.value


def into(target: Path, wheels: Path, *names: str) -> Step:
    return Step("the second step", [*PIP, "-f", str(wheels), "--target", str(target), *names])


def test_what_is_installed_is_there_and_each_line_is_heard(tmp_path):
    make_wheel(tmp_path, "hums", "1.0")
    heard: list[str] = []
    run(into(tmp_path / "site", tmp_path, "hums"), heard.append)
    assert (tmp_path / "site" / "hums" / "__init__.py").exists()
    assert any("hums" in line for line in heard)


def test_a_broken_wheel_is_named_and_a_whole_one_is_taken_the_next_time(tmp_path):
    make_wheel(tmp_path, "whole", "1.0")
    wheel = make_wheel(tmp_path, "torn", "1.0", content=os.urandom(20_000))
    data = wheel.read_bytes()
    wheel.write_bytes(data[:len(data) // 2])
    error = failure(into(tmp_path / "site", tmp_path, "whole", "torn"))
    assert error.package.startswith("torn") and "damaged" in error.why and error.step == "the second step"
    wheel.write_bytes(data)
    run(into(tmp_path / "site", tmp_path, "whole", "torn"))
    assert (tmp_path / "site" / "torn").is_dir() and (tmp_path / "site" / "whole").is_dir()


def test_a_package_that_there_is_not_is_named(tmp_path):
    error = failure(into(tmp_path / "site", tmp_path, "nosuchthing"))
    assert error.package == "nosuchthing" and "no build of it for Python" in error.why


def test_without_a_network_that_is_said(tmp_path):
    nowhere = "http://127.0.0.1:9/simple"           # where nobody listens
    error = failure(Step("the first step", [sys.executable, "-m", "pip", "install", "--progress-bar", "off", "--retries", "1",
                                            "--index-url", nowhere, "--target", str(tmp_path / "site"), "anything-at-all"],
                         {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}))
    assert error.package == "anything-at-all" and "cannot be reached" in error.why


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False) \
        if sys.platform == "linux" and os.geteuid() == 0 else None
    if mounted is None or mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk_is_told_with_the_package(tmp_path, small_disk):
    make_wheel(tmp_path, "large", "1.0", content=os.urandom(3 << 20))
    error = failure(into(small_disk / "site", tmp_path, "large"))
    assert "large" in error.package and "the disk is full" in error.why and "Make room" in error.why


def test_a_step_that_is_cancelled_ends_its_process(tmp_path):
    note = tmp_path / "pid"
    step = Step("waiting", [sys.executable, "-c", f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"])
    cancelled = threading.Event()

    def cancel_once_it_runs() -> None:
        if note.exists() and note.read_text():
            cancelled.set()
    with pytest.raises(Cancelled):
        run(step, cancelled=cancelled, watch=cancel_once_it_runs)
    end = time.monotonic() + 60                     # its end may take a moment to be seen
    while is_running(int(note.read_text())):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(("lines", "package", "why"), [
    # as pip 23 to 26 and uv say it
    (["Collecting PySide6-Essentials", "Installing collected packages: PySide6-Essentials",
      "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device: "
      "'/x/.venv/lib/python3.11/site-packages/PySide6/libQt6Gui.so.6'"], "PySide6", "disk is full"),
    (["Collecting numba>=0.61", "  Downloading numba-0.68.1-cp311-cp311-manylinux_2_28_x86_64.whl (3.9 MB)",
      "ERROR: Exception:", "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool: Read timed out."],
     "numba", "cannot be reached"),
    (["Collecting python-rtmidi>=1.5", "  error: subprocess-exited-with-error", "ERROR: Failed building wheel for python-rtmidi"],
     "python-rtmidi", "compiled here"),
    (["Collecting scipy", "ERROR: Wheel 'scipy' located at /tmp/scipy-1.17.1.whl is invalid."], "scipy", "damaged"),
    (["error: Failed to fetch: `https://somewhere/whl/cpu/torch/`", "  Caused by: dns error"], "", "cannot be reached"),
    (["error: something else went wrong."], "", "something else went wrong"),
    ([], "", "said nothing"),
])
def test_reasons(lines, package, why):
    assert steps.explain(lines)[0] == package
    assert why in steps.explain(lines)[1]
