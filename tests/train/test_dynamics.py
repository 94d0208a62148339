"""What a model makes of dynamics by itself, where the truth is known; and the spread of gains."""
import json

import numpy as np
import pytest

from hummingface.models.playing.frame import RELEASE, STEADY
from hummingface.models.playing.model import Model
from hummingface.models.playing.untrained import untrained
from hummingface.train.evaluation.metrics import gain_line, gain_spread
from hummingface.train.evaluation.model_dynamics import FIGURES, dynamics, text


class Told(Model):
    """A model whose notes are as loud as is said here."""
    fault_db = 0.0                           # of key 61, and of the hardest strokes

    def loudness_lufs(self, note, pitch, tilt_db, motion=1.0, quickly=False):
        velocity = self.asked
        return -20 + 40 * np.log10(velocity / 100) - 0.2 * (pitch - 60) + self.fault_db * ((pitch == 61) * 1.0 - (velocity > 118))

    def note(self, z, pitch, velocity):
        self.asked = np.asarray(velocity, np.float64)
        return super().note(z, pitch, velocity)


def made(kind=Model, release_s=0.3, velocities=(60, 120)):
    model = untrained(latents=4, width=64)
    weights = {name: value.copy() for name, value in model.weights.items()}
    bias = weights[f"decoder.note_net.{2 * model.shape.note_depth}.bias"][model.shape.time_depth * 64:]
    bias[RELEASE.start - STEADY.start:] = np.log2(release_s)
    card = model.card | {"velocities": list(velocities)}
    return kind(model.name, card, model.shape, weights, dict(list(model.presets.items())[:2]))


def test_the_law_is_missed_by_nothing_or_by_what_is_said():
    told = dynamics(made(Told))
    assert told["velocities"] == [60, 120] and set(told["presets"]) == {"Untrained 1", "Untrained 2"}
    assert all(row["reversal_db"] == 0 and row["law_db"] < 1e-6 and row["key_step_db"] < 0.3 for row in told["presets"].values())
    Told.fault_db = 6.0
    try:
        told = dynamics(made(Told))
    finally:
        Told.fault_db = 0.0
    row = told["presets"]["Untrained 1"]
    assert row["law_db"] == pytest.approx(6.0) and row["key_step_db"] == pytest.approx(6.0, abs=0.3)
    assert row["reversal_db"] == pytest.approx(6 - 40 * np.log10(120 / 112), abs=0.2), "112 or 113 comes before"
    assert told["worst"]["law_db"] == told["median"]["law_db"] == pytest.approx(6.0)
    json.dumps(told)
    assert [line.split()[0] for line in text(told).splitlines()[1:]] == list(FIGURES)


def test_releases_are_those_of_its_frames():
    slow, fast = (dynamics(made(release_s=seconds))["median"]["after_2s_db"] for seconds in (4.0, 0.3))
    assert slow == pytest.approx(-60 * 2.15 / 4, abs=8.0), "and what a struck note loses while it is held"
    assert fast < -90


def test_a_model_of_one_velocity_has_no_law():
    told = dynamics(made(velocities=(100, 100)))
    assert told["velocities"] == [100, 100] and told["presets"]["Untrained 1"]["law_db"] is None
    assert "law_db" not in told["worst"] and told["worst"]["reversal_db"] == 0 and "law_db" not in text(told)


def test_the_spread_of_gains_is_that_of_an_instruments_notes():
    notes = [("even", {"gain_db": 3.0}), ("even", {"gain_db": 3.0}), ("odd", {"gain_db": -4.0}), ("odd", {"gain_db": 4.0}),
             ("alone", {"gain_db": 50.0}), ("odd", {"gain_db": float("inf")})]
    spread = gain_spread(notes)
    assert spread["instruments"] == {"even": 0.0, "odd": 4.0}
    assert spread["worst_of"] == "odd" and spread["worst"] == spread["instruments"]["odd"] == pytest.approx(2 * spread["median"], abs=2e-3)
    assert "odd" in gain_line("notes", spread) and "no instrument" in gain_line("notes", gain_spread(notes[-2:]))
