"""Where models are for the commands of training: the player's library, files and runs."""
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hummingface.models.playing.model import Model
    from hummingface.models.playing.stft_model import StftModel


@dataclass(frozen=True)
class Library:
    """Where a player's models are. Training does not know the instrument: its caller says."""
    find: Callable[[str], Path]                           # a model's file by its name; raises ValueError with what there is
    models: Path                                          # folder for new ones
    work: Path                                            # for what can be made again
    added: Callable[[Path, dict | None], str] = lambda path, before: ""      # told of a new model, and of the card of the one that
                                                                             # was there before; returns what to tell the player


def no_library(name: str) -> Path:
    raise ValueError(f"{name}: no such model file or run (names of the library are known to `hummingface train`).")


NOWHERE = Library(no_library, Path("models"), Path("work"))


def open_model(text: str, library: Library) -> "Model | StftModel":
    """A model by a run's folder, a file, or a name of the library. Raises ModelError, ValueError, OSError."""
    from hummingface.models.playing.checkpoint import load_model
    path = Path(text).expanduser()
    if (path / "state.pt").is_file():
        from hummingface.train.exporting.state_model import model_of_run
        return model_of_run(path)
    if path.is_dir() or path.suffix in (".safetensors", ".json") or path.with_name(path.name + ".safetensors").is_file():
        return load_model(path)
    return load_model(library.find(text))


def open_frame_model(text: str, library: Library) -> "Model":
    """The same of models of frames alone. Raises ModelError for one of whole notes."""
    from hummingface.models.playing.encoder_numpy import frame_model
    return frame_model(open_model(text, library))
