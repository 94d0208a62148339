"""Offers to install the optional packages when the player asks for something that needs them, shows progress, and then goes on.

The process that installs (`hummingface install train`) ends with the window, or when it is cancelled; it touches nothing that plays.
"""
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from hummingface.instrument.gui.controllers.helper_process import Helper
from hummingface.instrument.gui.panels.learning_panel import Progress
from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.button import push_button
from hummingface.instrument.gui.widgets.plain_text import Label
from hummingface.instrument.installing.torch_build import CPU_DISK_MB, CPU_MB
from hummingface.instrument.session import extras

PATIENCE_MS = 3000


class ExtrasPanel(QDialog):
    """Not modal: you can play meanwhile."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setWindowTitle("Not installed yet")
        self.setModal(False)
        self.helper: Helper | None = None
        self._then: Callable[[], object] = lambda: None
        self._of_mb, self._step, self._failed = CPU_MB + CPU_DISK_MB, "", ""
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(10))
        self.text, self.state = _label("What is needed"), _label("Progress")
        self.state.setObjectName("soft")
        self.progress = Progress()
        self.progress.setFixedHeight(theme.px(5))
        for widget in (self.text, self.progress, self.state):
            column.addWidget(widget)
        row = QHBoxLayout()
        row.addStretch(1)
        self.cancel_button = push_button("Not now", self.reject)
        self.install_button = push_button("Install", self.install)
        self.install_button.setProperty("role", "main")
        for button in (self.cancel_button, self.install_button):
            button.setAutoDefault(True)                 # no field here, so Enter presses the one with the focus
        row.addWidget(self.cancel_button)
        row.addWidget(self.install_button)
        column.addLayout(row)
        self.setMinimumWidth(theme.px(520))

    def offer(self, what: str, then: Callable[[], object]) -> bool:
        """Whether everything that `what` needs is installed. If not, it is offered, and `then` is called after the installation."""
        if self.helper is None and not extras.missing():
            return True
        self._then = then
        if self.helper is None:
            self.text.setText(f"{what} needs PyTorch, which is not installed, since playing does not need it. "
                              f"About {CPU_MB} MB to download, {CPU_DISK_MB} MB on the disk. You can play on meanwhile.\n\n"
                              f"In a terminal: {extras.COMMAND}")
            self._show(running=False, state="")
        self.show()
        self.raise_()
        return False

    def install(self) -> None:
        """Start or retry the installation."""
        if self.helper is not None:
            return
        self.helper = helper = Helper(self, ["install", "train", "--tell"])
        self._failed = ""
        helper.received.connect(self._hear)
        helper.ended.connect(lambda why: self._ended(helper, why))
        self._show(running=True, state="Getting ready …")

    def reject(self) -> None:
        """Decline; a running installation is cancelled."""
        self.close_helper()
        super().reject()

    def leave(self) -> None:
        """The window is about to close."""
        if self.helper is not None:
            self.helper.leave()

    def close_helper(self) -> None:
        """End the process, if there is one."""
        helper, self.helper = self.helper, None
        if helper is not None:
            helper.close(PATIENCE_MS)
            helper.deleteLater()

    def _hear(self, message: dict) -> None:
        match message["tell"]:
            case "size":
                self._of_mb = max(1, int(message["download_mb"]) + int(message["disk_mb"]))
            case "step":
                self._step = str(message["text"])
                self.state.setText(self._step)
            case "progress":
                came = int(message["mb"])
                self.progress.show_share(min(came / self._of_mb, 0.99))
                self.state.setText(f"{self._step}  {came} of about {self._of_mb} MB".strip())
            case "failed":
                self._failed = str(message["text"])

    def _ended(self, helper: Helper, why: str) -> None:
        if helper is not self.helper:
            return
        self.helper = None
        helper.deleteLater()
        if not extras.missing():
            self.accept()
            self._then()
            return
        self._show(running=False, state=f"{self._failed or f'It stopped: {why}.'} Nothing else is lost, and you can try again.")
        self.install_button.setText("Try again")

    def _show(self, running: bool, state: str) -> None:
        self.progress.show_share(0.0)
        self.progress.setVisible(running)
        self.state.setText(state)
        self.state.setVisible(bool(state))
        self.install_button.setVisible(not running)
        self.cancel_button.setText("Cancel" if running else "Not now")
        self.adjustSize()


def _label(name: str) -> Label:
    label = Label(wraps=True)
    label.setAccessibleName(name)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
