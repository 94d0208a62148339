"""Sounds as mel spectra by time: three notes of each, as they are measured (`sound_measures.py`), and how far two of them are apart.

An image is what the distance `mel` of the project's figures is made of (`train/evaluation/metrics.py`): 128 mel bands by FFTs of 2048
samples, 512 apart, the notes brought to one energy. A picture is a small copy of it in whole dB, which is kept of every sound.
"""
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from hummingface.instrument.offline.sound_measures import KEYS, RATE_HZ, SECONDS, play_key
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.sound_map import PICTURE_BANDS, PICTURE_EDGES_S, PICTURE_FLOOR_DB
from hummingface.instrument.performance.source import Source
from hummingface.models.analysis.mel_spectra import magnitudes, mel_filters

SIZE, HOP, BANDS = 2048, 512, 128
FLOOR = 1e-4                           # of the peak: 80 dB under it
AT_ONCE = 32                           # images that another is compared with: memory


def image_of(patch: Patch, source: Source) -> np.ndarray:
    """The image of a patch, whose tuning does not count. float32 [keys, frames, BANDS]"""
    plain = patch.with_values(tuning=None)
    return image([play_key(plain, source, key) for key in KEYS])


def image(notes: Sequence[np.ndarray]) -> np.ndarray:
    """The image of notes [S, channels], all of one length: levels beside the RMS of the note. float32 [notes, frames, BANDS]"""
    filters = mel_filters(RATE_HZ, SIZE, BANDS).T
    rms = [max(float(np.sqrt((note ** 2).mean())), 1e-9) for note in notes]
    return np.stack([(magnitudes(note / level, SIZE, HOP) @ filters).astype(np.float32) for note, level in zip(notes, rms, strict=True)])


def distances(images: np.ndarray) -> np.ndarray:
    """Mean `mel` distance of the notes of each pair of images [N, keys, frames, BANDS], either as the reference of the other, in dB.
    [N, N]"""
    floors = images.max((2, 3), keepdims=True) * FLOOR
    apart = np.zeros((len(images), len(images)))
    for i, floor in enumerate(floors):
        own = np.log10(images[i] + floor)
        for begin in range(0, len(images), AT_ONCE):
            others = np.log10(images[begin:begin + AT_ONCE] + floor)
            apart[i, begin:begin + AT_ONCE] = 20 * np.abs(own - others).mean((1, 2, 3))
    return (apart + apart.T) / 2


def picture(image: np.ndarray) -> np.ndarray:
    """The picture of an image: means in dB over stretches of time and neighbouring bands, above PICTURE_FLOOR_DB. uint8 [keys, stretches,
    PICTURE_BANDS]"""
    level = 20 * np.log10(image + image.max((1, 2), keepdims=True) * FLOOR)
    edges = [round(second / SECONDS * image.shape[1]) for second in PICTURE_EDGES_S]
    coarse = np.stack([level[:, begin:end].mean(1) for begin, end in pairwise(edges)], 1)
    coarse = coarse.reshape(*coarse.shape[:2], PICTURE_BANDS, -1).mean(-1)
    return np.clip(np.round(coarse - PICTURE_FLOOR_DB), 0, 255).astype(np.uint8)
