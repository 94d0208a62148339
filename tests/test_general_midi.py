"""Which sound plays a program of General MIDI."""
import pytest

from hummingface.instrument.patches import general_midi, library


@pytest.fixture(scope="module")
def model():
    try:
        return library.load_model()
    except library.LibraryError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(("program", "preset"), [
    (0, "Grand Piano"), (1, "Grand Piano"), (3, "Electric Grand"), (15, "Tubular Bells"), (41, "Violin"), (56, "Trumpet"),
    (78, "Shakuhachi"), (90, "Warm Pad"), (99, "Warm Pad"), (112, "Glockenspiel"), (106, "Banjo"), (118, None), (127, None)])
def test_the_nearest_of_its_family_plays_a_program(model, program, preset):
    patch = general_midi.patch_of(model, program)
    assert (patch.name if patch else None) == preset


def test_every_program_has_a_sound_or_is_a_noise(model):
    silent = {program for program in range(128) if general_midi.patch_of(model, program) is None}
    assert silent == general_midi.UNPITCHED


def test_a_model_without_numbers_says_so():
    from hummingface.models.playing.untrained import untrained
    assert not general_midi.knows_programs(untrained(width=16))
    assert general_midi.preset_of({"A": {"z": []}}, 0) is None
