"""The velocity curve alone: its shape, what moves its points, what is learnt from a hand, and its form in the settings."""
import numpy as np
import pytest

from hummingface.instrument.patches.velocity_curve import (
    LINEAR,
    MOST_POINTS,
    PRESETS,
    CurveError,
    VelocityCurve,
    from_json,
    is_table,
    learn,
    to_json,
)


def random_curve(random: np.random.Generator) -> VelocityCurve:
    count = int(random.integers(2, MOST_POINTS + 1))
    inner = np.sort(random.choice(np.arange(2, 127), count - 2, replace=False)).tolist()
    velocities = np.sort(random.integers(1, 128, count)).tolist()
    return VelocityCurve(tuple(zip([1, *inner, 127], velocities, strict=True)))


# Its shape

def test_linear_changes_nothing():
    assert LINEAR.table == tuple(range(128))


@pytest.mark.parametrize("curve", [*PRESETS.values(), *map(random_curve, map(np.random.default_rng, range(60)))], ids=str)
def test_a_curve_goes_through_its_points_and_never_falls(curve):
    table = list(curve.table)
    assert is_table(table)
    assert [table[incoming] for incoming, _ in curve.points] == [velocity for _, velocity in curve.points]
    fine = curve.at(np.linspace(1, 127, 5000))
    assert (np.diff(fine) >= -1e-9).all()


@pytest.mark.parametrize("seed", range(30))
def test_it_is_the_monotone_cubic_that_scipy_has(seed):
    from scipy.interpolate import PchipInterpolator
    curve = random_curve(np.random.default_rng(seed))
    at = np.linspace(1, 127, 999)
    assert curve.at(at) == pytest.approx(PchipInterpolator(*np.array(curve.points, float).T)(at), abs=1e-9)


def test_the_presets_do_what_their_names_say():
    soft, hard, wide, compressed, fixed = (np.array(PRESETS[name].table) for name in list(PRESETS)[1:])
    inside, line = slice(4, 122), np.arange(128)
    assert (soft[inside] > line[inside]).all()
    assert (hard[inside] < line[inside]).all()
    assert wide[96] - wide[32] > 1.4 * 64 and compressed[127] - compressed[1] < 0.6 * 126
    assert set(fixed[1:]) == {100} and fixed[0] == 0


# Its points

def test_a_moved_point_stays_between_its_neighbours_and_takes_them_along():
    curve = VelocityCurve(((1, 1), (40, 50), (80, 90), (127, 127)))
    assert curve.moved(1, 200, 60).points == ((1, 1), (79, 60), (80, 90), (127, 127))
    assert curve.moved(2, 0, 60).points == ((1, 1), (40, 50), (41, 60), (127, 127))
    assert curve.moved(1, 40, 110).points == ((1, 1), (40, 110), (80, 110), (127, 127))
    assert curve.moved(2, 80, -5).points == ((1, 1), (40, 1), (80, 1), (127, 127))


def test_ends_move_up_and_down_alone():
    assert LINEAR.moved(0, 60, 30).points == ((1, 30), (127, 127))
    assert LINEAR.moved(1, 60, 90).points == ((1, 1), (127, 90))
    assert PRESETS["Fixed"].moved(1, 127, 70).points == ((1, 70), (127, 70))


def test_points_are_added_and_removed():
    curve, index = LINEAR.added(64, 100)
    assert (curve.points, index) == (((1, 1), (64, 100), (127, 127)), 1)
    curve, index = curve.added(30, 120)
    assert (curve.points[1], index) == ((30, 100), 1), "no higher than its neighbour"
    assert curve.removed(1).removed(1) == LINEAR


def test_no_point_where_there_is_no_room():
    curve = LINEAR
    for incoming in range(10, 10 * (MOST_POINTS - 1), 10):
        curve, _ = curve.added(incoming, incoming)
    with pytest.raises(CurveError, match="at most"):
        curve.added(100, 100)
    for incoming in (-3, 1, 127, 200):
        with pytest.raises(CurveError, match="already"):
            LINEAR.added(incoming, 64)
    for index in (0, 1):
        with pytest.raises(CurveError, match="ends"):
            LINEAR.removed(index)


# What is learnt

def heard(low, high, count, seed, a=2.0, b=2.0) -> list[int]:
    return np.clip(np.round(low + (high - low) * np.random.default_rng(seed).beta(a, b, count)), 1, 127).astype(int).tolist()


@pytest.mark.parametrize("seed", range(8))
def test_a_keyboard_of_small_range_gets_the_whole(seed):
    strokes = heard(20, 90, 40, seed)
    table = learn(strokes).table
    soft, middle, hard = (table[round(mark)] for mark in np.percentile(strokes, (5, 50, 95)))
    assert soft == pytest.approx(20, abs=1) and middle == pytest.approx(78, abs=1) and hard == pytest.approx(120, abs=1)
    assert table[1] == 1 and table[127] == 127


@pytest.mark.parametrize("seed", range(8))
def test_a_hot_top_is_tamed(seed):
    strokes = heard(70, 160, 50, seed)              # many at 127
    assert strokes.count(127) > 5
    table = learn(strokes).table
    assert table[127] == 127
    assert table[100] < 80, "what was loud already is played in the middle"
    assert table[round(np.percentile(strokes, 5))] == 20


def test_a_top_where_most_strokes_lie_leaves_a_curve():
    curve = learn([127] * 30 + [60, 70, 80, 90, 100])
    assert curve.table[127] == 127 and curve.table[60] <= 20


def test_an_even_hand_keeps_a_nearly_straight_line():
    ranks = (np.arange(60) + 0.5) * 100 / 60
    strokes = np.round(np.interp(ranks, (0, 5, 50, 95, 100), (10, 20, 78, 120, 126))).astype(int).tolist()
    table = np.array(learn(strokes).table)
    assert np.abs(table - np.arange(128)).max() <= 3


@pytest.mark.parametrize("seed", range(8))
def test_a_single_slip_changes_little(seed):
    strokes = heard(25, 85, 60, seed)
    with_slip = np.array(learn([*strokes, 127]).table)
    assert np.abs(np.array(learn(strokes).table) - with_slip)[25:86].max() <= 8


@pytest.mark.parametrize("strokes", [[], [64], [10, 100] * 5 + [50]])
def test_too_few_notes_are_refused_in_words(strokes):
    with pytest.raises(CurveError, match="stays as it was") as told:
        learn(strokes)
    assert "12" in str(told.value)


def test_one_velocity_is_refused_in_words():
    with pytest.raises(CurveError, match="velocity 100"):
        learn([100] * 40)
    with pytest.raises(CurveError, match="from 61 to 64"):
        learn(heard(60, 65, 40, 1))


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_played_gives_a_curve_or_words(seed):
    random = np.random.default_rng(seed)
    strokes = np.clip(random.normal(random.uniform(1, 127), random.uniform(0, 60), int(random.integers(0, 80))), 1, 127).astype(int)
    try:
        curve = learn(strokes.tolist())
    except CurveError:
        assert len(strokes) < 12 or np.ptp(np.percentile(strokes, (5, 95))) < 8
    else:
        assert is_table(list(curve.table))


# Its form in the settings

@pytest.mark.parametrize("curve", [*PRESETS.values(), VelocityCurve(((1, 9), (70, 80), (127, 120)))], ids=str)
def test_comes_back_from_json(curve):
    import json
    assert from_json(json.loads(json.dumps(to_json(curve)))) == curve


def test_presets_are_kept_by_name():
    assert to_json(PRESETS["Soft touch"]) == "Soft touch"
    assert to_json(VelocityCurve(((1, 1), (127, 126)))) == [[1, 1], [127, 126]]


@pytest.mark.parametrize("value", [
    None, 3, True, {}, "", "linear", "x" * 5000, [], [[1, 1]], [[1, 1], [127, 127], 3], [[1, 1], [127]], [[1, 1], [127, "127"]],
    [[1, 1], [127, 127.0]], [[1, True], [127, 127]], [[1, 0], [127, 127]], [[1, 1], [127, 128]], [[2, 1], [127, 127]],
    [[1, 1], [126, 127]], [[1, 1], [50, 50], [50, 60], [127, 127]], [[1, 1], [60, 60], [50, 60], [127, 127]],
    [[1, 1], [50, 60], [60, 50], [127, 127]], [[1, 1], *([n, n] for n in range(2, 9)), [127, 127]], [[1, 1 << 80], [127, 127]]], ids=repr)
def test_all_else_is_refused_with_a_reason(value):
    with pytest.raises(CurveError) as told:
        from_json(value)
    assert 10 < len(str(told.value)) < 300


@pytest.mark.parametrize("value", [
    None, 3, [], [0] * 128, list(range(127)), list(range(129)), [1, *range(1, 128)], [*range(127), 128], [*range(126), 127, 126],
    [0, *range(1, 127), True], [0.0, *range(1, 128)]], ids=repr)
def test_what_is_no_table(value):
    assert not is_table(value)
