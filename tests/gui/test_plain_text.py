"""Names are shown as they are, whatever they look like: nothing in the window takes one for HTML or for a shortcut."""
import html
import re
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import QAction, QHelpEvent, QImage
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QMenu,
    QTabWidget,
    QToolTip,
    QWidget,
)

import hummingface.instrument.gui
from hummingface.instrument.audio.client import Client
from hummingface.instrument.gui.widgets import plain_text
from hummingface.instrument.gui.window import Window
from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.learnt_models import TrainingJob
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.settings import Settings
from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.untrained import untrained

OWN_MARKUP = re.compile(r"</?b>|<br>|</?span>|<span style='color:#[0-9a-f]{6}'>")
NAME = 'A&B <img src="file:///nowhere.png"> <b>x</b>'       # not /dev/zero, which would take the tests' machine with it


def is_plain_tip(text: str) -> bool:
    """Whether Qt shows it as text, or it is our own markup around escaped texts."""
    return not GuiQt.mightBeRichText(text) or "<" not in OWN_MARKUP.sub("", text)


def has_no_shortcut(text: str) -> bool:
    return "&" not in text.replace("&&", "")


def problems_of(widget: QWidget) -> list[str]:
    """What in a widget and all within it could be taken for more than text."""
    found = []
    for one in [widget, *widget.findChildren(QWidget)]:
        who = f"{type(one).__name__} {one.accessibleName() or one.objectName()!r}"
        texts = []
        if isinstance(one, QLabel) and one.textFormat() != Qt.TextFormat.PlainText:
            found.append(f"{who}: its text may be HTML: {one.text()!r}")
        if isinstance(one, QAbstractButton):
            texts.append(one.text())
        if isinstance(one, QGroupBox):
            texts.append(one.title())
        if isinstance(one, QTabWidget):
            texts += [one.tabText(i) for i in range(one.count())]
        if isinstance(one, QMenu):
            texts.append(one.title())
        texts += [action.text() for action in one.actions()]
        found += [f"{who}: a shortcut in {text!r}" for text in texts if not has_no_shortcut(text)]
        tips = [one.toolTip(), one.whatsThis(), one.statusTip(), *(action.toolTip() for action in one.actions() if one.toolTip())]
        if isinstance(one, QAbstractItemView | QComboBox):
            tips += list(tips_of(one.model()))
        found += [f"{who}: a tip that may be HTML: {tip!r}" for tip in tips if not is_plain_tip(tip)]
    return found


def tips_of(model: QAbstractItemModel | None):
    for row in range(model.rowCount(QModelIndex()) if model else 0):
        yield model.data(model.index(row, 0), Qt.ItemDataRole.ToolTipRole) or ""


@pytest.fixture
def hostile(qtbot, tmp_path, monkeypatch):
    """A window in which everything that can have a name has this one, and every dialog and menu was opened."""
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    takes = tmp_path / "takes & <b>x"
    takes.mkdir()
    (takes / "A&B <img src=x>.wav").write_bytes(b"RIFF")
    model = untrained(seed=1, width=64)
    model.name = NAME
    model.card["name"] = NAME
    model.card["knobs"] = {f"family.{NAME[:20]}": {"direction": [1.0] + [0.0] * (model.latents - 1)}}
    save_model(model, tmp_path / "models" / "test")
    z = (0.1,) * model.latents
    patch = Patch(NAME, NAME, z, tags=(NAME[:40],), morph=tuple(Corner(NAME, z) for _ in range(4)), author=NAME)
    patch_file.save(patch, tmp_path / "patches" / "a.json")
    window = Window(Client(patch=patch.to_json(), attach=False), patch, Settings(take_folder=str(takes)))
    window.timer.stop()
    qtbot.addWidget(window)
    window.show()
    telemetry = window.client.telemetry
    for message in ({"tell": "audio", "device": NAME, "rate_hz": 48000, "block_samples": 128, "latency_ms": 3.0, "problem": NAME,
                     "choice": {"device": NAME, "rate_hz": None, "block_samples": None}},
                    {"tell": "midi", "ports": [NAME, "b"], "open": [NAME], "problem": NAME},
                    {"tell": "devices", "audio": [{"name": NAME, "default": True}], "midi": [NAME, "b"]},
                    {"tell": "error", "text": f"{tmp_path}/{NAME}: cannot be used"}):
        window.news.hear(message, telemetry)
    window.dialog.show_choice(window.settings.audio.__class__(NAME + "2", 48000, 128), [NAME])
    window.dialog.show()
    mine = [entry for entry in library.patches() if not entry.factory]
    window.browser.open_at(QPoint(), mine, NAME, NAME)
    window.choosing.ask_save()
    window.saver.name.setText("b")
    window.saver._others = {"b": NAME}
    window.saver._name_changed("b")
    window.takes.open()
    window.takes._show_listening(NAME)
    window.exports.open()
    window.exports._tell(f"Exporting {NAME}…")
    learning = window.recordings.learning
    learning.job, learning.state, learning.problem = TrainingJob(NAME, (NAME,), 9.0, 0.5, 0.0), "failed", NAME
    learning.notes_text, learning.left_out = NAME, NAME
    window.recordings.panel.open()
    monkeypatch.setattr(type(window.recordings.new_sound), "warm", lambda self: None)
    monkeypatch.setattr("hummingface.instrument.patches.learnt_models.jobs", lambda: [TrainingJob(NAME + "2", (NAME,), 9.0, 0.5, 0.0)])
    learning.state = "stopped"
    window.recordings._fill()
    yield window
    for one in (window.dialog, window.saver, window.browser, window.takes, window.exports, window.recordings.panel):
        one.hide()


def test_nothing_in_the_window_takes_a_name_for_html_or_a_shortcut(hostile):
    shown = [w for w in QApplication.topLevelWidgets() if w is hostile or hostile.isAncestorOf(w) or w.parent() is hostile]
    assert len(shown) >= 6, "the dialogs are there, too"
    assert [problem for top in shown for problem in problems_of(top)] == []
    assert [a.text() for a in hostile.recordings.menu.actions() if isinstance(a, QAction) and "A&&B" in a.text()], "the menu has it"


def test_no_tooltip_that_is_made_when_it_is_asked_for_does_either(hostile):
    asked = 0
    for widget in [hostile.morph.pad, *hostile.controls.values(), hostile.keyboard, hostile.wheel, hostile.bend, hostile.output.meter,
                   hostile.spectrogram.view]:
        for place in (widget.rect().center(), QPoint(12, 12), QPoint(12, widget.height() - 12)):
            QApplication.sendEvent(widget, QHelpEvent(QHelpEvent.Type.ToolTip, place, widget.mapToGlobal(place)))
            assert is_plain_tip(QToolTip.text()), QToolTip.text()
            asked += html.escape(NAME, quote=False) in QToolTip.text()
    QToolTip.hideText()
    assert asked >= 2, "the pad and a family told their names"


def test_a_name_can_be_read_as_it_is(hostile):
    assert NAME in hostile.banner.text.text()
    assert hostile.latents.note.text() == plain_text.shortened(NAME, 40)
    assert hostile.patches.name.text() == NAME.replace("&", "&&")
    assert f"Patch: {NAME}" in hostile.patches.name.accessibleName()
    assert hostile.dialog.ports.boxes[0].port == NAME
    hostile.dialog.all_ports.setChecked(False)
    sent = []
    hostile.dialog.wanted.connect(sent.append)
    hostile.dialog.ports.boxes[0].setChecked(True)
    hostile.dialog._open_midi()
    assert sent[-1]["ports"] == [NAME], "the port is asked for by its own name"
    assert hostile.browser.filters.tags.names[0] == NAME[:40]


def test_no_name_loads_a_picture_or_widens_the_window(qtbot, tmp_path, monkeypatch):
    """A picture that is really there, as large as a label would become."""
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    picture = tmp_path / "p.png"
    image = QImage(4000, 3000, QImage.Format.Format_RGB32)
    assert image.save(str(picture))
    hostile = f'<img src="file://{picture}">'
    probe = QLabel(hostile)
    qtbot.addWidget(probe)
    assert probe.sizeHint().width() >= 4000, "Qt would show it"
    for name in (hostile, "x" * 78):
        window = Window(Client(attach=False), Patch(name[:80] if len(name) <= 80 else name, name, (0.0,) * 16), Settings())
        window.timer.stop()
        qtbot.addWidget(window)
        before = window.minimumSizeHint()
        for text in (hostile, "y" * 5000, "word " * 2000):
            window.banner.say(text, problem=True)
            window.status.show_device(text + ", JACK", 48000, 128)
            window.status.show_ports([text], text)
            assert window.minimumSizeHint().width() <= max(before.width(), window.minimumWidth())
            assert window.minimumSizeHint().height() < 1000
            assert text != hostile or all(label.sizeHint().height() < 500 for label in window.findChildren(QLabel)), "no picture is there"


def test_a_tip_is_escaped_and_a_caption_has_no_shortcut():
    assert plain_text.safe_tip("plain & simple < 3") == "plain & simple < 3"
    assert is_plain_tip(plain_text.safe_tip(NAME)) and html.escape(NAME, quote=False) in plain_text.safe_tip(NAME)
    assert is_plain_tip(plain_text.tip(NAME, NAME, NAME, hint=NAME))
    assert not is_plain_tip(f"<b>x</b>{NAME}")
    assert plain_text.caption("a&b\tCtrl+Q\n") == "a&&b Ctrl+Q "
    assert len(plain_text.shortened("x" * 5000)) == plain_text.LONGEST_MESSAGE


def test_labels_and_tips_are_made_in_one_place():
    """What would make one elsewhere is found in the source."""
    folder = Path(hummingface.instrument.gui.__file__).parent
    forbidden = re.compile(r"\bQLabel\b|\.setToolTip\(|\bQToolTip\.|\bQMessageBox\b|setWhatsThis|setHtml|RichText|AutoText|QTextBrowser")
    for file in folder.glob("*.py"):
        if file.name != "plain.py":
            assert not (found := forbidden.search(file.read_text())), f"{file.name}: {found}"
    assert Session                          # the folder is the one that was meant
