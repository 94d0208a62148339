"""The audio process: `python -m hummingface.instrument.audio.process.server`, started by `client.py`, which writes one line of JSON to its
standard input.

This file is the process: it listens to the client, hands what comes to `command_executor.py`, and ends. Nothing else runs here: a busy
Python thread in this process would make the performer late. When its client vanishes, the sound goes on, so that a new window can take
over after a crash. Without a client the process ends itself `GRACE_S` after the last note.

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
from typing import TYPE_CHECKING

from hummingface.instrument.audio import precompile, registry
from hummingface.instrument.audio.process.allocator import return_large_blocks
from hummingface.instrument.audio.process.announcer import Announcer
from hummingface.instrument.audio.process.listener import Listener
from hummingface.instrument.audio.protocol import FAREWELL_S, MOVES
from hummingface.instrument.logs import log_files
from hummingface.instrument.logs.error_stream import ErrorStream
from hummingface.models.playing.checked_json import parse_json

if TYPE_CHECKING:
    from hummingface.instrument.audio.engine_settings import ProcessConfig
    from hummingface.instrument.audio.process.command_executor import CommandExecutor

SWITCH_S = 2e-4                 # after which other Python threads let the performer run: with 5 ms, as usual, recalled takes make hops late
GRACE_S = 60.0                  # without a client and without a note
TICK_S = 1.0                    # between checks for new and removed MIDI ports
SLOW_START_S = 8.0
STILL_STARTING = "Still starting: this machine is busy."
log = logging.getLogger(__name__)


class Server:
    """The audio process's main object."""

    _executor: "CommandExecutor | None" = None

    def __init__(self, config: "ProcessConfig"):
        self._config = config
        self._began = float(config.get("began", time.time()))
        self._inbox: queue.SimpleQueue[dict] = queue.SimpleQueue()
        self._sounds_requested = self._sounds_done = 0      # patches and takes: counted by the client's thread and by the main thread
        self._quiet_since = time.monotonic()
        self._announcer = Announcer(lambda message: self._listener.tell(message))
        self._tell = self._announcer.tell
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
            executor = self._start()
        except Exception as error:
            log.critical("the sound cannot start", exc_info=True)
            self._fail(f"The sound cannot start: {error}")
            return
        self._work(executor)
        self._end(executor)

    def _work(self, executor: "CommandExecutor") -> None:
        next_tick = time.monotonic()
        while True:
            try:
                message = self._inbox.get(timeout=max(0.0, next_tick - time.monotonic()))
            except queue.Empty:
                next_tick = time.monotonic() + TICK_S
                self._guarded("looking after ports and devices", executor.look_after)
                if self._deserted(executor):
                    break
                continue
            if message["do"] == "quit":
                break
            if message["do"] == "client gone":
                self._quiet_since = time.monotonic()
            self._guarded(message["do"], functools.partial(executor.execute, message))
            self._sounds_done += message["do"] in _DONE

    def _guarded(self, what: str, step: Callable[[], None]) -> None:
        """Take a step, and tell what goes wrong: none of them may end the sound."""
        try:
            step()
        except Exception as error:
            log.exception("%s failed", what)
            expected = isinstance(error, (OSError, ValueError))         # errors of ours, which name the file or the device
            self._tell({"tell": "error", "text": str(error) if expected else f"{what}: {error!r}"})

    # Start and end

    def _start(self) -> "CommandExecutor":
        precompile.finish(lambda text: self._tell({"tell": "starting", "text": text}))
        slow = threading.Timer(SLOW_START_S, self._tell, ({"tell": "starting", "text": STILL_STARTING},))
        slow.daemon = True
        slow.start()
        opening = threading.Thread(target=_prepare_audio, name="opening")
        opening.start()                                 # PortAudio and the model take about as long: side by side
        from hummingface.instrument.audio.process.command_executor import (
            CommandExecutor,  # before a stream runs: imports delay the performer
        )
        executor = self._executor = CommandExecutor(self._config, self._announcer, self._inbox.put, self._performer_failed)
        executor.start(self._guarded, await_portaudio=opening.join)
        slow.cancel()
        self._tell({"tell": "ready", "seconds": round(time.time() - self._began, 3)})
        return executor

    def _end(self, executor: "CommandExecutor") -> None:
        registry.remove(os.getpid())
        executor.keep_take()                            # first: keeps a running take, whatever hangs afterwards
        timer = threading.Timer(FAREWELL_S, self._leave, (executor,))
        timer.daemon = True
        timer.start()                                   # PortAudio hangs for minutes where the JACK server died
        executor.end()
        log.info("ends")
        self._leave(executor)

    def _leave(self, executor: "CommandExecutor") -> None:
        executor.leave()
        self._listener.close()
        sys.stderr.flush()
        os._exit(0)

    def _performer_failed(self, error: Exception) -> None:
        """On the performer's thread."""
        log.critical("the performer failed", exc_info=error)
        self._fail(f"The performer failed ({error!r}); the sound is started again.")

    def _fail(self, text: str) -> None:
        """End the process at once; the client starts another one."""
        self._tell({"tell": "error", "text": text})
        self._listener.close()
        registry.remove(os.getpid())
        os._exit(1)

    def _deserted(self, executor: "CommandExecutor") -> bool:
        """Whether nobody has listened or played for so long that the process should end."""
        now = time.monotonic()
        if self._listener.has_client or executor.sounds:
            self._quiet_since = now
        return now - self._quiet_since > GRACE_S

    # The client's thread

    def _receive(self, message: dict) -> None:
        """Notes and knobs go straight to the performer, other commands wait for the main thread."""
        early = message["do"] in MOVES and self._sounds_requested > self._sounds_done     # before the sound that it is moved in
        if early or self._executor is None or not self._executor.execute_at_once(message):
            self._sounds_requested += message["do"] in _SOUNDS
            self._inbox.put(message)

    def _welcome(self) -> None:
        self._announcer.welcome(lambda: self._executor.controls() if self._executor is not None else {})


_SOUNDS, _DONE = ("patch", "recall"), ("patch", "recalled")    # commands that set all controls, and what ends them


def _prepare_audio() -> None:
    from hummingface.instrument.audio.devices import devices
    with contextlib.suppress(devices.DeviceError):      # reported when the device is opened
        devices.portaudio()


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
