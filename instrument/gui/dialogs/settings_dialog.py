"""The Audio · MIDI dialog: audio device, rate, block size and MIDI ports; a test tone; the resulting latency."""
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from hummingface.instrument.audio.devices.device_names import same_device
from hummingface.instrument.audio.protocol import MPE_AUTOMATIC, MPE_MODES, AudioChoice
from hummingface.instrument.gui.panels.look_row import LookRow
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import Label, caption, set_tip, shortened
from hummingface.instrument.gui.widgets.scrolling import leave_wheel

RATES_HZ = (44_100, 48_000, 88_200, 96_000)
NO_PORTS = "There is no MIDI port. A keyboard that you plug in appears here."
LONGEST_SHOWN = 80              # characters of the name of a port
LEAST_LINES, MOST_LINES = 3, 9  # of ports, that the dialog shows at once
BLOCKS = (16, 32, 64, 128, 256, 512, 1024, 2048)


class PortBox(QCheckBox):
    """A MIDI port that may be chosen."""

    def __init__(self, port: str):
        super().__init__(caption(shortened(port, LONGEST_SHOWN)))
        self.port = port
        self.setAccessibleName(f"MIDI port {port}")


class PortList(QScrollArea):
    """The MIDI ports, a line each; more than `MOST_LINES` are scrolled."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes: list[PortBox] = []
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)         # its boxes have it
        self.setAccessibleName("MIDI ports")
        self.hide()

    def show_ports(self, ports: list[str]) -> bool:
        """Show these ports. Returns whether their boxes are new."""
        if [box.port for box in self.boxes] == ports:
            return False
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(6))
        self.boxes = [PortBox(port) for port in ports]
        for box in self.boxes:
            column.addWidget(box)
        column.addStretch(1)
        self.setWidget(inside)                              # which deletes the one before
        self.setVisible(bool(ports))
        self.updateGeometry()
        return True

    def _lines(self, most: int) -> int:
        """The height of so many lines, or of all."""
        shown = self.boxes[:most]
        return sum(box.sizeHint().height() for box in shown) + theme.px(6) * max(len(shown) - 1, 0)

    def sizeHint(self) -> QSize:
        wide = max((box.sizeHint().width() for box in self.boxes), default=0) + theme.px(12)
        return QSize(wide, self._lines(MOST_LINES))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._lines(LEAST_LINES))


class SettingsDialog(QDialog):
    """Not modal: you can play while you look for the right block size. `wanted` carries commands for the engine."""

    wanted = Signal(dict)
    touch_wanted = Signal()

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setWindowTitle("Audio and MIDI")
        self.setModal(False)
        self._filling = False
        self._osc = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(18),) * 4)
        column.setSpacing(theme.px(10))
        column.addLayout(self._audio())
        self.problem = Label(wraps=True)
        self.problem.setObjectName("alarm")
        self.problem.setAccessibleName("Audio problem")
        self.problem.hide()
        column.addWidget(self.problem)
        self._add_ports(column)
        column.addLayout(self._played())
        self.look = LookRow()
        column.addWidget(self.look)
        column.addSpacing(theme.px(8))
        column.addStretch(1)
        column.addLayout(self._buttons())
        self.setMinimumWidth(theme.px(460))

    def _audio(self) -> QFormLayout:
        """Device, rate, block and what follows of them."""
        form = QFormLayout()
        form.setHorizontalSpacing(theme.px(16))
        form.setVerticalSpacing(theme.px(8))
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.device, self.rate, self.block = QComboBox(), QComboBox(), QComboBox()
        for name, box, about in (
                ("Audio device", self.device, "Where the sound goes; the window goes back to it when it comes again"),
                ("Sample rate", self.rate, "Of the device; the network plays at any"),
                ("Block size", self.block, "Smaller: less latency, and more work. Larger, where the line at the bottom counts drops")):
            box.setAccessibleName(name)
            set_tip(box, about)
            label = Label(name)
            label.setObjectName("soft")
            label.setBuddy(box)
            label.setMinimumHeight(theme.px(28))
            form.addRow(label, box)
            box.activated.connect(self._open_audio)
        leave_wheel(self.device, self.rate, self.block)
        self.device.setMinimumWidth(theme.px(300))
        self.device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)     # whatever devices are called
        self.device.addItem("The system's default", None)
        self.rate.addItem("The device's own", None)
        for rate in RATES_HZ:
            self.rate.addItem(f"{rate / 1000:g} kHz", rate)
        self.block.addItem("As the system suggests", None)
        for block in BLOCKS:
            self.block.addItem(f"{block} samples", block)
        self.latency = Label("–")
        self.latency.setAccessibleName("Latency")
        beside = Label("Latency")
        beside.setObjectName("soft")
        beside.setMinimumHeight(theme.px(28))
        form.addRow(beside, self.latency)
        return form

    def _add_ports(self, column: QVBoxLayout) -> None:
        """MIDI's inputs, and its output."""
        heading = Label("MIDI INPUTS")
        heading.setObjectName("heading")
        column.addSpacing(theme.px(6))
        column.addWidget(heading)
        self.all_ports = QCheckBox("All ports, new ones too")
        self.all_ports.setAccessibleName("All MIDI ports")
        set_tip(self.all_ports, "Hear every port, also those of keyboards that you plug in later")
        self.all_ports.setChecked(True)
        self.all_ports.clicked.connect(self._open_midi)
        self.no_ports = Label(NO_PORTS, wraps=True)
        self.no_ports.setObjectName("dim")
        self.ports = PortList()
        self.midi_out = QCheckBox("MIDI out: what is played")
        self.midi_out.setAccessibleName("MIDI out")
        set_tip(self.midi_out, "A port, “HummingFace out”, from which other programs hear the notes, as the velocity curve and the "
                "arpeggiator have made them")
        self.midi_out.clicked.connect(lambda on: self.wanted.emit({"do": "midi_out", "on": on}))
        first = QHBoxLayout()
        first.addWidget(self.all_ports)
        first.addStretch(1)
        first.addWidget(self.midi_out)
        column.addLayout(first)
        column.addWidget(self.no_ports)
        column.addWidget(self.ports)

    def _played(self) -> QHBoxLayout:
        """How what comes in is played."""
        self.touch = QPushButton("Velocity curve…")
        self.touch.setAccessibleName("Velocity curve")
        set_tip(self.touch, "Your velocity curve: draw it, choose it, or have it learnt from your playing")
        self.touch.clicked.connect(self.touch_wanted)
        self.osc = QLineEdit(placeholderText="OSC: not heard; a port, or HOST:PORT")
        self.osc.setAccessibleName("OSC port")
        set_tip(self.osc, "Where OSC is heard: a port of this machine alone, such as 9000, or HOST:PORT (0.0.0.0:9000: from everywhere). "
                "Empty: nowhere. `hummingface controls --osc` lists the addresses")
        self.osc.editingFinished.connect(self._open_osc)
        self.mpe = QComboBox()
        self.mpe.setAccessibleName("MPE")
        set_tip(self.mpe, "For controllers that bend each note by itself. Automatic: the zones that they send. A zone: that one always")
        for name, mode in MPE_MODES.items():
            self.mpe.addItem(mode.label, name)
        self.mpe.activated.connect(lambda: self.wanted.emit({"do": "mpe", "mode": self.mpe.currentData()}))
        leave_wheel(self.mpe)
        label = Label("MPE")
        label.setObjectName("soft")
        label.setBuddy(self.mpe)
        row = QHBoxLayout()
        row.addWidget(self.touch)
        row.addWidget(self.osc, 1)
        row.addWidget(label)
        row.addWidget(self.mpe)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.tone = QPushButton("Test tone")
        self.tone.setAccessibleName("Test tone")
        self.tone.setCheckable(True)
        set_tip(self.tone, "A quiet 440 Hz sine")
        self.tone.toggled.connect(lambda on: self.wanted.emit({"do": "test_tone", "on": on}))
        self.rescan = QPushButton("Look again")
        self.rescan.setAccessibleName("Look for devices again")
        set_tip(self.rescan, "List devices and ports again")
        self.rescan.clicked.connect(lambda: self.wanted.emit({"do": "list"}))
        self.close_button = QPushButton("Done")
        self.close_button.setAccessibleName("Close")
        set_tip(self.close_button, "Close this window; everything in it holds already")
        self.close_button.setProperty("role", "main")
        self.close_button.clicked.connect(self.accept)
        for widget in (self.tone, self.rescan):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.close_button)
        return row

    def show_devices(self, audio: list[dict], midi: list[str]) -> None:
        """Show the devices: `audio` as the engine lists them (name, system, channels, rate_hz, default), names of MIDI ports."""
        chosen = self.device.currentData()
        self.device.clear()
        self.device.addItem("The system's default", None)
        for device in audio:
            self.device.addItem(f"{device['name']}{' (default)' if device.get('default') else ''}", device["name"])
        self.device.setCurrentIndex(self._index_of(chosen))
        self._list_ports(midi, [box.port for box in self.ports.boxes if box.isChecked()])

    def show_choice(self, audio: AudioChoice, midi_ports: list[str] | None, mpe: str = MPE_AUTOMATIC,
                    midi_out: bool = False) -> None:
        """Show the player's earlier choice."""
        for box, value, text in ((self.device, audio.device, str(audio.device)),
                                 (self.rate, audio.rate_hz, f"{(audio.rate_hz or 0) / 1000:g} kHz"),
                                 (self.block, audio.block_samples, f"{audio.block_samples} samples")):
            if isinstance(value, str) and self._index_of(value):            # a device that is listed
                value = self.device.itemData(self._index_of(value))
            if value is not None and box.findData(value) < 0:
                box.addItem(text, value)
            box.setCurrentIndex(max(box.findData(value), 0))
        self.mpe.setCurrentIndex(self.mpe.findData(mpe))
        self.midi_out.setChecked(midi_out)
        self.all_ports.setChecked(midi_ports is None)
        if midi_ports is not None:
            self._list_ports([box.port for box in self.ports.boxes], midi_ports)

    def _index_of(self, device: str | None) -> int:
        """The place of a device in the list, though its card may have another number now; 0, the system's default, if it is not there."""
        alike = (i for i in range(1, self.device.count()) if device is not None and same_device(device, self.device.itemData(i)))
        return max(self.device.findData(device), 0) or next(alike, 0)

    def show_audio(self, message: dict) -> None:
        """The engine opened a device, or could not."""
        self.problem.setText(shortened(message.get("problem") or ""))
        self.problem.setVisible(bool(message.get("problem")))
        ours = message["block_samples"] / message["rate_hz"] * 1000
        block = f"{message['block_samples']} samples at {message['rate_hz'] / 1000:g} kHz are {ours:.1f} ms"
        self.latency.setText(f"{message['latency_ms']:.1f} ms   ({block})" if message["latency_ms"] else "no device is open")

    def show_midi(self, message: dict) -> None:
        """The engine's MIDI ports, and which are open."""
        self._list_ports(message["ports"], message["open"])
        self.no_ports.setText(shortened(message["problem"] or NO_PORTS))

    def _list_ports(self, ports: list[str], opened: list[str]) -> None:
        if self.ports.show_ports(ports):
            for box in self.ports.boxes:
                box.clicked.connect(self._open_midi)
        self.no_ports.setVisible(not ports)
        for box in self.ports.boxes:
            box.setChecked(box.port in opened or self.all_ports.isChecked())
            box.setEnabled(not self.all_ports.isChecked())

    def _open_audio(self) -> None:
        self.wanted.emit({"do": "open_audio", "device": self.device.currentData(), "rate_hz": self.rate.currentData(),
                          "block_samples": self.block.currentData()})

    def show_osc(self, place: str | None) -> None:
        """Show where OSC is heard."""
        self._osc = place or ""
        self.osc.setText(self._osc)

    def _open_osc(self) -> None:
        place = self.osc.text().strip()
        if place != self._osc:
            self._osc = place
            self.wanted.emit({"do": "osc", "listen": place or None, "echo": None})

    def _open_midi(self) -> None:
        for box in self.ports.boxes:
            box.setEnabled(not self.all_ports.isChecked())
        ports = None if self.all_ports.isChecked() else [box.port for box in self.ports.boxes if box.isChecked()]
        self.wanted.emit({"do": "open_midi", "ports": ports})

    def hideEvent(self, event: QHideEvent) -> None:
        self.tone.setChecked(False)     # the test tone ends with the dialog
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return                      # Enter opens what has the focus and shuts nothing
        super().keyPressEvent(event)
