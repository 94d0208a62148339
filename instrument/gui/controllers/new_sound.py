"""Makes a sound from one recording: a helper process finds its point in the latent space of the model that plays, and this file makes a
patch.

The helper is started as soon as a recording may come (a drag over the window, the menu), since torch takes seconds to import, and is ended
when nothing was asked of it for a while. The window and the sound go on meanwhile.
"""
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from hummingface.instrument.gui.controllers.helper_process import Helper
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.spectrogram import note_name
from hummingface.instrument.patches import library
from hummingface.instrument.patches.patch import MOST_LATENTS, Patch
from hummingface.instrument.session.session import Session
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.frame import pitch_to_hz

IDLE_S = 120.0                  # the helper holds 400 MB
PATIENCE_MS = 500
HIGHEST_GAIN_DB = 24.0
TAG = "recorded"


class NewSound(QObject):
    """`model_of` gives the model, by name or file, that plays patches of a model's name. `made(patch)`: a sound has been made and plays."""

    made = Signal(object)

    def __init__(self, parent: QObject, session: Session, banner: Banner, model_of: Callable[[str], str]):
        super().__init__(parent)
        self.session, self.banner, self._model_of = session, banner, model_of
        self.helper: Helper | None = None
        self.warm_for = ""              # the model that the helper has open
        self._asked_for = ""            # ... or was asked to open
        self._waiting: dict[int, tuple[Path, str]] = {}     # by number: the file, and for which model
        self._count, self._text = 0, ""
        self._idle = QTimer(self, singleShot=True, interval=round(1000 * IDLE_S))
        self._idle.timeout.connect(self._put_away)

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def warm(self) -> None:
        """A recording may come soon: start the helper."""
        name = self.session.state.patch.model
        if not name:
            return                                  # the engine has not reported its patch yet
        if self.helper is None:
            self.helper = helper = Helper(self, ["train", "points"])
            self.warm_for = self._asked_for = ""
            helper.received.connect(self._hear)
            helper.ended.connect(lambda why: self._ended(helper, why))
        model = self._model_of(name)
        if model != self._asked_for:
            self._asked_for = model
            self.helper.send({"do": "warm", "model": model})
        self._idle.start()

    def make(self, path: Path) -> None:
        """Make a sound from a recording, and play it. An error is reported and changes nothing."""
        self.warm()
        if self.helper is None:
            self.banner.say("The sound is still starting. Drop the recording again in a moment.", problem=True)
            return
        name = self.session.state.patch.model
        self._count += 1
        self._waiting[self._count] = path, name
        self.helper.send({"do": "find", "id": self._count, "path": str(path), "model": self._model_of(name)})
        self.banner.say(f"Listening to {path.name} …" if self.warm_for else
                        f"Listening to {path.name} … The first one takes some seconds longer.", stay=True)

    def leave(self) -> None:
        """The window is about to close."""
        if self.helper is not None:
            self.helper.leave()

    def close(self) -> None:
        """The window closes."""
        helper, self.helper = self.helper, None
        if helper is not None:
            helper.close(PATIENCE_MS)

    def _put_away(self) -> None:
        if self.busy:
            self._idle.start()
        elif self.helper is not None:
            self.helper.leave()
            self.helper = None

    def _hear(self, message: dict) -> None:
        match message["tell"]:
            case "warm":
                self.warm_for = str(message.get("model"))
            case "found" if message.get("id") in self._waiting:
                path, model = self._waiting.pop(message["id"])
                self._found(path, model, message)
            case "distance" if self._text and self.banner.text.text() == self._text:
                self.banner.say(f"{self._text} It is {message['mel']:.1f} dB from the recording.")
            case "refused":
                if message.get("id") in self._waiting:
                    del self._waiting[message["id"]]
                    self.banner.say(str(message.get("text")), problem=True)
                else:                               # opening the model: an error is reported when the model is needed
                    self._asked_for = ""

    def _found(self, path: Path, model: str, message: dict) -> None:
        z = tuple(max(-LATENT_LIMIT, min(LATENT_LIMIT, float(x))) for x in message["z"][:MOST_LATENTS])
        gain_db = max(-HIGHEST_GAIN_DB, min(HIGHEST_GAIN_DB, float(message["gain_db"])))
        patch = Patch(library.free_name(path.stem, [self.session.name]), model, z, gain_db=gain_db, tags=(TAG,))
        self.session.load_new(patch)
        key = note_name(float(pitch_to_hz(message["pitch"])))
        self._text = f"“{patch.name}”: {path.name} is {key}. Play it; Ctrl+S keeps it."
        self.banner.say(self._text)
        self.made.emit(patch)

    def _ended(self, helper: Helper, why: str) -> None:
        helper.deleteLater()
        if helper is not self.helper:
            return
        self.helper, self.warm_for = None, ""
        names = ", ".join(path.name for path, _ in self._waiting.values())
        self._waiting.clear()
        if names:
            self.banner.say(f"No sound could be made of {names}: the helper process stopped ({why}). Drop it again.", problem=True)
