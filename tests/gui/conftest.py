"""The window on its real audio process: an untrained model, a few patches, JACK's dummy driver where jackd is installed.

Without jackd the engine runs on its silent stream, so everything here but the device's name is the same.
"""
import os
import shutil
import time

import pytest

from tests.gui.screens import USUAL
from tests.jack_server import DEFAULT, JackServer, default_server_kept, unused_name

if os.environ.get("QT_QPA_PLATFORM", "offscreen") == "offscreen":
    os.environ["QT_QPA_PLATFORM"] = USUAL
pytest.importorskip("PySide6.QtWidgets", reason="PySide6 is not installed, or a library that it needs is missing")

START_MS = 500_000          # the first start on a machine compiles
NAMES = ("Amber", "Birch", "Cedar", "Dune", "Ember")


@pytest.fixture(autouse=True)
def scale(request):
    """What is tested without the window has the size that it was drawn for, whatever size a window before it had."""
    from hummingface.instrument.gui.widgets import theme
    before = theme.scale
    if "live_window" not in request.fixturenames:
        theme.scale = 1.0
    yield
    theme.scale = before


@pytest.fixture(autouse=True)
def delete_at_once():
    """What was given up with `deleteLater` goes now, as it does where an event loop runs. Left, it would be laid out and drawn again by
    every test that follows."""
    yield
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication
    if QApplication.instance() is not None:
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """The live window ends with the tests of this folder, not with the run: its engine plays on, which takes a twentieth of a core."""
    result = yield
    if nextitem is None or nextitem.path.parent != item.path.parent:
        for server in item.session._fixturemanager.getfixturedefs("audio_server", item) or ():
            server.finish(item._request)                    # and the window, which stands on it
    return result


@pytest.fixture(scope="session")
def user_home(tmp_path_factory):
    """A user's folder with one small model and five patches. Returns the patches."""
    import random

    from hummingface.instrument.patches.parameters import FAMILY_KNOBS
    from hummingface.instrument.patches.patch import Corner, Patch, save
    from hummingface.models.playing.checkpoint import save_model
    from hummingface.models.playing.untrained import untrained
    folder = tmp_path_factory.mktemp("home")
    before = os.environ.get("HUMMINGFACE_HOME")
    os.environ["HUMMINGFACE_HOME"] = str(folder)
    model = untrained(seed=1, width=64)
    model.card["knobs"] = {f"family.kind {i:02}": {"direction": [0.1 * i] + [0.0] * (model.latents - 1)}
                           for i in range(1, FAMILY_KNOBS + 1)}
    save_model(model, folder / "models" / "test")
    chance = random.Random(1)
    points = [tuple(round(chance.uniform(-1.5, 1.5), 2) for _ in range(model.latents)) for _ in NAMES]
    patches = []
    for i, name in enumerate(NAMES):
        corners = tuple(Corner(NAMES[j], points[j]) for j in range(4)) if i < 4 else ()
        patches.append(Patch(name, model.name, points[i], {"reverb.mix": 0.0, "filter.cutoff_hz": 5000.0 + 1000 * i}, morph=corners,
                             tags=("test-wood" if i in (1, 2) else "test-fire", "test")))
        save(patches[-1], folder / "patches" / f"{name.lower()}.json")
    yield patches
    if before is None:
        os.environ.pop("HUMMINGFACE_HOME", None)
    else:
        os.environ["HUMMINGFACE_HOME"] = before


@pytest.fixture(scope="session")
def audio_server():
    """JACK with its dummy driver, or nothing."""
    if not shutil.which("jackd"):
        yield None
        return
    server = JackServer(unused_name("window-test"), 512)
    with default_server_kept():
        os.environ[DEFAULT] = server.name
        yield server.name
        server.close()


@pytest.fixture(scope="session")
def live_window(qapp, user_home, audio_server):
    """The whole instrument, ready to play, once for all."""
    from PySide6.QtTest import QTest

    from hummingface.instrument.audio.client import Client
    from hummingface.instrument.gui.widgets import theme
    from hummingface.instrument.gui.window import Window
    from hummingface.instrument.session.settings import Settings
    theme.dress(qapp)
    window = Window(Client(patch=user_home[0].to_json(), attach=False), user_home[0], Settings())
    window.client.start()
    window.show()
    end = time.monotonic() + START_MS / 1000
    while not window.engine_ready:
        QTest.qWait(50)
        assert time.monotonic() < end, "the audio process did not start"
    yield window
    window.close()
    window.deleteLater()                # or every window and dialog that follows would dress and lay it out again


@pytest.fixture(scope="module")
def still_window(qapp, user_home):
    """The window before its engine has started: nothing moves by itself."""
    from hummingface.instrument.audio.client import Client
    from hummingface.instrument.gui.widgets import theme
    from hummingface.instrument.gui.window import Window
    from hummingface.instrument.session.settings import Settings
    theme.dress(qapp)
    made = Window(Client(patch=user_home[0].to_json(), attach=False), user_home[0], Settings())
    made.timer.stop()
    made.show()
    yield made
    made.hide()
    made.deleteLater()


@pytest.fixture
def window(live_window, user_home, qtbot):
    """The window with the first patch, nothing held and nothing changed, volume and tuning at rest."""
    from hummingface.instrument.patches.parameters import PARAMETERS
    from hummingface.instrument.session.session import NOT_IN_PATCHES
    from tests.gui.player import bring_to_front, wait_for_patch
    live_window.panic()
    live_window.browser.hide()
    live_window.dialog.hide()
    live_window.spectrogram.view.freeze(False)
    live_window.session.locked.clear()
    live_window.named.turn.setChecked(False)
    live_window.middle.setCurrentWidget(live_window.spectrogram)
    live_window.panels.setCurrentIndex(0)
    live_window.session.load(user_home[0])
    live_window.session.begin_with(user_home[0], {i: PARAMETERS[i].default for i in NOT_IN_PATCHES})
    live_window.session.send_player_settings()
    live_window.qwerty.octave, live_window.qwerty.velocity = 4, 96
    bring_to_front(live_window)
    live_window.centralWidget().setFocus()
    wait_for_patch(qtbot, user_home[0].name)
    return live_window
