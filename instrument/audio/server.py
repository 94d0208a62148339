"""The audio process: `python -m hummingface.instrument.audio.server`, started by `client.py`, which writes one line of JSON to its
standard input.

It holds the engine (state block, performer), the stream to the device, and the MIDI inputs, and executes the client's
commands. Nothing else runs here: a busy Python thread in this process would make the performer late. When its client
vanishes, the sound goes on, so that a new window can take over after a crash. Without a client the process ends itself `GRACE_S` after the
last note.

The main thread is the only one that opens and closes devices and ports; notes and controls go straight to the performer
(`quick_commands.py`).
"""
import contextlib
import functools
import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hummingface.instrument.audio import precompile, quick_commands, registry
from hummingface.instrument.audio.allocator import return_large_blocks
from hummingface.instrument.audio.announcer import Announcer
from hummingface.instrument.audio.listener import Listener
from hummingface.instrument.audio.output import Output, likely_rate_hz
from hummingface.instrument.audio.protocol import CLOSING_TAKE_S, FAREWELL_S, AudioChoice
from hummingface.instrument.audio.quick_commands import MOVES, NOTES_AND_CONTROLS, RECORDING, WINDOW
from hummingface.instrument.logs import log_files
from hummingface.instrument.logs.error_stream import ErrorStream
from hummingface.instrument.patches import scale_tuning
from hummingface.models.playing.checked_json import parse_json

if TYPE_CHECKING:
    from hummingface.instrument.audio.engine import Engine, EngineOptions
    from hummingface.instrument.audio.held_by_source import HeldBySource
    from hummingface.instrument.audio.midi_out import MidiOut
    from hummingface.instrument.audio.mts_esp import MtsClient
    from hummingface.instrument.audio.osc_server import OscServer
    from hummingface.instrument.audio.output_stream import MidiInput
    from hummingface.instrument.audio.recall import Recall
    from hummingface.instrument.audio.sound_loader import SoundLoader
    from hummingface.instrument.audio.surroundings import Surroundings
    from hummingface.instrument.audio.velocity_input import Touch
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.events import PlayerEvent
    from hummingface.instrument.performance.source import Source
    from hummingface.instrument.recording.recorder import Recorder

SWITCH_S = 2e-4                 # after which other Python threads let the performer run: with 5 ms, as usual, recalled takes make hops late
GRACE_S = 60.0                  # without a client and without a note
TICK_S = 1.0                    # between checks for new and removed MIDI ports
SLOW_START_S = 8.0
STILL_STARTING = "Still starting: this machine is busy."
log = logging.getLogger(__name__)


class Server:
    """The audio process's main object. `config`: as made by `Client._open`."""

    # made by `_start`
    _recorder: "Recorder"
    _touch: "Touch"
    _held: "HeldBySource"
    _midi_out: "MidiOut"
    _sounds: "SoundLoader"
    _source: "Source"
    _output: "Output"
    _recall: "Recall"

    def __init__(self, config: dict):
        self._config = config
        self._began = float(config.get("began", time.time()))
        self._inbox: queue.SimpleQueue[dict] = queue.SimpleQueue()
        self._engine: Engine | None = None
        self._surroundings: Surroundings | None = None
        self._mts: MtsClient | None = None
        self._osc: OscServer | None = None
        self._tells_controllers = False
        self._sounds_requested = self._sounds_done = 0      # patches and takes: counted by the client's thread and by the main thread
        self._quiet_since = time.monotonic()
        self._announcer = Announcer(lambda message: self._listener.tell(message))
        self._tell = self._announcer.tell
        self._log = open(config["log_events"], "w", buffering=1) if config.get("log_events") else None      # noqa: SIM115
        self._listener = Listener(bytes.fromhex(config["authkey"]), self._receive, self._welcome,
                                  lambda: self._inbox.put({"do": "client gone"}), registry.socket_address(os.getpid()))
        try:
            registry.write(registry.Running(os.getpid(), self._listener.address, config["authkey"]))
        except OSError as error:                        # a full disk: it plays, but no other window will find it
            print(f"hummingface: the audio process cannot be registered: {error}", file=sys.stderr)
        sys.stdout.buffer.write(registry.GREETING + json.dumps(
            {"pid": os.getpid(), "address": self._listener.address, "authkey": config["authkey"]}).encode() + b"\n")
        sys.stdout.flush()

    def run(self) -> None:
        """Start, and execute commands until `quit`."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # a Ctrl-C in the client's terminal is the client's business
        signal.signal(signal.SIGTERM, lambda *_: self._inbox.put({"do": "quit"}))
        try:
            self._start()
        except Exception as error:
            log.critical("the sound cannot start", exc_info=True)
            self._tell({"tell": "error", "text": f"The sound cannot start: {error}"})
            self._listener.close()
            registry.remove(os.getpid())
            os._exit(1)
        next_tick = time.monotonic()
        while True:
            try:
                message = self._inbox.get(timeout=max(0.0, next_tick - time.monotonic()))
            except queue.Empty:
                next_tick = time.monotonic() + TICK_S
                self._guarded("looking after ports and devices", self._tick)
                if self._deserted():
                    break
                continue
            if message["do"] == "quit":
                break
            self._guarded(message["do"], functools.partial(self._do, message))
            self._sounds_done += message["do"] in _DONE
        self._end()

    def _guarded(self, what: str, step: Callable[[], None]) -> None:
        """Take a step, and tell what goes wrong: none of them may end the sound."""
        try:
            step()
        except Exception as error:
            log.exception("%s failed", what)
            expected = isinstance(error, (OSError, ValueError))         # errors of ours, which name the file or the device
            self._tell({"tell": "error", "text": str(error) if expected else f"{what}: {error!r}"})

    @property
    def _playing(self) -> "Engine":
        """The engine, once there is one."""
        assert self._engine is not None, "nothing can be asked for before there is an engine"
        return self._engine

    @property
    def _around(self) -> "Surroundings":
        """Ports and devices, once they are looked after."""
        assert self._surroundings is not None, "nothing can be asked for before ports are looked for"
        return self._surroundings

    # Start and end

    def _start(self) -> None:
        precompile.finish(lambda text: self._tell({"tell": "starting", "text": text}))
        slow = threading.Timer(SLOW_START_S, self._tell, ({"tell": "starting", "text": STILL_STARTING},))
        slow.daemon = True
        slow.start()
        opening = threading.Thread(target=self._prepare_audio, name="opening")
        opening.start()                                 # PortAudio and the model take about as long: side by side
        from hummingface.instrument.audio import mts_esp
        from hummingface.instrument.audio.held_by_source import HeldBySource
        from hummingface.instrument.audio.midi_out import MidiOut
        from hummingface.instrument.audio.mts_esp import MtsClient
        from hummingface.instrument.audio.recall import Recall  # before a stream runs: imports delay the performer
        from hummingface.instrument.audio.sound_loader import SoundLoader
        from hummingface.instrument.audio.surroundings import Surroundings
        from hummingface.instrument.audio.velocity_input import Touch
        from hummingface.instrument.recording.recorder import Recorder
        self._recorder = Recorder(self._tell)
        self._held, self._midi_out = HeldBySource(), MidiOut()
        mts = mts_esp.library()
        self._mts = MtsClient(mts, lambda event: self._playing.receive(event)) if mts is not None else None
        self._touch = Touch(lambda velocities: self._tell({"tell": "velocities", "incoming": velocities}))
        if self._config.get("velocity_curve") is not None:
            self._touch.use(self._config["velocity_curve"])
        self._sounds = SoundLoader(self._config.get("model"))
        patch, source, problem = self._sounds.first(self._config.get("patch"))
        if problem:
            self._tell({"tell": "error", "text": problem})
        opening.join()
        self._source = source
        choice = AudioChoice.of(self._config["audio"])
        self._new_engine(likely_rate_hz(choice), patch)
        self._output = Output(choice, self._playing, opened=self._device_opened, closing=self._device_closing, tell=self._tell,
                              engine_at=lambda rate_hz: self._new_engine(rate_hz, self._playing.performer.patch))
        self._recall = Recall(self._sounds, self._output, self._recorder, self._tell,
                              self._engine_options())
        self._output.open(fallback=bool(self._config.get("fallback")))
        self._tell({"tell": "patch", "patch": patch.to_json()})
        self._tell_notice(patch)
        self._surroundings = Surroundings(lambda data, source: self._playing.receive_bytes(data, source),
                                          lambda source: self._playing.leave(source), self._config.get("midi_ports"), self._announcer)
        self._surroundings.use_jack(self._playing.jack)
        if self._config.get("midi_map") is not None:
            self._set_midi_map(self._config["midi_map"])
        if self._config.get("tuning") is not None:
            self._use_tuning(self._config["tuning"])
        if self._mts is not None:
            self._mts.start()
        if (self._config.get("osc") or {}).get("listen") is not None:
            self._guarded("OSC", lambda: self._open_osc(self._config["osc"]))
        self._recall.mpe = self._config.get("mpe") or self._recall.mpe
        self._use_mpe(self._recall.mpe)
        slow.cancel()
        self._tell({"tell": "ready", "seconds": round(time.time() - self._began, 3)})

    def _prepare_audio(self) -> None:
        from hummingface.instrument.audio import devices
        with contextlib.suppress(devices.DeviceError):  # reported when the device is opened
            devices.portaudio()

    def _new_engine(self, rate_hz: int, patch: "Patch | None") -> "Engine":
        from hummingface.instrument.audio.engine import Engine
        old = self._engine
        self._engine = Engine(rate_hz, self._source, patch, **self._engine_options())
        if old is not None:
            from hummingface.instrument.performance.messages.midi import Mpe, Set
            for id_, value in self._controls_of(old).items():
                self._playing.receive(Set(id_, value))
            self._playing.performer.restore_tuning(old.performer.key_pitches.capture())
            self._playing.performer.messages.controllers.restore(old.performer.messages.controllers.capture())
            self._playing.receive(Mpe(**old.performer.messages.zones.capture()))
            old.close()
        self._tell({"tell": "state", "path": str(self._playing.path), "rate_hz": rate_hz})
        self._playing.start()
        self._recorder.use(self._playing.history, self._playing)
        return self._playing

    def _engine_options(self) -> "EngineOptions":
        """The options of every engine here."""
        return {"tell": self._performer_tells, "log": self._log_event if self._log else None, "touch": self._touch, "held": self._held,
                "played": self._midi_out.send}

    def _end(self) -> None:
        registry.remove(os.getpid())
        self._recorder.close(CLOSING_TAKE_S)                          # first: keeps a running take, whatever hangs afterwards
        timer = threading.Timer(FAREWELL_S, self._leave)
        timer.daemon = True
        timer.start()                                   # PortAudio hangs for minutes where the JACK server died
        if self._surroundings:
            self._surroundings.close()
        if self._mts is not None:
            self._mts.close()
        if self._osc is not None:
            self._osc.close()
        self._midi_out.use(False)
        self._output.fade_out()
        self._output.close()
        log.info("ends")
        self._leave()

    def _leave(self) -> None:
        if self._engine:
            self._engine.close()
        if self._log:
            self._log.close()
        self._listener.close()
        sys.stderr.flush()
        os._exit(0)

    # Commands

    def _receive(self, message: dict) -> None:
        """On the client's thread: notes and knobs go straight to the performer, other commands wait for the main thread."""
        engine = self._engine
        if engine is not None and message["do"] in RECORDING:
            quick_commands.record(message, self._recorder)        # at this sample, whatever the main thread is doing
        elif (engine is None or message["do"] not in NOTES_AND_CONTROLS
                or (message["do"] in MOVES and self._sounds_requested > self._sounds_done)):
            self._sounds_requested += message["do"] in _SOUNDS      # a control moved after a patch must not be set before it
            self._inbox.put(message)
        else:
            quick_commands.play(message, engine, self._touch)

    def _do(self, message: dict) -> None:
        match message["do"]:
            case name if name in MOVES and self._recall.wait_for_take(message):
                pass
            case name if name in NOTES_AND_CONTROLS:
                quick_commands.play(message, self._playing, self._touch)
            case name if name in RECORDING:
                quick_commands.record(message, self._recorder)
            case "patch":
                self._play_patch(message["patch"])
            case "renew":
                self._sounds.forget(message["model"])
            case "open_audio":
                self._output.change(AudioChoice.of(message))
            case "open_midi":
                self._around.want(message["ports"])
            case "mpe":
                self._recall.mpe = message["mode"]
                self._use_mpe(message["mode"])
            case "midi_map":
                self._set_midi_map(message["map"])
            case "osc":
                self._open_osc(message)
            case "midi_out":
                self._midi_out.use(message["on"])
            case "osc patch":
                self._play_named(message["name"])
            case "tuning":
                self._use_tuning(message["tuning"])
            case "listen_controllers":
                self._tells_controllers = message["on"]
            case "listen_velocities":
                self._touch.listen(message["on"])
            case "test_tone":
                self._playing.state["tone"] = message["on"]
            case "list":
                threading.Thread(target=self._around.tell_devices, daemon=True).start()
            case "recall":
                self._give_up_take()
                self._recall.begin(message["path"], self._inbox.put)
            case "recalled" if self._recall.is_wanted(message):
                try:
                    self._engine, self._source = self._recall.recall(message, self._playing)
                finally:
                    self._give_up_take()
            case "program":
                self._play_program(message["number"], message["bank"])
            case "client gone":
                self._touch.listen(False)
                self._tells_controllers = False
                self._playing.leave(WINDOW)
                self._quiet_since = time.monotonic()

    def _welcome(self) -> None:
        self._announcer.welcome(lambda: self._controls_of(self._playing))

    @staticmethod
    def _controls_of(engine: "Engine") -> dict[str, float]:
        from hummingface.instrument.audio.sound_loader import controls_of
        return controls_of(engine.performer)

    # The sound

    def _give_up_take(self) -> None:
        """No take is waited for any more; controls that waited for it are moved."""
        for message in self._recall.forget():
            quick_commands.play(message, self._playing, self._touch)

    def _play_patch(self, values: dict, *, asked_by_midi: bool = False) -> None:
        self._give_up_take()
        patch, source = self._sounds.load(values)
        self._source = source
        message = {"tell": "patch", "patch": patch.to_json()}
        (self._tell if asked_by_midi else self._announcer.keep)(message)        # before the engine tells what it keeps of the patch before
        self._playing.play_patch(patch, source, answers=asked_by_midi)
        if not asked_by_midi:
            self._playing.make_audible()
        self._tell_notice(patch)

    def _tell_notice(self, patch: "Patch") -> None:
        log.info("patch %r, model %r", patch.name, self._source.name)
        if text := self._sounds.notice(patch, self._source):
            self._tell({"tell": "error", "text": text})

    def _play_program(self, number: int, bank: list[int]) -> None:
        patch = self._sounds.program(number, max(bank))         # keyboards send its number as MSB or as LSB
        if patch is not None:
            self._play_patch(patch.to_json(), asked_by_midi=True)

    def _set_midi_map(self, table: object) -> None:
        """Another map, in place of the whole one: the performer may be reading."""
        from hummingface.instrument.performance.messages import controller_map
        self._playing.performer.messages.controllers = controller_map.ControllerMap(controller_map.from_json(table))

    def _open_osc(self, message: dict) -> None:
        """Listen to OSC where it is asked for, or nowhere. Raises ValueError, OscError."""
        if self._osc is not None:
            self._osc.close()
            self._osc = None
        if message["listen"] is not None:
            from hummingface.instrument.audio.osc_server import OscServer, place_of
            echo = place_of(message["echo"]) if message["echo"] is not None else None
            self._osc = OscServer(place_of(message["listen"]), lambda: self._playing,
                                  lambda name: self._inbox.put({"do": "osc patch", "name": name}), echo)
            log.info("OSC listens at %s:%s", *self._osc.place)

    def _play_named(self, name: str) -> None:
        """A patch that OSC asked for. Raises LibraryError, PatchError."""
        from hummingface.instrument.patches import library
        self._play_patch(library.named_patch(name).to_json(), asked_by_midi=True)

    def _use_tuning(self, values: dict | None) -> None:
        from hummingface.instrument.performance.messages.tuning_events import UseTuning
        self._playing.receive(UseTuning(None if values is None else scale_tuning.from_json(values, "the player's tuning")))

    def _use_mpe(self, mode: str) -> None:
        """Play MPE by this mode; the zones that a controller has configured stay where nothing changes."""
        from hummingface.instrument.performance.messages.midi import Mpe
        if mode != self._playing.performer.messages.zones.mode:
            self._playing.receive(Mpe(mode))

    def _performer_tells(self, kind: str, *values: Any) -> None:
        """On the performer's thread."""
        if kind == "set":
            self._listener.tell({"tell": "set", "id": values[0], "value": values[1]})
        elif kind == "routes":
            self._listener.tell({"tell": "routes", "routes": values[0]})
        elif kind == "blend":
            self._listener.tell({"tell": "blend", **values[0].to_json()})
        elif kind == "controller":
            if self._tells_controllers:
                event = values[0]
                self._tell({"tell": "controller", "channel": event.channel, "number": event.number, "value": event.value})
        elif kind == "tuning":
            self._tell({"tell": "tuning", "by": values[0], "name": values[1]})
        elif kind == "program":
            self._inbox.put({"do": "program", "number": values[0], "bank": values[1]})
        elif kind == "failed":
            log.critical("the performer failed", exc_info=values[0])
            self._tell({"tell": "error", "text": f"The performer failed ({values[0]!r}); the sound is started again."})
            self._listener.close()
            registry.remove(os.getpid())
            os._exit(1)

    def _log_event(self, sample: int, event: "PlayerEvent") -> None:
        from hummingface.instrument.audio.sound_loader import event_as_json
        print(json.dumps({"sample": sample, **event_as_json(event)}), file=self._log)

    # The device

    def _device_opened(self, jack: "MidiInput | None") -> None:
        if self._surroundings:
            self._surroundings.use_jack(jack)

    def _device_closing(self) -> None:
        if self._surroundings:
            self._surroundings.forget_jack()

    # Once a second

    def _tick(self) -> None:
        """Look after ports and devices."""
        self._around.look_after(self._playing)
        self._output.look_after()

    def _deserted(self) -> bool:
        """Whether nobody has listened or played for so long that the process should end."""
        now = time.monotonic()
        if self._listener.has_client or self._playing.state["status"]["voices"][0] > 0:
            self._quiet_since = now
        return now - self._quiet_since > GRACE_S


_SOUNDS, _DONE = ("patch", "recall"), ("patch", "recalled")    # commands that set all controls, and what ends them


def main() -> int:
    sys.stderr = ErrorStream()
    return_large_blocks()
    try:
        config = parse_json(sys.stdin.buffer.readline())
        log_files.begin("audio", bool(config.get("verbose")))
        server = Server(config)
    except (OSError, ValueError, KeyError) as error:
        log.critical("the audio process cannot start", exc_info=True)
        print(f"hummingface: the audio process cannot start: {error}", file=sys.stderr)
        return 1
    sys.setswitchinterval(SWITCH_S)
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
