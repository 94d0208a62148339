"""What can be done with a sound of the browser, by its menu and by keys: star, rename, duplicate, delete, what is like it."""
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QPoint, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QInputDialog, QMenu

from hummingface.instrument.gui.controllers.helper_process import HelperTask
from hummingface.instrument.gui.panels.patch_browser import KEYS, PatchBrowser
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.plain_text import caption
from hummingface.instrument.patches import library, own_patches, similar_sounds
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.own_patches import Deleted
from hummingface.instrument.session import patch_marks
from hummingface.instrument.session.patch_marks import key_of
from hummingface.instrument.session.session import Session


class PatchManaging(QObject):
    """`show_again` reads the library again and selects the patch in a file."""

    def __init__(self, browser: PatchBrowser, session: Session, banner: Banner, show_again: Callable[[str], None]):
        super().__init__(browser)
        self._browser, self._session, self._banner, self._show_again = browser, session, banner, show_again
        self._undo: list[Callable[[], None]] = []
        self.task = HelperTask(self, ["patches", "--map"])
        self.task.ended.connect(self._placed)
        self._asked: tuple[LibraryEntry, str] | None = None         # what is to be placed: a sound and its fingerprint
        self.menu = QMenu(browser)
        self.acts: dict[str, Callable[[LibraryEntry], None]] = {
            "star": self.star, "like": self.show_like, "rename": self.ask_name, "duplicate": self.duplicate, "delete": self.delete}
        browser.list.asked.connect(self.do)
        browser.list.menu_wanted.connect(self.open_menu)

    def do(self, what: str) -> None:
        """Do something with the selected sound."""
        entry = self._browser.selected
        if what == "undo":
            self.undo()
        elif entry is not None and what in self.acts:
            try:
                self.acts[what](entry)
            except (ValueError, OSError) as error:
                self._say(str(error), problem=True)

    def open_menu(self, place: QPoint) -> None:
        """Open the menu of the selected sound at a place of the screen."""
        entry = self._browser.selected
        if entry is None:
            return
        menu = self.menu
        menu.clear()
        self._add("star", "Take the star away" if key_of(entry) in self._browser.marks.starred else "Star")
        self._add("like", "More like this")
        menu.addSeparator()
        self._add("rename", "Rename …", not entry.factory)
        self._add("duplicate", "Duplicate")
        self._add("delete", "Delete", not entry.factory)
        menu.addSeparator()
        menu.addAction("Show in folder", partial(self._show_in_folder, entry)).setEnabled(not entry.preset)
        menu.popup(place)

    def close(self) -> None:
        """The window closes."""
        self.task.close()

    def _add(self, what: str, text: str, can: bool = True) -> None:
        self.menu.addAction(f"{caption(text)}\t{KEYS[what][0]}", partial(self.do, what)).setEnabled(can)

    def _show_in_folder(self, entry: LibraryEntry) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(entry.path.parent)))

    def _say(self, text: str, problem: bool = False, offer: bool = False) -> None:
        """Tell the player, in the browser and, if something can be undone there, in the window, too."""
        undo = ("Undo", self.undo) if offer else None
        if self._browser.isVisible():
            self._browser.banner.say(text, problem, offer=undo)
        if offer or not self._browser.isVisible():
            self._banner.say(text, problem, offer=undo)

    # what can be done

    def star(self, entry: LibraryEntry) -> None:
        """Give it a star, or take that away."""
        self._browser.marks = patch_marks.star(entry, key_of(entry) not in patch_marks.read().starred)
        self._browser.refresh()
        self._browser.select(entry)

    def duplicate(self, entry: LibraryEntry) -> None:
        """Save a copy as the player's."""
        path = own_patches.duplicate(entry)
        self._show_again(str(path))
        self._say(f"“{entry.name}” has a copy: {path}")

    def ask_name(self, entry: LibraryEntry) -> None:
        """Ask for another name."""
        own_patches.refuse_factory(entry)
        name, taken = QInputDialog.getText(self._browser, "Rename the patch", "Name", text=entry.name)
        if taken and name.strip() and name != entry.name:
            self.rename(entry, name)

    def rename(self, entry: LibraryEntry, name: str) -> None:
        """Give it another name."""
        name = " ".join(name.split())
        self._rename(entry, name)
        self._say(f"“{entry.name}” is called “{name}” now.", offer=True)

    def _rename(self, entry: LibraryEntry, name: str, back: bool = False) -> None:
        path = own_patches.rename(entry, name)
        after = LibraryEntry(name, path, False, entry.tags, entry.author, entry.model)
        self._browser.marks = patch_marks.moved(key_of(entry), key_of(after))
        if self._plays(entry):
            self._session.renamed(after.name)
            self._browser.playing = after.name
        if not back:
            self._undo.append(lambda: self._rename(after, entry.name, back=True))
        self._show_again(str(path))

    def delete(self, entry: LibraryEntry) -> None:
        """Delete it: its file goes to a folder of the player's, from where `undo` brings it back."""
        deleted = own_patches.delete(entry)
        self._undo.append(lambda: self._restore(deleted))
        if plays := self._plays(entry):
            self._session.kept_on_disk(False)
        self._show_again("")
        self._say(f"“{entry.name}” is deleted{', and plays on' if plays else ''}. Its file is kept: {deleted.path}", offer=True)

    def _restore(self, deleted: Deleted) -> None:
        path = own_patches.restore(deleted)
        if self._plays(deleted.entry):
            self._session.kept_on_disk(True)
        self._show_again(str(path))

    def undo(self) -> None:
        """Take the last rename or delete back."""
        if not self._undo:
            self._say("There is nothing to undo in the browser.")
            return
        self._browser.banner.dismiss()
        self._banner.dismiss(but_problems=True)
        try:
            self._undo.pop()()
        except (ValueError, OSError) as error:
            self._say(str(error), problem=True)

    def _plays(self, entry: LibraryEntry) -> bool:
        return not entry.factory and self._session.saved.patch.name == entry.name

    # what is like it

    def show_like(self, entry: LibraryEntry) -> None:
        """Show what is like it. A patch of the player's that nobody has listened to yet is placed by a helper process first."""
        known = similar_sounds.fingerprints([*library.patches(), *library.presets()])
        key = known.get(entry, "")
        if not key:
            self._say(f"“{entry.name}” cannot be compared: its model {entry.model} is not there.", problem=True)
        elif similar_sounds.is_placed(key):
            self._browser.banner.dismiss()
            self._browser.show_like(entry.name, similar_sounds.nearest(key, known))
        else:
            self._say(f"Listening to “{entry.name}” …")
            self._asked = entry, key                    # what was asked for last
            self.task.start()

    def _placed(self, why: str) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            return
        entry, key = asked
        if similar_sounds.is_placed(key):
            self.show_like(entry)
        else:
            self._say(f"“{entry.name}” cannot be compared{f': {why}' if why else '.'}", problem=True)
