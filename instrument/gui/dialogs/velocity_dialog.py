"""The dialog of the player's velocity curve: drawn, chosen among presets, or learnt from ten seconds of playing. It is kept in the settings
and applies to all patches.
"""
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.curve_editor import CurveEditor
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip
from hummingface.instrument.gui.widgets.scrolling import leave_wheel
from hummingface.instrument.patches import velocity_curve
from hummingface.instrument.patches.velocity_curve import LINEAR, PRESETS, CurveError, VelocityCurve, from_json, to_json
from hummingface.instrument.session.settings import Settings

LEARN_MS, TICK_MS = 10_000, 100
OWN = "Your own"
WHAT = "Drag points; double-click adds one, a right click removes it. The curve is yours, for MIDI keyboards and every patch."
PLAY = "Play your MIDI keyboard from as soft to as hard as you do; ten seconds count from the first note."


class TouchDialog(QDialog):
    """Not modal: you can play and hear a curve's effect. `send` sends commands to the engine; `changed` says that `settings` must be saved.
    """

    changed = Signal()

    def __init__(self, parent: QWidget, settings: Settings, send: Callable[[dict], None]):
        super().__init__(parent)
        self._settings, self._send = settings, send
        self._own = from_json(settings.own_velocity_curve) if settings.own_velocity_curve else None
        self._kept: list[VelocityCurve] = [from_json(settings.velocity_curve)]      # at the end of each gesture, the newest last
        self._heard: list[int] | None = None                                        # while it learns
        self.setWindowTitle("Velocity curve")
        self.setModal(False)
        self.presets = QComboBox()
        leave_wheel(self.presets)
        self.presets.setAccessibleName("Curve")
        set_tip(self.presets, "Choose a curve; a drawn or learnt curve is saved as your own")
        self.presets.activated.connect(self._choose)
        self.undo = push_button("Undo", self._undo, "The curve as it was before (Ctrl+Z)")
        self.reset = push_button("Reset", lambda: self._apply(LINEAR), "Play velocities as they come")
        self.editor = CurveEditor()
        self.editor.changed.connect(self._play_by)
        self.editor.gesture_ended.connect(lambda: self._keep(self.editor.curve))
        self.editor.refused.connect(lambda why: self._tell(why, problem=True))
        self.status = Label(wraps=True)
        self.status.setAccessibleName("About the curve")
        self.status.setMinimumHeight(theme.px(34))
        self.learn = push_button("Learn", self._begin_or_cancel, f"From ten seconds of playing. {PLAY}")
        self.close_button = push_button("Done", self.accept, "Close")
        self.close_button.setProperty("role", "main")
        self._lay_out()
        QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self).activated.connect(self._undo)
        self.ending = QTimer(self, singleShot=True, interval=LEARN_MS)
        self.ending.timeout.connect(self._end_learning)
        self._ticking = QTimer(self, interval=TICK_MS)
        self._ticking.timeout.connect(self._show_countdown)
        self.setMinimumWidth(theme.px(420))
        self._tell(WHAT)
        self._show()

    def open(self) -> None:
        """Show it beside the window's contents."""
        self.show()
        self.raise_()
        self.activateWindow()

    def show_velocities(self, incoming: list[int]) -> None:
        """Show incoming velocities of notes played on a MIDI keyboard."""
        self.editor.show_strokes(incoming)
        if self._heard is not None:
            if not self._heard:
                self.ending.start()
                self._ticking.start()
            self._heard += incoming
            self._show_countdown()

    @property
    def learning(self) -> bool:
        """Whether it waits for, or listens to, notes."""
        return self._heard is not None

    # The parts

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(18),) * 4)
        column.setSpacing(theme.px(10))
        for row in ((self.presets, self.undo, self.reset), self.editor, self.status, (self.learn, None, self.close_button)):
            if isinstance(row, QWidget):
                column.addWidget(row, 1 if row is self.editor else 0)
                continue
            line = QHBoxLayout()
            for part in row:
                if part is None:
                    line.addStretch(1)
                else:
                    line.addWidget(part, 1 if part is self.presets else 0)
            column.addLayout(line)

    # What becomes of a curve

    def _apply(self, curve: VelocityCurve) -> None:
        """Use the curve, draw it and save it, after any drawing in progress."""
        self._keep(self.editor.curve)
        self.editor.show_curve(curve)
        self._play_by(curve)
        self._keep(curve)

    def _play_by(self, curve: VelocityCurve) -> None:
        self._send({"do": "velocity_curve", "table": list(curve.table)})

    def _keep(self, curve: VelocityCurve) -> None:
        if curve != self._kept[-1]:
            self._kept.append(curve)
            self._remember(curve)
            self._tell(WHAT)

    def _remember(self, curve: VelocityCurve) -> None:
        told = self._settings.velocity_curve = to_json(curve)
        if isinstance(told, list):                      # no preset
            self._own, self._settings.own_velocity_curve = curve, told
        self._show()
        self.changed.emit()

    def _undo(self) -> None:
        self._keep(self.editor.curve)
        if len(self._kept) > 1:
            self._kept.pop()
            self.editor.show_curve(self._kept[-1])
            self._play_by(self._kept[-1])
            self._remember(self._kept[-1])

    def _choose(self, index: int) -> None:
        name = self.presets.itemText(index)
        self._apply(self._own if name == OWN and self._own is not None else PRESETS[name])

    def _show(self) -> None:
        curve = self._kept[-1]
        names = [*PRESETS, *([OWN] if self._own is not None else [])]
        if [self.presets.itemText(i) for i in range(self.presets.count())] != names:
            self.presets.clear()
            self.presets.addItems(names)
        self.presets.setCurrentText(curve.name or OWN)
        self.undo.setEnabled(len(self._kept) > 1)
        if self.editor.curve != curve:
            self.editor.show_curve(curve)

    def _tell(self, text: str, problem: bool = False) -> None:
        self.status.setText(text)
        self.status.setStyleSheet(f"color: {theme.ALARM if problem else theme.SOFT};")
        self.status.setAccessibleDescription(text)

    # Learning

    def _begin_or_cancel(self) -> None:
        if self.learning:
            self._stop_learning()
            self._tell("Cancelled; the curve stays as it was.")
            return
        self._heard = []
        self.editor.forget_strokes()
        self._name_learn("Cancel")
        self._tell(PLAY)

    def _stop_learning(self) -> None:
        self._heard = None
        self.ending.stop()
        self._ticking.stop()
        self._name_learn("Learn")

    def _name_learn(self, text: str) -> None:
        self.learn.setText(text)
        self.learn.setAccessibleName(text)

    def _show_countdown(self) -> None:
        if self._heard:
            left_s = max(self.ending.remainingTime(), 0) / 1000
            self._tell(f"{left_s:.0f} s left, {len(self._heard)} {'note' if len(self._heard) == 1 else 'notes'}.")

    def _end_learning(self) -> None:
        heard = self._heard or []
        self._stop_learning()
        try:
            curve = velocity_curve.learn(heard)
        except CurveError as error:
            self._tell(str(error), problem=True)
            return
        self._apply(curve)
        self._tell(f"Learnt from {len(heard)} notes of velocities {min(heard)} to {max(heard)}. Undo restores the previous curve.")

    # As a window

    def showEvent(self, event: QShowEvent) -> None:
        self._send({"do": "listen_velocities", "on": True})
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        if self.learning:
            self._stop_learning()
            self._tell(WHAT)
        self._keep(self.editor.curve)
        self._send({"do": "listen_velocities", "on": False})
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return                                  # Enter in a field closes nothing
        super().keyPressEvent(event)
