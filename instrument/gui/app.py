"""Opening the instrument's window: settings, patch, audio process, and all put away again at the end.

The audio process is started first, and Qt imported while it gets ready: each takes more than a second.
"""
import contextlib
import signal
import sys
from typing import cast

from instrument import library
from instrument import settings as settings_file
from instrument.audio.client import Client
from instrument.audio.protocol import AudioChoice
from instrument.parameters import LATENT_KNOBS
from instrument.patch import Patch

INTERRUPT_POLL_MS = 200


def placeholder() -> Patch:
    """What the window shows until the engine says which patch it began with."""
    return Patch("…", "", (0.0,) * LATENT_KNOBS)


def run(patch: str | None = None, model: str | None = None, audio_device: str | None = None, block_samples: int | None = None,
        midi_port: str | None = None) -> int:
    """Open the window and play until it is closed. Returns the exit status.

    Raises ValueError or OSError for a patch, a model or a device that was named and is not there, before anything starts.
    """
    settings, said = settings_file.load()
    choice, last_patch, trouble = settings.begin()
    if audio_device is not None or block_samples is not None:
        choice = AudioChoice(audio_device or choice.device, choice.rate_hz, block_samples or choice.block_samples)
    first = None
    if patch is not None:
        first = library.load_patch(patch)
    elif last_patch is not None and model is None:
        try:
            first = library.load_patch(last_patch)
        except ValueError as error:                 # it was deleted or renamed since: begin with another
            said = f"{said} {error}".strip()
    client = Client(choice, [midi_port] if midi_port else settings.midi_ports, first.to_json() if first else None,
                    settings.midi_map, model=model)
    client.start()
    try:
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        from instrument.gui import theme
        from instrument.gui.window import Window
        app = cast(QApplication, QApplication.instance() or QApplication(sys.argv[:1]))
        app.setApplicationName("HummingFace")
        app.setDesktopFileName("hummingface")
        theme.dress(app)
        app.setWindowIcon(theme.app_icon())
        window = Window(client, first or placeholder(), settings)
        for text in (said, trouble):
            if text:
                window.banner.say(text, problem=True)
        window.show()
        signal.signal(signal.SIGINT, lambda *_: window.close())
        signal.signal(signal.SIGTERM, lambda *_: window.close())
        wake = QTimer(interval=INTERRUPT_POLL_MS)       # lets Python see signals while Qt waits
        wake.timeout.connect(lambda: None)
        wake.start()
        return app.exec()
    finally:
        client.close()
        with contextlib.suppress(OSError):
            settings.settled()
