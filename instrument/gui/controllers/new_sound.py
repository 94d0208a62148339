"""Makes a sound of recordings: a helper process finds their point in the latent space of the model that plays, and their frames, and this
file makes a patch of them, or the sound of a corner of the morph pad.

The helper is started as soon as a recording may come (a drag over the window, the menu), since it takes a second or two to start, and is
ended when nothing was asked of it for a while. The window and the sound go on meanwhile.
"""
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from hummingface.instrument.gui.controllers.helper_process import Helper
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.patches import library
from hummingface.instrument.patches.parameters import MOST_LATENTS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.session.session import Session
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.recorded_note import PAD_CORNERS, Recording
from hummingface.models.playing.recorded_note import from_json as note_from_json

IDLE_S = 120.0                  # the helper holds 280 MB
PATIENCE_MS = 500
HIGHEST_GAIN_DB = 24.0
TAG = "recorded"


@dataclass(frozen=True)
class _Asked:
    """A sound that the helper was asked for: of which files, for which model, and for which corner of the morph pad (-1: to be played)."""
    paths: tuple[Path, ...]
    model: str
    corner: int

    @property
    def of_folder(self) -> bool:
        return self.paths[0].is_dir()

    @property
    def what(self) -> str:
        return self.paths[0].name if len(self.paths) == 1 else f"{self.paths[0].name} and {len(self.paths) - 1} more"

    @property
    def name(self) -> str:
        """That of the file or folder, or what the names of several begin with, or that of their folder."""
        if len(self.paths) == 1:
            return f"{self.paths[0].name} recordings" if self.of_folder else self.paths[0].stem
        first, last = min(stems := [path.stem for path in self.paths]), max(stems)          # all others begin as these two do
        same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        return first[:same].rstrip(" -_.0123456789") or self.paths[0].parent.name or TAG


class NewSound(QObject):
    """`model_of` gives the model, by name or file, that plays patches of a model's name. `made(patch)`: a sound has been made and plays."""

    made = Signal(object)

    def __init__(self, parent: QObject, session: Session, banner: Banner, model_of: Callable[[str], str]):
        super().__init__(parent)
        self.session, self.banner, self._model_of = session, banner, model_of
        self.helper: Helper | None = None
        self.warm_for = ""              # the model that the helper has open
        self._asked_for = ""            # ... or was asked to open
        self._waiting: dict[int, _Asked] = {}
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

    def make(self, *paths: Path, corner: int = -1) -> None:
        """Make a sound of recordings, or of a few in a folder, and play it, or put it into a corner of the morph pad. An error is reported
        and changes nothing."""
        self.warm()
        if self.helper is None:
            self.banner.say("The sound is still starting. Drop the recording again in a moment.", problem=True)
            return
        name = self.session.state.patch.model
        self._count += 1
        asked = self._waiting[self._count] = _Asked(paths, name, corner)
        self.helper.send({"do": "find", "id": self._count, "paths": [str(path) for path in paths], "model": self._model_of(name)})
        self.banner.say(f"Listening to {asked.what} …" if self.warm_for else
                        f"Listening to {asked.what} … The first one takes some seconds longer.", stay=True)

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
                self._found(self._waiting.pop(message["id"]), message)
            case "distance" if self._text and self.banner.text.text() == self._text:
                self.banner.say(f"{self._text} It is {message['mel']:.1f} dB from the recording.")
            case "refused":
                if message.get("id") in self._waiting:
                    del self._waiting[message["id"]]
                    self.banner.say(str(message.get("text")), problem=True)
                else:                               # opening the model: an error is reported when the model is needed
                    self._asked_for = ""

    def _found(self, asked: "_Asked", message: dict) -> None:
        z = tuple(max(-LATENT_LIMIT, min(LATENT_LIMIT, float(x))) for x in message["z"][:MOST_LATENTS])
        gain_db = max(-HIGHEST_GAIN_DB, min(HIGHEST_GAIN_DB, float(message["gain_db"])))
        recording = Recording(asked.name, z, tuple(note_from_json(note) for note in message["notes"]),
                              by_frequency=min(max(float(message["by_frequency"]), 0.0), 1.0))
        keys, left_out = message["keys"], f" {' '.join(message['skipped'])}" if message["skipped"] else ""
        said = (f"{asked.paths[0].name} is {keys[0]}" if len(asked.paths) == 1 and not asked.of_folder else
                f"{len(keys)} recordings, {keys[0]} to {keys[-1]}")
        if asked.corner >= 0:
            self._put_in_corner(asked, recording, said + "." + left_out)
            return
        patch = Patch(library.free_name(asked.name, [self.session.name]), asked.model, z, gain_db=gain_db, tags=(TAG,),
                      recordings=(recording,))
        self.session.load_new(patch, whole=True)            # it is its latents and its recording
        self._text = f"“{patch.name}”: {said}. Play it; Ctrl+S keeps it.{left_out}"
        self.banner.say(self._text)
        self.made.emit(patch)

    def _put_in_corner(self, asked: "_Asked", recording: Recording, said: str) -> None:
        if self.session.state.patch.model != asked.model:
            self.banner.say(f"“{asked.name}” was made for the model {asked.model}, which no longer plays. Drop it again.", problem=True)
            return
        self.session.put_in_corner(asked.corner, asked.name, recording.latents, recording)
        self._text = ""
        self.banner.say(f"“{asked.name}” is in the morph pad's corner, {PAD_CORNERS[asked.corner]}: {said}")

    def _ended(self, helper: Helper, why: str) -> None:
        helper.deleteLater()
        if helper is not self.helper:
            return
        self.helper, self.warm_for = None, ""
        names = ", ".join(asked.what for asked in self._waiting.values())
        self._waiting.clear()
        if names:
            self.banner.say(f"No sound could be made of {names}: the helper process stopped ({why}). Drop it again.", problem=True)
