"""The button that says which tuning is in force, with the menu that chooses it; and scales dropped on the window."""
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.plain_text import caption, set_tip, shortened
from hummingface.instrument.offline.tuner import EQUAL as EQUAL_TEMPERAMENT
from hummingface.instrument.offline.tuner import Reference
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.scale_tuning import ScaleError, ScaleTuning, from_json, of_files
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.settings import Settings

EQUAL = "Equal temperament"
LONGEST_SHOWN, LONGEST_IN_MENU = 18, 60        # characters of a name
BY = {"host": "MTS-ESP", "midi": "MIDI tuning"}
FILES = "Scales and keyboard mappings (*.scl *.kbm)"


class TuningMenu(QObject):
    """`send` takes messages for the engine, `hear` those that it tells, `keep` saves the settings."""

    def __init__(self, window: QWidget, session: Session, settings: Settings, banner: Banner, send: Callable[[dict], None],
                 keep: Callable[[], None]):
        super().__init__(window)
        self._window, self._session, self._settings, self._banner, self._send, self._keep = window, session, settings, banner, send, keep
        self._by, self._name = "", ""
        self.button = tool("", "Tuning", text="Equal")
        self.menu = QMenu(self.button)
        self.menu.aboutToShow.connect(self._fill)
        self.button.setMenu(self.menu)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        session.on_change.append(self._show)
        self._show()

    def hear(self, message: dict[str, Any]) -> None:
        """One message of the engine."""
        if message["tell"] == "tuning":
            self._by, self._name = message["by"], message["name"]
            self._show()

    def drop(self, paths: Sequence[Path]) -> None:
        """Scales were dropped on the window: they tune the patch."""
        onto = self._session.state.patch.tuning or self._player
        self._use(paths, self._tune_patch, onto, "tunes this patch. To tune all patches: Output › tuning.")

    # the menu

    def in_force(self) -> str:
        """The name of the tuning that sounds."""
        if self._by in BY:
            return BY[self._by]
        chosen = self._session.state.patch.tuning or self._player
        return chosen.name if chosen is not None else EQUAL

    def tuned(self, patch: Patch) -> Patch:
        """A patch with the tuning that it is played in."""
        return patch.with_values(tuning=patch.tuning or self._player)

    def reference(self) -> Reference:
        """What a tuner reads against. Of what MIDI or a host tunes the window knows no pitches: there it is equal temperament."""
        a4_hz = self._session["master.a4_hz"]
        by_a4 = 12 * math.log2(a4_hz / EQUAL_TEMPERAMENT.a4_hz)
        chosen = None if self._by in BY else self._session.state.patch.tuning or self._player
        if chosen is None:
            return EQUAL_TEMPERAMENT._replace(pitches=EQUAL_TEMPERAMENT.pitches + by_a4, a4_hz=a4_hz)
        return Reference(chosen.pitches() + (0.0 if chosen.names_frequency else by_a4), chosen.name, a4_hz)

    @property
    def _player(self) -> ScaleTuning | None:
        return from_json(self._settings.tuning, "the settings") if self._settings.tuning is not None else None

    def _show(self) -> None:
        name = self.in_force()
        self.button.setText(caption("Equal" if name == EQUAL else shortened(name, LONGEST_SHOWN)))
        self.button.setAccessibleName(f"Tuning: {name}")
        set_tip(self.button, f"Tuning: {name}. Scales (.scl) and keyboard mappings (.kbm), for this patch or for all")

    def _fill(self) -> None:
        menu, patch, player = self.menu, self._session.state.patch.tuning, self._player
        menu.clear()
        heading = menu.addAction(caption(f"In force: {shortened(self.in_force(), LONGEST_IN_MENU)}"))
        heading.setEnabled(False)
        menu.addSeparator()
        menu.addAction("Tune this patch …", lambda: self._choose(self._tune_patch, patch, "tunes this patch."))
        menu.addAction("Tune all patches …", lambda: self._choose(self._tune_all, player, "tunes all patches that have no tuning of their "
                                                                  "own."))
        if patch is not None or player is not None:
            menu.addSeparator()
        if patch is not None:
            menu.addAction(caption(f"Forget “{shortened(patch.name, LONGEST_IN_MENU)}”, this patch's"), lambda: self._tune_patch(None))
            if patch != player:
                menu.addAction(caption(f"Use “{shortened(patch.name, LONGEST_IN_MENU)}” for all patches"), lambda: self._tune_all(patch))
        if player is not None:
            menu.addAction(caption(f"Forget “{shortened(player.name, LONGEST_IN_MENU)}”, that of all patches"),
                           lambda: self._tune_all(None))

    def _choose(self, use: Callable[[ScaleTuning | None], None], onto: ScaleTuning | None, what: str) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self._window, "A scale, a keyboard mapping, or one of each", "", FILES)
        if chosen:
            self._use([Path(path) for path in chosen], use, onto, what)

    def _use(self, paths: Sequence[Path], use: Callable[[ScaleTuning | None], None], onto: ScaleTuning | None, what: str) -> None:
        try:
            tuning = of_files(paths, onto)
        except ScaleError as error:
            self._banner.say(str(error), problem=True)
            return
        use(tuning)
        self._banner.say(f"“{tuning.name}” {what}")

    def _tune_patch(self, tuning: ScaleTuning | None) -> None:
        self._session.tune(tuning)

    def _tune_all(self, tuning: ScaleTuning | None) -> None:
        self._settings.tuning = None if tuning is None else tuning.to_json()
        self._keep()
        self._send({"do": "tuning", "tuning": self._settings.tuning})
        self._show()
