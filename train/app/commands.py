"""`hummingface train ...`: make the data, train, export, measure. Heavy imports wait until a command needs them."""
import json
import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hummingface.models.playing.checked_json import read_json
from hummingface.train.app.arguments import SEED, build_parser
from hummingface.train.data.progress import be_quiet
from hummingface.train.notes.opening import open_source, overrides_of
from hummingface.train.notes.program_families import FACTORY

if TYPE_CHECKING:
    from hummingface.models.playing.model import Model
    from hummingface.models.playing.stft_model import StftModel
    from hummingface.train.data.dataset import NoteBank

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())                     # whoever starts training says where the log goes


@dataclass(frozen=True)
class Library:
    """Where a player's models are. Training does not know the instrument: its caller says."""
    find: Callable[[str], Path]                           # a model's file by its name; raises ValueError with what there is
    models: Path                                          # folder for new ones
    work: Path                                            # for what can be made again
    added: Callable[[Path, dict | None], str] = lambda path, before: ""      # told of a new model, and of the card of the one that
                                                                             # was there before; returns what to tell the player


def no_library(name: str) -> Path:
    raise ValueError(f"{name}: no such model file or run (names of the library are known to `hummingface train`).")


NOWHERE = Library(no_library, Path("models"), Path("work"))


def main(argv: list[str] | None = None, library: Library = NOWHERE) -> int:
    args = build_parser().parse_args(argv)
    args.library = library
    if args.quiet:
        be_quiet()
        sys.stdout = open(os.devnull, "w")              # noqa: SIM115 (to the end of the process)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)            # stopping it politely saves what it has
    try:
        return globals()["_" + args.command](args)
    except KeyboardInterrupt:
        print(f"stopped; the same command{' with --resume' if 'resume' in args else ''} goes on from here", file=sys.stderr)
        return 130
    except Exception as error:
        log.exception("%s", error)
        if type(error).__module__.startswith(("hummingface.train.", "hummingface.models.")) or isinstance(error, (OSError, ValueError)):
            print(f"hummingface train: {error}", file=sys.stderr)
            return 1
        raise
    finally:
        signal.signal(signal.SIGTERM, before)           # of whoever called it as a function


def open_model(text: str, library: Library) -> "Model | StftModel":
    """A model by a run's folder, a file, or a name of the library. Raises ModelError, ValueError, OSError."""
    from hummingface.models.playing.checkpoint import load_model
    path = Path(text).expanduser()
    if (path / "state.pt").is_file():
        from hummingface.train.exporting.state_model import model_of_run
        return model_of_run(path)
    if path.is_dir() or path.suffix in (".safetensors", ".json") or path.with_name(path.name + ".safetensors").is_file():
        return load_model(path)
    return load_model(library.find(text))


def open_frame_model(text: str, library: Library) -> "Model":
    """The same of models of frames alone. Raises ModelError for one of whole notes."""
    from hummingface.models.learning.autoencoder import no_encoder
    from hummingface.models.playing.stft_model import StftModel
    model = open_model(text, library)
    if isinstance(model, StftModel):
        raise no_encoder(model)
    return model


def _device(asked: str) -> str:
    import torch
    if asked != "auto":
        try:
            torch.empty(0, device=asked)
        except (RuntimeError, AssertionError) as error:                  # torch says it in several ways
            why = str(error).splitlines()[0]
            raise ValueError(f"--device {asked}: torch cannot use it here ({why}). Give cpu, or leave it out.") from error
        return asked
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def _prepare(args: Namespace) -> int:
    from hummingface.train.data.prepare import prepare
    if getattr(args, "background", False):
        from hummingface.train.app.background import give_way
        give_way()
    workers = args.workers or os.cpu_count() or 1
    args.data.mkdir(parents=True, exist_ok=True)
    sources = [open_source(path, overrides_of(args), workers, args.data / f"heard-{i}.json") for i, path in enumerate(args.source)]
    report = prepare(args.data, sources, workers, as_sound=getattr(args, "representation", "frames") != "frames")
    print(report.text())
    return 1 if report.failed or not report.notes else 0


def _loudness(args: Namespace) -> int:
    from hummingface.train.data.dataset import NoteBank
    from hummingface.train.data.levelling import figures, table
    bank = NoteBank(args.data)
    if bank.levelled is None:
        raise ValueError(f"{args.data}: prepared by an earlier version, which did not measure loudness. Prepare the notes again.")
    rows = figures(bank)
    print(table(rows))
    return _written(rows, args.json)


def _fetch(args: Namespace) -> int:
    from dataclasses import replace

    from hummingface.train.data.fetch import SETS, fetch
    what = SETS[args.set][args.split]
    path = fetch(replace(what, url=args.url) if args.url else what, args.out)
    checked = "size and SHA-256 are the published ones" if what.sha256 else "its SHA-256 is not published with this program: not checked"
    print(f"{path}: {checked}. Next: hummingface train prepare {path} --out DATA")
    return 0


def _autoencoder(args: Namespace) -> int:
    if getattr(args, "representation", "frames") != "frames":
        return _stft(args, "autoencoder")
    from hummingface.models.playing.shape import Shape
    from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer

    def made(bank: "NoteBank", device: str, steps: int) -> AutoencoderTrainer:
        options = AutoencoderOptions(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, seed=args.seed, mixed=args.mixed)
        shape = Shape(latents=args.latents, width=args.width, note_width=args.note_width, note_depth=args.note_depth, stereo=bank.is_stereo)
        return AutoencoderTrainer(bank, shape, options, device=device, precision=args.precision)
    return _train(args, made)


def _gan(args: Namespace, conditional: bool = False) -> int:
    if args.representation != "frames":
        return _stft(args, "cgan" if conditional else "gan")
    from hummingface.models.playing.shape import Shape
    from hummingface.train.learning.train_gan import GanOptions, GanTrainer

    def made(bank: "NoteBank", device: str, steps: int) -> GanTrainer:
        options = GanOptions(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, critic_rate=args.rate / 2, seed=args.seed)
        shape = Shape(latents=args.latents, width=args.width, note_width=args.note_width, note_depth=args.note_depth, stereo=bank.is_stereo)
        return GanTrainer(bank, shape, options, conditional, device, args.precision)
    return _train(args, made)


def _cgan(args: Namespace) -> int:
    return _gan(args, True)


def _stft(args: Namespace, system: str) -> int:
    """The seed's own systems: models of whole notes, as STFT images."""
    from hummingface.models.playing.stft import Layout
    from hummingface.train.data.note_sounds import NoteSounds
    from hummingface.train.learning.train_stft import StftAutoencoderTrainer, StftGanTrainer, StftLearner, StftOptions, shape_for
    layout = Layout("if") if args.representation == "if" else Layout("ri", args.power, not args.unturned)

    def opened(folder: Path, only: list[str] | None) -> NoteSounds:
        return NoteSounds(folder, layout, only)

    def made(bank: NoteSounds, device: str, steps: int) -> StftLearner:
        options = StftOptions(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, critic_rate=0.3 * args.rate,
                              seed=args.seed)
        shape = shape_for(bank, args.latents, args.width, layout)
        if system == "autoencoder":
            return StftAutoencoderTrainer(bank, shape, options, device, args.precision)
        return StftGanTrainer(bank, shape, options, system == "cgan", device, args.precision)
    return _train(args, made, opened)


def _train(args: Namespace, made: Callable, opened: Callable | None = None) -> int:
    """Opens the data, makes the learner and runs it, in one process or, where torchrun started it, in one of many."""
    import torch

    from hummingface.train.data.dataset import NoteBank
    from hummingface.train.learning import parallel
    from hummingface.train.learning.run_state import STATE
    for name, value in (SEED if opened else args.usual).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    device = parallel.join(_device(args.device))
    try:
        only = getattr(args, "only", None)
        bank = (opened or NoteBank)(args.data, [name.strip() for name in only.split(",")] if only else None)
        learner = made(bank, device, max(1, round(args.epochs * len(bank.trained) / args.notes)) if args.epochs else args.steps)
        state = args.run / STATE
        if state.is_file():
            if not getattr(args, "resume", True):
                raise ValueError(f"{state} is there already: give --resume to go on, or another folder.")
            learner.resume(state)
        elif getattr(args, "start", None) and opened:
            raise ValueError("--from begins with a model of frames; a run of whole notes goes on with --resume.")
        elif getattr(args, "start", None):
            from hummingface.train.learning.warm_start import start_from
            known = start_from(learner, open_frame_model(args.start, args.library))
            if parallel.is_first():
                print(f"begins where {args.start} stands, which knows {known} of {len(bank.instruments)} instruments by name")
        if parallel.is_first():
            print(f"{len(bank)} notes of {len(bank.instruments)} instruments, {device}, from step {learner.step}", flush=True)
        learner.run(args.run)
    finally:
        parallel.part()
    return 0


def _stereo(args: Namespace) -> int:
    from hummingface.models.playing.checkpoint import save_model
    from hummingface.train.exporting.add_stereo import add_stereo
    model, report = add_stereo(open_frame_model(args.model, args.library), open_source(args.notes, overrides_of(args)))
    print(f"{save_model(model, args.out)[0]}: {report}")
    return 0


def _knobs(args: Namespace) -> int:
    from hummingface.models.playing.checkpoint import load_model, save_card
    from hummingface.train.exporting.find_knobs import find_knobs
    path = Path(args.model).expanduser()
    if not (path.exists() or path.with_name(path.name + ".json").is_file()):
        path = args.library.find(args.model)
    model = load_model(path)
    for name, about in find_knobs(model).items():
        tried = f"rank correlation {about['correlation']:.2f}, of single notes {about['each']:.2f}" if "each" in about else ""
        print(f"{name:<32} {tried}")
    print(f"{save_card(model, path)}: {len(model.card['knobs'])} knobs")
    return 0


def _export(args: Namespace) -> int:
    from hummingface.train.exporting.export_run import export_run
    metrics = read_json(args.metrics, finite=False) if args.metrics else None
    model = export_run(args.data, args.run, args.model, args.name, metrics)
    print(f"{args.model}: {len(model.presets)} presets, {len(model.knobs)} knobs")
    return 0


def _evaluate(args: Namespace) -> int:
    import torch

    from hummingface.models.playing.stft_model import StftModel
    from hummingface.train.evaluation.evaluate import distances, table, tuning
    from hummingface.train.evaluation.model_dynamics import dynamics
    if not args.notes and not args.data:
        raise ValueError("what is it to be measured on? Give --notes SOURCE, or --data DATA of its own training.")
    torch.set_num_threads(1)
    model, result = open_model(args.model, args.library), {}
    if isinstance(model, StftModel):
        return _evaluate_notes(args, model)
    if args.notes:
        from hummingface.train.evaluation.examine import examine, held_out
        from hummingface.train.evaluation.examine import table as notes_table
        sources = [open_source(path, overrides_of(args), os.cpu_count() or 1) for path in args.notes]
        result = examine(model, sources, args.points, args.count, args.write, args.targets)
        if args.held_out:
            result["held_out"] = held_out(model, open_source(args.notes[0], overrides_of(args), os.cpu_count() or 1))
        print("\n".join([*(notice for source in sources for notice in source.notices), notes_table(result)]))
    if args.data:
        from hummingface.train.data.dataset import NoteBank
        told = distances(model, NoteBank(args.data), args.soundfont, args.count or 200, args.left_out)
        result |= told | {"gain_spread": result.get("gain_spread", {}) | told["gain_spread"]}
    result |= {"tuning": tuning(model), "dynamics": dynamics(model)}
    print(table(result))
    return _written(result, args.json)


def _report(args: Namespace) -> int:
    import torch

    from hummingface.train.report.page import write_report
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    write_report(args.runs, args.out, args.data, args.notes, args.count, args.sounds)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, to be opened with a browser")
    return 0


def _evaluate_notes(args: Namespace, model: "StftModel") -> int:
    """Of a model of whole notes."""
    from hummingface.train.evaluation.examine_stft import examine, table
    if not args.notes:
        raise ValueError(f"{args.model} makes whole notes: give --notes SOURCE, with notes of the keys that it knows.")
    sources = [open_source(path, overrides_of(args), os.cpu_count() or 1) for path in args.notes]
    result = examine(model, sources, args.count, args.write)
    print(table(result))
    return _written(result, args.json)


def _written(result: dict, path: Path | None) -> int:
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1))
    return 0


def _learn(args: Namespace) -> int:
    from hummingface.train.app.background import give_way
    from hummingface.train.app.json_lines import Lines, stop_when_left
    lines = Lines() if args.tell else None
    if args.background:
        give_way()
        args.threads, args.workers = args.threads or 1, args.workers or 1
    if lines:
        stop_when_left()
    import torch

    from hummingface.train.app.learn import TrainConfig, folder_name, learn, place_of
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    work = args.work or args.library.work / "learn" / folder_name(args.name)
    out = place_of(args.name, args.out or args.library.models, work, args.replace)
    lesson = TrainConfig(args.minutes, args.latents, args.hold_out, not args.uneven, _device(args.device), args.workers, args.seed,
                         args.licence)
    try:
        learn(args.source, args.name, out, work, lesson, overrides_of(args), progress=not lines, tell=lines.tell if lines else None,
              added=NOWHERE.added if args.out else args.library.added)
    except (OSError, ValueError) as error:
        if lines:
            lines.tell("failed", text=str(error))
        raise
    if lines:
        lines.tell("done")
    return 0


def _points(args: Namespace) -> int:
    from hummingface.train.app.background import step_aside
    from hummingface.train.app.json_lines import Lines, asked
    lines = Lines()
    step_aside()
    import torch

    from hummingface.train.app.latent_points import Points
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    Points(lambda text: open_frame_model(text, args.library), lines.tell).serve(asked())
    return 0


def _factory(args: Namespace) -> int:
    args.data, args.run = args.work / "data", args.work / "run"
    args.name, args.metrics = FACTORY, None
    return _prepare(args) or _autoencoder(args) or _export(args)
