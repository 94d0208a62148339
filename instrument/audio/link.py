"""A client's connection to one running audio process: the process, the socket, and the threads that read and write it.

Nothing here waits on the caller's thread: a process that hangs cannot hang the window.
"""
import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Client as connect
from multiprocessing.connection import Connection
from pathlib import Path

from hummingface.instrument.audio import protocol, registry, shared_state
from hummingface.instrument.audio.engine_settings import ProcessConfig
from hummingface.instrument.files.processes import apart, own_environment


class Link:
    """Starts an audio process with `config`, or attaches to the `running` one; passes all its events to `receive`."""

    def __init__(self, receive: Callable[[dict], None], *, config: ProcessConfig | None = None, running: registry.Running | None = None):
        self._receive, self._config, self._running = receive, config, running
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._closing = threading.Lock()        # a descriptor that is closed may at once be another file's: only the reader closes it
        self.process: subprocess.Popen | None = None
        self.attached = running is not None
        self.state_path: Path | None = None
        self.connected = threading.Event()
        self.ended = threading.Event()          # the socket is closed, or never came to be
        self.problem = ""
        threading.Thread(target=self._read, name="engine reader", daemon=True).start()

    def send(self, data: bytes) -> None:
        """Queue an encoded message."""
        self._outgoing.put(data)

    @property
    def running(self) -> bool:
        """Whether the process exists and is, or soon will be, connected."""
        return not self.ended.is_set() and (self.process is None or self.process.poll() is None)

    def kill(self) -> None:
        """End the process now, wherever it hangs, and remove the files that it cannot remove itself any more."""
        pid = self.process.pid if self.process else self._running.pid if self._running else None
        if self.process:
            self.process.kill()
            self.process.wait()
        elif pid and self._running and registry.still_there(self._running):
            os.kill(pid, 9)
        self.abandon()
        if pid:
            registry.remove(pid)
        if self.state_path:
            shared_state.remove(self.state_path)

    def abandon(self) -> None:
        """Disconnect without ending the process."""
        self._outgoing.put(None)
        self.ended.set()
        self._hang_up()

    def _launch(self) -> registry.Running:
        shown = bool(self._config and self._config.get("verbose"))           # on our standard error, in place of a file
        with registry.log_path().open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "hummingface.instrument.audio.process.server"], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=None if shown else log, env=own_environment(), **apart())
        assert self.process.stdin and self.process.stdout
        with self.process.stdin as stdin:               # the key is never on a command line, which other users can read
            stdin.write(json.dumps(self._config).encode() + b"\n")
        for line in self.process.stdout:                # libraries may print there too
            if line.startswith(registry.GREETING):
                return registry.parse(line.removeprefix(registry.GREETING))
        raise OSError(f"the audio process ended before the connection was made; see {registry.log_path()}")

    def _read(self) -> None:
        writer = threading.Thread(target=self._write, name="engine writer", daemon=True)
        try:
            running = self._running or self._launch()
            self._connection = connect(running.address, authkey=bytes.fromhex(running.authkey))
            self.connected.set()
            writer.start()
            while not self.ended.is_set():
                message = protocol.decode(self._connection.recv_bytes(protocol.LONGEST_MESSAGE), "tell")
                if message["tell"] == "state":
                    self.state_path = Path(message["path"])
                self._receive(message)
        except EOFError:
            self.problem = "the audio process ended"
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.problem = f"no connection to the audio process: {error}"
        except Exception as error:      # multiprocessing.AuthenticationError derives from no narrower class
            self.problem = f"no connection to the audio process: {error!r}"
        finally:
            self.ended.set()
            self._outgoing.put(None)            # nobody is there to write to any more
            self._hang_up()
            if writer.ident is not None:
                writer.join()
            with self._closing, contextlib.suppress(OSError):
                if self._connection:
                    self._connection.close()

    def _write(self) -> None:
        while (data := self._outgoing.get()) is not None:
            try:
                assert self._connection
                self._connection.send_bytes(data)
            except (OSError, ValueError):
                break                   # the reader reports the reason

    def _hang_up(self) -> None:
        """Shut the socket down, so that the other side notices, and threads of ours that wait for it go on. It stays open until the reader
        closes it."""
        with self._closing, contextlib.suppress(OSError):
            if self._connection and sys.platform == "win32":
                self._connection.close()
            elif self._connection:
                with socket.socket(fileno=os.dup(self._connection.fileno())) as end:
                    end.shutdown(socket.SHUT_RDWR)
