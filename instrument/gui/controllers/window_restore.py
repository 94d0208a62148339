"""Restores the window as the last one left it, and saves its changes (see `autosave.py`)."""
from typing import TYPE_CHECKING

from hummingface.instrument.gui.controllers import layout_state
from hummingface.instrument.gui.controllers.learnt_versions import NAME, Versions
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.session.autosave import Autosave
from hummingface.instrument.session.window_state import WindowState

if TYPE_CHECKING:
    from hummingface.instrument.gui.window import Window


class Keeping:
    """`kept` is the restored state, None if there is none; without `autosave` nothing is written."""

    def __init__(self, window: "Window", kept: WindowState | None, autosave: Autosave | None):
        self._window, self._kept, self._autosave = window, kept, autosave
        self._told = ""             # the newest problem of the disk that the player knows of
        self._versions = Versions()
        window.session.on_renew.append(self._versions.forget)

    def restore(self, patch: Patch | None) -> bool:
        """Restore the saved state, if there is one, and on top of it `patch`, which the engine was given, if that is another. Before the
        window is shown. Returns whether there was a state.
        """
        if self._kept is None:
            return False
        session, left = self._window.session, self._kept.session.state
        session.restore(self._kept.session)
        if notice := left.to_patch().notice:
            self._window.banner.notify(notice)
        self._window.news.given = patch is not None
        if patch is not None and patch.to_json() != left.to_patch().to_json():
            changed = session.dirty
            session.patch_from_engine(patch)
            if changed:
                self._window.banner.notify(f"“{left.patch.name}”, as you changed it, is one step back: Ctrl+Z.")
        layout_state.restore_layout(self._window, self._kept.window)
        return True

    def reopen(self) -> None:
        """The window is shown: open the panels that were open."""
        kept, self._kept = self._kept, None
        if kept is not None:
            layout_state.reopen(self._window, kept.window)

    def state(self) -> WindowState:
        """Everything that the next window needs."""
        session, window = self._window.session.snapshot(), layout_state.layout_of(self._window)
        return WindowState(session, window | ({NAME: versions} if (versions := self._versions.of(session)) else {}))

    def look(self) -> None:
        """Save what has changed; nothing is saved before the engine has played."""
        if self._autosave is None or not self._window.session.state.patch.model:
            return
        self._autosave.look(self.state())
        if (problem := self._autosave.problem) != self._told:
            self._told = problem
            if problem:
                self._window.banner.say(f"{problem}. What you change now is lost when the window closes.", problem=True)

    def close(self) -> None:
        """The window closes."""
        self.look()
        if self._autosave is not None:
            self._autosave.close()
