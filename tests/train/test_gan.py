"""GAN and conditional GAN: losses start where theory has them, it learns, goes on to the bit, and what is exported plays."""
import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.frame import FRAME_SIZE, GROUPS, HIGHEST, LEVEL, LOWEST
from hummingface.models.playing.key_trend import LEVELLED_LUFS, MOST_GAIN_DB
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape
from hummingface.models.playing.stereo import BALANCE, STEREO_SIZE
from hummingface.train.app.commands import main
from hummingface.train.data.characteristics import measure
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.heard_qualities import MEASURES
from hummingface.train.exporting.export_gan import export_gan, model_of_gan
from hummingface.train.exporting.model_notes import HOLD_S, notes_of
from hummingface.train.learning.conditions import conditions_of
from hummingface.train.learning.generated import compare, frechet, ndb
from hummingface.train.learning.run_state import read_state
from hummingface.train.learning.train_gan import GanOptions, GanTrainer
from hummingface.train.notes.note import QUALITIES
from tests.train.runs import same, stopped_after

SHAPE = Shape(latents=3, width=48, note_width=64, phase_width=16)


def learner(bank, steps=40, conditional=True, **options):
    torch.set_num_threads(1)
    asked = GanOptions(**{"steps": steps, "notes": 16, "stride": 8, "average_steps": 50} | options)
    return GanTrainer(bank, SHAPE, asked, conditional, critic_width=32)


@pytest.fixture(scope="module")
def run(tiny_bank, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cgan")
    one = learner(tiny_bank, 300, rate=3e-3, critic_rate=1e-3)
    before = one.metrics()
    one.run(folder, progress=False)
    return one, before, folder


@pytest.fixture(scope="module", autouse=True)
def few_points():
    """Presets are chosen of fewer random points than an export looks at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hummingface.train.exporting.export_gan.CANDIDATES", 12)
        yield


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """The run's model file."""
    path = tmp_path_factory.mktemp("exported") / "g"
    export_gan(run[2] / "state.pt", path, {"about": "test", "velocities": [60, 120]}, "Nobody")
    return path


@pytest.mark.parametrize("conditional", [True, False])
def test_at_first_the_discriminator_has_no_opinion(tiny_bank, conditional):
    """Binary cross-entropy of a coin is ln 2, for it and for the generator: logits, and no squashing after them."""
    parts = learner(tiny_bank, conditional=conditional).train_step()
    for name in ("critic", "generator"):
        assert float(parts[name]) == pytest.approx(math.log(2), rel=0.05)


def test_the_discriminator_learns_to_tell_and_its_logits_are_not_squashed(tiny_bank):
    one = learner(tiny_bank, slope_penalty=0.0)
    for _ in range(60):
        draw = one.draw()
        parts = one._critic_step(draw)
    assert float(parts["right"]) > 0.95 and float(parts["critic"]) < 0.2
    with torch.no_grad():
        logit, _ = one.judge(one._recorded(draw), draw)
    assert float(logit.max()) > 1.2                               # beyond what a tanh could say


def test_the_penalty_is_the_squared_slope(tiny_bank):
    one = learner(tiny_bank)
    draw = one.draw()
    image, side = (x.detach() for x in one.view(draw.frames, draw.vectors, draw.known))
    with torch.no_grad():
        direction = torch.randn_like(image)
        step = 1e-2 * direction / direction.flatten(1).norm(dim=1)[:, None, None]
        about = draw.pitch, draw.velocity, draw.conditions
        along = (one.critic(image + step, side, *about)[0] - one.critic(image - step, side, *about)[0]) / 2e-2
    assert 0 < float(along.square().mean()) < float(one.slope(draw).detach())   # no direction is steeper than the gradient


def on_the_right(bank, balance_db=12.0):
    """The same notes, all louder on the right."""
    stereo = copy.copy(bank)
    stereo.stereo = bank.stereo.clone()
    stereo.stereo[:, BALANCE] = balance_db
    return stereo


def test_the_discriminator_hears_the_sides(tiny_bank):
    """Notes that differ from recorded ones in their balance alone are told from them, and the penalty reaches these inputs."""
    torch.manual_seed(0)
    one = GanTrainer(on_the_right(tiny_bank), replace(SHAPE, stereo=True), GanOptions(steps=90, notes=16, stride=8), critic_width=32)
    for _ in range(60):
        draw = one.draw()
        true = one._recorded(draw)
        false = replace(true, stereo=torch.where(torch.arange(STEREO_SIZE) < GROUPS, -true.stereo, true.stereo))
        loss = (softplus(-one.judge(true, draw)[0]) + softplus(one.judge(false, draw)[0])).mean()
        one.optimizer_step(loss, one.critic, one.critic_optimiser)
    with torch.no_grad():
        assert float(one.judge(true, draw)[0].min()) > float(one.judge(false, draw)[0].max())


def test_a_stereo_generator_begins_at_its_notes_sides_and_is_exported_with_them(tiny_bank, tmp_path):
    one = GanTrainer(on_the_right(tiny_bank), replace(SHAPE, stereo=True), GanOptions(steps=10, notes=16, stride=8), critic_width=32)
    one.run(tmp_path, progress=False)
    made, beyond = one._played(one.draw())
    assert made.stereo.shape == (16, STEREO_SIZE) and math.isfinite(float(beyond.detach()))
    assert float(made.stereo[:, BALANCE].detach().mean()) == pytest.approx(12.0, abs=3.0)
    model = model_of_gan(read_state(tmp_path / "state.pt"), "Sides")
    said = model.stereo_of(np.zeros((1, model.latents), np.float32), np.array([60.0]), np.array([100.0]))
    assert model.stereo and float(said[0, BALANCE].mean()) == pytest.approx(12.0, abs=3.0)


def test_qualities_that_can_be_heard_are_asked_for_where_no_label_tells_them(tiny_bank):
    heard = copy.copy(tiny_bank)
    heard.heard_qualities = np.full((len(tiny_bank), len(MEASURES)), np.nan, np.float32)
    rng = np.random.default_rng(0)
    heard.heard_qualities[:, MEASURES.index("reverb")] = 0.1 + 0.01 * tiny_bank.pitch + 0.2 * rng.random(len(tiny_bank))
    conditions, values = conditions_of(heard)
    quality = next(i for i, c in enumerate(conditions) if c.kind == "quality")
    assert [c.name for c in conditions if c.kind == "quality"] == ["reverb"] and conditions[quality].highest == 3.0
    assert abs(np.corrcoef(values[:, quality], tiny_bank.pitch)[0, 1]) < 0.05 and values[:, quality].std() == pytest.approx(1, abs=0.1)
    heard.qualities = np.full((len(tiny_bank), 10), np.nan, np.float32)
    heard.qualities[:, QUALITIES.index("reverb")] = rng.integers(0, 2, len(tiny_bank))
    conditions, _ = conditions_of(heard)
    assert next(c for c in conditions if c.name == "reverb").highest == 1.0, "labels win"


def test_what_is_asked_for_and_what_is_not(tiny_bank):
    conditions, values = conditions_of(tiny_bank)
    names = [c.name for c in conditions]
    assert "brightness" in names and "test" not in names           # both instruments are of one family: nothing to ask for
    bright = values[:, names.index("brightness")]
    saw = np.array([tiny_bank.instruments[i]["name"] == "Saw" for i in tiny_bank.instrument])
    assert bright[saw].mean() > 0.5 > -0.5 > bright[~saw].mean()
    assert np.abs(np.corrcoef(bright, tiny_bank.pitch)[0, 1]) < 0.05        # brighter than usual at that key
    draw = learner(tiny_bank, asked_share=0.5, nothing_share=0.25, notes=64).draw()
    assert 0.2 < float(draw.conditions_mask.mean()) < 0.55
    assert torch.all(draw.conditions[draw.conditions_mask == 0] == 0)
    unknown = NoteBank.__new__(NoteBank)
    unknown.__dict__ |= vars(tiny_bank) | {"qualities": np.full((len(tiny_bank), 10), np.nan, np.float32)}
    unknown.qualities[::2, 2] = 1
    unknown.qualities[1::4, 2] = 0
    conditions, values = conditions_of(unknown)
    quality = next(i for i, c in enumerate(conditions) if c.kind == "quality")
    assert conditions[quality].name == "distortion"
    assert set(values[::2, quality]) == {1.0} and set(values[1::4, quality]) == {-1.0} and np.isnan(values[3::4, quality]).all()


def test_it_learns(run):
    one, before, _ = run
    after = one.metrics()
    assert after["ndb"] < 0.7 * before["ndb"]
    assert abs(after["diversity"] - 1) < 0.5 * abs(before["diversity"] - 1)
    assert after["in_tune"] > 0.95


def test_stopped_and_gone_on_with_it_is_the_same_to_the_bit(tiny_bank, tmp_path):
    learner(tiny_bank).run(tmp_path / "whole", progress=False)
    stopped_after(learner(tiny_bank), 20, tmp_path / "half")
    again = learner(tiny_bank)
    again.resume(tmp_path / "half" / "state.pt")
    again.run(tmp_path / "half", progress=False)
    assert same(*(read_state(tmp_path / name / "state.pt") for name in ("whole", "half")))


def test_what_is_exported_plays_what_has_learnt(run, exported):
    one, _, folder = run
    model = load_model(exported)
    assert model.card["kind"] == "cgan" and model.free_latents == 3
    assert [c["name"] for c in model.card["conditions"]] == [c.name for c in one.conditions]
    assert model.encoder_width is None
    assert model.card["velocities"] == [60, 120] and model.velocities == (60, 120)
    lufs = np.array(list(model.card["loudness"]["lufs"].values()))
    assert np.ptp(lufs, axis=1).max() == 0, "nobody recorded it: it has no loudness of its own over the keys"
    gains = np.array([preset["gain_db"] for preset in model.card["presets"].values()])
    assert np.allclose(gains, np.clip(LEVELLED_LUFS - lufs[:, 0], -MOST_GAIN_DB, MOST_GAIN_DB), atol=0.02)
    assert isinstance(model, Model) and len(model.presets) == 24 and len({tuple(z) for z in model.presets.values()}) == 24
    asked = np.array([[0.7, -1.1] + [0.3] * (len(one.conditions) - 2)])
    learnt = one.notes(np.zeros((1, 3)), asked, np.array([60.0]), np.array([100.0]))[0]
    z = np.repeat(np.concatenate([np.zeros((1, 3)), asked], 1), ROWS, 0)
    played = model.frames(z, np.full(ROWS, 60.0), np.full(ROWS, 100.0), row_times_s())
    assert played.shape == (ROWS, FRAME_SIZE) and np.all(played >= LOWEST) and np.all(played <= HIGHEST)
    assert np.abs(played - learnt)[:, LEVEL].max() < 1.0                                   # float16
    again = model_of_gan(read_state(folder / "state.pt"), "Nobody")
    assert {n: p["z"] for n, p in again.card["presets"].items()} == model.presets          # no chance in it


def test_its_knob_does_what_it_says(exported):
    model = load_model(exported)
    assert isinstance(model, Model)
    about = model.card["knobs"]
    assert set(about) == {f"{c['kind']}.{c['name']}" for c in model.card["conditions"]}
    z = np.zeros((2, model.latents))
    z[1] = 2 * np.array(about["characteristic.brightness"]["direction"])
    low, high = (measure(rows, 60.0, HOLD_S)["brightness"] for rows in notes_of(model, z, np.array([60.0, 60.0])))
    assert high > low + 0.5


def test_how_near_two_sets_of_notes_are(tiny_bank):
    rng = np.random.default_rng(0)
    points = rng.standard_normal((400, 6))
    shift = np.array([3.0, 0, 0, 0, 0, 0])
    assert frechet(points, points + shift) == pytest.approx(9, rel=1e-6)                   # of two equal normals: the squared distance
    assert frechet(points, 2 * points) == pytest.approx(6 + np.square(points.mean(0)).sum(), rel=0.1)      # sum of (2 - 1)^2
    assert ndb(points, rng.standard_normal((400, 6))) <= 0.2 and ndb(points, points + shift) > 0.6
    rows = tiny_bank.rows[:100, :ROWS].float().numpy()
    about = tiny_bank.pitch[:100], tiny_bank.valid_rows[:100]
    same_notes = compare(rows, rows, *about)
    assert same_notes["frechet"] < 1e-3 and same_notes["ndb"] == 0 and same_notes["diversity"] == pytest.approx(1)
    lone = compare(rows, np.repeat(rows[:1], 100, 0), *about)
    assert lone["diversity"] < 0.6 and lone["ndb"] > 0.5                                   # one note again and again


def test_from_the_command_line_to_a_model_that_is_measured(tiny_data, tmp_path, capsys):
    words = [str(tiny_data), "--run", str(tmp_path / "r"), "--latents", "2", "--width", "24", "--notes", "8", "--device", "cpu",
             "--steps", "4"]
    assert main(["gan", *words, "--only", "Saw"]) == 0 and "of 1 instruments" in capsys.readouterr().out
    assert main(["cgan", *words, "--resume"]) == 1 and "'gan', not of 'cgan'" in capsys.readouterr().err
    assert main(["export", str(tiny_data), str(tmp_path / "r"), str(tmp_path / "m"), "--name", "Saws"]) == 0
    assert "24 presets, 0 knobs" in capsys.readouterr().out                # it has neither conditions nor families
    model = load_model(tmp_path / "m")
    assert model.name == "Saws" and model.card["kind"] == "gan" and model.latents == model.free_latents == 2
    assert model.card["trained_on"]["instruments"] == 1
