"""The status line: the engine's state and figures, grey while all is well."""
import math
import time

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.panels.engine_lamp import EngineLamp
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip, tip

MIDI_LIGHT_MS = 120
DEVICE_TIP = "What plays, at which rate and block size"
LOAD_TIP = "Of the time that there is: of the audio thread or the performer, whichever has less"
LATE_TIP = "Frames that the model delivered late: the timbre changes late, nothing clicks"
DROPS_TIP = "Blocks that the sound card did not get in time: audible breaks"
DEVICE_WIDTH, MIDI_WIDTH = 380, 330
SHORT_NAMES = {"JACK Audio Connection Kit": "JACK", "Windows WASAPI": "WASAPI", "Windows DirectSound": "DirectSound"}
DOT = "● "
TROUBLE_S, CALM_S = 10.0, 60.0      # after the last fault a figure is grey again, and nothing again
WARM_UP_S = 5.0             # after the engine is ready: faults are counted, and stand in the tooltip, but alarm nobody


class _Count:
    """A count of faults since the engine was ready: `total` of all, `shown` of those that the player should see."""

    def __init__(self) -> None:
        self.total = self.shown = 0
        self._told: int | None = None       # the engine's own count; None before it is ready
        self._ready_s = self._grew_s = 0.0

    def begin(self, count: int, now_s: float) -> None:
        """The engine is ready; `count` is its count so far."""
        self.total, self.shown, self._told, self._ready_s, self._grew_s = 0, 0, count, now_s, now_s - TROUBLE_S

    def update(self, count: int, now_s: float) -> None:
        """The engine's count now."""
        if self._told is None:
            return
        new = count - self._told if count >= self._told else count      # less: another engine, which counts from nothing
        self._told, self.total = count, self.total + new
        if new and now_s - self._ready_s >= WARM_UP_S:
            self.shown, self._grew_s = self.shown + new, now_s
        elif now_s - self._grew_s >= CALM_S:
            self.shown = 0

    def fresh(self, now_s: float) -> bool:
        """Whether it grew a short while ago."""
        return self.shown > 0 and now_s - self._grew_s < TROUBLE_S


class Reading(Label):
    """A text in one colour, behind a dot in another where it has one. Colours are names of the theme's."""

    def __init__(self, name: str):
        super().__init__()
        self.tint, self.dot = "SOFT", ""
        self.setAccessibleName(name)

    def show_reading(self, text: str, tint: str, dot: str) -> None:
        """Show this."""
        if (text, tint, dot) != (self.text(), self.tint, self.dot):
            self.tint, self.dot = tint, dot
            self.setText(text)
            self.setAccessibleDescription(text)
            self.updateGeometry()
            self.update()

    def _dot_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(DOT) if self.dot else 0

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(self._dot_width(), 0)

    def minimumSizeHint(self) -> QSize:
        return super().minimumSizeHint() + QSize(self._dot_width(), 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        place = self.contentsRect()
        if self.dot:
            painter.setPen(theme.colour(getattr(theme, self.dot)))
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, DOT)
            place.setLeft(place.left() + self._dot_width())
        painter.setPen(theme.colour(getattr(theme, self.tint)))
        painter.drawText(place, self.alignment() | Qt.AlignmentFlag.AlignVCenter, self.text())


class StatusLine(QWidget):
    """Call `show_telemetry` about four times a second, and `midi_seen` whenever a message arrives."""

    panic_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        self.midi = self._reading("MIDI activity", "Lights up with every MIDI message; the names of open ports when pointed at")
        self.device = self._reading("Audio device", DEVICE_TIP)
        self._device = ""
        row.addStretch(1)
        self.keys = self._reading("Computer keys", "Computer keys: A to ; play, Z X change the octave, C V the velocity, B is the pedal")
        self.clock = self._reading("Tempo", "Tempo of the incoming MIDI clock; dim while it is stopped")
        self.clock.setVisible(False)
        self.voices = self._reading("Voices", "Notes that sound now")
        self.load, self.late, self.drops = (Reading(name) for name in ("Load", "Late frames", "Drop-outs"))
        self.lamp = EngineLamp(((self.load, LOAD_TIP), (self.late, LATE_TIP), (self.drops, DROPS_TIP)))
        row.addWidget(self.lamp)
        self.latency = self._reading("Latency", "Latency from a key to its sound: ours and the device's")
        self._late, self._drops, self._ready_s = _Count(), _Count(), math.inf
        self.peak = self._reading("Peak", "Highest level of the last seconds; the limiter works above -0.5 dB")
        self.panic = QPushButton("PANIC")
        self.panic.setProperty("role", "panic")
        self.panic.setAccessibleName("Panic")
        set_tip(self.panic, "Silence at once, all notes off (Ctrl+.)")
        self.panic.clicked.connect(self.panic_wanted)
        row.addWidget(self.panic)
        self._light = QTimer(self, interval=MIDI_LIGHT_MS, singleShot=True)
        self._light.timeout.connect(self._show_midi)
        self._no_midi = ""
        self._show_midi()

    def show_button(self, button: QWidget) -> None:
        """Give a button of a controller's a place beside what MIDI does."""
        self._row.insertWidget(1, button)

    def _reading(self, name: str, about: str) -> Reading:
        reading = Reading(name)
        set_tip(reading, about)
        self._row.addWidget(reading)
        return reading

    @staticmethod
    def _set(reading: Reading, text: str, tint: str = "SOFT", dot: str = "") -> None:
        reading.show_reading(text, tint, dot)

    def rescale(self) -> None:
        """Apply the current scale."""
        self._row.setSpacing(theme.px(18))
        widest = ((self.keys, "Keys C4 · velocity 127"), (self.voices, "64 voices"), (self.load, "CPU 88 %"),
                  (self.latency, "88.8 ms"), (self.late, "88 late"), (self.drops, "8 drops"), (self.peak, "−88.8 dB"))
        for reading, text in widest:
            reading.setFont(theme.font("label"))
            reading.setMinimumWidth(reading.fontMetrics().horizontalAdvance(text))
            reading.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.lamp.rescale()
        self.device.setFont(theme.font("label"))
        self._fit_device()

    def midi_seen(self) -> None:
        """A MIDI message arrived."""
        self._set(self.midi, "MIDI", "TEXT", dot="COOL")
        self._light.start()

    def _show_midi(self) -> None:
        """MIDI without traffic: if there is no port, what to do about it."""
        short = self.midi.fontMetrics().elidedText(self._no_midi, Qt.TextElideMode.ElideRight, theme.px(MIDI_WIDTH))
        self._set(self.midi, short or "MIDI", "WARM" if short else "DIM", dot="WARM" if short else "TRACK")

    def show_ports(self, names: list[str], problem: str = "") -> None:
        """Show open MIDI ports in the tooltip; while there can be none, the line says why."""
        self._no_midi = "" if names else problem
        self._show_midi()
        set_tip(self.midi, tip("MIDI", ", ".join(names) if names else "no port is open", problem))

    def show_device(self, device: str | None, rate_hz: int = 0, block_samples: int = 0) -> None:
        """Show the playing device ("name, system" as the engine reports it), or None: there is none."""
        name, _, system = (device or "").rpartition(", ")
        parts = [name, SHORT_NAMES.get(system, system), f"{rate_hz / 1000:g} kHz", f"{block_samples} samples"]
        self._device = " · ".join(part for part in parts if part) if device else "no sound"
        set_tip(self.device, tip(DEVICE_TIP, "", device) if device else DEVICE_TIP)
        self._fit_device()

    def _fit_device(self) -> None:
        """A long name is shortened in its middle, so that it never widens the window."""
        short = self.device.fontMetrics().elidedText(self._device, Qt.TextElideMode.ElideMiddle, theme.px(DEVICE_WIDTH))
        self._set(self.device, short, "ALARM" if self._device == "no sound" else "DIM")
        self.device.setAccessibleDescription(self._device)

    def show_clock(self, bpm: float | None, started: bool) -> None:
        """Show the tempo of a MIDI clock, None if none runs, and whether the song runs too."""
        self._set(self.clock, f"♩ {bpm or 0:.1f}", "SOFT" if started else "DIM")
        self.clock.setVisible(bpm is not None)

    def show_keys(self, octave: int, velocity: int) -> None:
        """Show the octave of the computer keys (of their first C) and their velocity."""
        self._set(self.keys, f"Keys C{octave} · velocity {velocity}", "DIM")

    @property
    def calm(self) -> bool:
        """Whether it shows that nothing is late and nothing drops out."""
        return not (self._late.shown or self._drops.shown)

    def begin_counting(self, telemetry: Telemetry) -> None:
        """The engine is ready to play: late frames and drop-outs are counted from now on."""
        now_s = self._ready_s = time.monotonic()
        self._late.begin(telemetry.late, now_s)
        self._drops.begin(telemetry.underruns, now_s)

    def show_telemetry(self, telemetry: Telemetry, peak_db: float) -> None:
        """Figures of the engine; see `hummingface.instrument.audio.protocol.Telemetry`."""
        now_s = time.monotonic()
        self._late.update(telemetry.late, now_s)
        self._drops.update(telemetry.underruns, now_s)
        load = max(telemetry.load, telemetry.performer_load)
        self._set(self.voices, f"{telemetry.voices} voice{'' if telemetry.voices == 1 else 's'}")
        alarming = load > 0.9 and now_s - self._ready_s >= WARM_UP_S
        self._set(self.load, f"CPU {load * 100:.0f} %", "ALARM" if alarming else "SOFT")
        set_tip(self.load, f"Audio thread {telemetry.load * 100:.0f} % of its time, performer "
                             f"{telemetry.performer_load * 100:.0f} %, decoder {telemetry.decoder_us:.0f} µs a step")
        self._set(self.latency, f"{telemetry.latency_ms:.1f} ms" if telemetry.latency_ms else "– ms")
        set_tip(self.late, f"{LATE_TIP}. {self._late.total} since the start")
        set_tip(self.drops, f"{DROPS_TIP}. {self._drops.total} since the start")
        self._set(self.late, f"{self._late.shown} late", "WARM" if self._late.fresh(now_s) else "SOFT")
        self._set(self.drops, f"{self._drops.shown} drop{'' if self._drops.shown == 1 else 's'}",
                  "ALARM" if self._drops.fresh(now_s) else "SOFT")
        worst = next((reading for reading in (self.drops, self.late) if reading.tint != "SOFT"), self.load)
        self.lamp.show_state(worst.text(), worst.tint)
        text = "–∞ dB" if peak_db <= -100 else f"{peak_db:.1f} dB".replace("-", "−")
        self._set(self.peak, text, "ALARM" if peak_db > -0.5 else "SOFT")
