"""New sounds from recordings: the button with its menu, recordings dropped on the window, and the two controllers that make sounds and
models.
"""
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from hummingface.instrument.gui.controllers import drops
from hummingface.instrument.gui.controllers.learning import Learning
from hummingface.instrument.gui.controllers.new_sound import NewSound
from hummingface.instrument.gui.panels.extras_panel import ExtrasPanel
from hummingface.instrument.gui.panels.learning_panel import LearningPanel
from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.plain_text import caption, shortened
from hummingface.instrument.gui.widgets.shortcut_table import key_of
from hummingface.instrument.patches import learnt_models
from hummingface.instrument.patches.patch import load as load_patch
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.session.session import Session

TEXT = "New sound"
LONGEST_SHOWN = 60              # characters of a name in the menu
OFFERED = 3                     # lessons that were stopped, in the menu


class SoundsFromRecordings:
    """`model_of` as in `NewSound`, `recall` plays a take again, `tune` takes scales, `keep` takes patches and banks into the library."""

    def __init__(self, window: QWidget, session: Session, banner: Banner, model_of: Callable[[str], str],
                 recall: Callable[[str], None], tune: Callable[[Sequence[Path]], None], keep: Callable[[Sequence[Path]], None]):
        self._window, self._session, self._banner, self._model_of, self._recall = window, session, banner, model_of, recall
        self._tune, self._keep = tune, keep
        self.button = tool("new", "New sound from recordings", "Make a sound of a recording, or learn a model of a folder of "
                           "them (Ctrl+N); or drop either on the window", text=TEXT)
        self.button.setShortcut(key_of("new sound"))
        self.menu = QMenu(self.button)
        self.menu.aboutToShow.connect(self._fill)
        self.button.setMenu(self.menu)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    @cached_property
    def new_sound(self) -> NewSound:
        return NewSound(self._window, self._session, self._banner, self._model_of)

    @cached_property
    def learning(self) -> Learning:
        made = Learning(self._window, self._session, self._banner)
        made.changed.connect(self._show)
        return made

    @cached_property
    def panel(self) -> LearningPanel:
        return LearningPanel(self._window, self.learning)

    @cached_property
    def extras(self) -> ExtrasPanel:
        return ExtrasPanel(self._window)

    # dropped files

    def drag_came(self, data: QMimeData) -> bool:
        """Something is dragged over the window. Returns whether it may be dropped."""
        found = drops.read(data)
        if found is not None and found.kind in ("recording", "folder"):
            self.new_sound.warm()
        return found is not None

    def drop(self, data: QMimeData, corner: int = -1) -> None:
        """Handle a drop, by the kind of its files; on a corner of the morph pad recordings become its sound."""
        found = drops.read(data)
        if found is not None:
            self._use(found, corner)

    def open(self, path: Path) -> None:
        """Handle a file that was opened from outside in the same way."""
        self._use(drops.what_is([path]))

    def _use(self, found: drops.Dropped, corner: int = -1) -> None:
        match found.kind:
            case "patch":
                self._load(found.path)
            case "bank":
                self._keep(found.paths)
            case "take":
                self._recall(str(found.path))
            case "tuning":
                self._tune(found.paths)
            case "recording":
                self.make(*found.paths, corner=corner)
            case "folder":
                self.learn(found.path)
            case _:
                self._banner.say(found.why, problem=True)

    def _load(self, path: Path) -> None:
        try:
            self._session.load(load_patch(path))
        except PatchError as error:
            self._banner.say(str(error), problem=True)

    def make(self, *recordings: Path, corner: int = -1) -> None:
        """Make a sound of recordings, for a corner of the morph pad or (-1) to be played."""
        self.new_sound.make(*recordings, corner=corner)

    def learn(self, folder: Path) -> None:
        """Learn a model of a folder, and show its progress. Until there is one to play, some of its recordings are a sound, which needs
        nothing installed."""
        if not self.extras.offer("Learning from recordings", lambda: self._learn(folder)) or self._learn(folder):
            self.new_sound.make(folder)

    def _learn(self, folder: Path) -> bool:
        """Whether a model is being learnt that cannot be played yet."""
        started = self.learning.start(folder)
        self.panel.open()
        return started and not self.learning.playable

    def leave(self) -> None:
        """The window is about to close: running work may begin to save itself."""
        for one in self._begun():
            one.leave()
        if "extras" in vars(self):
            self.extras.leave()

    def close(self) -> None:
        """The window closes: running work has saved itself, and ends."""
        for one in self._begun():
            one.close()
        if "extras" in vars(self):
            self.extras.close_helper()

    def _begun(self) -> list[NewSound | Learning]:
        return [vars(self)[name] for name in ("new_sound", "learning") if name in vars(self)]

    # the menu

    def _fill(self) -> None:
        self.new_sound.warm()
        menu = self.menu
        menu.clear()
        menu.addAction("From a recording …", self._choose_recording)
        menu.addAction("From a folder of recordings …", self._choose_folder)
        current = self.learning.job
        begun = [job for job in learnt_models.jobs() if job.share < 1 and not (current and job.name == current.name)]
        if current is not None or begun:
            menu.addSeparator()
        if current is not None:
            menu.addAction(caption(f"Show “{shortened(current.name, LONGEST_SHOWN)}”"), self.panel.open)
        for job in begun[:OFFERED] if not self.learning.active else ():
            share = f"{job.share:.0%}".replace("%", " %")
            menu.addAction(caption(f"Continue learning “{shortened(job.name, LONGEST_SHOWN)}” ({share})"), partial(self._go_on, job))

    def _go_on(self, job: learnt_models.TrainingJob) -> None:
        if not self.extras.offer("Learning from recordings", lambda: self._go_on(job)):
            return
        self.learning.go_on(job)
        self.panel.open()

    def _choose_recording(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self._window, "One recorded note", "",
                                                "Recordings (*.wav *.flac *.aif *.aiff *.ogg *.opus *.mp3 *.w64 *.caf *.au);;All files (*)")
        if chosen:
            self.make(Path(chosen))

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self._window, "A folder of recordings, one note in each file", "")
        if chosen:
            self.learn(Path(chosen))

    def _show(self) -> None:
        """Show the progress on the button while the panel is hidden."""
        learning = self.learning
        text = f"Learning {learning.share:.0%}".replace("%", " %") if learning.active else TEXT
        if text != self.button.text():
            self.button.setText(text)
            self.button.setAccessibleDescription(text if learning.active else "")
