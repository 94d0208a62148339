"""From a folder to a model in the library that plays, in one command; and notes through it and back."""
import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from hummingface.instrument.app.cli import main as instrument_main
from hummingface.models.playing.checkpoint import load_model
from hummingface.models.playing.frame import LEVEL
from hummingface.models.playing.shape import Shape
from hummingface.train.app import learn as learning
from hummingface.train.app.commands import main
from hummingface.train.app.learn import BRIDGED_SEMITONES, NothingToLearn, learn
from hummingface.train.app.lesson import Lesson, Reports, TrainConfig
from hummingface.train.data.augmentation import spread
from hummingface.train.data.dataset import NoteBank
from hummingface.train.exporting.export_model import export
from tests.train.clock import counted_time

ROOT = Path(__file__).parents[2]
PITCHES = (48, 52, 57, 60)
LOOK_S = 0.06                               # of the clock that lessons go by: 0.4 minutes are some 360 steps


def plucked(pitch, level, seconds=1.2, rate_hz=16_000):
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    x = sum(np.cos(2 * np.pi * f0 * k * t) * np.exp(-t * (2 + k)) / k for k in range(1, 7))
    return level * x * np.minimum(1, t * 500)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("sounds") / "box"
    place.mkdir()
    for dynamic, level in (("p", 0.05), ("f", 0.4)):
        for pitch in PITCHES:
            sf.write(place / f"box {dynamic} {pitch:03d}.wav", np.pad(plucked(pitch, level), (1600, 0)), 16_000)
    (place / "broken.wav").write_text("nothing")
    return place


TOLD: list[dict] = []                       # what the lesson of `learnt` told,
VERSIONS: list[tuple[dict, dict | None]] = []       # and the card of each model that it gave, with that of the one before


@pytest.fixture(scope="module")
def learnt(folder, tmp_path_factory):
    """A very short lesson with a very small network, to the end, of as many steps on any machine."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("learnt")

    def added(path, before):
        VERSIONS.append((load_model(path).card, before))
        return ""
    with counted_time(LOOK_S), pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "SMALL", Shape(width=64, note_width=96, phase_width=32))
        reports = Reports(tell=lambda kind, **values: TOLD.append({"tell": kind, **values}), added=added, progress=False)
        model = learn(Lesson([folder], "My Box", home / "my-box", home / "work"), TrainConfig(0.4, latents=4, workers=1), reports=reports)
    return model, home


def told(kind):
    return [message for message in TOLD if message["tell"] == kind]


def test_it_tells_how_far_it_is(learnt):
    json.dumps(TOLD)
    stages = [message["stage"] for message in told("stage")]
    assert stages[0] == "listening" and stages[-1] == "preparing" and told("stage")[-1]["done"] >= 8
    assert told("notes")[0]["count"] == 8 and "cannot be read as sound" in told("notes")[0]["text"]
    shares = [message["share"] for message in told("progress")]
    assert shares == sorted(shares) and 0 <= shares[0] < 0.5 < shares[-1] <= 1
    assert told("progress")[0]["left_s"] > told("progress")[-1]["left_s"] >= 0


def test_its_pictures_come_to_look_like_the_recording(learnt):
    def levels(picture):
        return np.frombuffer(base64.b64decode(picture["levels"]), np.uint8).reshape(picture["height"], picture["width"]).astype(float)
    pictures = told("picture")
    target = levels(pictures[0]["target"])
    assert pictures[0]["name"].startswith("box f") and target.max() == 255 and (target == 0).any()
    rows = target.max(1)
    f0 = 440 * 2 ** ((int(pictures[0]["name"][-3:]) - 69) / 12)
    row = [round((rows.size - 1) * (1 - np.log2(f0 * k / 40) / np.log2(16_000 / 40))) for k in (1, 1.5, 2)]
    assert min(rows[row[0]], rows[row[2]]) > rows[row[1]] + 30, "partials stand out where they sound"
    off = [np.abs(levels(picture["learnt"]) - target).mean() for picture in pictures]
    assert off[-1] < 0.6 * off[0], "it is nearer at the end than before it began"


def test_models_come_on_the_way_and_sounds_stay_what_they_are(learnt):
    """Knobs of one version and of the next lead to the same place in what is learnt."""
    from hummingface.instrument.patches.learnt_models import carried
    from hummingface.instrument.patches.patch import Corner, Patch
    assert len(VERSIONS) >= 3 and len(told("model")) == len(VERSIONS) and VERSIONS[0][1] is None
    assert len({card["sha256"] for card, _ in VERSIONS}) == len(VERSIONS) and len({card["run"] for card, _ in VERSIONS}) == 1
    for (card, before), (earlier, _) in zip(VERSIONS[1:], VERSIONS, strict=False):
        assert before["sha256"] == earlier["sha256"]
        raw = lambda z, k: np.array(k["middle"]) + np.array(z) @ np.array(k["axes"])                    # noqa: E731
        z = (0.5, -0.4, 0.3, 0.2)
        patch = Patch("A", "My Box", z, morph=(Corner("x", z),) * 4, model_sha256=before["sha256"])
        moved = carried(patch, before, card)
        assert np.allclose(raw(moved.latents, card["axes"]), raw(z, before["axes"]), atol=1e-3)
        assert moved.morph[2].latents == moved.latents and moved.model_sha256 == card["sha256"]
        preset = carried(Patch("B", "My Box", tuple(before["presets"]["My Box"]["z"])), before, card)
        assert np.allclose(preset.latents, card["presets"]["My Box"]["z"]), "a preset's sound stays the preset's"
        assert preset.gain_db == card["presets"]["My Box"]["gain_db"]
        assert carried(patch, before | {"run": "another"}, card) == patch


def test_what_it_is_doing_is_written_down(learnt):
    _, home = learnt
    notes = json.loads((home / "work" / "lesson.json").read_text())
    assert notes["name"] == "My Box" and notes["minutes"] == 0.4 and notes["share"] == 1.0
    assert Path(notes["sources"][0]).is_dir() and notes["run"] == VERSIONS[-1][0]["run"]


def test_the_model_is_whole(learnt):
    model, home = learnt
    again = load_model(home / "my-box")
    assert again.name == "My Box" and list(again.presets) == ["My Box"]
    card = again.card
    assert card["pitches"] == [48, 60] and card["training"]["steps"] > 0
    assert card["velocities"] == [49, 96], "as soft and as loud as the recordings' names say"
    assert set(card["loudness"]["lufs"]) == {"My Box"}
    assert card["presets"]["My Box"]["sustained"] is False
    assert "reproduce" in card and "My Box" in card["reproduce"]
    assert model.latents == 4


def test_all_notes_are_learnt_and_dynamics_follow_the_hand(learnt):
    _, home = learnt
    bank = NoteBank(home / "work" / "data", hold_out=False, farthest_key=BRIDGED_SEMITONES, late=True)
    assert len(bank) == 8 and not bank.left_out.any()
    assert (bank.louder >= 0).sum() == 4 and bank.softest.sum() == 4
    assert bank.longest_s > 11                                            # struck and not released: it goes on decaying
    assert bank.rows[0, -1, LEVEL].amax() < bank.rows[0, 100, LEVEL].amax()
    steps = bank.pitch[bank.next_key[bank.next_key >= 0]] - bank.pitch[bank.next_key >= 0]
    assert set(steps) == {3, 4, 5}


def test_what_lies_beyond_the_recordings_follows_rules(learnt):
    _, home = learnt
    bank = NoteBank(home / "work" / "data", hold_out=False, farthest_key=BRIDGED_SEMITONES, late=True)
    bank.between_velocities = True
    rng = np.random.default_rng(0)
    batch = bank.batch(rng, 500, 4, 0.5)
    before = batch.velocity.clone(), batch.pitch.clone(), batch.target.clone()
    own = spread(batch, rng, 0.5)
    between = (before[0] % 1 > 0.01) & (before[0] > 49) & (before[0] < 96)
    assert between.sum() > 30                                             # between two dynamics
    carried = batch.pitch != before[1]
    assert 0.03 < carried.float().mean() < 0.4 and (own[carried.numpy()] == 1).all()
    assert (batch.phase_level[carried].amax(1) <= -100).all()
    moved = (batch.velocity != before[0]).numpy().nonzero()[0]
    assert len(moved) > 30
    for n in moved[:40]:
        gain = 40 * np.log10(float(batch.velocity[n]) / float(before[0][n]))
        gain = np.clip(gain, -24, 24)
        old, new = before[2][4 * n, LEVEL.start], batch.target[4 * n, LEVEL.start]
        assert float(new - old) == pytest.approx(gain, abs=0.01) or float(new) in (-120.0, 6.0)


def test_evaluate_writes_each_note_under_its_name(learnt, folder, tmp_path, capsys):
    """Of two of the keys, and of what is no sound."""
    _, home = learnt
    kept, folder = folder, tmp_path / "box"
    folder.mkdir()
    for path in [kept / "broken.wav", *(kept / f"box {d} {p:03d}.wav" for d in "pf" for p in PITCHES[::2])]:
        shutil.copy(path, folder)
    code = main(["evaluate", str(home / "my-box"), "--notes", str(folder), "--write", str(tmp_path / "out"), "--targets",
                 "--json", str(tmp_path / "f.json")])
    assert code == 0
    said = capsys.readouterr().out
    assert "ALL" in said and "targets alone" in said and "broken" in said
    told = json.loads((tmp_path / "f.json").read_text())
    names = {f"box {d} {p:03d}" for d in "pf" for p in PITCHES[::2]}
    assert set(told["notes"]) == names == {f.stem for f in (tmp_path / "out").iterdir()}
    assert told["families"]["ALL"]["n"] == 4
    gains = [note["gain_db"] for note in told["notes"].values()]
    assert np.std(gains) > 0.01, "it is the gain from what the model plays, which no two notes need alike"
    assert told["gain_spread"]["notes"]["instruments"] == {"box": pytest.approx(np.std(gains), abs=1e-3)}
    assert told["dynamics"]["velocities"] == [49, 96] and np.isfinite(told["dynamics"]["presets"]["My Box"]["key_step_db"])
    assert "spread of gains, notes: median" in said and "its own dynamics, velocities 49 to 96, over 1 presets" in said
    assert told["targets"]["ALL"]["mel"] < 2.5
    for name in names:
        original, rate_hz = sf.read(folder / f"{name}.wav")
        made, made_hz = sf.read(tmp_path / "out" / f"{name}.wav")
        assert made_hz == rate_hz and len(made) == len(original)
        assert np.abs(made[:1500]).max() < 1e-4                           # the silence before the note is kept
        if np.abs(made).max() < 0.99:                                     # else it was kept under full scale
            assert np.square(made).sum() == pytest.approx(np.square(original).sum(), rel=0.02)


def test_a_run_is_a_model_too_and_ways_differ(learnt, folder, tmp_path, capsys):
    _, home = learnt
    for way in ("preset", "encoder", "refined"):
        assert main(["evaluate", str(home / "work" / "run"), "--notes", str(folder), "--instrument", "My Box", "--points", way,
                     "--count", "2", "--json", str(tmp_path / f"{way}.json")]) == 0
    figures = {way: json.loads((tmp_path / f"{way}.json").read_text())["notes"] for way in ("preset", "encoder", "refined")}
    assert len(figures["preset"]) == 2
    assert len({json.dumps(f) for f in figures.values()}) == 3
    capsys.readouterr()
    assert main(["evaluate", "no such model", "--notes", str(folder)]) == 1
    assert main(["evaluate", str(home / "my-box")]) == 1
    assert "--notes SOURCE" in capsys.readouterr().err


def test_nothing_to_learn_is_told(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.wav").touch()
    with pytest.raises(NothingToLearn, match="no note could be made"):
        learn(Lesson([tmp_path / "in"], "A", tmp_path / "a", tmp_path / "work"), TrainConfig(workers=1), reports=Reports(progress=False))
    assert not list(tmp_path.glob("a.*"))


def test_a_single_note_is_enough(tmp_path):
    sf.write(tmp_path / "C3.wav", plucked(48, 0.3), 16_000)
    with counted_time(LOOK_S), pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "SMALL", Shape(width=32, note_width=32, phase_width=16))
        lesson = Lesson([tmp_path], "One", tmp_path / "one", tmp_path / "w")
        learn(lesson, TrainConfig(0.05, 3, workers=1), reports=Reports(progress=False))
        bank = NoteBank(tmp_path / "w" / "data", hold_out=False, late=True)
        model = export(tmp_path / "w" / "run" / "state.pt", bank, tmp_path / "again", "Again", {})
    assert np.isfinite(model.frames(np.zeros((1, 3)), np.array([48.0]), np.array([100.0]), np.array([0.1]))).all()


def hummingface(home, *words):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HUMMINGFACE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-m", "hummingface", *words], capture_output=True, text=True, env=environment)


def test_the_commands_of_the_instrument(folder, tmp_path, monkeypatch, capsys):
    """learn, into the library that `models` and `patches` list; resynthesise and evaluate by its name; no other model is overwritten."""
    home = tmp_path / "home"
    monkeypatch.setenv("HUMMINGFACE_HOME", str(home))

    def said(status, *words):
        assert instrument_main(list(words)) == status
        return "".join(capsys.readouterr())
    result = hummingface(home, "train", "learn", str(folder), "--name", "Box Two", "--minutes", "0.1", "--latents", "4", "--workers", "1")
    assert result.returncode == 0, result.stderr
    assert "in the library as 'Box Two'" in result.stdout and "hummingface --patch 'Box Two'" in result.stdout
    assert "Box Two" in said(0, "models")
    assert "Box Two" in said(0, "patches")
    out = tmp_path / "again.wav"
    told = said(0, "resynthesise", str(folder / "box f 057.wav"), str(out), "--model", "box two")
    assert "is A3" in told and "latents:" in told
    audio, rate_hz = sf.read(out)
    assert rate_hz == 16_000 and len(audio) == sf.info(folder / "box f 057.wav").frames and np.abs(audio).max() > 0.01
    assert "Box Two" in said(0, "train", "evaluate", "Box Two", "--notes", str(folder), "--count", "1")
    assert "no model is called" in said(1, "train", "evaluate", "Box Nine", "--notes", str(folder))
    (home / "models" / "other.safetensors").write_bytes(b"the player's own")
    assert "give another name (--name), or replace it (--replace)" in said(
        1, "train", "learn", str(folder), "--name", "other", "--minutes", "0.1")
    assert (home / "models" / "other.safetensors").read_bytes() == b"the player's own"


@pytest.mark.parametrize(("content", "words", "told"), [
    (b"no sound", (), "cannot be read as sound"), (None, (), "no such file"), ("noise", (), "--pitch"), ("silent", (), "silent"),
    ("silent", ("--pitch", "60"), "silent"),
])
def test_resynthesise_refuses_what_is_no_note(tmp_path, monkeypatch, capsys, content, words, told):
    path = tmp_path / "in.wav"
    if content == "noise":
        sf.write(path, 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    elif content == "silent":
        sf.write(path, np.zeros(16_000), 16_000)
    elif content:
        path.write_bytes(content)
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "home"))
    assert instrument_main(["resynthesise", str(path), str(tmp_path / "out.wav"), *words]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out.wav").exists()


LIMITED = """import resource, sys
from hummingface.instrument.app.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(main(["train", *sys.argv[2:]]))"""


def test_left_or_on_a_full_disk_it_loses_nothing_and_goes_on(folder, tmp_path):
    """The real process, as the window starts it: the process that started it ends; then the disk is full; then it goes on to the end."""
    home = tmp_path / "home"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HUMMINGFACE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    words = ["learn", str(folder), "--name", "Box", "--minutes", "0.12", "--latents", "4", "--background", "--tell"]

    def run(limit, leave_at):
        process = subprocess.Popen([sys.executable, "-c", LIMITED, str(limit), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=environment)
        messages = []
        for line in process.stdout:
            messages.append(json.loads(line))
            if messages[-1]["tell"] == leave_at:
                process.stdin.close()
                leave_at = ""
        process.stdin.close()
        said = process.stderr.read()
        return process.wait(), messages, said
    unlimited = 1 << 40
    status, messages, _ = run(unlimited, "model")
    assert status == 130 and messages[-1]["tell"] != "done"
    model = load_model(home / "models" / "box")
    notes = home / "work" / "learn" / "box" / "lesson.json"
    share = json.loads(notes.read_text())["share"]
    assert 0 < share < 1
    status, messages, said = run(1_000_000, "")
    assert status == 1 and messages[-1]["tell"] == "failed" and "cannot be written" in messages[-1]["text"], said
    assert load_model(home / "models" / "box").card["sha256"] == model.card["sha256"]
    assert json.loads(notes.read_text())["share"] >= share
    status, messages, said = run(unlimited, "")
    assert status == 0 and messages[-1]["tell"] == "done", said
    assert next(m for m in messages if m["tell"] == "progress")["share"] >= share, "it went on from where it was left"
    again = load_model(home / "models" / "box")
    assert again.card["sha256"] != model.card["sha256"] and again.card["run"] == model.card["run"]
    patches = list((home / "patches").glob("*.json"))
    assert len(patches) == 1
    patch = json.loads(patches[0].read_text())
    assert patch["model"]["sha256"] == again.card["sha256"] and np.allclose(patch["latents"], again.card["presets"]["Box"]["z"])


def test_keys_held_out_beside_their_neighbours(learnt, tmp_path):
    """Of neighbours that are alike, the mean at the right pitch is nearly the note; and which keys were held out is known."""
    from hummingface.train.evaluation.examine import held_out
    from hummingface.train.notes.opening import Overrides, open_source
    place = tmp_path / "keys"
    place.mkdir()
    for pitch in (58, 59, 60, 61, 62):
        sf.write(place / f"{pitch:03d}.wav", plucked(pitch, 0.3), 16_000)
    model, _ = learnt
    result = held_out(model, open_source(place, Overrides(instrument="My Box")), progress=False)
    assert result["notes"] == ["060"]                                       # 60 is a multiple of 12
    assert result["neighbours"]["ALL"]["mel"] < 2.5
    assert set(result["model"]["ALL"]) == set(result["neighbours"]["ALL"])
