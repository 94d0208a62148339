"""The command line. Parsing is quick: each command imports what it needs when it runs."""
import argparse
import io
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hummingface.instrument.app import export_command as export


def _whole(lowest: int, highest: int):
    """An argparse type: a whole number within bounds."""
    def parse(text: str) -> int:
        value = int(text)
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"{value} is not within {lowest}..{highest}")
        return value
    parse.__name__ = "number"
    return parse


def _pair(text: str) -> tuple[str, str]:
    """An argparse type: KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not (key.strip() and equals and value.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE")
    return key.strip(), value.strip()


def _between(lowest: float, highest: float, unit: str):
    """An argparse type: a number within bounds, in this unit."""
    def parse(text: str) -> float:
        value = float(text)
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"{value} is not within {lowest:g}..{highest:g} {unit}")
        return value
    parse.__name__ = "number"
    return parse


def _version() -> str:
    try:
        return version("hummingface")
    except PackageNotFoundError:
        return "from a source folder"


def _add_sound(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--patch", metavar="P", help="a patch by name, or a patch file")
    parser.add_argument("--model", metavar="M", help="a model by name, or a model file; the patch's own if left out")


def build_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = argparse.ArgumentParser(prog="hummingface", description="An instrument whose sound comes from neural networks.")
    parser.add_argument("--version", action="version", version=f"hummingface {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    play = commands.add_parser("play", help="open the instrument (the default)")
    play.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a take, a patch or a recording to begin with")
    _add_sound(play)
    play.add_argument("--audio-device", metavar="D", help="name or number, see `hummingface devices`")
    play.add_argument("--block", type=_whole(16, 2048), metavar="N", help="samples a block, 16..2048")
    play.add_argument("--midi-port", metavar="NAME", help="a MIDI port by name; all of them if left out")
    play.add_argument("--headless", action="store_true", help="no window: play from MIDI in a terminal")
    play.add_argument("--record", nargs="?", const="wav24", choices=("wav24", "wav32", "flac"),
                      help="without a window: record all that is played")
    play.add_argument("--folder", type=Path, metavar="F",
                      help="without a window: where takes and the demo go (. is this folder); the folder for takes if left out")

    render = commands.add_parser("render", help="play a MIDI file into a sound file")
    render.add_argument("midi", type=Path, metavar="IN.mid")
    render.add_argument("wav", type=Path, metavar="OUT.wav")
    _add_sound(render)
    render.add_argument("--preset", metavar="NAME", help="a preset of the model, every control at rest; see `hummingface models`")
    render.add_argument("--dry", action="store_true", help="without room, echoes and chorus")
    render.add_argument("--rate", type=_whole(8000, 192000), default=48000, metavar="HZ")
    render.add_argument("--by", choices=("channel", "track"), default="channel", help="what a part is; each has an engine of its own")
    render.add_argument("--map", action="append", type=_pair, default=[], metavar="PART=PATCH",
                        help="the patch of a part, by the number of its channel or track, or its track's name; PART=off leaves it out")
    render.add_argument("--programs", choices=("gm", "patches", "off"),
                        help="program changes are General MIDI's, or count the factory's patches, as in live playing, or mean nothing")
    render.add_argument("--cc", action="append", type=_pair, default=[], metavar="NUMBER=CONTROL",
                        help="a controller that moves a control, beside those that do in the window")
    render.add_argument("--gain", type=_between(-60, 12, "dB"), default=0.0, metavar="DB", help="volume of every part, -60..12")
    render.add_argument("--stems", action="store_true", help="also a file of each part beside the mix")
    render.add_argument("--block", type=_whole(16, 2048), default=2048, metavar="N")
    render.add_argument("--seed", type=_whole(0, 2 ** 32 - 1), default=0, metavar="S", help="of the noise and of all that moves at random")

    replay = commands.add_parser("replay", help="play a take again, to the sample, into a sound file")
    replay.add_argument("take", type=Path, metavar="TAKE")
    replay.add_argument("wav", type=Path, metavar="OUT.wav")

    export.add(commands, _whole, _between(1, 60, "seconds"))

    commands.add_parser("devices", help="list audio devices and MIDI ports")
    commands.add_parser("models", help="list models")
    commands.add_parser("patches", help="list patches")

    bench = commands.add_parser("bench", help="measure what the engine costs on this machine")
    _add_sound(bench)
    bench.add_argument("--voices", type=_whole(1, 128), default=64)
    bench.add_argument("--block", type=_whole(16, 2048), default=128, metavar="N")
    bench.add_argument("--rate", type=_whole(8000, 192000), default=48000, metavar="HZ")
    bench.add_argument("--seconds", type=_between(0.1, 3600, "seconds"), default=10.0)
    bench.add_argument("--json", type=Path, metavar="FILE")

    again = commands.add_parser("resynthesise", help="one recorded note through a model, into a sound file")
    again.add_argument("source", type=Path, metavar="IN.wav")
    again.add_argument("out", type=Path, metavar="OUT.wav")
    again.add_argument("--model", metavar="M", help="a model by name, or a model file; the factory's if left out")
    again.add_argument("--pitch", type=float, metavar="P", help="its key (60 is C4) if it cannot be heard")

    install = commands.add_parser("install", help="install what playing does without")
    install.add_argument("what", choices=("train",), help="PyTorch and what else training, learning and reports need")
    install.add_argument("--cuda", action="store_true", help="PyTorch with CUDA, several gigabytes, in place of its build for CPUs")
    install.add_argument("--tell", action="store_true", help=argparse.SUPPRESS)      # for the window: JSON, a line each

    desktop = commands.add_parser("desktop", help="a menu entry, an icon and file types, on Linux desktops")
    desktop.add_argument("what", choices=("install", "remove"))

    train = commands.add_parser("train", help="make models: see `hummingface train --help`", add_help=False)
    train.add_argument("rest", nargs=argparse.REMAINDER)
    return parser


def _play(args) -> int:
    from hummingface.instrument.app.launch import play
    return play(patch=args.patch, model=args.model, audio_device=args.audio_device, block_samples=args.block,
                midi_port=args.midi_port, headless=args.headless, record=args.record, folder=args.folder, file=args.file)


def _finish_compiling() -> None:
    from hummingface.instrument.audio.precompile import finish
    finish(lambda text: print(text, file=sys.stderr, flush=True))


def _render(args) -> int:
    if args.midi.is_file():             # one that is not there is told of at once
        _finish_compiling()
    from tqdm import tqdm

    from hummingface.instrument.offline.bounce import render_midi
    from hummingface.instrument.patches.library import load_model, preset_patch
    from hummingface.instrument.performance.midi import CONTROLS
    from hummingface.instrument.session import settings
    moved = settings.load()[0].midi_map                 # as in the window
    controllers = {int(number): id_ for number, id_ in moved.items()} if moved is not None else dict(CONTROLS)
    for number, id_ in args.cc:
        if not number.isdecimal():
            raise ValueError(f"--cc {number}={id_}: a controller is a number, 0..127")
        controllers[int(number)] = id_
    patch, model = args.patch, args.model
    if args.preset is not None:
        if args.patch is not None:
            raise ValueError("--patch and --preset both say what plays; give one of them")
        model = load_model(args.model)
        patch = preset_patch(model, args.preset)
    with tqdm(total=1.0, desc=f"rendering {args.wav.name}", bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:
        report = render_midi(args.midi, args.wav, patch=patch, model=model, dry=args.dry, by=args.by, mapped=dict(args.map),
                             programs=args.programs, controllers=controllers, gain_db=args.gain, stems=args.stems, rate_hz=args.rate,
                             block_samples=args.block, seed=args.seed, progress=lambda part: bar.update(part - bar.n))
    print(report)
    return 0


def _replay(args) -> int:
    from tqdm import tqdm

    from hummingface.instrument.recording.replay import render
    with tqdm(total=1.0, desc=f"playing {args.take.name}", bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:
        remark = render(args.take, args.wav, lambda part: bar.update(part - bar.n))
    print(f"{args.wav}: as it was recorded" if not remark else f"{args.wav}: {remark}")
    return 0


def _export(args) -> int:
    _finish_compiling()
    return export.run(args)


def _devices(args) -> int:
    from hummingface.instrument.audio.listing import describe
    print(describe())
    return 0


def _models(args) -> int:
    from hummingface.instrument.patches.library import describe_models, read_models
    entries, problems = read_models()
    print(describe_models(entries))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 0


def _patches(args) -> int:
    from hummingface.instrument.patches.library import describe_patches, read_patches
    entries, problems = read_patches()
    print(describe_patches(entries))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 0


def _bench(args) -> int:
    _finish_compiling()
    from hummingface.instrument.app.bench import run
    return run(voices=args.voices, block_samples=args.block, rate_hz=args.rate, seconds=args.seconds,
               patch=args.patch, model=args.model, json_file=args.json)


def _resynthesise(args) -> int:
    from hummingface.instrument.session.extras import require
    require("`hummingface resynthesise`")
    from hummingface.instrument.patches.library import load_model
    from hummingface.train.app.resynthesise import resynthesise
    print(resynthesise(load_model(args.model), args.source, args.out, args.pitch))
    return 0


def _install(args) -> int:
    from hummingface.instrument.installing.install_command import run
    return run(args.cuda, args.tell)


def _train(argv: list[str]) -> int:
    from hummingface.instrument.session.extras import ExtraMissing, require_for_training
    try:
        require_for_training(argv)
    except ExtraMissing as error:
        print(f"hummingface: {error}", file=sys.stderr)
        return 1
    from hummingface.instrument.patches.learnt_models import add_model
    from hummingface.instrument.patches.library import find_model, user_folder
    from hummingface.train.app.commands import Library
    from hummingface.train.app.commands import main as train_main
    return train_main(argv, Library(find_model, user_folder("models"), user_folder("work"), add_model))


def _desktop(args) -> int:
    from hummingface.instrument.session import desktop
    print({"install": desktop.install, "remove": desktop.remove}[args.what]())
    return 0


COMMANDS = {"play": _play, "render": _render, "replay": _replay, "export": _export, "devices": _devices, "models": _models,
            "patches": _patches, "bench": _bench, "resynthesise": _resynthesise, "install": _install, "desktop": _desktop}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 could not be done, 2 wrongly asked."""
    argv = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):             # a file's name may hold what no terminal can show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if argv[:1] == ["train"]:           # training has a command line of its own
        return _train(argv[1:])
    parser = build_parser()
    opened = bool(argv) and argv[0] not in COMMANDS and Path(argv[0]).exists()          # from a desktop
    if not argv or opened or (argv[0].startswith("-") and argv[0] not in ("-h", "--help", "--version")):
        argv = ["play", *argv]
    args = parser.parse_args(argv)
    if args.command == "play" and args.record and not args.headless:
        parser.error("--record is for a terminal: add --headless; in the window F9 records, and Ctrl+K keeps the last minute")
    try:
        return COMMANDS[args.command](args)
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError) as error:      # what is wrong, told for the player
        print(f"hummingface: {error}", file=sys.stderr)
        return 1
