"""Patches: what goes out comes back, and whatever is wrong is refused with the file and the field."""
import copy
import json
import os

import numpy as np
import pytest

from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import IDS, Corner, Patch, from_json
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.patches.scale_tuning import ScaleTuning

Z = tuple(round(0.1 * i, 4) for i in range(16))
PATCH = Patch("Glass", "Fluid", Z, {"filter.cutoff_hz": 880.0, "master.mode": 2.0}, gain_db=-3.5, author="Me", tags=("bell", "pad"),
              morph=tuple(Corner(f"C{i}", Z) for i in range(4)), model_sha256="ab", blend={"Harp": 1.0})


def test_a_patch_survives_a_round_trip(tmp_path):
    path = tmp_path / "sub" / "glass.json"
    patch_file.save(PATCH, path)
    assert patch_file.load(path) == PATCH
    assert PATCH.parameters["filter.cutoff_hz"] == 880
    assert set(PATCH.parameters) == set(IDS)
    assert os.listdir(path.parent) == ["glass.json"], "no temporary file is left"


def test_every_control_of_a_patch_survives_at_its_ends():
    for end in ("lowest", "highest"):
        values = {name: float(getattr(PARAMETERS[name], end)) for name in IDS}
        assert from_json(PATCH.with_values(parameters=values).to_json()).parameters == values


def test_what_is_the_players_is_not_in_patches():
    values = PATCH.to_json()
    values["parameters"]["master.volume_db"] = -6.0
    assert "master.volume_db" not in from_json(values).parameters


@pytest.mark.parametrize(("change", "says"), [
    (lambda v: v.update(format="x"), "format"), (lambda v: v.update(version=99), "newer"),
    (lambda v: v.update(version="1"), "version"),
    (lambda v: v.update(version=True), "version"), (lambda v: v.update(extra=1), "extra"), (lambda v: v.pop("name"), "name"),
    (lambda v: v.update(name=" "), "name"), (lambda v: v.update(name="x" * 81), "name"), (lambda v: v.update(name=3), "name"),
    (lambda v: v.pop("latents"), "latents"), (lambda v: v.update(latents=[]), "latents"),
    (lambda v: v.update(latents=[0.0] * 129), "latents"), (lambda v: v["latents"].__setitem__(3, float("nan")), "latents 4"),
    (lambda v: v["latents"].__setitem__(3, 9.0), "latents 4"), (lambda v: v["latents"].__setitem__(3, "0"), "latents 4"),
    (lambda v: v["latents"].__setitem__(3, True), "latents 4"), (lambda v: v.update(model="Fluid"), "model"),
    (lambda v: v["model"].pop("name"), "model: name"), (lambda v: v["parameters"].update(nope=1.0), "nope"),
    (lambda v: v["parameters"].update({"filter.cutoff_hz": 1e9}), "cutoff"),
    (lambda v: v["parameters"].update({"filter.cutoff_hz": float("inf")}), "cutoff"),
    (lambda v: v["parameters"].update({"filter.cutoff_hz": None}), "cutoff"), (lambda v: v.update(parameters=[]), "parameters"),
    (lambda v: v["morph"].pop(), "morph"), (lambda v: v["morph"][2].update(latents=[0.0]), "corner 3"),
    (lambda v: v["morph"][1].pop("name"), "corner 2"), (lambda v: v["morph"].__setitem__(0, 7), "corner 1"),
    (lambda v: v.update(gain_db=99), "gain_db"), (lambda v: v.update(gain_db="loud"), "gain_db"),
    (lambda v: v.update(tags=["a"] * 33), "tags"), (lambda v: v.update(tags=[1]), "tags"),
    (lambda v: v.update(blend={"a": "b"}), "blend"), (lambda v: v.update(name="two\nlines"), "name"),
    (lambda v: v.update(name="half \ud83c"), "name"), (lambda v: v.update(tags=["\x1b[2J"]), "tags"),
])
def test_what_is_wrong_is_refused_by_name(change, says):
    values = copy.deepcopy(PATCH.to_json())
    change(values)
    with pytest.raises(PatchError, match=says) as caught:
        from_json(values, "here.json")
    assert "here.json" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b'{"format": NaN}', b"[" * 100_000,
                                     b" " * 300_000])
def test_a_file_that_is_no_patch_is_refused_by_name(tmp_path, content):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(PatchError, match=r"bad\.json"):
        patch_file.load(path)


def test_random_damage_never_raises_anything_else(tmp_path):
    rng = np.random.default_rng(2)
    text = json.dumps(PATCH.to_json()).encode()
    path = tmp_path / "damaged.json"
    for _ in range(300):
        data = bytearray(text)
        for at in rng.integers(0, len(data), int(rng.integers(1, 6))):
            data[at] = int(rng.integers(256))
        path.write_bytes(bytes(data))
        try:
            patch = patch_file.load(path)
        except PatchError:
            continue
        assert all(np.isfinite(list(patch.parameters.values())))


def test_older_versions_are_migrated():
    old = {"format": "hummingface-patch", "version": 0, "name": "Old", "model": "Fluid", "latents": list(Z),
           "morph": [list(Z)] * 4}
    patch = from_json(old)
    assert patch.model == "Fluid"
    assert patch.morph[3].latents == Z
    assert patch.to_json()["version"] == patch_file.VERSION


def test_what_named_knobs_do_now_is_told_of_patches_from_before():
    values = {"format": "hummingface-patch", "version": 3, "name": "Old", "model": {"name": "Fluid"}, "latents": list(Z)}
    moved = from_json(values | {"parameters": {"characteristic.brightness": 2.0}})
    assert moved.parameters["characteristic.brightness"] == 2.0 and '"Old"' in moved.notice and "shape the sound now" in moved.notice
    assert "shape the sound now" in from_json(values | {"parameters": {"family.1": 0.5}}).notice
    assert from_json(values | {"parameters": {"reverb.mix": 0.5}}).notice == ""
    assert from_json(moved.to_json()).notice == "", "saved again it is of this version"


def test_where_it_cannot_be_written_is_said_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(PatchError, match="file"):
        patch_file.save(PATCH, tmp_path / "file" / "a.json")
    target = tmp_path / "a.json"
    patch_file.save(PATCH, target)
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(PatchError, match="folder"):
        patch_file.save(PATCH, tmp_path / "folder.json")
    assert sorted(os.listdir(tmp_path)) == ["a.json", "file", "folder.json"]


def test_an_unfit_patch_overwrites_nothing(tmp_path):
    path = tmp_path / "a.json"
    patch_file.save(PATCH, path)
    with pytest.raises(PatchError):
        patch_file.save(PATCH.with_values(latents=(float("nan"),)), path)
    assert patch_file.load(path) == PATCH


def test_a_patch_carries_its_tuning_and_one_of_before_has_none():
    tuning = ScaleTuning("fifths", ("fifths", "1", "3/2"), ("0", "0", "127", "60", "69", "432.0", "0"))
    made = PATCH.with_values(tuning=tuning)
    assert from_json(json.loads(json.dumps(made.to_json()))) == made
    before = {**PATCH.to_json(), "version": 4}
    assert "tuning" not in before
    assert from_json(before) == PATCH
    for bad, wrong in (({"name": "x", "scale": ["", "1", "3/z"]}, "line 3: “3/z” is neither"), ([], "is not an object"),
                       ({"name": "x", "scale": ["a\nb"]}, "scale is not a list of up to"),
                       ({"name": "", "scale": ["", "1", "2"]}, "its name")):
        with pytest.raises(PatchError, match=wrong) as refused:
            from_json({**PATCH.to_json(), "tuning": bad}, "here")
        assert str(refused.value).startswith("here: tuning")
