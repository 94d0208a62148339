"""The panel of the model's latent space: the sixteen latents."""
import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSlider, QToolButton

from hummingface.instrument.gui.panels.panel import Panel, tool
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.knob import Knob
from hummingface.instrument.gui.widgets.plain_text import set_tip, shortened
from hummingface.instrument.gui.widgets.scrolling import leave_wheel
from hummingface.instrument.gui.widgets.shortcut_table import key_of
from hummingface.instrument.patches.library import directions_of, latent_labels_of
from hummingface.instrument.patches.parameters import MOST_LATENTS, PARAMETERS
from hummingface.instrument.session.session import LATENTS, Session
from hummingface.instrument.session.sound_rolls import MUTATION
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.knobs import KnobDirection, with_offsets

COLUMNS = 8
MOVING = "latent", "morph", "family", "characteristic"        # groups of controls that move the point
AMOUNT_WIDTH = 56           # of the slider
LONGEST_SHOWN = 40          # characters of a model's name beside the heading


class LatentKnob(Knob):
    """A knob with a lock in its corner (a click, or Ctrl+L while it has the focus)."""

    lock_wanted = Signal(str, bool)

    def __init__(self, parameter_id: str):
        parameter = PARAMETERS[parameter_id]
        super().__init__(parameter, parameter.label, parameter_id.rpartition(".")[2], diameter=54, always_value=True)
        self.lock = QToolButton(self)
        self.lock.setProperty("flat", True)
        self.lock.setCheckable(True)
        self.lock.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.lock.setAccessibleName(f"Lock {parameter.label}")
        set_tip(self.lock, f"Lock {parameter.label} against randomise, mutate and reset (Ctrl+L)")
        self.lock.setStyleSheet("padding: 0; min-height: 0; background: transparent; border: none;")
        self.lock.toggled.connect(lambda on: self.lock_wanted.emit(parameter_id, on))
        self.show_lock(False)

    def show_lock(self, locked: bool) -> None:
        """Show whether it is locked."""
        self.dimmed = locked
        self.lock.blockSignals(True)
        self.lock.setChecked(locked)
        self.lock.blockSignals(False)
        self._draw_lock()
        self._show_or_hide()
        self.update()

    def show_word(self, word: str | None) -> None:
        """What it mostly does in this model, in a word; empty where it does nothing that has a name. None: nobody knows of any latent."""
        if word != self.word:
            self.word = word
            self.setAccessibleName(f"{self.parameter.label}, {word}" if word else self.parameter.label)
            self.update()

    def _draw_lock(self) -> None:
        size = theme.px(13)
        self.lock.setIcon(theme.icon("lock" if self.dimmed else "unlock", size, theme.DIM, theme.TEXT))
        self.lock.setIconSize(QSize(size, size))

    def _show_or_hide(self) -> None:
        self.lock.setVisible(self.lock.isChecked() or self.touched())

    def resizeEvent(self, event: QResizeEvent) -> None:
        size = theme.px(18)
        self._draw_lock()
        centre, radius, _ = self._geometry()
        self.lock.setGeometry(int(min(centre.x() + radius * 0.72, self.width() - size)), 0, size, size)
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave, QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._show_or_hide()
        return done

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_L and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.lock.toggle()
        else:
            super().keyPressEvent(event)

    def hint(self) -> str:
        return super().hint() + " · Ctrl+L locks" + (f" · Up: mostly {self.word}" if self.word else "")


def _amount(name: str, least: int, value: int, tip: str) -> QSlider:
    """How far the button to its right goes."""
    amount = QSlider(Qt.Orientation.Horizontal)
    amount.setRange(least, 100)
    amount.setValue(value)
    amount.setAccessibleName(name)
    set_tip(amount, tip)
    leave_wheel(amount)
    return amount


class LatentPanel(Panel):
    """All latents, 8 x 2, with buttons for all of them."""

    def __init__(self, session: Session):
        super().__init__("Latents")
        self.session = session
        self._directions: dict[str, KnobDirection] = {}             # named knobs that move the latents
        self.knobs = {i: LatentKnob(i) for i in LATENTS}
        grid = QGridLayout()
        grid.setSpacing(0)
        for index, latent in enumerate(self.knobs.values()):
            grid.addWidget(latent, index // COLUMNS, index % COLUMNS)
            latent.lock_wanted.connect(session.lock)
        self.body.addLayout(grid, 1)
        self.amount = _amount("Amount of Randomise, per cent", 0, 100,
                              "How far Randomise goes: left, steps around this sound; right, anywhere in the model's space")
        self.mutation = _amount("Amount of Mutate, hundredths of a latent", 1, round(100 * MUTATION),
                                "How far Mutate moves each latent: left, hardly at all; right, by about one of the six units of its travel")
        self.randomise = tool("dice", "Randomise", "Another sound of the model, as far away as the slider says; locked latents stay "
                              "(Ctrl+R)", text="Randomise")
        self.mutate = tool("mutate", "Mutate latents", "Move all unlocked latents, as far as the slider says (Ctrl+M)", text="Mutate")
        self.reset = tool("reset", "Reset latents", "Reset latents to the patch's values", text="Reset")
        acts = ((self.randomise, lambda: session.rolls.randomise(self.amount.value() / 100)),
                (self.mutate, lambda: session.rolls.mutate(self.mutation.value() / 100)), (self.reset, session.rolls.reset))
        for widget in (self.amount, self.randomise, self.mutation, self.mutate, self.reset):
            self.tools.addWidget(widget)
        for button, act in acts:
            button.clicked.connect(lambda _=False, act=act: act())
        self.randomise.setShortcut(key_of("randomise"))
        self.mutate.setShortcut(key_of("mutate"))
        session.on_value.append(lambda _id, _value: self.update_marks() if _id.startswith(MOVING) else None)
        session.on_change.append(self.refresh)

    def rescale(self) -> None:
        super().rescale()
        if "mutation" in vars(self):            # else the panel is being made
            for amount in (self.amount, self.mutation):
                amount.setFixedWidth(theme.px(AMOUNT_WIDTH))

    def refresh(self) -> None:
        """Show locks, the model's name, and the current point."""
        model = self.session.state.patch.model
        self._directions = directions_of(model)
        words = latent_labels_of(model)
        for number, knob in enumerate(self.knobs.values()):
            knob.show_word((words[number] if number < len(words) else "") if any(words) else None)
        for parameter_id, knob in self.knobs.items():
            if knob.dimmed != (parameter_id in self.session.locked):
                knob.show_lock(parameter_id in self.session.locked)
        self.note.setText(shortened(model, LONGEST_SHOWN))
        set_tip(self.note, model)
        self.update_marks()

    def update_marks(self) -> None:
        """Mark the effective values where the morph pad or a named knob moves them."""
        z = np.array(self.session.model_latents())
        if self._directions:                        # of one size with the model, which the patch need not be
            z = np.resize(np.append(z, np.zeros(MOST_LATENTS)), len(next(iter(self._directions.values())).direction))
        moved = with_offsets(self._directions, z, {name: self.session[name] for name in self._directions})
        for knob, value in zip(self.knobs.values(), np.clip(moved, -LATENT_LIMIT, LATENT_LIMIT).tolist(), strict=False):
            knob.show_model(value)
