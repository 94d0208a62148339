"""The tour of the first start: four steps, each done by playing and not by reading, the last a take that is recorded and heard."""
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from hummingface.instrument.gui.widgets.shortcut_table import text_of
from hummingface.instrument.gui.widgets.tour_card import TourCard

if TYPE_CHECKING:
    from collections.abc import Callable

NOTE, LATENT, SOUND, BEGUN, TAKE, HEARD = "note", "latent", "sound", "begun", "take", "heard"       # what the player does
COUNT = 4


@dataclass(frozen=True)
class Phase:
    """What there is to do: the number of its step, what does it, how it is said, and the part of the window that it is about."""
    step: int
    awaits: str
    text: str
    about: str


PHASES = (
    Phase(1, NOTE, "Play a note: the row of A on your computer keyboard is the white keys. A MIDI keyboard, or a click on the keys below, "
          "does it, too.", "keys"),
    Phase(2, LATENT, "Turn one of the large knobs, and play on. Each is an axis of what the network has learnt; a double-click brings it "
          "back.", "latents"),
    Phase(3, SOUND, "Drag the puck between the sounds in the corners of the morph pad, or load another patch: {browse}, or a click on its "
          "name.", "morph"),
    Phase(4, BEGUN, "Record: press Rec, or {record}.", "record"),
    Phase(4, TAKE, "Play something, then press Rec, or {record}, again.", "record"),
    Phase(4, HEARD, "It is kept. Now hear it: Takes, or {takes}, then Listen.", "record"),
)
END = "You play, shape, explore and record: that is all of it. {manual} opens the manual, at whatever the pointer is on."


class Tour(QObject):
    """`did` tells what the player has done. `parts` are those of the window, by the names in `PHASES`."""

    def __init__(self, card: TourCard, parts: dict[str, QWidget]):
        super().__init__(card)
        self.card, self._parts = card, parts
        self._phase: int | None = None
        self.on_step: list[Callable[[str], None]] = []          # what there is to do now
        card.passed.connect(self._pass)
        card.left.connect(self.leave)

    @property
    def awaits(self) -> str | None:
        """What the player is to do; empty at its end, None while there is no tour."""
        return None if self._phase is None else PHASES[self._phase].awaits if self._phase < len(PHASES) else ""

    def begin(self) -> None:
        """Begin, or begin again."""
        self._go_to(0)

    def leave(self) -> None:
        """The player has seen enough."""
        self._phase = None
        self.card.leave()

    def did(self, what: str) -> None:
        """The player has done something; what is not awaited counts for nothing."""
        if self._phase is not None and what == self.awaits:
            self._go_to(self._phase + 1)

    def _pass(self) -> None:
        """Go on to the next step, whatever is left of this one."""
        if self._phase is not None:
            step = PHASES[self._phase].step
            self._go_to(next((i for i, phase in enumerate(PHASES) if phase.step > step), len(PHASES)))

    def _go_to(self, number: int) -> None:
        self._phase = number
        if number < len(PHASES):
            phase = PHASES[number]
            text, target = _with_keys(phase.text), self._parts[phase.about]
            self.card.show_step(f"TOUR · {phase.step} OF {COUNT}", text, target)
        else:
            text = _with_keys(END)
            self.card.show_step("TOUR · DONE", text, None, last=True)
        for listener in self.on_step:
            listener(text)


def _with_keys(text: str) -> str:
    return text.format(**{name: text_of(name) for name in ("browse", "record", "takes", "manual")})
