"""The morph pad's corners: what they weigh where the pad stands, and what they make of the latents. No Qt."""
from collections.abc import Sequence
from dataclasses import replace

from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.models.playing.recorded_note import KNOBS, PAD_CORNERS, PLACES, Recording

Weights = tuple[float, float, float, float]         # of the corners, in their order; they add up to 1


def weights_at(x: float, y: float) -> Weights:
    """Weights where the pad stands."""
    return (1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y


def between(knobs: Sequence[float], corners: Sequence[Corner], weights: Weights, amount: float) -> list[float]:
    """Latents of the knobs, pulled by this amount of the way to where the pad stands between its corners."""
    pulled = []
    for index, knob in enumerate(knobs):
        pad = sum(w * (c.latents[index] if index < len(c.latents) else knob) for w, c in zip(weights, corners, strict=True))
        pulled.append(knob + amount * (pad - knob))
    return pulled


def with_corner(patch: Patch, index: int, corner: Corner, recording: Recording | None, knobs: tuple[float, ...]) -> Patch:
    """A patch whose corner is this sound, with its recording. While the pad is empty the other corners take the sound of the knobs."""
    corners = list(patch.morph or [Corner(patch.name, knobs)] * 4)
    corners[index] = Corner(corner.name, (*corner.latents, *([0.0] * len(knobs)))[:len(knobs)])
    recordings = _in_corner(PAD_CORNERS[index], recording, patch.recordings, empty=not patch.morph)
    return replace(patch, morph=tuple(corners), recordings=recordings)


def _in_corner(corner: str, recording: Recording | None, there: tuple[Recording, ...], empty: bool) -> tuple[Recording, ...]:
    """The recordings of a patch after one, or none, has come into a corner. In a pad that was empty, the knobs' own goes to the others."""
    kept = [replace(one, places=PLACES) if empty and KNOBS in one.places else one for one in there]
    kept = [one.without(corner) for one in kept]
    new = [] if recording is None else [replace(recording, places=(corner,))]
    return tuple(one for one in (*kept, *new) if one.places)
