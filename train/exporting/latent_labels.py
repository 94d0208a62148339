"""Finds what each latent of a model mostly does, for its label in the window ("7 bright").

Around points of the model's space (half-ways between two presets) each latent is set to both ends of its travel, at random keys, and
the characteristics of both notes are measured. Their difference counts in deviations of the characteristic among the points. A latent
mostly does what changes most, by LEAST or more on average, and the same way at SAME of the points or more; one that does nothing so
clearly has no label. Those that would be called alike are told apart by what they do besides ("slow, rough"): each by what it does most,
by BESIDES or more, the same way at SAME_BESIDES or more, that none of the others is called by; one that has nothing left has one word.

    "latent_labels": [{"label": "bright", "characteristic": "brightness", "change": 0.9, "same": 0.85}, null, ..]    for each free latent

One of two words has the second's {"characteristic", "change", "same"} under "besides".
"""
from collections.abc import Iterable

import numpy as np

from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import ModelError
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.characteristics import CHARACTERISTICS, measure

WORDS = {                               # what more of a characteristic, and less of it, is called
    "brightness": ("bright", "dark"), "attack": ("slow", "sharp"), "decay": ("short", "long"), "noisiness": ("breathy", "clean"),
    "inharmonicity": ("bell-like", "harmonic"), "odd": ("hollow", "full"), "vibrato": ("vibrato", "still"), "fuzz": ("rough", "smooth")}
KEYS = np.arange(36.0, 85.0)
VELOCITY, HOLD_S = 100.0, 2.0
END = 2.5                               # of a latent, either way
POINTS = 96
CLIPPED = 2.0                           # deviations: a point counts no more
MOVED = 0.05                            # deviations: less is no change
LEAST, SAME = 0.3, 0.7
BESIDES, SAME_BESIDES = 0.2, 0.6


def latent_labels(model: Model | StftModel, seed: int = 0, count: int = POINTS) -> list[JsonObject | None]:
    """For the card of `model`. Raises ModelError for one of whole notes."""
    if isinstance(model, StftModel):
        raise ModelError(f"{model.name} makes whole notes, whose characteristics are not measured: its latents have numbers alone.")
    change = changes(model, range(model.free_latents), seed, count)
    up, down = (change > MOVED).sum(1), (change < -MOVED).sum(1)
    same, mean = np.maximum(up, down) / change.shape[1], change.mean(1)
    does = [_does(mean[i], same[i]) for i in range(len(change))]
    labels = [_label(all_of) for all_of in does]
    for word in {label["label"] for label in labels if label is not None}:
        alike = [(label, all_of) for label, all_of in zip(labels, does, strict=True) if label is not None and label["label"] == word]
        if len(alike) > 1:
            _tell_apart(alike)
    return labels


def _label(does: list[JsonObject]) -> JsonObject | None:
    most = next((about for about in does if _clear(about, LEAST, SAME)), None)
    return None if most is None else {"label": _word(most)} | most


def _does(mean: np.ndarray, same: np.ndarray) -> list[JsonObject]:
    """All that a latent changes, what it changes most first."""
    names = list(CHARACTERISTICS)
    return [{"characteristic": names[i], "change": round(float(mean[i]), 2), "same": round(float(same[i]), 2)}
            for i in np.argsort(-np.abs(mean), kind="stable")]


def _clear(about: JsonObject, least: float, often: float) -> bool:
    return abs(about["change"]) >= least and about["same"] >= often


def _tell_apart(alike: list[tuple[JsonObject, list[JsonObject]]]) -> None:
    """In place: a second word for labels of the same word, of all that their latents do. The strongest is taken first."""
    left = [(about, label) for label, does in alike for about in does
            if about["characteristic"] != label["characteristic"] and _clear(about, BESIDES, SAME_BESIDES)]
    taken = set[str]()
    for about, label in sorted(left, key=lambda one: -abs(one[0]["change"])):
        word = _word(about)
        if "besides" not in label and word not in taken:
            taken.add(word)
            label |= {"label": f"{label['label']}, {word}", "besides": about}


def _word(about: JsonObject) -> str:
    return WORDS[about["characteristic"]][0 if about["change"] > 0 else 1]


def changes(model: Model, latents: Iterable[int], seed: int = 0, count: int = POINTS) -> np.ndarray:
    """What setting each of these L latents from one end to the other changes, in deviations, at so many points. [L, count, 8]"""
    rng = np.random.default_rng(seed)
    presets = np.array(list(model.presets.values()) or rng.standard_normal((count, model.latents)))
    pairs = rng.integers(len(presets), size=(count, 2))
    points = (presets[pairs[:, 0]] + presets[pairs[:, 1]]) / 2
    keys = rng.choice(KEYS, count)
    unit = np.maximum(_measured(model, points, keys).std(0), 1e-6)
    found = []
    for latent in latents:
        ends = [np.where(np.arange(model.latents) == latent, end, points) for end in (END, -END)]
        high, low = (_measured(model, at, keys) for at in ends)
        found.append(np.clip((high - low) / unit, -CLIPPED, CLIPPED))
    return np.array(found)


def _measured(model: Model, points: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Characteristics of notes. [N, 8]"""
    times, found = row_times_s(), []
    for z, key in zip(points, keys, strict=True):
        note = model.note(z[None], np.array([key]), np.array([VELOCITY]))
        values = measure(model.frames_at(np.repeat(note, ROWS, 0), times), key, HOLD_S)
        found.append([values[name] for name in CHARACTERISTICS])
    return np.array(found)
