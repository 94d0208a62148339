"""The velocity curve in the window: drawn by hand and by keys, chosen, learnt."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QAccessible, QHelpEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QMainWindow, QToolTip, QWidget

from hummingface.instrument.gui.dialogs.velocity_dialog import OWN, TouchDialog
from hummingface.instrument.gui.widgets.curve_editor import CurveEditor
from hummingface.instrument.patches.velocity_curve import LINEAR, PRESETS, VelocityCurve, from_json, learn, to_json
from hummingface.instrument.session import settings as settings_file
from hummingface.instrument.session.settings import Settings
from tests.gui.player import LEFT, SOON_MS, drag

NONE, SHIFT, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class Desk:
    """A dialog of its own, what it sent, and what it keeps."""

    def __init__(self, settings=None):
        self.sent: list[dict] = []
        self.settings = settings or Settings()
        self.owner = QMainWindow()
        self.dialog = TouchDialog(self.owner, self.settings, self.sent.append)
        self.saved = 0
        self.dialog.changed.connect(self._count)
        self.dialog.resize(440, 420)
        self.dialog.open()
        self.editor = self.dialog.editor

    def _count(self):
        self.saved += 1

    @property
    def played_by(self) -> list[int] | None:
        """The table that the engine was sent last."""
        return next((message["table"] for message in reversed(self.sent) if message["do"] == "velocity_curve"), None)

    def at(self, incoming, velocity):
        return self.editor.place(incoming, velocity).toPoint()

    def choose(self, name):
        self.dialog.presets.setCurrentText(name)
        self.dialog.presets.activated.emit(self.dialog.presets.currentIndex())

    def add(self, incoming, velocity):
        here = self.at(incoming, velocity)
        QTest.mouseClick(self.editor, LEFT, pos=here)
        QTest.mouseDClick(self.editor, LEFT, pos=here)
        QTest.mouseRelease(self.editor, LEFT, pos=here)

    def drag(self, begin, end):
        drag(self.editor, self.at(*begin), self.at(*end))

    def key(self, key, modifier=NONE, times=1):
        for _ in range(times):
            QTest.keyClick(self.editor, key, modifier)


@pytest.fixture
def desk(qapp, qtbot):
    from hummingface.instrument.gui.widgets import theme
    theme.dress(qapp)
    made = Desk()
    yield made
    made.dialog.hide()
    made.owner.deleteLater()


def near(curve: VelocityCurve, points) -> bool:
    """Whether it goes through these points, within what a pixel is."""
    return len(curve.points) == len(points) and np.abs(np.array(curve.points) - np.array(points)).max() <= 1


# By hand

def test_points_are_dragged_and_heard_at_once(desk):
    desk.add(64, 100)
    assert near(desk.editor.curve, [(1, 1), (64, 100), (127, 127)])
    assert desk.played_by == list(desk.editor.curve.table)
    desk.sent.clear()
    desk.drag((64, 100), (50, 90))
    assert near(desk.editor.curve, [(1, 1), (50, 90), (127, 127)])
    assert len(desk.sent) > 4, "while it is dragged, too"
    assert desk.played_by == list(desk.editor.curve.table)
    assert from_json(desk.settings.velocity_curve) == desk.editor.curve
    assert desk.saved == 2, "once for each gesture"
    assert desk.dialog.presets.currentText() == OWN


def test_ends_go_up_and_down_and_a_drag_brings_back_what_it_pushed(desk):
    desk.drag((1, 1), (60, 30))
    assert near(desk.editor.curve, [(1, 30), (127, 127)])
    desk.choose("Wide")
    before = desk.editor.curve
    QTest.mousePress(desk.editor, LEFT, pos=desk.at(64, 64))
    for velocity in (126, 64):
        point = QPointF(desk.at(64, velocity))
        QApplication.sendEvent(desk.editor, QMouseEvent(QEvent.Type.MouseMove, point, desk.editor.mapToGlobal(point),
                                                        Qt.MouseButton.NoButton, LEFT, NONE))
        if velocity == 126:
            assert desk.editor.curve.points[3][1] >= 125, "the next point was pushed"
    QTest.mouseRelease(desk.editor, LEFT, pos=desk.at(64, 64))
    assert near(desk.editor.curve, before.points)


def test_a_right_click_removes_a_point_but_no_end(desk):
    desk.choose("Soft touch")
    QTest.mouseClick(desk.editor, Qt.MouseButton.RightButton, pos=desk.at(64, 84))
    assert [x for x, _ in desk.editor.curve.points] == [1, 32, 96, 127]
    QTest.mouseClick(desk.editor, Qt.MouseButton.RightButton, pos=desk.at(1, 1))
    assert len(desk.editor.curve.points) == 4
    assert "ends" in desk.dialog.status.text()
    QTest.mouseClick(desk.editor, Qt.MouseButton.RightButton, pos=desk.at(80, 20))
    assert len(desk.editor.curve.points) == 4


def test_a_ninth_point_is_refused_in_words(desk):
    for incoming in (20, 35, 50, 65, 80, 95, 110):
        desk.add(incoming, incoming)
    assert len(desk.editor.curve.points) == 8
    assert "at most" in desk.dialog.status.text()


# By keys

def test_keys_move_choose_add_and_remove(desk, qtbot):
    desk.key(Qt.Key.Key_Up, times=3)
    assert desk.editor.curve.points[0] == (1, 4)
    desk.key(Qt.Key.Key_Plus)
    assert desk.editor.chosen == 1 and desk.editor.curve.points[1][0] == 64
    height = desk.editor.curve.points[1][1]
    desk.key(Qt.Key.Key_Up, SHIFT)
    desk.key(Qt.Key.Key_Left, times=2)
    desk.key(Qt.Key.Key_Right)
    assert desk.editor.curve.points[1] == (63, height + 10)
    assert f"63 is played as {height + 10}" in desk.editor.accessibleDescription()
    desk.key(Qt.Key.Key_Right, CTRL)
    desk.key(Qt.Key.Key_Down, times=2)
    assert desk.editor.curve.points[2] == (127, 125)
    desk.key(Qt.Key.Key_Left, CTRL)
    desk.key(Qt.Key.Key_Delete)
    assert desk.editor.curve.points == ((1, 4), (127, 125))
    assert desk.played_by == list(desk.editor.curve.table)
    qtbot.waitUntil(lambda: from_json(desk.settings.velocity_curve) == desk.editor.curve, timeout=SOON_MS)


def test_keys_that_are_held_count_as_one_change(desk, qtbot):
    desk.key(Qt.Key.Key_Up, times=20)
    assert desk.saved == 0
    qtbot.waitUntil(lambda: desk.saved == 1, timeout=SOON_MS)
    desk.key(Qt.Key.Key_Up, times=5)
    desk.dialog.hide()
    assert from_json(desk.settings.velocity_curve).points[0] == (1, 26), "what the hand moved last is kept when it closes"


# Presets, undo, what is kept

@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_are_played_and_kept_by_name(desk, name):
    desk.choose("Wide" if name == "Linear" else "Linear")
    desk.choose(name)
    assert desk.editor.curve == PRESETS[name]
    assert desk.played_by in (list(PRESETS[name].table), None)
    assert desk.settings.velocity_curve == name


def test_ones_own_curve_outlives_the_choice_of_a_preset(desk, tmp_path):
    desk.add(64, 100)
    mine = desk.editor.curve
    desk.choose("Fixed")
    assert desk.settings.velocity_curve == "Fixed"
    desk.settings.save(tmp_path / "settings.json")
    again = Desk(settings_file.load(tmp_path / "settings.json")[0])
    assert again.dialog.presets.currentText() == "Fixed" and again.editor.curve == PRESETS["Fixed"]
    again.choose(OWN)
    assert again.editor.curve == mine and again.played_by == list(mine.table)
    again.dialog.hide()


def test_undo_and_reset(desk):
    assert not desk.dialog.undo.isEnabled()
    desk.add(64, 100)
    mine = desk.editor.curve
    desk.choose("Hard touch")
    QTest.mouseClick(desk.dialog.reset, LEFT)
    assert desk.editor.curve == LINEAR and desk.settings.velocity_curve == "Linear" and desk.played_by == list(range(128))
    for wanted in (PRESETS["Hard touch"], mine, LINEAR):
        QTest.mouseClick(desk.dialog.undo, LEFT)
        assert desk.editor.curve == wanted and desk.played_by == list(wanted.table)
        assert from_json(desk.settings.velocity_curve) == wanted
    assert not desk.dialog.undo.isEnabled()


# Learning

STROKES = np.clip(np.round(20 + 70 * np.random.default_rng(3).beta(2, 2, 40)), 1, 127).astype(int).tolist()


def test_it_learns_from_what_is_played(desk, qtbot):
    desk.dialog.ending.setInterval(400)
    desk.dialog.show_velocities([127, 127])         # before it was asked
    QTest.mouseClick(desk.dialog.learn, LEFT)
    assert desk.dialog.learning and not desk.dialog.ending.isActive(), "time counts from the first note"
    desk.dialog.show_velocities(STROKES[:1])
    assert "1 note" in desk.dialog.status.text()
    desk.dialog.show_velocities(STROKES[1:])
    assert "40 notes" in desk.dialog.status.text()
    qtbot.waitUntil(lambda: not desk.dialog.learning, timeout=SOON_MS)
    assert desk.editor.curve == learn(STROKES)
    assert desk.played_by == list(learn(STROKES).table)
    assert desk.settings.velocity_curve == to_json(learn(STROKES))
    assert "40 notes" in desk.dialog.status.text() and desk.dialog.learn.text() == "Learn"
    QTest.mouseClick(desk.dialog.undo, LEFT)
    assert desk.editor.curve == LINEAR


@pytest.mark.parametrize(("strokes", "said"), [([60, 70, 80], "Notes heard: 3"), ([100] * 30, "velocity 100")])
def test_what_says_too_little_changes_nothing(desk, qtbot, strokes, said):
    desk.choose("Wide")
    desk.dialog.ending.setInterval(100)
    QTest.mouseClick(desk.dialog.learn, LEFT)
    desk.dialog.show_velocities(strokes)
    qtbot.waitUntil(lambda: not desk.dialog.learning, timeout=SOON_MS)
    assert said in desk.dialog.status.text()
    assert desk.editor.curve == PRESETS["Wide"] and desk.settings.velocity_curve == "Wide"


def test_learning_is_cancelled_by_its_button_and_by_closing(desk):
    for cancel in (lambda: QTest.mouseClick(desk.dialog.learn, LEFT), desk.dialog.hide):
        QTest.mouseClick(desk.dialog.learn, LEFT)
        desk.dialog.show_velocities(STROKES)
        cancel()
        assert not desk.dialog.learning and not desk.dialog.ending.isActive()
        assert desk.editor.curve == LINEAR and desk.dialog.learn.text() == "Learn"


def test_it_listens_while_it_is_open_alone(desk):
    assert {"do": "listen_velocities", "on": True} in desk.sent
    desk.dialog.hide()
    assert desk.sent[-1] == {"do": "listen_velocities", "on": False}


def test_strokes_are_seen_on_the_curve_and_counted_below(desk):
    def picture():
        image = desk.editor.grab().toImage()
        return image, image.devicePixelRatio()
    desk.choose("Compressed")
    before, ratio = picture()
    desk.dialog.show_velocities([100] * 8)
    after, _ = picture()
    place, foot = desk.editor.place(100, PRESETS["Compressed"].table[100]), desk.editor.place(101, 6)
    for spot in (place, foot):
        x, y = round(spot.x() * ratio), round(spot.y() * ratio)
        assert before.pixelColor(x, y) != after.pixelColor(x, y)


# Without a mouse, without a sight of it, on a small screen

def test_everything_has_a_name_a_tooltip_and_a_place_in_the_order_of_tab(desk):
    desk.choose("Wide")
    desk.choose("Soft touch")
    parts = [part for part in desk.dialog.findChildren(QWidget) if isinstance(part, (QAbstractButton, QComboBox, CurveEditor))]
    assert len(parts) >= 6
    for part in parts:
        reader = QAccessible.queryAccessibleInterface(part)
        assert reader.text(QAccessible.Text.Name).strip()
        QToolTip.hideText()
        here = part.rect().center()
        QApplication.sendEvent(part, QHelpEvent(QHelpEvent.Type.ToolTip, here, part.mapToGlobal(here)))
        assert QToolTip.text()
    chain = [desk.dialog.presets]
    while (after := chain[-1].nextInFocusChain()) is not chain[0]:
        chain.append(after)
    assert all(part in chain and part.focusPolicy() & Qt.FocusPolicy.TabFocus for part in parts)


def test_it_fits_a_small_screen(qapp):
    from hummingface.instrument.gui.widgets import theme
    before = theme.scale
    theme.set_scale(1024, 600)
    theme.dress(qapp)
    try:
        desk = Desk()
        wanted = desk.dialog.minimumSizeHint().expandedTo(desk.dialog.minimumSize())
        assert wanted.width() <= 1024 and wanted.height() <= 560, "with a title bar"
        desk.dialog.hide()
    finally:
        theme.scale = before
        theme.dress(qapp)
