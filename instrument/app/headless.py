"""Playing without a window: the audio process, MIDI input, and one status line in the terminal."""
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from hummingface.instrument.audio.client import Client
from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.session.startup import StartOptions, prepare

UPDATE_S = 0.25
TAKE_S = 3.0                            # the longest that finishing a take may take


def run(options: StartOptions, *, record: str | None = None, folder: Path | None = None, quiet: bool = False) -> int:
    """Play until Ctrl-C; with `record`, a format, into a take in `folder` (None: the folder of takes); `quiet`: nothing is printed. Returns
    the exit status. Raises ValueError or OSError, before anything starts, for options that cannot be used.
    """
    prepared = prepare(options)
    client, settings = prepared.client, prepared.settings
    line = _TerminalLine(quiet)
    for text in prepared.notices:
        line.say(text)
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    client.start()
    try:
        while not ending.wait(UPDATE_S):
            for message in client.poll():
                if text := _as_text(message):
                    line.say(text)
                if message["tell"] == "ready":
                    settings.settled()
                    for id_, value in settings.controls.items():
                        client.send({"do": "set", "id": id_, "value": value})
                    if record:
                        client.send({"do": "record", "on": True, "folder": str(folder.absolute()) if folder else settings.take_folder,
                                     "format": record})
            line.show(_status(client.telemetry(), client.alive))
    finally:
        line.say("Ending.")
        if record and client.alive:
            client.send({"do": "record", "on": False, "folder": None, "format": record})
            _await_take(client, line)
        client.close()
        settings.settled()
    return 0


def _await_take(client: Client, line: "_TerminalLine") -> None:
    """Print where the take is, once it is finished."""
    end = time.monotonic() + TAKE_S
    while time.monotonic() < end:
        for message in client.poll():
            if message["tell"] == "take":
                line.say(_as_text(message))
                return
        time.sleep(0.02)


def _as_text(message: dict) -> str:
    """A message as text for the player; empty if there is nothing to say."""
    match message["tell"]:
        case "engine":
            return message["text"]
        case "starting" | "error":
            return message["text"]
        case "audio":
            if message["device"] is None:
                return f"No sound: {message['problem']}"
            return (f"{message['problem']} " if message["problem"] else "") + (
                f"Playing on {message['device']}, {message['rate_hz']} Hz, blocks of {message['block_samples']}, "
                f"{message['latency_ms']:.1f} ms latency.")
        case "midi":
            listening = ", ".join(message["open"]) or "no port yet; plug one in, or connect one to HummingFace"
            return f"MIDI from {listening}." + (f" ({message['problem']})" if message["problem"] else "")
        case "recording":
            waits = "Recording begins with the next bar of the MIDI clock." if message["waits"] else ""
            return f"Recording {message['path']}" if message["path"] else message["problem"] or waits
        case "take":
            return f"{message['path']}: {message['seconds']:.1f} s. {message['problem']}".strip()
        case "patch":
            return f"Patch: {message['patch'].get('name', '?')}"
    return ""


def _status(now: Telemetry, alive: bool) -> str:
    if not alive:
        return "starting ..."
    notes = sum(velocity > 0 for velocity in now.notes)
    return (f"{notes:3} notes  {now.voices:3} voices  audio {now.load:4.0%}  performer {now.performer_load:4.0%}  "
            f"{now.late} late  {now.underruns} under-runs  {now.latency_ms:.1f} ms  peak {max(now.peak_db):6.1f} dB")


class _TerminalLine:
    """A status line that is overwritten again and again; without a terminal only events are written."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stdout.isatty() and not quiet
        self._shown = ""

    def show(self, text: str) -> None:
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r" + text[:width].ljust(min(len(self._shown), width)))
            sys.stdout.flush()
            self._shown = text[:width]

    def say(self, text: str) -> None:
        if self._quiet:
            return
        if self._shown:
            sys.stdout.write("\r" + " " * len(self._shown) + "\r")
            self._shown = ""
        print(text, flush=True)


