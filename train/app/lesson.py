"""A lesson: what is to be learnt, how, and its record in the work folder, so that the same command goes on where an earlier one stopped."""
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.checked_json import read_json
from hummingface.models.playing.file_names import plain

LONGEST_STEM = 80                      # characters of the name of a model's files
RECORD = "lesson.json"                 # within the work folder
Added = Callable[[Path, dict[str, Any] | None], str]


@dataclass(frozen=True)
class Lesson:
    """What is learnt: the notes in `sources`, as a model called `name`, written as `out`.safetensors and `out`.json. `work` keeps what was
    prepared and the state of training."""
    sources: list[Path]
    name: str
    out: Path
    work: Path

    @property
    def data(self) -> Path:
        """The folder of the prepared notes."""
        return self.work / "data"

    @property
    def run(self) -> Path:
        """The folder of the training run."""
        return self.work / "run"


@dataclass(frozen=True)
class TrainConfig:
    """How it is learnt."""
    minutes: float = 9.0               # in all
    latents: int = 16
    hold_out: bool = False             # one key in 12 is left out, to see how the model does between keys
    even: bool = True                  # keys of one dynamic are brought to its level
    device: str = "cpu"
    workers: int | None = None
    seed: int = 0
    licence: str = ""                  # of the recordings; goes into the card


def nothing_told(kind: str, **values: Any) -> None:
    """Reports nothing."""


@dataclass(frozen=True)
class Reports:
    """Who hears of a lesson. With `tell` (see `train/app/job_watch.py`) models to be played are written on the way, too; `added(weights,
    card of the one before)` hears of each."""
    say: Callable[[str], None] = print
    tell: Callable[..., None] | None = None
    added: Added = lambda path, before: ""
    progress: bool = True              # a bar on the terminal

    def notify(self, kind: str, **values: Any) -> None:
        """Tells whoever listens."""
        (self.tell or nothing_told)(kind, **values)


@dataclass(frozen=True)
class LessonRecord:
    """What is written of a lesson."""
    name: str
    sources: list[str]
    minutes: float
    share: float = 0.0                 # of the training that is done
    run: str = ""                      # a mark of the run; knobs of another run are another matter
    training_minutes: float = 0.0      # that training got when the lesson first came to it; with others what is done would be another share

    def with_values(self, **changes: Any) -> "LessonRecord":
        """The same but for these."""
        return replace(self, **changes)

    def write(self, work: Path) -> None:
        """Whole or not at all. Raises OSError."""
        replace_file(work / RECORD, json.dumps(asdict(self), indent=1))


def record_of(lesson: Lesson, config: TrainConfig) -> LessonRecord:
    """The record of this lesson, which goes on from an earlier one's, if one can be read."""
    before = _read_record(lesson.work)
    fresh = LessonRecord(lesson.name, [str(path.absolute()) for path in lesson.sources], config.minutes)
    run, share, minutes = (before.get(key) for key in ("run", "share", "training_minutes"))
    if before.get("minutes") != config.minutes or not isinstance(minutes, (int, float)) or not 0 < minutes <= config.minutes:
        minutes = 0.0
    return fresh.with_values(run=run if isinstance(run, str) else "", share=share if isinstance(share, (int, float)) else 0.0,
                             training_minutes=float(minutes))


def _read_record(work: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        values = read_json(work / RECORD)
        if isinstance(values, dict):
            return values
    return {}


def place_of(name: str, models: Path, work: Path, replace: bool = False) -> Path:
    """A model of this name in the folder `models`, without its suffix; `work` is the folder that it is learnt in. Raises ValueError where
    there is such a model already that was learnt elsewhere, unless `replace`."""
    out = models / folder_name(name)
    if out.with_suffix(".safetensors").exists() and not (work / "run").is_dir() and not replace:
        raise ValueError(f"there is a model {out} that was learnt elsewhere: give another name (--name), or replace it (--replace).")
    return out


def folder_name(name: str) -> str:
    """A name as the stem of its files. Raises ValueError if nothing of it is left."""
    stem = plain(name, most=LONGEST_STEM).replace(" ", "-").lower()
    if not stem:
        raise ValueError(f"{name!r} cannot be the name of a model: give it a letter or a number.")
    return stem
