"""What MIDI moves, the window shows: wheels, volume, expression and pedal; and what is silent is said."""
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.controllers.channel_display import ChannelDisplay
from hummingface.instrument.gui.widgets import wheels
from hummingface.instrument.gui.widgets.channel_levels import ChannelLevels
from hummingface.instrument.gui.widgets.wheels import Wheel

REST = (0, 0, 127, 127, 0)


class Shown:
    def __init__(self, qtbot):
        self.bend, self.wheel, self.levels = Wheel("Bend", "Bend", springs=True), Wheel("Mod", "Mod", springs=False), ChannelLevels()
        self.turned = []
        for widget in (self.bend, self.wheel, self.levels):
            qtbot.addWidget(widget)
        self.wheel.turned.connect(self.turned.append)
        self.bend.turned.connect(self.turned.append)
        self.display = ChannelDisplay(self.bend, self.wheel, self.levels)
        self.channels = np.array([REST] * 16, float)
        self.move(0)

    def move(self, channel, row=REST):
        self.channels = self.channels.copy()
        self.channels[channel], self.channel = row, channel
        self.see_again()

    def see_again(self):
        self.display.see(Telemetry(channels=self.channels, channel=self.channel))


@pytest.fixture
def shown(qtbot):
    return Shown(qtbot)


def test_the_wheels_follow_midi_and_send_nothing_back(shown):
    shown.move(4, (-0.5, 0.25, 127, 127, 0))
    assert (shown.bend.value(), shown.wheel.value(), shown.turned) == (-500, 250, [])
    shown.move(4, (0, 0.25, 127, 127, 0))
    assert (shown.bend.value(), shown.turned) == (0, [])


def test_volume_expression_and_pedal_of_the_channel_that_was_moved_last(shown):
    assert shown.levels.accessibleDescription() == "MIDI channel 1: volume 127, expression 127, pedal up."
    shown.move(2, (0, 0, 40, 90, 1))
    assert shown.levels.accessibleDescription() == "MIDI channel 3: volume 40, expression 90, pedal down."


def test_a_silent_channel_is_said(shown):
    shown.move(2, (0, 0, 0, 127, 0))
    shown.move(0, (0, 0, 100, 127, 0))
    assert "Channel 3 is turned down to silence; PANIC or a patch brings it back." in shown.levels.accessibleDescription()
    shown.move(2)
    assert "silence" not in shown.levels.accessibleDescription()


def test_a_hand_on_the_wheel_goes_first(shown):
    shown.wheel.setValue(300)
    shown.move(0, (0, 0.1, 127, 127, 0))
    assert shown.wheel.value() == 300, "what it said a moment ago comes back late"
    shown.move(0, (0, 0.299, 127, 127, 0))
    shown.wheel._turned_at -= wheels.ECHO_S
    shown.see_again()
    assert shown.wheel.value() == 300, "in MIDI's steps"
    shown.wheel.setValue(310)
    shown.move(0, (0, 0.5, 127, 127, 0))
    shown.wheel._turned_at -= wheels.ECHO_S
    shown.see_again()
    assert shown.wheel.value() == 500, "what MIDI moved meanwhile is shown then"


def test_an_engine_that_has_just_begun_moves_no_wheel(shown):
    shown.move(0, (0, 0.5, 127, 127, 0))
    shown.display.see(Telemetry())
    shown.channels[0] = REST
    shown.display.see(Telemetry(channels=shown.channels.copy()))
    assert shown.wheel.value() == 500


def test_a_bend_of_midi_stays_when_the_focus_goes(shown):
    shown.bend.show()
    shown.bend.setFocus()
    shown.move(0, (0.5, 0, 127, 127, 0))
    shown.bend.clearFocus()
    assert shown.bend.value() == 500 and shown.turned == []


def test_a_right_click_lets_no_wheel_go(shown):
    shown.bend.resize(30, 90)
    QTest.mousePress(shown.bend, Qt.MouseButton.LeftButton, pos=QPoint(15, 45))
    shown.bend.setValue(400)
    QTest.mouseClick(shown.bend, Qt.MouseButton.RightButton, pos=QPoint(15, 20))
    assert shown.bend.value() == 400
    QTest.mouseRelease(shown.bend, Qt.MouseButton.LeftButton, pos=QPoint(15, 20))
    assert shown.bend.value() == 0
