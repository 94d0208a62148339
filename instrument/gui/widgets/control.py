"""The base of all widgets that show a control: values, keys, mouse wheel, drag, typed input, tooltip, accessibility.

Built on QAbstractSlider, so that screen readers find a slider with a value that they can also move.
"""
import re

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSlider, QLineEdit, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import Label, Tip, show_tip, tip
from hummingface.instrument.gui.widgets.scrolling import Roll
from hummingface.instrument.patches.parameters import Parameter

STEPS = 1000                    # of the slider that screen readers see
KEY_STEP, PAGE_STEP, WHEEL_STEP = 0.01, 0.1, 0.02      # of the travel
FINE = 0.1                      # with shift
MARK = 9                        # height of the numbers of its controllers
DRAG_POINTS = 180               # of mouse movement for the whole travel
_ENDS_TYPING = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_SCALES = {"s": {"ms": 1e-3, "s": 1.0}, "hz": {"hz": 1.0, "khz": 1e3, "k": 1e3}, "%": {"%": 1e-2}}      # by a control's own unit


def parse(parameter: Parameter, typed: str, shown: str = "") -> float:
    """The value that a player typed, clamped to the range. A bare number gets the unit of `shown`, the displayed value that it replaces.

    Raises ValueError, with what would be understood, if it cannot be parsed.
    """
    typed = typed.strip().replace(",", ".").replace("\u2212", "-")
    for index, choice in enumerate(parameter.choices):
        if typed.lower() == choice.lower():
            return parameter.lowest + index
    found = re.fullmatch(r"([+-]?\d*\.?\d+(?:e[+-]?\d+)?)\s*([^\d\s.+-]*)", typed, re.IGNORECASE)
    own = parameter.unit.lower()
    unit = found[2].lower() if found else ""
    scales = _SCALES.get(own, {own: 1.0})
    if not found or (unit and unit not in scales):
        raise ValueError(f"{parameter.label}: “{typed}” is not a value; "
                         f"{parameter.text(parameter.lowest)} to {parameter.text(parameter.highest)}")
    unit = unit or re.sub(r"^[+\u2212-]?[\d.]+\s*", "", shown).lower() or own
    return parameter.clamp(float(found[1]) * scales.get(unit, 1.0))


class Control(QAbstractSlider):
    """A widget for one control. `moved` reports the player's changes; `show_value` displays changes from elsewhere, silently."""

    moved = Signal(str, float)          # id, value
    gesture_began = Signal(str)
    gesture_ended = Signal()
    moved_by_key = Signal(str)          # its value, as it is read

    def __init__(self, parameter: Parameter, name: str = "", parent: QWidget | None = None):
        super().__init__(parent)
        self.parameter = parameter
        self.shown = parameter.default
        self.name = name or parameter.label
        self._travel = parameter.to_travel(parameter.default)
        self._drag_from: QPointF | None = None
        self._roll = Roll()
        self._editor: QLineEdit | None = None
        self._quiet = False
        self.controllers = f"CC {parameter.cc}" if parameter.cc is not None else ""        # of MIDI, that move it
        self._mark: Label | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setRange(0, len(parameter.choices) - 1 if parameter.choices else STEPS)
        self.valueChanged.connect(self._moved_by_assistant)
        self.setAccessibleName(self.name)
        self.setObjectName(parameter.id)
        self._note_value()

    # the displayed value

    def show_value(self, value: float) -> None:
        """Show a value that did not come from this control; emits nothing."""
        value = self.parameter.clamp(value)
        if value != self.shown:
            self.shown = value
            if self._drag_from is None:
                self._travel = self.parameter.to_travel(value)
            self._note_value()
            self.update()

    def reading(self) -> str:
        """The value as text, with its unit."""
        return self._as_text(self.shown)

    def _as_text(self, value: float) -> str:
        return self.parameter.text(value).replace("-", "\u2212")

    def at_rest(self) -> bool:
        """Whether it is at its default."""
        return abs(self.parameter.to_travel(self.shown) - self.parameter.to_travel(self.parameter.default)) < 1e-4

    def _note_value(self) -> None:
        self._quiet = True
        self.setValue(round(self.parameter.to_travel(self.shown) * self.maximum()))
        self._quiet = False
        self.setAccessibleDescription(f"{self.reading()}. {self.parameter.help}")

    # what the player does

    def change(self, value: float) -> None:
        """The player sets this value."""
        value = self.parameter.clamp(value)
        if value != self.shown:
            self.show_value(value)
            self.moved.emit(self.parameter.id, value)

    def nudge(self, travel: float) -> None:
        """Move by a part of the travel; switches move by at least one position."""
        if self.parameter.choices:
            per_step = 1 / max(self.maximum(), 1)
            if self._drag_from is None:
                travel = max(abs(travel), per_step) * (1 if travel > 0 else -1)
        self._travel = min(max(self._travel + travel, 0.0), 1.0)
        self.change(self.parameter.from_travel(self._travel))

    def reset(self) -> None:
        """Return to the default."""
        self._travel = self.parameter.to_travel(self.parameter.default)
        self.change(self.parameter.default)

    def _moved_by_assistant(self, step: int) -> None:
        if not self._quiet:
            self.change(self.parameter.from_travel(step / max(self.maximum(), 1)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag_from = event.globalPosition()
            self._travel = self.parameter.to_travel(self.shown)
            self.gesture_began.emit(self.parameter.id)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_from is None:
            return
        here = event.globalPosition()
        way = (here.x() - self._drag_from.x()) - (here.y() - self._drag_from.y())
        self._drag_from = here
        self.nudge(way / theme.px(DRAG_POINTS) * (FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._drag_from is not None:
            self._drag_from = None
            self._travel = self.parameter.to_travel(self.shown)
            self.gesture_ended.emit()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.reset()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.parameter.choices:
            travel = self._roll.whole_notches(event) / max(self.maximum(), 1)
        else:
            fine = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            travel = self._roll.notches(event) * WHEEL_STEP * (FINE if fine else 1)
        if travel:
            self.nudge(travel)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, fine = event.key(), FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        steps: dict[int, float] = {
            Qt.Key.Key_Up: KEY_STEP, Qt.Key.Key_Right: KEY_STEP, Qt.Key.Key_Down: -KEY_STEP, Qt.Key.Key_Left: -KEY_STEP,
            Qt.Key.Key_PageUp: PAGE_STEP, Qt.Key.Key_PageDown: -PAGE_STEP}
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
        elif self._turned_by_key(key, steps.get(key, 0.0) * fine):
            self.moved_by_key.emit(self.reading())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.edit()
        elif event.text() and event.text() in "0123456789.,-+":
            self.edit(event.text())
        else:
            event.ignore()

    def _turned_by_key(self, key: int, travel: float) -> bool:
        """Whether a key turns it: by `travel`, or to an end, or to its default."""
        if travel:
            self.nudge(travel)
        elif key == Qt.Key.Key_Home:
            self.change(self.parameter.lowest)
        elif key == Qt.Key.Key_End:
            self.change(self.parameter.highest)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset()
        else:
            return False
        return True

    # typing a value

    def edit(self, start: str = "") -> None:
        """Open a field to type a value into; Enter accepts it, Escape or leaving cancels."""
        if self._editor is None:
            editor = self._editor = QLineEdit(self)
            editor.setAlignment(Qt.AlignmentFlag.AlignCenter)
            editor.setAccessibleName(f"{self.name}: value")
            editor.setStyleSheet(f"padding: 0; min-height: 0; font-size: {theme.font_px('label')}px;")
            editor.setGeometry(self.editor_rect())
            editor.setText(start or self.reading())
            if not start:
                editor.selectAll()
            editor.installEventFilter(self)
            editor.show()
            editor.setFocus()

    def editor_rect(self) -> QRect:
        """Where the field opens."""
        height = theme.px(20)
        return QRect(0, self.height() - height, self.width(), height)

    def _take(self) -> None:
        assert self._editor is not None
        try:
            value = parse(self.parameter, self._editor.text(), self.reading())
        except ValueError as error:
            show_tip(self.mapToGlobal(self._editor.geometry().bottomLeft()), str(error), self)
            return
        self._close_editor()
        self.change(value)

    def _close_editor(self) -> None:
        if self._editor is not None:
            editor, self._editor = self._editor, None
            editor.removeEventFilter(self)
            editor.hide()
            editor.deleteLater()
            self.setFocus()
            self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._editor:
            if event.type() == QEvent.Type.FocusOut:
                self._close_editor()
            elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in _ENDS_TYPING:
                # and no further: an unhandled Enter of the field would open it again
                (self._close_editor if event.key() == Qt.Key.Key_Escape else self._take)()
                return True
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            show_tip(event.globalPos(), self.tip(), self)
            return True
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave, QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def tip(self) -> Tip:
        """The tooltip: name, value with unit, what it does, how to set it."""
        return tip(self.name, self.reading(), self.parameter.help, f"MIDI {self.controllers}" if self.controllers else "", hint=self.hint())

    def hint(self) -> str:
        """How to set it."""
        return (f"Drag, shift-drag for fine; Enter or digits to type; double-click for "
                f"{self.parameter.text(self.parameter.default)}; right click for MIDI")

    def show_controllers(self, text: str, mark: str, waits: bool = False) -> None:
        """Say which MIDI controllers move it: `text` in its tooltip, `mark` in its corner, where it `waits` for one in another colour."""
        self.controllers = text
        if self._mark is None and mark:
            self._mark = Label(parent=self)
            self._mark.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        if self._mark is not None:
            self._mark.setText(mark)
            self._mark.setStyleSheet(f"color: {theme.WARM if waits else theme.DIM}; background: transparent; "
                                     f"font-size: {theme.px(MARK)}px;")
            self._mark.adjustSize()
            self._mark.move(theme.px(1), 0)
            self._mark.setVisible(bool(mark))

    def touched(self) -> bool:
        """Whether the player is using it, so that the value is worth showing."""
        return self._drag_from is not None or self.underMouse() or self.hasFocus()
