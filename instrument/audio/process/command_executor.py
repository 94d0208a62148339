"""Everything that the audio process plays with, and the commands that work it. `server.py` imports this when the rest is compiled.

The main thread calls it, and it alone opens and closes devices, ports and takes: whoever opens one closes it, whatever fails between.
Notes, controls and recording may come on the client's thread.
"""
import threading
from collections.abc import Callable

from hummingface.instrument.audio.devices.output_stream import MidiInput
from hummingface.instrument.audio.engine.engine import EngineOptions
from hummingface.instrument.audio.engine.held_by_source import HeldBySource
from hummingface.instrument.audio.engine.playing_engine import PlayingEngine
from hummingface.instrument.audio.engine.sound_loader import SoundLoader, controls_of
from hummingface.instrument.audio.engine.velocity_input import Touch
from hummingface.instrument.audio.engine_settings import ProcessConfig
from hummingface.instrument.audio.ports.midi_out import MidiOut
from hummingface.instrument.audio.process import quick_commands
from hummingface.instrument.audio.process.announcer import Announcer
from hummingface.instrument.audio.process.event_log import EventLog
from hummingface.instrument.audio.process.osc_switch import OscSwitch
from hummingface.instrument.audio.process.output import Output, likely_rate_hz
from hummingface.instrument.audio.process.performer_reports import PerformerReports
from hummingface.instrument.audio.process.quick_commands import NOTES_AND_CONTROLS, RECORDING, WINDOW
from hummingface.instrument.audio.process.recall import Recall
from hummingface.instrument.audio.process.sound_commands import SoundCommands
from hummingface.instrument.audio.process.surroundings import Surroundings
from hummingface.instrument.audio.process.tuning_sources import TuningSources
from hummingface.instrument.audio.protocol import CLOSING_TAKE_S, MOVES, AudioChoice
from hummingface.instrument.performance.messages import controller_map
from hummingface.instrument.recording.recorder import Recorder


class CommandExecutor:
    """`put(command)` has the main thread `execute` a command soon; `fail(error)` ends the process, whose performer has ended."""

    # made by `start`
    _sounds: SoundCommands
    _output: Output

    def __init__(self, config: ProcessConfig, announcer: Announcer, put: Callable[[dict], None], fail: Callable[[Exception], None]):
        self._config, self._announcer, self._tell, self._put = config, announcer, announcer.tell, put
        self._recorder = Recorder(self._tell)
        self._midi_out = MidiOut()
        self._touch = Touch(lambda velocities: self._tell({"tell": "velocities", "incoming": velocities}))
        self._reports = PerformerReports(self._tell, put, fail)
        self._log = EventLog(path) if (path := config.get("log_events")) else None
        options = EngineOptions(self._reports, self._log.note if self._log is not None else None, self._touch, HeldBySource(),
                                self._midi_out.send)
        self._options = options
        self._playing = PlayingEngine(options, self._recorder, self._tell)
        self._tuning = TuningSources(lambda event: self._playing.now.receive(event))
        self._osc = OscSwitch(lambda: self._playing.now, lambda name: put({"do": "osc patch", "name": name}))
        self._surroundings: Surroundings | None = None

    def start(self, guarded: Callable[[str, Callable[[], None]], None], await_portaudio: Callable[[], None]) -> None:
        """Play the first patch. `guarded(what, step)` takes a step that may fail; `await_portaudio()` returns when devices can be looked
        for. Raises ValueError where there is nothing to play."""
        config = self._config
        if (curve := config.get("velocity_curve")) is not None:
            self._touch.use(curve)
        sounds = SoundLoader(config.get("model"))
        patch, source, problem = sounds.first(config.get("patch"))
        if problem:
            self._tell({"tell": "error", "text": problem})
        await_portaudio()
        choice = AudioChoice.of(config["audio"])
        self._playing.begin(likely_rate_hz(choice), source, patch)
        self._output = Output(choice, self._playing.now, opened=self._device_opened, closing=self._device_closing, tell=self._tell,
                              engine_at=self._playing.at_rate)
        recall = Recall(sounds, self._output, self._recorder, self._tell, self._options)
        self._sounds = SoundCommands(self._playing, sounds, recall, self._touch, self._announcer)
        self._output.open(fallback=bool(config.get("fallback")))
        self._tell({"tell": "patch", "patch": patch.to_json()})
        self._sounds.tell_notice(patch)
        self._surroundings = Surroundings(lambda data, port: self._playing.now.receive_bytes(data, port),
                                          lambda port: self._playing.now.leave(port), config.get("midi_ports"), self._announcer)
        self._surroundings.use_jack(self._playing.now.jack)
        if config.get("midi_map") is not None:
            self._set_midi_map(config["midi_map"])
        if config.get("tuning") is not None:
            self._tuning.use(config["tuning"])
        self._tuning.start()
        if (osc := config.get("osc")) is not None and osc["listen"] is not None:
            guarded("OSC", lambda: self._osc.use(osc["listen"], osc["echo"]))
        self._sounds.use_mpe(config.get("mpe") or recall.mpe)

    def end(self) -> None:
        """End takes, ports and sound, without a click. May hang where an audio server died."""
        if self._surroundings is not None:
            self._surroundings.close()
        self._tuning.close()
        self._osc.close()
        self._midi_out.use(False)
        self._output.fade_out()
        self._output.close()

    def keep_take(self) -> None:
        """Complete a take that runs. Comes first: whatever hangs afterwards, it is kept."""
        self._recorder.close(CLOSING_TAKE_S)

    def leave(self) -> None:
        """The last: the engine's memory and the log."""
        self._playing.close()
        if self._log is not None:
            self._log.close()

    def execute_at_once(self, message: dict) -> bool:
        """Execute a command on the client's thread, at this sample, whatever the main thread is doing. Returns whether it is one of these,
        and there is an engine."""
        if not self._playing.exists:
            return False
        if message["do"] in RECORDING:
            quick_commands.record(message, self._recorder)
        elif message["do"] in NOTES_AND_CONTROLS:
            quick_commands.play(message, self._playing.now, self._touch)
        else:
            return False
        return True

    def execute(self, message: dict) -> None:
        """Execute a command of the client, or of this process itself. Raises OSError or ValueError, which name the file or the device."""
        match message["do"]:
            case name if name in MOVES and self._sounds.waits_for_take(message):
                pass
            case name if name in NOTES_AND_CONTROLS or name in RECORDING:
                self.execute_at_once(message)
            case "patch":
                self._sounds.play(message["patch"])
            case "program":
                self._sounds.play_program(message["number"], message["bank"])
            case "osc patch":
                self._sounds.play_named(message["name"])
            case "renew":
                self._sounds.renew(message["model"])
            case "recall":
                self._sounds.begin_recall(message["path"], self._put)
            case "recalled":
                self._sounds.finish_recall(message)
            case "open_audio":
                self._output.change(AudioChoice.of(message))
            case "open_midi":
                self._around.want(message["ports"])
            case "mpe":
                self._sounds.use_mpe(message["mode"])
            case "midi_map":
                self._set_midi_map(message["map"])
            case "osc":
                self._osc.use(message["listen"], message["echo"])
            case "midi_out":
                self._midi_out.use(message["on"])
            case "tuning":
                self._tuning.use(message["tuning"])
            case "listen_controllers":
                self._reports.controllers = message["on"]
            case "listen_velocities":
                self._touch.listen(message["on"])
            case "test_tone":
                self._playing.now.state["tone"] = message["on"]
            case "list":
                threading.Thread(target=self._around.tell_devices, daemon=True).start()
            case "client gone":
                self._touch.listen(False)
                self._reports.controllers = False
                self._playing.now.leave(WINDOW)

    def controls(self) -> dict[str, float]:
        """Where all controls stand, by their ids."""
        return controls_of(self._playing.now.performer)

    def look_after(self) -> None:
        """Call it once a second: ports and devices come and go."""
        self._around.look_after(self._playing.now)
        self._output.look_after()

    @property
    def sounds(self) -> bool:
        """Whether any voice sounds."""
        return bool(self._playing.now.state["status"]["voices"][0] > 0)

    @property
    def _around(self) -> Surroundings:
        """Ports and devices, once they are looked after."""
        assert self._surroundings is not None, "nothing can be asked for before ports are looked for"
        return self._surroundings

    def _set_midi_map(self, table: object) -> None:
        """Another map, in place of the whole one: the performer may be reading."""
        self._playing.now.performer.messages.controllers = controller_map.ControllerMap(controller_map.from_json(table))

    def _device_opened(self, jack: MidiInput | None) -> None:
        if self._surroundings is not None:
            self._surroundings.use_jack(jack)

    def _device_closing(self) -> None:
        if self._surroundings is not None:
            self._surroundings.forget_jack()
