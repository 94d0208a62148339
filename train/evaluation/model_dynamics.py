"""A frame model's own dynamics, preset by preset, computed from its frames alone: no engine plays them.

| figure        | definition                                                                                                     |
|---------------|----------------------------------------------------------------------------------------------------------------|
| reversal_db   | largest fall of loudness while velocity rises, between the softest and the hardest velocity that it learnt      |
| law_db        | how far loudness over these velocities is off General MIDI's law at most, from the softest on                   |
| key_step_db   | largest jump between neighbouring semitones beside the trend over the keyboard, at velocity 100 or the nearest   |
| key_spread_db | standard deviation about that trend                                                                            |
| after_2s_db   | what is left 2 s after key-up of the held note's loudness, where most is                                         |

The instrument asks for no other velocities than these, takes each note's own loudness out and puts the player's law in its place
(`instrument/performance/dynamics.py`): the first four say how much it has to take out. Releases are played as the model says them. What
the engine makes of it all is judged by `tests/bench/playability.py`. Loudness is that of `models/playing/loudness.py`: partials and
bands add up in power there, so neither beating nor motion is heard.
"""
from typing import Any

import numpy as np

from hummingface.models.playing.frame import pitch_to_hz
from hummingface.models.playing.loudness import OFFSET_LUFS, weighted_power
from hummingface.models.playing.model import Model
from hummingface.train.evaluation.playability import (
    AFTER_S,
    AFTER_WINDOW_S,
    HOLD_S,
    KEYS,
    LAW_DB,
    OCTAVES,
    RELEASED,
    VELOCITY,
    key_spread_db,
    key_step_db,
    reversal_db,
)
from hummingface.train.evaluation.reconstruct import released

FIGURES = ("reversal_db", "law_db", "key_step_db", "key_spread_db", "after_2s_db")
MOST_VELOCITIES = 9                      # that are listened to
_SILENT = 1e-12


def dynamics(model: Model) -> dict[str, Any]:
    """{"velocities": [softest, hardest], "presets": {name: FIGURES}, "median": FIGURES, "worst": FIGURES, "worst_of": {figure: preset}}.

    `law_db` is None of a model that learnt one velocity. A model without presets is heard in its middle, under the name "".
    """
    presets = {name: _of_preset(model, np.asarray(z, np.float32)) for name, z in (model.presets or {"": [0.0] * model.latents}).items()}
    by_figure = {figure: {name: value for name, row in presets.items() if (value := row[figure]) is not None} for figure in FIGURES}
    worst_of = {figure: max(values, key=values.__getitem__) for figure, values in by_figure.items() if values}
    return {"velocities": list(model.velocities), "presets": presets, "worst_of": worst_of,
            "median": {figure: round(float(np.median(list(by_figure[figure].values()))), 3) for figure in worst_of},
            "worst": {figure: presets[name][figure] for figure, name in worst_of.items()}}


def text(figures: dict[str, Any]) -> str:
    """A line for each figure."""
    softest, hardest = figures["velocities"]
    lines = [f"its own dynamics, velocities {softest:g} to {hardest:g}, over {len(figures['presets'])} presets"]
    lines += [f"    {name:14s} median {figures['median'][name]:7.2f}   worst {figures['worst'][name]:7.2f} dB   {figures['worst_of'][name]}"
              for name in FIGURES if name in figures["median"]]
    return "\n".join(lines)


def _of_preset(model: Model, z: np.ndarray) -> dict[str, float | None]:
    softest, hardest = model.velocities
    velocities = np.unique(np.linspace(softest, hardest, MOST_VELOCITIES).round())
    by_velocity = np.array([_lufs(model, z, np.full(len(velocities), key), velocities) for key in OCTAVES])
    by_key = _lufs(model, z, np.array(KEYS), np.full(len(KEYS), np.clip(VELOCITY, softest, hardest)))
    law = LAW_DB * np.log10(velocities / velocities[0])
    off = np.abs(by_velocity - by_velocity[:, :1] - law).max() if len(velocities) > 1 else None
    left = [_after_db(model, z, key, float(np.clip(velocity, softest, hardest))) for key, velocity in RELEASED]
    found = zip(FIGURES, (reversal_db(by_velocity), off, key_step_db(by_key), key_spread_db(by_key), max(left)), strict=True)
    return {name: value if value is None else round(float(value), 3) for name, value in found}


def _note(model: Model, z: np.ndarray, keys: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    """Keys beyond the trained ones use the nearest trained key, as in the instrument."""
    inside = np.clip(keys, *model.pitches).astype(np.float32)
    return model.note(np.tile(z, (len(keys), 1)), inside, np.asarray(velocities, np.float32))


def _lufs(model: Model, z: np.ndarray, keys: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    return model.loudness_lufs(_note(model, z, keys, velocities), keys.astype(np.float64), np.zeros(len(keys)))


def _after_db(model: Model, z: np.ndarray, key: int, velocity: float) -> float:
    """Of the frame at key-up, falling by its own release, against the loudness of the note."""
    keys, velocities = np.array([key]), np.array([velocity])
    held = model.frames_at(_note(model, z, keys, velocities), np.array([HOLD_S], np.float32))[0]
    after = released(held, np.array([AFTER_S + AFTER_WINDOW_S / 2]), key)[0]
    power = weighted_power(after, float(pitch_to_hz(key)), 0.0, 0.0)
    return OFFSET_LUFS + 10 * float(np.log10(max(power, _SILENT))) - float(_lufs(model, z, keys, velocities)[0])
