"""Plays a phrase of the sound that keys went to in the patch browser, while nothing else sounds."""
import contextlib

from PySide6.QtCore import QObject

from hummingface.instrument.gui.controllers.hover_audition import HoverAudition
from hummingface.instrument.gui.panels.patch_browser import PatchBrowser
from hummingface.instrument.session import patch_marks


class PatchHearing(QObject):
    """Connects the browser with an audition."""

    def __init__(self, browser: PatchBrowser, audition: HoverAudition):
        super().__init__(browser)
        self._browser, self._audition = browser, audition
        browser.list.stepped.connect(self._rest)
        browser.list.asked.connect(lambda what: self._hear() if what == "hear" else None)
        browser.hear.clicked.connect(self._turn)
        browser.left.connect(audition.close)

    def _rest(self) -> None:
        if self._browser.hear.isChecked():
            self._rest_on_selected()

    def _rest_on_selected(self) -> None:
        entry = self._browser.selected
        self._audition.rest_on(entry, self._browser.filters.family_of(entry) if entry else "", phrase=True)

    def _hear(self) -> None:
        self._rest_on_selected()
        self._audition.play()

    def _turn(self, on: bool) -> None:
        if not on:
            self._audition.close()
        with contextlib.suppress(OSError):              # it is not kept then
            self._browser.marks = patch_marks.hear(on)
