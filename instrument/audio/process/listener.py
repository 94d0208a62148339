"""The socket server of the audio process: one client at a time, each message checked before anything acts on it."""
import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from multiprocessing.connection import Listener as Socket

from hummingface.instrument.audio import protocol

HANDOVER_S = 0.2                        # so long a client may come before it is noticed that the one before was killed
MOST_UNREAD = 5_000                     # messages; a window that reads none of them is disconnected
log = logging.getLogger(__name__)


class Listener:
    """Accepts a client: calls `arrived()`, then `receive(message)` for each, then `gone()`, all on the client's own thread.

    Raises OSError, naming the address, where it cannot listen.
    """

    def __init__(self, authkey: bytes, receive: Callable[[dict], None], arrived: Callable[[], None], gone: Callable[[], None],
                 address: str | None = None):
        try:
            self._socket = Socket(address, authkey=authkey)
        except OSError as error:
            raise OSError(f"cannot listen at {address or 'a new socket'}: {error.strerror or error}") from error
        self._receive, self._arrived, self._gone = receive, arrived, gone
        self._lock = threading.Condition()
        self._client: _Client | None = None
        threading.Thread(target=self._accept, name="listener", daemon=True).start()

    @property
    def address(self) -> str:
        return self._socket.address

    @property
    def has_client(self) -> bool:
        return self._client is not None

    def tell(self, message: dict) -> None:
        """Send an event to the client, if there is one. Never blocks."""
        data = protocol.encode(message, "tell")
        client = self._client
        if client is not None:
            client.send(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()
        client = self._client
        if client is not None:
            client.finish()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._socket.accept()
            except (AuthenticationError, EOFError, ConnectionError):
                continue                # somebody without the key
            except OSError:
                return                  # closed
            with self._lock:
                busy = not self._lock.wait_for(lambda: self._client is None, HANDOVER_S)
                if not busy:
                    self._client = _Client(connection)
                    threading.Thread(target=self._read, args=(self._client,), name="client", daemon=True).start()
            if busy:
                text = "This instrument is played from another window."
                with contextlib.suppress(OSError):                  # it may be gone already
                    connection.send_bytes(protocol.encode({"tell": "error", "text": text}, "tell"))
                connection.close()

    def _read(self, client: "_Client") -> None:
        try:
            self._arrived()
            while True:
                self._take(client.connection.recv_bytes(protocol.LONGEST_MESSAGE))
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("the client is disconnected")
        finally:                        # whatever happened, the next one is let in
            client.finish()
            self._gone()
            with self._lock:
                self._client = None
                self._lock.notify_all()

    def _take(self, data: bytes) -> None:
        try:
            message = protocol.decode(data, "do")
        except protocol.ProtocolError as error:
            self.tell({"tell": "error", "text": f"Invalid message, nothing was changed: {error}"})
        else:
            self._receive(message)


class _Client:
    """A connection, and the thread that writes to it."""

    def __init__(self, connection: Connection):
        self.connection = connection
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="client writer", daemon=True)
        self._writer.start()

    def send(self, data: bytes) -> None:
        if self._outgoing.qsize() < MOST_UNREAD:
            self._outgoing.put(data)
        else:
            self._outgoing.put(None)

    def finish(self) -> None:
        """Send what is queued, with a short timeout, and close."""
        self._outgoing.put(None)
        self._writer.join(0.5)
        with contextlib.suppress(OSError):
            self.connection.close()

    def _write(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while (data := self._outgoing.get()) is not None:
                self.connection.send_bytes(data)
        with contextlib.suppress(OSError):
            self.connection.close()
