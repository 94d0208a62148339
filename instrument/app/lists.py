"""`hummingface devices | models | patches | controls`: what there is, as text or as JSON."""
import argparse
import json
import os
from typing import Any

from hummingface.command_parser import CommandParser
from hummingface.instrument.app.options import add_json
from hummingface.instrument.app.terminal import Terminal

NICENESS = 5                    # of measuring while the window plays: the player waits for it


def add(commands: "argparse._SubParsersAction[CommandParser]", common: CommandParser) -> None:
    """Add the commands to a parser's `commands`."""
    for name, what in (("devices", "list audio devices and MIDI ports"), ("models", "list models"), ("patches", "list patches"),
                       ("controls", "list controls: ids, ranges, units, defaults")):
        parser = commands.add_parser(name, help=what, description=f"{what.capitalize()}.", parents=[common])
        add_json(parser)
        if name == "controls":
            parser.add_argument("--osc", action="store_true", help="list the OSC addresses, with what they take and their ranges")
        if name == "patches":
            parser.add_argument("--words", metavar="W",
                                help='patches and presets that sound as these words say, such as "dark bowed metal", the best first')
            for work in ("--measure", "--map", "--audition"):       # the player's own, for the window; single notes, for the map
                parser.add_argument(work, action="store_true", help=argparse.SUPPRESS)


def devices(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.audio import listing
    found = listing.find()
    terminal.show_json(found.as_dict()) if args.json else terminal.show(found.text())
    return 0


def models(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.patches.library import describe_models, read_models
    from hummingface.models.playing.card_file import card_of
    entries, problems = read_models()
    if args.json:
        terminal.show_json([{"name": entry.name, "file": str(entry.path), "factory": entry.factory,
                             "presets": _presets(card_of(entry.path))} for entry in entries])
    else:
        terminal.show(describe_models(entries))
    return _told(problems, terminal)


def patches(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.patches.library import describe_patches, read_patches
    if args.measure or args.map:
        return _measure(args, terminal)
    if args.audition:
        return _audition(terminal)
    if args.words is not None:
        return _find(args, terminal)
    entries, problems = read_patches()
    if args.json:
        terminal.show_json([{"name": entry.name, "file": str(entry.path), "factory": entry.factory, "model": entry.model,
                             "program": number if entry.factory else None, "tags": list(entry.tags), "author": entry.author}
                            for number, entry in enumerate(entries)])
    else:
        terminal.show(describe_patches(entries))
    return _told(problems, terminal)


def _measure(args: argparse.Namespace, terminal: Terminal) -> int:
    """What the player's own patches measure, or where they stand on the map."""
    from hummingface.instrument.app.options import finish_compiling
    from hummingface.instrument.offline.measuring import measure_own
    from hummingface.instrument.offline.sound_mapping import map_own
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    finish_compiling(terminal)
    return _told(map_own() if args.map else measure_own(), terminal)


def _audition(terminal: Terminal) -> int:
    from hummingface.instrument.app.options import finish_compiling
    from hummingface.instrument.recording.sound_audition import serve
    finish_compiling(terminal)
    serve(lambda text: terminal.show(json.dumps({"tell": "problem", "text": text})))
    return 0


def _find(args: argparse.Namespace, terminal: Terminal) -> int:
    """Patches and presets by words."""
    from hummingface.instrument.app.options import finish_compiling
    from hummingface.instrument.patches import library
    from hummingface.instrument.patches.find_by_words import find_by_words
    from hummingface.instrument.patches.sound_candidates import candidates, unmeasured
    entries, problems = library.read_patches()
    if unmeasured(entries):
        from hummingface.instrument.offline.measuring import measure_own
        finish_compiling(terminal)
        with terminal.progress("measuring") as progress:
            problems += measure_own(progress)
    answer = find_by_words(args.words, candidates([*entries, *library.presets()]))
    if answer.notice:
        terminal.notice(answer.notice)
    if args.json:
        terminal.show_json([{"name": one.entry.name, "file": str(one.entry.path), "factory": one.entry.factory, "model": one.entry.model,
                             "preset": one.entry.preset or None, "tags": list(one.entry.tags), "score": one.score,
                             "reasons": list(one.reasons)} for one in answer.matches])
    else:
        lines = [f"{one.score:4.2f}  {one.entry.name:<24} {'preset of ' + one.entry.model if one.entry.preset else '':<24} "
                 f"{', '.join(one.reasons)}".rstrip() for one in answer.matches]
        terminal.show("\n".join(lines) or "nothing answers these words")
    return _told(problems, terminal)


def controls(args: argparse.Namespace, terminal: Terminal) -> int:
    from hummingface.instrument.patches.parameters import PARAMETERS
    if args.osc:
        return _osc(args, terminal)
    if args.json:
        terminal.show_json([{"id": p.id, "label": p.label, "group": p.group, "lowest": p.lowest, "highest": p.highest, "default": p.default,
                             "unit": p.value_unit, "choices": list(p.choices), "controller": p.cc, "help": p.help}
                            for p in PARAMETERS.values()])
        return 0
    lines = [f"{'id':<30} {'range':<20} {'unit':<7} {'default':<8} {'group':<15} label"]
    for p in PARAMETERS.values():
        bounds = f"{p.choices[0]} .. {p.choices[-1]}" if p.choices else f"{p.lowest:g} .. {p.highest:g}"
        default = p.text(p.default) if p.choices else f"{p.default:g}"
        lines.append(f"{p.id:<30} {bounds:<20} {p.value_unit:<7} {default:<8} {p.group:<15} {p.label}")
    terminal.show("\n".join(lines))
    return 0


def _osc(args: argparse.Namespace, terminal: Terminal) -> int:
    from dataclasses import asdict

    from hummingface.instrument.patches.osc_addresses import addresses
    if args.json:
        terminal.show_json([asdict(one) for one in addresses()])
        return 0
    lines = [f"{'address':<32} {'takes':<7} {'range':<20} {'unit':<7} what"]
    for one in addresses():
        bounds = "" if one.lowest is None else f"{one.lowest:g} .. {one.highest:g}"
        lines.append(f"{one.address:<32} {one.arguments:<7} {bounds:<20} {one.unit:<7} {one.means}".rstrip())
    terminal.show("\n".join(lines))
    return 0


def _presets(card: dict[str, Any]) -> list[str]:
    presets = card.get("presets")
    return list(presets) if isinstance(presets, dict) else []


def _told(problems: list[str], terminal: Terminal) -> int:
    for problem in problems:
        terminal.notice(problem)
    return 0
