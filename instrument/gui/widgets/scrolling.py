"""Mouse wheels and touchpads: what they roll, and what they leave alone."""
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QSlider

NOTCH = 120                 # of a wheel, in Qt's eighths of a degree


class Roll:
    """What rolls over one control. A touchpad sends many small parts of a notch, and goes on by itself when the fingers have left it."""

    def __init__(self) -> None:
        self._rest = 0              # of a notch, in NOTCH-ths: thirty fractions of 1/15 do not make two

    def notches(self, event: QWheelEvent) -> float:
        """Notches of a wheel, or parts of one; up is more. Nothing once the fingers have left."""
        return _rolled(event) / NOTCH

    def whole_notches(self, event: QWheelEvent) -> int:
        """Whole notches; parts of one are kept for the next event, until the fingers turn round or touch it again."""
        rolled = _rolled(event)
        if event.phase() == Qt.ScrollPhase.ScrollBegin or rolled * self._rest < 0:
            self._rest = 0
        self._rest += rolled
        whole = int(self._rest / NOTCH)
        self._rest -= whole * NOTCH
        return whole


def _rolled(event: QWheelEvent) -> int:
    """In Qt's units; nothing once the fingers have left."""
    if event.phase() == Qt.ScrollPhase.ScrollMomentum:
        return 0
    return event.angleDelta().y() or event.angleDelta().x()


class _LeavesWheel(QObject):
    """Passes the wheel on to what is behind a box: a list is for clicks and keys, a number also for the wheel once it was clicked."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent) and not (isinstance(watched, QAbstractSpinBox) and watched.hasFocus()):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def leave_wheel(*boxes: QComboBox | QAbstractSpinBox | QSlider) -> None:
    """Rolling over a box on the way elsewhere changes nothing."""
    for box in boxes:
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)          # Qt's own gives the focus to whatever is rolled over
        box.installEventFilter(_LeavesWheel(box))
