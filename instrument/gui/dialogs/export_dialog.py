"""The export dialog: what to make of the current sound, progress, and the result."""
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QProgressBar,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from hummingface.instrument.export.form_table import FORMS, WAVETABLE
from hummingface.instrument.export.forms import check
from hummingface.instrument.export.hidden_folder import ExportError
from hummingface.instrument.export.zones import instrument_name
from hummingface.instrument.gui.controllers.exporting import Exporting
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip, shortened
from hummingface.instrument.gui.widgets.scrolling import leave_wheel
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.recording import naming
from hummingface.instrument.session.settings import Settings

LOOPS = (("Notes that last", None), ("All notes", True), ("None", False))
# Knobs that change a single cycle; for the others there is the command line
ALONG_GROUPS = ("latent", "morph", "filter", "character")


class ExportDialog(QDialog):
    """Not modal: you can play meanwhile. `patch` gives the current sound."""

    def __init__(self, parent: QWidget, patch: Callable[[], Patch], settings: Settings):
        super().__init__(parent)
        self._patch, self._settings = patch, settings
        self.exporting = Exporting(self)
        self.setWindowTitle("Export")
        self.setModal(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(18),) * 4)
        column.setSpacing(theme.px(10))
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(theme.px(16))
        self._form.setVerticalSpacing(theme.px(8))
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        column.addLayout(self._form)
        self._make_fields()
        self._fill_form()
        self._make_result()
        column.addWidget(self.bar)
        column.addWidget(self.status)
        column.addStretch(1)
        column.addLayout(self._buttons())
        self.setMinimumWidth(theme.px(440))
        self._out: Path | None = None
        self.kind.currentIndexChanged.connect(lambda _index: self._show_rows())
        self.exporting.moved.connect(self._show_progress)
        self.exporting.ended.connect(self._show_end)
        self._show_rows()
        self._show_buttons()

    def _make_fields(self) -> None:
        self.kind, self.loop, self.along = QComboBox(), QComboBox(), QComboBox()
        for name, form in FORMS.items():
            self.kind.addItem(form.label, name)
        self.kind.addItem("Wavetable (Serum, Vital)", WAVETABLE)
        for text, value in LOOPS:
            self.loop.addItem(text, value)
        self.along.addItem("Time", "time")
        for parameter in PARAMETERS.values():
            if parameter.group in ALONG_GROUPS and not parameter.choices:
                self.along.addItem(f"{parameter.group.capitalize()}: {parameter.label}", parameter.id)
        self.every, self.velocities, self.key = _whole(1, 24, 3, " keys"), _whole(1, 16, 3, " layers"), _whole(12, 96, 48, "")
        self.seconds = QDoubleSpinBox(minimum=1, maximum=60, value=4, decimals=1, suffix=" s")
        self.wet = QCheckBox("Include delay and reverb")
        leave_wheel(self.kind, self.every, self.velocities, self.seconds, self.loop, self.along, self.key)
        for box in (self.every, self.velocities, self.key, self.seconds):
            box.lineEdit().setTextMargins(theme.px(6), 0, 0, 0)         # in line with the other fields

    def _fill_form(self) -> None:
        rows = (("Make", self.kind, "What for"), ("One sample in", self.every, "Keys between samples are played from the nearest one"),
                ("Velocities", self.velocities, "Each layer has its own samples"), ("Length", self.seconds, "Of each note"),
                ("Loop", self.loop, "So that notes sound as long as a key is held"),
                ("Carry", self.wet, "In the samples; drive and chorus are always included"),
                ("Along", self.along, "What changes from the first cycle to the last"),
                ("Key", self.key, "The note that is played, 60 is C4"))
        for name, field, tip in rows:
            field.setAccessibleName(name)
            set_tip(field, tip)
            label = Label(name)
            label.setObjectName("soft")
            label.setBuddy(field)
            label.setMinimumHeight(theme.px(28))
            field.setMinimumHeight(theme.px(28))
            self._form.addRow(label, field)

    def _make_result(self) -> None:
        """The bar and the line that say how far it is, and what has come of it."""
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress of the export")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(theme.px(6))
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)        # so that nothing moves when it appears
        self.bar.setSizePolicy(policy)
        self.status = Label(wraps=True)
        self.status.setAccessibleName("Result")
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.status.setMinimumHeight(theme.px(34))

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.reveal, self.cancel = push_button("Show files", self._reveal), push_button("Cancel", self.exporting.cancel)
        self.start = push_button("Export…", self._choose)
        self.start.setProperty("role", "main")
        row.addWidget(self.reveal)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.start)
        return row

    def fields(self) -> tuple[QWidget, ...]:
        """All fields of the dialog, always in this order."""
        return self.kind, self.every, self.velocities, self.seconds, self.loop, self.wet, self.along, self.key

    def open(self) -> None:
        """Show it beside the window's contents."""
        self.show()
        self.raise_()
        self.activateWindow()

    def export_to(self, out: str | Path) -> None:
        """Start the export into this file or folder."""
        kind, patch = self.kind.currentData(), self._patch()
        try:
            check(kind, out, patch.name)
        except ExportError as error:
            self._tell(str(error), problem=True)
            return
        self._out = Path(out)
        options: dict[str, Any] = {"seconds": self.seconds.value()}
        if kind == WAVETABLE:
            options |= {"along": self.along.currentData(), "key": self.key.value()}
        else:
            options |= {"every": self.every.value(), "velocities": self.velocities.value(), "loop": self.loop.currentData(),
                        "wet": self.wet.isChecked()}
        self._tell(f"Exporting {self._out.name}…")
        self.bar.setRange(0, 0)                     # started; progress follows
        self.exporting.start({"kind": kind, "patch": patch.to_json(), "out": str(out), "options": options})
        self._show_buttons()

    def _choose(self) -> None:
        kind = self.kind.currentData()
        form = FORMS.get(kind)
        suffix = ".wav" if form is None else form.packed or form.suffix or ""
        start = self._last_folder() / f"{instrument_name(self._patch().name)}{suffix}"
        out, _ = QFileDialog.getSaveFileName(self, "Export", str(start), f"*{suffix}", options=QFileDialog.Option.DontConfirmOverwrite)
        if out:
            self.export_to(out if Path(out).suffix else out + suffix)

    def _last_folder(self) -> Path:
        """The folder of the last export, or that of the takes, if it exists."""
        folders = [self._out.parent] if self._out is not None else []
        folders.append(Path(self._settings.take_folder or naming.folder()))
        return next((folder for folder in folders if folder.is_dir()), Path.home())

    def _show_rows(self) -> None:
        table = self.kind.currentData() == WAVETABLE
        for field in (self.every, self.velocities, self.loop, self.wet):
            self._form.setRowVisible(field, not table)
        for field in (self.along, self.key):
            self._form.setRowVisible(field, table)

    def _show_buttons(self) -> None:
        running = self.exporting.running
        self.start.setVisible(not running)
        self.cancel.setVisible(running)
        self.bar.setVisible(running)
        self.reveal.setVisible(not running and self._out is not None and self._out.exists())

    def _show_progress(self, done: int, of: int) -> None:
        self.bar.setRange(0, of)
        self.bar.setValue(done)

    def _show_end(self, text: str, problem: str) -> None:
        self._tell(problem or text or "Cancelled; no file was left.", bool(problem))
        self._show_buttons()

    def _tell(self, text: str, problem: bool = False) -> None:
        self.status.setText(shortened(text))
        self.status.setStyleSheet(f"color: {theme.ALARM if problem else theme.SOFT};")
        self.status.setAccessibleDescription(text)

    def _reveal(self) -> None:
        if self._out is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._out.parent)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return                                  # Enter in a field begins nothing
        super().keyPressEvent(event)


def _whole(low: int, high: int, value: int, suffix: str) -> QSpinBox:
    box = QSpinBox(minimum=low, maximum=high, suffix=suffix)
    box.setValue(value)
    return box
