"""The column of filters beside the patches of the browser: whose they are, families, tags."""
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QVBoxLayout, QWidget

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import Label, set_tip
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.session.patch_marks import PatchMarks, key_of

ALL, STARRED, RECENT, FACTORY, OWN = "All", "Starred", "Recent", "Factory", "Mine"
SHOWS = (ALL, STARRED, RECENT, FACTORY, OWN)


class FilterList(QListWidget):
    """Names to choose from: one, or (`many`) none to all of them, which Space or a click turns on and off."""

    def __init__(self, name: str, tip: str, many: bool = True):
        super().__init__()
        self.setAccessibleName(name)
        set_tip(self, tip)
        self.setMinimumHeight(theme.px(30))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if many:
            self.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)

    def show_names(self, names: Iterable[str]) -> None:
        """Other names; those that were chosen and are still there stay chosen."""
        chosen = self.chosen
        self.clear()
        self.addItems(list(names))
        for row in range(self.count()):
            self.item(row).setSelected(self.item(row).text() in chosen)

    @property
    def names(self) -> list[str]:
        return [self.item(row).text() for row in range(self.count())]

    @property
    def chosen(self) -> list[str]:
        """The names that are chosen, from above to below."""
        return [self.item(row).text() for row in range(self.count()) if self.item(row).isSelected()]

    def choose(self, *names: str) -> None:
        """Choose these and no others."""
        for row in range(self.count()):
            self.item(row).setSelected(self.item(row).text() in names)


class PatchFilters(QWidget):
    """`changed` says that other patches pass. A patch passes that is of one of the families chosen, and has all tags chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(4))
        self.shows = FilterList("Show", "Which patches are shown", many=False)
        self.families = FilterList("Families", "Only these families; none chosen: all")
        self.tags = FilterList("Tags", "Only patches that have all of these tags")
        for heading, part, share in (("SHOW", self.shows, 5), ("FAMILIES", self.families, 8), ("TAGS", self.tags, 10)):
            label = Label(heading)
            label.setObjectName("heading")
            column.addWidget(label)
            column.addWidget(part, share)
        self.shows.show_names(SHOWS)
        self.shows.setCurrentRow(0)
        self._families: dict[LibraryEntry, str] = {}
        for part in (self.shows, self.families, self.tags):
            part.itemSelectionChanged.connect(self.changed)

    def offer(self, entries: list[LibraryEntry], families: dict[LibraryEntry, str]) -> None:
        """Offer what these patches have, each family and tag that exists, the commonest tags first."""
        self.blockSignals(True)
        self._families = families
        counted: dict[str, int] = {}
        for tag in (tag for entry in entries for tag in entry.tags):
            counted[tag] = counted.get(tag, 0) + 1
        self.families.show_names(sorted({family for family in families.values() if family}))
        self.tags.show_names(sorted(counted, key=lambda tag: (-counted[tag], tag)))
        self.blockSignals(False)

    def clear(self) -> None:
        """Let all patches pass."""
        self.blockSignals(True)
        self.shows.setCurrentRow(0)
        self.families.clearSelection()
        self.tags.clearSelection()
        self.blockSignals(False)
        self.changed.emit()

    def family_of(self, entry: LibraryEntry) -> str:
        """The family that a sound has most of, empty for none."""
        return entry.tags[0] if entry.preset and entry.tags else self._families.get(entry, "")

    def passing(self, entries: list[LibraryEntry], marks: PatchMarks) -> list[LibraryEntry]:
        """Those that pass; what was loaded lately in the order of that."""
        families, tags = set(self.families.chosen), set(self.tags.chosen)
        show = (self.shows.chosen or [ALL])[0]
        kept = [e for e in entries if tags <= set(e.tags) and (not families or self.family_of(e) in families)]
        if show == RECENT:
            order = {key: number for number, key in enumerate(marks.recent)}
            return sorted((e for e in kept if key_of(e) in order), key=lambda e: order[key_of(e)])
        if show == STARRED:
            return [e for e in kept if key_of(e) in marks.starred]
        return [e for e in kept if show == ALL or e.factory == (show == FACTORY)]
