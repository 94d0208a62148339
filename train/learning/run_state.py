"""The state of a run on disk: tensors and plain values, never unpickled."""
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hummingface.models.playing.atomic_file import replace_file
from hummingface.models.playing.checked_json import open_file

STATE = "state.pt"
EARLY = "early.pt"
LARGEST_BYTES = 8 << 30
FIELDS: dict[str, type | tuple[type, ...]] = {"kind": str, "step": int, "seconds": (int, float), "options": dict}         # of every run


def write_state(state: dict[str, Any], path: Path) -> None:
    data = io.BytesIO()                                       # a full disk raises OSError here, and not one of torch's own errors
    torch.save(state, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data.getbuffer())


def read_state(path: Path) -> dict[str, Any]:
    """A state of a run: tensors and plain values alone. Raises ValueError where it is none, OSError where it is not there."""
    with open_file(path) as stream:
        data = io.BytesIO(stream.read(LARGEST_BYTES))         # torch raises OSError for a truncated file, too
    try:
        claimed = sum(member.file_size for member in zipfile.ZipFile(data).infolist())
        if claimed > len(data.getbuffer()):                   # torch packs nothing
            raise ValueError(f"it claims to hold {claimed:,} bytes")
        data.seek(0)
        state = torch.load(data, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path}: not the state of a run, or damaged ({in_short(error)}). Train into another folder.") from error
    if not isinstance(state, dict) or not all(isinstance(state.get(name), kind) for name, kind in FIELDS.items()):
        raise ValueError(f"{path}: not the state of a run. Train into another folder.")
    return state


def in_short(error: Exception) -> str:
    """An error's text, of which torch makes pages, on one line."""
    return " ".join(str(error).split())[:100] or type(error).__name__


def tensors_of(value: Any) -> Iterator[Tensor]:
    """All floating-point tensors in nested values."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, (dict, list, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from tensors_of(inner)
