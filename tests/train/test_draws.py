"""Drawn notes: spread over keys and velocities from the first on, the same each time, paired with what lies near."""
import numpy as np
import pytest

from hummingface.models.playing.conditioning import LONGEST_S, ROWS
from hummingface.models.playing.frame import FRAME_SIZE, LEVEL, LOWEST, NOISE, PARTIALS, pitch_to_hz
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.instruments import is_left_out
from hummingface.train.data.pairs import FARTHEST, STEPS_PER_SEMITONE
from hummingface.train.data.store import Made, write_part
from hummingface.train.notes.draws import BLOCK, LOUDEST, SOFTEST, draws, in_blocks
from hummingface.train.notes.note import Labels


@pytest.mark.parametrize("count", [12, 24, 60, 120])
def test_any_beginning_covers_keys_and_velocities(count):
    for name in ("Violin", "Grand Piano", "Zyn Bell"):
        drawn = draws(120, name, True, 21, 108)[:count]
        keys, velocities = (np.array(x) for x in zip(*((d.pitch, d.velocity) for d in drawn), strict=True))
        assert np.diff(np.sort([20, *keys, 109])).max() < 4 * 88 / count + 2
        assert np.diff(np.sort([SOFTEST, *velocities, LOUDEST])).max() < 4 * 118 / count + 2
        assert keys.min() >= 21 and keys.max() <= 108 and velocities.min() >= SOFTEST and velocities.max() <= LOUDEST
        assert abs(np.corrcoef(keys, velocities)[0, 1]) < 0.25


def test_draws_are_the_same_each_time_and_others_for_each_instrument():
    one = draws(120, "Violin", True, 21, 108)
    assert draws(120, "Violin", True, 21, 108) == one and draws(60, "Violin", True, 21, 108) == one[:60]
    assert len({(d.pitch, d.velocity) for d in one}) == 120
    other = draws(120, "Viola", True, 21, 108)
    assert len({(d.pitch, d.velocity) for d in one} & {(d.pitch, d.velocity) for d in other}) < 12


def test_lengths_are_long_enough_to_hear_how_loud_a_note_is():
    struck, sustained = ([d.hold_s for d in draws(120, "Harp", kind, 21, 108)] for kind in (False, True))
    assert set(struck) == {LONGEST_S, 1.2} and set(sustained) == {2.0, 1.2}
    assert 80 <= struck.count(LONGEST_S) <= 100 and 85 <= sustained.count(2.0) <= 105
    assert len(draws(50, "Woodblock", None, 60, 60)) == 50, "one key has many velocities"


def test_blocks_take_instruments_in_turn():
    notes = [[(i, n) for n in range(30 - 10 * i)] for i in range(2)]
    made = list(in_blocks(notes))
    assert sorted(made) == sorted(notes[0] + notes[1]) and made[:BLOCK] == notes[0][:BLOCK]
    assert made[BLOCK:2 * BLOCK] == notes[1][:BLOCK]


def made(name: str, pitch: int, velocity: int) -> Made:
    """A note whose levels tell its key and velocity."""
    rows = np.tile(LOWEST, (ROWS, 1)).astype(np.float32)
    rows[:, LEVEL.start] = -60 + pitch / 4 + velocity / 16
    rows[:, NOISE.start] = -70
    labels = Labels(name, name, "test", "synthetic", pitch, velocity, 4.0, True)
    known = {"f0_hz": float(pitch_to_hz(pitch)), "valid_rows": ROWS, "peak_db": float(rows[:, LEVEL].max()), "noise_peak_db": -70.0,
             "rms_db": -20.0}
    return Made(f"{name}-{pitch}-{velocity}", labels, rows, None, np.zeros(PARTIALS), known)


@pytest.fixture(scope="module")
def drawn_bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    for name in ("Alpha", "Beta"):
        write_part(folder, [made(name, d.pitch, d.velocity) for d in draws(120, name, True, 21, 108)])
    return NoteBank(folder)


def test_a_drawn_note_is_paired_with_the_nearest_one(drawn_bank):
    bank = drawn_bank
    paired = np.flatnonzero(bank.next_key[bank.trained] >= 0)
    assert len(paired) > 0.9 * len(bank.trained) and bank.drawn.all()
    for i in bank.trained:
        one, other = int(i), int(bank.next_key[i])
        if other < 0:
            continue
        mine = bank.trained[(bank.instrument[bank.trained] == bank.instrument[one]) & (bank.trained != one)]
        up, more = bank.pitch[mine] - bank.pitch[one], bank.velocity[mine] - bank.velocity[one]
        usable = (up > 0) | ((up == 0) & (more > 0))
        far = np.hypot(up, more / STEPS_PER_SEMITONE)[usable]
        gap = np.hypot(bank.pitch[other] - bank.pitch[one], (bank.velocity[other] - bank.velocity[one]) / STEPS_PER_SEMITONE)
        assert bank.instrument[other] == bank.instrument[one] and gap == pytest.approx(far.min()) and gap <= FARTHEST
        assert not bank.left_out[other]


def test_between_drawn_notes_pitch_velocity_and_target_lie_on_the_way(drawn_bank):
    batch = drawn_bank.batch(np.random.default_rng(0), 400, 2, between=1.0)
    between = np.flatnonzero(batch.share.numpy() > 0)
    assert len(between) > 300
    level = batch.target.view(400, 2, FRAME_SIZE)[:, :, LEVEL.start].numpy()
    wanted = -60 + batch.pitch.numpy() / 4 + batch.velocity.numpy() / 16
    assert np.abs(level - wanted[:, None]).max() < 0.06, "float16"
    other = drawn_bank.velocity[batch.other.numpy()]
    assert (np.abs(other - drawn_bank.velocity[batch.note.numpy()])[between] > 0).mean() > 0.8, "velocities are learnt between, too"


def test_drawn_keys_that_are_left_out_are_never_a_target(drawn_bank):
    batch = drawn_bank.batch(np.random.default_rng(1), 3000, 1, between=0.0)
    assert drawn_bank.left_out.sum() > 10
    assert not any(is_left_out(int(i), int(p)) for i, p in zip(batch.instrument, batch.pitch, strict=True))


def test_drawn_notes_of_two_instruments_are_mixed_where_they_are_alike(drawn_bank):
    batch = drawn_bank.batch(np.random.default_rng(2), 600, 1, between=0.0, mixed=1.0)
    blended = np.flatnonzero(batch.instrument.numpy() != batch.other_instrument.numpy())
    assert len(blended) > 100
    note, other = batch.note.numpy()[blended], batch.other.numpy()[blended]
    assert np.abs(drawn_bank.pitch[note] - drawn_bank.pitch[other]).max() < 3
    assert np.abs(drawn_bank.velocity[note] - drawn_bank.velocity[other]).max() < 20
