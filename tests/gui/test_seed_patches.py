"""STFT models in the window: their patches are chosen, played, changed and heard like any other."""
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.gui.player import LEFT, SOON_MS, loudest_db, play, release, wait_for_patch


def choose(window, qtbot, name):
    QTest.mouseClick(window.patches.name, LEFT)
    QTest.keyClicks(window.browser.search, name)
    QTest.keyClick(window.browser.search, Qt.Key.Key_Down)
    QTest.keyClick(window.browser.search, Qt.Key.Key_Return)
    assert window.session.name == name
    wait_for_patch(qtbot, name)


def heard(window, qtbot, seconds=0.4) -> np.ndarray:
    """What is played from now on. [S]"""
    position, _ = window.client.output_since(1 << 62)
    until = position + int(seconds * 48_000)
    qtbot.waitUntil(lambda: window.client.telemetry().position >= until, timeout=SOON_MS)
    return window.client.output_since(position)[1][:, 0]


def spectrum(sound):
    return np.abs(np.fft.rfft(sound[:16_384] * np.hanning(16_384)))[:1000]


def off_harmonics(sound, key) -> float:
    """How far the strongest partial is from the nearest of the key's harmonics, relative."""
    hz, f0_hz = np.argmax(spectrum(sound)) * 48_000 / 16_384, 440 * 2 ** ((key - 69) / 12)
    return abs(hz / (f0_hz * max(round(hz / f0_hz), 1)) - 1)


@pytest.mark.parametrize(("name", "key"), [("Seed Keys", 60), ("Seed Dream", 60), ("Seed Sixty-Four", 55)])
def test_a_seed_patch_is_chosen_played_and_released(window, qtbot, name, key):
    choose(window, qtbot, name)
    play(window, qtbot, key)
    QTest.qWait(200)
    sound = heard(window, qtbot)
    assert np.abs(sound).max() > 0.003
    assert off_harmonics(sound, key) < 0.02
    release(window, key)
    qtbot.waitUntil(lambda: loudest_db(window, qtbot) < -70, timeout=SOON_MS)


def test_a_latent_that_is_turned_is_heard_in_the_sounding_note(window, qtbot):
    """And a model of one key plays others, and says so."""
    choose(window, qtbot, "Seed Sixteen")
    qtbot.waitUntil(lambda: "Seed Autoencoder 16 knows one key alone, MIDI 60" in window.banner.text.text(), timeout=SOON_MS)
    play(window, qtbot, 67)
    QTest.qWait(400)
    before = heard(window, qtbot)
    assert off_harmonics(before, 67) < 0.02
    assert np.corrcoef(spectrum(before), spectrum(heard(window, qtbot)))[0, 1] > 0.9       # it is held
    window.session.set("latent.4", -2.0 if window.session["latent.4"] > 0 else 2.0)
    qtbot.waitUntil(lambda: np.corrcoef(spectrum(before), spectrum(heard(window, qtbot)))[0, 1] < 0.8, timeout=SOON_MS)
    release(window, 67)
