"""What a sound measures: on notes made by hand, whose numbers are known, and that the factory's table is of the sounds that it plays."""
import numpy as np
import pytest

from hummingface.instrument.offline import sound_measures
from hummingface.instrument.offline.sound_measures import HOLD_S, RATE_HZ, SECONDS, measure_sound
from hummingface.instrument.patches import library, sound_table
from hummingface.instrument.patches.sound_candidates import candidates
from hummingface.instrument.performance.sound_bank import SoundBank

HZ = 261.6256
TIME_S = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
AGAIN = 0.35                            # in each measure's unit, or a tenth


def tone(levels_db=(0.0,), attack_s=0.005, fall_db_s=0.0, release_s=0.05, cents=0.0, swing_db=0.0, noise_db=-100.0, apart=0.0):
    """A note [S, 2] of partials; `cents` of vibrato at 5 Hz, `swing_db` of tremolo, `apart`: a shift of the right channel in cycles."""
    rng = np.random.default_rng(1)
    cycles = HZ * np.cumsum(2 ** (cents / 1200 * np.sin(2 * np.pi * 5 * TIME_S))) / RATE_HZ
    level = np.minimum(TIME_S / attack_s, 1) * 10 ** ((-fall_db_s * TIME_S + swing_db * np.sin(2 * np.pi * 4 * TIME_S)) / 20)
    level *= np.where(TIME_S > HOLD_S, 10 ** (-3 * (TIME_S - HOLD_S) / release_s), 1)
    sides = [sum(10 ** (db / 20) * np.sin(2 * np.pi * number * (cycles + side)) for number, db in enumerate(levels_db, 1))
             for side in (0, apart)]
    hiss = 10 ** (noise_db / 20) * rng.standard_normal(len(TIME_S))
    return (np.stack(sides, 1) + hiss[:, None]) * level[:, None]


def measured(**about):
    return sound_measures._note(tone(**about), HZ)


SAW = tuple(-20 * np.log10(np.arange(1, 31)))
SQUARE = tuple(-20 * np.log10(number) if number % 2 else -80 for number in range(1, 31))


@pytest.mark.parametrize(("measure", "less", "more"), [
    ("brightness", {}, {"levels_db": SAW}), ("richness", {}, {"levels_db": SAW}), ("fundamental", {"levels_db": SAW}, {}),
    ("attack", {}, {"attack_s": 0.5}), ("length", {"fall_db_s": 60}, {"fall_db_s": 5}), ("tail", {}, {"release_s": 1.0}),
    ("odd", {"levels_db": SAW}, {"levels_db": SQUARE}), ("noisiness", {"levels_db": SAW}, {"levels_db": SAW, "noise_db": -20}),
    ("width", {}, {"apart": 0.2})])
def test_a_measure_is_more_where_there_is_more(measure, less, more):
    assert measured(**more)[measure] > measured(**less)[measure] + 1


def test_measures_are_in_their_units():
    assert measured(attack_s=0.4)["attack"] == pytest.approx(np.log2(0.4 * (10 ** (-3 / 20) - 10 ** (-30 / 20))), abs=0.15)
    assert measured(fall_db_s=40)["length"] == pytest.approx(np.log2(0.5), abs=0.1)
    assert measured(release_s=0.9)["tail"] == pytest.approx(np.log2(0.6), abs=0.1)
    assert measured(cents=30)["vibrato"] == pytest.approx(30 / 2 ** 0.5, rel=0.1)
    assert measured(swing_db=3)["tremolo"] == pytest.approx(3 / 2 ** 0.5, rel=0.15)
    power, odd, even = (sum(number ** -2.0 for number in numbers) for numbers in (range(1, 31), range(3, 31, 2), range(2, 31, 2)))
    assert measured(levels_db=SAW, noise_db=-20)["noisiness"] == pytest.approx(10 * np.log10(0.01 / (power / 2)), abs=2)
    assert measured(levels_db=SAW)["odd"] == pytest.approx(10 * np.log10(odd / even), abs=0.3)


def test_what_does_not_move_has_no_vibrato_and_no_tremolo():
    still = measured(levels_db=SAW, fall_db_s=8)
    assert still["vibrato"] < 1 and still["tremolo"] < 0.2 and still["inharmonicity"] < 1


def test_a_bar_is_inharmonic():
    sound = sum(np.sin(2 * np.pi * ratio * HZ * TIME_S) for ratio in (1, 2.76, 5.4, 8.93))
    assert sound_measures._note(np.stack([sound] * 2, 1), HZ)["inharmonicity"] > measured(levels_db=(0, 0, 0, 0))["inharmonicity"] + 3


@pytest.mark.parametrize("sound", [np.zeros_like(TIME_S), 1e-9 * np.ones_like(TIME_S)])
def test_silence_measures_finite_numbers(sound):
    assert all(np.isfinite(list(sound_measures._note(np.stack([sound] * 2, 1), HZ).values())))


@pytest.mark.parametrize("name", ["Rosewood", "Fog Signal"])
def test_the_factorys_table_is_of_the_sounds_that_it_plays(name):
    """`python -m hummingface.instrument.offline.measuring` after the engine, a model or a patch has changed."""
    entry = next(entry for entry in library.patches() if entry.name == name)
    stored = candidates([entry])[0].measured
    patch = library.open_entry(entry)
    again = measure_sound(patch, SoundBank().source(patch.model))
    assert again.keys() == stored.keys()
    assert {measure: value for measure, value in again.items() if abs(value - stored[measure]) > AGAIN + 0.1 * abs(stored[measure])} == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "hummingface-sounds", "version": 1, "sounds": 3}', "\0"])
def test_a_damaged_table_is_an_empty_one(tmp_path, text):
    (tmp_path / "table.json").write_text(text)
    assert sound_table.read(tmp_path / "table.json") == {}
    sound_table.write(tmp_path / "table.json", {"a": {"brightness": 1.5}})
    assert sound_table.read(tmp_path / "table.json") == {"a": {"brightness": 1.5}}
    assert sound_table.read(tmp_path / "none.json") == {}


def test_the_fingerprint_is_of_what_is_heard():
    patch = library.load_patch("Evening Grand")
    same = patch.with_values(name="Other", author="me", tags=("x",), blend={}, gain_db=1.0)
    assert sound_table.fingerprint(same, "a") == sound_table.fingerprint(patch, "a")
    for other, weights in ((patch, "b"), (patch.with_values(latents=(0.5, *patch.latents[1:])), "a"),
                           (patch.with_values(parameters={**patch.parameters, "filter.cutoff_hz": 500.0}), "a")):
        assert sound_table.fingerprint(other, weights) != sound_table.fingerprint(patch, "a")
