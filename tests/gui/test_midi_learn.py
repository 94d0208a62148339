"""MIDI learn and the menu of a right click, on real controls without the engine."""
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QMainWindow, QMenu, QVBoxLayout, QWidget

from hummingface.instrument.gui.controllers.midi_learn import MidiLearn
from hummingface.instrument.gui.panels.control_panel import make_control
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.messages import controller_map
from hummingface.instrument.performance.messages.controller_map import USUAL, ControllerMapping
from hummingface.instrument.session import midi_maps
from hummingface.instrument.session.midi_maps import READY, MidiMaps
from hummingface.instrument.session.settings import Settings

CUTOFF, MODE, MIX = "filter.cutoff_hz", "master.mode", "reverb.mix"


class Desk(QMainWindow):
    """A window with a knob, a switch and another knob; what was sent; the settings; how often they were saved."""

    def __init__(self):
        super().__init__()
        inside, column = QWidget(), QVBoxLayout()
        inside.setLayout(column)
        self.setCentralWidget(inside)
        self.said: list[dict] = []
        self.settings, self.saves = Settings(), 0
        self.controls = {name: make_control(PARAMETERS[name], "Test") for name in (CUTOFF, MODE, MIX)}
        self.banner = Banner()
        self.learn = MidiLearn(self, MidiMaps(self.settings, self.said.append, self.changed), self.banner, self.said.append)
        for widget in (*self.controls.values(), self.banner, self.learn.button):
            column.addWidget(widget)
        self.learn.watch(self.controls)

    def changed(self):
        self.saves += 1
        self.learn.show()


@pytest.fixture
def desk(qtbot):
    window = Desk()
    qtbot.addWidget(window)
    window.resize(400, 500)
    window.show()
    qtbot.waitExposed(window)
    return window


def right_click(control) -> QMenu:
    """The menu that opens, closed again."""
    place = QPoint(10, 10)
    QApplication.sendEvent(control, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, control.mapToGlobal(place)))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.close()
    return menu


def entries(menu) -> dict:
    """Actions by their texts, those of submenus as "menu > action"."""
    found = {}
    for action in menu.actions():
        if action.menu() is not None:
            found |= {f"{action.text()} > {name}": one for name, one in entries(action.menu()).items()}
        elif action.text():
            found[action.text()] = action
    return found


def moved(desk, number, channel=0):
    desk.learn.hear({"tell": "controller", "channel": channel, "number": number, "value": 64})


def test_it_stays_on_until_it_is_left_and_each_control_shows_its_controller(desk):
    entries(right_click(desk.controls[MIX]))["MIDI learn"].trigger()
    assert desk.said == [{"do": "listen_controllers", "on": True}]
    assert desk.learn.button.isVisible()
    moved(desk, 20)
    assert desk.said[-1] == {"do": "midi_map", "map": controller_map.to_json((*USUAL, ControllerMapping(20, MIX)))}
    QTest.mouseClick(desk.controls[CUTOFF], Qt.MouseButton.LeftButton)
    moved(desk, 21)
    moved(desk, 53)                                     # the lower bits of 21
    moved(desk, 123)                                    # "all notes off" is no knob
    QTest.keyClick(desk, Qt.Key.Key_Escape)
    assert not desk.learn.on
    assert not desk.learn.button.isVisible()
    assert desk.said[-1] == {"do": "listen_controllers", "on": False}
    moved(desk, 30)
    assert desk.learn.maps.of(CUTOFF) == (ControllerMapping(74, CUTOFF), ControllerMapping(21, CUTOFF, fine=True))
    assert "CC 74, CC 21/53" in desk.controls[CUTOFF].tip()
    assert desk.controls[CUTOFF]._mark.text() == "74 21"
    assert desk.controls[MODE]._mark is None
    assert desk.settings.midi_map == controller_map.to_json(desk.learn.maps.table)
    assert desk.saves == 3


def test_a_click_on_the_button_leaves_and_a_new_process_is_asked_again(desk):
    desk.learn.begin(MODE)
    desk.learn.hear({"tell": "engine", "state": "ready", "text": ""})
    assert desk.said == [{"do": "listen_controllers", "on": True}] * 2
    QTest.mouseClick(desk.learn.button, Qt.MouseButton.LeftButton)
    assert not desk.learn.on


def test_the_menu_changes_what_a_mapping_does_and_forgets_it(desk):
    desk.learn.maps.learn(MIX, 0, 20)
    mix = desk.controls[MIX]
    for choice, wanted in (("Inverted", {"inverted": True}), ("Soft take-over", {"takes_over": True}),
                           ("14 bits, with CC 52", {"fine": True}),
                           ("Channel > 5", {"channel": 4}), ("Range: 0 % to 100 % > From 50 %, where it is", {"low": 0.5}),
                           ("Range: 50 % to 100 % > To 75 %, where it is", {"high": 0.75})):
        mix.show_value(0.75 if " To " in choice else 0.5)
        before = next(one for one in desk.learn.maps.of(MIX) if one.number == 20)
        found = entries(right_click(mix))
        found[f"{before.text()} > {choice}"].trigger()
        now = next(one for one in desk.learn.maps.of(MIX) if one.number == 20)
        assert {name: getattr(now, name) for name in wanted} == wanted
    assert now == ControllerMapping(20, MIX, 4, True, 0.5, 0.75, True, True)
    assert entries(right_click(mix))[f"{now.text()} > Inverted"].isChecked()
    entries(right_click(mix))[f"{now.text()} > Forget {now.text()}"].trigger()
    assert desk.learn.maps.of(MIX) == (ControllerMapping(91, MIX),)
    entries(right_click(mix))["Forget"].trigger()
    assert desk.learn.maps.of(MIX) == ()
    assert desk.controls[MIX]._mark.text() == ""


def test_maps_are_saved_renamed_deleted_and_ready_made_ones_are_used(desk, monkeypatch):
    names = iter(("Stage", "Studio"))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: (next(names), True))
    desk.learn.maps.learn(MODE, 0, 20)
    found = entries(right_click(desk.controls[MODE]))
    found["Map of controllers > Save as …"].trigger()
    assert desk.settings.midi_maps["Stage"] == desk.settings.midi_map
    entries(right_click(desk.controls[MODE]))["Map of controllers: Stage > KORG nanoKONTROL2"].trigger()
    assert desk.learn.maps.table == READY["KORG nanoKONTROL2"]
    assert desk.said[-1]["map"] == controller_map.to_json(READY["KORG nanoKONTROL2"])
    entries(right_click(desk.controls[MODE]))["Map of controllers: KORG nanoKONTROL2 > Stage > Rename …"].trigger()
    entries(right_click(desk.controls[MODE]))["Map of controllers: KORG nanoKONTROL2 > Studio > Use"].trigger()
    assert [one.number for one in desk.learn.maps.of(MODE)] == [20]
    desk.learn.maps.forget(MODE)
    assert desk.settings.midi_maps["Studio"] == desk.settings.midi_map, "the map in use is kept as it is changed"
    entries(right_click(desk.controls[MODE]))["Map of controllers: Studio > Studio > Delete"].trigger()
    assert desk.settings.midi_maps == {}
    entries(right_click(desk.controls[MODE]))["Map of controllers > The instrument's own"].trigger()
    assert desk.settings.midi_map is None
    assert desk.learn.maps.table == USUAL


def test_ready_made_maps_are_maps():
    for table in READY.values():
        assert controller_map.from_json(controller_map.to_json(table)) == table
        assert len({one.number for one in table}) == len(table)
        assert len({one.control for one in table}) == len(table)
    assert len(midi_maps.KNOBS) == 8


def test_a_right_click_changes_nothing_and_a_click_on_what_is_chosen_is_a_click(desk):
    mode = desk.controls[MODE]
    QTest.mouseClick(mode, Qt.MouseButton.RightButton, pos=mode._places()[2].center().toPoint())
    assert mode.shown == 0
    desk.learn.begin(MIX)
    QTest.mouseClick(mode, Qt.MouseButton.LeftButton, pos=mode._places()[0].center().toPoint())
    assert desk.learn.target == MODE
