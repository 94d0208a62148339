"""Models learnt from the player's recordings: how they enter the library, improve while they are played, and are continued later.

A model that learns is saved every minute, and each version has its knobs along other axes. Its card says how they are related, so that a
sound stays the same: `carried` converts it from one version's knobs to the next one's.
"""
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hummingface.instrument.patches import library
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.patch import load as load_patch
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.models.playing import card_file
from hummingface.models.playing.card_file import LATENT_LIMIT, can_be_shown
from hummingface.models.playing.checked_json import JsonObject, read_json
from hummingface.models.playing.file_names import alike, plain

TAG = "learnt"
MINUTES = 9.0                       # of training, by default


@dataclass(frozen=True)
class TrainingJob:
    """A training job, running or past. `share` is its progress, 0..1."""
    name: str
    sources: tuple[str, ...]
    minutes: float
    share: float
    changed_s: float                # when it was last continued


def jobs() -> list[TrainingJob]:
    """All jobs, the newest first. Unreadable ones are ignored."""
    found = []
    for file in library.user_folder("work").glob("learn/*/lesson.json"):
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            values, changed_s = read_json(file), file.stat().st_mtime
            sources = tuple(str(source) for source in values["sources"])
            minutes, share = float(values["minutes"]), float(values["share"])
            if can_be_shown(values["name"]) and sources and 0 < minutes < 1e5 and 0 <= share <= 1:
                found.append(TrainingJob(values["name"], sources, minutes, share, changed_s))
    return sorted(found, key=lambda job: -job.changed_s)


def job_for(folder: Path) -> TrainingJob:
    """The job for a folder of recordings: the one that was begun with it, or a new one under an unused model name."""
    source = str(folder.absolute())
    known = jobs()
    if begun := next((job for job in known if job.sources == (source,)), None):
        return begun
    taken = {alike(name) for name in (*(entry.name for entry in library.models()), *(job.name for job in known))}
    stem = plain(folder.absolute().name, instead=" ") or "My sounds"
    name = next(n for i in range(1, len(taken) + 3) if alike(n := stem if i == 1 else f"{stem} {i}") not in taken)
    return TrainingJob(name, (source,), MINUTES, 0.0, 0.0)


def card_of(model: str) -> JsonObject | None:
    """The card of a model by its name, to distinguish versions; None where there is none that can be read."""
    with suppress(OSError, ValueError):
        card = card_file.card_of(library.find_model(model))
        return card if isinstance(card.get("presets"), dict) else None
    return None


def patch_of(model: str) -> Patch | None:
    """The player's first patch of a model; None where there is none."""
    for entry in library.patches():
        with suppress(PatchError):
            if not entry.factory and (patch := load_patch(entry.path)).model == model:
                return patch
    return None


def add_model(path: Path, before: JsonObject | None = None) -> str:
    """Add a new model to the library: each of its sounds becomes a patch of the player's, and patches of the version before it, whose card
    is `before`, are converted. Returns a text for the player.
    """
    model, made = library.load_model(path), []
    if before is not None:
        _renew_patches(before, model.card)
    for name in model.presets:
        if name in (before or {}).get("presets", {}):
            continue                                    # made then; it may have been renamed or thrown away since
        patch = Patch(library.free_name(name), model.name, (0.0,), tags=(TAG,))
        library.save_patch(library.at_preset(patch, model.card["presets"][name]["z"], model.card["presets"][name]))
        made.append(patch.name)
    command = f"  hummingface --patch {made[0]!r}" if made else f"  hummingface --model {model.name!r}"
    return f"in the library as {model.name!r}. Play it with\n{command}\n"


def _renew_patches(before: JsonObject, card: JsonObject) -> None:
    for entry in library.patches():
        with suppress(PatchError):
            if entry.factory or (patch := load_patch(entry.path)).model != card["name"]:
                continue
            if patch.model_sha256 == before.get("sha256"):
                library.save_patch(carried(patch, before, card), entry.path)


def carried(patch: Patch, before: JsonObject, card: JsonObject) -> Patch:
    """A patch of the model version with the card `before`, converted so that it sounds the same on the version with `card`. A preset's
    patch stays at the preset; what cannot be converted stays as it is.
    """
    moved = _between(before, card)
    if moved is None:
        return patch
    patch = replace(patch, morph=tuple(replace(c, latents=moved(c.latents)) for c in patch.morph),
                    recordings=tuple(replace(one, latents=moved(one.latents)) for one in patch.recordings),
                    model_sha256=str(card.get("sha256", "")) if patch.model_sha256 else "")
    for name, preset in before["presets"].items():
        if name in card["presets"] and _same_point(patch.latents, preset):
            return library.at_preset(patch, card["presets"][name]["z"], card["presets"][name])
    return replace(patch, latents=moved(patch.latents))


def _same_point(latents: tuple[float, ...], preset: JsonObject) -> bool:
    z = np.clip(preset["z"], -LATENT_LIMIT, LATENT_LIMIT)
    return len(z) == len(latents) and bool(np.allclose(z, latents, atol=1e-3))


def _between(before: JsonObject, card: JsonObject) -> Callable[[tuple[float, ...]], tuple[float, ...]] | None:
    """The map from one version's knobs to another's; None where they are not of one training job."""
    if not before.get("run") or before.get("run") != card.get("run"):
        return None
    try:
        old, new = before["axes"], card["axes"]
        middle, axes, new_middle, new_axes = (np.asarray(x, float) for x in (old["middle"], old["axes"], new["middle"], new["axes"]))
        back = np.linalg.inv(new_axes)                  # raw = middle + knobs @ axes, see models/learning/latent_space.py
        matrix, shift = axes @ back, (middle - new_middle) @ back
    except (KeyError, TypeError, ValueError, np.linalg.LinAlgError):
        return None
    if matrix.shape != (len(shift),) * 2 or not (np.isfinite(matrix).all() and np.isfinite(shift).all()):
        return None

    def moved(latents: tuple[float, ...]) -> tuple[float, ...]:
        knobs = np.zeros(len(shift))
        knobs[:len(latents)] = latents[:len(shift)]
        return tuple(np.clip(knobs @ matrix + shift, -LATENT_LIMIT, LATENT_LIMIT).round(4).tolist())
    return moved
