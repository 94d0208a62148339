"""The report on STFT models, as `sound_clips.py` and `latents.py` make it for frame models: reconstructions, activity of latents, and the
middle of latent space.
"""
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from hummingface.models.learning.stft_networks import StftAutoencoder, StftGenerator
from hummingface.models.playing import stft
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.note_sounds import LOUDEST, NoteSounds, prepared_sound
from hummingface.train.evaluation.examine_stft import ALL, figures
from hummingface.train.exporting.export_stft import encoded, heard, shape_of_run
from hummingface.train.exporting.export_stft import reconstructed as through
from hummingface.train.notes.note import Note
from hummingface.train.report.latents import MIDDLE_KEY, Use, used
from hummingface.train.report.sound_clips import Clip, Reconstructed, clip, gain_of, means

NEAR, NEAR_POINTS = 0.1, 2                # deviations about the middle, and points there that are heard
HEARD_S = 2.0


def reconstructed(model: StftModel, notes: Sequence[Note], shown: int, step_done: Callable[[], object]) -> Reconstructed | None:
    """Each note by the encoder alone. None for a model without an encoder, which reconstructs nothing."""
    if not model.shape.encoder:
        return None
    rows, clips = [], list[Clip | None]()
    for number, note in enumerate(notes):
        pitch, back = note.labels.pitch, None
        if model.shape.lowest <= pitch <= model.shape.highest:
            original = prepared_sound("", note).sound.astype(np.float32) / LOUDEST
            back = through(model, original[None], np.array([pitch]))[0]
            rows.append(figures(original, back))
        if number < shown:
            about = "" if back is None else f"SNR {rows[-1]['snr']:.1f} dB, mel {rows[-1]['mel']:.1f} dB"
            clips.append(None if back is None else clip(note.labels.name, about, back, stft.RATE_HZ, gain_of(back)))
        step_done()
    return Reconstructed({"encoder": means(rows, ALL)} if rows else {}, clips)


@torch.no_grad()
def use_of(state: dict[str, Any], bank: NoteBank | NoteSounds | None) -> Use:
    """Raises KeyError where the state is not of this kind of network."""
    shape, free, z = shape_of_run(state), int(state["free"]), None
    if state["kind"] == "stft-autoencoder" and isinstance(bank, NoteSounds):
        whole = StftAutoencoder(shape)
        whole.load_state_dict(state["average"])
        z = encoded(whole.eval(), bank).astype(np.float64)
    generator, rest = generator_of(state), shape.latents - free
    return used(int(state["step"]), free, z, lambda raw: heard(generator, np.pad(raw, ((0, 0), (0, rest))), shape),
                np.random.default_rng(0))


def generator_of(state: dict[str, Any]) -> StftGenerator:
    """The averaged generator of a state, in the units that it was trained in."""
    generator = StftGenerator(shape_of_run(state))
    prefix = "generator." if state["kind"] == "stft-autoencoder" else ""
    generator.load_state_dict({name.removeprefix(prefix): w for name, w in state["average"].items() if name.startswith(prefix)})
    return generator.eval()


@torch.no_grad()
def near_zero(state: dict[str, Any]) -> list[tuple[str, np.ndarray, int]]:
    """(what, sound, its rate) of the middle of latent space and of points near it, at the key nearest to C4."""
    shape, free = shape_of_run(state), int(state["free"])
    key = int(np.clip(MIDDLE_KEY, shape.lowest, shape.highest))
    z = np.zeros((1 + NEAR_POINTS, shape.latents), np.float32)
    z[1:, :free] = NEAR * np.random.default_rng(3).standard_normal((NEAR_POINTS, free))
    images = generator_of(state)(torch.from_numpy(z), torch.full((len(z),), key - shape.lowest)).numpy()
    sounds = stft.sound(stft.spectrum_of(images, np.full(len(z), key), shape.layout))[:, :round(HEARD_S * stft.RATE_HZ)]
    names = ["all latents 0", *(f"near 0, {i + 1}" for i in range(NEAR_POINTS))]
    return [(name, sound, stft.RATE_HZ) for name, sound in zip(names, sounds, strict=True)]
