"""The menu that a right click on a control opens: MIDI learn, what moves it and how, and the maps."""
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.plain_text import caption
from hummingface.instrument.session.midi_maps import FINE_ABOVE, LONGEST_NAME, READY, ControllerMapping

if TYPE_CHECKING:
    from hummingface.instrument.gui.controllers.midi_learn import MidiLearn

CHANNELS = 16


class ControllerMenu(QObject):
    """Built for each control when it is asked for; `learn` does what is chosen."""

    def __init__(self, window: QWidget, learn: "MidiLearn"):
        super().__init__(window)
        self._window, self._learn = window, learn
        self.menu = QMenu(window)
        self.offers: list[Callable[[Control, QMenu], None]] = []            # what else the menu of a control has

    def open(self, control: Control, place: QPoint) -> None:
        """At a place of the control."""
        self.menu.clear()
        self._fill(control, self.menu)
        self.menu.addSeparator()
        for offer in self.offers:
            offer(control, self.menu)
        self._add_maps()
        self.menu.popup(control.mapToGlobal(place))

    def open_both(self, axes: Iterable[Control], pad: QWidget, place: QPoint) -> None:
        """At a place of a pad, for the controls of its axes."""
        self.menu.clear()
        for control in axes:
            self._fill(control, self.menu.addMenu(caption(control.name)))
        self.menu.addSeparator()
        self._add_maps()
        self.menu.popup(pad.mapToGlobal(place))

    def _fill(self, control: Control, menu: QMenu) -> None:
        """What the menu of a control offers."""
        name, maps = control.parameter.id, self._learn.maps
        if self._learn.target == name:
            menu.addAction("Leave MIDI learn", self._learn.leave)
        else:
            menu.addAction("MIDI learn", partial(self._learn.begin, name))
        for mapping in maps.of(name):
            self._add_mapping(control, mapping, menu.addMenu(caption(mapping.text())))
        if maps.of(name):
            menu.addAction("Forget", partial(maps.forget, name))

    def _add_mapping(self, control: Control, mapping: ControllerMapping, of: QMenu) -> None:
        change = self._learn.maps.change
        for text, on, to in (("Inverted", mapping.inverted, replace(mapping, inverted=not mapping.inverted)),
                             ("Soft take-over", mapping.takes_over, replace(mapping, takes_over=not mapping.takes_over))):
            action = of.addAction(text, partial(change, mapping, to))
            action.setCheckable(True)
            action.setChecked(on)
        if mapping.number < FINE_ABOVE:
            action = of.addAction(f"14 bits, with CC {mapping.number + FINE_ABOVE}", partial(change, mapping,
                                                                                       replace(mapping, fine=not mapping.fine)))
            action.setCheckable(True)
            action.setChecked(mapping.fine)
        channels = of.addMenu("Channel")
        for channel in (None, *range(CHANNELS)):
            action = channels.addAction("Any" if channel is None else str(channel + 1),
                                        partial(change, mapping, replace(mapping, channel=channel)))
            action.setCheckable(True)
            action.setChecked(mapping.channel == channel)
        here = control.parameter.to_travel(control.shown)
        bounds = [control.parameter.text(control.parameter.from_travel(end)) for end in (mapping.low, mapping.high)]
        ranges = of.addMenu(caption(f"Range: {bounds[0]} to {bounds[1]}"))
        ranges.addAction(caption(f"From {control.reading()}, where it is"), partial(change, mapping, replace(mapping, low=here)))
        ranges.addAction(caption(f"To {control.reading()}, where it is"), partial(change, mapping, replace(mapping, high=here)))
        ranges.addAction("The whole range", partial(change, mapping, replace(mapping, low=0.0, high=1.0)))
        of.addSeparator()
        of.addAction(f"Forget {mapping.text()}", partial(change, mapping, None))

    def _add_maps(self) -> None:
        maps = self._learn.maps
        of = self.menu.addMenu(caption(f"Map of controllers: {maps.name}" if maps.name else "Map of controllers"))
        of.addAction("Save as …", self._save)
        for name in maps.saved:
            one = of.addMenu(caption(name))
            one.addAction("Use", partial(maps.load, name))
            one.addAction("Rename …", partial(self._rename, name))
            one.addAction("Delete", partial(maps.delete, name))
        of.addSeparator()
        of.addAction("The instrument's own", partial(maps.load, ""))
        for name in READY:
            of.addAction(caption(name), partial(maps.load, name))

    def _save(self) -> None:
        name = self._asked("Save the map of controllers", self._learn.maps.name)
        if name:
            self._learn.maps.save_as(name)

    def _rename(self, before: str) -> None:
        name = self._asked("Rename the map of controllers", before)
        if name and name != before:
            self._learn.maps.rename(before, name)

    def _asked(self, title: str, name: str) -> str:
        text, taken = QInputDialog.getText(self._window, title, "Name", text=name)
        return text.strip()[:LONGEST_NAME] if taken else ""
