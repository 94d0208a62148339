"""What a session holds, as values that are never changed in place: one sound (`SoundState`), and a whole session (`SessionSnapshot`). No
Qt.
"""
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from hummingface.instrument.patches.parameters import LATENT_KNOBS, PARAMETERS, defaults
from hummingface.instrument.patches.patch import IDS, Patch

UNDO_STEPS = 200
LATENTS = tuple(f"latent.{i + 1}" for i in range(LATENT_KNOBS))
NOT_IN_PATCHES = tuple(i for i in PARAMETERS if i not in IDS and i not in LATENTS)


@dataclass(frozen=True)
class SoundState:
    """A complete sound: a patch, and the values of all controls, including those that belong to no patch (volume, tuning).

    Never changed in place.
    """

    patch: Patch
    values: dict[str, float]
    on_disk: bool = True                # whether it was ever saved

    @classmethod
    def of(cls, patch: Patch, values: dict[str, float] | None = None) -> "SoundState":
        """What a patch sounds like; controls that no patch sets keep their place in `values`."""
        latents = {i: PARAMETERS[i].clamp(z) for i, z in zip(LATENTS, patch.latents, strict=False)}
        return cls(patch, {**defaults(), **(values or {}), **dict.fromkeys(LATENTS, 0.0), **latents, **patch.parameters})

    def to_patch(self) -> Patch:
        """The current sound as a patch."""
        knobs = [self.values[i] for i in LATENTS]
        latents = (*knobs[:len(self.patch.latents)], *self.patch.latents[LATENT_KNOBS:])
        return replace(self.patch, latents=latents, parameters={i: self.values[i] for i in IDS})

    def same_sound(self, other: "SoundState") -> bool:
        """Whether both sound the same, regardless of their names."""
        return self.values == other.values and self.same_routes(other) and self.same_frame(other)

    def same_routes(self, other: "SoundState") -> bool:
        """Whether the same routes lead from and to the same; names of macros count."""
        return self.patch.routes == other.patch.routes and self.patch.macros == other.patch.macros

    def same_frame(self, other: "SoundState") -> bool:
        """Whether they differ in nothing but values of controls and routes; latents that have no control count."""
        if self.patch.latents[LATENT_KNOBS:] != other.patch.latents[LATENT_KNOBS:]:
            return False
        return all(getattr(self.patch, f) == getattr(other.patch, f) for f in ("model", "model_sha256", "morph", "gain_db", "recordings",
                                                                                    "tuning"))


Pair = tuple[SoundState, SoundState]              # a sound, and the sound on disk at that time


@dataclass(frozen=True)
class HistoryEntry:
    """All that undo and redo go back to: the sound, that on disk, of A | B the side that plays and the other one, and what is locked."""
    state: SoundState
    saved: SoundState
    side: str = "A"
    other: Pair | None = None
    locked: frozenset[str] = frozenset()

    def states(self) -> Iterator[SoundState]:
        """Every sound in it."""
        yield from (self.state, self.saved, *(self.other or ()))

    def mapped(self, change: Callable[[Pair], Pair]) -> "HistoryEntry":
        """The same, with `change` of both pairs of sounds."""
        state, saved = change((self.state, self.saved))
        return replace(self, state=state, saved=saved, other=change(self.other) if self.other else None)


@dataclass(frozen=True)
class SessionSnapshot:
    """A whole session: where it is, and its history; the oldest step first in `undo`, the next step to redo last in `redo`."""
    here: HistoryEntry
    undo: tuple[HistoryEntry, ...] = ()
    redo: tuple[HistoryEntry, ...] = ()

    @property
    def state(self) -> SoundState:
        """The sound that plays."""
        return self.here.state

    @property
    def saved(self) -> SoundState:
        """The same as it is on disk."""
        return self.here.saved

    def states(self) -> Iterator[SoundState]:
        """Every sound in it, as often as it is there."""
        for place in (self.here, *self.undo, *self.redo):
            yield from place.states()

    def mapped(self, change: Callable[[Pair], Pair]) -> "SessionSnapshot":
        """The same, with `change` of all pairs of sounds."""
        return SessionSnapshot(self.here.mapped(change), *(tuple(place.mapped(change) for place in steps)
                                                           for steps in (self.undo, self.redo)))

    def renewed(self, model: str, carried: Callable[[Patch], Patch]) -> "SessionSnapshot":
        """The same, with the sounds of this model as `carried` has them."""
        def over(state: SoundState) -> SoundState:
            if state.patch.model != model:
                return state
            return replace(SoundState.of(carried(state.to_patch()), state.values), on_disk=state.on_disk)
        once = _once(over)
        return self.mapped(lambda pair: (once(pair[0]), once(pair[1])))

    def on_disk_changed(self, saved: Patch, name: str, on_disk: bool) -> "SessionSnapshot":
        """The same, where the patch on disk that was `saved` has this name now, and is there or not."""
        named = _once(lambda state: replace(state, patch=state.patch.with_values(name=name)))
        kept = _once(lambda state: replace(state, patch=state.patch.with_values(name=name), on_disk=on_disk))

        def over(pair: Pair) -> Pair:
            if pair[1].patch != saved:
                return pair
            return pair[0] if pair[0].patch.name != saved.name else kept(pair[0]) if pair[0] is pair[1] else named(pair[0]), kept(pair[1])
        return self.mapped(over)


def _once(over: Callable[[SoundState], SoundState]) -> Callable[[SoundState], SoundState]:
    """The same, with one result for each sound: a history has most of them twice, and keeps them once."""
    made: dict[int, SoundState] = {}

    def memorised(state: SoundState) -> SoundState:
        if id(state) not in made:
            made[id(state)] = over(state)
        return made[id(state)]
    return memorised
