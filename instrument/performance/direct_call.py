"""Calls of compiled functions that are made in every hop."""
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from numba.core.registry import CPUDispatcher


class DirectCall:
    """`call` is `function` without numba's look at the types of its arguments, which takes 5 to 12 us where they are tuples of records.

    Only for a function whose arguments have the same types in every call: after the first one nothing looks at them.
    """

    def __init__(self, function: "CPUDispatcher") -> None:
        self._function = function
        self.call: Callable[..., Any] = self._first

    def _first(self, *arguments: object) -> object:
        made = self._function(*arguments)
        if len(signatures := self._function.signatures) == 1:
            self.call = self._function.get_overload(signatures[0])
        return made
