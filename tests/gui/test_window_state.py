"""What a window holds goes into its file and comes back, equal to the last bit; an invalid file is renamed and reported."""
import json
import os
import random
import threading
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from hummingface.instrument.gui.controllers.learnt_versions import Versions, follow
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.session import window_state
from hummingface.instrument.session.autosave import Autosave
from hummingface.instrument.session.section_locks import SECTIONS
from hummingface.instrument.session.session import LATENTS, Session
from hummingface.instrument.session.session_state import UNDO_STEPS, SessionSnapshot, SoundState
from hummingface.instrument.session.state_file import StateFile, folder
from hummingface.instrument.session.window_state import WindowState, WindowStateError, Writer, read
from hummingface.models.playing.checked_json import parse_json
from tests.hostile import TEXTS, WRONG, not_files, places, refusal, replaced


def patch(number: int, latents: int = 16) -> Patch:
    chance = random.Random(number)
    points = [tuple(chance.uniform(-4, 4) for _ in range(latents)) for _ in range(5)]
    return Patch(f"P{number} & <b>", "model", points[0], {"filter.cutoff_hz": chance.uniform(100, 9000)},
                 tuple(Corner(f"C{i}", point) for i, point in enumerate(points[1:])), gain_db=chance.uniform(-6, 6), tags=("a",),
                 blend={"Harp": chance.random(), "Oboe": 0.1})


def played(steps: int, seed: int = 1) -> Session:
    """A session in which everything was done that can be done, by chance."""
    chance, session = random.Random(seed), Session(lambda message: None, patch(0), seed=seed)
    moves = (session.rolls.randomise, session.rolls.mutate, session.undo, session.redo, session.swap,
             lambda: session.set(chance.choice(LATENTS), chance.uniform(-3, 3)), lambda: session.load(patch(chance.randrange(50))),
             lambda: session.load_new(patch(chance.randrange(50))),
             lambda: session.saved_as(session.state.to_patch().with_values(name="Mine")),
             lambda: session.put_in_corner(chance.randrange(4), "Corner", (chance.random(),) * 16),
             lambda: session.set("master.volume_db", chance.uniform(-20, 0)),
             lambda: session.lock(chance.choice((*LATENTS, *SECTIONS)), chance.random() < 0.5),
             lambda: session.copy_side(chance.choice("AB")), lambda: session.renamed(f"Named {chance.random()}"))
    for _ in range(steps):
        chance.choice(moves)()
    return session


def through(kept: WindowState) -> tuple[WindowState, int]:
    return read(parse_json(Writer().text(kept), 64 << 20))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("seed", range(5))
def test_any_session_comes_back_equal_to_the_last_bit(seed):
    session = played(400, seed)
    kept = WindowState(session.snapshot(), {"octave": 3, "open": ["takes"], "x": [1.5, None]})
    found, lost = through(kept)
    assert (found, lost) == (kept, 0)
    again = Session(lambda message: None, patch(1))
    again.restore(found.session)
    assert again.snapshot() == kept.session
    while session.can_undo:                         # every step back sounds the same
        session.undo()
        again.undo()
        assert again.state == session.state and again.dirty == session.dirty
    while session.can_redo:
        session.redo()
        again.redo()
    session.swap()
    again.swap()
    assert again.snapshot() == session.snapshot()


def test_a_writer_that_has_written_before_writes_the_same_as_a_new_one():
    writer, session = Writer(), played(50)
    for seed in range(30):
        session.set("latent.1", seed / 30)
        (session.undo if seed % 7 == 0 else session.swap if seed % 5 == 0 else session.rolls.mutate)()
        kept = WindowState(session.snapshot())
        assert read(parse_json(writer.text(kept)))[0] == kept == through(kept)[0]


def test_a_gesture_under_way_can_be_taken_back_afterwards():
    session = Session(lambda message: None, patch(0))
    session.begin("latent.1")
    session.set("latent.1", 2.0)
    again = Session(lambda message: None, patch(1))
    again.restore(through(WindowState(session.snapshot()))[0].session)
    assert again["latent.1"] == 2.0
    again.undo()
    assert again.state == SoundState.of(patch(0))
    session.end()
    assert session.snapshot().undo[-1].state == again.state, "and is one step here, too"


def test_the_history_has_an_end_and_the_file_a_size(monkeypatch):
    session = Session(lambda message: None, patch(0, 128))
    for number in range(UNDO_STEPS + 50):
        session.load(patch(number, 128))
    kept = WindowState(session.snapshot())
    assert len(kept.session.undo) == UNDO_STEPS
    whole = Writer().text(kept)
    assert len(whole) < window_state.LARGEST_BYTES
    monkeypatch.setattr(window_state, "LARGEST_BYTES", len(whole) // 3)
    short = Writer().text(kept)
    assert len(short) <= len(whole) // 3
    found = read(parse_json(short))[0]
    assert found.session.state == kept.session.state
    assert found.session.undo == kept.session.undo[-len(found.session.undo):] and found.session.undo, "the newest steps are kept"


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_state_is_put_aside_and_named(name):
    folder().mkdir(parents=True)
    (folder() / "window-1.json").write_bytes(TEXTS[name] if name != "spaces" else b" " * (20 << 20))
    file = StateFile.claim()
    found, said = file.load()
    aside = next(folder().glob("window-1.json.bad-*"))
    assert found is None and str(file.path) in said and aside.name in said
    assert file.load() == (None, ""), "it is a first start from here on"
    file.write(Writer().text(WindowState(played(5).snapshot())))
    assert file.load()[0] is not None
    file.release()


def test_what_is_no_file_is_put_aside():
    folder().mkdir(parents=True)
    for path in not_files(folder(), ".json").values():
        if path.name != "nothing.json":
            (folder() / "window-1.json").unlink(missing_ok=True)
            path.rename(folder() / "window-1.json")
            file = StateFile.claim()
            found, said = file.load()
            file.release()
            assert found is None and ("renamed to" in said or path.name == "loop.json")


def test_any_wrong_value_anywhere_is_put_aside_or_left_out():
    session = Session(lambda message: None, patch(0, 2))
    session.set("latent.1", 0.5)
    session.load(patch(1, 2))
    session.undo()
    session.swap()
    values = parse_json(Writer().text(WindowState(session.snapshot(), {"octave": 3})))
    refused = lost_some = whole = 0
    for bad in (replaced(values, place, wrong) for place in places(values) for wrong in WRONG):
        if refusal(WindowStateError, partial(read, bad)):
            refused += 1
            continue
        found, lost = read(bad)
        lost_some, whole = lost_some + (lost > 0), whole + (lost == 0)
        session.restore(found.session)
        assert session.snapshot() == found.session
        assert all(PARAMETERS[name].lowest <= value <= PARAMETERS[name].highest for name, value in found.session.state.values.items())
    assert refused > 100 and lost_some > 50 and whole > 50


def test_a_step_that_cannot_be_used_takes_nothing_else_with_it():
    session = played(60)
    kept = WindowState(session.snapshot())
    values = parse_json(Writer().text(kept))
    victim = next(pair for pair in values["undo"] if pair[0] not in (values["state"], values["saved"], *(values["other"] or ())))[0]
    values["states"][victim]["patch"] = 10 ** 6
    found, lost = read(values)
    assert lost >= 1 and found.session.state == kept.session.state
    assert len(found.session.undo) + len(found.session.redo) < len(kept.session.undo) + len(kept.session.redo)
    (folder()).mkdir(parents=True)
    (folder() / "window-1.json").write_text(json.dumps(values))
    file = StateFile.claim()
    assert "left out" in file.load()[1]
    file.release()


# Files and locks

def test_two_windows_have_a_file_each_and_the_newest_is_found_first():
    first, second = StateFile.claim(), StateFile.claim()
    assert first.path != second.path
    one, two = (WindowState(played(5, seed).snapshot()) for seed in (1, 2))
    second.write(Writer().text(two))
    first.write(Writer().text(one))
    os.utime(second.path, (1, 1))
    first.release()
    second.release()
    again = StateFile.claim()
    assert again.load()[0] == one, "what was written last"
    other = StateFile.claim()
    assert other.load()[0] == two
    third = StateFile.claim()
    assert third.load() == (None, "")
    for file in (again, other, third):
        file.release()


def test_a_full_disk_is_told_and_ends_nothing(home, monkeypatch):
    file = StateFile.claim()
    autosave = Autosave(file)
    monkeypatch.setattr("hummingface.instrument.session.state_file.replace_file",
                        lambda path, content: (_ for _ in ()).throw(OSError(28, "No space left")))
    session = played(3)
    autosave.look(WindowState(session.snapshot()))
    wait_until(lambda: "No space left" in autosave.problem and str(file.path) in autosave.problem)
    monkeypatch.undo()
    session.set("latent.1", 0.77)
    autosave.look(WindowState(session.snapshot()))
    wait_until(lambda: autosave.problem == "")
    autosave.close()
    assert read(json.loads(file.path.read_bytes()))[0].session == session.snapshot()


def test_where_nothing_can_be_written_nobody_is_kept_from_playing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path / "file"))
    file = StateFile.claim()
    assert file.load()[0] is None
    autosave = Autosave(file)
    autosave.look(WindowState(played(3).snapshot()))
    wait_until(lambda: "cannot be saved" in autosave.problem)
    autosave.close()


def test_nothing_is_written_where_nothing_has_changed():
    written = []
    file = StateFile.claim()
    file.write = lambda content: written.append(content)
    autosave, session = Autosave(file), played(20)
    for _ in range(50):
        autosave.look(WindowState(session.snapshot(), {"octave": 4}))
    autosave.look(WindowState(session.snapshot(), {"octave": 5}))
    autosave.close()
    assert 1 <= len(written) <= 2 and read(json.loads(written[-1]))[0].window == {"octave": 5}


def test_the_window_never_waits_for_the_disk():
    """A disk that never answers: looking goes on, and the newest state is the one that is written when it does."""
    gate, written = threading.Event(), []
    file = StateFile.claim()

    def write(content: bytes) -> None:
        gate.wait(60)
        written.append(content)
    file.write = write
    autosave, session = Autosave(file), played(5)
    for step in range(30):
        session.set("latent.2", step / 10 + 0.05)
        autosave.look(WindowState(session.snapshot()))
    assert not written
    gate.set()
    autosave.close()
    assert len(written) <= 2 and read(json.loads(written[-1]))[0].session == session.snapshot()


def wait_until(true) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_snapshots_of_one_session_share_what_has_not_changed():
    session = played(50)
    before = session.snapshot()
    session.set("latent.1", 0.123)
    assert isinstance(before, SessionSnapshot) and replace(before) == before
    assert session.snapshot() != before


# Models that learn on while no window is there

def test_sounds_follow_a_model_that_has_learnt_on_since(home):
    """Knobs of another version lie elsewhere in what was learnt: every sound, of the history too, is the point that it was."""
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((16, 16)))[0]
    axes = [{"middle": [0.0] * 16, "axes": np.eye(16).tolist()}, {"middle": [0.05] * 16, "axes": turn.tolist()}]
    first, second = ({"name": "Mine", "run": "r", "sha256": str(i), "axes": axes[i], "presets": {}} for i in (0, 1))
    (home / "models").mkdir(parents=True)
    (home / "models" / "mine.safetensors").write_bytes(b"")
    card = home / "models" / "mine.json"
    card.write_text(json.dumps(first))
    chance = random.Random(2)
    point = tuple(chance.uniform(-0.5, 0.5) for _ in range(16))
    session, versions = Session(lambda message: None, Patch("A", "Mine", point), seed=1), Versions()
    session.set("latent.1", 0.4)
    session.load(Patch("Other", "elsewhere", point))
    left = session.snapshot()
    kept = through(WindowState(left, {"models": versions.of(left)}))[0]
    assert follow(kept) == kept, "as long as it is the version that it was"
    card.write_text(json.dumps(second))
    assert versions.of(left) == kept.window["models"], "the window has not followed it yet"
    now = follow(kept).session
    assert now.state == left.state, "another model's is no concern of it"

    def raw(state, version):
        return np.array(axes[version]["middle"]) + np.array(state.to_patch().latents) @ np.array(axes[version]["axes"])
    for was, found in ((was.state, found.state) for was, found in zip(left.undo, now.undo, strict=True)):
        assert np.allclose(raw(was, 0), raw(found, 1), atol=1e-3) and was.to_patch().latents != found.to_patch().latents
    session.renew("Mine", lambda patch: patch)
    versions.forget("Mine")
    assert versions.of(session.snapshot())["Mine"]["sha256"] == "1"


@pytest.mark.parametrize("wrong", [*WRONG[:5], {"Mine": None}, {"Mine": {"run": "r"}}, {"Mine": {"run": "r", "axes": 3, "presets": 4}},
                                   {"Mine": {"run": "r", "axes": {"middle": [1], "axes": [[0]]}, "presets": {"x": 1}}}], ids=str)
def test_versions_that_cannot_be_used_leave_sounds_as_they_are(home, wrong):
    (home / "models").mkdir(parents=True)
    (home / "models" / "mine.safetensors").write_bytes(b"")
    (home / "models" / "mine.json").write_text(json.dumps(
        {"name": "Mine", "run": "r", "sha256": "2", "presets": {"x": {"z": [0.0] * 16}}, "axes": {"middle": [0.0], "axes": [[1.0]]}}))
    session = Session(lambda message: None, Patch("A", "Mine", (0.1,) * 16))
    kept = WindowState(session.snapshot(), {"models": wrong})
    assert follow(kept) == kept


def test_a_history_of_before_has_the_sides_and_locks_of_its_session():
    session = played(60)
    text = json.loads(Writer().text(WindowState(session.snapshot())))
    text |= {"locked": ["latent.3"], "undo": [step[:2] for step in text["undo"]], "redo": []}
    found, lost = read(text)
    assert not lost and len(found.session.undo) == len(session.snapshot().undo)
    for was, step in zip(session.snapshot().undo, found.session.undo, strict=True):
        assert (step.state, step.saved, step.locked) == (was.state, was.saved, {"latent.3"})
        assert (step.side, step.other) == (session.side, found.session.here.other)
