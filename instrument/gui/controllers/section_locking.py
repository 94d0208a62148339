"""Locks of sections in the window: a lock behind each heading, a key for the section of what has the focus, and the menu of a control."""
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from hummingface.instrument.gui.panels.panel import Panel
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.morph_pad import MorphPad
from hummingface.instrument.gui.widgets.section_lock import SectionLock
from hummingface.instrument.gui.widgets.shortcut_table import keys_of, text_of
from hummingface.instrument.session.section_locks import PAD_SECTION, name_of, section_of
from hummingface.instrument.session.session import Session


class SectionLocking(QObject):
    """`panels`: each with its section; `say` tells the player what a key has locked."""

    def __init__(self, window: QWidget, session: Session, panels: Mapping[Panel, str], say: Callable[[str], None]):
        super().__init__(window)
        self._session, self._say = session, say
        self.locks = [SectionLock(panel, section, text_of("lock section")) for panel, section in panels.items()]
        for lock in self.locks:
            lock.wanted.connect(session.lock)
        shortcut = QShortcut(window)
        shortcut.setKeys(keys_of("lock section"))
        shortcut.activated.connect(self._lock_here)
        session.on_change.append(self.refresh)

    def refresh(self) -> None:
        """Show what is locked."""
        for lock in self.locks:
            if lock.isChecked() != (lock.section in self._session.locked):
                lock.show_lock(lock.section in self._session.locked)

    def offer(self, control: Control, menu: QMenu) -> None:
        """Offer the lock of a control's section in a menu."""
        if (section := section_of(control.parameter.id)) is not None:
            action = menu.addAction(f"Lock the section {name_of(section)}", lambda: self.turn(section))
            action.setCheckable(True)
            action.setChecked(section in self._session.locked)

    def turn(self, section: str) -> None:
        """Lock a section, or open its lock."""
        locked = section not in self._session.locked
        self._session.lock(section, locked)
        self._say(f"The section {name_of(section)} is {'locked: patches and chance leave it as it is' if locked else 'no longer locked'}.")

    def _lock_here(self) -> None:
        here = QApplication.focusWidget()
        section = section_of(here.parameter.id) if isinstance(here, Control) else PAD_SECTION if isinstance(here, MorphPad) else None
        if section is not None:
            self.turn(section)
        else:
            self._say(f"{text_of('lock section')} locks the section of the control that has the focus, and none has it.")


def sections_of(panels: Iterable[Panel]) -> dict[Panel, str]:
    """The section of each panel whose controls are all of one."""
    found = {}
    for panel in panels:
        sections = {section_of(control.parameter.id) for control in panel.findChildren(Control)}
        if len(sections) == 1 and (section := sections.pop()) is not None:
            found[panel] = section
    return found
