"""What sounds measure: one table beside the factory's patches and presets, and one of the player's own in the user's folder.

    {"format": "hummingface-sounds", "version": 1, "sounds": {FINGERPRINT: {"name": "Evening Grand", "brightness": 14.2, ..}, ..}}

A sound is known by its fingerprint: a hash of all that is heard of it, its model's weights included. So an edited patch is another sound,
and a copy under another name is not measured again. `instrument/offline/measuring.py` writes both; the player's is written again where
it is lost.
"""
import hashlib
import json
from importlib import resources
from pathlib import Path

from hummingface.instrument.patches.patch import Patch
from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.checked_json import JsonError, read_json
from hummingface.models.playing.checks import is_number
from hummingface.models.playing.file_cache import FileCache

FORMAT, VERSION = "hummingface-sounds", 1
FACTORY_FILE, OWN_FILE = "sounds.json", "measured-sounds.json"
LARGEST_BYTES = 8 << 20
MOST_OWN = 5000                        # of the player's: the newest are kept
HASH_DIGITS = 20
# Fields of a patch's file; levels are removed from every measure.
NOT_HEARD = ("name", "author", "tags", "blend", "model", "gain_db", "version", "macros")
FIRST_MEASURED = 4                     # the version of patches that hashes have in them: a later one changes no sound

Measured = dict[str, float]


def fingerprint(patch: Patch, model_sha256: str) -> str:
    """Of a patch on a model with these weights."""
    heard = {name: value for name, value in patch.to_json().items() if name not in NOT_HEARD} | {"version": FIRST_MEASURED}
    return hashlib.sha256(f"{model_sha256} {json.dumps(heard, sort_keys=True)}".encode()).hexdigest()[:HASH_DIGITS]


def factory_file() -> Path:
    return Path(str(resources.files("hummingface.assets"))) / FACTORY_FILE


def read(file: Path) -> dict[str, Measured]:
    """{fingerprint: measures} of a file; empty where it is missing or is no such table. Do not change it."""
    try:
        return _tables.get(file)
    except (OSError, JsonError):
        return {}


def write(file: Path, sounds: dict[str, Measured], names: dict[str, str] | None = None) -> None:
    """Write a table whole or not at all, one sound a line; `names` are for whoever reads it. Raises OSError."""
    lines = [f'  "{key}": {json.dumps(({"name": names[key]} if names else {}) | values, ensure_ascii=False, allow_nan=False)}'
             for key, values in list(sounds.items())[-MOST_OWN:]]
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, (f'{{"format": "{FORMAT}", "version": {VERSION}, "sounds": {{\n' + ",\n".join(lines) + "\n}}\n").encode())


def _table_in(file: Path) -> dict[str, Measured]:
    values = read_json(file, LARGEST_BYTES)
    sounds = values.get("sounds") if isinstance(values, dict) and values.get("format") == FORMAT else None
    if not isinstance(sounds, dict) or values.get("version") != VERSION:
        raise JsonError(f"{file}: not a table of measured sounds")
    return {key: {name: float(value) for name, value in about.items() if is_number(value)}
            for key, about in sounds.items() if isinstance(about, dict)}


_tables = FileCache(_table_in, 4)
