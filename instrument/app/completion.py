"""`hummingface completion SHELL`: a script that completes commands, options and files. Made of the parser when it is asked for; starting a
command is not slowed down by it, nor does the shell start one to complete."""
import argparse

from hummingface.command_parser import CommandParser
from hummingface.instrument.app.terminal import Terminal

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")
ABOUT = "Print a script that completes commands, options and files in a shell. docs/command-line.md says where each shell wants it."


def add(commands: "argparse._SubParsersAction[CommandParser]", common: CommandParser) -> None:
    """Add the command to a parser's `commands`."""
    parser = commands.add_parser("completion", help="print a script for completing commands in a shell", description=ABOUT,
                                 parents=[common])
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads it")


def run(shell: str, parser: argparse.ArgumentParser, terminal: Terminal) -> int:
    """`parser` is that of `hummingface`; the commands of training join it here."""
    import shtab

    from hummingface.train.app.arguments import build_parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            action.choices["train"] = build_parser()                # which `hummingface` itself hands everything on to
    _complete_files(parser)
    terminal.show(shtab.complete(parser, shell))
    return 0


def _complete_files(parser: argparse.ArgumentParser) -> None:
    """Arguments that are paths are completed by the names of files."""
    import shtab
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _complete_files(command)
        elif getattr(action.type, "__name__", "") == "Path":
            action.complete = shtab.FILE        # type: ignore[attr-defined]
