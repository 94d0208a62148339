"""The whole table of controls, walked."""
import pytest

from hummingface.instrument.patches.parameters import LATENT_KNOBS, PARAMETERS, defaults, group


@pytest.mark.parametrize("p", PARAMETERS.values(), ids=lambda p: p.id)
def test_every_control_is_whole(p):
    assert p.lowest < p.highest
    assert p.lowest <= p.default <= p.highest
    assert p.label
    assert p.help.endswith("."), "the help is a sentence"
    assert p.curve in ("linear", "log")
    assert p.curve != "log" or p.lowest > 0
    assert p.group == p.id.split(".")[0] or (p.group, p.id.split(".")[0]) in {
        ("touch", "dynamics"), ("effects", "drive"), ("effects", "chorus"), ("effects", "delay"), ("effects", "reverb"), ("keys", "motion")}


@pytest.mark.parametrize("p", PARAMETERS.values(), ids=lambda p: p.id)
def test_travel_and_value_are_inverse(p):
    for travel in (0.0, 0.1, 0.5, 0.9, 1.0):
        value = p.from_travel(travel)
        assert p.lowest <= value <= p.highest
        if not p.choices:
            assert p.to_travel(value) == pytest.approx(travel, abs=1e-9)
        assert p.from_travel(p.to_travel(value)) == pytest.approx(value)
    assert p.clamp(p.lowest - 1e9) == p.lowest
    assert p.clamp(p.highest + 1e9) == p.highest


@pytest.mark.parametrize("p", PARAMETERS.values(), ids=lambda p: p.id)
def test_every_value_can_be_read(p):
    for value in (p.lowest, p.default, p.highest):
        assert p.text(value).strip()
        assert len(p.text(value)) <= 14


def test_units_are_read_as_a_player_expects():
    assert PARAMETERS["envelope.attack_s"].text(0.015) == "15 ms"
    assert PARAMETERS["filter.cutoff_hz"].text(2500) == "2.5 kHz"
    assert PARAMETERS["reverb.mix"].text(0.15) == "15 %"
    assert PARAMETERS["master.mode"].text(2) == "legato"
    assert PARAMETERS["envelope.attack_s"].text(0.9996) == "1.00 s"
    assert PARAMETERS["envelope.attack_s"].text(0.99) == "990 ms"
    assert PARAMETERS["filter.cutoff_hz"].text(999.96) == "1 kHz"
    assert PARAMETERS["filter.cutoff_hz"].text(999.9) == "999.9 Hz"
    assert PARAMETERS["motion.vibrato_hz"].text(9.996) == "10.0 Hz"
    assert PARAMETERS["master.transpose"].text(-5) == "-5 st"


def test_what_goes_both_ways_has_a_sign_and_nothing_has_none():
    assert PARAMETERS["latent.1"].text(1.5) == "+1.50"
    assert PARAMETERS["character.stretch"].text(0.5) == "+50 %"
    assert PARAMETERS["master.volume_db"].text(3) == "+3.0 dB"
    assert [PARAMETERS[i].text(-0.001) for i in ("latent.1", "character.stretch", "master.volume_db")] == ["0.00", "0 %", "0.0 dB"]


def test_keys_are_moved_by_whole_semitones():
    assert PARAMETERS["master.transpose"].clamp(3.3) == 3


def test_controllers_are_given_once():
    given = [p.cc for p in PARAMETERS.values() if p.cc is not None]
    assert len(given) == len(set(given))
    assert not set(given) & {1, 7, 10, 11, 64, 120, 121, 123}, "these have meanings of their own"


def test_groups_and_defaults_cover_the_table():
    assert len(group("latent")) == LATENT_KNOBS
    assert set(defaults()) == set(PARAMETERS)
    assert sum(len(group(name)) for name in {p.group for p in PARAMETERS.values()}) == len(PARAMETERS)
