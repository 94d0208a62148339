"""The patch browser: a popup list of all patches, with tags, and a box that takes names or words for a sound ("dark bowed metal")."""
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.list_row import paint_surface, paint_texts
from hummingface.instrument.gui.widgets.plain_text import Label, caption
from hummingface.instrument.patches.find_by_words import Answer
from hummingface.instrument.patches.library import LibraryEntry

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_TAGS = 9


class _PatchRow(QStyledItemDelegate):
    """Name at the left; at the right tags, or the words that it answers."""

    def __init__(self, browser: "PatchBrowser"):
        super().__init__(browser)
        self._browser = browser

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.px(300), theme.px(27))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        entry = self._browser.shown[index.row()]
        painter.save()
        selected = paint_surface(painter, option)
        paint_texts(painter, option.rect.adjusted(theme.px(10), 0, -theme.px(10), 0), entry.name, self._browser.aside(entry),
                    playing=entry.name == self._browser.playing, soft=selected)
        painter.restore()


class PatchBrowser(QFrame):
    """`open_at` shows it; `chosen` carries the entry that the player picked."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget):
        super().__init__(parent, Qt.WindowType.Popup)
        self._owner = parent
        self.setObjectName("panel")
        self.setAccessibleName("Patch browser")
        self.entries: list[LibraryEntry] = []
        self.shown: list[LibraryEntry] = []
        self.playing = ""
        self.answer_of: Callable[[str], Answer] = lambda _words: Answer(())     # the sounds that answer words
        self._reasons: dict[LibraryEntry, tuple[str, ...]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(12),) * 4)
        column.setSpacing(theme.px(8))
        self.purpose = Label()
        self.purpose.setObjectName("heading")
        column.addWidget(self.purpose)
        self.search = QLineEdit(placeholderText="A name, or words for a sound: dark bowed metal")
        self.search.setAccessibleName("Search patches")
        self.search.textChanged.connect(self.refresh)
        self.search.returnPressed.connect(self._take)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(theme.px(4))
        column.addLayout(self._chips)
        self.notice = Label(wraps=True)
        self.notice.setObjectName("soft")
        column.addWidget(self.notice)
        self.list = QListView()
        self.list.setAccessibleName("Patches")
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._model = QStringListModel()
        self.list.setModel(self._model)
        self.list.setItemDelegate(_PatchRow(self))
        self.list.clicked.connect(self._take)
        self.list.activated.connect(self._take)
        column.addWidget(self.list, 1)
        self.empty = Label("No patch matches")
        self.empty.setObjectName("dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.empty, 1)

    def open_at(self, place: QPoint, entries: list, playing: str, purpose: str = "Patches") -> None:
        """Show `entries` at a place of the screen; `playing` is marked."""
        self.entries, self.playing = entries, playing
        self.purpose.setText(purpose.upper())
        self._make_chips()
        self.search.clear()
        self.refresh()
        self.setFixedSize(theme.px(440), theme.px(470))
        screen = self._owner.screen().availableGeometry()
        place.setX(max(screen.left(), min(place.x(), screen.right() - self.width())))
        place.setY(max(screen.top(), min(place.y(), screen.bottom() - self.height())))
        self.move(place)
        self.show()
        self.search.setFocus()

    def _make_chips(self) -> None:
        while self._chips.count():
            item = self._chips.takeAt(0)
            if item and (chip := item.widget()):
                chip.deleteLater()
        counted: dict[str, int] = {}
        for entry in self.entries:
            for tag in entry.tags:
                counted[tag] = counted.get(tag, 0) + 1
        self.chips: list[QPushButton] = []
        room = theme.px(416)
        for tag in sorted(counted, key=lambda t: -counted[t])[:MOST_TAGS]:
            chip = QPushButton(caption(tag))
            chip.setProperty("tag", tag)
            chip.setProperty("role", "chip")
            chip.setCheckable(True)
            chip.setAccessibleName(f"Only {tag}")
            chip.toggled.connect(self.refresh)
            room -= chip.sizeHint().width() + theme.px(4)
            if room < 0:
                chip.deleteLater()
                break
            self._chips.addWidget(chip)
            self.chips.append(chip)
        self._chips.addStretch(1)

    def refresh(self) -> None:
        """Show what the box asks for: what has its words in a name or tag first, then what answers them as words for a sound."""
        typed = self.search.text()
        words = typed.lower().split()
        tags = [chip.property("tag") for chip in self.chips if chip.isChecked()]
        named = [e for e in self.entries if all(any(w in part.lower() for part in (e.name, *e.tags)) for w in words)]
        answer = self.answer_of(typed) if words else Answer(())
        if named and (answer.unknown or (len(words) > 1 and any(" ".join(words) in e.name.lower() for e in named))):
            answer = Answer(())                             # a name is being typed
        self._reasons = {match.entry: match.reasons for match in answer.matches}
        found = [match.entry for match in answer.matches]
        shown = [*(e for e in found if e in named), *(e for e in named if e not in found), *(e for e in found if e not in named)]
        self.shown = [e for e in shown if all(t in e.tags for t in tags)]
        self.notice.setText(answer.notice)
        self.notice.setVisible(bool(answer.notice))
        self._model.setStringList([f"{e.name}, {self.aside(e)}" for e in self.shown])
        row = next((i for i, e in enumerate(self.shown) if e.name == self.playing and not words), 0)
        self.list.setCurrentIndex(self._model.index(row))
        self.list.scrollTo(self._model.index(row))
        self.list.setVisible(bool(self.shown))
        self.empty.setVisible(not self.shown)

    def answer_again(self) -> None:
        """The same words may have another answer now; what is selected stays selected."""
        if not self.isVisible():
            return
        row = self.list.currentIndex().row()
        before = self.shown[row] if 0 <= row < len(self.shown) else None
        self.refresh()
        if row > 0 and before in self.shown:
            self.list.setCurrentIndex(self._model.index(self.shown.index(before)))

    def aside(self, entry: LibraryEntry) -> str:
        """What is said of a sound beside its name."""
        return " · ".join((*(self._reasons.get(entry) or entry.tags[:3]), *(["preset"] if entry.preset else [])))

    def _take(self) -> None:
        row = self.list.currentIndex().row()
        if 0 <= row < len(self.shown):
            self.hide()
            self.chosen.emit(self.shown[row])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps: dict[int, int] = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}
            step = steps.get(event.key())
            if step and self.shown:
                row = min(max(self.list.currentIndex().row() + step, 0), len(self.shown) - 1)
                self.list.setCurrentIndex(self._model.index(row))
                return True
        return super().eventFilter(watched, event)
