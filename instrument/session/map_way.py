"""Travelling over the map of sounds: what plays becomes a blend of the sounds of its model that are near.

The blend moves the latents and all continuous controls of the sound itself through the session, as hands on the knobs would, so engine,
takes, MIDI and OSC see a way as they see any other move. Switches, routes, macros and recordings stay those of the patch that plays.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hummingface.instrument.patches.blend import Blend
from hummingface.instrument.patches.parameters import LATENT_KNOBS, PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.session.morph_corners import between, weights_at
from hummingface.instrument.session.section_locks import LATENT_SECTION, PAD_SECTION, is_locked
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.session_state import LATENTS

GROUPS = ("characteristic", "family", "time", "envelope", "touch", "filter", "character", "motion", "effects")
GLIDING = ("delay.time_s", "reverb.size")           # what is moved while it sounds bends the pitch of what rings on
BLENDED = tuple(p.id for p in PARAMETERS.values() if p.group in GROUPS and not p.choices and p.id not in GLIDING)
NEAR = 4                                # sounds that a blend is made of, at most
ON_IT = 1e-6                            # from a sound's place: it alone
STEP = 0.004                            # of a control's travel: what moves less waits for more, or for the end of the way


@dataclass(frozen=True, eq=False)
class Stop:
    """A sound that ways lead through: its place, where it stands among the latents, the corners of its pad counted in, and its controls."""
    at: tuple[float, float]
    latents: tuple[float, ...]
    travels: np.ndarray                 # [BLENDED]
    gain_db: float
    patch: Patch

    @classmethod
    def of(cls, at: tuple[float, float], patch: Patch) -> "Stop":
        """The stop of a patch."""
        return cls(at, tuple(pulled_latents(patch)), np.array([PARAMETERS[i].to_travel(patch.parameters[i]) for i in BLENDED]),
                   patch.gain_db, patch)


def pulled_latents(patch: Patch) -> list[float]:
    """The effective latents of a patch: its knobs', moved by its morph pad."""
    of = patch.parameters
    return between(patch.latents, patch.morph, weights_at(of["morph.x"], of["morph.y"]), of["morph.amount"]) if patch.morph else [
        *patch.latents]


def shares(places: np.ndarray, point: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """(the nearest of places [N, 2], at most NEAR; how much of each there is at a point, 1 in all).

    Inverse distances, less those of the nearest that is left out, squared (Franke and Nielson, "Smooth interpolation of large sets of
    scattered data", 1980): a sound comes and goes by nothing, and at its own place is alone.
    """
    far = np.hypot(*(places - point).T)
    order = np.argsort(far, kind="stable")
    nearest = order[:NEAR]
    if far[nearest[0]] < ON_IT:
        return nearest[:1], np.ones(1)
    edge = far[order[NEAR]] if len(order) > NEAR else np.inf
    weight = np.square(np.maximum(1 / far[nearest] - 1 / edge, 0)) if edge > far[nearest[0]] else np.ones(len(nearest))
    return nearest, weight / weight.sum()


class Way:
    """`stops`: the sounds of the map; those of the session's model take part. `begin`, then `go` to points, then `end`: one undo step."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.stops: Sequence[Stop] = ()
        self._mine: list[Stop] = []
        self._places = np.zeros((0, 2))
        self._last: tuple[float, float] | None = None

    @property
    def possible(self) -> bool:
        """Whether there is a sound to blend, for the way that has begun."""
        return bool(self._mine)

    def begin(self) -> None:
        """A way begins."""
        now = self._session.state.patch
        self._mine = [stop for stop in self.stops if stop.patch.model == now.model and len(stop.latents) == len(now.latents)]
        self._places = np.array([stop.at for stop in self._mine]).reshape(-1, 2)
        self._last = None
        self._session.begin()

    def go(self, point: tuple[float, float]) -> list[tuple[Stop, float]]:
        """Play what is near a point. Returns the sounds that it is made of, and how much of each."""
        self._last = point
        return self._play(point, STEP)

    def end(self) -> None:
        """The way is at its end: the smallest moves are made, too."""
        if self._last is not None:
            self._play(self._last, 0.0)
        self._session.end()

    def _play(self, point: tuple[float, float], step: float) -> list[tuple[Stop, float]]:
        if not self._mine:
            return []
        nearest, share = shares(self._places, point)
        near = [(self._mine[i], float(weight)) for i, weight in zip(nearest, share, strict=True) if weight > 0]
        session = self._session
        for identity, value in self._values(near).items():
            parameter = PARAMETERS[identity]
            if abs(parameter.to_travel(value) - parameter.to_travel(session[identity])) > step:
                session.set(identity, value)
        if LATENT_SECTION not in session.locked:
            latents = _mean([stop.latents for stop, _ in near], near)
            session.blend(Blend(tuple(float(z) for z in latents[LATENT_KNOBS:]), float(_mean([stop.gain_db for stop, _ in near], near))))
        return near

    def _values(self, near: list[tuple[Stop, float]]) -> dict[str, float]:
        """The values of all controls that are blended; locked latents and sections stay."""
        latents, travels = _mean([stop.latents for stop, _ in near], near), _mean([stop.travels for stop, _ in near], near)
        values = {i: float(z) for i, z in zip(LATENTS, latents, strict=False)}
        values |= {i: PARAMETERS[i].from_travel(float(travel)) for i, travel in zip(BLENDED, travels, strict=True)}
        now = self._session.state.patch
        if now.morph and PAD_SECTION not in self._session.locked:
            values["morph.amount"] = 0.0                    # its corners are in the stops' latents
        if now.recordings:
            values["likeness.amount"] = sum(share * stop.patch.parameters["likeness.amount"] for stop, share in near
                                            if stop.patch.recordings == now.recordings)
        return {i: value for i, value in values.items() if not is_locked(i, self._session.locked)}


def _mean(values: Sequence[object], near: list[tuple[Stop, float]]) -> np.ndarray:
    return np.asarray(np.array([share for _, share in near]) @ np.array(values, float))
