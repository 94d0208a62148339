"""A few of a folder's recordings are spread over its keys and dynamics."""
from hummingface.train.notes.spread import spread


def test_keys_are_as_far_apart_as_they_come_and_each_has_its_softest_and_loudest():
    pitches = [key for key in range(40, 80, 2) for _ in range(4)]
    velocities = [30, 60, 90, 120] * 20
    taken = spread(pitches, velocities, 12)
    assert [(pitches[i], velocities[i]) for i in taken] == [(key, velocity) for key in (40, 52, 66, 78) for velocity in (30, 90, 120)]


def test_where_names_say_no_key_they_are_taken_evenly_and_a_short_folder_whole():
    assert spread([None] * 23, [0] * 23, 12) == list(range(0, 23, 2))
    assert spread([60, None, 62], [0, 0, 0], 12) == [0, 1, 2]
    assert spread(list(range(30, 90)), [0] * 60, 1) == [30]


def test_many_dynamics_of_one_key_are_a_few_of_them():
    assert spread([60] * 20, list(range(1, 121, 6)), 12) == [0, 10, 19]
