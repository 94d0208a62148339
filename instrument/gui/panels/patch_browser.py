"""The patch browser, as high as the window: all sounds in columns, filters beside them, and a box that takes names or words for a sound
("dark bowed metal")."""
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from hummingface.instrument.gui.panels.panel import tool
from hummingface.instrument.gui.panels.patch_filters import PatchFilters
from hummingface.instrument.gui.panels.patch_list import PatchList, PatchListModel, PatchRow
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip
from hummingface.instrument.patches.find_by_words import Answer
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.patch_bank import is_importable
from hummingface.instrument.patches.sound_candidates import main_families
from hummingface.instrument.session.patch_marks import PatchMarks, key_of
from hummingface.models.playing.file_names import alike

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, FILTERS_WIDTH = 760, 150
FRAME = 40                              # that a system may put above and below it
PAGE = 10                               # rows
STEPS: dict[int, int] = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: PAGE, Qt.Key.Key_PageUp: -PAGE}
# What keys ask for in the list; those of ASKED_IN_BOX in the box, too.
KEYS = {"hear": ("Space",), "star": ("*", "Shift+*"), "like": ("Ctrl+L",), "rename": ("F2",), "duplicate": ("Ctrl+D",), "delete": ("Del",),
        "undo": ("Ctrl+Z",)}
ASKED_IN_BOX = ("like", "rename", "duplicate")


class PatchBrowser(QFrame):
    """`open_at` shows it; `chosen` carries the entry that the player picked. It stays until Escape, a choice, or its being closed;
    `left` says so. `dropped` carries the files that were dropped on it."""

    chosen = Signal(object)
    left = Signal()
    dropped = Signal(list)

    def __init__(self, parent: QWidget):
        super().__init__(parent, Qt.WindowType.Tool)
        self._owner = parent
        self.setObjectName("ground")
        self.setAccessibleName("Patch browser")
        self.setAcceptDrops(True)
        self.entries: list[LibraryEntry] = []
        self.shown: list[LibraryEntry] = []
        self.playing = ""
        self.marks = PatchMarks()
        self.answer_of: Callable[[str], Answer] = lambda _words: Answer(())     # the sounds that answer words
        self._reasons: dict[LibraryEntry, tuple[str, ...]] = {}
        self._twice: set[str] = set()       # names that several have
        self._like: tuple[str, dict[LibraryEntry, float]] | None = None         # a name, and what is like it: distances in dB
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(12),) * 4)
        column.setSpacing(theme.px(8))
        self._build(column)
        self.search.textChanged.connect(self.refresh)
        self.search.returnPressed.connect(self._take)
        self.search.installEventFilter(self)
        self.filters.changed.connect(self.refresh)
        self.list.clicked.connect(self._take)
        self.list.activated.connect(self._take)

    def _build(self, column: QVBoxLayout) -> None:
        top = QHBoxLayout()
        self.search = QLineEdit(placeholderText="A name, or words for a sound: dark bowed metal")
        self.search.setAccessibleName("Search patches")
        set_tip(self.search, "Names, tags, and words for a sound: dark bowed metal")
        self.search.setClearButtonEnabled(True)
        self.search.setAcceptDrops(False)               # the browser takes files
        self.all = tool("", "Show all patches", "Take all filters and words away", text="All")
        self.all.clicked.connect(self.clear)
        self.tools = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.all)
        self.hear = tool("", "Hear patches", "Keys hear a phrase of what they go to, while nothing else sounds", True, "Hear")
        top.addWidget(self.hear)
        top.addLayout(self.tools)
        column.addLayout(top)
        self.notice = Label(wraps=True)
        self.notice.setObjectName("soft")
        column.addWidget(self.notice)
        self.filters = PatchFilters()
        self.list = PatchList(KEYS)
        self.model = PatchListModel(self, lambda entry: f"{entry.name}, {self.aside(entry)}")
        self.list.setModel(self.model)
        self.list.setItemDelegate(PatchRow(self, self.columns_of, lambda entry: key_of(entry) in self.marks.starred,
                                           lambda entry: entry.name == self.playing))
        self.empty = Label("No patch matches")
        self.empty.setObjectName("dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        below = QHBoxLayout()
        below.setSpacing(theme.px(12))
        below.addWidget(self.filters)
        below.addWidget(self.list, 1)
        below.addWidget(self.empty, 1)
        column.addLayout(below, 1)
        self.banner = Banner()
        column.addWidget(self.banner)

    def open_at(self, place: QPoint, entries: list[LibraryEntry], playing: str, purpose: str = "Patches") -> None:
        """Show `entries` at a place of the screen; `playing` is marked."""
        self.playing, self._like = playing, None
        self.hear.setChecked(self.marks.hear)
        self.banner.dismiss()
        self.setWindowTitle(purpose)
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self.show_entries(entries)
        self.filters.setFixedWidth(theme.px(FILTERS_WIDTH))
        screen = self._owner.screen().availableGeometry()
        self.resize(min(theme.px(WIDTH), screen.width()), min(max(self._owner.window().height(), theme.px(WIDTH) // 2),
                                                              screen.height() - FRAME))
        top = self._owner.window().mapToGlobal(QPoint(0, 0)).y()
        self.move(max(screen.left(), min(place.x(), screen.right() + 1 - self.width())),
                  max(screen.top() + FRAME, min(top, screen.bottom() + 1 - self.height())))
        self.show()
        self.raise_()
        self.activateWindow()
        self.search.setFocus()

    def show_entries(self, entries: list[LibraryEntry]) -> None:
        """Other patches; filters and words stay."""
        self.entries = entries
        counted = Counter(alike(entry.name) for entry in entries)
        self._twice = {name for name, count in counted.items() if count > 1}
        self.filters.offer(entries, main_families(entries))
        self.refresh()

    def show_like(self, name: str, like: dict[LibraryEntry, float]) -> None:
        """Show what is like a sound, the nearest first: {sound: its distance in dB}. `clear` shows all again."""
        self._like = name, like
        self.filters.clear()
        self.search.clear()
        self.refresh()

    def clear(self) -> None:
        """Take all filters and words away."""
        self._like = None
        self.search.clear()
        self.filters.clear()

    def refresh(self) -> None:
        """Show what the box asks for: what has its words in a name or tag first, then what answers them as words for a sound."""
        words = self.search.text().lower().split()
        among = self.entries if self._like is None else list(self._like[1])
        named = [e for e in among if all(any(w in part.lower() for part in (e.name, *e.tags)) for w in words)]
        answer = self.answer_of(self.search.text()) if words and self._like is None else Answer(())
        if named and (answer.unknown or (len(words) > 1 and any(" ".join(words) in e.name.lower() for e in named))):
            answer = Answer(())                             # a name is being typed
        self._reasons = {match.entry: match.reasons for match in answer.matches}
        notice = answer.notice
        if self._like is not None:
            self._reasons = {entry: (f"{apart:.1f} dB from it",) for entry, apart in self._like[1].items()}
            notice = f"More like “{self._like[0]}”, the nearest first. “All” shows all patches again."
        found = [match.entry for match in answer.matches]
        shown = [*(e for e in found if e in named), *(e for e in named if e not in found), *(e for e in found if e not in named)]
        self.shown = self.filters.passing(shown, self.marks)
        self.notice.setText(notice)
        self.notice.setVisible(bool(notice))
        self.model.show_entries(self.shown)
        self.select(next((e for e in self.shown if e.name == self.playing and not words), None))
        self.list.setVisible(bool(self.shown))
        self.empty.setVisible(not self.shown)

    def select(self, entry: LibraryEntry | None) -> None:
        """Make this one current, or the first."""
        row = self.shown.index(entry) if entry in self.shown else 0
        self.list.setCurrentIndex(self.model.index(row))
        self.list.scrollTo(self.model.index(row))

    @property
    def selected(self) -> LibraryEntry | None:
        """The current one."""
        row = self.list.currentIndex().row()
        return self.shown[row] if 0 <= row < len(self.shown) else None

    def answer_again(self) -> None:
        """The same words may have another answer now; what is selected stays selected."""
        if not self.isVisible():
            return
        first, before = self.list.currentIndex().row() <= 0, self.selected
        self.refresh()
        if not first and before in self.shown:
            self.select(before)

    def columns_of(self, entry: LibraryEntry) -> tuple[str, str, str]:
        """Its family, why it was found or its tags, and whose it is. Where several have its name, also its file."""
        family = self.filters.family_of(entry)
        rest = self._reasons.get(entry) or tuple(tag for tag in entry.tags if tag != family)
        twice = alike(entry.name) in self._twice and not entry.preset
        owner = "preset" if entry.preset else "mine" if not entry.factory else "factory" if twice else ""
        return family, " · ".join((*([entry.path.name] if twice else []), *rest)), owner

    def aside(self, entry: LibraryEntry) -> str:
        """What is said of a sound beside its name."""
        twice = [self.columns_of(entry)[2], entry.path.name] if alike(entry.name) in self._twice and not entry.preset else []
        return " · ".join((*(self._reasons.get(entry) or entry.tags[:3]), *(["preset"] if entry.preset else []), *twice))

    def _take(self) -> None:
        if (entry := self.selected) is not None:
            self.hide()
            self.chosen.emit(entry)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is not self.list and _importable(event):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.dropped.emit(_importable(event))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.left.emit()
        self._owner.activateWindow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() != QEvent.Type.KeyRelease:
            pressed, asked = event.type() == QEvent.Type.KeyPress, self.list.asks(event)
            if pressed and event.key() in STEPS:
                self.list.go(STEPS[event.key()])
                return True
            if asked in ASKED_IN_BOX:
                event.accept()          # before it means something to the window behind
                if pressed:
                    self.list.asked.emit(asked)
                return True
        return super().eventFilter(watched, event)


def _importable(event: QDropEvent) -> list[Path]:
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return [path for path in paths if is_importable(path)]
