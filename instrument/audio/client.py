"""The client of the audio process, used by the window and the headless player. It does not import the synthesis, and never blocks.

The client remembers what the player wants (audio settings, MIDI ports, the patch and the controls moved since) and watches
the process. When its position stands still (PortAudio reports no error when an audio server dies) or the process is gone, the client
ends it and starts another one with everything as it was. `poll` returns what happens as messages, `{"tell": "engine", "state", "text"}`
among them.

    client = Client(patch=patch)
    client.start()
    client.send({"do": "note_on", "note": 60, "velocity": 100})
    for message in client.poll(): ...
"""
import contextlib
import logging
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np

from hummingface.instrument.audio import protocol, registry, shared_state
from hummingface.instrument.audio.engine_settings import EngineSettings, PlayersChoices
from hummingface.instrument.audio.link import Link
from hummingface.instrument.audio.protocol import CLOSING_TAKE_S, FAREWELL_S, Telemetry
from hummingface.instrument.logs import log_files
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.synthesis import state as block

TAKE_OVER_S = 8.0           # an audio process that does not answer for this long hangs
STALL_S = 3.0               # a position that does not change for this long means that the device is gone
OPENING_S = 15.0            # but opening a device, or the first compilation, may take its time
FIRST_START_S = 600.0
SETTLED_S = 5.0             # a process that ran this long did not fail because of its settings
TRIES_AS_WISHED = 2         # this many starts in a row with the player's settings, then with safe ones
PAUSE_S = 3.0               # between later tries
WATCH_S = 0.1
LOAD_CALLBACKS = 64
log = logging.getLogger(__name__)
LASTING = ("set", "patch", "open_audio", "open_midi", "midi_map", "mpe", "velocity_curve", "listen_velocities",
           "tuning", "osc", "midi_out")


class Client:
    """The handle of one audio process.

    `patch` is a patch as JSON (None: the instrument's first), `model` another model, by name or file, that plays it, `choices` are the
    player's. With `attach`, the client takes over an audio process that lost its own window, and sends it `overrides`, the commands for
    what the player named explicitly; it ends one that hangs.
    """

    def __init__(self, patch: dict | None = None, choices: PlayersChoices | None = None, *, model: str | None = None,
                 attach: bool = True, overrides: Sequence[dict] = (), log_events: str | None = None):
        self._settings = EngineSettings(patch, choices or PlayersChoices(), model)
        self._attach, self._log_events = attach, log_events
        self._overrides = list(overrides)
        self._first = True
        self._lock = threading.Lock()               # over all that follows
        self._inbox: deque[dict] = deque(maxlen=10_000)
        self._link: Link | None = None
        self._state: np.ndarray | None = None
        self._closing = threading.Event()
        self._restart_asked = False
        self._failures = 0
        self._latency_ms, self._block = 0.0, 256
        self._excused_until = 0.0
        self._keeper = threading.Thread(target=self._keep, name="engine keeper", daemon=True)

    # What the player's side calls

    def start(self) -> None:
        """Start the process in the background; `poll` reports when it is ready."""
        self._keeper.start()

    def send(self, message: dict) -> None:
        """Send a command to the audio process. Raises ProtocolError if it is not in `protocol.COMMANDS`, PatchError if it is a patch that
        cannot be used.

        While there is no process notes are lost; what describes the sound and the settings is kept and applied when it is back.
        """
        data = protocol.encode(message, "do")
        if message["do"] == "patch":
            patch_file.from_json(message["patch"])
        with self._lock:
            self._settings.remember(message)
            if message["do"] == "open_audio":
                self._excused_until = time.monotonic() + OPENING_S
            if self._link and (self._link.connected.is_set() or message["do"] in LASTING):
                self._link.send(data)       # a new process reads what lasts as soon as it can

    def poll(self) -> list[dict]:
        """The events since the last call, oldest first."""
        messages = []
        while self._inbox:
            messages.append(self._inbox.popleft())
        return messages

    def telemetry(self) -> Telemetry:
        """The meters' values now. All zero while there is no process."""
        state = self._state
        if state is None:
            return Telemetry()
        now, status = state[0], state[0]["status"]
        left, right = (20 * np.log10(np.maximum(now["peak"], 1e-6))).tolist()
        return Telemetry(
            position=int(now["position"]), rate_hz=int(now["rate_hz"]), voices=int(status["voices"]),
            notes=tuple(status["notes"].tolist()), load=self._load(now),
            performer_load=float(status["performer_load"]), decoder_us=float(status["decoder_us"]),
            late=int(status["late_hops"]) + int(now["late_starts"]), underruns=int(now["underflows"]), latency_ms=self._latency_ms,
            peak_db=(left, right), level_db=status["level_db"].copy(), noise_db=status["noise_db"].copy(),
            f0_hz=float(status["f0_hz"]), frame_count=int(status["frame_count"]),
            channels=status["channels"].copy(), channel=int(status["channel"]),
            sources=status["sources"].copy(), targets=status["targets"].copy())

    def _load(self, now: np.void) -> float:
        """Mean of the newest callbacks' load (share of a block's time)."""
        callbacks, kept = int(now["callbacks"]), block.CALLBACK_TIMES
        newest = np.arange(max(0, callbacks - LOAD_CALLBACKS), callbacks) % kept
        return float(now["callback_us"][newest].mean() * 1e-6 * now["rate_hz"] / self._block) if len(newest) else 0.0

    def output_since(self, position: int) -> tuple[int, np.ndarray]:
        """The sound from `position` on: (the position for the next call, float32 [n, 2]).

        At most the newest half of what the block keeps; from "now" if `position` lies in the future (the engine was restarted).
        """
        state = self._state
        if state is None:
            return 0, np.zeros((0, 2), np.float32)
        end = int(state["position"][0])
        begin = end if position > end else max(position, end - block.OUTPUT_SAMPLES // 2, 0)
        sound = state["output"][0, np.arange(begin, end) % block.OUTPUT_SAMPLES]
        overwritten = int(state["position"][0]) - block.OUTPUT_SAMPLES - begin      # while it was copied
        return end, sound[max(overwritten, 0):]

    @property
    def alive(self) -> bool:
        """Whether the process runs and is connected."""
        link = self._link
        return bool(link and link.running and link.connected.is_set() and self._state is not None)

    @property
    def patch(self) -> dict | None:
        """The newest patch that was sent to the engine or reported by it."""
        return self._settings.patch

    def model_of(self, name: str) -> str:
        """The model, by name or file, that plays patches of this one: another one if the player named it at the start."""
        return self._settings.model_of(name)

    def restart(self) -> None:
        """End the process and start another with everything as it is now."""
        self._restart_asked = True

    def close(self, keep_playing: bool = False) -> None:
        """End the process (or, with `keep_playing`, only disconnect from it) and the client. Returns within a few seconds."""
        self._closing.set()
        if self._keeper.is_alive():
            self._keeper.join(10)
        link, self._link, self._state = self._link, None, None
        if not link:
            return
        if keep_playing:
            link.abandon()
            return
        if link.connected.is_set():
            link.send(protocol.encode({"do": "quit"}, "do"))
            link.ended.wait(CLOSING_TAKE_S + FAREWELL_S + 0.5)
            if link.process:
                with contextlib.suppress(subprocess.TimeoutExpired):    # it may hang in its audio server's farewell
                    link.process.wait(1)
        link.kill()

    # The keeper's thread: start, watch, restart

    def _keep(self) -> None:
        shared_state.sweep()
        attach = self._attach
        while not self._closing.is_set():
            began = time.monotonic()
            link = self._open(attach)
            attach = False
            why = self._watch(link)
            if self._closing.is_set():
                return
            with self._lock:
                self._link, self._state = None, None
            link.kill()
            settled = time.monotonic() - began > SETTLED_S and why != "never ready"
            self._failures = 0 if settled else self._failures + 1
            self._tell("restarting", f"The sound stopped: {why}. Starting it again"
                       + (" with safe settings: the system's own device and the first patch." if self._failures == TRIES_AS_WISHED
                          else "."))
            if self._failures > TRIES_AS_WISHED:
                self._closing.wait(PAUSE_S)

    def _open(self, attach: bool) -> Link:
        with self._lock:
            self._excused_until = time.monotonic() + FIRST_START_S
            self._restart_asked = False
        for running in registry.all_running() if attach else []:
            if taken := self._take_over(running):
                return taken
        with self._lock:
            self._overrides = []
            self._tell("starting", "Starting the sound.")
            config = self._settings.config(safe=self._failures >= TRIES_AS_WISHED)
            config["fallback"], self._first = self._first, False        # later the device that vanished is waited for
            config["log_events"], config["verbose"] = self._log_events, log_files.is_verbose()
            self._link = link = Link(self._receive, config=config)
            self._pass_on(link, [*self._settings.controls(), *self._settings.touch()])
        return link

    @staticmethod
    def _pass_on(link: Link, commands: Iterable[dict]) -> None:
        for command in commands:
            link.send(protocol.encode(command, "do"))

    def _take_over(self, running: registry.Running) -> Link | None:
        """An audio process that plays without a window, with `overrides` sent; None if it has a window or does not answer."""
        gate = threading.Lock()
        waiting: list[dict] = []                        # until it is connected, its events are not for the player
        taken = False

        def receive(message: dict) -> None:
            with gate:
                (self._receive if taken else waiting.append)(message)
        candidate = Link(receive, running=running)
        until = time.monotonic() + TAKE_OVER_S
        while not candidate.ended.is_set() and candidate.state_path is None:
            if self._closing.is_set():
                candidate.abandon()
            elif time.monotonic() > until and not candidate.connected.is_set():
                candidate.kill()                        # it hangs, and may hold the device
            candidate.ended.wait(0.02)
        if not candidate.running:
            return None
        with self._lock:
            self._link = candidate
            self._pass_on(candidate, [*self._overrides, *self._settings.touch()])
        another = any(override["do"] == "patch" for override in self._overrides)       # soon: then the current patch need not be reported
        with gate:
            for message in waiting:
                if message["tell"] not in ("patch", "set") or not another:
                    self._receive(message)
            taken = True
        return candidate

    def _watch(self, link: Link) -> str:
        """The reason why the process must be replaced; empty if it is fine."""
        position, moved_at = -1, time.monotonic()
        while not self._closing.wait(WATCH_S):
            now = time.monotonic()
            if self._restart_asked:
                return "asked for"
            if not link.running:
                return link.problem or "the audio process ended"
            if self._state is None:
                if now > self._excused_until:
                    return "never ready"
                continue
            if (newest := int(self._state["position"][0])) != position:
                position, moved_at = newest, now
            elif now - moved_at > STALL_S and now > self._excused_until:
                return "the audio device does not answer"
        return ""

    def _tell(self, state: str, text: str) -> None:
        log.info("engine %s: %s", state, text)
        self._inbox.append({"tell": "engine", "state": state, "text": text})

    def _receive(self, message: dict) -> None:
        """Called on the link's thread with every message of the process."""
        kind = message["tell"]
        if kind == "state":
            self._state = shared_state.view(message["path"], block.state_dtype)
            return
        with self._lock:
            if kind in ("set", "patch", "audio"):
                self._settings.remember(message)
            if kind == "opening":
                # never sooner than a first start was promised: opening a device compiles what its callback needs
                self._excused_until = max(self._excused_until, time.monotonic() + OPENING_S)
            elif kind == "audio":
                self._latency_ms, self._block = message["latency_ms"], message["block_samples"]
                self._excused_until = time.monotonic() + STALL_S
        self._inbox.append(message)
        if kind == "ready":
            self._tell("ready", f"Ready after {message['seconds']:.1f} s.")
