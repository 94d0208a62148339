"""What a player's hands do to the window, and what comes out of it: for the tests that drive it."""
import re

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from hummingface.instrument.logs import log_files

SOON_MS = 15_000            # far longer than any of it takes
LEFT = Qt.MouseButton.LeftButton


def bring_to_front(window):
    """Make it the active window. Qt reports that later, and until then keys go to the one that was: even if it is hidden."""
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window, SOON_MS)


def sounding(window) -> dict[int, int]:
    """MIDI notes that sound, with their velocities, as the engine tells."""
    return {note: v for note, v in enumerate(window.client.telemetry().notes) if v}


def wait_for_patch(qtbot, name):
    """Until the engine plays this patch, as it logs: what sounds before then is the patch before, to its end."""
    qtbot.waitUntil(lambda: re.findall(r"patch '(.+)', model", log_files.tail("audio", 100))[-1:] == [name], timeout=SOON_MS)


def key_point(window, note, depth=0.9) -> QPoint:
    rect = window.keyboard.key_rect(note)
    return QPoint(int(rect.center().x()), int(rect.height() * depth))


def play(window, qtbot, note=60):
    """Hold a key with the mouse until it sounds."""
    QTest.mousePress(window.keyboard, LEFT, pos=key_point(window, note))
    qtbot.waitUntil(lambda: note in sounding(window), timeout=SOON_MS)


def release(window, note=60):
    QTest.mouseRelease(window.keyboard, LEFT, pos=key_point(window, note))


def drag(widget, start: QPoint, end: QPoint, steps=8):
    QTest.mousePress(widget, LEFT, pos=start)
    for i in range(1, steps + 1):
        point = QPointF(start) + (QPointF(end) - QPointF(start)) * (i / steps)
        QApplication.sendEvent(widget, QMouseEvent(QEvent.Type.MouseMove, point, widget.mapToGlobal(point),
                                                   Qt.MouseButton.NoButton, LEFT, Qt.KeyboardModifier.NoModifier))
    QTest.mouseRelease(widget, LEFT, pos=end)


def type_value(control, text):
    control.setFocus()
    QTest.keyClick(control, Qt.Key.Key_Return)
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def loudest_db(window, qtbot, seconds=0.3) -> float:
    """Peak of what is played from now on."""
    position, _ = window.client.output_since(1 << 62)
    until = position + int(seconds * 48_000)
    qtbot.waitUntil(lambda: window.client.telemetry().position >= until, timeout=SOON_MS)
    _, samples = window.client.output_since(position)
    return 20 * np.log10(np.abs(samples).max() + 1e-9)
