"""Builds the report: opens runs, measures, renders sounds and writes one page. Figures are explained on the page and where they are
computed.
"""
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import FRAME_SIZE
from hummingface.models.playing.model import Model
from hummingface.models.playing.stft import CHANNELS, SIDE
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.progress import progress_bar
from hummingface.train.evaluation import stft_figures
from hummingface.train.evaluation.model_dynamics import dynamics
from hummingface.train.notes.note import Note
from hummingface.train.report import media, sound_clips, stft_report
from hummingface.train.report.chart import Line, bars, chart
from hummingface.train.report.demos import write_demos
from hummingface.train.report.folder import WHOLE, Run, open_runs
from hummingface.train.report.latents import NEAR_ZERO_EFFECT_DB, NEAR_ZERO_SPREAD, Use, middle_note, use_of
from hummingface.train.report.originals import real_notes
from hummingface.train.report.sets import SetFigures, sets_of

if TYPE_CHECKING:
    from tqdm import tqdm

SHOWN, SAMPLES, PICTURES = 4, 8, 5        # reconstructions and random samples as sound; pictures of learning
AXES = (10, 4)                            # latents that are walked along: of a lone run, of each of several
SIZED_TOGETHER = 2                        # sizes of latent space from which they are set against each other
LAST_SHARE = 0.1                          # of the log: what the loss is at last
LOSSES = ("loss", "mse", "generator")     # the column of the log that is a run's loss: the first that it has
FIGURES = ("mel", "act60", "lsd", "motion", "onset_env")


@dataclass
class Chapter:
    """What the page says of one run."""
    run: Run
    facts: list[tuple[str, str]]
    pictures: list[tuple[int, str]]
    reconstructed: sound_clips.Reconstructed | None = None
    samples: list[sound_clips.Clip] = field(default_factory=list)
    axes: list[sound_clips.Clip] = field(default_factory=list)
    knobs: list[sound_clips.Clip] = field(default_factory=list)
    sets: list[SetFigures] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    use_chart: str = ""
    effect_chart: str = ""
    middles: list[sound_clips.Clip] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.run.name


def write_report(folders: Sequence[Path], out: Path, data: Path | None = None, sources: Sequence[Path] = (), count: int = 12,
                 demos: Path | None = None, progress: bool = True) -> None:
    """Measure the runs and write the page as `out`, whole or not at all.

    `data`: prepared notes, if a run does not name those that it learnt. `sources`: real notes to be reconstructed, instead of those.
    `count`: of them, measured; the first SHOWN are on the page. `demos`: a folder for its sounds as files.
    Raises ReportError, SourceError, OSError.
    """
    if out.is_dir():
        raise OSError(f"{out}: a folder. Name a file for the page, as {out}/report.html.")
    runs = open_runs(list(folders), data)
    content = made_of(runs, sources, count, progress_bar(desc="report", unit="part", progress=progress))
    text = render(content)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, text)
    if demos is not None:
        write_demos(content, demos)


def made_of(runs: list[Run], sources: Sequence[Path] = (), count: int = 12, bar: "tqdm | None" = None) -> dict[str, Any]:
    """All that the page holds."""
    step_done: Callable[[], object] = bar.update if bar is not None else (lambda: None)
    chapters = [Chapter(run, _facts(run), _pictures(run)) for run in runs]
    heard = [chapter for chapter in chapters if chapter.run.model is not None]
    notes: list[Note] = []
    origin, originals = "", list[sound_clips.Clip]()
    bank = next((run.bank for run in runs if run.bank is not None), None)
    if heard and (bank is not None or sources):
        notes, origin = real_notes(bank, count, sources)
        originals = [sound_clips.original(note) for note in notes[:SHOWN]]
    for chapter in heard:
        _listen(chapter, notes, len(runs) == 1, step_done)
    for chapter in chapters:
        _latents(chapter)
        step_done()
    if bar is not None:
        bar.close()
    return {"chapters": chapters, "learning": learning_charts(runs), "sizes": size_charts(chapters), "originals": originals,
            "origin": origin, "count": len(notes), "compression": _compression(chapters), "day": date.today().isoformat(),
            "near_zero": (NEAR_ZERO_SPREAD, NEAR_ZERO_EFFECT_DB),
            "figures": (*(stft_figures.FIGURES if any(run.whole for run in runs) else ()), *FIGURES)}


def _listen(chapter: Chapter, notes: list[Note], alone: bool, step_done: Callable[[], object]) -> None:
    run = chapter.run
    model = run.model
    assert model is not None
    if notes:
        chapter.reconstructed = (stft_report.reconstructed(model, notes, SHOWN, step_done) if isinstance(model, StftModel) else
                                 sound_clips.reconstructed(model, notes, SHOWN, step_done))
    chapter.samples = sound_clips.samples(model, SAMPLES)
    chapter.axes = sound_clips.axis_walks(model, AXES[0] if alone else AXES[1])
    chapter.knobs = sound_clips.knob_walks(model) if alone or run.kind.endswith("cgan") else []
    step_done()
    if isinstance(model, Model) and isinstance(run.bank, NoteBank):
        chapter.sets = sets_of(model, run.bank, step_done)


def _latents(chapter: Chapter) -> None:
    run = chapter.run
    states = [state for state in (run.early, run.state) if state is not None and int(state["step"]) > 0]
    if run.model is None or not states:
        return
    if len(states) == 2 and states[0]["step"] == states[1]["step"]:
        states = states[1:]
    chapter.uses = [(stft_report.use_of if run.whole else use_of)(state, run.bank) for state in states]
    names = [f"step {use.step}" for use in chapter.uses]
    colours = names if len(names) == 2 else ["now"]
    spreads = [use.spread for use in chapter.uses if use.spread is not None]
    if len(spreads) == len(chapter.uses):
        chapter.use_chart = bars(spreads, colours, NEAR_ZERO_SPREAD, "variance over notes")
    chapter.effect_chart = bars([use.effect_db for use in chapter.uses], colours, NEAR_ZERO_EFFECT_DB, "effect in dB")
    chapter.middles = [sound_clips.clip(title, name, audio, rate_hz) for name, state in zip(names, states, strict=True)
                       for title, audio, rate_hz in (stft_report.near_zero(state) if run.whole else
                                                     [("all latents 0", middle_note(state, sound_clips.RATE_HZ), sound_clips.RATE_HZ)])]


# charts -------------------------------------------------------------------------------------------------------------------------
def learning_charts(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """(name of a column of the log, chart of it over epochs, or steps where a run does not tell its notes), the loss as a whole first."""
    names = [name for run in runs for name in run.log if name not in ("step", "seconds")]
    epochs = all(run.steps_an_epoch for run in runs)
    first = ("loss", "mse", "generator", "critic", "levels")
    ordered = sorted(dict.fromkeys(names), key=lambda name: (first.index(name) if name in first else len(first)))
    charts = []
    for name in ordered:
        lines = [Line(run.name, run.log["step"] / (run.steps_an_epoch or 1.0 if epochs else 1.0), run.log[name], number)
                 for number, run in enumerate(runs) if name in run.log]
        if drawn := chart(lines, "epochs" if epochs else "steps", name):
            charts.append((name, drawn))
    return charts


def size_charts(chapters: Sequence[Chapter]) -> list[tuple[str, str]]:
    """(figure, chart of it over the latent size), where runs of the same kind differ in it."""
    kinds = {chapter.run.kind for chapter in chapters}
    charts = []
    for kind in sorted(kinds):
        alike = sorted((c for c in chapters if c.run.kind == kind), key=lambda c: c.run.latents)
        sizes = [c.run.latents for c in alike]
        if len(set(sizes)) < SIZED_TOGETHER:
            continue
        of = f" ({kind})" if len(kinds) > 1 else ""
        loss = [last_of(c.run, next((name for name in LOSSES if name in c.run.log), "")) for c in alike]
        charts.append((f"loss{of}", chart([Line("loss", sizes, loss, 0)], "latents", "loss", True, True)))
        for figure in ("mel", "act60", "snr", "lsd60") if alike[0].run.whole else ("mel", "act60", "motion"):
            lines = [Line(f"{way}", sizes, [_figure(c, way, figure) for c in alike], colour, way == "encoder")
                     for colour, way in enumerate(("refined", "encoder"))]
            charts.append((f"{figure}, dB{of}", chart(lines, "latents", figure, True, True)))
    return [(name, drawn) for name, drawn in charts if drawn]


def last_of(run: Run, column: str) -> float:
    """Mean of the last tenth of a column of the log; NaN where it has none."""
    values = run.log.get(column, np.zeros(0))
    values = values[np.isfinite(values)]
    return float(values[-max(1, round(LAST_SHARE * len(values))):].mean()) if len(values) else float("nan")


def _figure(chapter: Chapter, way: str, figure: str) -> float:
    rows = chapter.reconstructed.figures if chapter.reconstructed else {}
    value = rows.get(way, {}).get(figure)
    return float("nan") if value is None else value


# facts --------------------------------------------------------------------------------------------------------------------------
def _facts(run: Run) -> list[tuple[str, str]]:
    """What a reader wants to know first."""
    step, seconds = int(run.state["step"]), float(run.state.get("seconds", 0.0))
    kind = {"autoencoder": "autoencoder", "gan": "GAN", "cgan": "conditional GAN"}.get(run.kind.removeprefix(WHOLE), run.kind)
    facts = [("kind", kind + (" of whole notes, as STFT images" if run.whole else "")),
             ("latents", str(run.latents) + (f" and {len(run.state['conditions'])} conditions" if run.state.get("conditions") else ""))]
    if run.bank is not None:
        many = len(run.bank.instruments)
        facts.append(("learnt from", f"{len(run.bank.trained):,} notes, {many} instrument{'s' if many > 1 else ''}: "
                      + (", ".join(run.bank.sources) or run.bank.chosen()["folder"])))
    epochs = f", {step / run.steps_an_epoch:,.0f} epochs" if run.steps_an_epoch else ""
    facts.append(("trained", f"{step:,} steps{epochs}, {_duration(seconds)} on {run.config.get('device', 'a device not named')}"))
    weights = sum(value.numel() for value in run.state.get("average", {}).values() if isinstance(value, torch.Tensor))
    if weights:
        facts.append(("weights", f"{weights / 1e6:.2f} million"))
    if isinstance(run.model, Model):
        facts.append(("dynamics of its own", _dynamics(run.model)))
    return facts + [("note", notice) for notice in run.notices]


def _dynamics(model: Model) -> str:
    """What the instrument takes out of its loudness, and how its releases end (`train/evaluation/model_dynamics.py`)."""
    texts = {"reversal_db": "loudness falls by up to {} dB while velocity rises", "law_db": "is up to {} dB off 40 dB a decade",
            "key_step_db": "jumps by up to {} dB from key to key", "after_2s_db": "is at {} dB 2 s after key-up at the worst"}
    worst = dynamics(model)["worst"]
    return ", ".join(text.format(f"{worst[name]:.1f}") for name, text in texts.items() if name in worst)


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds > 5400 else f"{seconds / 60:.1f} min"


def _compression(chapters: Sequence[Chapter]) -> list[tuple[str, str, str]]:
    """(run, what share of a note's values its latents are, what that costs): the claim of every autoencoder, with its price."""
    rows = []
    for chapter in chapters:
        run = chapter.run
        if not run.generative and run.latents and chapter.reconstructed and chapter.reconstructed.figures:
            mel, act60 = (_figure(chapter, "encoder" if run.whole else "refined", figure) for figure in ("mel", "act60"))
            values = CHANNELS * SIDE ** 2 if run.whole else ROWS * FRAME_SIZE
            cost = f"mel {mel:.2f} dB, act60 {act60:.2f} dB"
            if run.whole:
                cost = f"SNR {_figure(chapter, 'encoder', 'snr'):.1f} dB, {cost}"
            rows.append((chapter.name, f"{run.latents} / {values:,} = {100 * run.latents / values:.3f} %", cost))
    return rows


def _pictures(run: Run) -> list[tuple[int, str]]:
    """(step, picture) of the same notes, from the first step to the last, evenly."""
    files = run.picture_files()
    chosen = [files[i] for i in np.unique(np.linspace(0, len(files) - 1, PICTURES).round().astype(int))] if files else []
    found = []
    for step, path in chosen:
        try:
            found.append((step, media.picture_file(path)))
        except (OSError, ValueError):
            continue                                       # a damaged one does not affect the others
    return found


def render(content: dict[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(Path(__file__).with_name("page.html").read_text(encoding="utf-8")).render(content)

