"""MIDI learn: a control waits, a controller is moved, and from then on moves it. It stays on until it is left, so that one control after
the other can be clicked and given its controller. Every control shows what moves it.
"""
from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QWidget

from hummingface.instrument.gui.controllers.controller_menu import ControllerMenu
from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.shortcut_table import key_of
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.session.midi_maps import MidiMaps
from hummingface.instrument.session.session import Session

AXES = "morph.x", "morph.y"
MOST_IN_MARK = 2            # controllers whose numbers are in the mark


class MidiLearn(QObject):
    """`maps` keeps what is learnt, `send` takes messages for the engine, `hear` those that it tells. `button`, which is shown while it is
    on, leaves it."""

    def __init__(self, window: QWidget, maps: MidiMaps, banner: Banner, send: Callable[[dict], None]):
        super().__init__(window)
        self.maps, self._banner, self._send = maps, banner, send
        self._controls: dict[str, Control] = {}
        self._target = ""
        self.button = tool("", "Leave MIDI learn", "Leave MIDI learn (Esc)", checkable=True, text="MIDI learn")
        self.button.clicked.connect(self.leave)
        self.button.hide()
        self._escape = QShortcut(key_of("leave learn"), window, context=Qt.ShortcutContext.WindowShortcut)
        self._escape.activated.connect(self.leave)
        self._escape.setEnabled(False)
        self.menu = ControllerMenu(window, self)

    def watch(self, controls: Mapping[str, Control]) -> None:
        """All controls of the window, which are there now."""
        self._controls = dict(controls)
        for name, control in self._controls.items():
            control.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            control.customContextMenuRequested.connect(partial(self.menu.open, control))
            control.gesture_began.connect(self._touched)
            control.moved.connect(lambda name, _value: self._touched(name))
            assert name == control.parameter.id
        self.show()

    def watch_pad(self, pad: QWidget, session: Session) -> None:
        """The axes of the morph pad, which are controls without a knob."""
        axes = {name: Control(PARAMETERS[name], parent=pad) for name in AXES}
        for control in axes.values():
            control.hide()
        self._controls |= axes
        session.on_value.append(lambda name, value: axes[name].show_value(value) if name in axes else None)
        pad.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        pad.customContextMenuRequested.connect(partial(self.menu.open_both, axes.values(), pad))

    @property
    def on(self) -> bool:
        """Whether a controller that is moved now is learnt."""
        return bool(self._target)

    @property
    def target(self) -> str:
        """The control that waits; empty: none."""
        return self._target

    def begin(self, control: str) -> None:
        """From now on this control waits for a controller."""
        if not self.on:
            self._send({"do": "listen_controllers", "on": True})
        self._target = control
        self.button.setChecked(True)
        self.button.show()
        self._escape.setEnabled(True)
        self._banner.say(f"{self._controls[control].name}: move a controller. Then click the next control; Esc ends MIDI learn.", stay=True)
        self.show()

    def leave(self) -> None:
        """Learn no more."""
        if self.on:
            self._send({"do": "listen_controllers", "on": False})
            self._banner.dismiss()
        self._target = ""
        self.button.hide()
        self._escape.setEnabled(False)
        self.show()

    def hear(self, message: dict) -> None:
        """One message of the engine."""
        if message["tell"] == "controller" and self.on:
            if self.maps.learn(self._target, message["channel"], message["number"]):
                moved = self.maps.of(self._target)
                text = " and ".join(mapping.text() for mapping in moved)
                self._banner.say(f"{self._controls[self._target].name} is moved by {text}. Click the next control, or Esc.", stay=True)
        elif message["tell"] == "engine" and message["state"] == "ready" and self.on:
            self._send({"do": "listen_controllers", "on": True})        # a new process

    def _touched(self, control: str) -> None:
        if self.on and control != self._target:
            self.begin(control)

    def show(self) -> None:
        """Show at every control what moves it."""
        found: dict[str, list] = {}
        for mapping in self.maps.table:
            found.setdefault(mapping.control, []).append(mapping)
        for name, control in self._controls.items():
            of = found.get(name, [])
            numbers = " ".join(str(mapping.number) for mapping in of[:MOST_IN_MARK])
            waits = name == self._target
            control.show_controllers(", ".join(mapping.text() for mapping in of), "…" if waits else numbers, waits)
