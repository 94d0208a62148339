"""From a folder of recordings to a model in the library: prepare, train, choose axes, write the card, export, evaluate.

Meant for little data: tens of notes, minutes on a laptop. Each note gets a latent point of its own beside its instrument's, and rules
replace the keys and dynamics that nobody recorded (`train/data/augmentation.py`); no key is held out unless the caller asks for it.
"""
import json
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.checked_json import read_json
from hummingface.models.playing.checkpoint import ModelError, read_card
from hummingface.models.playing.file_names import plain
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape
from hummingface.train.data.cleaning import even_out
from hummingface.train.data.prepare import PrepareReport, prepare
from hummingface.train.notes.opening import Overrides, open_source

if TYPE_CHECKING:
    from hummingface.train.learning.run import Learner

SMALL = Shape(width=256, note_width=512, phase_width=128)
ENCODER_WIDTH = 48
BRIDGED_SEMITONES = 12
SHARE_FOR_TRAINING = 0.9               # of the minutes; the rest is for preparing, exporting and looking at the result
LEAST_STEPS_A_MINUTE = 300             # a quarter of what two free cores do: a busy machine takes longer, for up to OVERTIME
LONGEST_STEM = 80                      # characters of the name of a model's files
NOTES = "lesson.json"                  # within `work`: the record of the training job
Added = Callable[[Path, dict[str, Any] | None], str]


@dataclass(frozen=True)
class TrainConfig:
    """The configuration of `learn`."""
    minutes: float = 9.0               # in all
    latents: int = 16
    hold_out: bool = False             # one key in 12 is left out, to see how the model does between keys
    even: bool = True                  # keys of one dynamic are brought to its level
    device: str = "cpu"
    workers: int | None = None
    seed: int = 0
    licence: str = ""                  # of the recordings; goes into the card


class NothingToLearn(ValueError):
    """No note could be made of the sources; the text says why."""


def silent(kind: str, **values: Any) -> None:
    """Reports nothing."""


def learn(sources: list[Path], name: str, out: Path, work: Path, lesson: TrainConfig | None = None, overrides: Overrides | None = None,
          progress: bool = True, say: Callable[[str], None] = print, tell: Callable[..., None] | None = None,
          added: Added = lambda path, before: "") -> Model:
    """A model called `name` of the notes in `sources`, written as `out`.safetensors and `out`.json.

    `work` keeps what was prepared and the state of training: stopped, the same command goes on. With `tell` (see
    `train/app/job_watch.py`) models
    to be played are written on the way, too; `added(weights, card of the one before)` hears of each. Raises NothingToLearn,
    SourceError, ValueError, and OSError where the disk is full.
    """
    from hummingface.train.app.job_watch import Watch
    from hummingface.train.data.dataset import NoteBank
    from hummingface.train.exporting.export_model import export
    from hummingface.train.learning.run_state import STATE
    from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer
    lesson, begin, notify = lesson or TrainConfig(), time.monotonic(), tell or silent
    workers = lesson.workers or os.cpu_count() or 1
    data, run = work / "data", work / "run"
    data.mkdir(parents=True, exist_ok=True)
    notes = {"name": name, "sources": [str(path.absolute()) for path in sources], "minutes": lesson.minutes, "share": 0.0, "run": ""}
    before = read_notes(work)
    planned = _minutes_of(before, lesson)
    notes |= {"run": before.get("run", ""), "share": before.get("share", 0.0), "training_minutes": planned}
    write_notes(work, notes)
    overrides = overrides or Overrides()
    if len(sources) == 1 and not overrides.instrument:
        overrides = replace(overrides, instrument=name)
    notify("stage", stage="listening", done=0, of=0)
    opened = [open_source(path, overrides, workers, data / f"heard-{i}.json") for i, path in enumerate(sources)]
    report = prepare(data, opened, workers, progress, lambda done, of: notify("stage", stage="preparing", done=done, of=of))
    say(report.text())
    if not report.notes:
        raise NothingToLearn(f"no note could be made from {', '.join(map(str, sources))}: {_reasons(report)}.")
    bank = NoteBank(data, hold_out=lesson.hold_out, farthest_key=BRIDGED_SEMITONES, late=True, level=False)
    bank.between_velocities = True
    if lesson.even:
        even_out(bank.arrays)
    if not len(bank.trained):
        raise NothingToLearn("all notes lie on keys that are held out; learn without --hold-out.")
    notify("notes", count=len(bank.trained), skipped=len(report.skipped), text=report.text())
    left = planned or max(0.05, SHARE_FOR_TRAINING * lesson.minutes - (time.monotonic() - begin) / 60)
    notes["training_minutes"] = left
    options = AutoencoderOptions(steps=1_000_000, minutes=left, least_steps=round(LEAST_STEPS_A_MINUTE * left), notes=32, moments=24,
                                 rate=3e-3, decay_from=0.3, z_noise=0.08, average_steps=200, between=0.4, mixed=0.0, own_share=0.5,
                                 encoder_notes=8, encoder_every=8, seed=lesson.seed)
    shape = replace(SMALL, latents=lesson.latents, stereo=bank.is_stereo)
    trainer = AutoencoderTrainer(bank, shape, options, device=lesson.device, encoder_width=ENCODER_WIDTH)
    state = run / STATE
    if not (state.is_file() and _go_on(trainer, state, say)) or not notes["run"]:
        notes["run"] = secrets.token_hex(8)                               # knobs of another run are another matter
    about = {"about": f"Learnt from {len(bank.trained)} notes of {', '.join(bank.sources)}.", "source": ", ".join(bank.sources),
             "licence": lesson.licence or "that of its recordings", "data": [source.about for source in opened], "run": notes["run"],
             "reproduce": f"hummingface train learn {' '.join(p.name for p in sources)} --name {name!r} --minutes {lesson.minutes:g}"
             + " --uneven" * (not lesson.even)}

    def publish() -> Model:
        """Export the current model into the library."""
        before = _card_of(out)
        trainer.save(state)
        model = export(state, bank, out, name, about)
        write_notes(work, notes | {"share": round(trainer.progress(), 4)})
        if text := added(out.with_name(out.name + ".safetensors"), before):
            say(text.rstrip())
        notify("model", name=name, share=round(trainer.progress(), 4))
        return model
    if tell is not None:
        trainer.watch = watch = Watch(trainer, tell, bank, publish)
        watch.show()
    say(f"learning {len(bank.trained)} notes of {len(bank.instruments)} instruments for {left:.1f} minutes")
    try:
        trainer.run(run, progress=progress, save_minutes=1.0)
        if tell is not None:
            watch.show()
        model = publish()
    except OSError as error:
        raise OSError(f"{error.filename or work}: cannot be written ({error.strerror or error}). Free some space there and repeat the "
                      "command: what was saved before is intact.") from error
    except KeyboardInterrupt:
        with suppress(OSError):
            write_notes(work, notes | {"share": round(trainer.progress(), 4)})
        raise
    took = f"{trainer.step} steps, {time.monotonic() - begin:.0f} s in all"
    if trainer.step < options.least_steps:
        say(f"{out}: can be played, but is not finished ({took}): this machine was too busy. The same command goes on; it should take "
            f"{options.least_steps} steps at least.")
    else:
        say(f"{out}: ready to play ({took})")
    return model


def _reasons(report: PrepareReport) -> str:
    """The first few reasons why no note could be made."""
    reasons = [f"{skip.name}: {skip.reason}" for skip in report.skipped[:3]] + report.failed[:1]
    more = len(report.skipped) - 3
    return "; ".join(reasons) + (f"; and {more} more" if more > 0 else "") if reasons else "there are no recordings in it"


def _card_of(out: Path) -> dict[str, Any] | None:
    """The card of the model that is there; None where none is, or none that can be read."""
    with suppress(ModelError):
        return read_card(out.with_name(out.name + ".json"))
    return None


def _minutes_of(notes: dict[str, Any], lesson: TrainConfig) -> float:
    """The minutes that training got when this lesson first came to it, else 0. With others what is done would be another share."""
    minutes = notes.get("training_minutes") if notes.get("minutes") == lesson.minutes else None
    return float(minutes) if isinstance(minutes, (int, float)) and 0 < minutes <= lesson.minutes else 0.0


def read_notes(work: Path) -> dict[str, Any]:
    """The record of a training job; empty if there is none that can be read."""
    with suppress(OSError, ValueError):
        notes = read_json(work / NOTES)
        if isinstance(notes, dict):
            return notes
    return {}


def write_notes(work: Path, notes: dict[str, Any]) -> None:
    """Write it whole or not at all. Raises OSError."""
    replace_file(work / NOTES, json.dumps(notes, indent=1))


def _go_on(trainer: "Learner", state: Path, say: Callable[[str], None]) -> bool:
    """Continue from where an earlier command stopped, with the notes as they are; a finished run gets another pass. Returns False if its
    notes are others, and learning starts again.
    """
    try:
        trainer.resume(state)
    except (ValueError, RuntimeError):
        say("the notes have changed since the last time: learning starts again")
        return False
    if trainer.progress() >= 1:
        trainer.step, trainer.seconds = 0, 0.0                        # another pass over the same notes, from the finished weights
        say("continues from the existing model")
    return True


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
