"""The status line: calm while all is well, and it counts what the player can hear, not what happened while the engine warmed up."""
import pytest

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.panels.status_line import TROUBLE_S, StatusLine
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


def test_what_was_late_while_it_warmed_up_is_not_counted(line):
    line.begin_counting(Telemetry(late=59, underruns=2))
    assert show(line, 59, 2) == ("0 late", "0 drops")
    assert line.calm
    assert show(line, 62, 3) == ("3 late", "1 drop")
    assert not line.calm


def test_an_engine_that_counts_from_zero_again_takes_nothing_back(line):
    line.begin_counting(Telemetry(late=10))
    assert show(line, 14)[0] == "4 late"
    assert show(line, 0)[0] == "4 late"             # another rate: there is a new engine
    assert show(line, 2)[0] == "6 late"
    line.begin_counting(Telemetry(late=2))     # it died and is back
    assert show(line, 2)[0] == "0 late"


def test_a_figure_is_coloured_for_a_while_after_it_grew(line, clock):
    line.begin_counting(Telemetry())
    show(line, 1, 1)
    assert line.late.tint == theme.WARM
    assert line.drops.tint == theme.ALARM
    clock[0] += TROUBLE_S + 1
    assert show(line, 1, 1) == ("1 late", "1 drop")
    assert line.late.tint != theme.WARM
    assert line.drops.tint != theme.ALARM


def test_a_loud_peak_and_a_full_load_stand_out(line):
    line.show_telemetry(Telemetry(load=0.95), -0.2)
    assert line.load.tint == theme.ALARM
    assert line.peak.tint == theme.ALARM
    line.show_telemetry(Telemetry(load=0.3), -12.0)
    assert theme.ALARM not in (line.load.tint, line.peak.tint)
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
