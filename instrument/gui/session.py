"""What is being played, as the window holds it: values, patch, undo, A | B. The truth, without any widget.

Widgets ask the session for values and tell it what the player did; it tells the engine, and all listeners. What comes back
from the engine (knobs moved by MIDI, program changes) goes in by `moved_by_midi` and `patch_from_engine`, which send nothing,
so no movement can go round in circles.
"""
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from instrument.parameters import LATENT_KNOBS, LATENT_RANGE, PARAMETERS, defaults

UNDO_STEPS = 200
SAME_GESTURE_S = 0.8        # wheel notches and key presses on one control within this time are undone together
LATENTS = tuple(f"latent.{i + 1}" for i in range(LATENT_KNOBS))


@dataclass(frozen=True)
class Corner:
    """A sound in a corner of the morph pad; no latents: the corner is empty and leaves the sound as the knobs have it."""

    name: str = ""
    latents: tuple[float, ...] = ()


@dataclass(frozen=True)
class State:
    """All that a patch says. Corners: bottom left, bottom right, top left, top right. Never changed in place."""

    name: str = "Init"
    model: dict = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=defaults)
    corners: tuple[Corner, Corner, Corner, Corner] = (Corner(),) * 4
    about: dict = field(default_factory=dict)       # tags, author: whatever else the patch says

    def same_sound(self, other: "State") -> bool:
        """Whether both sound alike, whatever their names."""
        return (self.values, self.corners, self.model) == (other.values, other.corners, other.model)


class Session:
    """The sound being played. `send` takes the messages for the engine (see docs/architecture.md)."""

    def __init__(self, send: Callable[[dict], None], to_patch: Callable[[State], dict], seed: int | None = None):
        self._send = send
        self._to_patch = to_patch
        self._random = random.Random(seed)
        self.saved = State()                # as the patch was loaded or saved
        self.state = State()
        self.locked: set[str] = set()       # latents that randomise, mutate and reset leave alone
        self.side = "A"
        self._other: State | None = None
        self._undo: list[State] = []
        self._redo: list[State] = []
        self._before: State | None = None   # where the gesture under way began
        self._last_change = ("", 0.0)       # id and time, to join notches of a wheel
        self.on_value: list[Callable[[str, float], None]] = []      # one control has a new value
        self.on_change: list[Callable[[], None]] = []               # anything else: patch, history, side, corners, locks

    # reading

    def __getitem__(self, parameter_id: str) -> float:
        return self.state.values[parameter_id]

    @property
    def dirty(self) -> bool:
        """Whether it sounds different from the patch on disk."""
        return not self.state.same_sound(self.saved)

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def weights(self) -> tuple[float, float, float, float]:
        """Shares of the corners, in the order of `State.corners`; they add up to 1."""
        x, y = self["morph.x"], self["morph.y"]
        return (1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y

    def model_latents(self) -> list[float]:
        """Where the model is: the knobs, pulled by the morph pad."""
        amount = self["morph.amount"]
        knobs = [self[i] for i in LATENTS]
        pulled = list(knobs)
        for index in range(LATENT_KNOBS):
            pad = sum(w * (c.latents[index] if c.latents else knobs[index])
                      for w, c in zip(self.weights(), self.state.corners, strict=True))
            pulled[index] = knobs[index] + amount * (pad - knobs[index])
        return pulled

    # the player

    def begin(self, _parameter_id: str = "") -> None:
        """A gesture begins: all until `end` is undone as one."""
        self._settle()
        self._before = self.state

    def end(self) -> None:
        """The gesture ends."""
        before, self._before = self._before, None
        if before is not None and not before.same_sound(self.state):
            self._push(before)

    def set(self, parameter_id: str, value: float) -> None:
        """The player moved one control."""
        value = PARAMETERS[parameter_id].clamp(value)
        if value == self[parameter_id]:
            return
        if self._before is None:
            last, when = self._last_change
            now = time.monotonic()
            if last != parameter_id or now - when > SAME_GESTURE_S or not self._undo:
                self._push(self.state)
            self._last_change = (parameter_id, now)
        self._put(parameter_id, value)
        self._send({"do": "set", "id": parameter_id, "value": value})

    def set_many(self, values: dict[str, float]) -> None:
        """Several controls in one movement, undone as one."""
        outer = self._before is not None
        if not outer:
            self.begin()
        for parameter_id, value in values.items():
            self.set(parameter_id, value)
        if not outer:
            self.end()

    def randomise_latents(self) -> None:
        """New places for all latents that are not locked, spread as the bank's sounds are."""
        self.set_many({i: self._random.gauss(0, 1) for i in self._free()})

    def mutate_latents(self, amount: float = 0.25) -> None:
        """Move all unlocked latents a little."""
        self.set_many({i: self[i] + self._random.gauss(0, amount) for i in self._free()})

    def reset_latents(self) -> None:
        """All unlocked latents back to where the patch has them."""
        self.set_many({i: self.saved.values[i] for i in self._free()})

    def _free(self) -> list[str]:
        return [i for i in LATENTS if i not in self.locked]

    def lock(self, parameter_id: str, locked: bool) -> None:
        """Keep a latent from randomise, mutate and reset."""
        (self.locked.add if locked else self.locked.discard)(parameter_id)
        self._changed()

    def put_in_corner(self, index: int, name: str, latents: list[float]) -> None:
        """A sound for a corner of the morph pad; no latents empty it."""
        corners = list(self.state.corners)
        corners[index] = Corner(name, tuple(max(-LATENT_RANGE, min(LATENT_RANGE, float(z))) for z in latents))
        self._push(self.state)
        self.state = replace(self.state, corners=tuple(corners))
        self._send_patch()
        self._changed()

    # patches, undo, A | B

    def load(self, state: State) -> None:
        """Play another patch; undo brings the one before back."""
        self._settle()
        if not state.same_sound(self.state) or state.name != self.state.name:
            self._push(self.state)
        self.saved = state
        self._restore(state, whole=True)

    def start_with(self, state: State) -> None:
        """The patch that the instrument starts with: nothing to undo."""
        self.saved = self.state = state
        self._undo.clear()
        self._redo.clear()
        self._show_all()

    def saved_as(self, state: State) -> None:
        """What is played now is on disk under this name."""
        self.saved = self.state = state
        self._changed()

    def undo(self) -> None:
        """Take the last movement back."""
        self._settle()
        if self._undo:
            self._redo.append(self.state)
            self._restore(self._undo.pop())

    def redo(self) -> None:
        """Do again what undo took back."""
        self._settle()
        if self._redo:
            self._undo.append(self.state)
            self._restore(self._redo.pop())

    def swap(self) -> None:
        """A to B or back; the first time B begins as a copy of A."""
        self._settle()
        here, there = self.state, self._other or self.state
        self._other, self.side = here, "B" if self.side == "A" else "A"
        if not there.same_sound(here):
            self._push(here)
        self._restore(there)

    def resend(self) -> None:
        """Tell the engine the whole patch again (it was restarted)."""
        self._send_patch()

    # the engine

    def moved_by_midi(self, parameter_id: str, value: float) -> None:
        """A MIDI controller moved a control."""
        if parameter_id in PARAMETERS:
            self._put(parameter_id, PARAMETERS[parameter_id].clamp(value))

    def patch_from_engine(self, state: State) -> None:
        """A program change put another patch in place."""
        self._settle()
        self._push(self.state)
        self.saved = self.state = state
        self._show_all()

    # inside

    def _put(self, parameter_id: str, value: float) -> None:
        was_dirty = self.dirty
        self.state = replace(self.state, values={**self.state.values, parameter_id: value})
        for listener in self.on_value:
            listener(parameter_id, value)
        if self.dirty != was_dirty:
            self._changed()

    def _push(self, state: State) -> None:
        self._undo = [*self._undo[-(UNDO_STEPS - 1):], state]
        self._redo.clear()
        self._changed()

    def _settle(self) -> None:
        """End what is under way before something else replaces the whole state."""
        self.end()
        self._last_change = ("", 0.0)

    def _restore(self, state: State, whole: bool = False) -> None:
        before, self.state = self.state, state
        if whole or (before.corners, before.model, before.name) != (state.corners, state.model, state.name):
            self._send_patch()
        else:
            for parameter_id, value in state.values.items():
                if value != before.values[parameter_id]:
                    self._send({"do": "set", "id": parameter_id, "value": value})
        self._show_all()

    def _send_patch(self) -> None:
        self._send({"do": "patch", "patch": self._to_patch(self.state)})

    def _show_all(self) -> None:
        for parameter_id, value in self.state.values.items():
            for listener in self.on_value:
                listener(parameter_id, value)
        self._changed()

    def _changed(self) -> None:
        for listener in self.on_change:
            listener()
