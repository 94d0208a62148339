"""A patch: everything that makes one sound, as JSON: a model, a point among its latents, the controls, the corners of the morph pad.

Files come from anywhere, so everything is checked before any of it is used; each refusal is a `PatchError` that names the file and the
field. Older versions are migrated on reading. Controls that a file does not list get their defaults.
"""
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hummingface.instrument.patches.parameters import MACROS, PARAMETERS, defaults
from hummingface.instrument.patches.patch_fields import PatchError, T, latents_field, number_field, text_field, typed_field
from hummingface.instrument.patches.patch_recordings import recording_to_json, recordings_from_json
from hummingface.instrument.patches.patch_versions import FORMAT, SHAPED, SHAPING, SHAPING_NOTICE, VERSION, migrated
from hummingface.instrument.patches.routes import Route, RouteError
from hummingface.instrument.patches.routes import from_json as routes_from_json
from hummingface.instrument.patches.routes import to_json as routes_to_json
from hummingface.instrument.patches.scale_tuning import ScaleError, ScaleTuning
from hummingface.instrument.patches.scale_tuning import from_json as tuning_from_json
from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.checked_json import JsonError, parse_json, read_file
from hummingface.models.playing.file_cache import FileCache
from hummingface.models.playing.recorded_note import Recording

LARGEST_BYTES = 2 << 20
LONGEST_NAME, LONGEST_TAG = 80, 40
MOST_KEPT = 1000                         # patches whose files are not read again
LOUDEST_GAIN_DB = 60.0                  # of the levelling, or its negative
CORNERS = 4                              # of the morph pad: bottom left, bottom right, top left, top right
NOT_IN_PATCHES = ("latent", "master", "metronome")    # groups: latents have a place of their own, the rest belongs to the player...
PATCH_MASTER = ("master.width", "master.mode")        # ... but for what belongs to the sound
DRY = {"chorus.mix": 0.0, "delay.mix": 0.0, "reverb.mix": 0.0}
IDS = tuple(p.id for p in PARAMETERS.values() if p.group not in NOT_IN_PATCHES or p.id in PATCH_MASTER)


@dataclass(frozen=True)
class Corner:
    """A named point of latent space."""
    name: str
    latents: tuple[float, ...]


@dataclass(frozen=True)
class Patch:
    """One sound. `parameters` has a value for every id in `IDS`."""
    name: str
    model: str
    latents: tuple[float, ...]
    parameters: dict[str, float] = field(default_factory=dict)
    morph: tuple[Corner, ...] = ()
    gain_db: float = 0.0                 # levelling, so that all patches are equally loud
    author: str = ""
    tags: tuple[str, ...] = ()
    model_sha256: str = ""               # of the weights that it was saved with; factory patches have none: they follow their model
    blend: dict[str, float] = field(default_factory=dict)     # what the latents were mixed from: {preset of the model: share}
    recordings: tuple[Recording, ...] = ()      # that it sounds like, at most one in each place
    routes: tuple[Route, ...] = ()       # of modulation
    macros: tuple[str, ...] = ()         # names of the first macros, "" where one has none
    tuning: ScaleTuning | None = None    # its own; None: the player's
    version: int = field(default=VERSION, compare=False)           # of the file that it was read from

    def __post_init__(self) -> None:
        rest = defaults()
        object.__setattr__(self, "parameters", {name: float(self.parameters.get(name, rest[name])) for name in IDS})

    def with_values(self, **changes: Any) -> "Patch":
        """A copy with other fields."""
        return replace(self, **changes)

    def dry(self) -> "Patch":
        """The patch without reverb, delay and chorus."""
        return self.with_values(parameters={**self.parameters, **DRY})

    @property
    def notice(self) -> str:
        """What its player should know of what has changed since its file was written; empty if nothing has."""
        if self.version >= SHAPING or not any(self.parameters[name] for name in SHAPED):
            return ""
        return f'"{self.name}": {SHAPING_NOTICE}'

    def to_json(self) -> dict:
        """Plain values for files and messages; controls at their defaults are omitted."""
        rest = defaults()
        return {
            "format": FORMAT, "version": VERSION, "name": self.name, "author": self.author, "tags": list(self.tags),
            "model": {"name": self.model} | ({"sha256": self.model_sha256} if self.model_sha256 else {}),
            "latents": [round(z, 4) for z in self.latents],
            "parameters": {name: value for name, value in self.parameters.items() if value != rest[name]},
            "morph": [{"name": c.name, "latents": [round(z, 4) for z in c.latents]} for c in self.morph],
            "gain_db": round(self.gain_db, 2),
        } | ({"blend": dict(self.blend)} if self.blend else {}) | (
            {"recordings": [recording_to_json(recording) for recording in self.recordings]} if self.recordings else {}) | (
            {"routes": routes_to_json(self.routes)} if self.routes else {}) | (
            {"macros": list(self.macros)} if any(self.macros) else {}) | (
            {"tuning": self.tuning.to_json()} if self.tuning is not None else {})


def from_json(values: object, where: str = "patch") -> Patch:
    """The patch in these values, checked and migrated. `where` names their source in errors. Raises PatchError."""
    file = typed_field(values, dict, where, "the file")
    values = migrated(file, where)

    def take(name: str, kind: type[T], default: object) -> T:
        return typed_field(values.get(name, default), kind, where, name)
    unknown = set(values) - {"format", "version", "name", "author", "tags", "model", "latents", "parameters", "morph",
                             "gain_db", "blend", "recordings", "routes", "macros", "tuning"}
    if unknown:
        raise PatchError(f"{where}: unknown field {min(unknown)!r:.80}")
    model = take("model", dict, None)
    parameters = {}
    for name, value in take("parameters", dict, {}).items():
        if name not in PARAMETERS:
            raise PatchError(f"{where}: parameters: no control is called {name!r:.80}")
        p = PARAMETERS[name]
        value = number_field(value, where, f"parameters: {name}")
        if not p.lowest <= value <= p.highest:
            raise PatchError(f"{where}: parameters: {name} is {value:g}, not within {p.lowest:g}..{p.highest:g}")
        if name in IDS:                  # volume, tuning and the like belong to the player, whatever a file contains
            parameters[name] = p.clamp(value)
    latents = latents_field(values.get("latents"), where, "latents")
    corners = take("morph", list, [])
    if len(corners) not in (0, CORNERS):
        raise PatchError(f"{where}: morph has {len(corners)} corners, not {CORNERS}")
    morph = []
    for i, corner in enumerate(corners):
        corner = typed_field(corner, dict, where, f"morph corner {i + 1}")
        point = latents_field(corner.get("latents"), where, f"morph corner {i + 1}: latents")
        if len(point) != len(latents):
            raise PatchError(f"{where}: morph corner {i + 1} has {len(point)} latents, the patch has {len(latents)}")
        morph.append(Corner(text_field(corner.get("name"), where, f"morph corner {i + 1}: name"), point))
    tags = tuple(text_field(tag, where, "tags", LONGEST_TAG) for tag in take("tags", list, []))
    if len(tags) > 32:
        raise PatchError(f"{where}: more than 32 tags")
    gain_db = number_field(values.get("gain_db", 0.0), where, "gain_db")
    if abs(gain_db) > LOUDEST_GAIN_DB:
        raise PatchError(f"{where}: gain_db is {gain_db:g}, not within -{LOUDEST_GAIN_DB:g}..{LOUDEST_GAIN_DB:g}")
    blend = take("blend", dict, {})
    if len(blend) > 16:
        raise PatchError(f"{where}: blend names more than 16 presets")
    blend = {text_field(preset, where, "blend"): number_field(share, where, f"blend: {preset}") for preset, share in blend.items()}
    name = text_field(values.get("name"), where, "name", LONGEST_NAME)
    if not name.strip():
        raise PatchError(f"{where}: name is empty")
    return Patch(name=name, author=text_field(values.get("author", ""), where, "author"), tags=tags,
                 model=text_field(model.get("name"), where, "model: name"),
                 model_sha256=text_field(model.get("sha256", ""), where, "model: sha256"),
                 latents=latents, parameters=parameters, morph=tuple(morph), gain_db=gain_db, blend=blend,
                 recordings=recordings_from_json(take("recordings", list, []), where, bool(morph)),
                 routes=_routes(take("routes", list, []), where), macros=_macros(take("macros", list, []), where),
                 tuning=_tuning(values.get("tuning"), where),
                 version=file["version"])


def _routes(values: list, where: str) -> tuple[Route, ...]:
    try:
        return routes_from_json(values)
    except RouteError as error:
        raise PatchError(f"{where}: {error}") from error


def _macros(values: list, where: str) -> tuple[str, ...]:
    if len(values) > MACROS:
        raise PatchError(f"{where}: macros has {len(values)} names; there are {MACROS} macros")
    return tuple(text_field(name, where, f"macro {number}: name", LONGEST_TAG) for number, name in enumerate(values, 1))


def _tuning(values: object, where: str) -> ScaleTuning | None:
    try:
        return None if values is None else tuning_from_json(values, f"{where}: tuning")
    except ScaleError as error:
        raise PatchError(str(error)) from error


def load(path: str | Path) -> Patch:
    """The patch in a file; an unchanged file is not read again. Raises PatchError."""
    return _patches.get(Path(path))


def _patch_in(path: Path) -> Patch:
    data = read_file(path, LARGEST_BYTES, PatchError, "a patch")
    try:
        values = parse_json(data, LARGEST_BYTES)
    except JsonError as error:
        raise PatchError(f"{path}: cannot be used ({error})") from error
    return from_json(values, str(path))


_patches = FileCache(_patch_in, MOST_KEPT)


def save(patch: Patch, path: str | Path) -> None:
    """Writes the file whole or not at all. Raises PatchError, naming it, where it cannot be written."""
    path = Path(path)
    text = json.dumps(from_json(patch.to_json(), str(path)).to_json(), indent=1, allow_nan=False) + "\n"
    text = re.sub(r"\[\s+([-+.,\deE\s]+?)\s+\]", lambda numbers: "[" + " ".join(numbers[1].split()) + "]", text)   # on one line
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode())
    except OSError as error:
        raise PatchError(f"{path}: cannot be saved ({error.strerror or error})") from error
