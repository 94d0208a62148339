"""Where sounds stand on the map: alike ones beside each other. One table beside the factory's patches and presets, and one of the player's
own in the user's folder.

    {"format": "hummingface-map", "version": 1, "sounds": {FINGERPRINT: {"name": "Evening Grand", "at": [1.2, 0.4], "picture": BASE64}, ..},
     "distances": BASE64}

Sounds are known by the fingerprints of `sound_table.py`. The map is MAP_WIDTH wide and 1 high. A picture is the sound as a small mel
spectrum by time (`instrument/offline/mel_pictures.py`), by which a new sound finds its place among the others. `distances`, of the
factory's table alone, has the distances of each two in the order of the table (of the first from all others, of the second from those
that follow, ..), a byte each in DISTANCE_DB. `instrument/offline/sound_mapping.py` writes both tables.
"""
import base64
import binascii
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.checked_json import JsonError, read_json
from hummingface.models.playing.checks import is_numbers
from hummingface.models.playing.file_cache import FileCache

FORMAT, VERSION = "hummingface-map", 1
FACTORY_FILE, OWN_FILE = "map.json", "mapped-sounds.json"
LARGEST_BYTES = 8 << 20
MOST_OWN = 5000                        # of the player's: the newest are kept
MAP_WIDTH = 2.0                        # beside a height of 1
PICTURE_KEYS, PICTURE_BANDS, PICTURE_FLOOR_DB = 3, 16, -80.0
PICTURE_EDGES_S = (0.0, 0.1, 0.5, 2.0, 2.4, 4.0)         # of its stretches of time; the key is held for 2 s
PICTURE_SHAPE = (PICTURE_KEYS, len(PICTURE_EDGES_S) - 1, PICTURE_BANDS)
DISTANCE_DB = 0.1
NEAREST = 5                            # sounds that a new one is placed between
FREE, RING, MOST_RINGS = 0.045, 0.015, 30       # between it and any other, beside the map's height; where a free place is looked for


@dataclass(frozen=True)
class MappedSound:
    """A sound's place and its picture, uint8 PICTURE_SHAPE."""
    at: tuple[float, float]
    picture: np.ndarray


@dataclass(frozen=True)
class MapTable:
    """`distances` [N, N] in dB, in the order of `sounds`; None where the file has none."""
    sounds: dict[str, MappedSound] = field(default_factory=dict)
    distances: np.ndarray | None = None


def factory_map() -> Path:
    """The factory's file."""
    return Path(str(resources.files("hummingface.assets"))) / FACTORY_FILE


def read(file: Path) -> MapTable:
    """The table in a file; empty where it is missing or is no such table. Do not change it."""
    try:
        return _tables.get(file)
    except (OSError, JsonError):
        return MapTable()


def write(file: Path, table: MapTable, names: Mapping[str, str]) -> None:
    """Write a table whole or not at all, one sound a line; `names` are for whoever reads it. Raises OSError."""
    lines = [f'  "{key}": ' + json.dumps({"name": names.get(key, ""), "at": [round(x, 4) for x in one.at], "picture": _text(one.picture)},
                                         ensure_ascii=False) for key, one in list(table.sounds.items())[-MOST_OWN:]]
    rest = ""
    if table.distances is not None:
        pairs = table.distances[np.triu_indices(len(table.distances), 1)]
        rest = f', "distances": "{_text(np.clip(np.round(pairs / DISTANCE_DB), 0, 255).astype(np.uint8))}"'
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, (f'{{"format": "{FORMAT}", "version": {VERSION}, "sounds": {{\n' + ",\n".join(lines) + f"\n}}{rest}}}\n").encode())


def place_among(picture: np.ndarray, known: Mapping[str, MappedSound]) -> tuple[float, float]:
    """The place of a sound: between the NEAREST of those that have one, nearer to those that are more alike."""
    if not known:
        return MAP_WIDTH / 2, 0.5
    places = np.array([one.at for one in known.values()])
    apart = picture_distances(picture, np.stack([one.picture for one in known.values()]))
    nearest = np.argsort(apart, kind="stable")[:NEAREST + 1]
    weight = np.square(np.maximum(1 - apart[nearest] / max(apart[nearest[-1]], 1e-9), 0)) + 1e-9
    x, y = weight @ places[nearest] / weight.sum()
    return float(x), float(y)


def free_place(at: tuple[float, float], taken: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """The place that is nearest to another one, and covers none of those that are taken."""
    places = np.array([*taken]).reshape(-1, 2)
    for ring in range(MOST_RINGS):
        for corner in range(6 * ring or 1):
            angle = 2 * math.pi * corner / (6 * ring or 1)
            x, y = at[0] + ring * RING * math.cos(angle), at[1] + ring * RING * math.sin(angle)
            if 0 <= x <= MAP_WIDTH and 0 <= y <= 1 and (not len(places) or np.hypot(*(places - (x, y)).T).min() >= FREE):
                return x, y
    return at


def picture_distances(picture: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far a picture is from each of others [N, *PICTURE_SHAPE], dB. [N]"""
    lengths = np.diff(PICTURE_EDGES_S)
    apart = np.abs(others.astype(np.int16) - picture.astype(np.int16)).mean((1, 3))
    return np.asarray(apart @ lengths / lengths.sum())


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _bytes_in(text: Any) -> np.ndarray:
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), np.uint8) if isinstance(text, str) else np.zeros(0, np.uint8)
    except (binascii.Error, ValueError):
        return np.zeros(0, np.uint8)


def _sound_in(about: Any) -> MappedSound | None:
    if not isinstance(about, dict) or not is_numbers(about.get("at"), 2, -1.0, MAP_WIDTH + 1):
        return None
    picture = _bytes_in(about.get("picture"))
    x, y = about["at"]
    return MappedSound((float(x), float(y)), picture.reshape(PICTURE_SHAPE)) if picture.size == np.prod(PICTURE_SHAPE) else None


def _table_in(file: Path) -> MapTable:
    values = read_json(file, LARGEST_BYTES)
    about = values.get("sounds") if isinstance(values, dict) and values.get("format") == FORMAT else None
    if not isinstance(about, dict) or values.get("version") != VERSION:
        raise JsonError(f"{file}: not a map of sounds")
    sounds = {key: sound for key, one in about.items() if (sound := _sound_in(one)) is not None}
    count, pairs = len(sounds), _bytes_in(values.get("distances"))
    if not count or pairs.size != count * (count - 1) // 2:
        return MapTable(sounds)
    distances = np.zeros((count, count))
    distances[np.triu_indices(count, 1)] = pairs * DISTANCE_DB
    return MapTable(sounds, distances + distances.T)


_tables = FileCache(_table_in, 4)
