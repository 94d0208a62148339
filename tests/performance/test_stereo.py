"""Stereo of what is played: balances and coherences of the model's notes, the width, and mono without loss."""
import json

import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import snapshot, snapshot_check
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set
from hummingface.models.playing.frame import GROUPS, LEVEL, NOISE, group_of_hz, pitch_to_hz
from hummingface.models.playing.stereo import BALANCE, COHERENCE, MONO
from hummingface.models.playing.untrained import untrained
from tests.performance.conftest import PlainModel
from tests.performance.hearing import play

RATE = 48_000
DRY = [(0, Set(name, value)) for name, value in
       (("reverb.mix", 0.0), ("chorus.mix", 0.0), ("delay.mix", 0.0), ("master.width", 0.0), ("motion.amount", 0.0))]
GLIDED = RATE // 4                            # samples after which controls have arrived


class WideModel(PlainModel):
    """A `PlainModel` whose notes are stereo, with the values that it is set to."""

    stereo = True

    def __init__(self, noise_db=None, **options):
        super().__init__(**options)
        self.values = MONO.copy()
        if noise_db is not None:
            self.frame[LEVEL], self.frame[NOISE] = -120, noise_db

    def stereo_at(self, note):
        return np.tile(self.values, (len(note), 1))


def correlation_and_balance(sound, hz, width_hz=2.0):
    """Of the part of a sound [S, 2] within `width_hz` of `hz`."""
    bins = np.fft.rfft(sound.astype(float) * np.hanning(len(sound))[:, None], axis=0)
    near = np.abs(np.fft.rfftfreq(len(sound), 1 / RATE) - hz) < width_hz
    left, right = bins[near].T
    cross = (left * right.conj()).sum().real
    powers = (abs(left) ** 2).sum(), (abs(right) ** 2).sum()
    return cross / np.sqrt(powers[0] * powers[1]), 10 * np.log10(powers[1] / powers[0])


def heard(model, *events, key=60, seconds=1.5):
    """The sound of a note that begins when its controls have arrived and the reverb that was on before is gone. [S, 2]"""
    return play([*DRY, *events, (GLIDED, NoteOn(0, key, 100))], FrameSource(model), seconds=seconds + GLIDED / RATE)[GLIDED + 8:]


def test_partials_have_the_balance_and_coherence_of_their_groups():
    model = WideModel(harmonics=8)
    rng = np.random.default_rng(3)
    model.values[BALANCE], model.values[COHERENCE] = rng.uniform(-12, 12, GROUPS), rng.uniform(-1, 1, GROUPS)
    sound = heard(model)
    for harmonic in range(1, 9):
        hz = harmonic * pitch_to_hz(60)
        correlation, balance_db = correlation_and_balance(sound, hz)
        group = group_of_hz(hz)
        assert correlation == pytest.approx(model.values[COHERENCE][group], abs=0.01)
        assert balance_db == pytest.approx(model.values[BALANCE][group], abs=0.05)


def test_stereo_keeps_the_power_of_mono():
    model, mono = WideModel(harmonics=8), PlainModel(harmonics=8)
    model.values[BALANCE], model.values[COHERENCE] = np.linspace(-20, 20, GROUPS), np.linspace(-1, 1, GROUPS)
    power = [np.mean(heard(one).astype(float) ** 2) for one in (model, mono)]
    assert 10 * np.log10(power[0] / power[1]) == pytest.approx(0, abs=0.01)


def test_a_model_that_says_mono_sounds_as_one_that_is_mono():
    assert np.abs(heard(WideModel()) - heard(PlainModel())).max() < 2e-6


def test_no_width_is_mono_without_loss():
    model, mono = WideModel(harmonics=8), PlainModel(harmonics=8)
    model.values[BALANCE], model.values[COHERENCE] = 9.0, -1.0
    narrow = [(0, Set("character.width", 0.0))]
    sound = heard(model, *narrow)
    assert np.abs(sound).max() > 0.01
    assert (sound[:, 0] == sound[:, 1]).all()
    assert (sound == heard(mono, *narrow)).all()


def test_half_the_width_halves_phases_and_balances():
    model = WideModel()
    model.values[BALANCE], model.values[COHERENCE] = 8.0, 0.0
    correlation, balance_db = correlation_and_balance(heard(model, (0, Set("character.width", 0.5))), pitch_to_hz(60))
    assert correlation == pytest.approx(np.cos(np.pi / 4), abs=0.01)
    assert balance_db == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("width", [1.0, 0.0])
def test_noise_has_the_balance_and_coherence_of_its_group(width):
    model = WideModel(noise_db=-50.0)
    model.values[BALANCE], model.values[COHERENCE] = 6.0, -0.5
    sound = heard(model, (0, Set("character.width", width)), seconds=6)
    if width == 0:
        assert (sound[:, 0] == sound[:, 1]).all() and np.abs(sound).max() > 1e-3
        return
    correlation, balance_db = correlation_and_balance(sound, 3000.0, 2500.0)
    assert correlation == pytest.approx(-0.5, abs=0.05)
    assert balance_db == pytest.approx(6.0, abs=0.3)


def test_notes_of_both_kinds_keep_to_themselves():
    """A mono note beside a stereo one has a mono note's noise, once the other is gone."""
    model = WideModel(noise_db=-50.0)
    model.values[COHERENCE] = -1.0
    source = FrameSource(model)
    sound = play([*DRY, (0, NoteOn(0, 60, 100)), (RATE, NoteOff(0, 60))], source, seconds=3)
    assert np.abs(sound[2 * RATE:]).max() < 1e-4
    assert np.isfinite(sound).all()


def test_a_network_says_its_own_stereo():
    model = untrained(latents=3, width=32, stereo=True)
    source = FrameSource(model)
    sound = play([*DRY, (0, NoteOn(0, 50, 100))], source, seconds=1.0)[GLIDED:]
    note = model.note(np.zeros((1, 3)), np.array([50.0]), np.array([100.0]))
    values = model.stereo_at(note)[0]
    for harmonic in (1, 2, 3, 5):
        hz = harmonic * pitch_to_hz(50)
        frame = model.frames_at(note, np.array([0.5]))[0]
        if frame[LEVEL][harmonic - 1] > -60:
            correlation, balance_db = correlation_and_balance(sound, hz, 3.0)
            group = group_of_hz(hz)
            assert correlation == pytest.approx(values[COHERENCE][group], abs=0.05)
            assert balance_db == pytest.approx(values[BALANCE][group], abs=0.5)


def test_a_snapshot_keeps_the_width():
    """So a take of a stereo sound goes on as it was, to the bit."""
    source = FrameSource(untrained(latents=3, width=32, stereo=True))
    first = Player(source, events=[(0, Set("character.width", 0.3)), (0, Set("reverb.mix", 0.0)), (0, Set("chorus.mix", 0.0))])
    first.render(RATE)
    kept = snapshot_check.check(json.loads(json.dumps(snapshot.capture(first.performer))))
    assert kept["controls"]["character.width"] == 0.3
    second = Player(FrameSource(untrained(latents=3, width=32, stereo=True)))
    begin = snapshot.restore(second.performer, kept)
    event = [(begin + RATE, NoteOn(0, 57, 90))]
    sounds = []
    for player in (first, second):
        for at, what in event:
            player.performer.receive(what, at)
        sounds.append(player.render(begin + 2 * RATE - player.position))
    ours, theirs = (sound[-RATE:] for sound in sounds)
    assert np.abs(ours[:, 0] - ours[:, 1]).max() > 1e-3
    assert np.array_equal(ours, theirs)


def test_patches_of_before_have_the_whole_width():
    patch = Patch("Old", "Plain", (0.0,), {"master.width": 0.2})
    assert patch.parameters["character.width"] == 1.0
    values = json.loads(json.dumps(patch.to_json()))
    values["parameters"].pop("character.width", None)
    assert patch_file.from_json(values, "it").parameters["character.width"] == 1.0
    narrow = patch.with_values(parameters=patch.parameters | {"character.width": 0.0})
    assert patch_file.from_json(json.loads(json.dumps(narrow.to_json())), "it").parameters["character.width"] == 0.0
