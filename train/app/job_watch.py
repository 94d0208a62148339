"""Reports on a running training job for the window: progress, a preview of one note, and intermediate models to play."""
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from hummingface.models.playing.frame import FRAME_SIZE
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.note_spectrum import as_bytes, at_times, picture_times, spectrum_db
from hummingface.train.notes.names import note_name

if TYPE_CHECKING:
    from hummingface.train.learning.train_autoencoder import AutoencoderTrainer

Tell = Callable[..., None]

PROGRESS_S = 0.5
PICTURES_S = (1.0, 8.0)                # between two pictures, at first and at last
MODELS_S = (15.0, 60.0)                # until the first model, and at most between later ones
MODELS_SHARE = 0.25                    # of a short lesson
SLOWER = 1.25                          # each time


class Watch:
    """Called after every training step. `publish()` exports the current model for playing."""

    def __init__(self, trainer: "AutoencoderTrainer", tell: Tell, bank: NoteBank, publish: Callable[[], object]):
        self._trainer, self._tell, self._publish, self._bank = trainer, tell, publish, bank
        now = time.monotonic()
        self._told, self._picture, self._model = now, now, now
        self._picture_s, self._model_s = PICTURES_S[0], 0.0
        self._note = _middle(bank)
        f0 = float(bank.f0_hz[self._note])
        self._times = picture_times(float(bank.times_s[bank.valid_rows[self._note] - 1]))
        rows = bank.rows[self._note].float().numpy()
        target = spectrum_db(at_times(rows, bank.times_s.numpy(), self._times), f0)
        self._f0_hz, self._peak_db = f0, float(target.max())
        self._target = as_bytes(target, self._peak_db)

    def __call__(self) -> None:
        now, trainer = time.monotonic(), self._trainer
        if now - self._told > PROGRESS_S:
            self._told = now
            share = trainer.progress()
            left_s = (1 - share) * 60 * trainer.options.minutes
            self._tell("progress", share=round(share, 4), left_s=round(left_s, 1), step=trainer.step,
                       loss=round(trainer.means.get("loss", 0.0), 3))
        if now - self._picture > self._picture_s:
            self.show()
            self._picture, self._picture_s = time.monotonic(), min(self._picture_s * SLOWER, PICTURES_S[1])
        self._model_s = self._model_s or min(MODELS_S[0], MODELS_SHARE * 60 * trainer.options.minutes)
        if now - self._model > self._model_s:
            self._publish()
            self._model, self._model_s = time.monotonic(), min(self._model_s * SLOWER, MODELS_S[1])

    def show(self) -> None:
        """Send the current picture."""
        bank, i = self._bank, self._note
        frames = learnt_frames(self._trainer, bank, i, self._times)
        learnt = as_bytes(spectrum_db(frames, self._f0_hz), self._peak_db)
        self._tell("picture", name=bank.names[i], key=note_name(int(bank.pitch[i])), seconds=round(float(self._times[-1]), 2),
                   step=self._trainer.step, target=self._target, learnt=learnt)


@torch.no_grad()
def learnt_frames(trainer: "AutoencoderTrainer", bank: NoteBank, note: int, times_s: np.ndarray) -> np.ndarray:
    """Frames of the averaged model for a note of the bank at these times. [T, FRAME_SIZE]"""
    model, device = trainer.average, trainer.device
    about = lambda x: torch.tensor([float(x[note])], device=device)                                      # noqa: E731
    z = model.points[int(bank.instrument[note])][None]
    if hasattr(model, "offsets"):
        z = z + model.offsets[note][None]
    asked_s = torch.from_numpy(times_s.astype(np.float32)).to(device)
    return model.at(z, about(bank.pitch), about(bank.velocity), asked_s).cpu().numpy().reshape(len(times_s), FRAME_SIZE)


def _middle(bank: NoteBank) -> int:
    """The trained note in the middle of the keys, one of the louder ones there: the preview."""
    pitch = bank.pitch[bank.trained].astype(float)
    away = np.abs(pitch - np.median(pitch)) - 0.01 * bank.velocity[bank.trained]
    return int(bank.trained[away.argmin()])
