import json

import pytest

from hummingface.instrument.audio.protocol import AudioChoice
from hummingface.instrument.session import settings


def test_come_back_as_they_were(tmp_path):
    file = tmp_path / "deep" / "settings.json"
    wanted = settings.Settings(audio_device="Keys, JACK", rate_hz=44100, block_samples=64, midi_ports=["a"], patch="Glass",
                               midi_map=[{"cc": 74, "control": "filter.cutoff_hz"}], controls={"master.volume_db": -3.0}, mpe="upper",
                               midi_out=True,
                               velocity_curve=[[1, 20], [64, 90], [127, 127]], own_velocity_curve=[[1, 9], [127, 99]])
    wanted.save(file)
    assert settings.load(file) == (wanted, "")
    assert [f.name for f in file.parent.iterdir()] == ["settings.json"]


def test_no_file_is_a_first_start(tmp_path):
    assert settings.load(tmp_path / "none.json") == (settings.Settings(), "")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"a":' + b" " * (1 << 20) + b"1}"])
def test_what_is_no_settings_is_put_aside(tmp_path, content):
    file = tmp_path / "settings.json"
    file.write_bytes(content)
    found, said = settings.load(file)
    assert found == settings.Settings()
    assert str(file) in said
    aside = next(tmp_path.glob("settings.json.bad-*"))
    assert aside.name in said and aside.read_bytes() == content


@pytest.mark.parametrize(("name", "value"), [
    ("rate_hz", 1), ("rate_hz", True), ("rate_hz", "48000"), ("block_samples", 8), ("block_samples", 4096), ("audio_device", 3),
    ("midi_ports", [1]), ("midi_map", {"200": "filter.cutoff_hz"}), ("midi_map", {"7": "no.such"}), ("midi_map", [{"cc": 7}]),
    ("midi_maps", {"a": {}}), ("tuning", {"name": "x"}),
    ("controls", {"master.volume_db": 1e9}), ("controls", {"no.such": 0}),
    ("own_velocity_curve", "Linear"), ("own_velocity_curve", [[1, 1]]),
    ("velocity_curve", "no such"), ("velocity_curve", None), ("velocity_curve", [[1, 1]]), ("velocity_curve", [[1, 50], [127, 20]]),
    ("midi_out", 1), ("mpe", "no such"), ("mpe", []), ("take_format", "mp3"), ("take_format", []), ("take_folder", 3), ("unknown", 1)])
def test_what_makes_no_sense_is_left_out_alone(tmp_path, name, value):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"patch": "Glass", name: value}))
    found, said = settings.load(file)
    assert found == settings.Settings(patch="Glass")
    assert name in said


def test_a_velocity_curve_that_is_none_is_said_in_words(tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"velocity_curve": [[1, 50], [127, 20]]}))
    found, said = settings.load(file)
    assert found.velocity_curve == "Linear"
    assert "velocity_curve (a velocity curve never falls)" in said


def test_fields_of_earlier_versions_are_passed_over(tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"patch": "Glass", "window": {"geometry": "AA"}}))
    assert settings.load(tmp_path / "settings.json") == (settings.Settings(patch="Glass"), "")


def test_controls_of_earlier_versions_keep_their_controllers(tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"midi_map": {"21": "master.velocity", "74": "filter.cutoff_hz"}}))
    found, said = settings.load(tmp_path / "settings.json")
    assert found.midi_map == [{"cc": 21, "control": "dynamics.range_db"}, {"cc": 74, "control": "filter.cutoff_hz"}]
    assert said == ""


def test_a_sound_that_a_window_left_goes_before_the_last_patch(tmp_path):
    file = tmp_path / "settings.json"
    first = settings.Settings(patch="Glass")
    assert first.begin(file, left="Mine")[1] == "Mine"
    second, _ = settings.load(file)             # the first start never came to `settled`
    _, patch, said = second.begin(file, left="Mine")
    assert patch is None and "Mine" in said


def test_a_device_that_ended_the_last_start_is_not_used_again(tmp_path):
    file = tmp_path / "settings.json"
    settings.Settings(audio_device="Bad, ALSA", patch="Glass").save(file)
    first, _ = settings.load(file)
    assert first.begin(file) == (AudioChoice("Bad, ALSA"), "Glass", "")
    second, _ = settings.load(file)             # the first start never came to `settled`
    audio, patch, said = second.begin(file)
    assert audio == AudioChoice()
    assert patch == "Glass"
    assert "Bad, ALSA" in said
    second.settled(file)
    third, _ = settings.load(file)
    assert third.begin(file) == (AudioChoice(), "Glass", ""), "until the player chooses it again"


def test_a_patch_that_ended_the_last_start_is_not_used_again(tmp_path):
    file = tmp_path / "settings.json"
    first = settings.Settings(patch="Glass")
    first.begin(file)
    second, _ = settings.load(file)
    _, patch, said = second.begin(file)
    assert patch is None
    assert "Glass" in said


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="settings cannot be saved"):
        settings.Settings().save(tmp_path / "file" / "settings.json")


def test_a_full_or_read_only_disk_keeps_nobody_from_playing(tmp_path):
    (tmp_path / "file").write_text("")
    unwritable = tmp_path / "file" / "settings.json"
    mine = settings.Settings(audio_device="Card, ALSA", patch="Glass")
    audio, patch, said = mine.begin(unwritable)
    assert (audio.device, patch) == ("Card, ALSA", "Glass")
    assert "settings cannot be saved" in said
    mine.settled(unwritable)
    assert mine.trying is None
