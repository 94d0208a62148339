"""The status line: calm while all is well, and it counts what the player can hear, not what happened while the engine warmed up."""
import pytest
from PySide6.QtCore import Qt

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.panels.status_line import CALM_S, TROUBLE_S, WARM_UP_S, StatusLine
from hummingface.instrument.gui.widgets import theme


@pytest.fixture
def clock(monkeypatch):
    """Seconds that stand still until the test moves them."""
    seconds = [1000.0]
    monkeypatch.setattr("hummingface.instrument.gui.panels.status_line.time.monotonic", lambda: seconds[0])
    return seconds


@pytest.fixture
def line(qtbot, clock):
    made = StatusLine()
    qtbot.addWidget(made)
    return made


def show(line, late=0, drops=0):
    line.show_telemetry(Telemetry(late=late, underruns=drops), -20.0)
    return line.late.accessibleDescription(), line.drops.accessibleDescription()


def ready(line, clock, late=0, drops=0):
    """The engine is ready, and has been for a while."""
    line.begin_counting(Telemetry(late=late, underruns=drops))
    clock[0] += WARM_UP_S


def test_what_was_late_while_it_warmed_up_is_not_counted(line, clock):
    assert show(line, 500, 7) == ("0 late", "0 drops"), "an engine that another window left, before it is this one's"
    ready(line, clock, 59, 2)
    assert show(line, 59, 2) == ("0 late", "0 drops")
    assert line.calm
    assert show(line, 62, 3) == ("3 late", "1 drop")
    assert not line.calm


def test_the_first_sight_alarms_nobody(line, clock):
    line.show_telemetry(Telemetry(load=2.0), -20.0)
    line.begin_counting(Telemetry())
    clock[0] += WARM_UP_S / 2
    line.show_telemetry(Telemetry(late=3, underruns=2, load=2.0), -20.0)
    assert "ALARM" not in (line.load.tint, line.drops.tint) and line.drops.accessibleDescription() == "0 drops"
    assert "2 since the start" in line.drops.toolTip() and "3 since the start" in line.late.toolTip(), "but nothing is hidden"
    clock[0] += WARM_UP_S
    assert show(line, 3, 3) == ("0 late", "1 drop")
    assert line.drops.tint == "ALARM"


def test_an_engine_that_counts_from_zero_again_takes_nothing_back(line, clock):
    ready(line, clock, 10)
    assert show(line, 14)[0] == "4 late"
    assert show(line, 0)[0] == "4 late"             # another rate: there is a new engine
    assert show(line, 2)[0] == "6 late"
    line.begin_counting(Telemetry(late=2))     # it died and is back
    assert show(line, 2)[0] == "0 late"


def test_a_figure_is_coloured_for_a_while_after_it_grew(line, clock):
    ready(line, clock)
    show(line, 1, 1)
    assert line.late.tint == "WARM"
    assert line.drops.tint == "ALARM"
    clock[0] += TROUBLE_S + 1
    assert show(line, 1, 1) == ("1 late", "1 drop")
    assert line.late.tint != "WARM"
    assert line.drops.tint != "ALARM"


def test_figures_go_back_to_nothing_when_all_is_well(line, clock):
    ready(line, clock)
    show(line, 2, 1)
    clock[0] += CALM_S - 1
    assert show(line, 3, 1) == ("3 late", "1 drop")
    clock[0] += 2
    assert show(line, 3, 1) == ("3 late", "0 drops")
    clock[0] += CALM_S
    assert show(line, 3, 1) == ("0 late", "0 drops")
    assert line.calm and "3 since the start" in line.late.toolTip()
    assert show(line, 4, 1)[0] == "1 late"


def test_a_loud_peak_and_a_full_load_stand_out(line, clock):
    ready(line, clock)
    line.show_telemetry(Telemetry(load=0.95), -0.2)
    assert line.load.tint == "ALARM"
    assert line.peak.tint == "ALARM"
    line.show_telemetry(Telemetry(load=0.3), -12.0)
    assert "ALARM" not in (line.load.tint, line.peak.tint)
    assert line.peak.accessibleDescription() == "−12.0 dB"


def test_where_there_is_no_midi_the_line_says_what_to_install(qtbot):
    line = StatusLine()
    qtbot.addWidget(line)
    line.rescale()
    line.show_ports([], "No MIDI from the system. Type: sudo apt-get install libportmidi0")
    assert line.midi.accessibleDescription().startswith("No MIDI from the system")
    assert "libportmidi0" in line.midi.toolTip()
    line.show_ports(["Keys"])
    assert line.midi.accessibleDescription() == "MIDI"


def test_one_lamp_says_the_worst_and_opens_the_figures(line, clock, qtbot):
    ready(line, clock)
    line.show_telemetry(Telemetry(load=0.12), -20.0)
    assert (line.lamp.accessibleName(), line.lamp.text()) == ("Engine: CPU 12 %", "● CPU 12 %")
    line.show_telemetry(Telemetry(load=0.12, late=2), -20.0)
    assert line.lamp.accessibleName() == "Engine: 2 late"
    assert theme.WARM in line.lamp.styleSheet()
    line.show_telemetry(Telemetry(load=0.12, late=2, underruns=1), -20.0)
    assert line.lamp.accessibleName() == "Engine: 1 drop"
    assert theme.ALARM in line.lamp.styleSheet()
    line.show()
    assert not line.drops.isVisible()
    qtbot.mouseClick(line.lamp, Qt.MouseButton.LeftButton)
    assert line.drops.isVisible()
    assert line.late.accessibleDescription() == "2 late"
    qtbot.keyClick(line.lamp.sheet, Qt.Key.Key_Escape)
    assert not line.drops.isVisible()
