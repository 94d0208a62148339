"""Exports of every kind: the one entry of the command line, the window's export process and the Python API."""
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hummingface.instrument.export import multisample, wavetable
from hummingface.instrument.export.form_table import WAVETABLE
from hummingface.instrument.export.report import ExportReport
from hummingface.instrument.performance.sound_bank import Sound

T = TypeVar("T", multisample.MultisampleOptions, wavetable.WavetableOptions)


def export(kind: str, sound: Sound, out: str | Path, options: Mapping[str, Any],
           progress: Callable[[int, int], None] = lambda done, total: None) -> ExportReport:
    """Export a sound into `out`, whole or not at all. `kind` is the name of a form, or "wavetable".

    `options` are the fields of `MultisampleOptions` or `WavetableOptions`; other names are ignored. `progress` is called with steps
    (done, total); what it raises ends the export and leaves nothing. Raises ExportError, OSError, naming the file.
    """
    if kind == WAVETABLE:
        return wavetable.export(sound, out, _chosen(wavetable.WavetableOptions, options), progress)
    return multisample.export(kind, sound, out, _chosen(multisample.MultisampleOptions, options), progress)


def _chosen(kind: type[T], values: Mapping[str, Any]) -> T:
    return kind(**{field.name: values[field.name] for field in dataclasses.fields(kind) if field.name in values})
