"""`hummingface render | replay | resynthesise`: MIDI files, takes and recordings into sound files."""
import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hummingface.command_parser import CommandParser, between, pair, whole
from hummingface.instrument.app.options import add_json, add_out, add_sound, add_tuning, finish_compiling, tuning_of
from hummingface.instrument.app.terminal import Terminal

if TYPE_CHECKING:
    from hummingface.instrument.performance.messages.controller_map import Table


def add(commands: "argparse._SubParsersAction[CommandParser]", common: CommandParser) -> None:
    """Add the commands to a parser's `commands`."""
    render = commands.add_parser("render", help="play a MIDI file into a sound file", parents=[common])
    render.add_argument("midi", type=Path, metavar="IN.mid", help="the MIDI file")
    add_out(render)
    add_sound(render)
    render.add_argument("--preset", metavar="NAME",
                        help="a preset of the model, every control at its default; see `hummingface models --json`")
    render.add_argument("--dry", action="store_true", help="without reverb, delay and chorus")
    render.add_argument("--rate", type=whole(8000, 192000), default=48000, metavar="HZ", help="sample rate, 8000..192000")
    render.add_argument("--by", choices=("channel", "track"), default="channel", help="what a part is; each part has an engine of its own")
    render.add_argument("--map", action="append", type=pair, default=[], metavar="PART=PATCH",
                        help="the patch of a part, by the number of its channel or track, or its track's name; PART=off leaves it out")
    render.add_argument("--programs", choices=("gm", "patches", "off"),
                        help="what program changes mean: General MIDI's sounds, the factory patches by number, as in live playing, or "
                             "nothing; if left out, what suits the file")
    render.add_argument("--cc", action="append", type=pair, default=[], metavar="NUMBER=CONTROL",
                        help="a controller that moves a control, beside those that do in the window; see `hummingface controls`")
    add_tuning(render)
    render.add_argument("--gain", type=between(-60, 12, "dB"), default=0.0, metavar="DB", help="volume of every part, -60..12")
    render.add_argument("--stems", action="store_true", help="also write a file of each part beside the mix")
    render.add_argument("--block", type=whole(16, 2048), default=2048, metavar="N", help="samples a block, 16..2048")
    render.add_argument("--seed", type=whole(0, 2 ** 32 - 1), default=0, metavar="S",
                        help="of the noise and of all that moves at random: the same seed gives the same samples")
    add_json(render)

    replay = commands.add_parser("replay", help="play a take again, to the sample, into a sound file", parents=[common])
    replay.add_argument("take", type=Path, metavar="TAKE", help="a take of the instrument, .wav or .flac")
    add_out(replay)

    again = commands.add_parser("resynthesise", help="one recorded note through a model, into a sound file", parents=[common])
    again.add_argument("source", type=Path, metavar="IN.wav", help="the recording of one note")
    add_out(again)
    again.add_argument("--model", metavar="M", help="a model by name, or a model file; the factory's if left out")
    again.add_argument("--pitch", type=float, metavar="P", help="its key (60 is C4), if it cannot be heard")


def render(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.files.sound_file import format_of
    if not (args.out.exists() and args.midi.exists() and args.out.samefile(args.midi)):         # which is said as it is
        format_of(args.out)
    if args.midi.is_file():             # one that is not there is told of at once
        finish_compiling(terminal)
    from hummingface.instrument.offline.bounce import RenderOptions, render_midi
    from hummingface.instrument.offline.parts import Assignment
    patch, model = args.patch, args.model
    if args.preset is not None:
        from hummingface.instrument.patches.library import load_model, preset_patch
        if args.patch is not None:
            raise ValueError("--patch and --preset both say what plays; give one of them")
        model = load_model(args.model)
        patch = preset_patch(model, args.preset)
    options = RenderOptions(args.rate, args.block, args.seed, None, args.dry, _controllers(args.cc), {"master.volume_db": args.gain},
                            tuning_of(args))
    with terminal.progress(f"rendering {args.out.name}") as progress:
        report = render_midi(args.midi, args.out, Assignment(patch, model, args.by, dict(args.map), args.programs), options,
                             stems=args.stems, loudness=args.json, progress=progress)
    terminal.show_json(report.as_dict()) if args.json else terminal.say(report)
    return 0


def _controllers(more: list[tuple[str, str]]) -> "Table":
    """Controllers as in the window, and more."""
    from hummingface.instrument.patches.parameters import PARAMETERS
    from hummingface.instrument.performance.messages import controller_map, midi
    from hummingface.instrument.session import settings
    from hummingface.suggestions import did_you_mean
    moved = settings.load()[0].midi_map
    table = list(controller_map.from_json(moved) if moved is not None else controller_map.USUAL)
    for number, id_ in more:
        if not number.isdecimal():
            raise ValueError(f"--cc {number}={id_}: a controller is a number, 0..127")
        if id_ not in PARAMETERS:
            raise ValueError(f"no control is called {id_!r}.{did_you_mean(id_, PARAMETERS)} `hummingface controls` lists them.")
        if int(number) > 127 or int(number) in midi.RESERVED:
            raise ValueError(f"controller {number} cannot move {id_}: it has a fixed meaning, or is not within 0..127")
        table = [mapping for mapping in table if mapping.number != int(number)]
        table.append(controller_map.ControllerMapping(int(number), id_))
    return tuple(table)


def replay(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.recording.replay import render as render_take
    with terminal.progress(f"playing {args.take.name}") as progress:
        notice = render_take(args.take, args.out, progress)
    terminal.say(f"{args.out}: as it was recorded" if not notice else f"{args.out}: {notice}")
    return 0


def resynthesise(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.files import sound_file
    from hummingface.instrument.patches.library import load_model
    sound_file.format_of(args.out)
    from hummingface.train.app.resynthesise import NoPitchError
    from hummingface.train.app.resynthesise import resynthesise as through_model
    try:
        with terminal.progress(f"listening to {args.source.name}") as progress:
            found = through_model(load_model(args.model), args.source, args.pitch, progress)
    except NoPitchError as error:
        raise NoPitchError(f"{error} Give its key with --pitch if it is one note.") from error
    sound_file.write(args.out, found.sound, found.made.rate_hz)
    terminal.say(f"{args.out}: {found}")
    return 0
