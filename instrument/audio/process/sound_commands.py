"""The sound that the audio process plays: patches by their values, name or number, and takes that are played again.

Only the main thread of the audio process calls this.
"""
import logging
from collections.abc import Callable

from hummingface.instrument.audio.engine.playing_engine import PlayingEngine
from hummingface.instrument.audio.engine.sound_loader import SoundLoader
from hummingface.instrument.audio.engine.velocity_input import Touch
from hummingface.instrument.audio.process import quick_commands
from hummingface.instrument.audio.process.announcer import Announcer
from hummingface.instrument.audio.process.recall import Recall
from hummingface.instrument.patches import library
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import Mpe

log = logging.getLogger(__name__)


class SoundCommands:
    """Whatever is asked for last holds: another sound gives up the take that is being read."""

    def __init__(self, playing: PlayingEngine, sounds: SoundLoader, recall: Recall, touch: Touch, announcer: Announcer) -> None:
        self._playing, self._sounds, self._recall, self._touch, self._announcer = playing, sounds, recall, touch, announcer

    def play(self, values: dict) -> None:
        """The patch that the client plays now. Raises ValueError, and then nothing has changed."""
        patch = self._load(values, self._announcer.keep)
        self._playing.now.play_patch(patch, self._playing.source)
        self._playing.now.make_audible()
        self.tell_notice(patch)

    def play_program(self, number: int, bank: list[int]) -> None:
        """The patch of a program change, if there is one. Raises PatchError."""
        patch = self._sounds.program(number, max(bank))         # keyboards send its number as MSB or as LSB
        if patch is not None:
            self._answer(patch)

    def play_named(self, name: str) -> None:
        """A patch that OSC asked for. Raises LibraryError, PatchError."""
        self._answer(library.named_patch(name))

    def renew(self, model: str) -> None:
        """A model's file has changed: patches loaded from now on use the new one."""
        self._sounds.forget(model)

    def begin_recall(self, path: str, put: Callable[[dict], None]) -> None:
        """Read a take; `finish_recall` is to be called with what comes by `put`."""
        self._give_up_take()
        self._recall.begin(path, put)

    def finish_recall(self, message: dict) -> None:
        """Play the take that was read, if it is still wanted. Raises TakeError, LibraryError, PatchError: then nothing has changed."""
        if not self._recall.is_wanted(message):
            return
        try:
            self._playing.follow(*self._recall.recall(message, self._playing.now))
        finally:
            self._give_up_take()

    def waits_for_take(self, message: dict) -> bool:
        """Whether a control or the routes have to wait for a take that is being read. They are kept then."""
        return self._recall.wait_for_take(message)

    def use_mpe(self, mode: str) -> None:
        """Play MPE by this mode; the zones that a controller has configured stay where nothing changes."""
        self._recall.mpe = mode
        if mode != self._playing.now.performer.messages.zones.mode:
            self._playing.now.receive(Mpe(mode))

    def tell_notice(self, patch: Patch) -> None:
        """Tell what the player should know of this patch on the model that plays it."""
        log.info("patch %r, model %r", patch.name, self._playing.source.name)
        if text := self._sounds.notice(patch, self._playing.source):
            self._announcer.tell({"tell": "error", "text": text})

    def _answer(self, wanted: Patch) -> None:
        """Play a patch that something else than the client has asked for."""
        patch = self._load(wanted.to_json(), self._announcer.tell)
        self._playing.now.play_patch(patch, self._playing.source, answers=True)
        self.tell_notice(patch)

    def _load(self, values: dict, announce: Callable[[dict], None]) -> Patch:
        """Load a patch and its source. It is announced before the engine tells what it keeps of the patch before."""
        self._give_up_take()
        patch, self._playing.source = self._sounds.load(values)
        announce({"tell": "patch", "patch": patch.to_json()})
        return patch

    def _give_up_take(self) -> None:
        """No take is waited for any more; controls that waited for it are moved."""
        for message in self._recall.forget():
            quick_commands.play(message, self._playing.now, self._touch)
