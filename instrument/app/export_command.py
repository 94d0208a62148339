"""The command `hummingface export`: its options and its execution. Parsing imports nothing heavy."""
import argparse
import signal
from pathlib import Path
from types import FrameType

from hummingface.command_parser import CommandParser, between, whole
from hummingface.instrument.app.options import add_tuning, tuning_of
from hummingface.instrument.app.terminal import Terminal
from hummingface.instrument.export import limits
from hummingface.instrument.export.form_table import FORMS, WAVETABLE

HELP = "make a sampler's instrument or a wavetable of a patch"


def add(commands: "argparse._SubParsersAction[CommandParser]", common: CommandParser) -> None:
    """Add the command to a parser's `commands`."""
    parser = commands.add_parser("export", help=HELP)
    kinds, seconds = parser.add_subparsers(dest="kind", metavar="FORM", required=True), between(*limits.SECONDS, "seconds")
    for form in FORMS.values():
        kind = kinds.add_parser(form.name, help=form.about, description=f"Sample a patch into {form.about}.", parents=[common])
        _add_sound(kind, form.places)
        add_tuning(kind)
        kind.add_argument("--every", type=whole(*limits.EVERY), default=3, metavar="N", help="sample one key in N, 1..24")
        kind.add_argument("--velocities", type=whole(*limits.VELOCITIES), default=3, metavar="N", help="layers of velocity, 1..16")
        kind.add_argument("--seconds", type=seconds, default=4.0, metavar="S", help="length of each sample, 1..60")
        kind.add_argument("--loop", action=argparse.BooleanOptionalAction, default=None,
                          help="loop the samples; if left out, those of patches that sound as long as a key is held")
        kind.add_argument("--keys", type=_keys, default="21-108", metavar="LOW-HIGH", help="the range of keys, within 0-127")
        kind.add_argument("--wet", action="store_true", help="with the patch's delay and reverb in the samples")
    table = kinds.add_parser(WAVETABLE, help="256 single cycles, for Serum, Vital and others", description="Make a wavetable of a patch.",
                             parents=[common])
    _add_sound(table, "OUT.wav")
    table.add_argument("--along", default="time", metavar="KNOB",
                       help="time, or a control by its id: latent.1, filter.cutoff_hz, morph.x ...; see `hummingface controls`")
    table.add_argument("--key", type=whole(*limits.TABLE_KEY), default=48, metavar="K", help="the note that is played, 60 is C4, 12..96")
    table.add_argument("--velocity", type=whole(*limits.VELOCITY), default=100, metavar="V", help="its velocity, 1..127")
    table.add_argument("--seconds", type=seconds, default=3.0, metavar="S",
                       help="with --along time: how many seconds of the note the 256 cycles cover, 1..60")


def _add_sound(parser: argparse.ArgumentParser, out: str) -> None:
    parser.add_argument("patch", metavar="PATCH", help="a patch by name, or a patch file")
    parser.add_argument("out", type=Path, metavar="OUT", help=f"{out}; existing files are never overwritten")
    parser.add_argument("--model", metavar="M", help="a model by name, or a model file; the patch's own if left out")


def _keys(text: str) -> tuple[int, int]:
    try:
        low, high = (int(part) for part in text.split("-"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 36-84") from None
    if not 0 <= low <= high <= 127:
        raise argparse.ArgumentTypeError(f"{text} is not within 0-127, from low to high")
    return low, high


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Export. Ended by Ctrl+C or SIGTERM it leaves nothing. Raises ExportError, LibraryError, PatchError, OSError."""
    from hummingface.instrument.export import export, forms
    from hummingface.instrument.performance import sound_bank

    def ended(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, ended)
    forms.check(args.kind, args.out, "")
    sound = sound_bank.open_sound(args.patch, args.model)
    options = vars(args)
    if options.get("tuning"):
        sound.patch = sound.patch.with_values(tuning=tuning_of(args))
    if "keys" in options:
        options = options | dict(zip(("low", "high"), args.keys, strict=True))
    with terminal.progress(f"exporting {args.out.name}") as part:
        def progress(done: int, total: int) -> None:
            part(done / total)
        report = export.export(args.kind, sound, args.out, options, progress)
    terminal.say(report)
    return 0
