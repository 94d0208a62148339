"""Where the files of an export go, and the writers of the formats of `form_table.py`."""
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hummingface.instrument.export import bitwig, decentsampler, sfz_writer
from hummingface.instrument.export.form_table import FORMS, Form
from hummingface.instrument.export.hidden_folder import ExportError
from hummingface.instrument.export.mapping import SampledInstrument
from hummingface.instrument.export.zones import instrument_name
from hummingface.instrument.files.paths import refuse_existing

SAMPLES = "Samples"


TEXTS: dict[str, Callable[[SampledInstrument, str], str]] = {
    "sfz": sfz_writer.text, "decentsampler": decentsampler.text, "bitwig": bitwig.text}
_SUFFIXES = {suffix for form in FORMS.values() for suffix in (form.suffix, form.packed) if suffix} | {".wav"}


@dataclass(frozen=True)
class Place:
    """Where an export goes. `targets` in `folder`, the main file last; `samples` and `map` are paths inside the hidden folder."""
    form: Form
    folder: Path
    targets: list[Path]
    samples: Path
    map: Path

    @property
    def main(self) -> Path:
        return self.targets[-1]

    @property
    def packs(self) -> bool:
        return self.main.suffix == self.form.packed


def place(form: Form, out: str | Path, name: str) -> Place:
    """The place that `out` names: a map beside a folder of samples, a packed file, or a new folder with both. Raises ExportError."""
    out = Path(out).expanduser()
    folder, suffix = out.parent.resolve(), out.suffix.lower()
    out = folder / out.name
    if not folder.is_dir():
        raise ExportError(f"{folder}: there is no such folder; make it first")
    if suffix in _SUFFIXES - {form.suffix, form.packed}:
        own = " or ".join(filter(None, (form.suffix, form.packed)))
        raise ExportError(f"{out.name}: a {form.label} export cannot have this name; name it {own}, or give a folder's name")
    if suffix and suffix == form.suffix:
        samples = f"{re.sub('[=<$#]', '-', out.stem)} {SAMPLES}"       # which begin something else, where a map names it
        return Place(form, folder, [folder / samples, out], Path(samples), Path(out.name))
    if form.suffix is None or suffix == form.packed:
        out = out if suffix == form.packed else out.with_name(out.name + (form.packed or ""))
        inside = Path("inside")
        if form.suffix is None:
            return Place(form, folder, [out], inside, inside / bitwig.MAP)
        return Place(form, folder, [out], inside / SAMPLES, inside / f"{instrument_name(name)}{form.suffix}")
    return Place(form, folder, [out], Path(out.name) / SAMPLES, Path(out.name) / f"{instrument_name(name)}{form.suffix}")


def table_place(out: str | Path) -> Path:
    """The WAV file that a wavetable goes into. Raises ExportError."""
    out = Path(out).expanduser()
    folder = out.parent.resolve()
    if out.suffix.lower() != ".wav":
        raise ExportError(f"{out.name}: a wavetable is a .wav file; give it that suffix")
    if not folder.is_dir():
        raise ExportError(f"{folder}: there is no such folder; make it first")
    refuse_existing(folder / out.name, error=ExportError)
    return folder / out.name


def check(kind: str, out: str | Path, name: str) -> None:
    """Raises ExportError if an export cannot go there: quickly, before anything is loaded. `kind` is a format's name, or "wavetable"."""
    if kind in FORMS:
        refuse_existing(*place(FORMS[kind], out, name).targets, error=ExportError)
    else:
        table_place(out)


def write_map(where: Place, hidden: Path, instrument: SampledInstrument) -> None:
    """Write the map of the samples in `hidden`, and pack both if the format is packed. Raises OSError."""
    path = hidden / where.map
    inside = where.samples.relative_to(where.map.parent).as_posix()
    path.write_text(TEXTS[where.form.name](instrument, "" if inside == "." else inside), encoding="utf-8")
    if where.packs:
        with zipfile.ZipFile(hidden / where.main.name, "w", zipfile.ZIP_STORED) as packed:       # so samples are streamed from it
            for file in sorted(path.parent.rglob("*")):
                if file.is_file():
                    packed.write(file, file.relative_to(path.parent).as_posix())
