"""An exported SFZ instrument through other people's programs: polyphone makes a SoundFont of it, and fluidsynth plays that."""
import numpy as np
import pytest

from hummingface.instrument.export import sampled_note
from hummingface.instrument.export.multisample import MultisampleOptions, export
from hummingface.instrument.performance.sound_bank import Sound
from tests.bench.tuning import period_hz
from tests.export import programs, seams, strokes

KEYS = range(49, 61)
STILL = {"motion.amount": 0.0, "motion.vibrato_cents": 0.0, "chorus.mix": 0.0}


@pytest.fixture(scope="module")
def made(sound_of, tmp_path_factory):
    """(a patch without motion, the length of its samples in seconds, the SoundFont that was made of its export)."""
    programs.need("polyphone", "fluidsynth")
    folder = tmp_path_factory.mktemp("made")
    sound = sound_of("Stone Nave")
    sound = Sound(sound.patch.with_values(parameters={**sound.patch.parameters, **STILL}), sound.source)
    export("sfz", sound, folder / "nave.sfz", MultisampleOptions(every=3, velocities=1, seconds=1.5, low=KEYS[0], high=KEYS[-1]))
    return sound, 1.5, programs.soundfont(folder / "nave.sfz", folder)


def test_every_key_is_in_tune_with_the_engine(made, tmp_path):
    sound, _, sf2 = made
    heard = programs.played(sf2, [(key, 100, 1.4) for key in KEYS], tmp_path)
    patch = sampled_note.for_sampling(sound.patch)
    cents = []
    for key, part in zip(KEYS, heard, strict=True):
        key_hz = 440 * 2 ** ((key - 69) / 12)
        engine = period_hz(sampled_note.play(sound.source, patch, key, 100, 1.4).mean(1), sampled_note.RATE_HZ, key_hz)
        sampler = period_hz(part[:round(1.4 * sampled_note.RATE_HZ)].mean(1), sampled_note.RATE_HZ, key_hz)
        cents.append(1200 * np.log2(sampler / engine))
    assert np.isfinite(cents).all()
    assert np.abs(cents).max() < 3


def test_a_note_held_three_times_as_long_sounds_on_without_a_break(made, tmp_path):
    _, seconds, sf2 = made
    for part in programs.played(sf2, [(key, 100, 3 * seconds + 0.5) for key in (50, 59)], tmp_path, rest_s=2.0):
        held = part[:round((3 * seconds + 0.4) * sampled_note.RATE_HZ)]
        level = sampled_note.levels_db(held, 0.1)[5:]
        assert level.min() > -45 and np.ptp(level) < 6
        life = seams.changes(held[round(0.5 * sampled_note.RATE_HZ):])
        assert life["level"].max() < 2.5 and life["phase"].max() < 0.5
        rest = sampled_note.levels_db(part[round((3 * seconds + 0.5) * sampled_note.RATE_HZ):], 0.1)
        assert rest[0] > -60 > -80 > rest[-1], "and decays after note-off"


@pytest.mark.parametrize("range_db", [10.0, 54.0])
def test_it_is_played_as_the_patch_is(sound_of, tmp_path, range_db):
    """Over velocities and keys, and after key-ups: Polyphone keeps volumes and drops points of curves, fluidsynth has SF2's own curve."""
    programs.need("polyphone", "fluidsynth")
    nave = sound_of("Stone Nave")
    patch = nave.patch.with_values(parameters={**nave.patch.parameters, **STILL, "dynamics.range_db": range_db})
    export("sfz", Sound(patch, nave.source), tmp_path / "a.sfz", MultisampleOptions(every=3, velocities=3, seconds=1.5, low=57, high=62))
    sf2 = programs.soundfont(tmp_path / "a.sfz", tmp_path)
    heard = strokes.figures(lambda notes, rest_s: programs.played(sf2, notes, tmp_path, rest_s), (58,), 57, 62, range_db)
    assert heard["range_db"] == pytest.approx(range_db, abs=1.5)
    assert heard["reversal_db"] <= 1 and heard["step_db"] <= 1.5 and heard["key_step_db"] <= 1.5
    if range_db <= 36:                                              # with more, the softest strokes are at SF2's own floor
        assert heard["after_2s_db"] <= -40


def test_it_dies_away_as_the_patch_does(made, tmp_path):
    """By 40 dB in the same time, within what samplers differ in."""
    sound, _, sf2 = made
    part, = programs.played(sf2, [(56, 100, 0.6)], tmp_path, rest_s=3.0)
    engine = sampled_note.play(sound.source, sampled_note.for_sampling(sound.patch), 56, 100, 3.6, 0.6)

    def fallen(heard):
        level = sampled_note.levels_db(heard, 0.02)[30:]
        return int(np.flatnonzero(level < level[0] - 40)[0])
    assert 0.6 < fallen(part) / fallen(engine) < 1.4
