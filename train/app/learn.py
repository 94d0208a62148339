"""From a folder of recordings to a model in the library: prepare, train, choose axes, write the card, export, evaluate.

Meant for little data: tens of notes, minutes on a laptop. Each note gets a latent point of its own beside its instrument's, and rules
replace the keys and dynamics that nobody recorded (`train/data/augmentation.py`); no key is held out unless the caller asks for it.
"""
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hummingface.models.playing.checkpoint import ModelError, read_card
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape
from hummingface.train.app.lesson import Lesson, LessonRecord, Reports, TrainConfig, record_of
from hummingface.train.data.cleaning import even_out
from hummingface.train.data.prepare import PrepareReport, prepare
from hummingface.train.notes.opening import Overrides, open_source

if TYPE_CHECKING:
    from hummingface.train.data.dataset import NoteBank
    from hummingface.train.learning.run import Learner
    from hummingface.train.learning.train_autoencoder import AutoencoderTrainer

SMALL = Shape(width=256, note_width=512, phase_width=128)
ENCODER_WIDTH = 48
BRIDGED_SEMITONES = 12
SHARE_FOR_TRAINING = 0.9               # of the minutes; the rest is for preparing, exporting and looking at the result
LEAST_STEPS_A_MINUTE = 300             # a quarter of what two free cores do: a busy machine takes longer, for up to OVERTIME


class NothingToLearn(ValueError):
    """No note could be made of the sources; the text says why."""


def learn(lesson: Lesson, config: TrainConfig | None = None, overrides: Overrides | None = None, reports: Reports | None = None) -> Model:
    """The model of a lesson. Stopped, the same lesson goes on. Raises NothingToLearn, SourceError, ValueError, and OSError where the disk
    is full.
    """
    from hummingface.train.learning.run_state import STATE
    config, reports, begin = config or TrainConfig(), reports or Reports(), time.monotonic()
    lesson.data.mkdir(parents=True, exist_ok=True)
    record = record_of(lesson, config)
    record.write(lesson.work)
    bank, abouts = _prepared(lesson, config, overrides or Overrides(), reports)
    minutes = record.training_minutes or max(0.05, SHARE_FOR_TRAINING * config.minutes - (time.monotonic() - begin) / 60)
    trainer = _trainer(bank, config, minutes)
    state = lesson.run / STATE
    goes_on = state.is_file() and _go_on(trainer, state, reports.say)
    record = record.with_values(training_minutes=minutes, run=(goes_on and record.run) or secrets.token_hex(8))
    reports.say(f"learning {len(bank.trained)} notes of {len(bank.instruments)} instruments for {minutes:.1f} minutes")
    publish = _Publisher(trainer, bank, lesson, record, reports, _about(bank, lesson, config, abouts, record.run))
    model = _trained(trainer, bank, lesson, reports, publish)
    took = f"{trainer.step} steps, {time.monotonic() - begin:.0f} s in all"
    if trainer.step < trainer.options.least_steps:
        reports.say(f"{lesson.out}: can be played, but is not finished ({took}): this machine was too busy. The same command goes on; it "
                    f"should take {trainer.options.least_steps} steps at least.")
    else:
        reports.say(f"{lesson.out}: ready to play ({took})")
    return model


def _prepared(lesson: Lesson, config: TrainConfig, overrides: Overrides, reports: Reports) -> "tuple[NoteBank, list[Any]]":
    """The notes to learn from, and what their sources say of themselves."""
    from hummingface.train.data.dataset import NoteBank
    workers = config.workers or os.cpu_count() or 1
    if len(lesson.sources) == 1 and not overrides.instrument:
        overrides = replace(overrides, instrument=lesson.name)
    reports.notify("stage", stage="listening", done=0, of=0)
    opened = [open_source(path, overrides, workers, lesson.data / f"heard-{i}.json") for i, path in enumerate(lesson.sources)]
    report = prepare(lesson.data, opened, workers, reports.progress,
                     lambda done, of: reports.notify("stage", stage="preparing", done=done, of=of))
    reports.say(report.text())
    if not report.notes:
        raise NothingToLearn(f"no note could be made from {', '.join(map(str, lesson.sources))}: {_reasons(report)}.")
    bank = NoteBank(lesson.data, hold_out=config.hold_out, farthest_key=BRIDGED_SEMITONES, late=True, level=False)
    bank.between_velocities = True
    if config.even:
        even_out(bank.arrays)
    if not len(bank.trained):
        raise NothingToLearn("all notes lie on keys that are held out; learn without --hold-out.")
    reports.notify("notes", count=len(bank.trained), skipped=len(report.skipped), text=report.text())
    return bank, [source.about for source in opened]


def _trainer(bank: "NoteBank", config: TrainConfig, minutes: float) -> "AutoencoderTrainer":
    from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer
    options = AutoencoderOptions(steps=1_000_000, minutes=minutes, least_steps=round(LEAST_STEPS_A_MINUTE * minutes), notes=32, moments=24,
                                 rate=3e-3, decay_from=0.3, z_noise=0.08, average_steps=200, between=0.4, mixed=0.0, own_share=0.5,
                                 encoder_notes=8, encoder_every=8, seed=config.seed)
    shape = replace(SMALL, latents=config.latents, stereo=bank.is_stereo)
    return AutoencoderTrainer(bank, shape, options, device=config.device, encoder_width=ENCODER_WIDTH)


def _about(bank: "NoteBank", lesson: Lesson, config: TrainConfig, sources: list[Any], run: str) -> dict[str, Any]:
    """What the card says of the model."""
    return {"about": f"Learnt from {len(bank.trained)} notes of {', '.join(bank.sources)}.", "source": ", ".join(bank.sources),
            "licence": config.licence or "that of its recordings", "data": sources, "run": run,
            "reproduce": f"hummingface train learn {' '.join(p.name for p in lesson.sources)} --name {lesson.name!r} "
            f"--minutes {config.minutes:g}" + " --uneven" * (not config.even)}


class _Publisher:
    """Exports the current model of a training run into the library."""

    def __init__(self, trainer: "AutoencoderTrainer", bank: "NoteBank", lesson: Lesson, record: LessonRecord, reports: Reports,
                 about: dict[str, Any]):
        self._trainer, self._bank, self._lesson = trainer, bank, lesson
        self._record, self._reports, self._about = record, reports, about

    def __call__(self) -> Model:
        from hummingface.train.exporting.export_model import export
        from hummingface.train.learning.run_state import STATE
        trainer, lesson = self._trainer, self._lesson
        before = _card_of(lesson.out)
        state = lesson.run / STATE
        trainer.save(state)
        model = export(state, self._bank, lesson.out, lesson.name, self._about)
        self.write_record()
        if text := self._reports.added(lesson.out.with_name(lesson.out.name + ".safetensors"), before):
            self._reports.say(text.rstrip())
        self._reports.notify("model", name=lesson.name, share=round(trainer.progress(), 4))
        return model

    def write_record(self) -> None:
        """How far it is. Raises OSError."""
        self._record.with_values(share=round(self._trainer.progress(), 4)).write(self._lesson.work)


def _trained(trainer: "AutoencoderTrainer", bank: "NoteBank", lesson: Lesson, reports: Reports, publish: _Publisher) -> Model:
    """The model, when it has been trained."""
    from hummingface.train.app.job_watch import Watch
    watch = None if reports.tell is None else Watch(trainer, reports.tell, bank, publish)
    if watch:
        trainer.watch = watch
        watch.show()
    try:
        trainer.run(lesson.run, progress=reports.progress, save_minutes=1.0)
        if watch:
            watch.show()
        return publish()
    except OSError as error:
        raise OSError(f"{error.filename or lesson.work}: cannot be written ({error.strerror or error}). Free some space there and repeat "
                      "the command: what was saved before is intact.") from error
    except KeyboardInterrupt:
        with suppress(OSError):
            publish.write_record()
        raise


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
