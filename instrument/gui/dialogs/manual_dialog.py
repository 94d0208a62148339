"""The manual in a window of its own, to read while playing: pages at the left, their text at the right, a field to search all of them."""
from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QListWidget, QTextBrowser, QVBoxLayout, QWidget

from hummingface.instrument.gui.controllers.manual_pages import ManualPage, pages
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.plain_text import caption, set_tip

SIZE = (760, 560)
LIST_WIDTH = 130


class ManualDialog(QDialog):
    """Not modal. `open_at(page, anchor)` shows a page."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setWindowTitle("HummingFace: manual")
        self.pages: list[ManualPage] = []
        self._shown = ""
        self.list = QListWidget()
        self.list.setAccessibleName("Pages of the manual")
        self.list.setFixedWidth(theme.px(LIST_WIDTH))
        self.text = QTextBrowser(openLinks=False)
        self.text.setAccessibleName("Text of the manual")
        self.text.anchorClicked.connect(self._follow)
        self.search = QLineEdit(placeholderText="Search")
        self.search.setAccessibleName("Search the manual")
        self.search.setClearButtonEnabled(True)
        set_tip(self.search, "Enter goes to the next place, over all pages")
        self.search.returnPressed.connect(self.find_next)
        left, row = QVBoxLayout(), QHBoxLayout(self)
        left.addWidget(self.search)
        left.addWidget(self.list, 1)
        self.search.setFixedWidth(theme.px(LIST_WIDTH))
        row.addLayout(left)
        row.addWidget(self.text, 1)
        self.list.currentRowChanged.connect(lambda row: self._show(self.pages[row]) if 0 <= row < len(self.pages) else None)
        self.resize(*(min(theme.px(wanted), room) for wanted, room in
                      zip(SIZE, (self.screen().availableSize() - self.screen().availableSize() / 12).toTuple(), strict=True)))

    def open_at(self, page: str = "", anchor: str = "") -> None:
        """Show a page, the first one where none is named, at a place of it."""
        self._read()
        self.show()
        self.raise_()
        self.activateWindow()
        self.go_to(page or self.pages[0].name, anchor)
        self.text.setFocus()

    def go_to(self, page: str, anchor: str = "") -> None:
        """Turn to a page."""
        row = next((row for row, known in enumerate(self.pages) if known.name == page), None)
        if row is not None:
            self.list.setCurrentRow(row)
            self._show(self.pages[row])
            if anchor:
                self.text.scrollToAnchor(anchor)

    def find_next(self) -> None:
        """Go to the next place that has what is searched, on this page or one after it."""
        wanted, here = self.search.text().strip(), self.list.currentRow()
        if not wanted or self.text.find(wanted):
            return
        for step in range(1, len(self.pages) + 1):
            page = self.pages[(here + step) % len(self.pages)]
            if wanted.lower() in _plain(page).lower():
                self.go_to(page.name)
                self.text.moveCursor(QTextCursor.MoveOperation.Start)
                self.text.find(wanted)
                return

    def _read(self) -> None:
        """Read the pages as the theme has them now."""
        here, self._shown = self.list.currentRow(), ""
        self.pages = pages()
        self.list.clear()
        self.list.addItems([caption(page.title) for page in self.pages])
        self.list.setCurrentRow(here)

    def _show(self, page: ManualPage) -> None:
        if page.name == self._shown:
            return
        self._shown = page.name
        document = self.text.document()
        document.setDefaultFont(theme.font("body"))
        if page.markdown:
            document.setMarkdown(page.markdown, QTextDocument.MarkdownFeature.MarkdownNoHTML)
            _space(document)
        else:
            document.setHtml(page.html)
        self.text.moveCursor(QTextCursor.MoveOperation.Start)

    def _follow(self, link: QUrl) -> None:
        """A link to another page, `page#place`; nothing outside is opened."""
        if not link.scheme():
            self.go_to(link.path() or self._shown, link.fragment())


def _space(document: QTextDocument) -> None:
    """Set paragraphs of Markdown apart, which come without spaces."""
    block = document.begin()
    while block.isValid():
        cursor, form = QTextCursor(block), block.blockFormat()
        form.setTopMargin(theme.px(14 if form.headingLevel() and block.blockNumber() else 0))
        form.setBottomMargin(theme.px(4 if block.textList() else 7))
        cursor.setBlockFormat(form)
        block = block.next()


def _plain(page: ManualPage) -> str:
    document = QTextDocument()
    if page.markdown:
        document.setMarkdown(page.markdown, QTextDocument.MarkdownFeature.MarkdownNoHTML)
    else:
        document.setHtml(page.html)
    return document.toPlainText()
