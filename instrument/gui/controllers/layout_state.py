"""The saved layout of the window, beside the sound: sizes, pages, open panels, the computer keys, the modulation wheel.

Plain values by name. A saved file may hold any type and size: a value that makes no sense is ignored.
"""
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget

from hummingface.instrument.gui.controllers.qwerty import HIGHEST_OCTAVE, LOWEST_OCTAVE
from hummingface.instrument.offline.spectra import PALETTES
from hummingface.models.playing.checked_json import JsonObject

if TYPE_CHECKING:
    from hummingface.instrument.gui.window import Window

PANELS: dict[str, Callable[["Window"], QWidget]] = {
    "settings": lambda window: window.dialog, "takes": lambda window: window.takes, "exports": lambda window: window.exports,
    "learning": lambda window: window.recordings.panel}
OPEN: dict[str, Callable[["Window"], None]] = {
    "settings": lambda window: window.open_settings(), "takes": lambda window: window.takes.open(),
    "exports": lambda window: window.exports.open(), "learning": lambda window: window.recordings.panel.open()}


def layout_of(window: "Window") -> JsonObject:
    """The current layout."""
    made = {name: PANELS[name](window) for name in PANELS if _is_made(window, name)}
    values = {"geometry": _geometry(window), "octave": window.qwerty.octave, "velocity": window.qwerty.velocity,
              "families": window.named.turn.isChecked(), "page": window.spectrogram.page,
              "palette": window.spectrogram.view.palette_name, "playing": window.panels.currentIndex() == 1, "wheel": window.wheel.value(),
              "modulation": window.middle.currentWidget() is window.modulation, "map": window.map.shown,
              "large_map": window.map.panel.large.isChecked(), "hear": window.map.panel.hear.isChecked(),
              "zoom": window.guidance.look.zoom, "high_contrast": window.guidance.look.high_contrast,
              "amount": window.latents.amount.value(), "mutation": window.latents.mutation.value(),
              "open": [name for name, panel in made.items() if panel.isVisible()],
              "panels": {name: _geometry(panel) for name, panel in made.items()}}
    if "exports" in made:
        values["export"] = [_value(field) for field in window.exports.fields()]
    if "learning" in made and window.recordings.learning.job is not None:
        values["lesson"] = window.recordings.learning.job.name
    return values


def restore_layout(window: "Window", values: JsonObject) -> None:
    """Restore a layout; call it before the window is shown. Panels are opened by `reopen`."""
    _restore_geometry(window, values.get("geometry"))
    window.guidance.look.restore(values.get("zoom"), values.get("high_contrast"))
    window.qwerty.octave = _whole(values.get("octave"), LOWEST_OCTAVE, HIGHEST_OCTAVE, window.qwerty.octave)
    window.qwerty.velocity = _whole(values.get("velocity"), 1, 127, window.qwerty.velocity)
    window.wheel.setValue(_whole(values.get("wheel"), window.wheel.minimum(), window.wheel.maximum(), window.wheel.value()))
    for name, amount in (("amount", window.latents.amount), ("mutation", window.latents.mutation)):
        amount.setValue(_whole(values.get(name), amount.minimum(), amount.maximum(), amount.value()))
    window.named.turn.setChecked(values.get("families") is True)
    window.middle.setCurrentWidget(window.modulation if values.get("modulation") is True else window.spectrogram)
    window.map.panel.large.setChecked(values.get("large_map") is not False)
    window.map.panel.hear.setChecked(values.get("hear") is not False)
    if values.get("map") is True:
        window.map.show()
    window.panels.setCurrentIndex(values.get("playing") is True)
    before = "beat" if values.get("beat") is True else "frame" if values.get("frame") is True else "sound"
    wanted = values.get("page", before)
    page = wanted if isinstance(wanted, str) and wanted in window.spectrogram.pages else before
    window.spectrogram.pages[page][0].setChecked(True)
    if isinstance(colours := values.get("palette"), str) and colours in PALETTES:
        window.spectrogram.view.show_palette(colours)


def reopen(window: "Window", values: JsonObject) -> None:
    """Open the panels that were open, where they were; call it when the window is shown."""
    if isinstance(job := values.get("lesson"), str):
        window.recordings.learning.find(job)
    fields, panels, opened = values.get("export"), values.get("panels"), values.get("open")
    if isinstance(fields, list):
        for field, value in zip(window.exports.fields(), fields, strict=False):
            _set_value(field, value)
    for name in PANELS:
        if isinstance(opened, list) and name in opened and (name != "learning" or window.recordings.learning.job is not None):
            _restore_geometry(PANELS[name](window), panels.get(name) if isinstance(panels, dict) else None)
            OPEN[name](window)
    window.activateWindow()


def _is_made(window: "Window", name: str) -> bool:
    """Whether a panel has been made: panels are made when they are first opened."""
    return name == "settings" or window.late.is_made(name) or (name == "learning" and "panel" in vars(window.recordings))


def _geometry(widget: QWidget) -> str:
    return widget.saveGeometry().toBase64().toStdString()


def _restore_geometry(widget: QWidget, value: object) -> None:
    if isinstance(value, str) and len(value) < 1000:
        widget.restoreGeometry(QByteArray.fromBase64(value.encode("ascii", "ignore")))


def _whole(value: object, low: int, high: int, otherwise: int) -> int:
    return value if type(value) is int and low <= value <= high else otherwise


def _value(field: QWidget) -> int | float | bool | None:
    if isinstance(field, QComboBox):
        return field.currentIndex()
    return field.isChecked() if isinstance(field, QCheckBox) else field.value() if isinstance(field, QSpinBox | QDoubleSpinBox) else None


def _set_value(field: QWidget, value: object) -> None:
    if isinstance(field, QComboBox):
        field.setCurrentIndex(_whole(value, 0, field.count() - 1, field.currentIndex()))
    elif isinstance(field, QCheckBox):
        field.setChecked(value is True)
    elif isinstance(field, QSpinBox):
        field.setValue(_whole(value, field.minimum(), field.maximum(), field.value()))
    elif isinstance(field, QDoubleSpinBox) and isinstance(value, int | float) and not isinstance(value, bool):
        field.setValue(min(max(value, field.minimum()), field.maximum()))
