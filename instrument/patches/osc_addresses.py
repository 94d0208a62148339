"""The OSC addresses of all controls, which follow from their ids, and of what else can be asked for: one list for the server and for
whoever reads it (`hummingface controls --osc`).

`/filter/cutoff_hz` takes the value in its unit, `/norm/filter/cutoff_hz` the place of the knob, 0..1.
"""
from dataclasses import dataclass

from hummingface.instrument.patches.parameters import PARAMETERS, Parameter

NORMALISED = "/norm"
NOTE, PANIC, PATCH, SYNC = "/note", "/panic", "/patch", "/sync"


@dataclass(frozen=True)
class OscAddress:
    """`arguments`: OSC's type tags of what it takes; `means`, and the range where there is one, for people."""
    address: str
    arguments: str
    means: str
    lowest: float | None = None
    highest: float | None = None
    unit: str = ""


def address_of(parameter_id: str) -> str:
    """The address of a control."""
    return "/" + parameter_id.replace(".", "/")


CONTROLS = {address_of(name): name for name in PARAMETERS}


def target_of(address: str) -> tuple[str, bool]:
    """(the control of an address, whether its value is normalised). Raises KeyError where it is that of none."""
    if address.startswith(NORMALISED + "/"):
        return CONTROLS[address.removeprefix(NORMALISED)], True
    return CONTROLS[address], False


def value_of(parameter: Parameter, argument: object, normalised: bool) -> float:
    """The value that an argument of a message means: a number, or the name of a switch's choice. Raises ValueError."""
    if isinstance(argument, str):
        for place, choice in enumerate(parameter.choices):
            if choice.casefold() == argument.strip().casefold():
                return parameter.lowest + place
        raise ValueError(f"{parameter.id} has no choice {argument!r:.40}")
    if isinstance(argument, bool) or not isinstance(argument, (int, float)) or argument != argument:
        raise ValueError(f"{parameter.id}: {argument!r:.40} is not a number")
    return parameter.from_travel(argument) if normalised else parameter.clamp(argument)


def addresses() -> list[OscAddress]:
    """All of them, in the order of the table of controls."""
    found = [OscAddress(address, "s or f" if PARAMETERS[name].choices else "f", PARAMETERS[name].help, PARAMETERS[name].lowest,
                        PARAMETERS[name].highest, PARAMETERS[name].value_unit) for address, name in CONTROLS.items()]
    return [*found,
            OscAddress(f"{NORMALISED}/...", "f", "Any of these by the place of its knob.", 0.0, 1.0),
            OscAddress(NOTE, "iii", "Channel 1..16, key 0..127, velocity 1..127, or 0 to release it."),
            OscAddress(PANIC, "", "Silence everything at once."),
            OscAddress(PATCH, "s", "Play a patch, by its name."),
            OscAddress(SYNC, "", "Send the values of all controls back.")]
