"""A patch: everything that makes one sound, as JSON: a model, a point among its latents, the controls, the corners of the morph pad.

Files come from anywhere, so everything is checked before any of it is used; each refusal is a `PatchError` that names the file and the
field. Older versions are migrated on reading. Controls that a file does not list get their defaults.
"""
import json
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from hummingface.instrument.patches.parameters import MACROS, MOST_LATENTS, PARAMETERS, defaults, group, renamed
from hummingface.instrument.patches.routes import Route, RouteError
from hummingface.instrument.patches.routes import from_json as routes_from_json
from hummingface.instrument.patches.routes import to_json as routes_to_json
from hummingface.instrument.patches.scale_tuning import ScaleError, ScaleTuning
from hummingface.instrument.patches.scale_tuning import from_json as tuning_from_json
from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.checked_json import JsonError, parse_json, read_file
from hummingface.models.playing.checks import is_number
from hummingface.models.playing.file_cache import FileCache
from hummingface.models.playing.recorded_note import PLACES, RecordedNoteError, Recording
from hummingface.models.playing.recorded_note import from_json as note_from_json

T = TypeVar("T")
FORMAT, VERSION = "hummingface-patch", 5
SHAPING = 4                              # the first version whose named knobs do as they do now; before, they moved the latents a little
SHAPED = [p.id for name in ("characteristic", "family") for p in group(name)]
SHAPING_NOTICE = ("named knobs (Brighter, Vibrating .., families) moved the latents a little when it was made; they shape the sound now, "
                  "and do much more.")
LARGEST_BYTES = 2 << 20
MOST_NOTES, LARGEST_RECORDINGS = 64, 1_500_000       # recorded notes of a patch, and characters of all their frames
LONGEST_NAME, LONGEST_TAG = 80, 40
MOST_KEPT = 1000                         # patches whose files are not read again
LOUDEST_GAIN_DB = 60.0                  # of the levelling, or its negative
CORNERS = 4                              # of the morph pad: bottom left, bottom right, top left, top right
NOT_IN_PATCHES = ("latent", "master", "metronome")    # groups: latents have a place of their own, the rest belongs to the player...
PATCH_MASTER = ("master.width", "master.mode")        # ... but for what belongs to the sound
DRY = {"chorus.mix": 0.0, "delay.mix": 0.0, "reverb.mix": 0.0}
IDS = tuple(p.id for p in PARAMETERS.values() if p.group not in NOT_IN_PATCHES or p.id in PATCH_MASTER)


class PatchError(ValueError):
    """A patch that cannot be used; the text names the file and the field."""


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
            {"recordings": [_recording_to_json(recording) for recording in self.recordings]} if self.recordings else {}) | (
            {"routes": routes_to_json(self.routes)} if self.routes else {}) | (
            {"macros": list(self.macros)} if any(self.macros) else {}) | (
            {"tuning": self.tuning.to_json()} if self.tuning is not None else {})


def from_json(values: object, where: str = "patch") -> Patch:
    """The patch in these values, checked and migrated. `where` names their source in errors. Raises PatchError."""
    file = _typed(values, dict, where, "the file")
    values = _migrate(file, where)

    def take(name: str, kind: type[T], default: object) -> T:
        return _typed(values.get(name, default), kind, where, name)
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
        value = _number(value, where, f"parameters: {name}")
        if not p.lowest <= value <= p.highest:
            raise PatchError(f"{where}: parameters: {name} is {value:g}, not within {p.lowest:g}..{p.highest:g}")
        if name in IDS:                  # volume, tuning and the like belong to the player, whatever a file contains
            parameters[name] = p.clamp(value)
    latents = _latents(values.get("latents"), where, "latents")
    corners = take("morph", list, [])
    if len(corners) not in (0, CORNERS):
        raise PatchError(f"{where}: morph has {len(corners)} corners, not {CORNERS}")
    morph = []
    for i, corner in enumerate(corners):
        corner = _typed(corner, dict, where, f"morph corner {i + 1}")
        point = _latents(corner.get("latents"), where, f"morph corner {i + 1}: latents")
        if len(point) != len(latents):
            raise PatchError(f"{where}: morph corner {i + 1} has {len(point)} latents, the patch has {len(latents)}")
        morph.append(Corner(_text(corner.get("name"), where, f"morph corner {i + 1}: name"), point))
    tags = tuple(_text(tag, where, "tags", LONGEST_TAG) for tag in take("tags", list, []))
    if len(tags) > 32:
        raise PatchError(f"{where}: more than 32 tags")
    gain_db = _number(values.get("gain_db", 0.0), where, "gain_db")
    if abs(gain_db) > LOUDEST_GAIN_DB:
        raise PatchError(f"{where}: gain_db is {gain_db:g}, not within -{LOUDEST_GAIN_DB:g}..{LOUDEST_GAIN_DB:g}")
    blend = take("blend", dict, {})
    if len(blend) > 16:
        raise PatchError(f"{where}: blend names more than 16 presets")
    blend = {_text(preset, where, "blend"): _number(share, where, f"blend: {preset}") for preset, share in blend.items()}
    name = _text(values.get("name"), where, "name", LONGEST_NAME)
    if not name.strip():
        raise PatchError(f"{where}: name is empty")
    return Patch(name=name, author=_text(values.get("author", ""), where, "author"), tags=tags,
                 model=_text(model.get("name"), where, "model: name"),
                 model_sha256=_text(model.get("sha256", ""), where, "model: sha256"),
                 latents=latents, parameters=parameters, morph=tuple(morph), gain_db=gain_db, blend=blend,
                 recordings=_recordings(take("recordings", list, []), where, bool(morph)),
                 routes=_routes(take("routes", list, []), where), macros=_macros(take("macros", list, []), where),
                 tuning=_tuning(values.get("tuning"), where),
                 version=file["version"])


def _recording_to_json(recording: Recording) -> dict:
    return {"name": recording.name, "latents": [round(z, 4) for z in recording.latents],
            "places": list(recording.places), "notes": [note.to_json() for note in recording.notes]
            } | ({"by_frequency": round(recording.by_frequency, 3)} if recording.by_frequency else {})


def _recordings(values: list, where: str, has_pad: bool) -> tuple[Recording, ...]:
    there, found = PLACES if has_pad else PLACES[:1], list[Recording]()
    for number, value in enumerate(values, 1):
        here = f"recording {number}"
        value = _typed(value, dict, where, here)
        places = tuple(_text(place, where, f"{here}: places", 40) for place in _typed(value.get("places"), list, where, f"{here}: places"))
        if not places or not set(places) <= set(there) or len(set(places)) < len(places):
            raise PatchError(f"{where}: {here}: its places are not some of {', '.join(there)}")
        if any(set(places) & set(other.places) for other in found):
            raise PatchError(f"{where}: {here} stands where another one does")
        notes = _typed(value.get("notes"), list, where, f"{here}: notes")
        if not 1 <= len(notes) <= MOST_NOTES:
            raise PatchError(f"{where}: {here} has {len(notes)} notes, not 1..{MOST_NOTES}")
        by_frequency = _number(value.get("by_frequency", 0.0), where, f"{here}: by_frequency")
        if not 0 <= by_frequency <= 1:
            raise PatchError(f"{where}: {here}: by_frequency is {by_frequency:g}, not within 0..1")
        try:
            found.append(Recording(_text(value.get("name"), where, f"{here}: name"),
                                   _latents(value.get("latents"), where, f"{here}: latents"),
                                   tuple(note_from_json(note) for note in notes), places, by_frequency))
        except RecordedNoteError as error:
            raise PatchError(f"{where}: {here}: a note cannot be used: {error}") from error
    if sum(len(note.packed) for recording in found for note in recording.notes) > LARGEST_RECORDINGS:
        raise PatchError(f"{where}: its recordings are larger than the {LARGEST_RECORDINGS >> 10} kB that are allowed")
    return tuple(found)


def _routes(values: list, where: str) -> tuple[Route, ...]:
    try:
        return routes_from_json(values)
    except RouteError as error:
        raise PatchError(f"{where}: {error}") from error


def _macros(values: list, where: str) -> tuple[str, ...]:
    if len(values) > MACROS:
        raise PatchError(f"{where}: macros has {len(values)} names; there are {MACROS} macros")
    return tuple(_text(name, where, f"macro {number}: name", LONGEST_TAG) for number, name in enumerate(values, 1))


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


def _migrate(values: dict, where: str) -> dict:
    if values.get("format") != FORMAT:
        raise PatchError(f"{where}: not a patch (its 'format' is not {FORMAT!r})")
    version = values.get("version")
    if type(version) is not int or version < 0:
        raise PatchError(f"{where}: version is {version!r:.40}, not a whole number")
    if version > VERSION:
        raise PatchError(f"{where}: version {version} comes from a newer program; this one reads up to {VERSION}")
    values = dict(values)
    for step in range(version, VERSION):
        values = MIGRATIONS[step](values)
    return values


def _from_version_0(values: dict) -> dict:
    """Version 0: the model was a plain name, the corners were unnamed lists."""
    values = {**values, "version": 1}
    if isinstance(values.get("model"), str):
        values["model"] = {"name": values["model"]}
    if isinstance(values.get("morph"), list):
        values["morph"] = [{"name": f"Corner {i + 1}", "latents": corner} if isinstance(corner, list) else corner
                           for i, corner in enumerate(values["morph"])]
    return values


def _from_version_1(values: dict) -> dict:
    """Version 1 had no times in beats (`delay.sync`, `motion.vibrato_sync`): they are free."""
    return {**values, "version": 2}


def _from_version_2(values: dict) -> dict:
    """In version 2 the network was asked for every velocity, scaled by `master.velocity` around 100, and that was all that made harder
    notes brighter; now loudness follows the player's law.
    """
    parameters = values.get("parameters", {})
    if isinstance(parameters, dict):
        parameters = dict(parameters)
        times = parameters.pop("master.velocity", 1.0)
        if is_number(times, 0, 2):
            parameters["dynamics.range_db"] = renamed("master.velocity", times)[1]
        parameters["dynamics.brightness"] = 0.0
    return {**values, "parameters": parameters, "version": 3}


def _from_version_3(values: dict) -> dict:
    """In version 3 the characteristics moved the latents of the model; they keep their values, and now shape the sound."""
    return {**values, "version": 4}


def _from_version_4(values: dict) -> dict:
    """Version 4 had no modulation routes and no tuning of its own: nothing moves by itself, and keys are tuned as the player has them."""
    return {**values, "version": 5}


# From version to the next.
MIGRATIONS = {0: _from_version_0, 1: _from_version_1, 2: _from_version_2, 3: _from_version_3, 4: _from_version_4}


def _typed(value: object, kind: type[T], where: str, name: str) -> T:
    if not isinstance(value, kind):
        words: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}
        raise PatchError(f"{where}: {name} is not {words[kind]}")
    return value


def _text(value: object, where: str, name: str, longest: int = 200) -> str:
    text = _typed(value, str, where, name)
    if len(text) > longest:
        raise PatchError(f"{where}: {name} is longer than {longest} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):     # a line's end; half of a character
        raise PatchError(f"{where}: {name} has a character that cannot be shown: {text!a:.80}")
    return text


def _shown(value: object) -> str:
    """A value of any kind and size, short enough for a message."""
    return f"{value!r:.40}" if isinstance(value, (str, float, bool, type(None))) else f"a {type(value).__name__}"


def _number(value: object, where: str, name: str) -> float:
    if is_number(value):
        return float(value)
    raise PatchError(f"{where}: {name} is {_shown(value)}, not a finite number")


def _latents(values: object, where: str, name: str) -> tuple[float, ...]:
    values = _typed(values, list, where, name)
    if not 1 <= len(values) <= MOST_LATENTS:
        raise PatchError(f"{where}: {name} has {len(values)} values, not 1..{MOST_LATENTS}")
    numbers = tuple(_number(value, where, f"{name} {i + 1}") for i, value in enumerate(values))
    for i, value in enumerate(numbers):
        if abs(value) > LATENT_LIMIT:
            raise PatchError(f"{where}: {name} {i + 1} is {value:g}, not within -{LATENT_LIMIT:g}..{LATENT_LIMIT:g}")
    return numbers
