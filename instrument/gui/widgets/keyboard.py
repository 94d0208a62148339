"""The 88 keys: played with the mouse, louder towards the front edge; they light up while notes sound.

Warm: held by the player in this window. Cool: sounding, from any source, brighter for higher velocities.
"""
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import show_tip, tip
from hummingface.instrument.session.note_input import NoteInput

LOWEST, HIGHEST = 21, 108           # A0 .. C8
BLACK = frozenset((1, 3, 6, 8, 10))
BLACK_LENGTH, BLACK_WIDTH = 0.62, 0.62
NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
SOFTEST, HARDEST = 24, 127
WHO = "mouse"
PLAYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def is_black(note: int) -> bool:
    """Whether a MIDI note is a black key."""
    return note % 12 in BLACK


WHITES = [n for n in range(LOWEST, HIGHEST + 1) if not is_black(n)]
BLACKS = [n for n in range(LOWEST, HIGHEST + 1) if is_black(n)]
_WHITE_INDEX = {note: index for index, note in enumerate(WHITES)}
_BLACK_LEAN = {1: -0.12, 3: 0.12, 6: -0.16, 8: 0.0, 10: 0.16}       # black keys are not exactly between two white ones


class Keyboard(QWidget):
    """Press, slide from key to key, release. With the focus: arrow keys choose a key, Space or Enter plays it while held."""

    key_chosen = Signal(str)            # by arrow keys: its name

    def __init__(self, note_input: NoteInput):
        super().__init__()
        self.note_input = note_input
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Keyboard")
        self.velocities = np.zeros(128, np.uint8)
        self.letters: dict[int, str] = {}       # which computer key plays which note
        self._under_mouse: int | None = None
        self._chosen = 60
        self._space_down = False
        self._look: tuple = ()
        self._at_rest = QPixmap()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._describe()
        note_input.on_change.append(self.update)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(1100), theme.px(92))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(500), theme.px(70))

    def show_sounding(self, velocities: Sequence[int] | np.ndarray) -> None:
        """Show the sounding notes: uint8 [128] of velocities; 0 is silent."""
        if not np.array_equal(velocities, self.velocities):
            self.velocities = np.array(velocities, np.uint8)
            self.update()

    def show_letters(self, letters: dict[int, str]) -> None:
        """Show which computer key plays which note."""
        if letters != self.letters:
            self.letters = letters
            self.update()

    def _describe(self) -> None:
        self.setAccessibleDescription(f"{self.chosen_name()} is chosen; arrow keys choose, Space or Enter plays.")

    def chosen_name(self) -> str:
        """The name of the key that arrow keys have chosen."""
        return f"{NAMES[self._chosen % 12]}{self._chosen // 12 - 1}"

    # where the keys are

    def key_rect(self, note: int) -> QRectF:
        """The rectangle of a key."""
        wide = self.width() / len(WHITES)
        if not is_black(note):
            return QRectF(_WHITE_INDEX[note] * wide, 0, wide, self.height())
        middle = (_WHITE_INDEX[note - 1] + 1 + _BLACK_LEAN[note % 12]) * wide
        return QRectF(middle - wide * BLACK_WIDTH / 2, 0, wide * BLACK_WIDTH, self.height() * BLACK_LENGTH)

    def note_at(self, point: QPointF) -> int | None:
        """The MIDI note of the key at a point, or None."""
        if not QRectF(self.rect()).contains(point):
            return None
        white = WHITES[min(int(point.x() / self.width() * len(WHITES)), len(WHITES) - 1)]
        for note in (white - 1, white + 1):
            if LOWEST <= note <= HIGHEST and is_black(note) and self.key_rect(note).contains(point):
                return note
        return white

    def velocity_at(self, note: int, point: QPointF) -> int:
        """Velocity of a press: soft at the back of the key, full at its front edge."""
        depth = min(max(point.y() / self.key_rect(note).height(), 0), 1)
        return round(SOFTEST + (HARDEST - SOFTEST) * min(depth / 0.92, 1))

    # the player

    def _touch(self, point: QPointF) -> None:
        note = self.note_at(point)
        if note == self._under_mouse:
            return
        if self._under_mouse is not None:
            self.note_input.release(self._under_mouse, WHO)
        self._under_mouse = note
        if note is not None:
            self.note_input.press(note, self.velocity_at(note, point), WHO)

    def _release(self) -> None:
        if self._under_mouse is not None:
            self.note_input.release(self._under_mouse, WHO)
            self._under_mouse = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._touch(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._touch(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._release()

    def hideEvent(self, event: QHideEvent) -> None:
        self._release()
        super().hideEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space(False)
        super().focusOutEvent(event)

    def _space(self, down: bool) -> None:
        if down != self._space_down:
            self._space_down = down
            (self.note_input.press(self._chosen, 100, f"{WHO}:space") if down else self.note_input.release(self._chosen, f"{WHO}:space"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: -12, Qt.Key.Key_Up: 12}
        if event.key() in PLAYS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            if not event.isAutoRepeat():
                self._space(True)
        elif event.key() in steps and not event.modifiers():
            self._space(False)
            self._chosen = min(max(self._chosen + steps[event.key()], LOWEST), HIGHEST)
            self._describe()
            self.key_chosen.emit(self.chosen_name())
            self.update()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in PLAYS:
            if not event.isAutoRepeat():
                self._space(False)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            note = self.note_at(QPointF(event.pos()))
            if note is not None:
                letter = f" · computer key {self.letters[note]}" if note in self.letters else ""
                name = f"{NAMES[note % 12]}{note // 12 - 1}"
                show_tip(event.globalPos(), tip(name, f"MIDI {note}{letter}", "Louder towards the front edge"), self)
            return True
        return super().event(event)

    # the picture

    def _fill(self, note: int, top: str, bottom: str, rect: QRectF, at_rest: bool) -> QLinearGradient:
        held = note in self.note_input.held and not at_rest
        velocity = 0 if at_rest else int(self.velocities[note])
        if held:
            top, bottom = theme.WARM, theme.WARM
        elif velocity:
            strength = 0.45 + 0.55 * velocity / 127
            top, bottom = (theme.mixed(name, theme.COOL, strength) for name in (top, bottom))
        shade = QLinearGradient(rect.topLeft(), rect.bottomLeft())
        shade.setColorAt(0, theme.colour(top))
        shade.setColorAt(1, theme.colour(bottom))
        return shade

    def _lit(self, note: int) -> bool:
        return bool(self.velocities[note]) or note in self.note_input.held

    def _paint_key(self, painter: QPainter, note: int, at_rest: bool = False) -> None:
        rect, radius = self.key_rect(note), theme.px(3)
        letter = self.letters.get(note, "")
        if is_black(note):
            painter.setPen(QPen(theme.colour(theme.GROUND), 1))
            painter.setBrush(self._fill(note, theme.KEY_BLACK_SHADE, theme.KEY_BLACK, rect, at_rest))
            name, tint = letter, theme.SOFT if at_rest or not self._lit(note) else theme.GROUND
        else:
            rect = rect.adjusted(0.5, 0, -0.5, 0)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._fill(note, theme.KEY_WHITE_SHADE, theme.KEY_WHITE, rect, at_rest))
            name = letter or (f"C{note // 12 - 1}" if note % 12 == 0 else "")
            tint = theme.GROUND if letter else theme.KEY_NAME
        painter.drawRoundedRect(rect.adjusted(0, -radius, 0, 0), radius, radius)
        if name:
            painter.setPen(theme.colour(tint))
            foot = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            painter.drawText(rect.adjusted(-4, 0, 4, -theme.px(3)), foot, name)

    def _draw_at_rest(self) -> QPixmap:
        """Draw all released keys once per size."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.colour(theme.GROUND))
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        for note in (*WHITES, *BLACKS):
            self._paint_key(painter, note, at_rest=True)
        painter.end()
        return pixmap

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = (self.size(), self.devicePixelRatioF(), theme.scale, theme.high_contrast, tuple(self.letters.items()))
        if look != self._look:
            self._look, self._at_rest = look, self._draw_at_rest()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._at_rest)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("small", QFont.Weight.Medium))
        again = set()                   # lit keys, and the black ones that lie over lit white ones
        for note in range(LOWEST, HIGHEST + 1):
            if self._lit(note):
                again.add(note)
                if not is_black(note):
                    again |= {n for n in (note - 1, note + 1) if is_black(n) and LOWEST <= n <= HIGHEST}
        for note in sorted(again, key=is_black):
            self._paint_key(painter, note)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(theme.GROUND), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.key_rect(self._chosen).adjusted(2.5, 1, -2.5, -2.5), theme.px(3), theme.px(3))
            for tint, width in ((theme.GROUND, 5), (theme.TEXT, 1)):        # the dark one shows the light one on white keys
                painter.setPen(QPen(theme.colour(tint), width))
                painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
