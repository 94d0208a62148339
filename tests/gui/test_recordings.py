"""New sounds from recordings, in the window on its real processes: one becomes a sound, a folder is learnt while one plays on."""
import os
import signal
import time

import numpy as np
import pytest
import soundfile as sf
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtTest import QTest

from hummingface.instrument.patches import learnt_models, library
from tests.gui.player import sounding
from tests.gui.test_takes import drop

PATIENCE_S = 240            # a helper imports torch, on a machine that may do much else
RATE_HZ = 16_000


def wait(condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        QTest.qWait(20)


def plucked(pitch):
    t = np.arange(RATE_HZ) / RATE_HZ
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    sound = sum(np.cos(2 * np.pi * f0 * k * t) * np.exp(-t * (2 + k)) / k for k in range(1, 7)) * np.minimum(1, t * 500)
    return np.pad(0.3 * sound, (RATE_HZ // 10, 0))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with five recordings."""
    folder = tmp_path_factory.mktemp("recordings") / "Little box"
    folder.mkdir()
    for pitch in (48, 52, 57, 60, 64):
        sf.write(folder / f"box {pitch:03d}.wav", plucked(pitch), RATE_HZ)
    return folder


@pytest.fixture(scope="module", autouse=True)
def leave_nothing():
    """What is saved here is gone when other tests browse."""
    folders = [library.user_folder(kind) for kind in ("patches", "models")]
    before = {path for folder in folders for path in folder.glob("*")}
    yield
    for path in {path for folder in folders for path in folder.glob("*")} - before:
        path.unlink()


def test_a_recording_becomes_a_sound_that_is_played_undone_and_saved(window, place, user_home):
    before = window.session.name
    assert drop(window, place / "box 057.wav")
    assert "Listening to box 057.wav" in window.banner.text.text()
    wait(lambda: window.session.name != before)
    patch = window.session.state.patch
    assert patch.name == "box 057" and patch.model == user_home[0].model and any(patch.latents)
    assert "A3" in window.banner.text.text(), "the pitch that was found is shown"
    assert [(one.name, one.places, len(one.notes)) for one in patch.recordings] == [("box 057", ("knobs",), 1)]
    likeness = window.morph.likeness
    assert not likeness.dimmed and "Of box 057" in likeness.tip()
    assert window.session.dirty and "box 057" not in [entry.name for entry in library.patches()], "on no disk until it is saved"
    window.note_input.press(57, 100, "test")
    wait(lambda: 57 in sounding(window))
    window.note_input.release(57, "test")
    window.session.undo()
    assert window.session.name == before and not window.session.dirty
    window.session.redo()
    window.choosing.save("box 057", patch.tags)
    assert not window.session.dirty and "box 057" in [entry.name for entry in library.patches()]
    window.recordings.new_sound.make(place / "box 057.wav")
    wait(lambda: window.session.name == "box 057 2")


def test_several_dropped_together_are_one_sound(window, place):
    assert drop(window, *sorted(place.iterdir())[:3])
    wait(lambda: window.session.name == "box" and not window.recordings.new_sound.busy)
    (recording,) = window.session.state.patch.recordings
    assert [round(note.pitch) for note in recording.notes] == [48, 52, 57]
    assert "3 recordings, C3 to A3" in window.banner.text.text()
    wait(lambda: window.client.patch["name"] == "box")
    assert len(window.client.patch["recordings"][0]["notes"]) == 3, "the engine has them"


def test_one_dropped_on_a_corner_of_the_pad_is_the_corners_sound(window, place):
    window.session.load(window.session.state.patch.with_values(name="Plain", recordings=(), morph=()))
    assert window.morph.likeness.dimmed and "drop one" in window.morph.likeness.tip()
    pad = window.morph.pad
    corner = QPointF(pad.mapTo(window, QPoint(pad.width() - 8, 8)))
    assert drop(window, place / "box 064.wav", at=corner)
    wait(lambda: window.session.corners)
    assert [c.name for c in window.session.corners] == ["Plain", "Plain", "Plain", "box 064"]
    assert [(one.name, one.places) for one in window.session.state.patch.recordings] == [("box 064", ("top right",))]
    assert "top right" in window.banner.text.text() and window.session.name == "Plain"
    assert not window.morph.likeness.dimmed
    pad.move_to(1.0, 1.0)
    window.note_input.press(64, 100, "test")
    wait(lambda: 64 in sounding(window))
    window.note_input.release(64, "test")
    window.session.undo()
    window.session.undo()
    assert not window.session.corners and not window.session.state.patch.recordings


def test_what_cannot_be_used_is_said_and_changes_nothing(window, place, tmp_path):
    sf.write(tmp_path / "silent.wav", np.zeros(RATE_HZ), RATE_HZ)
    (tmp_path / "text.txt").write_text("words")
    before = window.session.state
    for name, why in (("silent.wav", "silent"), ("text.txt", "cannot be read as sound")):
        assert drop(window, tmp_path / name)
        wait(lambda why=why: window.banner.problem and why in window.banner.text.text())
        assert name in window.banner.text.text() and window.session.state == before
    helper = window.recordings.new_sound.helper
    assert drop(window, place / "box 060.wav")
    os.kill(helper.pid, signal.SIGKILL)
    wait(lambda: "stopped" in window.banner.text.text())
    assert window.session.state == before and not window.recordings.new_sound.busy


def test_a_folder_is_learnt_played_meanwhile_killed_and_gone_on_with(window, place, monkeypatch):
    monkeypatch.setattr(learnt_models, "MINUTES", 0.2)
    learning = window.recordings.learning
    assert drop(window, place)
    assert learning.active and learning.job.name == "Little box" and window.recordings.panel.isVisible()
    wait(lambda: window.session.name == "Little box recordings")
    (recording,) = window.session.state.patch.recordings
    assert len(recording.notes) == 5 and learning.active and not learning.playable, "some recordings are a sound before any is learnt"
    wait(lambda: learning.playable)
    assert learning.picture.target.shape == learning.picture.learnt.shape and learning.share > 0
    assert "Learning" in window.recordings.button.text() and "left" in window.recordings.panel.state.text()
    learning.play()
    assert window.session.state.patch.model == "Little box" and window.session.name == "Little box"
    window.note_input.press(60, 100, "test")
    wait(lambda: 60 in sounding(window))
    os.kill(learning.helper.pid, signal.SIGKILL)
    wait(lambda: not learning.active)
    assert learning.state == "failed" and "kept" in window.recordings.panel.problem.text()
    assert 0 < learning.job.share < 1 and learnt_models.job_for(place) == learning.job
    sha256 = learnt_models.card_of("Little box")["sha256"]
    window.recordings.panel.go_on.click()
    wait(lambda: learning.state == "done")
    card = learnt_models.card_of("Little box")
    assert card["sha256"] != sha256 and window.session.state.patch.model_sha256 == card["sha256"], "better versions replace it"
    assert 60 in sounding(window), "and notes go on"
    assert np.allclose(window.session.state.to_patch().latents, np.clip(card["presets"]["Little box"]["z"], -4, 4), atol=1e-3)
    window.note_input.release(60, "test")
    window.recordings.panel.hide()


def test_a_folder_without_notes_is_told(window, tmp_path):
    (tmp_path / "empty").mkdir()
    learning = window.recordings.learning
    assert drop(window, tmp_path / "empty")
    wait(lambda: not learning.active)
    assert "no recordings" in learning.problem and learning.state == "failed" and not learning.playable
    window.recordings.panel.hide()
