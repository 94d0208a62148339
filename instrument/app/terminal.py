"""What a command says: results on the standard output, notices and progress on the standard error."""
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

BAR = "{l_bar}{bar}| {elapsed}<{remaining}"


def _print(text: object) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise                           # nobody reads on
    except OSError as error:
        raise OSError(f"the output cannot be written ({error.strerror or error})") from error


class Terminal:
    """`quiet`: nothing but what was asked for (a list, JSON) and errors."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, text: object) -> None:
        """What was done."""
        if not self.quiet:
            _print(text)

    def notice(self, text: str) -> None:
        """What there is to know besides, on the standard error."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """What was asked for, quiet or not."""
        _print(text)

    def show_json(self, values: Any) -> None:
        """The same, for programs."""
        _print(json.dumps(values, indent=1, ensure_ascii=False))

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[float], None]]:
        """Takes the part that is done, 0..1; shows a bar where the standard error is a terminal, and nothing anywhere else."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda part: None
            return
        from tqdm import tqdm
        with tqdm(total=1.0, desc=title, bar_format=BAR) as bar:
            yield lambda part: bar.update(part - bar.n) and None
