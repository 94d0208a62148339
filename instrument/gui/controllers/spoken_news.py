"""What screen readers are told beside what has the focus: a patch that is loaded, a take that begins and ends, messages, values that keys
have set. Qt has announcements since 6.8; with an older one readers have names, descriptions and values alone.
"""
from collections.abc import Callable, Iterable

from PySide6 import QtGui
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from hummingface.instrument.gui.controllers.patch_choosing import PatchChoosing
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.keyboard import Keyboard
from hummingface.instrument.gui.widgets.map_widget import SoundMap
from hummingface.instrument.gui.widgets.morph_pad import MorphPad
from hummingface.instrument.session.session import Session

VALUE_MS = 150              # of a key that is held the last value is told, not each on the way

_Announcement = vars(QtGui).get("QAccessibleAnnouncementEvent")


def announce(widget: QWidget, text: str, urgent: bool = False) -> None:
    """Have a screen reader say something; `urgent`: at once, whatever it is saying."""
    if _Announcement is None or not QAccessible.isActive():
        return
    event = _Announcement(widget, text)
    if urgent:
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)


class SpokenNews(QObject):
    """`say(text, urgent)` has it said."""

    def __init__(self, window: QWidget, say: Callable[[str, bool], None]):
        super().__init__(window)
        self._say = say
        self._value = ""
        self._soon = QTimer(self, singleShot=True, interval=VALUE_MS)
        self._soon.timeout.connect(lambda: self._say(self._value, False))
        self._recording = False

    def watch_controls(self, controls: Iterable[Control], pad: MorphPad) -> None:
        """Tell the values that keys set; of the pad the sounds that it stands between."""
        for control in controls:
            control.moved_by_key.connect(self._tell_value)
        pad.puck_moved.connect(lambda: self._tell_value(pad.shares()) if pad.hasFocus() and not pad.dragged else None)

    def watch_keys_of(self, keyboard: Keyboard, sound_map: SoundMap) -> None:
        """Tell where arrow keys go: to a key of the keyboard, to a sound of the map."""
        keyboard.key_chosen.connect(self._tell_value)
        sound_map.hovered.connect(
            lambda dot: self._tell_value(dot.what) if dot and sound_map.hasFocus() and not sound_map.underMouse() else None)

    def watch_session(self, session: Session, choosing: PatchChoosing, banner: Banner) -> None:
        """Tell patches, sides and messages."""
        side = session.side

        def look() -> None:
            nonlocal side
            if session.side != side:
                side = session.side
                self._say(f"Version {side}: {session.name}", False)
        session.on_change.append(look)
        choosing.on_load.append(lambda name: self._say(f"Patch {name}", False))
        banner.on_say.append(self._say)

    def hear(self, message: dict) -> None:
        """An event of the engine: a take begins, or waits for the bar. Its end is a message of the banner's."""
        if message["tell"] == "recording":
            began = message["path"] is not None
            if began and not self._recording:
                self._say("Recording", True)
            elif message["waits"]:
                self._say("Recording begins with the next bar", False)
            elif self._recording and not began:
                self._say("Recording has ended", True)
            self._recording = began

    def _tell_value(self, reading: str) -> None:
        self._value = reading
        self._soon.start()
