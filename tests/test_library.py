"""Where patches and models are found, and how they are kept safe."""
from pathlib import Path

import pytest

from hummingface.instrument.patches import library
from hummingface.instrument.patches.library import LibraryEntry, LibraryError
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance import sound_bank

Z = (0.0,) * 16


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "home"))


def entries(*names):
    from pathlib import Path
    return [LibraryEntry(name, Path(f"/x/{name.lower().replace(' ', '-')}.json"), True) for name in names]


def test_factory_patches_have_their_programs_by_order():
    factory = [entry for entry in library.patches() if entry.factory]
    assert len(factory) >= 24
    assert [entry.path.name[:2] for entry in factory] == [f"{i:02d}" for i in range(len(factory))]
    assert len({entry.name for entry in factory}) == len(factory)


def test_names_are_found_by_any_case_and_by_an_unambiguous_beginning():
    known = entries("Glass Reed", "Glass Bell", "Harp")
    assert library.find("glass reed", known, "patch").name == "Glass Reed"
    assert library.find("glass-bell", known, "patch").name == "Glass Bell"
    assert library.find("ha", known, "patch").name == "Harp"
    with pytest.raises(LibraryError, match="more than one patch"):
        library.find("glass", known, "patch")
    with pytest.raises(LibraryError, match="Glass Reed"):
        library.find("oboe", known, "patch")
    with pytest.raises(LibraryError):
        library.find("", known, "patch")


def test_of_two_patches_of_one_name_the_file_is_asked_for():
    own = library.save_patch(library.load_patch("River Flute").with_values(name="Evening Grand", gain_db=1.0))
    factory = next(entry.path for entry in library.patches() if entry.name == "Evening Grand" and entry.factory)
    with pytest.raises(LibraryError, match="2 patches are called 'evening grand'") as told:
        library.load_patch("evening grand")
    assert str(own) in str(told.value) and str(factory) in str(told.value) and "Give the file" in str(told.value)
    with pytest.raises(LibraryError, match="more than one patch begins") as told:
        library.load_patch("evening")
    assert str(own) in str(told.value)
    assert library.load_patch(str(own)).gain_db == library.named_patch("Evening Grand").gain_db == 1.0
    assert library.load_patch("Evening Grand", own_first=True).gain_db == 1.0
    assert library.load_patch(factory).gain_db != 1.0


def test_a_saved_patch_is_listed_and_found_again():
    path = library.save_patch(Patch("My Sound!", "Fluid", Z, author="me"))
    assert path.parent == library.user_folder("patches")
    found = [entry for entry in library.patches() if not entry.factory]
    assert [(entry.name, entry.author) for entry in found] == [("My Sound!", "me")]
    assert library.load_patch("my so").name == "My Sound!"
    assert library.load_patch(path).name == "My Sound!"
    assert library.load_patch(str(path)).name == "My Sound!"


def test_names_of_the_same_letters_are_patches_of_their_own():
    first, second = (library.save_patch(Patch(name, "Fluid", Z)) for name in ("Oh!", "Oh?"))
    assert first != second
    assert [entry.name for entry in library.patches() if not entry.factory] == ["Oh!", "Oh?"]
    assert library.save_patch(Patch("oh!", "Fluid", Z)) == first, "the same name is the same patch"
    assert len(list(first.parent.iterdir())) == 2


def test_a_file_that_is_no_patch_is_not_written_over():
    bad = library.user_folder("patches") / "mine.json"
    bad.parent.mkdir(parents=True)
    bad.write_text("{ a patch with a slip of the pen")
    assert library.save_patch(Patch("Mine", "Fluid", Z)) != bad
    assert bad.read_text().startswith("{ a patch")


def test_a_name_may_look_like_a_path():
    library.save_patch(Patch("AC/DC", "Fluid", Z))
    assert library.load_patch("AC/DC").name == "AC/DC"


def test_a_broken_patch_in_the_folder_hides_nothing_else():
    library.save_patch(Patch("Good", "Fluid", Z))
    (library.user_folder("patches") / "bad.json").write_text("{")
    assert [entry.name for entry in library.patches() if not entry.factory] == ["Good"]
    told, = library.read_patches()[1]
    assert "bad.json" in told


def test_factory_patches_are_never_overwritten():
    factory = library.patches()[0]
    before = factory.path.read_bytes()
    with pytest.raises(LibraryError, match="factory"):
        library.save_patch(library.load_patch(factory.name), factory.path)
    library.save_patch(library.load_patch(factory.name).with_values(author="me"))
    assert factory.path.read_bytes() == before
    assert library.named_patch(factory.name).author == "me", "the player's own is found first"
    with pytest.raises(LibraryError, match="name"):
        library.save_patch(Patch("///", "Fluid", Z))


def test_a_model_that_does_not_say_what_it_was_trained_on_is_asked_for_every_velocity_and_that_is_said():
    from hummingface.models.playing.untrained import untrained
    model = untrained(seed=1, width=16)
    sound = sound_bank.open_sound(Patch("P", "Untrained", Z), model)
    assert sound_bank.notice(sound) == ""
    del model.card["velocities"]
    for trained_on, velocities in (({}, (1, 127)), ({"layers": [[60, 1.5], [120, 0.5]]}, (60, 120)), ({"sources": []}, (1, 127))):
        model.card["trained_on"] = trained_on
        said = sound_bank.notice(sound_bank.open_sound(Patch("P", "Untrained", Z), model))
        assert model.velocities == velocities
        assert ("does not say which velocities" in said) == (velocities == (1, 127))


def test_a_patch_knows_the_version_of_its_model():
    from hummingface.instrument.offline.bounce import BounceReport
    from hummingface.models.playing.checkpoint import save_model
    from hummingface.models.playing.untrained import untrained
    folder = library.user_folder("models")
    save_model(untrained(seed=1, width=16), folder / "mine")
    path = library.save_patch(Patch("Kept", "Untrained", Z))
    saved = sound_bank.open_sound(path)
    assert len(saved.patch.model_sha256) == 64
    assert sound_bank.notice(saved) == ""
    save_model(untrained(seed=2, width=16), folder / "mine")
    other = sound_bank.open_sound(path)
    said = sound_bank.notice(other)
    assert "Kept" in said and "another version of the model Untrained" in said
    assert said in str(BounceReport(1.0, 1, -10.0, 1, 1.0, "Kept", Path("x.wav"), notice=said)), "a render says it too"
    library.save_patch(other.patch)
    assert sound_bank.notice(sound_bank.open_sound(path)) == "", "saved again, it is of the version that was heard"


def test_a_patch_of_a_model_that_is_not_there_keeps_its_hash():
    path = library.save_patch(Patch("Far", "No such model", Z, model_sha256="ab"))
    assert library.load_patch(path).model_sha256 == "ab"


def test_missing_models_are_named():
    with pytest.raises(LibraryError, match="nowhere"):
        library.load_model("nowhere")
    with pytest.raises(LibraryError, match=r"none\.safetensors"):
        library.load_model("/tmp/none.safetensors")


def test_describe_lists_every_patch():
    text = library.describe_patches(library.patches())
    assert all(entry.name in text for entry in library.patches())


def test_an_unknown_name_is_told_what_there_is_and_how_much_more():
    with pytest.raises(LibraryError, match=r"there are: Sound 0, .*, Sound 39 and 5 more \(`hummingface patches` lists all\)$"):
        library.find("Nope", entries(*(f"Sound {n}" for n in range(45))), "patch")
    with pytest.raises(LibraryError, match=r"there are: Sound 0, .*, Sound 39$"):
        library.find("Nope", entries(*(f"Sound {n}" for n in range(40))), "model")
