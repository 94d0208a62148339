"""Recall of a take: loads its sound and, if the sample rate matches, an engine that starts from the take's snapshot and replays it.

Only the main thread of the audio process calls this. A take may come from anywhere and be long, so a thread of its own reads it, a few
events at a time, and holds no lock; meanwhile the main thread does whatever else is asked for.
"""
import functools
import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hummingface.instrument.audio import shared_state
from hummingface.instrument.audio.engine.engine import Engine, EngineOptions
from hummingface.instrument.audio.engine.sound_loader import SoundLoader, controls_of
from hummingface.instrument.audio.process.output import Output
from hummingface.instrument.performance.messages.midi import Mpe, Panic, Set
from hummingface.instrument.performance.messages.mpe import AUTOMATIC
from hummingface.instrument.performance.source import Source
from hummingface.instrument.recording import performance_log, replay
from hummingface.instrument.recording.performance_log import Performance
from hummingface.instrument.recording.recorder import Recorder

PAUSE_S = 1e-3                  # after every few events, since the performer needs the interpreter
FADE_S = 0.05                   # in which all that sounds fades out before a take is played again


class Recall:
    """`tell(message)` goes to the player; `options` are what every engine here is made with."""

    def __init__(self, sounds: SoundLoader, output: Output, recorder: Recorder, tell: Callable[[dict], None], options: EngineOptions):
        self._sounds, self._output, self._recorder, self._tell, self._options = sounds, output, recorder, tell, options
        self._before: Engine | None = None
        self._wanted: object = None                     # stands for the take that is being read
        self._later: list[dict] = []                    # controls and routes that were moved since
        self.mpe = AUTOMATIC                            # how the player has MPE, and has it again after a take

    def begin(self, path: str, put: Callable[[dict], None]) -> None:
        """Read the take in a file. It comes by `put` as {"do": "recalled", "path": ..., "take": Performance, or the Exception}."""
        wanted = self._wanted = object()
        threading.Thread(target=lambda: put({"do": "recalled", "path": path, "wanted": wanted, "take": _read(path)}), name="take",
                         daemon=True).start()

    def is_wanted(self, message: dict) -> bool:
        """Whether a take that has been read is still wanted."""
        return message["wanted"] is self._wanted

    def wait_for_take(self, message: dict) -> bool:
        """Whether a control that is moved now has to wait for a take that is being read. It is kept then."""
        if self._wanted is not None:
            self._later.append(message)
        return self._wanted is not None

    def forget(self) -> list[dict]:
        """Another sound is wanted now than that of the take being read. Returns what waited for it."""
        self._wanted, later, self._later = None, self._later, []
        return later

    def recall(self, message: dict, engine: Engine) -> tuple[Engine, Source]:
        """Recall a take that has been read. Returns (the engine that plays from now on, its source).

        Raises TakeError, LibraryError, PatchError: then nothing has changed.
        """
        take, name = message["take"], Path(message["path"]).name
        if isinstance(take, Exception):
            raise take
        of = take.patch or engine.performer.patch
        assert of is not None
        patch, source = self._sounds.load(of.to_json())
        if take.rate_hz == engine.rate_hz:
            engine = self._switch(engine, Engine(take.rate_hz, source, patch, self._options, seed=take.snapshot["seed"], take=take))
            patch = engine.performer.patch or patch
            controls, notice = controls_of(engine.performer), replay.notice(take, source)
        else:
            engine.play_patch(patch, source)
            controls = _bring_back(engine, take)
            notice = f"The take's sound is loaded. To replay the take, set the audio to its {take.rate_hz} Hz."
        self._tell({"tell": "patch", "patch": patch.to_json()})
        for id_, value in controls.items():
            if value != patch.parameters.get(id_):
                self._tell({"tell": "set", "id": id_, "value": value})
        if notice:
            self._tell({"tell": "error", "text": f"{name}: {notice}"})
        return engine, source

    def _switch(self, old: Engine, new: Engine) -> Engine:
        """Replace the engine `old` by `new`."""
        zones = old.performer.messages.zones
        new.begin_after_take(Mpe(**zones.capture()) if zones.mode == self.mpe else Mpe(self.mpe))
        new.start()
        old.receive(Panic())
        time.sleep(FADE_S)
        old.end()
        self._output.switch(new)
        self._recorder.use(new.history, new)
        old.history.close()
        self._tell({"tell": "state", "path": str(new.path), "rate_hz": new.rate_hz})
        before, self._before = self._before, old        # its block stays in memory: the audio thread has only just left it
        if before is not None:
            before.close()
        shared_state.remove(old.path)
        return new


def _read(path: str) -> Performance | Exception:
    """On the take's thread."""
    gc.disable()                        # a collection among all these events would hold up the performer
    try:
        return performance_log.of_file(path, performance_log.RECALL, functools.partial(time.sleep, PAUSE_S))
    except Exception as error:
        return error
    finally:
        gc.freeze()                     # the events lie in no cycle
        gc.enable()


def _bring_back(engine: Engine, take: Performance) -> dict[str, float]:
    controls = take.snapshot["controls"]
    for id_, value in controls.items():
        engine.receive(Set(id_, value))
    return controls
