"""The session: what the window plays, without any widget: values of controls, patch, undo, A | B.

Widgets read values from the session and report what the player does; the session sends commands to the engine and notifies all listeners.
What comes back from the engine (controls moved by MIDI, program changes) enters through `moved_by_midi` and `patch_from_engine`, which send
nothing, so no change can circulate.
"""
import math
from collections.abc import Callable
from dataclasses import replace

from hummingface.instrument.patches import routes
from hummingface.instrument.patches.blend import Blend
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.patches.scale_tuning import ScaleTuning
from hummingface.instrument.session.morph_corners import Weights, between, weights_at, with_corner
from hummingface.instrument.session.route_edits import RouteEdits
from hummingface.instrument.session.section_locks import kept
from hummingface.instrument.session.session_state import (
    LATENTS,
    NOT_IN_PATCHES,
    UNDO_STEPS,
    HistoryEntry,
    Pair,
    SessionSnapshot,
    SoundState,
)
from hummingface.instrument.session.sound_rolls import SoundRolls
from hummingface.instrument.session.undo_history import UndoHistory
from hummingface.models.playing.recorded_note import Recording

__all__ = ["LATENTS", "NOT_IN_PATCHES", "Session", "SoundState"]


class Session:
    """The sound being played. `send` takes the messages for the engine (see docs/architecture.md)."""

    def __init__(self, send: Callable[[dict], None], patch: Patch, seed: int | None = None):
        self._send = send
        self.state = SoundState.of(patch)
        self.saved = self.state             # as the patch was loaded or saved
        self.locked: set[str] = set()       # latents that chance and reset leave alone, and sections (`section_locks.py`)
        self.side = "A"
        self._other: Pair | None = None
        self._history = UndoHistory()
        self._before: SoundState | None = None   # the sound at the beginning of the current gesture
        self.routing = RouteEdits(lambda: self.state.patch, self._edit)
        self.rolls = SoundRolls(self, seed)
        self.on_value: list[Callable[[str, float], None]] = []      # one control has a new value
        self.on_renew: list[Callable[[str], None]] = []             # the sounds of a model are of another version of it
        self.on_change: list[Callable[[], None]] = []               # anything else: patch, history, side, corners, locks

    # reading

    def __getitem__(self, parameter_id: str) -> float:
        return self.state.values[parameter_id]

    @property
    def dirty(self) -> bool:
        """Whether it sounds different from the patch on disk, or no such patch is there yet."""
        return not self.saved.on_disk or not self.state.same_routes(self.saved) or not self.state.same_frame(self.saved) or any(
            self[i] != self.saved.values[i] for i in self.saved.values if i not in NOT_IN_PATCHES)

    @property
    def name(self) -> str:
        """Name of the patch."""
        return self.state.patch.name

    @property
    def corners(self) -> tuple[Corner, ...]:
        """The sounds in the corners of the morph pad: bottom left, bottom right, top left, top right; or none."""
        return self.state.patch.morph

    @property
    def can_undo(self) -> bool:
        return bool(self._history.undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._history.redo)

    def weights(self) -> Weights:
        """Weights of the corners, in the order of `corners`; they add up to 1."""
        return weights_at(self["morph.x"], self["morph.y"])

    def model_latents(self) -> list[float]:
        """The effective latents, those without a knob after those with one: the patch's, moved by the morph pad."""
        knobs = [self[i] for i in LATENTS] + list(self.state.patch.latents[len(LATENTS):])
        return between(knobs, self.corners, self.weights(), self["morph.amount"]) if self.corners else knobs

    # the player

    def begin_with(self, patch: Patch, values: dict[str, float] | None = None) -> None:
        """Set the first patch and the player's own settings (volume, tuning), with nothing to undo and nothing to send."""
        kept = {i: v for i, v in {**self.state.values, **(values or {})}.items() if i in NOT_IN_PATCHES}
        self.saved = self.state = SoundState.of(patch, kept)
        self._history.forget()
        self._show_all()

    def snapshot(self) -> SessionSnapshot:
        """A copy of everything that the session holds; a gesture in progress counts as ended."""
        held = self._held()
        if self._before is None or self._before.same_sound(self.state):
            return held
        return replace(held, undo=(*held.undo, replace(held.here, state=self._before))[-UNDO_STEPS:], redo=())

    def _here(self) -> HistoryEntry:
        return HistoryEntry(self.state, self.saved, self.side, self._other, frozenset(self.locked))

    def _held(self) -> SessionSnapshot:
        history = self._history
        return SessionSnapshot(self._here(), tuple(history.undo[-UNDO_STEPS:]), tuple(history.redo[-UNDO_STEPS:]))

    def _take(self, snapshot: SessionSnapshot) -> None:
        """Hold all of this, and tell nobody."""
        self.state = snapshot.here.state
        self._take_rest(snapshot.here)
        self._history.undo, self._history.redo = list(snapshot.undo), list(snapshot.redo)

    def _take_rest(self, place: HistoryEntry) -> None:
        self.saved, self.side, self._other, self.locked = place.saved, place.side, place.other, set(place.locked)

    def restore(self, snapshot: SessionSnapshot) -> None:
        """Take over everything that another session held, with its undo history; sends nothing to the engine."""
        self._before = None
        self._history.part()
        self._take(snapshot)
        self._show_all()

    def begin(self, _parameter_id: str = "") -> None:
        """Begin a gesture: all changes until `end` are one undo step."""
        self._settle()
        self._before = self.state

    def end(self) -> None:
        """End the gesture."""
        before, self._before = self._before, None
        if before is not None and not before.same_sound(self.state):
            self._push(before)

    def set(self, parameter_id: str, value: float) -> None:
        """The player moved one control."""
        value = PARAMETERS[parameter_id].clamp(value)
        if value == self[parameter_id]:
            return
        if self._before is None and not self._history.joins(parameter_id):
            self._push(self.state)
        self._put(parameter_id, value)
        self._send({"do": "set", "id": parameter_id, "value": value})

    def set_many(self, values: dict[str, float]) -> None:
        """Set several controls as one undo step."""
        outer = self._before is not None
        if not outer:
            self.begin()
        for parameter_id, value in values.items():
            self.set(parameter_id, value)
        if not outer:
            self.end()

    def lock(self, parameter_id: str, locked: bool) -> None:
        """Keep a latent from randomise, mutate and reset, or a section from these and from patches that are loaded: one undo step."""
        if (parameter_id in self.locked) != locked:
            self._settle()
            self._push(self.state)
            (self.locked.add if locked else self.locked.discard)(parameter_id)
            self._changed()

    def put_in_corner(self, index: int, name: str, latents: tuple[float, ...], recording: Recording | None = None) -> None:
        """Put a sound, with its recording, into a corner of the morph pad. While the pad is empty the other corners take the sound of the
        knobs."""
        knobs = self.state.to_patch().latents
        self._edit(with_corner(self.state.patch, index, Corner(name, latents), recording, knobs))

    def tune(self, tuning: ScaleTuning | None) -> None:
        """Give the patch a tuning of its own, or (None) that of all patches."""
        if tuning != self.state.patch.tuning:
            self._edit(replace(self.state.patch, tuning=tuning))

    def blend(self, blend: Blend) -> None:
        """Move what has no control: the latents without knobs, and the levelling. One undo step, unless it is within a gesture."""
        patch = blend.of(self.state.patch)
        if patch == self.state.patch:
            return
        if self._before is None:
            self._settle()
            self._push(self.state)
        self.state = replace(self.state, patch=patch)
        self._send({"do": "blend", **blend.to_json()})

    # patches, undo, A | B

    def load(self, patch: Patch, whole: bool = False) -> None:
        """Play another patch, but for the sections that are locked (`whole`: with them, too); undo returns to the one before."""
        self._settle()
        self._push(self.state)
        before = self.state
        self.saved = SoundState.of(patch, before.values)
        mixed = patch if whole else kept(before.to_patch(), patch, self.locked)
        self._restore(self.saved if mixed is patch else SoundState.of(mixed, before.values), whole=True)

    def load_new(self, patch: Patch, whole: bool = False) -> None:
        """Play a patch that is not saved yet, as `load` does; undo returns to the one before."""
        self.load(patch, whole)
        self.saved = replace(self.saved, on_disk=False)
        self._changed()

    def renew(self, model: str, carried: Callable[[Patch], Patch]) -> None:
        """A model has a new version. Its sounds, including those of the history, are converted by `carried`; this is no undo step."""
        if self._before is not None:
            self._before = SessionSnapshot(HistoryEntry(self._before, self._before)).renewed(model, carried).here.state
        self._take(self._held().renewed(model, carried))
        for listener in self.on_renew:
            listener(model)
        self._send({"do": "renew", "model": model})
        if self.state.patch.model == model:
            self._send_patch()
            self._show_all()

    def saved_as(self, patch: Patch) -> None:
        """The current sound has been saved as this patch."""
        self.saved = self.state = SoundState.of(patch, self.state.values)
        self._changed()

    def renamed(self, name: str) -> None:
        """The patch that plays has another name on disk, in the whole history, too; this is no undo step."""
        self._disk_changed(name, self.saved.on_disk)

    def kept_on_disk(self, kept: bool) -> None:
        """The patch that plays is on disk from now on, or no more."""
        self._disk_changed(self.saved.patch.name, kept)

    def _disk_changed(self, name: str, on_disk: bool) -> None:
        self._settle()
        self._take(self._held().on_disk_changed(self.saved.patch, name, on_disk))
        self._changed()

    def undo(self) -> None:
        """Undo the last change."""
        self._settle()
        if (place := self._history.back(self._here())) is not None:
            self._go_to(place)

    def redo(self) -> None:
        """Redo the last undone change."""
        self._settle()
        if (place := self._history.forward(self._here())) is not None:
            self._go_to(place)

    def swap(self) -> None:
        """Switch between A and B; the first time B is a copy of A."""
        self._settle()
        here = (self.state, self.saved)
        there = self._other or here
        if not there[0].same_sound(here[0]):
            self._push(self.state)
        self._other, self.side = here, "B" if self.side == "A" else "A"
        state, self.saved = there
        self._restore(state)

    def copy_side(self, to: str) -> None:
        """Make A or B a copy of the other one: one undo step."""
        here, there = (self.state, self.saved), self._other
        if there == here or (there is None and to == self.side):
            return
        self._settle()
        self._push(self.state)
        if to != self.side:
            self._other = here
            self._changed()
        elif there is not None:
            state, self.saved = there
            self._restore(state)

    def send_all(self) -> None:
        """Send the whole current patch to the engine, after it was restarted."""
        self._send_patch()
        self.send_player_settings()

    def player_settings(self) -> dict[str, float]:
        """Values that belong to no patch and are not at their defaults, `{id: value}`."""
        return {i: self[i] for i in NOT_IN_PATCHES if self[i] != PARAMETERS[i].default}

    def send_player_settings(self) -> None:
        """Send the values that belong to no patch (volume, tuning): a new process does not know them."""
        for parameter_id in NOT_IN_PATCHES:
            self._send({"do": "set", "id": parameter_id, "value": self[parameter_id]})

    # the engine

    def moved_by_midi(self, parameter_id: str, value: float) -> None:
        """A MIDI controller moved a control. The engine computes in float32, so values that are equal in float32 count as unchanged."""
        if parameter_id in PARAMETERS and not math.isclose(value, self[parameter_id], rel_tol=1e-6, abs_tol=1e-7):
            self._put(parameter_id, PARAMETERS[parameter_id].clamp(value))

    def routes_from_engine(self, moved: tuple[Route, ...]) -> None:
        """A take that is played again moved the routes."""
        self.state = replace(self.state, patch=replace(self.state.patch, routes=moved))
        self._changed()

    def blend_from_engine(self, blend: Blend) -> None:
        """A take that is played again moved what has no control."""
        if len(blend.latents) == len(self.state.patch.latents[len(LATENTS):]):
            self.state = replace(self.state, patch=blend.of(self.state.patch))
            self._changed()

    def patch_from_engine(self, patch: Patch) -> None:
        """A program change loaded another patch."""
        if patch.to_json() == self.state.to_patch().to_json():
            return
        self._settle()
        self._push(self.state)
        self.saved = self.state = SoundState.of(patch, self.state.values)
        self._show_all()

    # inside

    def _edit(self, patch: Patch, joins: bool = False) -> None:
        """Another patch in place of the one that plays, with the same values of controls: one undo step, unless it `joins` a gesture."""
        if not joins or self._before is None:
            self._settle()
            self._push(self.state)
        before, self.state = self.state, replace(self.state, patch=patch)
        if not self.state.same_frame(before):
            self._send_patch()
        elif patch.routes != before.patch.routes:
            self._send_routes()
        self._changed()

    def _put(self, parameter_id: str, value: float) -> None:
        was_dirty = self.dirty
        self.state = replace(self.state, values={**self.state.values, parameter_id: value})
        for listener in self.on_value:
            listener(parameter_id, value)
        if self.dirty != was_dirty:
            self._changed()

    def _push(self, state: SoundState) -> None:
        self._history.push(replace(self._here(), state=state))
        self._changed()

    def _settle(self) -> None:
        """End a gesture in progress before something else replaces the whole state."""
        self.end()
        self._history.part()

    def _go_to(self, place: HistoryEntry) -> None:
        self._take_rest(place)
        self._restore(place.state)

    def _restore(self, state: SoundState, whole: bool = False) -> None:
        before, self.state = self.state, state
        if whole := whole or not state.same_frame(before):
            self._send_patch()
        for parameter_id, value in state.values.items():
            if value != before.values[parameter_id] and not (whole and parameter_id not in NOT_IN_PATCHES):
                self._send({"do": "set", "id": parameter_id, "value": value})
        if not whole and state.patch.routes != before.patch.routes:
            self._send_routes()
        self._show_all()

    def _send_routes(self) -> None:
        self._send({"do": "routes", "routes": routes.to_json(self.state.patch.routes)})

    def _send_patch(self) -> None:
        self._send({"do": "patch", "patch": self.state.to_patch().to_json()})

    def _show_all(self) -> None:
        for parameter_id, value in self.state.values.items():
            for listener in self.on_value:
                listener(parameter_id, value)
        self._changed()

    def _changed(self) -> None:
        for listener in self.on_change:
            listener()
