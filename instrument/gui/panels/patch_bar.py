"""The patch bar at the top of the window: previous, name, next, save, export, A | B, undo, redo."""
from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QMenu, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import Label, caption, set_tip, shortened
from hummingface.instrument.gui.widgets.shortcut_table import key_of
from hummingface.instrument.session.session import Session
from hummingface.models.playing.file_names import alike

LONGEST_SHOWN = 40          # characters of a name on a button


class PatchName(QToolButton):
    """The name in the middle; a warm dot while the sound differs from the patch on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.dirty, self._shown = False, ""
        set_tip(self, "Choose a patch (Ctrl+F)")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_name(self, name: str, dirty: bool) -> None:
        """Show the name of the patch, and whether it was changed."""
        self.dirty, self._shown = dirty, name
        self.setText(caption(name))
        self.setAccessibleName(f"Patch: {name}{', changed' if dirty else ''}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour(theme.TEXT), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.HOVER if self.underMouse() or self.isDown() else theme.RAISED))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), theme.px(5), theme.px(5))
        painter.setFont(theme.font("patch", QFont.Weight.DemiBold))
        painter.setPen(theme.colour(theme.TEXT))
        inner = self.rect().adjusted(theme.px(22), 0, -theme.px(22), 0)
        text = painter.fontMetrics().elidedText(self._shown, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, text)
        middle = self.height() // 2
        if self.dirty:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(theme.WARM))
            painter.drawEllipse(QPoint(theme.px(12), middle), theme.px(3), theme.px(3))
        size = theme.px(14)
        painter.drawPixmap(self.width() - size - theme.px(7), middle - size // 2,
                           theme.icon_pixmap("down", theme.SOFT, size, self.devicePixelRatioF()))


class SavePopup(QFrame):
    """Name and tags for a patch to be saved. If the name is that of another patch of the player's, the button says so, and Enter in a field
    moves to the button instead of pressing it.
    """

    wanted = Signal(str, tuple)

    def __init__(self, parent: QWidget):
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("panel")
        self.setAccessibleName("Save patch")
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(12),) * 4)
        column.setSpacing(theme.px(6))
        heading = Label("SAVE PATCH")
        heading.setObjectName("heading")
        column.addWidget(heading)
        self.name = QLineEdit(placeholderText="Name", maxLength=80)
        self.name.setAccessibleName("Name of the patch")
        self.tags = QLineEdit(placeholderText="Tags, separated by commas", maxLength=200)
        self.tags.setAccessibleName("Tags of the patch")
        set_tip(self.name, "What the patch is called, in the browser as well")
        set_tip(self.tags, "Words by which the browser finds it")
        self.save = QPushButton("Save")
        set_tip(self.save, "Save it in the folder of your patches")
        self.save.setProperty("role", "main")
        self.save.setAutoDefault(True)          # so that Enter presses it
        self._others: dict[str, str] = {}
        for widget in (self.name, self.tags, self.save):
            column.addWidget(widget)
        self.name.returnPressed.connect(self._entered)
        self.tags.returnPressed.connect(self._entered)
        self.save.clicked.connect(self._take)
        self.name.textChanged.connect(self._name_changed)

    def open_at(self, place: QPoint, name: str, tags: tuple[str, ...], others: Iterable[str] = ()) -> None:
        """Ask, starting from the present name and tags; `others` are names of patches that saving would replace."""
        self._others = {alike(other): other for other in others}
        self.name.setText(name)
        self._name_changed(name)
        self.tags.setText(", ".join(tags))
        self.setFixedWidth(theme.px(280))
        self.move(place)
        self.show()
        self.name.setFocus()
        self.name.selectAll()

    def _name_changed(self, name: str) -> None:
        replaced = self._others.get(alike(name.strip()))
        self.save.setText(f"Replace “{caption(shortened(replaced, LONGEST_SHOWN))}”" if replaced else "Save")
        self.save.setAccessibleName(f"Replace patch {replaced}" if replaced else "Save patch")
        self.save.setEnabled(bool(name.strip()))

    def _entered(self) -> None:
        if alike(self.name.text().strip()) in self._others:
            self.save.setFocus()
        else:
            self._take()

    def _take(self) -> None:
        if self.name.text().strip():
            self.hide()
            self.wanted.emit(self.name.text().strip(), tuple(t.strip() for t in self.tags.text().split(",") if t.strip()))


class PatchBar(QWidget):
    """Signals carry the player's requests; the window handles them."""

    step_wanted = Signal(int)           # -1 previous patch, 1 next
    browse_wanted = Signal()
    save_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, session: Session):
        super().__init__()
        self.session = session
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.previous = tool("previous", "Previous patch", "Previous patch (Ctrl+Left)")
        self.name = PatchName()
        self.next = tool("next", "Next patch", "Next patch (Ctrl+Right)")
        self.save = tool("save", "Save patch", "Save this sound as a patch (Ctrl+S)")
        self.export = tool("export", "Export", "Make an instrument for a sampler, or a wavetable, of this sound (Ctrl+E)")
        self.undo = tool("undo", "Undo", "Undo (Ctrl+Z)")
        self.redo = tool("redo", "Redo", "Redo (Ctrl+Shift+Z)")
        self.sides = [tool("", f"Version {side}", checkable=True, text=side) for side in "AB"]
        for button, shortcut in ((self.previous, "previous patch"), (self.next, "next patch"), (self.save, "save"),
                                 (self.export, "export"), (self.undo, "undo"), (self.redo, "redo")):
            button.setShortcut(key_of(shortcut))
        QShortcut(key_of("browse"), self).activated.connect(self.name.click)           # a button forgets its own with every new text
        QShortcut(key_of("swap"), self).activated.connect(session.swap)
        QShortcut(key_of("copy side"), self).activated.connect(lambda: session.copy_side("B" if session.side == "A" else "A"))
        self.copies = QMenu(self)
        for source, to in ("AB", "BA"):
            self.copies.addAction(f"Copy {source} to {to}", partial(session.copy_side, to))
        for button, side in zip(self.sides, "AB", strict=True):
            set_tip(button, f"Version {side}: two versions to compare (Ctrl+B goes from one to the other; right click, or Ctrl+Shift+B, "
                    "copies)")
            button.clicked.connect(lambda _on, side=side: self._choose_side(side))
            button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            button.customContextMenuRequested.connect(lambda place, button=button: self.copies.popup(button.mapToGlobal(place)))
        self.previous.clicked.connect(lambda: self.step_wanted.emit(-1))
        self.next.clicked.connect(lambda: self.step_wanted.emit(1))
        self.name.clicked.connect(self.browse_wanted)
        self.save.clicked.connect(self.save_wanted)
        self.export.clicked.connect(self.export_wanted)
        self.undo.clicked.connect(session.undo)
        self.redo.clicked.connect(session.redo)
        before, after = QHBoxLayout(), QHBoxLayout()        # of equal width, so that the name is centred
        before.addStretch(1)
        for button in (self.undo, self.redo):
            before.addWidget(button)
        for button in (self.save, self.export, *self.sides):
            after.addWidget(button)
        after.addStretch(1)
        row.addLayout(before, 1)
        row.addWidget(self.previous)
        row.addWidget(self.name, 3)
        row.addWidget(self.next)
        row.addLayout(after, 1)
        self._groups = (before, after)
        session.on_change.append(self.refresh)
        self.rescale()
        self.refresh()

    def rescale(self) -> None:
        """Apply the current scale."""
        self._row.setSpacing(theme.px(6))
        for group in self._groups:
            group.setSpacing(theme.px(4))
        self.name.setFixedHeight(theme.px(30))
        self.name.setMinimumWidth(theme.px(190))

    def refresh(self) -> None:
        """Show the session's state."""
        self.name.show_name(self.session.name, self.session.dirty)
        self.undo.setEnabled(self.session.can_undo)
        self.redo.setEnabled(self.session.can_redo)
        for button, side in zip(self.sides, "AB", strict=True):
            button.setChecked(side == self.session.side)

    def _choose_side(self, side: str) -> None:
        if side != self.session.side:
            self.session.swap()
        self.refresh()
