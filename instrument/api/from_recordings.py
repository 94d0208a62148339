"""Sounds from recordings: sounds that carry them, one note through a model and back, and models learnt from folders. Only learning needs
PyTorch (`hummingface install train`)."""
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hummingface.instrument.api.errors import LearningError, SoundError, raised_as
from hummingface.instrument.api.instrument import Instrument, Samples
from hummingface.instrument.patches import learnt_models, library
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.session import extras
from hummingface.models.playing import key_trend
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.encoder_numpy import frame_model

LOUDEST_GAIN_DB = 60.0              # of a patch, either way


@dataclass(frozen=True)
class Resynthesis:
    """A recording as a model plays it.

    `sound`: float32 [samples], or [samples, 2] of a stereo model, as long and as loud as the recording, at `rate_hz`. `latents`: the point
    of latent space. `pitch`: the MIDI pitch that was heard, with its fraction. `mel_db` and `act60_db`: how far the sound is from the
    recording (docs/figures.md); None where that cannot be said. `instrument` plays that point at every key.
    """
    sound: Samples
    rate_hz: int
    latents: tuple[float, ...]
    pitch: float
    mel_db: float | None
    act60_db: float | None
    instrument: Instrument


def resynthesise(recording: str | Path, *, model: str | Path | None = None, pitch: float | None = None) -> Resynthesis:
    """One recorded note through a model and back. `pitch`: its key (60 is C4), where it cannot be heard. Takes seconds.
    Raises LearningError where there is no note in the file, SoundError for the model."""
    path = Path(recording).expanduser()
    with raised_as(LearningError):
        from hummingface.train.app.resynthesise import resynthesise as through_model
        with raised_as(SoundError):
            opened = library.load_model(model)
        found = through_model(opened, path, pitch)
    point = tuple(min(max(float(z), -LATENT_LIMIT), LATENT_LIMIT) for z in found.made.z)
    gain_db = min(max(found.levelling_db, -LOUDEST_GAIN_DB), LOUDEST_GAIN_DB)
    with raised_as(SoundError):
        sound = Instrument(Patch(library.free_name(path.stem), opened.name, point, gain_db=gain_db), model=model)
    return Resynthesis(found.sound, found.made.rate_hz, point, found.note.pitch, found.mel_db, found.act60_db, sound)


def from_recordings(recordings: str | Path | Sequence[str | Path], *, model: str | Path | None = None, name: str = "") -> Instrument:
    """An instrument that sounds like recordings, one note in each file, or like a dozen of those in a folder: at its key each as it was
    recorded, between two keys a mixture of both. "likeness.amount" goes back to the model's own sound. Takes a second a recording, and no
    training.

    `model`: by name or file, whose space the sound lies in; None: the factory's first. `name`: of its patch; the first file's if it is
    empty. What could not be used is its `notice`. Raises LearningError where there is no note in any file, SoundError for the model.
    """
    paths = [Path(path).expanduser() for path in ([recordings] if isinstance(recordings, (str, Path)) else recordings)]
    if not paths:
        raise LearningError("No recording was given.")
    with raised_as(LearningError):
        from hummingface.train.app.recorded_sound import recorded_sound
        with raised_as(SoundError):
            opened = library.load_model(model)
        network = frame_model(opened)
        found = recorded_sound(network, paths)
    name = library.free_name(name or (paths[0].name if paths[0].is_dir() else paths[0].stem))
    with raised_as(SoundError):
        gain_db = key_trend.of_model(network).levelling_gain_db(np.array(found.latents))
        made = Instrument(Patch(name, opened.name, found.latents, gain_db=gain_db, recordings=(found.recording(name),)), model=model)
    made.notice = "\n".join([*filter(None, [made.notice]), *found.skipped])
    return made


def learn(recordings: str | Path | Sequence[str | Path], name: str, *, minutes: float = 9.0, latents: int = 16, device: str = "cpu",
          seed: int = 0, workers: int = 1, licence: str = "", replace: bool = False,
          say: Callable[[str], None] = lambda text: None) -> Instrument:
    """Learn a model of recordings, one note in each file, in about so many minutes, as `hummingface train learn` does. It goes into the
    player's library under `name`, with a patch of each of its sounds; returns an instrument that plays the first. Stopped, the same call
    goes on.

    `recordings`: a folder, or several; .sfz files, SoundFonts and NSynth do, too. `device`: "cpu", "cuda" or "mps". `workers`: processes
    that listen and prepare; with more than one, a program of yours must keep what it does under `if __name__ == "__main__":`, for each of
    them reads it again. `licence` of the recordings goes into the model's card. `replace`: over a model of this name that was made
    elsewhere. `say` is told what goes on. Raises LearningError, FileError.
    """
    sources = [recordings] if isinstance(recordings, (str, Path)) else list(recordings)
    with _learning():
        from hummingface.train.app.learn import learn as learn_model
        from hummingface.train.app.lesson import Lesson, Reports, TrainConfig, folder_name, place_of
        if minutes <= 0 or latents < 1 or workers < 1:
            raise LearningError(f"minutes is {minutes:g}, latents is {latents} and workers is {workers}; all must be above 0.")
        work = library.user_folder("work") / "learn" / folder_name(name)
        out = place_of(name, library.user_folder("models"), work, replace)
        model = learn_model(Lesson([Path(source).expanduser() for source in sources], name, out, work),
                            TrainConfig(minutes, latents, device=device, workers=workers, seed=seed, licence=licence),
                            reports=Reports(say, added=learnt_models.add_model, progress=False))
    return Instrument(learnt_models.patch_of(model.name), model=out.with_name(out.name + ".safetensors"))


@contextmanager
def _learning() -> Iterator[None]:
    """Raises LearningError where PyTorch is missing, and for what training cannot do; FileError for files."""
    with raised_as(LearningError):
        extras.require("Learning from recordings")
        from hummingface.train.data.store import DataError
        try:
            yield
        except DataError as error:
            raise LearningError(str(error)) from error
