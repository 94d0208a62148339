"""The takes panel: outlines and playback of takes; drag them as files into a DAW, or drop them back to play them again."""
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QFileSystemWatcher,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    QUrl,
    Signal,
)
from PySide6.QtGui import QDesktopServices, QDrag, QHideEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QListView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from hummingface.instrument.audio.protocol import TAKE_FORMATS
from hummingface.instrument.gui.controllers.audition_player import AuditionPlayer
from hummingface.instrument.gui.panels.record_bar import clock
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.list_row import paint_surface, paint_texts
from hummingface.instrument.gui.widgets.plain_text import Label, caption, set_tip, shortened, tip
from hummingface.instrument.gui.widgets.scrolling import leave_wheel
from hummingface.instrument.gui.widgets.thumbnails import WIDTH, Thumbnails
from hummingface.instrument.recording import naming
from hummingface.instrument.recording.takes import TakeEntry, entries
from hummingface.instrument.session.settings import Settings

FORMAT_NAMES = dict(zip(TAKE_FORMATS, ("WAV, 24 bits", "WAV, 32 bits float", "FLAC, 24 bits"), strict=True))
ROW_HEIGHT = 46
LONGEST_SHOWN = 80              # characters of the folder's path on its button


class TakeModel(QAbstractListModel):
    """The takes of a folder. Takes are dragged as existing files, which the receiver copies."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.takes: list[TakeEntry] = []

    def show_folder(self, folder: Path) -> None:
        """Read the folder again."""
        self.beginResetModel()
        self.takes = entries(folder)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return len(self.takes)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        take = self.takes[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return take.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(take.name, "", str(take.path), hint="Drag it into your DAW, or onto the instrument to play it again")
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The files of these takes, in the form that file managers and DAWs accept: each sound with its MIDI file."""
        data = QMimeData()
        rows = sorted({index.row() for index in indexes})
        data.setUrls([QUrl.fromLocalFile(str(path.resolve())) for row in rows for path in self.takes[row].files])
        return data

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction


class _TakeRow(QStyledItemDelegate):
    """The outline at the left, the name, the length at the right."""

    def __init__(self, panel: "TakesPanel"):
        super().__init__(panel)
        self._panel = panel

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.px(380), theme.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        take = self._panel.model.takes[index.row()]
        painter.save()
        paint_surface(painter, option)
        inner = option.rect.adjusted(theme.px(8), theme.px(5), -theme.px(10), -theme.px(5))
        playing = self._panel.listening.path == take.path
        ratio = painter.device().devicePixelRatioF()
        outline, seconds = self._panel.thumbnails.of(take, theme.px(WIDTH), inner.height(), ratio, theme.WARM if playing else theme.COOL)
        if isinstance(outline, QPixmap):
            painter.drawPixmap(inner.topLeft(), outline)
        text = inner.adjusted(theme.px(WIDTH + 12), 0, 0, 0)
        paint_texts(painter, text, take.name, clock(seconds) if seconds is not None else "", playing, soft=True,
                    room=text.width() - theme.px(48))
        painter.restore()


class TakeList(QListView):
    """Takes are dragged out as copies, whatever modifier key is held."""

    def __init__(self, panel: "TakesPanel"):
        super().__init__()
        self._panel = panel

    def startDrag(self, _actions: Qt.DropAction) -> None:
        indexes = self.selectedIndexes()
        if not indexes:
            return
        drag = QDrag(self)
        drag.setMimeData(self._panel.model.mimeData(indexes))
        take = self._panel.model.takes[indexes[0].row()]
        outline, _ = self._panel.thumbnails.of(take, theme.px(WIDTH), theme.px(ROW_HEIGHT - 10), self.devicePixelRatioF(), theme.COOL)
        if outline is not None:
            drag.setPixmap(outline)
            drag.setHotSpot(QPoint(theme.px(12), theme.px(12)))
        drag.exec(Qt.DropAction.CopyAction)


class TakesPanel(QDialog):
    """Not modal: you can play meanwhile. `recall_wanted` carries a take to recall, `changed` says that a setting was changed."""

    recall_wanted = Signal(str)
    changed = Signal()
    heard = Signal()                    # the player listens to a take, or recalls one

    def __init__(self, parent: QWidget, settings: Settings):
        super().__init__(parent)
        self.settings = settings
        self.setWindowTitle("Takes")
        self.setModal(False)
        self.model, self.thumbnails = TakeModel(self), Thumbnails(self)
        self.listening = AuditionPlayer(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(14),) * 4)
        column.setSpacing(theme.px(8))
        top = QHBoxLayout()
        self.folder = QPushButton()
        self.folder.setAccessibleName("Folder for takes")
        set_tip(self.folder, "Where takes go; click to choose another folder")
        self.folder.clicked.connect(self._choose_folder)
        self.format = QComboBox()
        leave_wheel(self.format)
        self.format.setAccessibleName("Format of takes")
        set_tip(self.format, "What new takes are written as")
        for value, name in FORMAT_NAMES.items():
            self.format.addItem(name, value)
        self.format.activated.connect(self._choose_format)
        top.addWidget(self.folder, 1)
        top.addWidget(self.format)
        column.addLayout(top)
        self.list = TakeList(self)
        self.list.setAccessibleName("Takes")
        self.list.setModel(self.model)
        self.list.setItemDelegate(_TakeRow(self))
        self.list.setMouseTracking(True)
        self.list.setDragEnabled(True)
        self.list.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.list.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.doubleClicked.connect(self._listen)
        column.addWidget(self.list, 1)
        self.empty = Label("No takes yet. F9 records; Ctrl+K keeps what you played in the last 60 seconds.", wraps=True)
        self.empty.setObjectName("dim")
        column.addWidget(self.empty)
        row = QHBoxLayout()
        self.listen = push_button("Listen", self._listen, "Hear the take as it was recorded (double click)")
        self.again = push_button("Play again", self._recall, "Bring back its sound, and play it again on the instrument")
        self.reveal = push_button("Show files", self._reveal, "Open the folder")
        for button in (self.listen, self.again, self.reveal):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self.problem = Label(wraps=True)
        self.problem.setAccessibleName("Problem")
        self.problem.setObjectName("alarm")
        self.problem.hide()
        column.addWidget(self.problem)
        self.setMinimumSize(theme.px(560), theme.px(360))
        self._watcher = QFileSystemWatcher(self)            # takes that are finished, packed or moved show themselves
        self._watcher.directoryChanged.connect(lambda _path: self.refresh() if self.isVisible() else None)
        self.thumbnails.ready.connect(self.list.viewport().update)
        self.listening.changed.connect(self._show_listening)
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())

    @property
    def where(self) -> Path:
        """The folder that is shown."""
        return Path(self.settings.take_folder) if self.settings.take_folder else naming.folder()

    def refresh(self) -> None:
        """Read the folder again; the selection stays unless there is a newer take."""
        newest, before = self.model.takes[0].path if self.model.takes else None, self.selected()
        if self._watcher.directories() != [str(self.where)]:
            if watched := self._watcher.directories():
                self._watcher.removePaths(watched)
            if self.where.is_dir():
                self._watcher.addPath(str(self.where))
        self.folder.setText(caption(shortened(str(self.where), LONGEST_SHOWN)))
        self.format.setCurrentIndex(self.format.findData(self.settings.take_format))
        self.model.show_folder(self.where)
        self.empty.setVisible(not self.model.takes)
        paths = [take.path for take in self.model.takes]
        if paths:
            again = before is not None and paths[0] == newest and before.path in paths
            self.list.setCurrentIndex(self.model.index(paths.index(before.path) if before and again else 0))
        self._show_buttons()

    def open(self) -> None:
        """Show it beside the window's contents."""
        self.refresh()
        self.show()
        self.raise_()
        self.list.setFocus()

    def selected(self) -> TakeEntry | None:
        """The take that the buttons act on."""
        index = self.list.currentIndex()
        return self.model.takes[index.row()] if index.isValid() else None

    def hideEvent(self, event: QHideEvent) -> None:
        self.listening.stop()
        super().hideEvent(event)

    def _show_buttons(self) -> None:
        for button in (self.listen, self.again):
            button.setEnabled(self.selected() is not None)

    def _listen(self, _index: QModelIndex | None = None) -> None:
        take = self.selected()
        if take is not None:
            self.listening.toggle(take.path)
            if self.listening.path is not None:
                self.heard.emit()

    def _recall(self) -> None:
        take = self.selected()
        if take is not None:
            self.listening.stop()
            self.recall_wanted.emit(str(take.path))
            self.heard.emit()

    def _reveal(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.where)))

    def _show_listening(self, problem: str) -> None:
        self.listen.setText("Stop" if self.listening.path else "Listen")
        self.listen.setAccessibleName(self.listen.text())
        self.problem.setText(shortened(problem))
        self.problem.setVisible(bool(problem))
        self.list.viewport().update()

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for takes", str(self.where))
        if chosen:
            self.settings.take_folder = chosen
            self.refresh()
            self.changed.emit()

    def _choose_format(self) -> None:
        self.settings.take_format = self.format.currentData()
        self.changed.emit()
