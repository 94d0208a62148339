"""The map of sounds in the player's hands: hover to hear, click to load, drag to travel."""
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from hummingface.instrument.gui.widgets.map_view import MapView
from hummingface.instrument.patches.sound_map import MAP_WIDTH
from hummingface.instrument.session.map_dots import MapDot

KEY_STEP, FINE_STEP = 0.05, 0.01        # of the map's height
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}


class SoundMap(MapView):
    """A way is `way_began`, `travelled(x, y)` in the map's measure, `way_ended`; who plays it calls `show_way`.

    Arrow keys go to the nearest dot in their direction, Enter loads it, Space plays it, arrows with Shift travel (with Ctrl in small
    steps), Home goes back to what plays.
    """

    hovered = Signal(object)            # the dot under the pointer, or None
    heard = Signal(object)              # the dot that is to be heard now
    chosen = Signal(object)
    way_began = Signal()
    travelled = Signal(float, float)
    way_ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._pressed: QPointF | None = None
        self._on: MapDot | None = None          # the dot that was pressed
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def _go_to(self, dot: MapDot | None) -> None:
        if dot is not self.pointed:
            self.pointed = dot
            self._describe()
            self.setCursor(Qt.CursorShape.PointingHandCursor if dot else Qt.CursorShape.ArrowCursor)
            self.hovered.emit(dot)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self.dots:
            return
        self._pressed, self._on = event.position(), self.dot_at(event.position())
        if self._on is None:
            self._begin_way(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._travelling:
            self.travelled.emit(*self.place_of(event.position()))
        elif self._pressed is None:
            self._go_to(self.dot_at(event.position()))
        elif (event.position() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._begin_way(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        dot, travelled = self._on, self._travelling
        self._end_way()
        if dot is not None and not travelled:
            self.chosen.emit(dot)

    def leaveEvent(self, event: QEvent) -> None:
        self._go_to(None)
        super().leaveEvent(event)

    def _begin_way(self, point: QPointF) -> None:
        self._travelling, self._way = True, []
        self._go_to(None)
        self.way_began.emit()
        self.travelled.emit(*self.place_of(point))

    def _end_way(self) -> None:
        self._pressed = self._on = None
        if self._travelling:
            self._travelling = False
            self.way_ended.emit()
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        held, key = event.modifiers(), event.key()
        arrow = next((step for name, step in ARROWS.items() if name == key), None)
        if held & Qt.KeyboardModifier.AltModifier or (held & Qt.KeyboardModifier.ControlModifier
                                                      and not held & Qt.KeyboardModifier.ShiftModifier):
            event.ignore()
        elif arrow is not None and held & Qt.KeyboardModifier.ShiftModifier:
            self._step(arrow, FINE_STEP if held & Qt.KeyboardModifier.ControlModifier else KEY_STEP)
        elif arrow is not None:
            self._go_to(self._neighbour(*arrow) or self.pointed)
        elif key == Qt.Key.Key_Home:
            self._go_to(self.playing)
        elif key == Qt.Key.Key_Space and self.pointed is not None:
            self.heard.emit(self.pointed)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.pointed is not None:
            self.chosen.emit(self.pointed)
        else:
            event.ignore()

    def _step(self, arrow: tuple[int, int], size: float) -> None:
        start = self.puck or (self.playing.at if self.playing else (MAP_WIDTH / 2, 0.5))
        self.way_began.emit()
        self.travelled.emit(min(max(start[0] + arrow[0] * size, 0.0), MAP_WIDTH), min(max(start[1] + arrow[1] * size, 0.0), 1.0))
        self.way_ended.emit()
