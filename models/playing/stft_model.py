"""A playable STFT model: an autoencoder, GAN or conditional GAN that makes whole notes."""
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from hummingface.models.playing.generator_numpy import NumpyGenerator
from hummingface.models.playing.playable import Playable
from hummingface.models.playing.stft import SIDE, spectrum_of
from hummingface.models.playing.stft_shape import StftShape
from hummingface.models.playing.whole_note import WholeNote, make_note


@dataclass
class StftModel(Playable):
    """`note` in knob units: z = 0 is the middle of the training data, +-3 the range."""
    name: str
    card: dict
    shape: StftShape
    weights: dict[str, np.ndarray]            # by the names of `hummingface.models.playing.stft_shape.stft_tensor_shapes`
    presets: dict[str, list[float]] = field(default_factory=dict)
    encoder_width: int | None = None          # as in `hummingface.models.playing.model.Model`: there is no encoder of frames

    def __post_init__(self) -> None:
        self.generator = NumpyGenerator(self.shape, self.weights)

    @property
    def network(self) -> "StftModel":
        """The model without recordings: itself."""
        return self

    def nearest_key(self, pitch: float) -> int:
        """The key at which a note at `pitch` is made; pitches between or beyond keys are resampled."""
        return int(np.clip(round(pitch), self.shape.lowest, self.shape.highest))

    def spectrum(self, z: np.ndarray, key: int) -> np.ndarray:
        """z [L] -> complex64 [SIDE, SIDE], the loudest bin of a recorded note 1."""
        return spectrum_of(self.generator.image(z, key - self.shape.lowest), key, self.shape.layout)

    def note(self, z: np.ndarray, key: int, bins: int = SIDE) -> WholeNote:
        """z [L] -> the note at `key`, at once."""
        return next(note for note in self.note_steps(z, key, bins) if note is not None)

    def note_steps(self, z: np.ndarray, key: int, bins: int = SIDE) -> Iterator[WholeNote | None]:
        """The same in steps of a millisecond or two, None until it is complete."""
        image = np.zeros(0)
        for image in self.generator.steps(z, key - self.shape.lowest):                 # noqa: B007  the last one is the image
            yield None
        spectrum = spectrum_of(image, key, self.shape.layout)
        yield None
        yield from make_note(spectrum, key, bins)
