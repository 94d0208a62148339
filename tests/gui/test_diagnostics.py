"""The whole instrument's logs, and what "Copy diagnostics" puts on the clipboard: the real window and its audio process."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.untrained import untrained
from tests.gui.screens import USUAL
from tests.gui.window_process import WindowProcess

CLIPBOARD = "__import__('PySide6.QtWidgets', fromlist=['x']).QApplication.clipboard().text()"
SOON_S = 60.0


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    from hummingface.instrument.patches.patch import Patch, save
    home = tmp_path_factory.mktemp("home")
    model = untrained(seed=1, width=64)
    save_model(model, home / "models" / "test")
    save(Patch("Amber", model.name, (0.5,) * model.latents), home / "patches" / "amber.json")
    (home / "patches" / "broken.json").write_text("{")
    process = WindowProcess(home, patch="Amber")
    process.ask("__import__('hummingface.instrument.logs.log_files', fromlist=['x']).begin('window') and None")      # as the command does
    yield process
    process.close()


def logged(home, kind, text):
    """The newest log of this kind of process, as soon as it has the text."""
    end = time.monotonic() + SOON_S
    while True:
        found = sorted((home / "state" / "log").glob(f"{kind}-*.log"), key=lambda path: path.stat().st_mtime)
        if found and text in (said := found[-1].read_text()):
            return said
        assert time.monotonic() < end, (text, [path.read_text() for path in found])
        time.sleep(0.05)


def test_the_audio_process_logs_devices_model_and_patch(opened):
    text = logged(opened.home, "audio", "seconds")
    assert ", audio, process " in text and "numba" in text
    assert "patch 'Amber', model 'Untrained'" in text and "device " in text and "ports " in text


def test_diagnostics_are_copied_with_all_that_a_report_needs(opened):
    actions = opened.ask("[action.text() for action in window.help.menu.actions()]")
    assert "Show log files" in actions
    opened.ask(f"window.help.menu.actions()[{actions.index('Copy diagnostics')}].trigger()")
    opened.wait(f"'HummingFace diagnostics' in {CLIPBOARD}")
    text = opened.ask(CLIPBOARD)
    for part in ("Python 3", "numpy", "PySide6-Essentials", "patch 'Amber', model 'Untrained'", "audio device None", "MIDI ports None",
                 "== Devices", "broken.json", "== Log of the window", ", audio, process "):
        assert part in text, part
    assert "clipboard" in opened.ask("window.banner.text.text()")
    assert len(text) < 200_000


def test_exceptions_in_slots_and_qts_own_warnings_are_logged_and_the_window_goes_on(opened):
    opened.ask("__import__('PySide6.QtCore', fromlist=['x']).QTimer.singleShot(0, window, lambda: [][7])")
    opened.ask("__import__('PySide6.QtCore', fromlist=['x']).qWarning('a warning of Qt')")
    opened.ask("__import__('threading').Thread(target=lambda: {}['missing key'], name='a helper').start()")
    kinds = opened.home / "state" / "log"
    assert kinds.is_dir()
    text = logged(opened.home, "window", "missing key")
    assert "IndexError" in text and "a warning of Qt" in text and "in the thread a helper" in text
    assert opened.ask("window.engine_ready")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_of_the_audio_process_is_in_its_log(opened):
    crashed = opened.ask("window.client._link.process.pid")
    os.kill(crashed, signal.SIGSEGV)
    opened.wait(f"window.engine_ready and window.client._link and window.client._link.process.pid != {crashed}")
    [file] = (opened.home / "state" / "log").glob(f"audio-*-{crashed}.log")
    assert "Fatal Python error: Segmentation fault" in file.read_text()
    assert "engine restarting" in logged(opened.home, "window", "engine restarting")


def test_the_command_that_opens_the_window_logs_and_shows_it_where_it_is_asked_to(opened, audio_server):
    """`hummingface --verbose`, as it is typed: the window's log and the audio process's, in files and on the standard error."""
    if audio_server is None:
        pytest.skip("without a sound device `play` performs the demo: apt-get install jackd2")
    environment = os.environ | {"HUMMINGFACE_HOME": str(opened.home), "QT_QPA_PLATFORM": USUAL,
                                "PYTHONPATH": str(Path(__file__).parents[2])}
    shown = opened.home / "shown.txt"
    with shown.open("w") as errors:
        process = subprocess.Popen([sys.executable, "-m", "hummingface", "--verbose", "--patch", "Amber"],
                                   stdout=subprocess.DEVNULL, stderr=errors, env=environment)
    try:
        end = time.monotonic() + SOON_S
        while not ("engine starting" in (text := shown.read_text()) and "seconds" in text):
            assert time.monotonic() < end and process.poll() is None, text
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(SOON_S)
    [file] = (opened.home / "state" / "log").glob(f"window-*-{process.pid}.log")
    assert "--verbose --patch Amber" in file.read_text() and "engine starting" in file.read_text()
    assert ", window, process" in shown.read_text() and ", audio, process" in shown.read_text()
