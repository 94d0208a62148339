"""The engine that plays now. Where a device has another sample rate, or a take is played again, another one takes its place."""
from collections.abc import Callable

from hummingface.instrument.audio.engine.engine import Engine, EngineOptions
from hummingface.instrument.audio.engine.sound_loader import controls_of
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import Mpe, Set
from hummingface.instrument.performance.source import Source
from hummingface.instrument.recording.recorder import Recorder


class PlayingEngine:
    """`options` are those of every engine here, `recorder` records the one that plays, `tell(message)` goes to the player.

    `source`: what makes the frames of its sound, after `begin`.
    """

    source: Source

    def __init__(self, options: EngineOptions, recorder: Recorder, tell: Callable[[dict], None]) -> None:
        self._options, self._recorder, self._tell = options, recorder, tell
        self._engine: Engine | None = None

    @property
    def exists(self) -> bool:
        """Whether there is an engine by now. Any thread."""
        return self._engine is not None

    @property
    def now(self) -> Engine:
        """The engine, once there is one. Any thread."""
        assert self._engine is not None, "nothing can be asked for before there is an engine"
        return self._engine

    def begin(self, rate_hz: int, source: Source, patch: Patch | None) -> None:
        """The first engine of the process."""
        self.source = source
        self._start(Engine(rate_hz, source, patch, self._options))

    def at_rate(self, rate_hz: int) -> Engine:
        """Another engine that sounds the same plays from now on. Returns it."""
        old = self.now
        new = self._engine = Engine(rate_hz, self.source, old.performer.patch, self._options)
        for id_, value in controls_of(old.performer).items():
            new.receive(Set(id_, value))
        new.performer.tuning.restore(old.performer.key_pitches.capture())
        new.performer.messages.controllers.restore(old.performer.messages.controllers.capture())
        new.receive(Mpe(**old.performer.messages.zones.capture()))
        old.close()
        self._start(new)
        return new

    def follow(self, engine: Engine, source: Source) -> None:
        """This engine plays now, on this source."""
        self._engine, self.source = engine, source

    def close(self) -> None:
        """End it. The stream must be closed before."""
        if self._engine is not None:
            self._engine.close()

    def _start(self, engine: Engine) -> None:
        self._engine = engine
        self._tell({"tell": "state", "path": str(engine.path), "rate_hz": engine.rate_hz})
        engine.start()
        self._recorder.use(engine.history, engine)
