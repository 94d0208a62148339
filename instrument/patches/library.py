"""The library of patches and models: the factory's, inside the package, and the player's, in the user's data folder.

Names are found regardless of case, and by any unambiguous beginning. Factory files are never written.
"""
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from hummingface.instrument.patches import patch as patches_file
from hummingface.instrument.patches.free_names import LONGEST_NAME, PATCH_SUFFIX, free_file, stem_of, unused
from hummingface.instrument.patches.parameters import MOST_LATENTS, ON_WHOLE_NOTES, group
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.models.playing.card_file import LATENT_LIMIT, card_of
from hummingface.models.playing.file_names import alike
from hummingface.models.playing.stft_shape import NETWORK as STFT
from hummingface.suggestions import did_you_mean

if TYPE_CHECKING:
    from hummingface.models.playing.knobs import KnobDirection
    from hummingface.models.playing.model import Model
    from hummingface.models.playing.playable import Playable
    from hummingface.models.playing.stft_model import StftModel

APP = "hummingface"
MOST_GAIN_DB = 24.0                 # of a preset, whatever its card contains
MOST_NAMED = 40                     # of what there is, where a name is not known
WEIGHTS_SUFFIX = ".safetensors"


class LibraryError(ValueError):
    """A patch or model is missing or cannot be used; the text says what and what to do."""


@dataclass(frozen=True)
class LibraryEntry:
    """A patch, a model, or a model's preset that can be opened."""
    name: str
    path: Path
    factory: bool
    tags: tuple[str, ...] = ()
    author: str = ""
    model: str = ""                     # of a patch or preset
    preset: str = ""                    # that it is, of the model in `path`


def factory_folder(kind: str) -> Path:
    """The packaged folder of "patches" or "models"."""
    return Path(str(resources.files("hummingface.assets"))) / kind


def user_folder(kind: str) -> Path:
    """The player's folder of "patches" or "models"; `HUMMINGFACE_HOME` moves it."""
    home = os.environ.get("HUMMINGFACE_HOME")
    return (Path(home) if home else Path(platformdirs.user_data_dir(APP, appauthor=False))) / kind


def patches() -> list[LibraryEntry]:
    """All patches that can be read: the factory's in the order of their programs, then the player's by name."""
    return read_patches()[0]


def read_patches() -> tuple[list[LibraryEntry], list[str]]:
    """(all patches as `patches` gives them, one text per unreadable file with the reason)."""
    found, problems = [], []
    for factory, folder in ((True, factory_folder("patches")), (False, user_folder("patches"))):
        entries = []
        for path in sorted(folder.glob("*" + PATCH_SUFFIX)) if folder.is_dir() else ():
            if path.name.startswith("."):                  # as macOS puts `._NAME` beside a file on other systems' disks
                continue
            try:
                patch = patches_file.load(path)
            except PatchError as error:
                problems.append(str(error))
                continue
            entries.append(LibraryEntry(patch.name, path, factory, patch.tags, patch.author, patch.model))
        found += entries if factory else sorted(entries, key=lambda entry: entry.name.casefold())
    return found, problems


def presets() -> list[LibraryEntry]:
    """The presets of the factory's frame models: sounds to begin with, beside its patches."""
    found = []
    for entry in models():
        card = card_of(entry.path) if entry.factory else {}
        if card.get("architecture", {}).get("network") != STFT:
            found += [LibraryEntry(name, entry.path, True, (about["family"],), model=entry.name, preset=name)
                      for name, about in card.get("presets", {}).items()]
    return found


def open_entry(entry: LibraryEntry) -> Patch:
    """The patch of an entry; of a preset, with every control at its default. Raises PatchError."""
    if not entry.preset:
        return patches_file.load(entry.path)
    preset = card_of(entry.path)["presets"][entry.preset]
    return at_preset(Patch(entry.preset, entry.model, ()), preset["z"], preset)


def models() -> list[LibraryEntry]:
    """All models with a readable card; the rest is checked when they are opened."""
    return read_models()[0]


def read_models() -> tuple[list[LibraryEntry], list[str]]:
    """(all models as `models` gives them, one text per unreadable card with the reason)."""
    found, problems = [], []
    for factory, folder in ((True, factory_folder("models")), (False, user_folder("models"))):
        for path in sorted(folder.rglob("*" + WEIGHTS_SUFFIX)) if folder.is_dir() else ():
            try:
                found.append(LibraryEntry(card_of(path)["name"], path, factory))
            except FileNotFoundError:
                problems.append(f"{path}: its card, {path.with_suffix('.json').name}, is not there")
            except OSError as error:
                problems.append(f"{path.with_suffix('.json')}: cannot be read ({error.strerror or error})")
            except ValueError as error:
                problems.append(str(error))
    return found, problems


def read_problems() -> list[str]:
    """One text per file in the library that cannot be used, with the reason: the files stay, and everything else plays."""
    return read_patches()[1] + read_models()[1]


def card_of_model(model: str) -> dict:
    """The card of a model of the library; empty where there is none that can be read."""
    try:
        return card_of(find_model(model))
    except (OSError, ValueError):
        return {}


def directions_of(model: str) -> "dict[str, KnobDirection]":
    """The directions among a model's latents, by the controls that move them. Empty where the model is missing or its card is damaged."""
    from hummingface.models.playing.knobs import by_control, read_knobs
    from hummingface.models.playing.shape import ModelError
    card = card_of_model(model)
    latents = _architecture(card).get("latents")
    try:
        return by_control(read_knobs(card, latents), _plays_whole_notes(card)) if isinstance(latents, int) else {}
    except ModelError:
        return {}


def named_knobs_of(model: str) -> list[str]:
    """The characteristics that do something for a model, by the ids of their controls. Empty where the model is missing."""
    card = card_of_model(model)
    known = directions_of(model)
    return [p.id for p in group("characteristic") if card and (not _plays_whole_notes(card) or p.id in ON_WHOLE_NOTES or p.id in known)]


def _architecture(card: dict) -> dict:
    found = card.get("architecture")
    return found if isinstance(found, dict) else {}


def _plays_whole_notes(card: dict) -> bool:
    return _architecture(card).get("network") == STFT


def latent_labels_of(model: str) -> list[str]:
    """What each of the first latents of a model mostly does, in a word, or empty. Nothing where its card says nothing, or is damaged."""
    from hummingface.models.playing.playable import read_latent_labels
    from hummingface.models.playing.shape import ModelError
    try:
        return read_latent_labels(card_of_model(model), MOST_LATENTS)
    except ModelError:
        return []


def families_of(model: str) -> list[str]:
    """A model's families, in the order of the controls `family.1` ..."""
    return [knob.name for name, knob in directions_of(model).items() if name.startswith("family.")]


def find(name: str, entries: list[LibraryEntry], what: str) -> LibraryEntry:
    """The entry of that name, or the only one whose name begins so. Raises LibraryError, with what there is."""
    wanted = alike(name).strip()
    exact = [entry for entry in entries if wanted in (alike(entry.name), alike(entry.path.stem))]
    if exact:
        return exact[-1]                   # the player's own, where both have the name
    begin = [entry for entry in entries if alike(entry.name).startswith(wanted)]
    if len(begin) == 1 and wanted:
        return begin[0]
    meant = begin or entries
    told = [entry.name for entry in meant[:MOST_NAMED]]
    names = ", ".join(e.name if told.count(e.name) == 1 else f"{e.name} ({e.path})" for e in meant[:MOST_NAMED]) or "none"
    if len(meant) > MOST_NAMED:
        names += f" and {len(meant) - MOST_NAMED} more (`hummingface {'patches' if what == 'patch' else 'models'}` lists all)"
    if len(begin) > 1:
        raise LibraryError(f"more than one {what} begins with {name!r}: {names}")
    if close := did_you_mean(name, (entry.name for entry in entries)):
        raise LibraryError(f"no {what} is called {name!r}.{close} `hummingface {'patches' if what == 'patch' else 'models'}` lists all.")
    raise LibraryError(f"no {what} is called {name!r}; there are: {names}")


def _is_file(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.endswith(suffixes) or os.sep in name or "/" in name


def load_patch(name: str | Path | None = None, own_first: bool = False) -> Patch:
    """A patch by name or by file; None: the factory's first. Where several patches have the name none is chosen, or (`own_first`) the
    player's. Raises LibraryError or PatchError."""
    entries = patches() if not isinstance(name, Path) else []
    if isinstance(name, Path) or (name is not None and _is_file(name, (PATCH_SUFFIX,)) and name not in [e.name for e in entries]):
        return patches_file.load(name)
    if name is None:
        if not entries:
            raise LibraryError(f"there are no patches in {factory_folder('patches')}: the installation is incomplete")
        return patches_file.load(entries[0].path)
    same = [entry for entry in entries if alike(entry.name) == alike(name).strip()]
    if len(same) > 1 and not own_first:
        files = " and ".join(f"{entry.path} ({'factory' if entry.factory else 'yours'})" for entry in same)
        raise LibraryError(f"{len(same)} patches are called {name!r}: {files}. Give the file of the one that is meant.")
    return patches_file.load(find(name, entries, "patch").path)


def named_patch(name: str) -> Patch:
    """A patch by name alone, the player's own where several have it: for names that come from other machines. Raises LibraryError
    or PatchError."""
    return patches_file.load(find(name, patches(), "patch").path)


def load_model(name: str | Path | None = None) -> "Model | StftModel":
    """A model by name or by file; None: the factory's first. Raises LibraryError."""
    from hummingface.models.playing.checkpoint import ModelError
    from hummingface.models.playing.checkpoint import load_model as read
    if isinstance(name, Path) or (name is not None and _is_file(name, (WEIGHTS_SUFFIX, ".json"))):
        path = Path(name)
    else:
        entries = models()
        if name is None and not entries:
            raise LibraryError(f"there are no models in {factory_folder('models')}: the installation is incomplete")
        path = entries[0].path if name is None else find(name, entries, "model").path
    try:
        return read(path)
    except ModelError as error:
        raise LibraryError(str(error)) from error


def find_model(name: str) -> Path:
    """The weights of a model by its name. Raises LibraryError with what there is."""
    return find(name, models(), "model").path


def preset_patch(model: "Playable", name: str) -> Patch:
    """A patch of a model's preset, every control at its default. Raises LibraryError, listing the presets."""
    found = [preset for preset in model.presets if preset.casefold() == name.casefold().strip()]
    if not found:
        there = did_you_mean(name, model.presets) or f" There are: {', '.join(model.presets) or 'none'}"
        raise LibraryError(f"the model {model.name} has no preset {name!r}.{there}")
    return at_preset(Patch(found[0], model.name, ()), model.presets[found[0]], model.card["presets"][found[0]])


def at_preset(patch: Patch, z: Iterable[float], preset: Mapping[str, Any]) -> Patch:
    """The patch at a preset's point `z`, levelled by its entry in the card, both within what a patch may have."""
    point = tuple(min(max(float(value), -LATENT_LIMIT), LATENT_LIMIT) for value in z)
    return patch.with_values(latents=point, gain_db=float(min(max(preset.get("gain_db", 0.0), -MOST_GAIN_DB), MOST_GAIN_DB)))


def free_name(wanted: str, others: Iterable[str] = ()) -> str:
    """`wanted`, or with a number after it, such that no patch (and none of `others`) has that name."""
    taken = {alike(name) for name in (*(entry.name for entry in patches()), *others)}
    wanted = " ".join("".join(c if c.isprintable() else " " for c in wanted).split())[:LONGEST_NAME].strip() or "New sound"
    return unused(wanted, taken)


def own_patch(name: str) -> LibraryEntry | None:
    """The player's patch of this name, whatever its case."""
    return next((e for e in patches() if not e.factory and alike(e.name) == alike(name)), None)


def _file_of(patch: Patch) -> Path:
    """The file of a patch with this name: the existing one, or a new one. Two names may have the same letters ("Oh!", "Oh?")."""
    if there := own_patch(patch.name):
        return there.path
    if not (stem := stem_of(patch.name)):
        raise LibraryError(f"{patch.name!r} cannot be the name of a patch: give it a letter or a number")
    return free_file(user_folder("patches"), stem)


def save_patch(patch: Patch, path: Path | None = None) -> Path:
    """Writes the player's patch, with the hash of its model: to `path`, or by its name into the user's folder, over an older one of
    that name and no other. Raises LibraryError for a factory file or an unusable name, PatchError where it cannot be written."""
    if path is None:
        path = _file_of(patch)
    if factory_folder("patches").resolve() in path.resolve().parents:
        raise LibraryError(f"{path}: factory patches cannot be changed; save under another name")
    if isinstance(sha256 := card_of_model(patch.model).get("sha256"), str):      # else the model is not there
        patch = patch.with_values(model_sha256=sha256[:64])
    patches_file.save(patch, path)
    return path


def describe_patches(entries: list[LibraryEntry]) -> str:
    """Patches, one a line."""
    return "\n".join(f"{i if entry.factory else '':>3}  {entry.name:<24} {', '.join(entry.tags)}"
                     + ("" if entry.factory else f"  ({entry.path})") for i, entry in enumerate(entries)) or "no patches"


def describe_models(entries: list[LibraryEntry]) -> str:
    """Models, one a line."""
    return "\n".join(f"{entry.name:<24} {'factory' if entry.factory else entry.path}" for entry in entries) or "no models"
