"""The filter as a curve: its gain over frequency as the knobs say it, and as the newest voice has it now."""
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.plain_text import set_tip, tip
from hummingface.instrument.gui.widgets.section_curve import SectionCurve
from hummingface.instrument.session.sound_curves import ShownVoice, filter_db, voice_cutoff_hz

CUTOFF, RESONANCE = "filter.cutoff_hz", "filter.resonance_db"
LOWEST_DB, HIGHEST_DB = -36.0, 26.0
AT_CUTOFF_DB = -3.0             # of the filter without resonance
OCTAVES = 10                    # about those of its width
POINTS = 60


class FilterCurve(SectionCurve):
    """Its width is the travel of the cutoff."""

    def __init__(self, controls: Mapping[str, Control]) -> None:
        super().__init__(controls)
        self.setAccessibleName("Filter")
        set_tip(self, tip("Filter", "", "The bright line is the filter of the newest voice. Drag the point: cutoff and resonance."))

    def _y(self, db: float) -> float:
        area = self.area
        return area.bottom() - area.height() * (min(max(db, LOWEST_DB), HIGHEST_DB) - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB)

    def handles(self) -> dict[str, QPointF]:
        cutoff = self.controls[CUTOFF]
        x = self.area.left() + self.area.width() * cutoff.parameter.to_travel(cutoff.shown)
        return {"cutoff": QPointF(x, self._y(AT_CUTOFF_DB + self.controls[RESONANCE].shown))}

    def drag(self, handle: str, place: QPointF) -> None:
        area = self.area
        self.move_to(CUTOFF, (place.x() - area.left()) / area.width())
        db = LOWEST_DB + (area.bottom() - place.y()) / area.height() * (HIGHEST_DB - LOWEST_DB) - AT_CUTOFF_DB
        resonance = self.controls[RESONANCE]
        self.move_to(RESONANCE, resonance.parameter.to_travel(db))

    def look(self, voice: ShownVoice) -> tuple[int, ...]:
        now = self.values(moved=True)
        octaves = np.log2(voice_cutoff_hz(now, voice))
        return round(2 * self.area.width() / OCTAVES * octaves), round(2 * now[RESONANCE])

    def line(self, cutoff_hz: float, resonance_db: float) -> list[QPointF]:
        """The points of a response."""
        travel, parameter = np.linspace(0, 1, POINTS), self.controls[CUTOFF].parameter
        hz = parameter.lowest * (parameter.highest / parameter.lowest) ** travel
        return [QPointF(self.area.left() + self.area.width() * x, self._y(db))
                for x, db in zip(travel.tolist(), filter_db(hz, cutoff_hz, resonance_db).tolist(), strict=True)]

    def paint(self, painter: QPainter) -> None:
        shown = self.values()
        sounds = self.voice is not None
        self.draw(painter, self.line(shown[CUTOFF], shown[RESONANCE]), theme.WARM, 0.55 if sounds else 1.0, fills=not sounds)
        if self.voice is not None:
            now = self.values(moved=True)
            self.draw(painter, self.line(voice_cutoff_hz(now, self.voice), now[RESONANCE]), theme.COOL, fills=True)
