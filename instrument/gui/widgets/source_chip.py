"""A source of modulation as a chip: a click shows its settings, dragged onto a knob it makes a route."""
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QPushButton

from hummingface.instrument.gui.widgets.plain_text import caption, set_tip, tip
from hummingface.instrument.patches.sources import SOURCES, ModulationSource

SHORT = {"release_velocity": "Lift", "pressure": "Press", "alternate": "Altern."}      # names on chips that have to be narrow
MIME = "application/x-hummingface-source"


def source_in(data: QMimeData) -> str | None:
    """The id of the source that is dragged, if one is."""
    name = bytes(data.data(MIME).data()).decode("ascii", "replace") if data.hasFormat(MIME) else ""
    return name if name in SOURCES else None


def dragged(source: str) -> QMimeData:
    """What a dragged source carries."""
    data = QMimeData()
    data.setData(MIME, source.encode("ascii"))
    return data


class SourceChip(QPushButton):
    """The chip of one source."""

    def __init__(self, source: ModulationSource):
        super().__init__(caption(source.label))
        self.source = source
        self._pressed: QPoint | None = None
        self.setProperty("role", "source")
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setObjectName(f"source {source.id}")
        self.rename(source.label)

    def rename(self, label: str) -> None:
        """Show a name: a macro has one of its own."""
        self.setText(caption(SHORT.get(self.source.id, label)))
        self.setAccessibleName(f"Source {label}")
        set_tip(self, tip(label, "", self.source.help, hint="Drag it onto a knob to move that knob; a click shows its settings and routes"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint() if event.button() == Qt.MouseButton.LeftButton else None
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        away = event.position().toPoint() - self._pressed if self._pressed is not None else QPoint()
        if away.manhattanLength() < QApplication.startDragDistance():
            super().mouseMoveEvent(event)
            return
        self._pressed = None
        self.setDown(False)
        drag = QDrag(self)
        drag.setMimeData(dragged(self.source.id))
        drag.setPixmap(self.grab())
        drag.exec(Qt.DropAction.CopyAction)
