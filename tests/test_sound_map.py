"""The map of sounds: places that can be trusted, of the sounds that are played; and what a map's file may hold."""
import base64
import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hummingface.instrument.offline import mel_pictures, sound_mapping
from hummingface.instrument.offline.map_layout import GAP, places_of, trustworthiness
from hummingface.instrument.offline.sound_mapping import trustworthiness_of_own
from hummingface.instrument.patches import library, sound_map
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.sound_candidates import candidates
from hummingface.instrument.patches.sound_map import MAP_WIDTH, PICTURE_SHAPE, MappedSound, MapTable
from hummingface.instrument.performance.sound_bank import SoundBank
from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.untrained import untrained
from hummingface.train.evaluation.metrics import distance

LEAST_TRUSTED = 0.9
PICTURE_DB = 0.5                        # by how much a sound may differ from its picture


@pytest.fixture(scope="module")
def table():
    return sound_map.read(sound_map.factory_map())


def by_the_formula(distances, places, k):
    """Trustworthiness, written out."""
    n, beyond = len(places), 0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        ranked = sorted(others, key=lambda j: distances[i, j])
        for j in sorted(others, key=lambda j: np.hypot(*(places[i] - places[j])))[:k]:
            beyond += max(ranked.index(j) + 1 - k, 0)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * beyond


def test_trustworthiness_is_what_its_definition_says():
    rng = np.random.default_rng(1)
    places, other = rng.uniform(size=(2, 60, 2))
    distances = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert trustworthiness(distances, places) == 1
    assert trustworthiness(distances, other) == pytest.approx(by_the_formula(distances, other, 5), abs=1e-12)
    assert 0.3 < trustworthiness(distances, other) < 0.7


def test_places_are_found_again_from_distances():
    """Three heaps on a line in eight dimensions: each stays together, the middle one in the middle; nothing is drawn by chance."""
    rng = np.random.default_rng(2)
    points = np.concatenate([rng.normal(0, 0.3, (20, 8)) + heap * np.eye(8)[0] * 4 for heap in range(3)])
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    places = places_of(distances)
    middles = [places[begin:begin + 20].mean(0)[0] for begin in (0, 20, 40)]
    assert trustworthiness(distances, places) > LEAST_TRUSTED and (sorted(middles) in (middles, middles[::-1]))
    assert np.array_equal(places, places_of(distances)) and places.min() == 0 and places.max(0).tolist() == [MAP_WIDTH, 1]


def test_the_factorys_map_can_be_trusted_and_has_all_sounds(table):
    """`python -m hummingface.instrument.offline.sound_mapping` after a model or a patch has changed."""
    every = candidates([*(entry for entry in library.patches() if entry.factory), *library.presets()])
    assert {one.entry.name for one in every if one.fingerprint not in table.sounds} == set()
    places = np.array([one.at for one in table.sounds.values()])
    assert trustworthiness(table.distances, places) >= LEAST_TRUSTED
    assert trustworthiness_of_own(table) >= LEAST_TRUSTED
    between = np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1)) + np.diag(np.full(len(places), 9))
    assert between.min() > 0.8 * GAP, "no dot covers another"


def test_a_picture_is_of_the_sound_that_is_played(table):
    entry = next(entry for entry in library.patches() if entry.name == "Rosewood")
    one, patch = candidates([entry])[0], library.open_entry(entry)
    picture = mel_pictures.picture(mel_pictures.image_of(patch, SoundBank().source(patch.model)))
    apart = sound_map.picture_distances(picture, np.stack([known.picture for known in table.sounds.values()]))
    assert list(table.sounds)[int(apart.argmin())] == one.fingerprint and apart.min() < PICTURE_DB


def test_distances_are_the_projects_own():
    rng, rate = np.random.default_rng(3), mel_pictures.RATE_HZ
    notes = [rng.standard_normal((rate, 2)) * np.exp(-np.arange(rate) / rate * fall)[:, None] for fall in (1.0, 6.0)]
    images = np.stack([mel_pictures.image([note]) for note in notes])
    figures = [distance(notes[i], notes[1 - i], rate)["mel"] for i in (0, 1)]
    assert mel_pictures.distances(images) == pytest.approx(np.array([[0, 1], [1, 0]]) * np.mean(figures), rel=1e-3)


def test_a_new_sound_is_placed_between_those_that_are_like_it():
    near = [MappedSound((x, 0.5), np.full(PICTURE_SHAPE, level, np.uint8)) for x, level in ((0.0, 100), (0.2, 104), (1.9, 200))]
    known = dict(zip("abc", near, strict=True))
    x, y = sound_map.place_among(np.full(PICTURE_SHAPE, 101, np.uint8), known)
    assert 0 <= x < 0.1 and y == pytest.approx(0.5)
    assert sound_map.place_among(near[1].picture, {"b": near[1]}) == pytest.approx((0.2, 0.5))
    assert sound_map.place_among(near[0].picture, {}) == (MAP_WIDTH / 2, 0.5)


def test_a_new_dot_covers_no_other():
    taken: list[tuple[float, float]] = []
    for _ in range(40):
        taken.append(sound_map.free_place((0.01, 0.99), taken))
    places = np.array(taken)
    between = np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1)) + np.diag(np.full(len(places), 9))
    assert taken[0] == (0.01, 0.99) and between.min() >= sound_map.FREE and places.min() >= 0 and places[:, 1].max() <= 1
    assert np.hypot(*(places - taken[0]).T).max() < 0.45


def test_a_map_is_read_as_it_was_written_and_nothing_else_is(tmp_path, table):
    file = tmp_path / "map.json"
    some = dict(list(table.sounds.items())[:4])
    sound_map.write(file, MapTable(some, table.distances[:4, :4]), {})
    again = sound_map.read(file)
    assert [one.at for one in again.sounds.values()] == [one.at for one in some.values()]
    assert all(np.array_equal(again.sounds[key].picture, some[key].picture) for key in some)
    assert np.allclose(again.distances, table.distances[:4, :4])
    values = json.loads(file.read_text())
    first = next(iter(values["sounds"].values()))
    for name, wrong in (("at", [float("1e9"), 0]), ("at", "x"), ("picture", "%%"), ("picture", base64.b64encode(b"short").decode())):
        file.write_text(json.dumps({**values, "sounds": {"a": {**first, name: wrong}, "b": first}}))
        assert list(sound_map.read(file).sounds) == ["b"]
    for wrong in ("[]", "{", json.dumps({**values, "version": 2}), json.dumps({**values, "sounds": 3})):
        file.write_text(wrong)
        assert sound_map.read(file) == MapTable()


def test_two_helpers_at_once_listen_to_a_patch_once(tmp_path, monkeypatch):
    """The map's and the browser's: the second waits, and finds it placed."""
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    model = untrained(seed=1, width=32)
    save_model(model, tmp_path / "models" / "small")
    library.save_patch(Patch("Mine", model.name, (0.5,) * model.latents))
    listened, image_of, both = [], sound_mapping.image_of, threading.Barrier(2)

    def listen(patch, source):
        listened.append(patch.name)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(1.0)                              # for the other one, which does not come
        return image_of(patch, source)
    monkeypatch.setattr(sound_mapping, "image_of", listen)
    with ThreadPoolExecutor(2) as helpers:
        assert list(helpers.map(lambda _helper: sound_mapping.map_own(), range(2))) == [[], []]
    assert listened == ["Mine"] and len(sound_map.read(tmp_path / sound_map.OWN_FILE).sounds) == 1
