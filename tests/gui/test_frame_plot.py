"""The plot of the model's frame: what it draws, and that its type follows the window."""
import numpy as np
import pytest

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.frame_plot import FLOOR_DB, FramePlot
from hummingface.models.playing.frame import BANDS, PARTIALS


@pytest.fixture
def plot(qtbot):
    made = FramePlot()
    qtbot.addWidget(made)
    made.resize(600, 200)
    made.show()
    yield made
    theme.set_scale(1200, 760)


def test_partials_stand_at_the_notes_harmonics_and_silent_ones_are_left_out(plot):
    level_db = np.full(PARTIALS, FLOOR_DB - 10)
    level_db[:3] = -20, -30, -40
    plot.show_frame(level_db, np.full(BANDS, -80.0), 220.0)
    hz, db = plot.partials
    assert hz == pytest.approx([220, 440, 660])
    assert db == pytest.approx([-20, -30, -40])
    plot.show_frame(level_db, np.full(BANDS, -80.0), 0.0)
    assert plot.partials[0].size == 0


@pytest.mark.parametrize("scale", [1.0, 1.8])
def test_type_and_room_for_it_follow_the_scale(plot, scale):
    theme.set_scale(1200 * scale, 760 * scale)
    plot.resize(round(600 * scale), round(200 * scale))
    for side, room in (("left", "minimumWidth"), ("bottom", "minimumHeight")):
        axis = plot.axis(side)
        font = axis.style["tickFont"]
        assert font.pixelSize() == theme.font("small").pixelSize() == round(theme.SIZES["small"] * scale)
        assert getattr(axis, room)() >= font.pixelSize()
