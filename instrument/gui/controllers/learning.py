"""Learning a model from a folder while the player plays on: the process that learns, its progress, and the versions of the model as they
come.

It is a process of its own at the lowest priority (`hummingface train learn --background --tell`). It ends with the window and keeps
its work: the menu offers to continue it the next time.
"""
import base64
import binascii
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from hummingface.instrument.gui.controllers.helper_process import Helper
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.patches import learnt_models
from hummingface.instrument.patches.learnt_models import TrainingJob
from hummingface.instrument.session.session import Session

PATIENCE_MS = 10_000             # that a closing window gives it to save itself
LARGEST_PICTURE = 1024          # rows, columns
STEPS = {"starting": "Getting ready", "listening": "Listening to the recordings", "preparing": "Analysing the notes",
         "learning": "Learning",
         "stopping": "Stopping", "stopped": "Stopped; nothing is lost", "done": "Learnt", "failed": "It has stopped"}
ACTIVE = ("starting", "listening", "preparing", "learning", "stopping")


@dataclass(frozen=True)
class LearningPicture:
    """One note: levels uint8 [rows, columns] of its recording, and of the model's version so far."""
    target: np.ndarray
    learnt: np.ndarray
    name: str
    key: str
    seconds: float


class Learning(QObject):
    """One training job at a time. `changed` follows every change, `picture_changed` those of the picture."""

    changed = Signal()
    picture_changed = Signal()

    def __init__(self, parent: QObject, session: Session, banner: Banner):
        super().__init__(parent)
        self.session, self.banner = session, banner
        self.helper: Helper | None = None
        self.job: TrainingJob | None = None
        self.state = ""                             # of STEPS; empty: nothing was ever learnt here
        self.share, self.loss = 0.0, 0.0
        self.left_s: float | None = None
        self.done, self.of = 0, 0                   # notes that are analysed
        self.notes_text, self.left_out, self.problem = "", "", ""     # how many notes; what was left out, and why; what went wrong
        self.playable = False
        self.picture: LearningPicture | None = None
        self._card: dict[str, Any] | None = None    # of the newest version

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    def start(self, folder: Path) -> bool:
        """Learn a model of a folder; continue the job if there is one. Returns False, and says why, while another is learnt."""
        if self.active and self.job is not None:
            self.banner.say(f"“{self.job.name}” is being learnt. Only one model is learnt at a time: stop it first, or wait.", problem=True)
            return False
        self.go_on(learnt_models.job_for(folder))
        return True

    def go_on(self, job: TrainingJob) -> None:
        """Start a training job, or continue a stopped one."""
        if self.active:
            return
        same = self.job is not None and self.job.name == job.name
        self.job, self.state, self.problem, self.left_s = job, "starting", "", None
        self.share, self._card = job.share if job.share < 1 else 0.0, learnt_models.card_of(job.name)
        self.playable = self._card is not None
        if not same:
            self.picture, self.notes_text = None, ""
        self.helper = helper = Helper(self, ["train", "learn", *job.sources, "--name", job.name, "--minutes", f"{job.minutes:g}",
                                             "--background", "--tell"])
        helper.received.connect(self._hear)
        helper.ended.connect(lambda why: self._ended(helper, why))
        self.changed.emit()

    def find(self, name: str) -> None:
        """Show the training job of an earlier window, with its progress; nothing starts by itself."""
        job = next((job for job in learnt_models.jobs() if job.name == name), None)
        if job is not None and self.job is None:
            self.job, self.share, self.state = job, job.share, "stopped" if job.share < 1 else "done"
            self._card = learnt_models.card_of(name)
            self.playable = self._card is not None
            self.changed.emit()

    def stop(self) -> None:
        """Save and end; `go_on` continues."""
        if self.active and self.helper is not None:
            self.state = "stopping"
            self.helper.leave()
            self.changed.emit()

    def play(self) -> None:
        """Play the newest version; while it plays, better ones replace it."""
        patch = learnt_models.patch_of(self.job.name) if self.job else None
        if patch is not None:
            self.session.load(patch)

    def leave(self) -> None:
        """The window is about to close: the job may begin to save itself."""
        if self.helper is not None:
            self.state = "stopping"
            self.helper.leave()

    def close(self) -> None:
        """The window closes."""
        helper, self.helper = self.helper, None
        if helper is not None:
            helper.close(PATIENCE_MS)

    # messages of the process

    def _hear(self, message: dict) -> None:
        if self.state == "stopping":
            return
        with suppress(KeyError, TypeError, ValueError):         # what cannot be read is not shown
            match message["tell"]:
                case "stage":
                    self.state, self.done, self.of = str(message["stage"]), int(message["done"]), int(message["of"])
                    self.state = self.state if self.state in STEPS else "preparing"
                case "notes":
                    self.state = "learning"
                    self.notes_text = f"{message['count']} notes" + (f", {message['skipped']} left out" if message["skipped"] else "")
                    self.left_out = str(message["text"])
                case "progress":
                    self.share, self.left_s, self.loss = (float(message[name]) for name in ("share", "left_s", "loss"))
                case "picture":
                    self.picture = LearningPicture(_levels(message["target"]), _levels(message["learnt"]), str(message["name"]),
                                                   str(message["key"]), float(message["seconds"]))
                    self.picture_changed.emit()
                    return
                case "model":
                    self._renew()
                case "failed":
                    self.problem = str(message["text"])
                case "done":
                    self.state, self.share, self.left_s = "done", 1.0, 0.0
            self.changed.emit()

    def _renew(self) -> None:
        """Another version is in the library: sounds of the model that are playing are converted to it."""
        assert self.job is not None
        name, before, card = self.job.name, self._card, learnt_models.card_of(self.job.name)
        if card is None:
            return
        self._card = card
        self.session.renew(name, lambda patch: learnt_models.carried(patch, before, card) if before else patch)
        if not self.playable:
            self.playable = True
            self.banner.say(f"“{name}” can be played now; it gets better while it learns.")

    def _ended(self, helper: Helper, why: str) -> None:
        helper.deleteLater()
        if helper is not self.helper or self.job is None:
            return
        self.helper = None
        name = self.job.name
        self.job = next((job for job in learnt_models.jobs() if job.name == name), self.job)
        if self.state == "stopping":
            self.state = "stopped"
        elif self.state == "done":
            self.banner.say(f"“{name}” is learnt.")
        else:
            self.state = "failed"
            self.problem = self.problem or f"Learning stopped: {why}. What was learnt is kept; you can continue."
            self.banner.say(f"“{name}”: {self.problem}", problem=True)
        self.changed.emit()


def _levels(image: dict) -> np.ndarray:
    """uint8 [rows, columns] of a message. Raises KeyError, TypeError, ValueError."""
    rows, columns = int(image["height"]), int(image["width"])
    if not (0 < rows <= LARGEST_PICTURE and 0 < columns <= LARGEST_PICTURE):
        raise ValueError("no picture")
    try:
        return np.frombuffer(base64.b64decode(image["levels"], validate=True), np.uint8).reshape(rows, columns).copy()
    except binascii.Error as error:
        raise ValueError("no picture") from error
