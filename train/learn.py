"""From a folder of recordings to a model in the library, in one go: prepare, train, axes, card, export, a look at the result.

Meant for little data: tens of notes, minutes on a laptop. Each note gets a point of its own beside its instrument's, and rules
stand in for the keys and dynamics that nobody recorded (`train/spread.py`); no key is held out unless it is asked for.
"""
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from models.model import Model
from models.shape import Shape
from train.notes.opening import Wishes, open_source
from train.prepare import prepare

SMALL = Shape(width=256, note_width=512, phase_width=128)
ENCODER_WIDTH = 48
BRIDGED_SEMITONES = 12
SHARE_FOR_TRAINING = 0.9               # of the minutes; the rest is for preparing, exporting and looking at the result


@dataclass(frozen=True)
class Lesson:
    """How `learn` goes about it."""
    minutes: float = 9.0               # in all
    latents: int = 16
    hold_out: bool = False             # one key in 12 is left out, to see how the model does between keys
    device: str = "cpu"
    workers: int | None = None
    seed: int = 0
    licence: str = ""                  # of the recordings; goes into the card


class NothingToLearn(ValueError):
    """No note could be made of what was given; the text says why."""


def learn(sources: list[Path], name: str, out: Path, work: Path, lesson: Lesson | None = None, wishes: Wishes | None = None,
          progress: bool = True, say: Callable[[str], None] = print) -> Model:
    """A model called `name` of the notes in `sources`, written as `out`.safetensors and `out`.json.

    `work` keeps what was prepared and the state of training: stopped, the same command goes on. Raises NothingToLearn,
    SourceError, ValueError, and OSError where the disk is full.
    """
    from train.autoencoder import Options, Trainer
    from train.dataset import NoteBank
    from train.export import export
    lesson, begin = lesson or Lesson(), time.monotonic()
    workers = lesson.workers or os.cpu_count() or 1
    data, run = work / "data", work / "run"
    data.mkdir(parents=True, exist_ok=True)
    wishes = wishes or Wishes()
    if len(sources) == 1 and not wishes.instrument:
        wishes = replace(wishes, instrument=name)
    opened = [open_source(path, wishes, workers, data / f"heard-{i}.json") for i, path in enumerate(sources)]
    report = prepare(data, opened, workers, progress)
    say(report.text())
    if not report.notes:
        raise NothingToLearn(f"no note could be made of {', '.join(map(str, sources))}; what was skipped, and why, stands above.")
    bank = NoteBank(data, hold_out=lesson.hold_out, farthest_key=BRIDGED_SEMITONES, late=True)
    bank.between_velocities = True
    if not len(bank.trained):
        raise NothingToLearn("all notes lie on keys that are held out; learn without --hold-out.")
    left = max(0.05, SHARE_FOR_TRAINING * lesson.minutes - (time.monotonic() - begin) / 60)
    options = Options(steps=1_000_000, minutes=left, notes=32, moments=24, rate=3e-3, decay_from=0.3, z_noise=0.08, average_steps=200,
                      between=0.4, own_share=0.5, encoder_notes=8, encoder_every=8, seed=lesson.seed)
    trainer = Trainer(bank, replace(SMALL, latents=lesson.latents), options, device=lesson.device, encoder_width=ENCODER_WIDTH)
    state = run / "state.pt"
    if state.is_file():
        _go_on(trainer, state, say)
    say(f"learning {len(bank.trained)} notes of {len(bank.instruments)} instruments for {left:.1f} minutes")
    trainer.run(run, progress=progress, save_minutes=1.0)
    about = {"about": f"Learnt from {len(bank.trained)} notes of {', '.join(bank.sources)}.", "source": ", ".join(bank.sources),
             "licence": lesson.licence or "that of its recordings", "data": [source.about for source in opened],
             "reproduce": f"hummingface train learn {' '.join(p.name for p in sources)} --name {name!r} --minutes {lesson.minutes:g}"}
    model = export(state, bank, out, name, about)
    say(f"{out}: ready to play ({time.monotonic() - begin:.0f} s in all)")
    return model


def _go_on(trainer, state: Path, say: Callable[[str], None]) -> None:
    """From where an earlier command stopped, with the notes as they are; a run that was finished, or of other notes, begins anew."""
    try:
        trainer.resume(state)
    except (ValueError, RuntimeError):
        say("the notes have changed since the last time: learning begins anew")
        return
    if trainer.progress() >= 1:
        trainer.step, trainer.seconds = 0, 0.0                        # once more over the same notes, from what is known
        say("goes on from the model that is there")


def folder_name(name: str) -> str:
    """A name as the stem of its files. Raises ValueError where nothing of it is left."""
    stem = "".join(c if c.isalnum() or c in "-_ " else "" for c in name).strip().replace(" ", "-").lower()[:80]
    if not stem:
        raise ValueError(f"{name!r} cannot be the name of a model: give it a letter or a number.")
    return stem
