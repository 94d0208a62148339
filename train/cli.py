"""`hummingface train ...`: make the data, train, export, measure. Heavy imports wait until a command needs them."""
import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from train.notes.opening import add_wishes, open_source, wishes_of

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
FACTORY = "FluidR3 Atlas"
FACTORY_SOURCE = "FluidR3_GM.sf2, (c) 2000-2002, 2008 Frank Wen, MIT licence"
AUTOENCODER = {"steps": 44_000, "notes": 256, "rate": 4e-3, "width": 384}
GAN = {"steps": 40_000, "notes": 32, "rate": 1e-3, "width": 384}
SEED = {"steps": 6_000, "notes": 16, "rate": 1e-3, "width": 24}            # of models of whole notes


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hummingface train", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, help: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help, description=help)

    prepare = command("prepare", "make training data of SoundFonts, NSynth and folders of recordings; goes on where it was stopped")
    prepare.add_argument("source", type=Path, nargs="+", help=".sf2 .sf3, NSynth's folder .tar.gz .tfrecord, a folder of recordings, .sfz")
    prepare.add_argument("--out", dest="data", type=Path, required=True, metavar="DATA", help="folder for the prepared notes")
    prepare.add_argument("--workers", type=int, metavar="N", help="processes; by default one for each core")
    prepare.add_argument("--representation", choices=("frames", "stft"), default="frames",
                         help="stft: 16 kHz sounds, for models of whole notes")
    add_wishes(prepare)

    fetch = command("fetch", "download a published data set; goes on where it was stopped, checks size and SHA-256")
    fetch.add_argument("set", choices=("nsynth",))
    fetch.add_argument("--split", choices=("train", "valid", "test"), default="test")
    fetch.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where to put it; by default here")
    fetch.add_argument("--url", help="another place that has the same file")

    for name, help, usual in (("autoencoder", "train decoder, encoder and latent space", AUTOENCODER),
                              ("gan", "train a decoder as generator, against a discriminator", GAN),
                              ("cgan", "the same, with conditions: family, source, qualities, characteristics", GAN)):
        train = command(name, help + "; --resume goes on")
        train.add_argument("data", type=Path)
        train.add_argument("--run", type=Path, required=True, help="folder for all of it: state, log, pictures, metrics")
        train.add_argument("--only", metavar="NAME,..", help="learn these instruments of the data alone")
        train.add_argument("--representation", choices=("frames", "stft", "if"), default="frames", help="stft: whole notes as STFT images, "
                           "real and imaginary part (docs/seed.md); if: their log magnitude and instantaneous frequency")
        train.add_argument("--power", type=float, default=0.5, help="of magnitudes in stft: 1 does not compress them")
        train.add_argument("--unturned", action="store_true", help="stft: phases as they are, not relative to the key's harmonics")
        _training_options(train, usual)
        train.add_argument("--resume", action="store_true", help="go on from where the run was stopped")

    knobs = command("knobs", "measure which way in a model's latent space is brighter ..: into its card, weights stay as they are")
    knobs.add_argument("model", help="a name of the library, or a file")

    export = command("export", "write the model of a run, with its card")
    export.add_argument("data", type=Path)
    export.add_argument("run", type=Path)
    export.add_argument("model", type=Path, help="NAME of the two files to write, with its folder")
    export.add_argument("--name", default=FACTORY)
    export.add_argument("--metrics", type=Path, help="JSON file that `evaluate` wrote")

    evaluate = command("evaluate", "measure a model: on notes of any source, or at the keys of its data, left-out ones too")
    evaluate.add_argument("model", help="a name of the library, a file, or a run")
    evaluate.add_argument("--notes", type=Path, nargs="+", metavar="SOURCE", help="as `prepare` takes them")
    evaluate.add_argument("--count", type=int, metavar="N", help="only so many notes, spread over the source")
    evaluate.add_argument("--points", choices=("preset", "encoder", "refined"), default="refined", help="how each note's latents are found")
    evaluate.add_argument("--targets", action="store_true", help="also what a model that had learnt all perfectly would reach")
    evaluate.add_argument("--held-out", action="store_true", help="of --notes: keys that `learn --hold-out` left out, beside the mean of "
                          "their neighbours")
    evaluate.add_argument("--write", type=Path, metavar="DIR", help="each note's reconstruction, under the note's own name")
    evaluate.add_argument("--data", type=Path, help="prepared SoundFont notes: trained keys beside those left out")
    evaluate.add_argument("--soundfont", type=Path, default=SOUNDFONT, help="that --data came from")
    evaluate.add_argument("--left-out", type=int, default=100, metavar="N", help="of --data")
    evaluate.add_argument("--json", type=Path, metavar="FILE")
    add_wishes(evaluate)

    report = command("report", "what runs have learnt, as one page with pictures and sounds: needs nothing but a browser")
    report.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders that --run named; several sizes of latents are compared")
    report.add_argument("--out", type=Path, required=True, metavar="FILE.html")
    report.add_argument("--data", type=Path, help="prepared notes, where they are not where the run found them")
    report.add_argument("--notes", type=Path, nargs="+", default=(), metavar="SOURCE", help="real notes to reconstruct, instead of its own")
    report.add_argument("--count", type=int, default=12, metavar="N", help="notes that are reconstructed and measured")

    learn = command("learn", "from recordings to a model that plays, in one go: prepare, train, axes, card, into the library")
    learn.add_argument("source", type=Path, nargs="+", metavar="FOLDER", help="recordings, or anything that `prepare` takes")
    learn.add_argument("--name", required=True, help="of the model")
    learn.add_argument("--minutes", type=float, default=9.0, metavar="M", help="in all")
    learn.add_argument("--latents", type=int, default=16)
    learn.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    learn.add_argument("--threads", type=int, help="of the CPU")
    learn.add_argument("--workers", type=int, metavar="N", help="processes that prepare; by default one for each core")
    learn.add_argument("--seed", type=int, default=0)
    learn.add_argument("--licence", default="", help="of the recordings, for the card")
    learn.add_argument("--hold-out", action="store_true", help="leave one key in 12 out of training, to measure what lies between keys")
    learn.add_argument("--out", type=Path, metavar="FOLDER", help="instead of the library")
    learn.add_argument("--work", type=Path, metavar="FOLDER", help="for prepared notes and the state of training; by default the cache")
    learn.add_argument("--replace", action="store_true", help="a model of this name that was made another way")
    learn.add_argument("--background", action="store_true", help="at the lowest priority, on one core")
    learn.add_argument("--tell", action="store_true", help="for programs: what goes on, in lines of JSON, with models to be played on the "
                       "way; ends where standard input does")
    add_wishes(learn)

    command("points", "for programs: recordings into points of a model's latent space, asked and answered in lines of JSON")

    factory = command("factory", "all of it: prepare, train, export. What made the factory model")
    factory.add_argument("work", type=Path, help="folder for data and run (about 4 GB)")
    factory.add_argument("model", type=Path, help="NAME of the two files to write, with its folder")
    factory.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    factory.add_argument("--workers", type=int, metavar="N", help="processes; by default one for each core")
    add_wishes(factory)
    _training_options(factory, AUTOENCODER)
    return parser


def _training_options(parser: argparse.ArgumentParser, usual: dict) -> None:
    parser.set_defaults(usual=usual)
    parser.add_argument("--steps", type=int, help=f"{usual['steps']}, of whole notes {SEED['steps']}, if not given")
    parser.add_argument("--epochs", type=float, metavar="E", help="instead of --steps: so many times all notes")
    parser.add_argument("--minutes", type=float, default=float("inf"), metavar="M", help="stop after so long, if that is earlier")
    parser.add_argument("--notes", type=int, help="in a batch")
    parser.add_argument("--rate", type=float, help="of learning")
    parser.add_argument("--latents", type=int, default=16)
    parser.add_argument("--from", dest="start", metavar="MODEL", help="begin with the weights of a model: of the library, a file, or a run")
    parser.add_argument("--width", type=int, help=f"of the layers that know of time, asked for every voice and hop: {usual['width']}; "
                                                  f"of whole notes {SEED['width']} channels")
    parser.add_argument("--note-width", type=int, default=768, help="of those that know what is played: asked when it changes")
    parser.add_argument("--note-depth", type=int, default=2, help="how many of these there are")
    parser.add_argument("--mixed", type=float, default=0.0, metavar="SHARE", help="of notes that are learnt between two instruments")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--precision", choices=("auto", "32", "bf16"), default="auto", help="of the networks; auto: bf16 on CUDA")
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument("--seed", type=int, default=0)


@dataclass(frozen=True)
class Library:
    """Where a player's models are. Training does not know the instrument: whoever starts it tells."""
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)            # stopping it politely saves what it has
    try:
        return globals()["_" + args.command](args)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("train", "models") or isinstance(error, (OSError, ValueError)):
            print(f"hummingface train: {error}", file=sys.stderr)
            return 1
        raise


def open_model(text: str, library: Library):
    """A model by a run's folder, a file, or a name of the library. Raises ModelError, ValueError, OSError."""
    from models.checkpoint import load_model
    path = Path(text).expanduser()
    if (path / "state.pt").is_file():
        from train.state_model import model_of_run
        return model_of_run(path)
    if path.is_dir() or path.suffix in (".safetensors", ".json") or path.with_name(path.name + ".safetensors").is_file():
        return load_model(path)
    return load_model(library.find(text))


def _device(asked: str) -> str:
    import torch
    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def _prepare(args) -> int:
    from train.prepare import prepare
    workers = args.workers or os.cpu_count() or 1
    args.data.mkdir(parents=True, exist_ok=True)
    sources = [open_source(path, wishes_of(args), workers, args.data / f"heard-{i}.json") for i, path in enumerate(args.source)]
    report = prepare(args.data, sources, workers, as_sound=getattr(args, "representation", "frames") != "frames")
    print(report.text())
    return 1 if report.failed or not report.notes else 0


def _fetch(args) -> int:
    from dataclasses import replace

    from train.fetch import SETS, fetch
    what = SETS[args.set][args.split]
    path = fetch(replace(what, url=args.url) if args.url else what, args.out)
    checked = "size and SHA-256 are the published ones" if what.sha256 else "its SHA-256 is not published with this program: not checked"
    print(f"{path}: {checked}. Next: hummingface train prepare {path} --out DATA")
    return 0


def _autoencoder(args) -> int:
    if getattr(args, "representation", "frames") != "frames":
        return _seed(args, "autoencoder")
    from models.shape import Shape
    from train.autoencoder import Options, Trainer

    def made(bank, device: str, steps: int) -> Trainer:
        options = Options(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, seed=args.seed, mixed=args.mixed)
        shape = Shape(latents=args.latents, width=args.width, note_width=args.note_width, note_depth=args.note_depth)
        return Trainer(bank, shape, options, device=device, precision=args.precision)
    return _train(args, made)


def _gan(args, conditional: bool = False) -> int:
    if args.representation != "frames":
        return _seed(args, "cgan" if conditional else "gan")
    from models.shape import Shape
    from train.gan import Options, Trainer

    def made(bank, device: str, steps: int) -> Trainer:
        options = Options(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, critic_rate=args.rate / 2, seed=args.seed)
        shape = Shape(latents=args.latents, width=args.width, note_width=args.note_width, note_depth=args.note_depth)
        return Trainer(bank, shape, options, conditional, device, args.precision)
    return _train(args, made)


def _cgan(args) -> int:
    return _gan(args, True)


def _seed(args, system: str) -> int:
    """The seed's own systems: models of whole notes, as STFT images."""
    from models.stft import Layout
    from train.seed import AutoencoderTrainer, GanTrainer, Options, SeedLearner, shape_for
    from train.sounds import SoundBank
    layout = Layout("if") if args.representation == "if" else Layout("ri", args.power, not args.unturned)

    def opened(folder: Path, only: list[str] | None) -> SoundBank:
        return SoundBank(folder, layout, only)

    def made(bank: SoundBank, device: str, steps: int) -> SeedLearner:
        options = Options(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, critic_rate=0.3 * args.rate, seed=args.seed)
        shape = shape_for(bank, args.latents, args.width, layout)
        if system == "autoencoder":
            return AutoencoderTrainer(bank, shape, options, device, args.precision)
        return GanTrainer(bank, shape, options, system == "cgan", device, args.precision)
    return _train(args, made, opened)


def _train(args, made: Callable, opened: Callable | None = None) -> int:
    """Opens the data, makes the learner and runs it, in one process or, where torchrun started it, in one of many."""
    import torch

    from train import parallel
    from train.dataset import NoteBank
    from train.run import STATE
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
        learner = made(bank, device, round(args.epochs * len(bank.trained) / args.notes) if args.epochs else args.steps)
        state = args.run / STATE
        if state.is_file():
            if not getattr(args, "resume", True):
                raise ValueError(f"{state} is there already: give --resume to go on, or another folder.")
            learner.resume(state)
        elif getattr(args, "start", None) and opened:
            raise ValueError("--from begins with a model of frames; a run of whole notes goes on with --resume.")
        elif getattr(args, "start", None):
            from train.start import start_from
            known = start_from(learner, open_model(args.start, args.library))
            if parallel.is_first():
                print(f"begins where {args.start} stands, which knows {known} of {len(bank.instruments)} instruments by name")
        if parallel.is_first():
            print(f"{len(bank)} notes of {len(bank.instruments)} instruments, {device}, from step {learner.step}", flush=True)
        learner.run(args.run)
    finally:
        parallel.part()
    return 0


def _knobs(args) -> int:
    from models.checkpoint import load_model, save_card
    from train.knobs import find_knobs
    path = Path(args.model).expanduser()
    if not (path.exists() or path.with_name(path.name + ".json").is_file()):
        path = args.library.find(args.model)
    model = load_model(path)
    for name, about in find_knobs(model).items():
        tried = f"rank correlation {about['correlation']:.2f}, of single notes {about['each']:.2f}" if "each" in about else ""
        print(f"{name:<32} {tried}")
    print(f"{save_card(model, path)}: {len(model.card['knobs'])} knobs")
    return 0


def _export(args) -> int:
    from train.dataset import NoteBank
    from train.export import export
    from train.run import STATE, read_state
    metrics = json.loads(args.metrics.read_text()) if args.metrics else None
    state = read_state(args.run / STATE)
    if str(state.get("kind", "")).startswith("stft-"):
        return _export_seed(args, state, metrics)
    licence = Path(__file__).with_name("notes") / "FluidR3_LICENCE.txt"
    by_hand = args.run / "history.txt"                          # what was changed on the way, if anything
    history = {"history": by_hand.read_text().strip()} if by_hand.is_file() else {}
    if state.get("kind") in ("gan", "cgan"):
        from train.export_gan import export_gan
        bank = NoteBank(args.data, [instrument["name"] for instrument in state["instruments"]])
        told: dict = {"about": f"Sounds that nobody recorded, learnt from {', '.join(bank.sources)}.", "source": ", ".join(bank.sources),
                      "pitches": [int(bank.pitch.min()), int(bank.pitch.max())],
                      "trained_on": {"sources": bank.sources, "instruments": len(bank.instruments), "notes": len(bank.trained)},
                      "reproduce": " ".join([f"hummingface train {state['kind']} DATA --run RUN", *_asked(state)])} | history
        if bank.sources == [SOUNDFONT.name]:
            told |= {"source": FACTORY_SOURCE, "licence": "MIT", "licence_text": licence.read_text()}
        model = export_gan(args.run / STATE, args.model, told | ({"metrics": metrics} if metrics else {}), args.name)
        print(f"{args.model}: {len(model.presets)} presets, {len(model.knobs)} knobs")
        return 0
    about = {"about": "Recorded and synthetic instruments of the FluidR3 General MIDI SoundFont by Frank Wen, in one latent space.",
             "source": FACTORY_SOURCE,
             "reproduce": " ".join(["hummingface train factory WORK", args.model.as_posix(), "--instruments 64", *_asked(state)])} | history
    if metrics:
        about["metrics"] = metrics
    model = export(args.run / STATE, NoteBank(args.data), args.model, args.name, about, licence.read_text())
    print(f"{args.model}: {len(model.presets)} presets")
    return 0


def _asked(state: dict) -> list[str]:
    """The options that train such a state again."""
    asked = {"steps": state["step"], "notes": state["options"]["notes"], "rate": state["options"]["rate"]}
    asked |= {name: state["shape"][name] for name in ("width", "note_width", "note_depth")}
    return [f"--{name.replace('_', '-')} {value}" for name, value in asked.items()]
def _export_seed(args, state: dict, metrics: dict | None) -> int:
    from train.export_seed import export_seed, shape_of_run
    from train.run import STATE
    from train.sounds import SoundBank
    bank = SoundBank(args.data, shape_of_run(state).layout)
    layout, name = shape_of_run(state).layout, args.name if args.name != FACTORY else args.model.name
    about: dict = {"about": f"Whole notes as STFT images, learnt from {', '.join(bank.sources)}.", "source": ", ".join(bank.sources),
                   "licence": "that of its recordings",
                   "trained_on": {"sources": bank.sources, "instruments": len(bank.instruments), "notes": len(bank)},
                   "reproduce": f"hummingface train {state['kind'].partition('-')[2]} DATA --run RUN --representation "
                                f"{'stft' if layout.kind == 'ri' else 'if'} --latents {state['free']} --width {shape_of_run(state).width} "
                                f"--steps {state['step']}"}
    if bank.sources == [SOUNDFONT.name]:
        about |= {"source": FACTORY_SOURCE, "licence": "MIT",
                  "licence_text": (Path(__file__).with_name("notes") / "FluidR3_LICENCE.txt").read_text()}
    if bank.lowest == bank.highest:
        about["about"] += f" It knows one key alone, MIDI {bank.lowest}; every other is that note, read faster or slower."
    model = export_seed(args.run / STATE, bank, args.model, name, about | ({"metrics": metrics} if metrics else {}))
    print(f"{args.model}: {len(model.presets)} presets, {len(model.knobs)} knobs")
    return 0


def _evaluate(args) -> int:
    import torch

    from models.seed_model import SeedModel
    from train.evaluate import distances, table, tuning
    if not args.notes and not args.data:
        raise ValueError("what is it to be measured on? Give --notes SOURCE, or --data DATA of its own training.")
    torch.set_num_threads(1)
    model, result = open_model(args.model, args.library), {}
    if isinstance(model, SeedModel):
        return _evaluate_notes(args, model)
    if args.notes:
        from train.examine import examine, held_out
        from train.examine import table as notes_table
        sources = [open_source(path, wishes_of(args), os.cpu_count() or 1) for path in args.notes]
        result = examine(model, sources, args.points, args.count, args.write, args.targets)
        if args.held_out:
            result["held_out"] = held_out(model, open_source(args.notes[0], wishes_of(args), os.cpu_count() or 1))
        print("\n".join([*(remark for source in sources for remark in source.remarks), notes_table(result)]))
    if args.data:
        from train.dataset import NoteBank
        result |= distances(model, NoteBank(args.data), args.soundfont, args.count or 200, args.left_out)
    result["tuning"] = tuning(model)
    print(table(result))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=1))
    return 0


def _report(args) -> int:
    import torch

    from train.report.page import write_report
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    write_report(args.runs, args.out, args.data, args.notes, args.count)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, to be opened with a browser")
    return 0


def _evaluate_notes(args, model) -> int:
    """Of a model of whole notes."""
    from train.examine_seed import examine, table
    if not args.notes:
        raise ValueError(f"{args.model} makes whole notes: give --notes SOURCE, with notes of the keys that it knows.")
    sources = [open_source(path, wishes_of(args), os.cpu_count() or 1) for path in args.notes]
    result = examine(model, sources, args.count, args.write)
    print(table(result))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=1))
    return 0


def _learn(args) -> int:
    from train.background import give_way
    from train.lines import Lines, stop_when_left
    lines = Lines() if args.tell else None
    if args.background:
        give_way()
        args.threads, args.workers = args.threads or 1, args.workers or 1
    if lines:
        stop_when_left()
    import torch

    from train.learn import Lesson, folder_name, learn
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    stem = folder_name(args.name)
    out, work = (args.out or args.library.models) / stem, args.work or args.library.work / "learn" / stem
    if out.with_suffix(".safetensors").exists() and not (work / "run").is_dir() and not args.replace:
        raise ValueError(f"there is a model {out} already, and not from here: give another --name, or --replace.")
    lesson = Lesson(args.minutes, args.latents, args.hold_out, _device(args.device), args.workers, args.seed, args.licence)
    try:
        learn(args.source, args.name, out, work, lesson, wishes_of(args), progress=not lines, tell=lines.tell if lines else None,
              added=NOWHERE.added if args.out else args.library.added)
    except (OSError, ValueError) as error:
        if lines:
            lines.tell("failed", text=str(error))
        raise
    if lines:
        lines.tell("done")
    return 0


def _points(args) -> int:
    from train.background import step_aside
    from train.lines import Lines, asked
    lines = Lines()
    step_aside()
    import torch

    from train.points import Points
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    Points(lambda text: open_model(text, args.library), lines.tell).serve(asked())
    return 0


def _factory(args) -> int:
    args.data, args.run, args.source = args.work / "data", args.work / "run", [args.soundfont]
    args.name, args.metrics = FACTORY, None
    return _prepare(args) or _autoencoder(args) or _export(args)
