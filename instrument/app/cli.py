"""The command line. Parsing is quick: each command imports what it needs when it runs."""
import argparse
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hummingface.command_parser import CommandParser, between, whole
from hummingface.instrument.app import completion, lists, rendering
from hummingface.instrument.app import export_command as export
from hummingface.instrument.app.options import add_sound, common, finish_compiling, place
from hummingface.instrument.app.terminal import Terminal


class _Version(argparse.Action):
    """Prints it; looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from hummingface.instrument.logs.versions import own_version
        print(f"hummingface {own_version()}")
        parser.exit()


def build_parser() -> CommandParser:
    """All commands and their options."""
    parser = CommandParser(prog="hummingface", description="An instrument whose sound comes from neural networks.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands, shared = parser.add_subparsers(dest="command", metavar="COMMAND"), common()

    play = commands.add_parser("play", help="open the instrument (the default)", parents=[shared])
    play.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a take, a patch or a recording to begin with")
    add_sound(play)
    play.add_argument("--audio-device", metavar="D", help="name or number of a device; see `hummingface devices`")
    play.add_argument("--block", type=whole(16, 2048), metavar="N", help="samples a block, 16..2048; as the last time if left out")
    play.add_argument("--midi-port", metavar="NAME", help="a MIDI port by name; all of them if left out")
    play.add_argument("--osc", type=place, metavar="[HOST:]PORT",
                      help="hear OSC at this port, from this machine alone, or at HOST (0.0.0.0: from everywhere); "
                           "see `hummingface controls --osc`")
    play.add_argument("--osc-echo", type=place, metavar="HOST:PORT", help="where OSC sends what moves; to its last sender if left out")
    play.add_argument("--headless", action="store_true", help="no window: play from MIDI in a terminal")
    play.add_argument("--record", nargs="?", const="wav24", choices=("wav24", "wav32", "flac"),
                      help="without a window: record all that is played, as wav24 if no format is named")
    play.add_argument("--folder", type=Path, metavar="F",
                      help="without a window: where takes and the demo go (. is this folder); the folder for takes if left out")

    rendering.add(commands, shared)
    export.add(commands, shared)
    lists.add(commands, shared)

    bench = commands.add_parser("bench", help="measure what the engine costs on this machine", parents=[shared])
    add_sound(bench)
    bench.add_argument("--voices", type=whole(1, 128), default=64, help="notes that sound at once, 1..128")
    bench.add_argument("--block", type=whole(16, 2048), default=128, metavar="N", help="samples a block, 16..2048")
    bench.add_argument("--rate", type=whole(8000, 192000), default=48000, metavar="HZ", help="sample rate, 8000..192000")
    bench.add_argument("--seconds", type=between(0.1, 3600, "seconds"), default=10.0, help="of sound to measure, 0.1..3600")
    bench.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")

    install = commands.add_parser("install", help="install optional packages (PyTorch, for training and learning)", parents=[shared])
    install.add_argument("what", choices=("train",), help="PyTorch and what else training, learning and reports need")
    install.add_argument("--cuda", action="store_true", help="PyTorch with CUDA, several gigabytes, in place of its build for CPUs")
    install.add_argument("--tell", action="store_true", help=argparse.SUPPRESS)      # for the window: JSON, a line each

    desktop = commands.add_parser("desktop", help="a menu entry, an icon and file types, on Linux desktops", parents=[shared])
    desktop.add_argument("what", choices=("install", "remove"), help="put them there, or take them away")

    completion.add(commands, shared)
    train = commands.add_parser("train", help="make models: see `hummingface train --help`", add_help=False)
    train.add_argument("rest", nargs=argparse.REMAINDER)
    return parser


def _play(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.app.launch import play
    from hummingface.instrument.session.startup import StartOptions
    options = StartOptions(args.patch, args.model, args.audio_device, args.block, args.midi_port, args.osc, args.osc_echo)
    return play(options, headless=args.headless, record=args.record, folder=args.folder, file=args.file, quiet=args.quiet)


def _export(args: argparse.Namespace, terminal: Terminal) -> int:
    finish_compiling(terminal)
    return export.run(args, terminal)


def _bench(args: argparse.Namespace, terminal: Terminal) -> int:
    finish_compiling(terminal)
    from hummingface.instrument.app.bench import run
    return run(voices=args.voices, block_samples=args.block, rate_hz=args.rate, seconds=args.seconds,
               patch=args.patch, model=args.model, json_file=args.json)


def _install(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.installing.install_command import run
    return run(args.cuda, args.tell, args.quiet)


def _desktop(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.session import desktop
    terminal.say({"install": desktop.install, "remove": desktop.remove}[args.what]())
    return 0


def _completion(args: argparse.Namespace, terminal: Terminal) -> int:
    return completion.run(args.shell, build_parser(), terminal)


def _train(argv: list[str]) -> int:
    from hummingface.instrument.session.extras import ExtraMissing, require_for_training
    try:
        require_for_training(argv)
    except ExtraMissing as error:
        print(f"hummingface: {error}", file=sys.stderr)
        return 1
    from hummingface.instrument.patches.learnt_models import add_model
    from hummingface.instrument.patches.library import find_model, user_folder
    from hummingface.train.app.commands import main as train_main
    from hummingface.train.app.model_library import Library
    return train_main(argv, Library(find_model, user_folder("models"), user_folder("work"), add_model))


COMMANDS: dict[str, Callable[[argparse.Namespace, Terminal], int]] = {
    "play": _play, "render": rendering.render, "replay": rendering.replay, "export": _export, "devices": lists.devices,
    "models": lists.models, "patches": lists.patches, "controls": lists.controls, "bench": _bench,
    "resynthesise": rendering.resynthesise, "install": _install, "desktop": _desktop, "completion": _completion}


BEFORE_ALL = ("install",)       # may run where nothing is installed yet, not even what the log needs
SHORT = ("devices", "models", "patches", "controls", "completion", "desktop")      # over at once: these log failures alone


def _begin_log(kind: str, verbose: bool) -> None:
    """This process logs from here on."""
    if kind in SHORT and not verbose:
        from hummingface.instrument.logs.log_failures import begin_at_failure
        begin_at_failure(kind)
    else:
        from hummingface.instrument.logs.log_files import begin
        try:
            begin(kind, verbose)
        except ImportError:
            if kind not in BEFORE_ALL:
                raise


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 could not be done, 2 usage error."""
    for stream in (sys.stdout, sys.stderr):             # a file's name may hold what no terminal can show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            return _run(sys.argv[1:] if argv is None else argv, logged=argv is None)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()              # fails here, if at all, and not when Python ends
    except BrokenPipeError:                     # who reads has enough, as `head` has: there is nobody to tell
        _forget_output()
        return 0
    except OSError as error:
        print(f"hummingface: the output cannot be written ({error.strerror or error})", file=sys.stderr)
        _forget_output()
        return 1


def _forget_output() -> None:
    """What still waits to be printed goes nowhere; else Python would fail to print it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(argv: list[str], logged: bool) -> int:
    """`logged`: as a program, not called by another."""
    if argv[:1] == ["train"]:           # training has a command line of its own
        if logged:
            _begin_log("train", bool({"-v", "--verbose"} & set(argv)))
        return _train(argv[1:])
    parser = build_parser()
    opened = bool(argv) and argv[0] not in COMMANDS and Path(argv[0]).exists()          # from a desktop
    if not argv or opened or (argv[0].startswith("-") and argv[0] not in ("-h", "--help", "--version")):
        argv = ["play", *argv]
    args = parser.parse_args(argv)
    if args.command == "play" and args.record and not args.headless:
        parser.error("--record is for a terminal: add --headless; in the window F9 records, and Ctrl+K keeps the last minute")
    if logged:
        _begin_log(args.command if args.command != "play" else "terminal" if args.headless else "window", args.verbose)
    try:
        return COMMANDS[args.command](args, Terminal(args.quiet))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:      # what is wrong, told for the player
        if logged and args.command not in SHORT:
            import logging
            logging.getLogger(__name__).exception("%s", error)
        print(f"hummingface: {error}", file=sys.stderr)
        return 1
