"""The window driven as a person would, on the real audio process: playing, and changing the sound."""
import json
import random
import zipfile

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from hummingface.instrument.gui.controllers.layout_state import layout_of
from hummingface.instrument.patches import library
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.session.dice import material
from hummingface.instrument.session.session import LATENTS
from tests.gui.player import LEFT, SOON_MS, drag, key_point, loudest_db, play, release, sounding, type_value
from tests.gui.test_takes import drop

# What the table says, and what everybody needs

def test_every_control_of_the_table_is_there(window):
    pad = window.morph.pad
    assert set(window.controls) | set(pad.objectName().split()) == set(PARAMETERS)
    for parameter_id, control in window.controls.items():
        assert control.parameter is PARAMETERS[parameter_id]
        window.reveal(parameter_id)
        assert control.isVisible()
        assert window.rect().contains(control.mapTo(window, control.rect().center()))


def test_named_knobs_stand_beside_the_latents_where_they_do_something(window, user_home):
    named, latents, session = window.named, window.latents.knobs, window.session
    at_rest = user_home[0]
    characteristics, families = ([i for i in PARAMETERS if i.startswith(kind)] for kind in ("characteristic.", "family."))
    assert len(characteristics) >= 8 and all(named.knobs[i].isVisible() for i in characteristics)
    assert all(knob.isVisible() for knob in latents.values()), "the latents stay in sight"
    QTest.mouseClick(named.turn, LEFT)
    assert all(named.knobs[i].isVisible() for i in families) and latents["latent.1"].isVisible()
    session.begin_with(at_rest.with_values(model="FluidR3 Dream"))
    assert named.knobs["family.2"].label == "Brass"
    type_value(named.knobs["family.2"], "30")
    assert session["family.2"] == pytest.approx(0.3)
    assert session.state.to_patch().parameters["family.2"] == pytest.approx(0.3)
    session.begin_with(at_rest.with_values(model="Seed Sixteen"))                   # no model of that name: nothing is known of it
    assert not any(knob.isVisible() for knob in named.knobs.values()) and not named.turn.isVisible()
    session.begin_with(at_rest.with_values(model="Seed Autoencoder 16"))            # whole notes have a course and a pitch, and no partials
    assert [i for i in named.knobs if named.knobs[i].isVisible()] == ["characteristic.attack", "characteristic.decay",
                                                                     "characteristic.vibrato"]


def test_the_marks_of_the_latents_show_what_is_played(window, user_home):
    """Where the morph pad and a family lead together, as the engine's own target has it."""
    from hummingface.instrument.performance.controls import Controls
    from hummingface.instrument.performance.latent_target import LatentTarget
    from hummingface.models.playing.knobs import with_offsets
    moved = {"morph.x": 0.3, "morph.y": 0.8, "morph.amount": 0.7, "family.3": 0.9, "characteristic.brightness": 2.0}
    window.session.load(user_home[0])
    for name, value in moved.items():
        window.session.set(name, value)
    patch, controls = window.session.state.to_patch(), Controls(0.005)
    for name, value in patch.parameters.items():
        controls.set(name, value)
    played = LatentTarget(len(patch.latents))
    played.load(patch)
    target = with_offsets(library.directions_of(patch.model), played.at(controls.goal), moved)
    for number, knob in enumerate(window.latents.knobs.values()):
        shown = knob.shown if knob.model_value is None else knob.model_value
        assert shown == pytest.approx(target[number], abs=0.006)


def test_what_knobs_do_now_is_told_when_a_patch_of_before_is_opened(window, user_home, tmp_path):
    values = user_home[0].to_json() | {"version": 3, "name": "Old", "parameters": {"characteristic.brightness": 2.0}}
    (tmp_path / "old.json").write_text(json.dumps(values))
    window.choosing.load(library.LibraryEntry("Old", tmp_path / "old.json", False))
    assert window.session["characteristic.brightness"] == 2.0
    assert "shape the sound now" in window.banner.accessibleDescription()
    window.banner.dismiss()


@pytest.mark.parametrize("size", [(1000, 500), (1000, 760), (1200, 760), (1600, 1000)])
def test_nothing_overlaps_or_falls_out_at_any_size(window, size):
    window.resize(*size)
    QTest.qWait(50)
    parts = [window.latents, window.morph, window.named, window.spectrogram, window.output, *window.panels.pages[0], window.keyboard,
             window.status]
    boxes = [p.rect().translated(p.mapTo(window, QPoint())) for p in parts]
    for i, box in enumerate(boxes):
        assert window.rect().contains(box), type(parts[i]).__name__
        assert not any(box.intersects(other) for other in boxes[i + 1:])
    for parameter_id, control in window.controls.items():
        window.reveal(parameter_id)
        assert control.height() >= control.minimumSizeHint().height()
    window.resize(1200, 760)


# Playing

def test_a_key_sounds_lights_up_and_ends(window, qtbot):
    play(window, qtbot, 60)
    qtbot.waitUntil(lambda: window.keyboard.velocities[60] > 0, timeout=SOON_MS)
    assert window.client.telemetry().voices >= 1
    assert loudest_db(window, qtbot) > -60
    release(window, 60)
    qtbot.waitUntil(lambda: not sounding(window), timeout=SOON_MS)


def test_the_front_edge_plays_louder(window, qtbot):
    heard = []
    for depth in (0.1, 0.95):
        QTest.mousePress(window.keyboard, LEFT, pos=key_point(window, 64, depth))
        qtbot.waitUntil(lambda: 64 in sounding(window), timeout=SOON_MS)
        heard.append(sounding(window)[64])
        QTest.mouseRelease(window.keyboard, LEFT, pos=key_point(window, 64, depth))
        window.panic()
        qtbot.waitUntil(lambda: not sounding(window), timeout=SOON_MS)
    assert heard[0] < 50 < 110 < heard[1]


def test_computer_keys_play_wherever_the_focus_is(window, qtbot):
    knob = window.controls["filter.cutoff_hz"]
    knob.setFocus()
    QTest.keyPress(knob, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: 60 in sounding(window), timeout=SOON_MS)
    QTest.keyRelease(knob, Qt.Key.Key_A)
    QTest.keyClick(knob, Qt.Key.Key_X)
    QTest.keyPress(knob, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: 72 in sounding(window), timeout=SOON_MS)
    assert "C5" in window.status.keys.text()
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
    assert window.note_input.held == set()
    qtbot.waitUntil(lambda: not sounding(window), timeout=SOON_MS)


def test_panic_is_silence(window, qtbot):
    for note in (48, 55, 60, 64):
        window.note_input.press(note, 100, "test")
    qtbot.waitUntil(lambda: len(sounding(window)) == 4, timeout=SOON_MS)
    QTest.mouseClick(window.status.panic, LEFT)
    qtbot.waitUntil(lambda: not sounding(window) and window.client.telemetry().voices == 0, timeout=SOON_MS)
    assert window.note_input.held == set()


# Changing the sound

def test_turning_the_volume_is_heard(window, qtbot):
    play(window, qtbot, 57)
    loud = loudest_db(window, qtbot)
    type_value(window.controls["master.volume_db"], "-60")
    qtbot.waitUntil(lambda: loudest_db(window, qtbot) < loud - 45, timeout=SOON_MS)
    release(window, 57)


def test_dragging_typing_and_undoing_a_knob(window):
    cutoff = window.controls["filter.cutoff_hz"]
    middle = cutoff.rect().center()
    drag(cutoff, middle, middle + QPoint(0, 60))
    dragged = window.session["filter.cutoff_hz"]
    assert dragged < 1000
    type_value(cutoff, "1.2k")
    assert window.session["filter.cutoff_hz"] == 1200
    assert window.patches.name.dirty
    for value in (dragged, 5000):
        QTest.mouseClick(window.patches.undo, LEFT)
        assert window.session["filter.cutoff_hz"] == pytest.approx(value)
        assert cutoff.shown == pytest.approx(value)
    assert not window.patches.undo.isEnabled()
    QTest.mouseClick(window.patches.redo, LEFT)
    assert window.session["filter.cutoff_hz"] == pytest.approx(dragged)


def test_morphing_by_mouse_and_keys_shows_where_the_model_goes(window, qtbot):
    pad = window.morph.pad
    play(window, qtbot, 60)
    drag(pad, pad.rect().center(), QPoint(pad.width() - 30, pad.height() // 2))
    assert window.session["morph.x"] > 0.85
    assert window.session["morph.amount"] == 1
    corners = window.session.corners
    expected = (corners[1].latents[0] + corners[3].latents[0]) / 2
    assert window.session.model_latents()[0] == pytest.approx(expected, abs=0.3)
    assert window.latents.knobs["latent.1"].model_value == pytest.approx(window.session.model_latents()[0])
    pad.setFocus()
    QTest.keyClick(pad, Qt.Key.Key_Home)
    assert (window.session["morph.x"], window.session["morph.y"]) == (0.5, 0.5)
    QTest.keyClick(pad, Qt.Key.Key_Up)
    assert window.session["morph.y"] == pytest.approx(0.55)
    QTest.mouseClick(window.patches.undo, LEFT)
    assert window.session["morph.y"] == 0.5
    assert 60 in sounding(window)
    release(window, 60)


def test_a_corner_takes_another_sound(window):
    QTest.mouseClick(window.morph.pad, LEFT, pos=window.morph.pad._text_boxes()[3].center().toPoint())
    assert window.browser.isVisible()
    QTest.keyClicks(window.browser.search, "ember")
    QTest.keyClick(window.browser.search, Qt.Key.Key_Return)
    assert [c.name for c in window.session.corners] == ["Amber", "Birch", "Cedar", "Ember"]


def test_a_patch_that_cannot_be_read_is_told_of(window):
    bad = library.user_folder("patches") / "broken.json"
    bad.parent.mkdir(parents=True, exist_ok=True)
    bad.write_text("{")
    try:
        QTest.mouseClick(window.patches.name, LEFT)
        assert window.browser.isVisible()
        assert "broken.json" in window.banner.text.text()
    finally:
        bad.unlink()
        window.browser.close()
        window.banner.dismiss()


def test_randomise_goes_as_far_as_its_slider_says(window, monkeypatch):
    monkeypatch.setattr(window.session.rolls, "_random", random.Random(1))
    window.latents.knobs["latent.2"].setFocus()
    QTest.keyClick(window.latents.knobs["latent.2"], Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    before = [window.session[i] for i in LATENTS]

    def rolled(amount):
        window.latents.amount.setValue(amount)
        QTest.mouseClick(window.latents.randomise, LEFT)
        after = [window.session[i] for i in LATENTS]
        assert after[1] == before[1], "locked"
        assert sum(a != b for a, b in zip(after, before, strict=True)) == 15
        assert [k.shown for k in window.latents.knobs.values()] == pytest.approx(after)
        name = window.patches.name.text()
        assert window.patches.name.dirty and name not in [entry.name for entry in library.patches()]
        QTest.mouseClick(window.patches.undo, LEFT)
        assert [window.session[i] for i in LATENTS] == before and window.patches.name.text() == "Amber"
        return name, max(abs(a - b) for a, b in zip(after, before, strict=True))
    (near, step), (far, leap) = rolled(0), rolled(100)
    presets = {preset.name for preset in material(window.session.state.patch.model, 16).presets}
    assert near == "Amber, varied" and {part.removesuffix(", varied") for part in far.split(" × ")} <= presets
    assert step < 1.2 < leap
    assert layout_of(window)["amount"] == 100


def test_latents_mutate_and_reset(window, monkeypatch):
    """As far as the slider beside Mutate says."""
    monkeypatch.setattr(window.session.rolls, "_random", random.Random(1))
    before = [window.session[i] for i in LATENTS]

    def moved(mutation):
        if mutation is not None:
            window.latents.mutation.setValue(mutation)
        QTest.mouseClick(window.latents.mutate, LEFT)
        steps = [abs(window.session[i] - z) for i, z in zip(LATENTS, before, strict=True)]
        QTest.mouseClick(window.latents.reset, LEFT)
        assert [window.session[i] for i in LATENTS] == before
        return np.sqrt(np.mean(np.square(steps)))
    usual, little, much = moved(None), moved(1), moved(100)
    assert 0 < little < 0.03 and 0.1 < usual < 0.45 and 0.5 < much < 1.7
    assert layout_of(window)["mutation"] == 100
    window.latents.mutation.setValue(25)


def test_latents_say_what_they_mostly_do(window):
    assert {knob.word for knob in window.latents.knobs.values()} == {None}, "nothing is known of this model's"
    window.session.load(library.load_patch("Evening Grand"))
    words = library.latent_labels_of("FluidR3 Atlas")
    assert "sharp" in words
    assert [knob.word for knob in window.latents.knobs.values()] == words
    knob = window.latents.knobs[f"latent.{words.index('sharp') + 1}"]
    assert knob.accessibleName() == f"Latent {words.index('sharp') + 1}, sharp" and "sharp" in knob.hint()


def test_a_preset_that_words_found_is_a_sound_that_is_not_saved_yet(window):
    QTest.mouseClick(window.patches.name, LEFT)
    QTest.keyClicks(window.browser.search, "sitar")
    row = next(i for i, entry in enumerate(window.browser.shown) if entry.preset == "Sitar")
    window.browser.list.setCurrentIndex(window.browser.list.model().index(row, 0))
    QTest.keyClick(window.browser.search, Qt.Key.Key_Return)
    assert (window.session.name, window.session.state.patch.model, window.patches.name.dirty) == ("Sitar", "FluidR3 Atlas", True)
    QTest.mouseClick(window.patches.undo, LEFT)
    assert window.session.name == "Amber"


# The picture

def test_the_spectrogram_runs_freezes_and_shows_the_frame(window, qtbot):
    from hummingface.instrument.offline.spectra import row_of_frequency
    view = window.spectrogram.view
    window.session.set("character.noise_db", -40.0)                                      # an untrained model hisses
    window.session.set("reverb.mix", 0.0)
    play(window, qtbot, 69)

    def newest_levels():
        return view._visible_levels()[:, -10:].max(axis=1)
    qtbot.waitUntil(lambda: newest_levels().max() > 30, timeout=SOON_MS)                 # of 255
    a4 = pytest.approx(float(row_of_frequency(440, view._height)), abs=4)
    qtbot.waitUntil(lambda: int(newest_levels().argmax()) == a4, timeout=SOON_MS)        # past the onset
    QTest.mouseClick(view, LEFT, pos=view.rect().center())
    assert view.frozen
    assert window.spectrogram.freeze.isChecked()
    still = view.grab().toImage()
    QTest.qWait(300)
    assert view.grab().toImage() == still
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert not view.frozen
    QTest.mouseClick(window.spectrogram.frame, LEFT)
    plot = window.spectrogram.plot
    qtbot.waitUntil(lambda: len(plot.partials[0]) > 3 and abs(plot.partials[0][0] - 440) < 3, timeout=SOON_MS)
    assert plot.isVisible()
    assert not view.isVisible()
    QTest.mouseClick(plot, LEFT, pos=plot.rect().center())
    assert window.spectrogram.freeze.isChecked()
    still = plot.partials[0]
    release(window, 69)
    play(window, qtbot, 60)
    QTest.qWait(200)
    assert list(plot.partials[0]) == list(still)
    QTest.keyClick(plot, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(plot.partials[0]) > 3 and abs(plot.partials[0][0] - 261.6) < 3, timeout=SOON_MS)
    release(window, 60)
    QTest.mouseClick(window.spectrogram.sound, LEFT)


def test_a_bank_dropped_on_the_window_goes_into_the_library(window, tmp_path, qtbot):
    bank, flute = tmp_path / "two.zip", library.load_patch("River Flute")
    mine = [flute.with_values(name=name) for name in ("From a Bank", "From It, Too")]
    with zipfile.ZipFile(bank, "w") as packed:
        for patch in mine:
            packed.writestr(f"{patch.name}.json", json.dumps(patch.to_json()))
    playing = window.session.name
    drop(window, bank)
    try:
        qtbot.waitUntil(lambda: window.browser.banner.text.text() == "2 patches imported.", timeout=SOON_MS)
        assert window.browser.isVisible()
        assert window.browser.selected.name == "From a Bank" and window.session.name == playing
    finally:
        window.browser.close()
        for patch in mine:
            library.own_patch(patch.name).path.unlink()
