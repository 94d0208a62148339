"""The map in its place: dots appear, also that of the player's own patch, which a real helper process places; hands and keys."""
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.controllers.hover_audition import DWELL_MS
from hummingface.instrument.gui.controllers.map_face import MapFace
from hummingface.instrument.gui.controllers.patch_choosing import PatchChoosing
from hummingface.instrument.gui.panels.patch_bar import PatchBar
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.family_mark import MARKS
from hummingface.instrument.gui.widgets.morph_pad import MorphPad
from hummingface.instrument.patches import library
from hummingface.instrument.session.session import Session
from tests.gui.player import LEFT, drag

PLACED_MS = 400_000                     # on a busy machine
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Middle(QStackedWidget):
    """The middle of a window, without the window."""

    def __init__(self):
        super().__init__()
        self.session = Session(lambda _message: None, library.load_patch("Evening Grand"))
        self.first, self.beside, self.voices = QLabel("first"), QWidget(), 0
        self.addWidget(self.first)
        choosing = PatchChoosing(self, self.session, PatchBar(self.session), MorphPad(self.session), Banner())
        self.face = MapFace(self, (self.beside,), self.session, choosing, Banner(), lambda: Telemetry(voices=self.voices))
        self.map = self.face.map

    def point(self, name, beside=(0, 0)) -> QPoint:
        return self.map.pixel_of(self.dot(name).at).toPoint() + QPoint(*beside)

    def dot(self, name):
        return next(dot for dot in self.map.dots if dot.entry.name == name)


@pytest.fixture(scope="module")
def made(qapp, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HUMMINGFACE_HOME", str(tmp_path_factory.mktemp("home")))
        theme.dress(qapp)
        middle = Middle()
        middle.resize(900, 460)
        middle.move(2000, 20)               # beside a window of tests before: moves of the pointer would go there
        middle.show()
        yield middle
        middle.face.close()
        middle.close()


@pytest.fixture
def middle(made, qtbot):
    made.face.show()
    qtbot.waitUntil(lambda: len(made.map.dots) > 0, timeout=60_000)
    made.session.load(library.load_patch("Evening Grand"))
    made.session.begin_with(library.load_patch("Evening Grand"))
    made.voices = 0
    made.map._go_to(None)
    return made


def test_the_factorys_sounds_are_there_and_a_click_loads_one(middle):
    assert len(middle.map.dots) == len(library.patches()) + len(library.presets())
    assert {dot.family for dot in middle.map.dots} - MARKS.keys() <= {"generated"} and len(set(MARKS.values())) == len(MARKS)
    assert middle.map.playing is middle.dot("Evening Grand")
    QTest.mouseMove(middle.map, middle.point("River Flute"))
    assert middle.map.pointed is middle.dot("River Flute")
    assert middle.face.panel.note.text() == "River Flute, pipe, factory patch of FluidR3 Atlas"
    QTest.mouseClick(middle.map, LEFT, pos=middle.point("River Flute"))
    assert middle.session.name == "River Flute" and middle.map.playing is middle.dot("River Flute")
    middle.session.undo()
    assert middle.session.name == "Evening Grand"


def test_a_drag_travels_and_is_one_undo_step(middle):
    before, picture = middle.session.state, middle.map.grab().toImage()
    drag(middle.map, middle.point("Grand Piano", (12, 9)), middle.point("Church Organ"))
    after = middle.session.state
    wanted = library.open_entry(middle.dot("Church Organ").entry)
    assert middle.session.name == "Evening Grand" and not after.same_sound(before)
    assert [after.values[f"latent.{i + 1}"] for i in range(16)] == pytest.approx(wanted.latents, abs=0.3), "as near as a pixel is"
    assert middle.map.puck is not None and middle.map.grab().toImage() != picture
    middle.session.undo()
    assert middle.session.state.same_sound(before) and not middle.session.can_undo and middle.map.puck is None


def test_keys_go_from_dot_to_dot_load_and_travel(middle):
    QTest.keyClick(middle.map, Qt.Key.Key_Home)
    here = middle.map.pointed
    assert here is middle.dot("Evening Grand")
    QTest.keyClick(middle.map, Qt.Key.Key_Left)
    there = middle.map.pointed
    assert there.at[0] < here.at[0] and there.what in middle.map.accessibleDescription()
    QTest.keyClick(middle.map, Qt.Key.Key_Return)
    assert middle.session.name == there.entry.name
    QTest.keyClick(middle.map, Qt.Key.Key_Right, SHIFT)
    x, y = middle.map.puck
    assert (x, y) == pytest.approx((middle.map.playing.at[0] + 0.05, middle.map.playing.at[1])) and middle.session.dirty
    middle.session.undo()
    assert not middle.session.dirty


def test_a_sound_is_heard_under_a_resting_pointer_while_nothing_else_sounds(middle, qtbot):
    """By a real helper, which is asked for nothing while a voice sounds."""
    audition = middle.face.audition
    middle.voices = 1
    QTest.mouseMove(middle.map, middle.point("River Flute"))
    qtbot.wait(2 * DWELL_MS)
    assert audition.helper is None
    middle.voices = 0
    QTest.mouseMove(middle.map, middle.point("Silk Strings"))
    qtbot.waitUntil(lambda: audition.helper is not None and audition.helper.running)
    middle.face.panel.hear.setChecked(False)
    assert audition.helper is None, "and gone"
    QTest.mouseMove(middle.map, middle.point("River Flute"))
    qtbot.wait(2 * DWELL_MS)
    assert audition.helper is None
    middle.face.panel.hear.setChecked(True)


def test_a_large_map_takes_the_place_of_others(middle):
    assert middle.beside.isHidden()
    middle.face.make_room()
    assert not middle.beside.isHidden() and not middle.face.panel.large.isChecked()
    middle.face.panel.large.setChecked(True)
    QTest.mouseClick(middle.face.panel.back, LEFT)
    middle.face.turn()
    assert middle.currentWidget() is middle.first and not middle.beside.isHidden()


def test_the_players_own_patch_is_placed_by_a_helper_and_marked(middle, qtbot):
    flute = library.load_patch("River Flute").with_values(name="Mine", parameters={"filter.cutoff_hz": 9000.0})
    library.save_patch(flute)
    middle.session.saved_as(flute)
    qtbot.waitUntil(lambda: any(dot.own for dot in middle.map.dots), timeout=PLACED_MS)
    mine = middle.dot("Mine")
    assert middle.map.playing is mine and "yours" in middle.face.panel.legend.names and mine.what.endswith("your patch of FluidR3 Atlas")
    flute_at = middle.dot("River Flute").at
    assert abs(mine.at[0] - flute_at[0]) + abs(mine.at[1] - flute_at[1]) < 0.4 and not middle.face.task.running
