"""Options that several commands share."""
import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hummingface.command_parser import CommandParser

if TYPE_CHECKING:
    from hummingface.instrument.patches.scale_tuning import ScaleTuning


def common() -> CommandParser:
    """A parent for every command."""
    parser = CommandParser(add_help=False)
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but what was asked for, and errors")
    parser.add_argument("-v", "--verbose", action="store_true", help="show on the terminal what goes into the log file")
    return parser


def add_sound(parser: argparse.ArgumentParser) -> None:
    """What plays."""
    parser.add_argument("--patch", metavar="P", help="a patch by name, or a patch file; see `hummingface patches`")
    parser.add_argument("--model", metavar="M", help="a model by name, or a model file; the patch's own if left out")


def place(text: str) -> str:
    """A port, or HOST:PORT."""
    port = text.rpartition(":")[2]
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 9000 or 192.168.1.20:9000")
    return text


def add_tuning(parser: argparse.ArgumentParser) -> None:
    """What tunes the keys."""
    parser.add_argument("--tuning", action="append", type=Path, default=[], metavar="FILE",
                        help="a scale (.scl), a keyboard mapping (.kbm), or one of each, in place of the patches' own tuning")


def tuning_of(args: argparse.Namespace) -> "ScaleTuning | None":
    """The tuning in the files that were named. Raises ScaleError."""
    from hummingface.instrument.patches.scale_tuning import of_files
    return of_files(args.tuning) if args.tuning else None


def add_json(parser: argparse.ArgumentParser) -> None:
    """For those that print something that programs may want."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_out(parser: argparse.ArgumentParser) -> None:
    """The sound file that a command writes."""
    parser.add_argument("out", type=Path, metavar="OUT.wav", help="the sound file to write; its name decides the format, .wav or .flac")


def finish_compiling(terminal: Any) -> None:
    """Wait until all is compiled that rendering needs; say so if that takes a while."""
    from hummingface.instrument.audio.precompile import finish
    finish(terminal.notice)
