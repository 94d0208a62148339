"""What training sees: never a left-out key, the right target for each pitch and time."""
import json

import numpy as np
import pytest

from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.frame import FRAME_SIZE, LEVEL, LEVEL_FLOOR_DB, NOISE, pitch_to_hz
from hummingface.train.data.cleaning import even_out
from hummingface.train.data.dataset import DataError, NoteBank
from hummingface.train.data.instruments import is_left_out
from hummingface.train.data.prepared_note import prepared
from hummingface.train.data.store import Made
from hummingface.train.notes.note import Labels, Note


def test_one_pitch_in_twelve_is_left_out_and_another_for_each_instrument():
    sets = [{p for p in range(21, 109) if is_left_out(i, p)} for i in range(64)]
    assert all(len(s) in (7, 8) for s in sets)
    assert all(b - a == 12 for s in sets for a, b in zip(sorted(s), sorted(s)[1:], strict=False))
    assert len({min(s) for s in sets}) == 12


def test_left_out_keys_are_never_drawn(tiny_bank):
    rng = np.random.default_rng(0)
    batch = tiny_bank.batch(rng, 4000, 1, between=0.0)
    left_out = {(int(i), int(p)) for i, p in zip(tiny_bank.instrument[tiny_bank.left_out],
                                                 tiny_bank.pitch[tiny_bank.left_out], strict=True)}
    drawn = {(int(i), int(p)) for i, p in zip(batch.instrument, batch.pitch, strict=True)}
    assert left_out
    assert not drawn & left_out
    assert len(drawn) == 50 - len(left_out)


def test_targets_are_the_rows_of_that_note_at_that_time(tiny_bank):
    batch = tiny_bank.batch(np.random.default_rng(1), 40, 4, between=0.0)
    times = row_times_s()
    for i in range(0, 160, 13):
        n = i // 4
        note = np.flatnonzero((tiny_bank.instrument == int(batch.instrument[n])) & (tiny_bank.pitch == int(batch.pitch[n]))
                              & (tiny_bank.velocity == int(batch.velocity[n])))[0]
        row = np.abs(times - float(batch.time_s[i])).argmin()
        assert row < tiny_bank.valid_rows[note]
        assert np.array_equal(batch.target[i].numpy(), tiny_bank.rows[note, row].float().numpy())


def test_between_two_keys_the_target_is_their_weighted_mean(tiny_bank):
    batch = tiny_bank.batch(np.random.default_rng(2), 64, 2, between=1.0)
    between = (batch.pitch % 1 > 0.01).nonzero()[:, 0].numpy()
    assert len(between) > 40
    # the tiny set's levels are linear in pitch where nothing is clipped
    for n in between:
        same = (tiny_bank.instrument == int(batch.instrument[n])) & (tiny_bank.velocity == int(batch.velocity[n]))
        row = np.abs(row_times_s() - float(batch.time_s[2 * n])).argmin()
        level = [tiny_bank.rows[i, row, LEVEL.start].float().item() for i in np.flatnonzero(same)]
        expected = np.interp(float(batch.pitch[n]), tiny_bank.pitch[same], level)
        assert batch.target[2 * n, 0].item() == pytest.approx(expected, abs=0.05)
        assert batch.phase_level[n].max() == LEVEL_FLOOR_DB                   # no start phase is known between keys


def test_left_out_keys_are_bridged(tiny_bank):
    below = [i for i in tiny_bank.trained if is_left_out(tiny_bank.instrument[i], tiny_bank.pitch[i] + 1)]
    steps = {tiny_bank.pitch[tiny_bank.next_key[i]] - tiny_bank.pitch[i] for i in below if tiny_bank.next_key[i] >= 0}
    assert steps == {2}


def test_sustained_notes_stay_after_their_last_row(tiny_bank):
    sustained = np.array([i["sustained"] for i in tiny_bank.instruments])[tiny_bank.instrument]
    assert np.all(tiny_bank.valid_rows[sustained & (tiny_bank.hold_s >= 1)] == ROWS)
    assert np.all(tiny_bank.valid_rows[~sustained] < ROWS)


def swelling(seconds: float, fades_s: float, pitch: int, db_s: float = 1.0) -> Made:
    """A sustained instrument's note that swells by `db_s`, and falls by 20 dB/s in the last `fades_s`; prepared."""
    rate_hz = 48_000
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = sum(np.sin(2 * np.pi * k * pitch_to_hz(pitch) * t + k) / k for k in range(1, 9))
    level_db = db_s * t - (20 + db_s) * np.maximum(0, t - (seconds - fades_s))
    audio = (0.05 * wave * 10 ** (level_db / 20) * np.minimum(1, t / 0.02)).astype(np.float32)
    labels = Labels("swell", "Swell", "test", "recorded", pitch, 100, seconds, sustained=True)
    return prepared("", Note(labels, audio, rate_hz, float(pitch)))


def test_long_sustained_notes_are_known_until_they_fade_and_live_on():
    """Late rows follow a note until it fades, and go back the way they came; so do those of a note that fades early."""
    bank = NoteBank.of([swelling(8.0, 1.0, 57), swelling(3.0, 0.0, 60), swelling(3.0, 1.0, 62)])
    assert bank.longest_s == 7.0 and (bank.valid_rows == ROWS + 5).all()
    level = bank.rows[:, :, LEVEL.start + 1].float()
    at = lambda s: int(np.argmin(np.abs(bank.times_s.numpy() - s)))                # noqa: E731
    assert float(level[0, at(6.2)] - level[0, at(2.0)]) == pytest.approx(4.2, abs=0.5)
    after = [float(level[0, at(s)] - level[0, at(6.2)]) for s in (8.0, 9.0, 10.2, 11.5)]
    assert after == pytest.approx([-0.2, -1.2, -2.4, -1.7], abs=0.3), "its end is not what it sustains: back to 3.5 s, and on again"
    later = [float(level[1, at(s)] - level[1, at(3.0)]) for s in (3.5, 4.4, 5.5)]
    assert later == pytest.approx([-0.5, -1.4, -0.3], abs=0.3)
    assert float(level[2, at(1.0):].min() - level[2, at(1.0)]) > -4.5, "held, it does not die"


def test_a_note_of_a_sustained_instrument_that_falls_all_the_time_is_left_as_it_is():
    bank = NoteBank.of([swelling(3.0, 0.0, 60), swelling(3.0, 0.0, 62), swelling(3.0, 0.0, 64, -10.0)])
    level = bank.rows[2, :, LEVEL.start + 1].float()
    assert level[ROWS // 2] - level[ROWS - 1] > 20
    assert (level[ROWS:] == level[ROWS - 1]).all()


def test_a_growing_folder(tiny_data, tmp_path):
    import shutil
    for file in tiny_data.glob("*-v100-*"):
        shutil.copy(file, tmp_path)
    bank = NoteBank(tmp_path)
    assert bank.grown() is bank
    for file in tiny_data.glob("*-v060-*"):
        shutil.copy(file, tmp_path)
    assert len(bank.grown()) == 2 * len(bank)


def test_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="train prepare"):
        NoteBank(tmp_path)


def test_batches_have_the_shapes_they_say(tiny_bank):
    batch = tiny_bank.batch(np.random.default_rng(3), 5, 3)
    assert batch.target.shape == (15, FRAME_SIZE)
    assert batch.time_s.shape == (15,)
    assert batch.heard.shape == (5, 24)
    assert set(batch.moves.tolist()) <= {0.0, 1.0}


def test_what_has_died_away_is_silent(tmp_path, write_part):
    write_part(tmp_path, 0, "Plink", 100, 2.0, range(60, 63), False, 9)
    rows = np.load(tmp_path / "p000-v100-2s-060.rows.npy")
    rows[1, 70:] = rows[1, 70]                                     # as of a recording that had ended there
    np.save(tmp_path / "p000-v100-2s-060.rows.npy", rows)
    bank = NoteBank(tmp_path)
    assert bank.rows[1, 70, LEVEL.start] > LEVEL_FLOOR_DB
    assert (bank.rows[1, 71:, LEVEL] == LEVEL_FLOOR_DB).all()
    assert (bank.rows[0, :100, LEVEL.start] > LEVEL_FLOOR_DB).all()


def test_what_lies_across_a_left_out_key_lies_on_it_most_of_the_time(tiny_bank):
    below = np.array([i for i in tiny_bank.trained if tiny_bank.next_key[i] >= 0
                      and tiny_bank.pitch[tiny_bank.next_key[i]] - tiny_bank.pitch[i] == 2])
    assert len(below)
    batch = tiny_bank.batch(np.random.default_rng(3), 600, 1, between=1.0, note=np.resize(below, 600))
    on_key = np.abs(batch.share.numpy() - 0.5) < 1e-6
    assert 0.65 < on_key.mean() < 0.85
    n = int(np.flatnonzero(on_key)[0])
    assert is_left_out(int(batch.instrument[n]), round(float(batch.pitch[n])))
    row = np.abs(row_times_s() - float(batch.time_s[n])).argmin()
    both = [tiny_bank.rows[int(i[n]), row].float().numpy() for i in (batch.note, batch.other)]
    assert np.allclose(batch.target[n].numpy(), np.mean(both, 0), atol=1e-3)


def test_a_key_that_was_left_out_is_learnt_about_as_often_as_others(tiny_bank):
    """From the mean of its neighbours."""
    assert tiny_bank.bridges.any()
    below = np.flatnonzero(tiny_bank.bridges)
    assert all(tiny_bank.pitch[tiny_bank.next_key[i]] == tiny_bank.pitch[i] + 2 for i in below)
    batch = tiny_bank.batch(np.random.default_rng(0), 6000, 1)
    pitch, instrument = batch.pitch.numpy(), batch.instrument.numpy()
    left_out = {(int(tiny_bank.instrument[i]), int(tiny_bank.pitch[i] + 1)) for i in below}
    count = lambda keys: np.mean([np.sum((instrument == i) & (pitch == key)) for i, key in keys])          # noqa: E731
    trained = {(int(i), int(p)) for i, p, out in zip(tiny_bank.instrument, tiny_bank.pitch, tiny_bank.left_out, strict=True) if not out}
    assert 0.3 < count(left_out) / count(trained) < 1.2
    still = tiny_bank.batch(np.random.default_rng(0), 600, 1, between=0.0)
    assert not still.share.any(), "nothing is mixed where nothing is asked to be"


def test_between_two_instruments_the_target_is_their_weighted_mean(tiny_bank):
    batch = tiny_bank.batch(np.random.default_rng(0), 400, 2, between=0.0, mixed=0.5)
    blended = np.flatnonzero(batch.instrument.numpy() != batch.other_instrument.numpy())
    assert 60 < len(blended) < 140, "half of half: the other note may be of the same instrument"
    assert np.array_equal(batch.pitch.numpy(), tiny_bank.pitch[batch.note.numpy()]), "at the same key"
    n = int(blended[0])
    share, row = float(batch.share[n]), np.abs(row_times_s() - float(batch.time_s[2 * n])).argmin()
    one, other = (tiny_bank.rows[int(i[n]), row].float().numpy() for i in (batch.note, batch.other))
    assert np.allclose(batch.target[2 * n].numpy(), one + share * (other - one), atol=1e-3)


def test_keys_are_evened_out_and_dynamics_stay(tmp_path, write_part):
    for velocity, level in ((60, 0), (100, 10)):
        write_part(tmp_path, 0, "Plink", velocity, 2.0, range(60, 65), False, 9)
        (part,) = tmp_path.glob(f"*v{velocity:03d}*.json")
        told = json.loads(part.read_text())
        for i, note in enumerate(told["notes"]):
            note["rms_db"] = -30.0 + level + (8.0 if i == 2 else 0.0)              # one key was struck too hard
        part.write_text(json.dumps(told))
        rows = np.load(part.with_name(part.stem + ".rows.npy"))
        rows[2, :, LEVEL] = np.where(rows[2, :, LEVEL] > LEVEL_FLOOR_DB, rows[2, :, LEVEL] + 8, rows[2, :, LEVEL])
        np.save(part.with_name(part.stem + ".rows.npy"), rows)
    bank = NoteBank(tmp_path, hold_out=False)
    before = bank.rows.float().clone()
    even_out(bank.arrays)
    for velocity in (60, 100):
        notes = np.flatnonzero(bank.velocity == velocity)
        first = bank.rows[notes, 0, LEVEL.start].float()
        assert float(before[notes, 0, LEVEL.start].max() - before[notes, 0, LEVEL.start].min()) > 7
        assert float(first.max() - first.min()) < 1.5, "keys a semitone apart are about as loud"
        moved = bank.rows[notes].float() - before[notes]
        assert (moved[:, :, LEVEL.stop:NOISE.start] == 0).all(), "deviations stay"
        dead = before[notes][:, :, LEVEL] <= LEVEL_FLOOR_DB
        assert (moved[:, :, LEVEL][dead] == 0).all(), "silence stays silent"
    middles = [bank.rms_db[bank.velocity == velocity].mean() for velocity in (60, 100)]
    assert middles[1] - middles[0] == pytest.approx(10, abs=0.1)
