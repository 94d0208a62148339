"""What playing does without is offered where it is asked for: size, progress, cancel; nothing breaks if it fails, and then it goes on."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from hummingface.instrument.files.processes import is_running
from hummingface.instrument.gui.controllers import helper_process as helper_module
from hummingface.instrument.gui.panels.extras_panel import ExtrasPanel
from hummingface.instrument.session import extras
from tests.bare import PROJECT, environment_with_pip
from tests.installing.wheels import make_wheel

PATIENCE_MS = 240_000


@pytest.fixture(scope="module")
def with_pip(tmp_path_factory) -> Path:
    """An environment with pip alone, of which each test gets a copy."""
    folder = tmp_path_factory.mktemp("with pip") / "environment"
    environment_with_pip(folder)
    return folder


@pytest.fixture
def elsewhere(tmp_path, monkeypatch, with_pip) -> Path:
    """Helpers run in an environment without torch, in which pip finds small wheels alone. Returns the folder that they lie in."""
    folder, wheels = tmp_path / "environment", tmp_path / "wheels"
    shutil.copytree(with_pip, folder, symlinks=True)
    wheels.mkdir()
    python = str(folder / "bin" / "python")
    monkeypatch.setattr(helper_module.sys, "executable", python)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull, "PATH": "/usr/bin:/bin",
                        "PIP_EXTRA_INDEX_URL": ""}.items():
        monkeypatch.setenv(name, value)

    def missing() -> list[str]:
        asked = subprocess.run([python, "-c", "from hummingface.instrument.session.extras import missing; print(*missing())"],
                               capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(PROJECT)}, check=True)
        return asked.stdout.split()
    monkeypatch.setattr(extras, "missing", missing)
    return wheels


@pytest.fixture
def panel(qtbot, elsewhere):
    ground = QWidget()
    qtbot.addWidget(ground)
    made = ExtrasPanel(ground)
    yield made
    made.close_helper()


def wait(panel, qtbot):
    qtbot.waitUntil(lambda: panel.helper is None, timeout=PATIENCE_MS)


def test_it_is_offered_with_its_size_and_what_was_wanted_goes_on_once_it_is_there(panel, elsewhere, qtbot):
    for name, version in (("torch", "2.13.0+cpu"), ("tensorboardX", "2.6.5"), ("jinja2", "3.1.6")):
        make_wheel(elsewhere, name, version)
    went_on: list[bool] = []
    assert not panel.offer("Learning from recordings", lambda: went_on.append(True))
    assert panel.isVisible() and "MB to download" in panel.text.text() and "hummingface install train" in panel.text.text()
    panel.install()
    assert panel.progress.isVisible() and panel.cancel_button.text() == "Cancel"
    wait(panel, qtbot)
    assert went_on == [True] and not panel.isVisible()
    assert panel.offer("Learning from recordings", lambda: None), "it is there now"


def test_where_it_fails_it_says_what_and_can_be_tried_again(panel, elsewhere, qtbot):
    went_on: list[bool] = []
    panel.offer("Learning from recordings", lambda: went_on.append(True))
    panel.install()
    wait(panel, qtbot)
    assert panel.isVisible() and not went_on
    assert "torch" in panel.state.text() and panel.install_button.text() == "Try again"
    for name, version in (("torch", "2.15.0"), ("tensorboardX", "2.6.5"), ("jinja2", "3.1.6")):
        make_wheel(elsewhere, name, version)
    panel.install()
    wait(panel, qtbot)
    assert went_on == [True]


def test_it_can_be_cancelled(panel, elsewhere, qtbot):
    panel.offer("Learning from recordings", lambda: pytest.fail("it was cancelled"))
    panel.install()
    qtbot.waitUntil(lambda: panel.helper.pid > 0, timeout=PATIENCE_MS)
    pid = panel.helper.pid
    panel.cancel_button.click()
    assert panel.helper is None and not panel.isVisible()
    assert not is_running(pid)
