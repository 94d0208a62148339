"""The list of the patch browser: a row for each sound, in columns: star, name, family, tags or why it was found, and whose it is."""
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QAbstractListModel, QEvent, QMimeData, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QContextMenuEvent, QDrag, QFont, QKeyEvent, QKeySequence, QMouseEvent, QPainter
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.list_row import paint_surface
from hummingface.instrument.gui.widgets.plain_text import tip
from hummingface.instrument.patches.library import LibraryEntry

STAR, NO_STAR = "★", "☆"
STAR_WIDTH, NAME_SHARE, FAMILY_SHARE, OWNER_WIDTH = 20, 0.40, 0.17, 56


class PatchListModel(QAbstractListModel):
    """`text_of` says in words what a row shows."""

    def __init__(self, parent: QWidget, text_of: Callable[[LibraryEntry], str]):
        super().__init__(parent)
        self.entries: list[LibraryEntry] = []
        self._text_of = text_of

    def show_entries(self, entries: list[LibraryEntry]) -> None:
        """Other sounds."""
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return len(self.entries)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        entry = self.entries[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text_of(entry)
        if role == Qt.ItemDataRole.ToolTipRole:
            what = f"preset of the model {entry.model}" if entry.preset else str(entry.path)
            return tip(entry.name, "", ", ".join(entry.tags), what)
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        may = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return may if self.entries[index.row()].preset else may | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The files of these patches, in the form that file managers and the window accept."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self.entries[index.row()].path.resolve())) for index in indexes])
        return data


class PatchRow(QStyledItemDelegate):
    """`columns_of` gives family, what is said of a sound, and whose it is; `is_starred`, `is_playing` how its name looks."""

    def __init__(self, parent: QWidget, columns_of: Callable[[LibraryEntry], tuple[str, str, str]],
                 is_starred: Callable[[LibraryEntry], bool], is_playing: Callable[[LibraryEntry], bool]):
        super().__init__(parent)
        self._columns_of, self._is_starred, self._is_playing = columns_of, is_starred, is_playing

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.px(300), theme.px(25))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        model = index.model()
        assert isinstance(model, PatchListModel)
        entry = model.entries[index.row()]
        painter.save()
        selected = paint_surface(painter, option)
        rest = theme.SOFT if selected else theme.DIM
        star, *places = columns(option.rect)
        painter.setFont(theme.font("body", QFont.Weight.Medium))
        if (starred := self._is_starred(entry)) or selected:
            painter.setPen(theme.colour(theme.WARM if starred else theme.DIM))
            painter.drawText(star, Qt.AlignmentFlag.AlignCenter, STAR if starred else NO_STAR)
        painter.setPen(theme.colour(theme.WARM if self._is_playing(entry) else theme.TEXT))
        for number, (place, text) in enumerate(zip(places, (entry.name, *self._columns_of(entry)), strict=True)):
            if number == 1:
                painter.setFont(theme.font("label"))
                painter.setPen(theme.colour(rest))
            side = Qt.AlignmentFlag.AlignRight if place is places[-1] else Qt.AlignmentFlag.AlignLeft
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
            painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


def columns(row: QRect) -> list[QRect]:
    """The places of star, name, family, what is said, whose it is."""
    star, owner, gap = theme.px(STAR_WIDTH), theme.px(OWNER_WIDTH), theme.px(8)
    room = max(row.width() - star - owner - gap, 0)
    name, family = int(room * NAME_SHARE), int(room * FAMILY_SHARE)
    left, found = row.left(), []
    for wide in (star, name, family, room - name - family, owner):
        found.append(QRect(left, row.top(), max(wide - gap, 0) if left > row.left() else wide, row.height()))
        left += wide
    return found


class PatchList(QListView):
    """`asked` carries the name of what a key asks for, of those in `keys` ({name: keys as Qt writes them}); `stepped` says that a key went
    to another row, `menu_wanted` where the menu of the current row belongs."""

    asked = Signal(str)
    stepped = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, keys: Mapping[str, Sequence[str]]):
        super().__init__()
        self._asks = {key: name for name, several in keys.items() for key in several}
        self.setAccessibleName("Patches")
        self.setAccessibleDescription("Arrow keys play a phrase of each sound, Enter loads it, the menu key has more.")
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setMinimumHeight(theme.px(40))
        self.setDragEnabled(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Patches are dragged out as copies, whatever modifier key is held."""
        indexes = [index for index in self.selectedIndexes() if index.flags() & Qt.ItemFlag.ItemIsDragEnabled]
        if indexes:
            drag = QDrag(self)
            drag.setMimeData(self.model().mimeData(indexes))
            drag.exec(Qt.DropAction.CopyAction)

    def go(self, steps: int) -> None:
        """Go so many rows down."""
        before, last = self.currentIndex().row(), self.model().rowCount() - 1
        row = min(max(before + steps, 0), last)
        if last >= 0 and row != before:
            self.setCurrentIndex(self.model().index(row, 0))
            self.stepped.emit()

    def asks(self, event: QKeyEvent) -> str:
        """What a key asks for, or nothing."""
        return self._asks.get(QKeySequence(event.keyCombination()).toString(), "")

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.asks(event):
            event.accept()              # before it means something to the window behind
            return True
        return super().event(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and event.position().x() < theme.px(STAR_WIDTH) and (
                self.currentIndex().isValid() and self.indexAt(event.position().toPoint()) == self.currentIndex()):
            self.asked.emit("star")
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if name := self.asks(event):
            self.asked.emit(name)
            return
        before = self.currentIndex().row()
        super().keyPressEvent(event)
        if self.currentIndex().row() != before and self.isVisible():
            self.stepped.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            if not self.indexAt(event.pos()).isValid():
                return
            self.setCurrentIndex(self.indexAt(event.pos()))
            self.menu_wanted.emit(event.globalPos())
        elif self.currentIndex().isValid():
            place = self.visualRect(self.currentIndex()).bottomLeft() + QPoint(theme.px(STAR_WIDTH), 0)
            self.menu_wanted.emit(self.viewport().mapToGlobal(place))
