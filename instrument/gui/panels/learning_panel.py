"""The panel of a training job: one recorded note beside what the model has learnt of it so far, progress, and remaining time."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from hummingface.instrument.gui.controllers.learning import STEPS, Learning, LearningPicture
from hummingface.instrument.gui.panels.record_bar import clock
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip, shortened
from hummingface.instrument.gui.widgets.spectrogram import colour_table

CAPTION = 20                    # height of the line over each picture


class LearningPictures(QWidget):
    """The recording at the left, what the model has learnt of it at the right, in the colours of the spectrogram."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("What is learnt so far")
        self._images: list[QImage] = []
        self._shown: LearningPicture | None = None

    def sizeHint(self) -> QSize:
        return QSize(theme.px(620), theme.px(220))

    def show_picture(self, picture: LearningPicture | None) -> None:
        """Show another state; None: nothing to see yet."""
        table, self._shown = colour_table(), picture
        self._images = []
        for levels in (picture.target, picture.learnt) if picture else ():
            pixels = table[levels]
            self._images.append(QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], QImage.Format.Format_RGB32).copy())
        self.setAccessibleDescription(f"The note {picture.name}, {picture.key}" if picture else "Nothing yet")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        gap, caption = theme.px(theme.GAP), theme.px(CAPTION)
        wide = (self.width() - gap) / 2
        note = f"Recording · {self._shown.key}" if self._shown else "Recording"
        for place, text in enumerate((note, "Learnt so far")):
            left = place * (wide + gap)
            painter.setFont(theme.font("label", QFont.Weight.Medium))
            painter.setPen(theme.colour(theme.SOFT if place == 0 else theme.COOL))
            painter.drawText(QRectF(left, 0, wide, caption), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
            frame = QRectF(left, caption, wide, self.height() - caption)
            painter.fillRect(frame, theme.colour(theme.SHADOW))
            if place < len(self._images):
                painter.drawImage(frame, self._images[place])


class Progress(QWidget):
    """A thin progress bar."""

    def __init__(self) -> None:
        super().__init__()
        self.share = 0.0
        self.setAccessibleName("Progress")

    def sizeHint(self) -> QSize:
        return QSize(theme.px(200), theme.px(5))

    def show_share(self, share: float) -> None:
        if share != self.share:
            self.share = share
            self.setAccessibleDescription(f"{share:.0%}")
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, tint in ((1.0, theme.TRACK), (self.share, theme.COOL)):
            if share > 0:
                painter.setBrush(theme.colour(tint))
                painter.drawRoundedRect(QRectF(0, 0, max(self.width() * share, self.height()), self.height()), self.height() / 2,
                                        self.height() / 2)


class LearningPanel(QDialog):
    """Not modal: you can play meanwhile. Hiding it does not stop the job."""

    def __init__(self, parent: QWidget, learning: Learning):
        super().__init__(parent)
        self.learning = learning
        self.setWindowTitle("Learning")
        self.setModal(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(10))
        top = QHBoxLayout()
        self.name, self.notes = Label(wraps=True), Label()
        self.name.setStyleSheet(f"font-size: {theme.font_px('title')}px; font-weight: 600;")
        self.notes.setObjectName("soft")
        self.notes.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        top.addWidget(self.name, 1)
        top.addWidget(self.notes)
        column.addLayout(top)
        self.pictures = LearningPictures()
        column.addWidget(self.pictures, 1)
        self.progress = Progress()
        self.progress.setFixedHeight(theme.px(5))
        column.addWidget(self.progress)
        row = QHBoxLayout()
        self.state = Label()
        self.state.setAccessibleName("Progress")
        row.addWidget(self.state, 1)
        self.play = push_button("Play", learning.play, "Play the current version; better versions replace it automatically")
        self.play.setProperty("role", "main")
        self.stop = push_button("Stop", learning.stop, "Stop, and keep all that was learnt")
        self.go_on = push_button("Go on", self._go_on, "Continue learning from where it stopped")
        for button in (self.play, self.stop, self.go_on):
            row.addWidget(button)
        column.addLayout(row)
        self.problem = Label(wraps=True)
        self.problem.setAccessibleName("Problem")
        self.problem.setObjectName("alarm")
        column.addWidget(self.problem)
        self.setMinimumSize(theme.px(560), theme.px(320))
        learning.changed.connect(self.refresh)
        learning.picture_changed.connect(lambda: self.pictures.show_picture(learning.picture))
        self.refresh()
        self.pictures.show_picture(learning.picture)

    def refresh(self) -> None:
        """Show the current state."""
        learning = self.learning
        if learning.job is None:
            return
        self.name.setText(learning.job.name)
        self.notes.setText(learning.notes_text)
        set_tip(self.notes, learning.left_out)
        preparing = learning.state == "preparing" and learning.of > 0
        self.progress.show_share(learning.done / learning.of if preparing else learning.share)
        self.state.setText(words(learning))
        self.play.setEnabled(learning.playable)
        self.stop.setVisible(learning.active)
        self.stop.setEnabled(learning.state != "stopping")
        self.go_on.setVisible(not learning.active)
        self.go_on.setText("Learn longer" if learning.state == "done" else "Go on")
        self.problem.setText(shortened(learning.problem))
        self.problem.setVisible(bool(learning.problem))
        if learning.picture is None:
            self.pictures.show_picture(None)

    def open(self) -> None:
        """Show it beside the window's contents."""
        self.refresh()
        self.show()
        self.raise_()

    def _go_on(self) -> None:
        if self.learning.job is not None:
            self.learning.go_on(self.learning.job)


def words(learning: Learning) -> str:
    """The progress in words: "Learning · 43 % · 5:12 left"."""
    parts = [STEPS.get(learning.state, "")]
    if learning.state == "preparing" and learning.of:
        parts.append(f"{learning.done} of {learning.of}")
    elif learning.state in ("learning", "stopped"):
        parts.append(f"{learning.share:.0%}".replace("%", " %"))
    if learning.state == "learning" and learning.left_s is not None:
        parts.append(f"{clock(learning.left_s)} left")
    return " · ".join(parts)
