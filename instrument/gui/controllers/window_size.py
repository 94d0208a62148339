"""The size of the window: it fits the screen that it opens on, whatever that is and however many pixels a point has there."""
from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QMainWindow

from hummingface.instrument.gui.widgets import theme

SIZE = QSize(theme.WIDTH, theme.HEIGHT)
LEAST_PIXELS = QSize(1000, 500)         # of the screen: of 1024 x 600, what a title bar and a taskbar leave
FRAME = QSize(8, 44)                    # points, at most, that a title bar and borders are taken to have until they are known
FRAME_KNOWN_MS = 400                    # after the window is shown; X11's window managers answer late


class WindowSize:
    """Call `begin` before a saved size is restored, and `shown` when the window is first shown."""

    def __init__(self, window: QMainWindow):
        self._window = window
        self._limit()

    def begin(self) -> None:
        """The size of a window that has never been open."""
        self._limit()
        self._window.resize(SIZE.boundedTo(self._room()))

    def shown(self) -> None:
        """Keep its frame, too, on the screen, and follow it to another one."""
        QTimer.singleShot(FRAME_KNOWN_MS, self._window, self._fit)
        if (handle := self._window.windowHandle()) is not None:
            handle.screenChanged.connect(lambda _screen: self._limit())

    def _room(self) -> QSize:
        """What the screen has for the window without its frame, in points."""
        return self._window.screen().availableGeometry().size() - FRAME

    def _limit(self) -> None:
        self._window.setMinimumSize((LEAST_PIXELS / self._window.devicePixelRatioF()).boundedTo(self._room()))

    def _fit(self) -> None:
        window, screen, frame = self._window, self._window.screen().availableGeometry(), self._window.frameGeometry()
        if window.isMaximized() or window.isFullScreen() or screen.contains(frame):
            return
        beside = frame.size() - window.size()
        window.resize(window.size().boundedTo(screen.size() - beside))
        frame = window.frameGeometry()
        window.move(min(max(frame.left(), screen.left()), screen.right() + 1 - frame.width()),
                    min(max(frame.top(), screen.top()), screen.bottom() + 1 - frame.height()))
