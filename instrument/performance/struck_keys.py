"""What was computed for keys that are struck again and again while the latents rest: repeated notes need no network."""
from collections.abc import Callable, Iterable
from typing import TypeVar

MOST_REMEMBERED = 256             # cached notes (key and velocity)
Key = TypeVar("Key")
Value = TypeVar("Value")


def cached(known: dict[Key, Value], keys: list[Key], compute: Callable[[list[int]], Iterable[Value]]) -> list[Value]:
    """The values of keys; those that are not known yet are computed, together, from their places in `keys`."""
    if len(known) + len(keys) > MOST_REMEMBERED:
        known.clear()
    new = [i for i, key in enumerate(keys) if key not in known]
    if new:
        known.update(zip([keys[i] for i in new], compute(new), strict=True))
    return [known[key] for key in keys]
