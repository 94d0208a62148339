"""Opens a run's state as a playable model, for any kind of training."""
from pathlib import Path

from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.exporting.export_gan import model_of_gan
from hummingface.train.exporting.export_model import model_of_autoencoder
from hummingface.train.exporting.export_stft import model_of_stft
from hummingface.train.learning.run_state import STATE, read_state


def model_of_run(run: Path) -> Model | StftModel:
    """The model of a run as it stands, for measuring. Raises OSError, ValueError."""
    return model_of_state(read_state(run / STATE), run.name)


def model_of_state(state: dict, name: str) -> Model | StftModel:
    """The model of a run's state; its presets are the instruments' points, or, of a GAN, chosen random ones."""
    kind = str(state.get("kind", ""))
    if kind.startswith("stft-"):
        return model_of_stft(state, name)
    if kind in ("gan", "cgan"):
        return model_of_gan(state, name)
    return model_of_autoencoder(state, name)
