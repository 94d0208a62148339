"""Choosing and saving patches: connects the patch bar, the browser and the save popup with the library."""
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from hummingface.instrument.gui.controllers.hover_audition import HoverAudition
from hummingface.instrument.gui.controllers.patch_exchange import PatchExchange
from hummingface.instrument.gui.controllers.patch_hearing import PatchHearing
from hummingface.instrument.gui.controllers.patch_managing import PatchManaging
from hummingface.instrument.gui.controllers.word_search import WordSearch
from hummingface.instrument.gui.panels.patch_bar import PatchBar, SavePopup
from hummingface.instrument.gui.panels.patch_browser import PatchBrowser
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.morph_pad import MorphPad
from hummingface.instrument.patches import library
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.session import patch_marks
from hummingface.instrument.session.section_locks import name_of, not_kept
from hummingface.instrument.session.session import Session
from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.file_names import alike
from hummingface.models.playing.recorded_note import KNOBS, PAD_CORNERS

if TYPE_CHECKING:
    from collections.abc import Callable


class PatchChoosing:
    """Handles the requests of the bar and the pad; an error is shown in the banner and changes nothing."""

    def __init__(self, window: QWidget, session: Session, bar: PatchBar, pad: MorphPad, banner: Banner):
        self.session, self.bar, self.pad, self.banner = session, bar, pad, banner
        self.browser, self.saver, self.words = PatchBrowser(window), SavePopup(window), WordSearch(window)
        self.browser.answer_of = self.words.find
        self.words.measured.connect(self.browser.answer_again)
        self.managing = PatchManaging(self.browser, session, banner, self._show_again)
        self.exchange = PatchExchange(self.browser, self._show_again)
        self._for_corner: int | None = None
        self.on_load: list[Callable[[str], None]] = []          # the player has loaded the patch of this name
        bar.step_wanted.connect(self.step)
        bar.browse_wanted.connect(self.browse)
        bar.save_wanted.connect(self.ask_save)
        pad.corner_wanted.connect(self.browse_corner)
        self.browser.chosen.connect(self._chosen)
        self.saver.wanted.connect(self.save)

    def hear_by(self, audition: HoverAudition) -> None:
        """Let the browser be heard by an audition."""
        PatchHearing(self.browser, audition)

    def step(self, step: int) -> None:
        """Play the next or the previous patch of the library."""
        entries = library.patches()
        if entries:
            names = [entry.name for entry in entries]
            here = names.index(self.session.name) if self.session.name in names else -1 if step > 0 else 0
            self.load(entries[(here + step) % len(entries)])

    def load(self, entry: library.LibraryEntry) -> None:
        """Play a patch of the library, or a model's preset as a patch that is not saved yet."""
        patch = self._read(entry)
        if patch is not None:
            lost = not_kept(self.session.state.patch, patch, self.session.locked)
            (self.session.load_new if entry.preset else self.session.load)(patch)
            for listener in self.on_load:
                listener(patch.name)
            with contextlib.suppress(OSError):              # a full disk keeps nobody from playing
                patch_marks.loaded(entry)
            if patch.notice:
                self.banner.say(patch.notice, stay=True)
            elif lost:
                sections = " and ".join(f"the {name_of(section)}" for section in lost)
                self.banner.say(f"“{patch.name}” is of another model, in which {sections} mean something else: they came with it, "
                                "though they are locked.")

    def _read(self, entry: library.LibraryEntry) -> Patch | None:
        try:
            return library.open_entry(entry)
        except ValueError as error:
            self.banner.say(str(error), problem=True)
            return None

    def browse(self) -> None:
        """Open the browser for the patch to play."""
        self._for_corner = None
        self._open_browser(self.bar.name.mapToGlobal(QPoint(0, self.bar.name.height() + 4)), "Patches")

    def keep(self, files: Sequence[Path]) -> None:
        """Take patches and banks into the library, and show it."""
        self.browse()
        self.exchange.take(list(files))

    def browse_corner(self, corner: int) -> None:
        """Open the browser for a corner of the morph pad."""
        self._for_corner = corner
        self._open_browser(self.pad.mapToGlobal(QPoint(0, theme.px(30))), f"Morph corner, {PAD_CORNERS[corner]}")

    def _open_browser(self, place: QPoint, purpose: str) -> None:
        entries, problems = library.read_patches()
        self.words.begin(entries)
        self.browser.marks = patch_marks.read()
        self.browser.open_at(place, entries, self.session.name, purpose)
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self.banner.say(problems[0] + more, problem=True)

    def _show_again(self, path: str) -> None:
        """The library has changed: show it as it is now, with the patch of a file selected, or the row that was."""
        if not self.browser.isVisible():
            return
        row = self.browser.list.currentIndex().row()
        entries = library.patches()
        self.words.begin(entries)
        self.browser.show_entries(entries)
        shown = self.browser.shown
        self.browser.select(next((e for e in shown if str(e.path) == path), shown[min(row, len(shown) - 1)] if shown else None))

    def _chosen(self, entry: library.LibraryEntry) -> None:
        if self._for_corner is None:
            self.load(entry)
            return
        patch = self._read(entry)
        if patch is None:
            return
        if patch.model != self.session.state.patch.model:
            self.banner.say(f"“{patch.name}” belongs to the model {patch.model}; a morph needs sounds of one model.", problem=True)
            return
        recording = next((one for one in patch.recordings if KNOBS in one.places), None)
        self.session.put_in_corner(self._for_corner, patch.name, patch.latents, recording)

    def close(self) -> None:
        """The window closes."""
        self.browser.hide()
        self.managing.close()
        self.exchange.close()
        self.words.close()

    def ask_save(self) -> None:
        """Ask for a name, then save. Where the name is that of another patch, a free one is proposed."""
        button, name = self.bar.save, self.session.name
        entries = library.patches()
        same = [entry for entry in entries if not entry.factory and alike(entry.name) == alike(name)]
        mine = next((entry for entry in same if self._is_saved_as(entry)), None)
        proposed = name if mine else library.free_name(name)
        others = [entry.name for entry in entries if not entry.factory and entry is not mine]
        self.saver.open_at(button.mapToGlobal(QPoint(0, button.height() + 4)), proposed, self.session.state.patch.tags, others)

    def _is_saved_as(self, entry: library.LibraryEntry) -> bool:
        """Whether what plays was loaded from this patch, or saved as it."""
        def sound(patch: Patch) -> JsonObject:
            return patch.with_values(model_sha256="").to_json()
        return self.session.saved.on_disk and sound(library.open_entry(entry)) == sound(self.session.saved.patch)

    def save(self, name: str, tags: tuple[str, ...]) -> None:
        """Save the current sound under a name."""
        patch = self.session.state.to_patch().with_values(name=name, tags=tags)
        try:
            path = library.save_patch(patch)
        except (ValueError, OSError) as error:
            self.banner.say(str(error), problem=True)
            return
        self.session.saved_as(patch)
        self.banner.say(f"Saved “{name}” to {path}")
