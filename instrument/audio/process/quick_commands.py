"""Commands of the client that its own thread executes, at once, whatever the main thread is doing: notes, controls, recording."""
from typing import TYPE_CHECKING

from hummingface.instrument.patches import blend, routes
from hummingface.instrument.performance.events import Reroute
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set, decode

if TYPE_CHECKING:
    from hummingface.instrument.audio.engine.engine import Engine
    from hummingface.instrument.audio.engine.velocity_input import Touch
    from hummingface.instrument.recording.recorder import Recorder

WINDOW = "window"               # the source of what is played there, as `HeldBySource` takes it
NOTES_AND_CONTROLS = ("note_on", "note_off", "set", "routes", "blend", "midi", "velocity_curve", "panic")
RECORDING = ("record", "capture")


def play(message: dict, engine: "Engine", touch: "Touch") -> None:
    """Give the performer what `message`, one of NOTES_AND_CONTROLS, asks for."""
    match message["do"]:
        case "note_on":
            engine.receive(NoteOn(0, message["note"], message["velocity"]), WINDOW)
        case "note_off":
            engine.receive(NoteOff(0, message["note"]), WINDOW)
        case "set":
            engine.receive(Set(message["id"], float(message["value"])))
        case "routes":
            engine.receive(Reroute(routes.from_json(message["routes"])))
        case "blend":
            engine.receive(blend.from_json(message["latents"], message["gain_db"]))
        case "midi":
            if (event := decode(message["bytes"])) is not None:
                engine.receive(event, WINDOW)
        case "velocity_curve":
            touch.use(message["table"])
        case "panic":
            engine.panic()


def record(message: dict, recorder: "Recorder") -> None:
    """Begin or end a take, or keep what was just played."""
    match message["do"]:
        case "record" if message["on"]:
            recorder.record(message["folder"], message["format"])
        case "record":
            recorder.stop()
        case "capture":
            recorder.capture(message["folder"], message["format"])
