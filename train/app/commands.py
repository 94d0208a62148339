"""`hummingface train ...`: make the data, train, export, measure. Heavy imports wait until a command needs them."""
import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from hummingface.models.playing.checked_json import read_json
from hummingface.train.app import measuring_commands, training_runs
from hummingface.train.app.arguments import build_parser
from hummingface.train.app.model_library import NOWHERE, Library, open_frame_model
from hummingface.train.data.progress import be_quiet
from hummingface.train.notes.opening import open_source, overrides_of
from hummingface.train.notes.program_families import FACTORY

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())                     # whoever starts training says where the log goes


def main(argv: list[str] | None = None, library: Library = NOWHERE) -> int:
    args = build_parser().parse_args(argv)
    args.library = library
    if args.quiet:
        be_quiet()
        sys.stdout = open(os.devnull, "w")              # noqa: SIM115 (to the end of the process)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)            # stopping it politely saves what it has
    try:
        return COMMANDS[args.command](args)
    except KeyboardInterrupt:
        print(f"stopped; the same command{' with --resume' if 'resume' in args else ''} goes on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:             # of whoever reads what is printed: `hummingface` knows what to do
        raise
    except Exception as error:
        log.exception("%s", error)
        if type(error).__module__.startswith(("hummingface.train.", "hummingface.models.")) or isinstance(error, (OSError, ValueError)):
            print(f"hummingface train: {error}", file=sys.stderr)
            return 1
        raise
    finally:
        signal.signal(signal.SIGTERM, before)           # of whoever called it as a function


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


def _fetch(args: Namespace) -> int:
    from dataclasses import replace

    from hummingface.train.data.fetch import SETS, fetch
    what = SETS[args.set][args.split]
    path = fetch(replace(what, url=args.url) if args.url else what, args.out)
    checked = "size and SHA-256 are the published ones" if what.sha256 else "its SHA-256 is not published with this program: not checked"
    print(f"{path}: {checked}. Next: hummingface train prepare {path} --out DATA")
    return 0


def _stereo(args: Namespace) -> int:
    from hummingface.models.playing.checkpoint import save_model
    from hummingface.train.exporting.add_stereo import add_stereo
    model, report = add_stereo(open_frame_model(args.model, args.library), open_source(args.notes, overrides_of(args)))
    print(f"{save_model(model, args.out)[0]}: {report}")
    return 0


def _file_of(args: Namespace) -> Path:
    """Where the card of a model, a name of the library or a file, is to be rewritten."""
    path = Path(args.model).expanduser()
    return path if path.exists() or path.with_name(path.name + ".json").is_file() else Path(args.library.find(args.model))


def _labels(args: Namespace) -> int:
    from hummingface.models.playing.checkpoint import load_model, save_card
    from hummingface.train.exporting.latent_labels import latent_labels
    path = _file_of(args)
    model = load_model(path)
    model.card["latent_labels"] = latent_labels(model)
    for number, about in enumerate(model.card["latent_labels"], 1):
        does = f"{about['label']:<18} {about['characteristic']} {about['change']:+.2f} deviations" if about else ""
        print(f"{number:>3} {does}" + (f", the same way at {about['same']:.0%} of the points" if about else ""))
    print(save_card(model, path))
    return 0


def _export(args: Namespace) -> int:
    from hummingface.train.exporting.export_run import export_run
    metrics = read_json(args.metrics, finite=False) if args.metrics else None
    model = export_run(args.data, args.run, args.model, args.name, metrics)
    print(f"{args.model}: {len(model.presets)} presets, {len(model.knobs)} knobs")
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

    from hummingface.train.app.learn import learn
    from hummingface.train.app.lesson import Lesson, Reports, TrainConfig, folder_name, place_of
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    work = args.work or args.library.work / "learn" / folder_name(args.name)
    out = place_of(args.name, args.out or args.library.models, work, args.replace)
    device = training_runs.device(args.device)
    config = TrainConfig(args.minutes, args.latents, args.hold_out, not args.uneven, device, args.workers, args.seed, args.licence)
    reports = Reports(tell=lines.tell if lines else None, added=NOWHERE.added if args.out else args.library.added, progress=not lines)
    try:
        learn(Lesson(args.source, args.name, out, work), config, overrides_of(args), reports)
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
    from hummingface.train.app.latent_points import Points
    Points(lambda text: open_frame_model(text, args.library), lines.tell).serve(asked())
    return 0


def _factory(args: Namespace) -> int:
    args.data, args.run = args.work / "data", args.work / "run"
    args.name, args.metrics = FACTORY, None
    return _prepare(args) or training_runs.autoencoder(args) or _export(args)


COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "prepare": _prepare, "fetch": _fetch, "autoencoder": training_runs.autoencoder, "gan": training_runs.gan, "cgan": training_runs.cgan,
    "stereo": _stereo, "labels": _labels, "export": _export, "loudness": measuring_commands.loudness,
    "evaluate": measuring_commands.evaluate, "report": measuring_commands.report, "learn": _learn, "points": _points, "factory": _factory}
