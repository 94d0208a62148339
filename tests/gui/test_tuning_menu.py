"""The button that says and chooses the tuning, and scales that are dropped, without the engine."""
import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QFileDialog, QWidget

from hummingface.instrument.gui.controllers import drops
from hummingface.instrument.gui.controllers.tuning_menu import TuningMenu
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.settings import Settings
from tests import scales


class Desk(QWidget):
    """A window with the menu; what was sent, and how often the settings were saved."""

    def __init__(self):
        super().__init__()
        self.said: list[dict] = []
        self.settings, self.saves, self.banner = Settings(), 0, Banner()
        self.session = Session(self.said.append, Patch("First", "m", (0.0,) * 16))
        self.tuning = TuningMenu(self, self.session, self.settings, self.banner, self.said.append, self.saved)

    def saved(self):
        self.saves += 1


@pytest.fixture
def desk(qtbot):
    window = Desk()
    qtbot.addWidget(window)
    return window


def choose(desk, text):
    desk.tuning._fill()
    actions = {action.text(): action for action in desk.tuning.menu.actions()}
    actions[next(name for name in actions if name.startswith(text))].trigger()


def test_a_dropped_scale_tunes_the_patch_and_a_bad_one_is_told_of(desk, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(scales.write(tmp_path, "pelog")))])
    found = drops.read(data)
    assert found.kind == "tuning"
    desk.tuning.drop(found.paths)
    assert desk.session.state.patch.tuning.name == "pelog"
    assert desk.said[-1]["patch"]["tuning"]["name"] == "pelog"
    assert desk.tuning.button.text() == "pelog"
    (tmp_path / "bad.scl").write_text("bad\n2\n3/2\nx\n")
    desk.tuning.drop([tmp_path / "bad.scl"])
    assert desk.session.state.patch.tuning.name == "pelog"
    assert "bad.scl: line 4: “x” is neither" in desk.banner.text.text()
    desk.session.undo()
    assert desk.tuning.button.text() == "Equal"


def test_a_tuning_for_all_patches_is_a_setting(desk, tmp_path, monkeypatch):
    path = str(scales.write(tmp_path, "slendro"))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([path], ""))
    choose(desk, "Tune all patches")
    assert desk.said == [{"do": "tuning", "tuning": desk.settings.tuning}]
    assert desk.settings.tuning["name"] == desk.tuning.in_force() == "slendro"
    assert desk.tuning.tuned(desk.session.state.to_patch()).tuning.name == "slendro", "exports sound as it is played"
    desk.tuning.hear({"tell": "tuning", "by": "host", "name": ""})
    assert desk.tuning.button.text() == "MTS-ESP"
    desk.tuning.hear({"tell": "tuning", "by": "player", "name": "slendro"})
    choose(desk, "Forget “slendro”, that of all")
    assert desk.settings.tuning is None
    assert desk.said[-1] == {"do": "tuning", "tuning": None}
    assert desk.saves == 2
