"""Opens the instrument's window: settings, patch and audio process, and closes all of them at the end.

The audio process is started first, and Qt is imported while it gets ready: each takes more than a second.
"""
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hummingface.instrument.gui.controllers.learnt_versions import follow
from hummingface.instrument.session.startup import StartOptions, prepare
from hummingface.instrument.session.state_file import StateFile

if TYPE_CHECKING:
    from hummingface.instrument.gui.window import Window

INTERRUPT_POLL_MS = 200
READY_POLL_MS = 100


def _open_when_ready(window: "Window", path: Path) -> None:
    """Open the file once the engine plays."""
    from PySide6.QtCore import QTimer
    look = QTimer(window, interval=READY_POLL_MS)

    def opens() -> None:
        if window.engine_ready:
            look.stop()
            window.recordings.open(path)
    look.timeout.connect(opens)
    look.start()


def _say(why: str) -> int:
    print(f"hummingface: {why}", file=sys.stderr)
    return 1


def run(options: StartOptions | None = None, opened: Path | None = None, *, no_window: Callable[[str], int] = _say) -> int:
    """Open the window and play until it is closed; `opened` as if it were dropped. Where no window can be opened, the audio process ends,
    and `no_window(why)` does what can be done without. Returns the exit status.

    Raises ValueError or OSError for a patch that was named and is not there, before anything starts.
    """
    file = StateFile.claim()
    kept, trouble = file.load()
    if kept is not None:
        kept = follow(kept)
    prepared = prepare(options or StartOptions(), kept.session.state.to_patch() if kept is not None else None)
    client, settings = prepared.client, prepared.settings
    client.start()

    def go_without(why: str) -> int:
        client.close()                                  # and with it the device
        settings.settled()                              # which was not what failed
        return no_window(why)
    try:
        try:
            from PySide6.QtCore import QTimer
            from PySide6.QtWidgets import QApplication

            from hummingface.instrument.gui.controllers import qt_log
        except ImportError as error:                    # a library of the system that Qt needs
            return go_without(f"No window can open here. Qt cannot be loaded: {error}")
        from hummingface.instrument.gui.widgets import theme
        from hummingface.instrument.gui.window import Window
        from hummingface.instrument.session.autosave import Autosave
        qt_log.log_messages()
        with qt_log.starting(go_without):
            app = cast("QApplication", QApplication.instance() or QApplication(sys.argv[:1]))
        app.setApplicationName("HummingFace")
        app.setDesktopFileName("hummingface")
        theme.dress(app)
        app.setWindowIcon(theme.app_icon())
        window = Window(client, prepared.patch, settings, kept, Autosave(file))
        if notices := "\n".join(filter(None, (*prepared.notices, trouble))):
            window.banner.notify(notices)
        window.show()
        if kept is None and opened is None:
            window.guidance.first_start()
        if opened is not None:
            _open_when_ready(window, opened)
        signal.signal(signal.SIGINT, lambda *_: window.close())
        signal.signal(signal.SIGTERM, lambda *_: window.close())
        wake = QTimer(interval=INTERRUPT_POLL_MS)       # lets Python see signals while Qt waits
        wake.timeout.connect(lambda: None)
        wake.start()
        return app.exec()
    finally:
        client.close()
        settings.settled()
