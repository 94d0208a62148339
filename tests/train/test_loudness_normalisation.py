"""Loudness is taken out of what is trained on, and kept in a table: trend over keys and range over velocities."""
from pathlib import Path

import numpy as np
import pytest
import torch

from hummingface.models.playing import key_trend
from hummingface.models.playing.conditioning import ROWS
from hummingface.models.playing.frame import LEVEL, LEVEL_FLOOR_DB, NOISE, pitch_to_hz
from hummingface.models.playing.untrained import untrained
from hummingface.train.app.commands import main
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.loudness_normalisation import TABLE_KEYS, audio_lufs, figures, loudness_of
from hummingface.train.data.prepared_note import prepared
from hummingface.train.data.store import Made, part_files, read_part, write_part
from hummingface.train.notes.draws import draws
from hummingface.train.notes.note import Labels, Note

RATE_HZ = 48_000


def sine(hz: float, db: float, seconds: float = 1.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    return (10 ** (db / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_loudness_is_that_of_bs1770(rate_hz):
    """A stereo sine of 997 Hz at full scale is 0 LUFS (EBU Tech 3341: -3.01 for one channel); one channel is taken for both."""
    assert audio_lufs(sine(997, 0.0, rate_hz=rate_hz), rate_hz) == pytest.approx(0.0, abs=0.1)
    both = np.stack([sine(997, -20.0, rate_hz=rate_hz)] * 2, 1)
    assert audio_lufs(both, rate_hz) == pytest.approx(-20.0, abs=0.1)
    both[:, 1] = 0
    assert audio_lufs(both, rate_hz) == pytest.approx(-23.0, abs=0.1)
    assert audio_lufs(np.stack([both[:, 0], -both[:, 0]], 1), rate_hz) == pytest.approx(-20.0, abs=0.1), "opposite channels are as loud"
    assert audio_lufs(np.zeros(rate_hz, np.float32), rate_hz) == -120.0


def test_loudness_does_not_depend_on_how_long_a_note_is_held():
    swell = sine(440, -20, 3.0) * np.minimum(1, np.arange(3 * RATE_HZ) / RATE_HZ / 2.0).astype(np.float32)
    assert audio_lufs(swell[:round(1.2 * RATE_HZ)], RATE_HZ) == pytest.approx(audio_lufs(swell, RATE_HZ), abs=0.01)
    assert audio_lufs(sine(440, -20, 0.2), RATE_HZ) == pytest.approx(audio_lufs(sine(440, -20), RATE_HZ) - 3, abs=0.2), "half of the 0.4 s"


def test_trend_and_range_are_told_apart():
    drawn = draws(120, "x", True, 21, 108)
    pitch, velocity = (np.array(x) for x in zip(*((d.pitch, d.velocity) for d in drawn), strict=True))
    law = 36 * np.log(velocity / 100) / np.log(127 / 16)
    zones = np.where(pitch // 5 % 2, 2.0, -2.0)                       # samples that are 2 dB too loud, and too soft
    found = loudness_of(pitch, velocity, -20 - 0.1 * (pitch - 60) + law + zones)
    assert found.range_db == pytest.approx(36, abs=1.5)
    off = np.abs(found.lufs - (-20 - 0.1 * (TABLE_KEYS - 60)))
    assert off.max() < 2 and off.mean() < 0.4, "what zones are off by is left out"
    assert loudness_of(pitch, np.full(120, 100), np.full(120, -20.0)).range_db == 0


def note_of(pitch: int, velocity: int, seconds: float = 1.2) -> Made:
    """Of an instrument with a trend of -0.15 dB a key, 40 dB a decade, and zones of 3 dB; its high keys are silent above 10 partials."""
    db = -26 - 0.15 * (pitch - 60) + 40 * np.log10(velocity / 100) + (3 if pitch // 4 % 2 else 0)
    audio = np.sum([sine(k * float(pitch_to_hz(pitch)), db - 6 * k, seconds) for k in range(1, 6)], 0)
    return prepared(f"{pitch}-{velocity}", Note(Labels("saw", "Saw", "test", "synthetic", pitch, velocity, seconds, True), audio, RATE_HZ,
                                                float(pitch)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("loudness")
    write_part(place, [note_of(d.pitch, d.velocity) for d in draws(40, "Saw", True, 36, 84)])
    return place


def test_what_is_trained_on_is_equally_loud_and_the_table_has_the_rest(folder):
    bank, before = NoteBank(folder, hold_out=False), NoteBank(folder, hold_out=False, level=False)
    assert before.levelled is None and bank.levelled is not None
    told = figures(bank)["Saw"]
    assert told["gain sd"] < 0.1 and told["range"] == pytest.approx(36, abs=1.5) and 1 < told["off trend"] < 2
    assert np.allclose(bank.peak_db - before.peak_db, bank.levelled.gain_db)
    assert np.std(bank.levelled.lufs + bank.levelled.gain_db) < 1e-6
    rows, old = bank.rows.float(), before.rows.float()
    (part,) = map(read_part, part_files(folder))
    silent = torch.from_numpy(part.rows()[..., LEVEL] <= LEVEL_FLOOR_DB)
    assert silent.any() and (rows[..., LEVEL][silent] == LEVEL_FLOOR_DB).all(), "silence stays silence"
    moved = (rows - old)[..., LEVEL][:, ROWS // 2]
    heard = (old[:, ROWS // 2, LEVEL] > -60)
    for i in range(len(bank)):
        assert np.allclose(moved[i][heard[i]], bank.levelled.gain_db[i], atol=0.1)
    softest = int(np.argmin(bank.velocity))
    assert rows[softest, 20, LEVEL][:5].min() > -60 and rows[softest, :, LEVEL].min() == LEVEL_FLOOR_DB, "a soft note has its whole range"
    assert (rows[..., LEVEL.stop:NOISE.start] == old[..., LEVEL.stop:NOISE.start]).all(), "deviations stay"
    assert (bank.chosen()["level"], before.chosen()["level"]) == (True, False)


def test_notes_without_a_loudness_stay_as_they_were(tiny_bank):
    assert tiny_bank.levelled is None


def test_the_command_tells_how_even_instruments_are(folder, tmp_path, capsys, tiny_data):
    assert main(["loudness", str(folder), "--json", str(tmp_path / "out.json")]) == 0
    said = capsys.readouterr().out
    assert "Saw" in said and "gain sd" in said and (tmp_path / "out.json").is_file()
    assert main(["loudness", str(tiny_data)]) == 1
    assert "Prepare the notes again" in capsys.readouterr().err


def test_every_prepared_note_knows_its_loudness(folder):
    notes = [note for path in sorted(folder.glob("*.json")) for note in read_part(path).notes]
    assert len(notes) == 40 and all(-80 < note["loudness_db"] < 0 for note in notes)


def test_the_card_has_what_was_taken_out(folder):
    """A network that learnt levelled notes is equally loud everywhere: the trend comes from the notes."""
    from hummingface.train.exporting.export_model import recorded
    bank = NoteBank(folder, hold_out=False)
    trends = recorded(bank)
    keys = np.arange(key_trend.LOWEST_KEY, key_trend.HIGHEST_KEY + 1, key_trend.EVERY)
    assert trends is not None and len(trends["Saw"]) == len(keys)
    low, high = (float(np.interp(key, keys, trends["Saw"])) for key in (45, 75))
    assert low - high == pytest.approx(4.5, abs=2.0)
    assert bank.levelled.instruments[0].at(np.array([60]), np.array([100]))[0] == pytest.approx(float(np.interp(60, keys, trends["Saw"])))
    assert recorded(NoteBank(folder, hold_out=False, level=False)) is None


def test_what_notes_told_of_loudness_is_not_measured_away():
    model = untrained(latents=4, width=64)
    model.card.setdefault("presets", {name: {"z": z, "gain_db": 0.0} for name, z in model.presets.items()})
    name = next(iter(model.presets))
    wanted = [-30.0 + 0.5 * i for i in range(len(TABLE_KEYS))]
    key_trend.level_card(model, {name: wanted})
    gain_db = model.card["presets"][name]["gain_db"]
    key_trend.level_card(model)                                    # as the command does that levels a model again
    assert model.card["loudness"]["lufs"][name] == wanted and model.card["presets"][name]["gain_db"] == gain_db
    others = untrained(latents=4, width=64)
    others.card.setdefault("presets", {name: {"z": z, "gain_db": 0.0} for name, z in others.presets.items()})
    key_trend.level_card(others)
    assert "recorded" not in others.card["loudness"], "a network that was not levelled is measured"
