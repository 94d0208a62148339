"""Waveform outlines of sound files, drawn once each; another thread reads the files, so a slow disk holds nothing up."""
from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, SignalInstance
from PySide6.QtGui import QPainter, QPixmap

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.recording.takes import Picture, TakeEntry, picture

WIDTH = 130                 # at scale 1
COLUMNS = 130
MOST_KEPT = 600


class _Reading(QRunnable):
    def __init__(self, take: TakeEntry, done: SignalInstance):
        super().__init__()
        self._take, self._done = take, done

    def run(self) -> None:
        try:
            found = picture(self._take.path, COLUMNS)
        except (OSError, RuntimeError, ValueError):     # what cannot be read has no outline
            found = None
        self._done.emit(self._take, found)


class Thumbnails(QObject):
    """`ready` reports that a requested outline has been drawn."""

    ready = Signal()
    _read = Signal(object, object)

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._pictures: dict[TakeEntry, Picture | None] = {}
        self._drawn: dict[tuple, QPixmap] = {}
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._read.connect(self._take_in, Qt.ConnectionType.QueuedConnection)

    def of(self, take: TakeEntry, width: int, height: int, ratio: float, tint: str) -> tuple[QPixmap | None, float | None]:
        """(the outline, how long the take is in seconds); None, None until they are known."""
        if take not in self._pictures:
            if len(self._pictures) > MOST_KEPT:
                self._pictures.clear()
                self._drawn.clear()
            self._pictures[take] = None
            self._pool.start(_Reading(take, self._read))
        found = self._pictures[take]
        if found is None:
            return None, None
        key = (take, width, height, ratio, tint)
        if key not in self._drawn:
            self._drawn[key] = _draw(found, width, height, ratio, tint)
        return self._drawn[key], found.seconds

    def _take_in(self, take: TakeEntry, found: Picture | None) -> None:
        self._pictures[take] = found
        self.ready.emit()


def _draw(found: Picture, width: int, height: int, ratio: float, tint: str) -> QPixmap:
    """Each column from its lowest to its highest sample, as tall as the loudest of the take allows."""
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(tint))
    middle, scale = height / 2, height / 2 / max(float(abs(found.low).max()), float(found.high.max()), 0.05)
    step = width / len(found.low)
    for column, (low, high) in enumerate(zip(found.low.tolist(), found.high.tolist(), strict=True)):
        top, bottom = middle - high * scale, middle - low * scale
        painter.drawRect(int(column * step), round(top), max(1, int(step)), max(1, round(bottom - top)))
    painter.end()
    return pixmap
