"""The curves above the knobs: the laws that they draw are the engine's, handles move the knobs as one gesture, the dot is where the newest
voice is."""
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.panels.control_panel import ControlPanel
from hummingface.instrument.gui.widgets.envelope_curve import ATTACK, DECAY, RELEASE, SUSTAIN
from hummingface.instrument.gui.widgets.filter_curve import CUTOFF, RESONANCE
from hummingface.instrument.performance import controls as numbers
from hummingface.instrument.performance.rows import partial_gains
from hummingface.instrument.performance.voices import voice_laws
from hummingface.instrument.session.newest_voice import NewestVoice
from hummingface.instrument.session.sound_curves import (
    RELEASE_DB,
    ShownVoice,
    envelope,
    filter_db,
    filter_fall,
    voice_cutoff_hz,
)

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot):
    made = ControlPanel()
    qtbot.addWidget(made)
    made.resize(1200, 170)
    made.show()
    return made


def curve_of(panel, heading):
    return next(section.curve for section in panel.sections if section.heading.text() == heading)


def test_the_envelope_is_the_engines(monkeypatch):
    controls = np.zeros(200)
    controls[numbers.ATTACK], controls[numbers.DECAY], controls[numbers.SUSTAIN], controls[numbers.FILTER_DECAY] = 0.05, 0.3, 0.4, 0.2
    monkeypatch.setattr(voice_laws, "move_course", lambda row, v, controls: None)
    monkeypatch.setattr(voice_laws, "attack_s_of", lambda controls: controls[numbers.ATTACK])
    v = SimpleNamespace(stage=1, decaying=0, envelope=0.0, filter_envelope=1.0, level_db=0.0, level_goal_db=0.0)
    step_s = 1 / 8192
    for step in range(1, 4000):
        voice_laws.move_envelopes.py_func(SimpleNamespace(dt_s=step_s), v, controls)
        if step % 100 == 0:
            assert v.envelope == pytest.approx(float(envelope(step * step_s, 0.05, 0.3, 0.4)), abs=0.004)
            assert v.filter_envelope == pytest.approx(filter_fall(step * step_s, 0.2))


def test_the_filter_is_the_engines():
    for cutoff_hz, resonance_db in ((300.0, 0.0), (2000.0, 12.0), (9000.0, 24.0)):
        controls = np.zeros(200)
        controls[numbers.RESONANCE] = resonance_db
        damping = np.float32(voice_laws.filter_damping.py_func(controls))
        for hz in (30.0, 250.0, 2000.0, 2100.0, 15_000.0):
            power = partial_gains._low_pass.py_func(np.float32(hz / cutoff_hz), damping)
            assert float(filter_db(hz, cutoff_hz, resonance_db)) == pytest.approx(10 * np.log10(power), abs=0.01)
    from hummingface.instrument.performance.rows import group_motion
    assert pytest.approx(RELEASE_DB) == group_motion.RELEASE_DB


def test_a_voices_cutoff_is_the_engines():
    values = {"filter.cutoff_hz": 800.0, "filter.tracking": 0.7, "filter.envelope": 3.0, "filter.decay_s": 0.5, "filter.velocity": 2.0}
    controls = np.zeros((1, 200))
    for name, number in (("filter.cutoff_hz", numbers.CUTOFF), ("filter.tracking", numbers.TRACKING),
                         ("filter.envelope", numbers.FILTER_ENVELOPE), ("filter.velocity", numbers.FILTER_VELOCITY)):
        controls[0, number] = values[name]
    v = SimpleNamespace(filter_envelope=filter_fall(0.1, 0.5), filter_velocity=100, line=0)
    channels = np.full((1, 40), 0.5)
    row = SimpleNamespace(control=0, pitch=72.0)
    expected = voice_laws.cutoff_hz_of.py_func(row, v, 0.0, SimpleNamespace(controls=controls, channels=channels))
    assert voice_cutoff_hz(values, ShownVoice(72, 72.0, 100, 0.1)) == pytest.approx(expected)


@pytest.mark.parametrize(("heading", "handle", "moves"), [("ENVELOPE", "attack", {ATTACK}), ("ENVELOPE", "decay", {DECAY, SUSTAIN}),
                                                          ("ENVELOPE", "release", {RELEASE}), ("FILTER", "cutoff", {CUTOFF, RESONANCE})])
def test_a_handle_moves_its_knobs_in_one_gesture_and_stays_under_the_pointer(panel, qtbot, heading, handle, moves):
    curve, told = curve_of(panel, heading), []
    for control in curve.controls.values():
        control.gesture_began.connect(lambda name: told.append("begin"))
        control.moved.connect(lambda name, value: told.append(name))
        control.gesture_ended.connect(lambda: told.append("end"))
    at = curve.handles()[handle].toPoint()
    qtbot.mousePress(curve, LEFT, pos=at)
    to = QPoint(min(max(at.x() + (-8 if handle == "release" else 9), 5), curve.width() - 5), at.y() + (9 if len(moves) > 1 else 0))
    if handle == "cutoff":
        to = QPoint(at.x() - 14, at.y() - 6)
    qtbot.mouseMove(curve, to)
    qtbot.mouseRelease(curve, LEFT, pos=to)
    assert (told[0], told[-1]) == ("begin", "end")
    assert set(told[1:-1]) == moves
    assert (curve.handles()[handle] - to.toPointF()).manhattanLength() < 2.5


def test_the_dot_follows_the_newest_voice(panel):
    curve = curve_of(panel, "ENVELOPE")
    for name, value in ((ATTACK, 0.1), (DECAY, 1.0), (SUSTAIN, 0.5)):
        curve.controls[name].show_value(value)
    held = {60}
    newest = NewestVoice(lambda: held)

    def see(now_s, *keys):
        notes = tuple(90 if key in keys else 0 for key in range(128))
        panel.show_voice(newest.see(Telemetry(notes=notes, f0_hz=261.6), now_s))
        return curve.place_of(curve.voice) if curve.voice is not None else None
    area = curve.area
    assert see(1.0) is None
    assert see(2.0, 60).y() == pytest.approx(area.bottom())
    assert see(2.05, 60).y() == pytest.approx(area.center().y())
    top = see(2.1, 60)
    assert top.y() == pytest.approx(area.top(), abs=0.1)
    assert top.x() == pytest.approx(curve.handles()["attack"].x(), abs=0.1)
    rests = see(9.0, 60)
    assert rests.y() == pytest.approx(area.center().y(), abs=0.1)
    held.clear()
    see(9.1, 60)
    falls = see(9.2, 60)
    assert falls.x() > rests.x()
    assert falls.y() > rests.y()
    assert see(9.3, 60, 64).y() == pytest.approx(area.bottom()), "a newer one"
    assert see(9.4) is None


def test_a_drag_is_one_undo_step(still_window, qtbot):
    session, curve = still_window.session, curve_of(still_window.panels, "ENVELOPE")
    before = session[DECAY], session[SUSTAIN]
    at = curve.handles()["decay"].toPoint()
    qtbot.mousePress(curve, LEFT, pos=at)
    for step in range(1, 6):
        qtbot.mouseMove(curve, at + QPoint(-step, step))
    qtbot.mouseRelease(curve, LEFT, pos=at + QPoint(-5, 5))
    assert session[DECAY] != before[0]
    assert session[SUSTAIN] != before[1]
    session.undo()
    assert (session[DECAY], session[SUSTAIN]) == before
