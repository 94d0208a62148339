"""Patches that come into the browser and leave it as files: dropped ones, and banks."""
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton

from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.panels.patch_browser import PatchBrowser
from hummingface.instrument.patches import library, own_patches, patch_bank
from hummingface.instrument.patches.patch_bank import BANK_SUFFIX, PATCH_SUFFIXES, Imported

BANK_NAME = "patches.zip"
PART_S = 0.05                # of an import, before the window has its turn
KINDS = f"Patches and banks ({' '.join(f'*{suffix}' for suffix in (*PATCH_SUFFIXES, BANK_SUFFIX))})"


class PatchExchange(QObject):
    """`show_again` reads the library again and selects the patch in a file."""

    def __init__(self, browser: PatchBrowser, show_again: Callable[[str], None]):
        super().__init__(browser)
        self._browser, self._show_again = browser, show_again
        self.button = tool("", "Import and export", "Import patches and banks, which may be dropped here, too; export a bank", text="Files")
        self.menu = QMenu(self.button)
        self.menu.addAction("Import patches and banks …", self._choose)
        self._export = self.menu.addAction("Export a bank …", self._ask_bank)
        self.menu.addSeparator()
        self.menu.addAction("Show deleted patches", self._show_deleted)
        self.menu.aboutToShow.connect(self._name_export)
        self.button.setMenu(self.menu)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        browser.tools.addWidget(self.button)
        browser.dropped.connect(self.take)
        self._imports: deque[tuple[Iterator[None], Imported]] = deque()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._go_on)

    def take(self, files: list[Path]) -> None:
        """Import patches and banks, a part of them at a time: the window goes on meanwhile. What comes while it does so follows."""
        done = Imported()
        self._imports.append((patch_bank.steps_of_import(files, done), done))
        self._go_on()

    def close(self) -> None:
        """The window closes: what is imported stays, the rest is not."""
        self._timer.stop()
        self._imports.clear()

    def _go_on(self) -> None:
        until = time.monotonic() + PART_S
        while self._imports:
            steps, done = self._imports[0]
            for _ in steps:
                if time.monotonic() > until:
                    self._browser.banner.say(f"Importing … {len(done.paths)}", stay=True)
                    self._timer.start()
                    return
            self._imports.popleft()
            self._show(done)

    def _show(self, done: Imported) -> None:
        if done.paths:
            self._browser.clear()
        self._show_again(str(done.paths[0]) if done.paths else "")
        self._browser.banner.say(done.text(), problem=bool(done.problems), stay=True)

    def export(self, file: Path) -> None:
        """Write what is shown as a bank."""
        try:
            count = patch_bank.export_bank(self._browser.shown, file)
        except (OSError, ValueError) as error:
            self._browser.banner.say(str(error), problem=True)
            return
        self._browser.banner.say(f"A bank of {count}: {file}", stay=True)

    def _name_export(self) -> None:
        count = len(self._browser.shown)
        self._export.setText("Export a bank of the one that is shown …" if count == 1 else f"Export a bank of the {count} that are shown …")
        self._export.setEnabled(count > 0)

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self._browser, "Import patches and banks", "", KINDS)
        if chosen:
            self.take([Path(path) for path in chosen])

    def _ask_bank(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self._browser, "Export a bank of patches", BANK_NAME, f"Banks (*{BANK_SUFFIX})")
        if chosen:
            path = Path(chosen)
            self.export(path if path.suffix.lower() == BANK_SUFFIX else path.with_name(path.name + BANK_SUFFIX))

    def _show_deleted(self) -> None:
        folder = library.user_folder(own_patches.DELETED)
        if folder.is_dir():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
        else:
            self._browser.banner.say("No patch has been deleted.")
