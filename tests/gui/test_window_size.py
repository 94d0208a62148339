"""The window and its dialogs fit the screen, whatever that is, and at any size every label can be read."""
import json

import pytest

from tests.gui.screens import run_on

LOOK = """
import json, time
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from hummingface.instrument.audio.client import Client
from hummingface.instrument.gui.controllers import layout_state
from hummingface.instrument.gui.controllers.window_size import FRAME_KNOWN_MS
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.knob import NARROWEST, Knob
from hummingface.instrument.gui.window import Window
from hummingface.instrument.patches import library
from hummingface.instrument.session.settings import Settings
app = QApplication([])
theme.dress(app)
patch = library.load_patch()
window = Window(Client(patch=patch.to_json(), attach=False), patch, Settings())
if RESTORED:
    far = Window(Client(patch=patch.to_json(), attach=False), patch, Settings())
    far.setGeometry(500, 300, 3000, 2000)
    layout_state.restore_layout(window, {"geometry": layout_state._geometry(far)})
window.show()
QTest.qWait(FRAME_KNOWN_MS + 200)
screen = window.screen().availableGeometry()
def fits(one):
    return screen.contains(one.frameGeometry()) and one.minimumSizeHint().height() <= screen.height()
def soon(condition):
    end = time.monotonic() + 5                          # a busy machine lays out when it comes to it
    while not (met := condition()) and time.monotonic() < end:
        QTest.qWait(20)
    return met
def inside():
    least = window.ground.minimumSizeHint()
    return least.width() <= window.width() and least.height() <= window.height()
def room(knob):
    label = QFontMetrics(theme.font("small", QFont.Weight.Medium)).horizontalAdvance(knob.label)
    return knob.isVisible() and knob.width() < label * NARROWEST / 100
def turn(page):
    window.named.turn.setChecked(page)
    window.panels.setCurrentIndex(page)
def cut():
    return [knob.label for page in (False, True) if not turn(page) and not QTest.qWait(50)
            for knob in window.findChildren(Knob) if room(knob)]
told = {"window": fits(window), "size": window.size().toTuple(), "cut": cut()}
window.resize(window.minimumSize())
QTest.qWait(50)
told["least"] = soon(inside)
told["cut at least"] = cut()
window.map.turn()
for large in (True, False):
    window.map.panel.large.setChecked(large)
    QTest.qWait(50)
    face = window.map.panel
    told[f"map, large: {large}"] = soon(inside)
    told[f"map is seen, large: {large}"] = soon(lambda: face.map.height() * window.devicePixelRatioF() > 60)
    told[f"legend is whole, large: {large}"] = soon(lambda: face.legend.height() >= face.legend.sizeHint().height())
window.map.turn()
window.choosing.browse()
QTest.qWait(50)
told["browser"] = fits(window.browser) and window.browser.list.height() * window.devicePixelRatioF() > 100
window.browser.hide()
window.dialog.show_devices([], [f"Interface:Port {i}" for i in range(40)])
for name, panel in (("dialog", window.dialog), ("exports", window.exports), ("touch", window.touch), ("takes", window.takes),
                    ("learning", window.recordings.panel)):
    panel.show()
    QTest.qWait(50)
    told[name] = soon(lambda: fits(panel))
    panel.hide()
print(json.dumps(told))
window.close()
"""


@pytest.mark.parametrize(("screen", "factor", "restored"), [((1024, 600), 1, True), ((1024, 600), 2, False), ((1366, 768), 1.5, False)])
def test_all_of_it_is_on_the_screen(tmp_path, screen, factor, restored):
    told = json.loads(run_on(tmp_path, screen, factor, LOOK.replace("RESTORED", str(restored))))
    size = told.pop("size")
    assert told.pop("cut") == told.pop("cut at least") == []
    assert size[0] * factor > 0.85 * min(screen[0], 1200 * factor), "and it makes use of it"
    assert told == dict.fromkeys(told, True)
