"""Small windows that are made when they are first wanted: the start does not wait for them."""
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hummingface.instrument.gui.dialogs.export_dialog import ExportDialog
    from hummingface.instrument.gui.dialogs.manual_dialog import ManualDialog
    from hummingface.instrument.gui.dialogs.velocity_dialog import TouchDialog
    from hummingface.instrument.gui.panels.takes_panel import TakesPanel
    from hummingface.instrument.gui.window import Window

PANELS = ("takes", "exports", "touch", "manual")


class LatePanels:
    """Those of `window`, by the names of its attributes."""

    def __init__(self, window: "Window") -> None:
        self._window = window

    @cached_property
    def takes(self) -> "TakesPanel":
        from hummingface.instrument.gui.panels.takes_panel import TakesPanel
        panel = TakesPanel(self._window, self._window.settings)
        panel.recall_wanted.connect(self._window.recall)
        panel.heard.connect(self._window.guidance.take_heard)
        panel.changed.connect(self._window.settings_control.save)
        return panel

    @cached_property
    def exports(self) -> "ExportDialog":
        from hummingface.instrument.gui.dialogs.export_dialog import ExportDialog
        window = self._window
        return ExportDialog(window, lambda: window.tuning.tuned(window.session.state.to_patch()), window.settings)

    @cached_property
    def touch(self) -> "TouchDialog":
        from hummingface.instrument.gui.dialogs.velocity_dialog import TouchDialog
        dialog = TouchDialog(self._window, self._window.settings, self._window.client.send)
        dialog.changed.connect(self._window.settings_control.save)
        return dialog

    @cached_property
    def manual(self) -> "ManualDialog":
        from hummingface.instrument.gui.dialogs.manual_dialog import ManualDialog
        return ManualDialog(self._window)

    def is_made(self, name: str) -> bool:
        """Whether it was wanted already."""
        return name in vars(self)

    def show_new_take(self) -> None:
        """A take is finished: it is listed, where takes are in sight."""
        if self.is_made("takes") and self.takes.isVisible():
            self.takes.refresh()

    def hide(self) -> None:
        """Hide all that are open."""
        for name in filter(self.is_made, PANELS):
            getattr(self, name).hide()

    def close(self) -> None:
        """End what runs for them."""
        if self.is_made("exports"):
            self.exports.exporting.close()
