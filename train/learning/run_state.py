"""The state of a run on disk: tensors and plain values, never unpickled."""
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hummingface.models.playing.atomic_file import replace_file

STATE = "state.pt"
EARLY = "early.pt"


def write_state(state: dict[str, Any], path: Path) -> None:
    data = io.BytesIO()                                       # a full disk raises OSError here, and not one of torch's own errors
    torch.save(state, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data.getbuffer())


def read_state(path: Path) -> dict[str, Any]:
    """A state of a run: tensors and plain values alone. Raises ValueError where it is none, OSError where it is not there."""
    data = io.BytesIO(path.read_bytes())                      # torch raises OSError for a truncated file, too
    try:
        state = torch.load(data, map_location="cpu", weights_only=True)
    except Exception as error:
        why = str(error).splitlines()[0][:100]
        raise ValueError(f"{path}: not the state of a run, or damaged ({why}). Train into another folder.") from error
    if not isinstance(state, dict) or "step" not in state:
        raise ValueError(f"{path}: not the state of a run. Train into another folder.")
    return state


def tensors_of(value: Any) -> Iterator[Tensor]:
    """All floating-point tensors in nested values."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, (dict, list, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from tensors_of(inner)
