"""Exporting from the window: a process of its own makes it, the window shows how far it is, and nothing half-made stays."""
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from hummingface.instrument.export.survey import PROBES
from hummingface.instrument.files.processes import is_running
from tests.gui.player import LEFT, SOON_MS, play, release

PROJECT = Path(__file__).resolve().parents[2]
LONG_MS = 300_000           # the export's process may have to compile


@pytest.fixture
def dialog(window, tmp_path):
    """The dialog, with few and short samples."""
    QTest.mouseClick(window.patches.export, LEFT)
    dialog = window.exports
    assert dialog.isVisible()
    dialog.kind.setCurrentIndex(0)
    dialog.every.setValue(24)
    dialog.velocities.setValue(1)
    dialog.seconds.setValue(1.0)
    dialog.loop.setCurrentIndex(dialog.loop.findData(None))
    dialog.wet.setChecked(False)
    yield dialog
    dialog.exporting.close()
    dialog.hide()


def ended(dialog, qtbot):
    qtbot.waitUntil(lambda: not dialog.exporting.running, timeout=LONG_MS)


def test_what_is_played_becomes_an_instrument_while_playing_goes_on(dialog, window, qtbot, tmp_path, monkeypatch):
    window.session.set("envelope.release", 2.0)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(tmp_path / "made"), ""))
    steps = []
    dialog.exporting.moved.connect(lambda done, of: steps.append((done, of)))
    QTest.mouseClick(dialog.start, LEFT)
    assert dialog.exporting.running and dialog.cancel.isVisible() and not dialog.start.isVisible()
    play(window, qtbot, 60)
    ended(dialog, qtbot)
    release(window, 60)
    assert window.client.alive
    sfz = tmp_path / "made.sfz"
    assert str(sfz) in dialog.status.text() and "4 samples" in dialog.status.text(), dialog.status.text()
    assert steps[-1] == (PROBES + 4, PROBES + 4)
    samples = set(re.findall(r"^sample=(.*)$", sfz.read_text(), re.MULTILINE))           # velocities share them
    assert len(samples) == 4 and all(soundfile.info(tmp_path / sample).samplerate == 48000 for sample in samples)
    assert dialog.start.isVisible() and dialog.reveal.isVisible() and not dialog.bar.isVisible()


def test_cancelled_it_leaves_nothing(dialog, qtbot, tmp_path):
    dialog.every.setValue(1)
    dialog.export_to(tmp_path / "made.sfz")
    qtbot.waitUntil(lambda: dialog.bar.value() > 3, timeout=LONG_MS)
    assert any(tmp_path.iterdir())
    QTest.mouseClick(dialog.cancel, LEFT)
    ended(dialog, qtbot)
    assert list(tmp_path.iterdir()) == []
    assert dialog.status.text() == "Cancelled; no file was left."


def test_what_cannot_be_is_said(dialog, qtbot, tmp_path, monkeypatch):
    (tmp_path / "made.sfz").write_text("mine")
    dialog.export_to(tmp_path / "made.sfz")
    assert "made.sfz: already exists" in dialog.status.text() and not dialog.exporting.running
    assert (tmp_path / "made.sfz").read_text() == "mine"
    dialog.export_to(tmp_path / "nowhere" / "made.sfz")
    assert "no such folder" in dialog.status.text()
    patch = dialog._patch()
    monkeypatch.setattr(dialog, "_patch", lambda: patch.with_values(model="of another player"))
    dialog.export_to(tmp_path / "other.sfz")
    ended(dialog, qtbot)
    assert "no model is called 'of another player'" in dialog.status.text()
    assert [path.name for path in tmp_path.iterdir()] == ["made.sfz"]


def test_a_process_that_is_killed_is_told_and_its_rest_goes_with_the_next(dialog, qtbot, tmp_path):
    dialog.every.setValue(1)
    dialog.export_to(tmp_path / "made.sfz")
    qtbot.waitUntil(lambda: dialog.bar.value() > 3, timeout=LONG_MS)
    dialog.exporting._process.kill()
    ended(dialog, qtbot)
    assert "stopped unexpectedly" in dialog.status.text()
    assert not (tmp_path / "made.sfz").exists()


def test_a_wavetable_goes_along_a_knob(dialog, qtbot, tmp_path):
    dialog.kind.setCurrentIndex(dialog.kind.findData("wavetable"))
    assert dialog.along.isVisible() and not dialog.every.isVisible()
    assert dialog.along.findData("latent.16") > 0 and dialog.along.findData("filter.cutoff_hz") > 0
    dialog.along.setCurrentIndex(dialog.along.findData("time"))
    dialog.export_to(tmp_path / "table.wav")
    ended(dialog, qtbot)
    assert "256 cycles" in dialog.status.text(), dialog.status.text()
    assert soundfile.info(tmp_path / "table.wav").frames == 256 * 2048


def test_a_window_that_is_gone_ends_its_export(user_home, tmp_path):
    """Its process ends when what it reads from does."""
    process = subprocess.Popen([sys.executable, "-m", "hummingface.instrument.export.export_process"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(PROJECT)}, text=True)
    request = {"kind": "bitwig", "patch": user_home[0].to_json(), "out": str(tmp_path / "a.multisample"), "options": {"every": 1}}
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["done"] == 0
    process.stdin.close()
    end = time.monotonic() + SOON_MS / 1000
    while process.poll() is None and time.monotonic() < end:
        process.stdout.readline()
    assert process.wait(timeout=SOON_MS / 1000) == 0
    assert not is_running(process.pid) and list(tmp_path.iterdir()) == []
    process.stdout.close()
