"""What another audio process begins with: the settings of the first, and all that was set since."""
from hummingface.instrument.audio.engine_settings import EngineSettings, PlayersChoices
from hummingface.instrument.audio.protocol import AudioChoice

PATCH = {"model": {"name": "Ours"}, "name": "First"}
CHOICE = AudioChoice("system, JACK", 48000, None)


def settings(model: str | None = None) -> EngineSettings:
    return EngineSettings(PATCH, PlayersChoices(CHOICE, ["keys"], [{"cc": 74, "control": "filter.cutoff_hz"}], range(128)), model)


def test_it_begins_as_it_was_set_at_first():
    config = settings().config(safe=False)
    assert AudioChoice.of(config["audio"]) == CHOICE and config["midi_ports"] == ["keys"] and config["patch"] is PATCH
    assert config["midi_map"] == [{"cc": 74, "control": "filter.cutoff_hz"}] and config["velocity_curve"] == list(range(128))
    assert list(settings().controls()) == []
    assert settings().config(safe=False)["authkey"] != config["authkey"]


def test_safe_it_uses_neither_device_nor_patch_nor_model():
    config = settings("another").config(safe=True)
    assert AudioChoice.of(config["audio"]) == AudioChoice() and config["patch"] is None and config["model"] is None
    assert config["midi_ports"] == ["keys"]


def test_a_patch_takes_along_what_was_moved_in_the_sound_and_leaves_what_is_the_players():
    mine = settings()
    for id_ in ("filter.cutoff_hz", "latent.3", "master.volume_db"):
        mine.remember({"do": "set", "id": id_, "value": 1.0})
    assert len(list(mine.controls())) == 3
    mine.remember({"tell": "patch", "patch": {**PATCH, "name": "Second"}})
    assert mine.patch["name"] == "Second"
    assert list(mine.controls()) == [{"do": "set", "id": "master.volume_db", "value": 1.0}]


def test_a_device_that_did_not_open_is_not_opened_again():
    mine = settings()
    mine.remember({"do": "open_audio", "device": "Grand Organ", "rate_hz": None, "block_samples": None})
    mine.remember({"tell": "audio", "choice": {"device": "system, JACK", "rate_hz": 48000, "block_samples": None}})
    assert mine.choices.audio == CHOICE


def test_a_model_that_was_named_plays_the_patches_of_the_first_ones_model_alone():
    assert settings().model_of("Ours") == "Ours"
    assert settings("another").model_of("Ours") == "another" and settings("another").model_of("Theirs") == "Theirs"


def test_what_is_listened_to_and_the_curve_are_passed_on():
    mine = settings()
    mine.remember({"do": "listen_velocities", "on": True})
    mine.remember({"do": "velocity_curve", "table": [0, *[100] * 127]})
    mine.remember({"do": "mpe", "mode": "lower"})
    assert list(mine.touch()) == [{"do": "velocity_curve", "table": [0, *[100] * 127]}, {"do": "mpe", "mode": "lower"},
                                  {"do": "listen_velocities", "on": True}]
    assert mine.config(safe=True)["mpe"] == "lower"
