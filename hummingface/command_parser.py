"""Command lines: help that tells every default, and answers to names that are not known. Imports nothing heavy."""
import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from hummingface.suggestions import did_you_mean

HELP_WIDTH = 110

Number = TypeVar("Number", int, float)


class DefaultsHelp(argparse.HelpFormatter):
    """Adds its default to the help of each option that has one, unless the text tells it already."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=HELP_WIDTH)

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        return f"{text} (default: %(default)s)" if tells_default(action) and "%(default)s" not in text else text


def tells_default(action: argparse.Action) -> bool:
    """Whether the default of an option is worth telling: not None, nothing, off or without end, which its text describes."""
    default = action.default
    if default is None or default is False or default in ("", [], ()) or default is argparse.SUPPRESS:
        return False
    return not (isinstance(default, float) and math.isinf(default)) and action.help is not argparse.SUPPRESS


class CommandParser(argparse.ArgumentParser):
    """A parser whose commands are of its own kind; for a choice or an option that is not known it says which was probably meant."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": DefaultsHelp, **options})

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            meant = did_you_mean(str(value), known)
            raise argparse.ArgumentError(action, f"invalid choice: {value!r}.{meant} Choose from {', '.join(known)}.")

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:          # type: ignore[override]
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown, parsed)
        return parsed

    def _refuse(self, unknown: list[str], parsed: argparse.Namespace) -> NoReturn:
        """Name what is too much; where it looks like an option, the one that was probably meant."""
        parser: argparse.ArgumentParser = self
        while found := [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]:
            chosen = getattr(parsed, found[0].dest, None)
            if chosen not in found[0].choices:
                break
            parser = found[0].choices[chosen]
        options = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        meant = did_you_mean(options[0], parser._option_string_actions) if options else ""
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{meant and '.' + meant}")


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """An argparse type: a whole number within bounds."""
    return _within(int, lowest, highest, "")


def between(lowest: float, highest: float, unit: str) -> Callable[[str], float]:
    """An argparse type: a number within bounds, in this unit."""
    return _within(float, lowest, highest, f" {unit}")


def _within(number: type[Number], lowest: Number, highest: Number, unit: str) -> Callable[[str], Number]:
    def parse(text: str) -> Number:
        value = number(text)
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"{value} is not within {lowest}..{highest}{unit}")
        return value
    parse.__name__ = "number"
    return parse


def pair(text: str) -> tuple[str, str]:
    """An argparse type: KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not (key.strip() and equals and value.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE")
    return key.strip(), value.strip()
