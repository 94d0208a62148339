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


Place = tuple[SoundState, SoundState]             # of a history: the sound, and the sound on disk at that time


@dataclass(frozen=True)
class SessionSnapshot:
    """A whole session: the oldest step first in `undo`, the next step to redo last in `redo`."""
    state: SoundState
    saved: SoundState
    side: str = "A"
    other: Place | None = None          # of A | B, the one that is not played
    undo: tuple[Place, ...] = ()
    redo: tuple[Place, ...] = ()
    locked: frozenset[str] = frozenset()

    def states(self) -> Iterator[SoundState]:
        """Every sound in it, as often as it is there."""
        for place in ((self.state, self.saved), *((self.other,) if self.other else ()), *self.undo, *self.redo):
            yield from place

    def renewed(self, model: str, carried: Callable[[Patch], Patch]) -> "SessionSnapshot":
        """The same, with the sounds of this model as `carried` has them."""
        made: dict[int, SoundState] = {}                     # each once: a history has most of them twice

        def over(state: SoundState) -> SoundState:
            if state.patch.model != model:
                return state
            if id(state) not in made:
                made[id(state)] = replace(SoundState.of(carried(state.to_patch()), state.values), on_disk=state.on_disk)
            return made[id(state)]

        def both(place: Place) -> Place:
            return over(place[0]), over(place[1])
        return replace(self, state=over(self.state), saved=over(self.saved), other=both(self.other) if self.other else None,
                       undo=tuple(map(both, self.undo)), redo=tuple(map(both, self.redo)))
