"""Reads a run's folder for the report: configuration, log, pictures, the model at the start and at the end."""
import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.playing.checked_json import read_json
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import ModelError
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.note_sounds import NoteSounds
from hummingface.train.data.store import DataError
from hummingface.train.exporting.export_stft import model_of_stft, shape_of_run
from hummingface.train.exporting.state_model import model_of_state
from hummingface.train.learning.run_state import EARLY, STATE, read_state

WHOLE = "stft-"                           # how kinds of runs begin whose models make whole notes


class ReportError(ValueError):
    """A run that nothing can be told of; the text says which, and why."""


@dataclass
class Run:
    """`model` and `bank` are None where `notices` say why."""
    name: str
    folder: Path
    kind: str
    config: dict[str, Any]
    state: dict[str, Any]
    early: dict[str, Any] | None
    log: dict[str, np.ndarray]                # by the names of the columns; NaN where a row has none
    model: Model | StftModel | None = None
    bank: NoteBank | NoteSounds | None = None
    notices: list[str] = field(default_factory=list)

    @property
    def generative(self) -> bool:
        """Whether it learns a set of notes, and none of them by itself."""
        return self.kind.removeprefix(WHOLE) in ("gan", "cgan")

    @property
    def whole(self) -> bool:
        """Whether it makes whole notes of STFT images, not frames."""
        return self.kind.startswith(WHOLE)

    @property
    def latents(self) -> int:
        """Free ones: conditions do not count."""
        return int(self.state.get("free", self.config.get("shape", {}).get("latents", 0)))

    @property
    def steps_an_epoch(self) -> float | None:
        notes = self.config.get("options", {}).get("notes")
        return len(self.bank.trained) / notes if self.bank is not None and notes else None

    def picture_files(self) -> list[tuple[int, Path]]:
        """(step, file) of the pictures that it left, in their order."""
        found = [(path.stem.removeprefix("step-"), path) for path in (self.folder / "pictures").glob("step-*.png")]
        return sorted((int(step), path) for step, path in found if step.isdigit())


def open_runs(folders: list[Path], data: Path | None = None) -> list[Run]:
    """`data`: prepared notes, instead of those that each run names. Raises ReportError where a folder is no run."""
    runs = [_open(folder, data) for folder in folders]
    for run in runs:                                          # names that tell them apart: those of folders, as far up as needed
        alike = [other for other in runs if other is not run and other.folder.name == run.folder.name]
        run.name = f"{run.folder.parent.name}/{run.folder.name}" if alike else run.folder.name
        if run.folder.name == "run" and run.folder.parent.name:
            run.name = run.folder.parent.name                 # of `train learn`
    return runs


def _open(folder: Path, data: Path | None) -> Run:
    folder = Path(folder).absolute()
    if (folder / "run" / STATE).is_file():                    # the work folder of `train learn`
        folder = folder / "run"
    try:
        state = read_state(folder / STATE)
    except OSError as error:
        raise ReportError(f"{folder}: not a training run ({error.strerror or error}). Give the folder that --run named.") from error
    config = _json(folder / "config.json")
    run = Run(folder.name, folder, str(state.get("kind", "")), config, state, None, _log(folder / "log.csv"))
    if (folder / EARLY).is_file():
        run.early = read_state(folder / EARLY)
    chosen = dict(config.get("data") or {})
    if data is not None:
        chosen["folder"] = str(data)
    if chosen.get("folder"):
        try:
            run.bank = NoteSounds(layout=shape_of_run(state).layout, **chosen) if run.whole else NoteBank(**chosen)
        except (DataError, KeyError, OSError, TypeError, ValueError) as error:
            run.notices.append(f"its notes cannot be opened ({error}); give them with --data")
    else:
        run.notices.append("it does not record which notes it learnt (it is from an earlier version); give them with --data")
    try:
        run.model = model_of_stft(state, run.name, run.bank) if isinstance(run.bank, NoteSounds) else model_of_state(state, run.name)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError, ModelError):
        run.notices.append("of an earlier version: its sounds are left out")
    return run


def _json(path: Path) -> dict[str, Any]:
    try:
        value = read_json(path, finite=False)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _log(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return {}
    return {name: np.array([_number(row.get(name)) for row in rows]) for name in (rows[0] if rows else ()) if name}


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
