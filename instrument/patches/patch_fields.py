"""Fields of a patch's file, each checked before it is used. Every refusal is a `PatchError` that names the file and the field."""
import unicodedata
from typing import TypeVar

from hummingface.instrument.patches.parameters import MOST_LATENTS
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.checks import is_number

T = TypeVar("T")


class PatchError(ValueError):
    """A patch that cannot be used; the text names the file and the field."""


def typed_field(value: object, kind: type[T], where: str, name: str) -> T:
    if not isinstance(value, kind):
        words: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}
        raise PatchError(f"{where}: {name} is not {words[kind]}")
    return value


def text_field(value: object, where: str, name: str, longest: int = 200) -> str:
    text = typed_field(value, str, where, name)
    if len(text) > longest:
        raise PatchError(f"{where}: {name} is longer than {longest} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):     # a line's end; half of a character
        raise PatchError(f"{where}: {name} has a character that cannot be shown: {text!a:.80}")
    return text


def _shown(value: object) -> str:
    """A value of any kind and size, short enough for a message."""
    return f"{value!r:.40}" if isinstance(value, (str, float, bool, type(None))) else f"a {type(value).__name__}"


def number_field(value: object, where: str, name: str) -> float:
    if is_number(value):
        return float(value)
    raise PatchError(f"{where}: {name} is {_shown(value)}, not a finite number")


def latents_field(values: object, where: str, name: str) -> tuple[float, ...]:
    values = typed_field(values, list, where, name)
    if not 1 <= len(values) <= MOST_LATENTS:
        raise PatchError(f"{where}: {name} has {len(values)} values, not 1..{MOST_LATENTS}")
    numbers = tuple(number_field(value, where, f"{name} {i + 1}") for i, value in enumerate(values))
    for i, value in enumerate(numbers):
        if abs(value) > LATENT_LIMIT:
            raise PatchError(f"{where}: {name} {i + 1} is {value:g}, not within -{LATENT_LIMIT:g}..{LATENT_LIMIT:g}")
    return numbers
