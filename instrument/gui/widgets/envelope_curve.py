"""The amplitude envelope as a curve: attack, decay, sustain and release, with a dot where the newest voice is."""
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPen

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.control import Control
from hummingface.instrument.gui.widgets.plain_text import set_tip, tip
from hummingface.instrument.gui.widgets.section_curve import SectionCurve
from hummingface.instrument.session.sound_curves import USUAL_RELEASE_S, ShownVoice, envelope, released

ATTACK, DECAY, SUSTAIN, RELEASE = "envelope.attack_s", "envelope.decay_s", "envelope.sustain", "envelope.release"
SHARE = 0.28                    # of the width, for each of attack, decay and release at their longest; the rest is the sustain's
POINTS = 24                     # of a part that is bent


class EnvelopeCurve(SectionCurve):
    """Times are drawn as far as their knobs are turned, so that a millisecond and ten seconds can both be dragged."""

    def __init__(self, controls: Mapping[str, Control]) -> None:
        super().__init__(controls)
        self.setAccessibleName("Envelope")
        set_tip(self, tip("Envelope", "", "The dot is the newest voice. Drag the points: attack, decay with sustain, release."))

    def _corners(self) -> tuple[float, float, float, float, float]:
        """x of the beginning, the top, the end of the decay, the end of the sustain, the end."""
        area, travel = self.area, {name: control.parameter.to_travel(control.shown) for name, control in self.controls.items()}
        each = area.width() * SHARE
        top = area.left() + each * travel[ATTACK]
        fallen = top + each * travel[DECAY]
        end = area.right() - each * (1 - travel[RELEASE])
        return area.left(), top, fallen, max(end - each * travel[RELEASE], fallen), end

    def _y(self, level: float) -> float:
        return self.area.bottom() - self.area.height() * level

    def handles(self) -> dict[str, QPointF]:
        _, top, fallen, _, end = self._corners()
        return {"decay": QPointF(fallen, self._y(self.controls[SUSTAIN].shown)), "attack": QPointF(top, self._y(1)),
                "release": QPointF(end, self._y(0))}

    def drag(self, handle: str, place: QPointF) -> None:
        each, (_, top, _, _, _) = self.area.width() * SHARE, self._corners()
        if handle == "attack":
            self.move_to(ATTACK, (place.x() - self.area.left()) / each)
        elif handle == "release":
            self.move_to(RELEASE, 1 - (self.area.right() - place.x()) / each)
        else:
            self.move_to(DECAY, (place.x() - top) / each)
            self.move_to(SUSTAIN, (self.area.bottom() - place.y()) / self.area.height())

    def paint(self, painter: QPainter) -> None:
        start, top, fallen, key_up, end = self._corners()
        shown = self.values()
        share = np.linspace(0, 1, POINTS)
        levels = envelope(shown[ATTACK] + share * shown[DECAY], shown[ATTACK], shown[DECAY], shown[SUSTAIN])
        left = levels[-1] * released(share)
        x = np.concatenate([top + (fallen - top) * share, key_up + (end - key_up) * share]).tolist()
        points = [QPointF(at, self._y(level)) for at, level in zip(x, np.concatenate([levels, left]).tolist(), strict=True)]
        self.draw(painter, [QPointF(start, self._y(0)), *points], theme.WARM, fills=True)
        if self.voice is not None:
            painter.setPen(QPen(theme.colour(theme.GROUND), 1))
            painter.setBrush(theme.colour(theme.COOL))
            painter.drawEllipse(self.place_of(self.voice), theme.px(4), theme.px(4))

    def look(self, voice: ShownVoice) -> tuple[int, ...]:
        place = self.place_of(voice)
        return round(2 * place.x()), round(2 * place.y())

    def place_of(self, voice: ShownVoice) -> QPointF:
        """Where a voice is on the curve, at the level that it has with what routes move."""
        start, top, fallen, key_up, end = self._corners()
        now = self.values(moved=True)
        held_s = voice.age_s - (voice.released_s or 0)
        level = float(envelope(held_s, now[ATTACK], now[DECAY], now[SUSTAIN]))
        if voice.released_s is not None:
            share = min(voice.released_s / (USUAL_RELEASE_S * now[RELEASE]), 1.0)
            return QPointF(key_up + (end - key_up) * share, self._y(level * float(released(share))))
        if held_s < now[ATTACK]:
            return QPointF(start + (top - start) * held_s / now[ATTACK], self._y(level))
        share = (held_s - now[ATTACK]) / now[DECAY]
        return QPointF(top + (fallen - top) * share if share < 1 else (fallen + key_up) / 2, self._y(level))
