"""The velocity curve learnt from a keyboard that plays the real audio process, and what is recorded by it."""
from contextlib import suppress

import numpy as np
import pytest
from PySide6.QtTest import QTest

from hummingface.instrument.patches.velocity_curve import LINEAR, from_json, learn
from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.messages.midi import NoteOn
from hummingface.instrument.session import settings as settings_file
from tests.gui.player import LEFT, SOON_MS, sounding

STROKES = np.clip(np.round(20 + 70 * np.random.default_rng(3).beta(2, 2, 40)), 1, 127).astype(int).tolist()


@pytest.fixture
def touch(window, audio_server, qtbot):
    """The dialog, opened as a player does, once the audio process tells it of velocities."""
    if not audio_server:
        pytest.skip("jackd is not installed")
    QTest.mouseClick(window.settings_button, LEFT)
    QTest.mouseClick(window.dialog.touch, LEFT)
    assert window.touch.isVisible()
    window.dialog.show_midi({"ports": [], "open": [], "problem": "not yet"})
    window.client.send({"do": "open_midi", "ports": None})              # answered after what was asked before
    qtbot.waitUntil(lambda: window.dialog.no_ports.text() != "not yet", timeout=SOON_MS)
    yield window.touch
    window.touch._apply(LINEAR)
    window.touch.hide()


@pytest.fixture
def strike(window, touch, qtbot):
    """`strike(velocity)` strikes a key of a keyboard that the audio process listens to, until the dialog shows it."""
    import rtmidi
    keyboard = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "touch keys")
    keyboard.open_virtual_port("out")
    qtbot.waitUntil(lambda: "touch keys" in window.status.midi.toolTip(), timeout=SOON_MS)

    def strike(velocity):
        before = touch.editor._counts.sum()
        for _ in range(5):                          # JACK loses what a busy machine sends too late
            keyboard.send_message((0x90, 60, velocity))
            keyboard.send_message((0x90, 60, 0))
            with suppress(qtbot.TimeoutError):
                qtbot.waitUntil(lambda: bool(touch.editor._counts.sum() > before), timeout=SOON_MS)
                return
        raise AssertionError(f"a stroke of velocity {velocity} was never shown")
    yield strike
    keyboard.close_port()
    keyboard.delete()


def test_a_curve_is_learnt_from_a_keyboard_played_by_and_kept(window, qtbot, touch, strike, tmp_path):
    touch.ending.setInterval(600_000)
    QTest.mouseClick(touch.learn, LEFT)
    for velocity in STROKES:
        strike(velocity)
    heard = list(touch._heard)
    assert list(dict.fromkeys(heard)) == list(dict.fromkeys(STROKES)) and len(heard) >= len(STROKES)
    assert f"{len(heard)} notes" in touch.status.text()
    touch.ending.start(1)                           # as if ten seconds were over
    qtbot.waitUntil(lambda: not touch.learning, timeout=SOON_MS)
    curve = learn(heard)
    assert touch.editor.curve == curve
    kept, said = settings_file.load()
    assert said == "" and from_json(kept.velocity_curve) == curve

    takes = []
    window.recording.on_take.append(takes.append)
    window.client.send({"do": "record", "on": True, "folder": str(tmp_path), "format": "wav24"})
    qtbot.waitUntil(lambda: bool(list(tmp_path.glob("*.mid"))), timeout=SOON_MS)
    for velocity in (25, 55, 85):
        strike(velocity)
    window.note_input.press(67, 55, "mouse")             # the window's own keys are played as they are
    qtbot.waitUntil(lambda: 67 in sounding(window), timeout=SOON_MS)
    window.note_input.release(67, "mouse")
    made = window.client.telemetry().position                # a key is shown as its note is made, which is ahead of what is rendered
    qtbot.waitUntil(lambda: window.client.telemetry().position > made + 9600, timeout=SOON_MS)
    window.client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})
    qtbot.waitUntil(lambda: bool(takes), timeout=SOON_MS)
    window.recording.on_take.remove(takes.append)
    notes = [event for _, event in score.read_file(next(tmp_path.glob("*.mid"))) if isinstance(event, NoteOn)]
    assert list(dict.fromkeys(note.velocity for note in notes)) == [*(curve.table[velocity] for velocity in (25, 55, 85)), 55]
    assert curve.table[85] > 110
