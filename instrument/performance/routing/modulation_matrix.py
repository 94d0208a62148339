"""The routes of the sound that plays, as the compiled parts read them, and where their sources stand.

Without routes nothing is computed: all voices read the knobs' own values.
"""
import math
from typing import TypedDict

import numpy as np

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.routes import Route, depth_of, from_json, latent_of, to_json, travel_of
from hummingface.instrument.patches.sources import MOST_ROUTES, SOURCES
from hummingface.instrument.performance.controls import (
    BRIGHTNESS,
    EVEN_ODD,
    INDEX,
    SIZE,
    STRETCH,
    TO_BELL,
    Controls,
)
from hummingface.instrument.performance.latent_target import OwnMoves
from hummingface.instrument.performance.routing.modulation_routes import ROWS, ControlValues, Routes, begin_modulation, move_shared
from hummingface.instrument.performance.routing.modulation_sources import COUNT, SUSTAINING, modulation_dtype
from hummingface.instrument.performance.voices.voice_allocation import Voices
from hummingface.instrument.performance.voices.voice_table import FREE
from hummingface.instrument.synthesis.state import SLOTS
from hummingface.models.playing.checked_json import JsonObject

_COLOUR = {BRIGHTNESS, EVEN_ODD, STRETCH, TO_BELL}        # what `modulation._colour` reads
_LATENT_GROUPS = ("latent", "family", "morph", "likeness")
_SHARED = np.zeros(1, np.int64)
_PLACES = {name: place for place, name in enumerate(SOURCES)}


class ModulationValues(TypedDict):
    """The routes, and where the shared LFOs (in cycles) and sources stand, as plain values."""
    routes: list[JsonObject]
    cycles: list[float]
    sources: list[float]


class Modulation:
    """`bends` [16] are the positions of the channels' pitch wheels, -1..1; they and `voices.down` are read as they are moved."""

    def __init__(self, controls: Controls, voices: Voices, bends: np.ndarray, seed: int) -> None:
        self.routes: tuple[Route, ...] = ()
        self.targets: list[str] = []                        # of the routes, each once; depths of routes are none
        self._controls, self._voices, self._bends, self._seed = controls, voices, bends, seed
        self._state = np.zeros(1 + SLOTS, modulation_dtype)
        self._moves = np.zeros((1 + SLOTS, MOST_ROUTES))
        self._knobs = controls.now.reshape(1, SIZE)         # the same memory
        self._rows: np.ndarray | None = None                # [ROWS, SIZE]
        self._latents = np.zeros((2, 0), np.int64)          # targets that are latents: which, and the latents' numbers from 0
        self.newest = 0                                     # 1 + the slot of the newest voice; 0: none sounds
        self.moves_latents = False
        self._compiled = self._arrays()

    @property
    def active(self) -> bool:
        return bool(self.routes)

    def use(self, routes: tuple[Route, ...]) -> None:
        """Take these routes from now on. Voices that sound go on with their LFOs and envelopes, where they had any."""
        if routes and not self.routes:
            self._take_up()
        self.routes = routes
        self.targets = list(dict.fromkeys(route.target for route in routes if depth_of(route.target) is None))
        latents = [(place, number - 1) for place, target in enumerate(self.targets) if (number := latent_of(target))]
        self._latents = np.array(latents, np.int64).reshape(-1, 2).T.copy()
        self.moves_latents = any(_moves_latents(target) for target in self.targets)
        self._compiled = self._arrays()

    def values(self, rate_hz: int) -> ControlValues:
        """What compiled code reads of the controls."""
        controls = self._rows if self.active and self._rows is not None else self._knobs
        return ControlValues(controls, self._controls.channels, rate_hz, self._compiled)

    def begin(self, slot: int, values: ControlValues) -> np.ndarray:
        """The controls [SIZE] of a voice that begins."""
        return values.controls[begin_modulation(self._voices.table, slot, values) if self.active else 0]

    def move_shared(self, values: ControlValues, hop_s: float) -> None:
        """A hop further, all that voices share; before their own."""
        self.newest = move_shared(self._voices.table, hop_s, values)

    @property
    def shared(self) -> np.ndarray:
        """The controls [SIZE] that effects hear."""
        return self._rows[0] if self.active and self._rows is not None else self._controls.now

    def latents_of(self, slots: np.ndarray) -> OwnMoves:
        """What routes make of the latents of the voices in these slots [B]."""
        entries = 1 + slots
        return self._own(np.maximum(self._state["row"][entries], 0), entries)

    @property
    def shared_latents(self) -> OwnMoves:
        """And for all voices together, where each cannot have its own."""
        return self._own(_SHARED, _SHARED)

    def _own(self, rows: np.ndarray, entries: np.ndarray) -> OwnMoves:
        assert self._rows is not None, "there are routes"
        return OwnMoves(self._rows, rows, self._moves, entries, *self._latents)

    def show(self, sources: np.ndarray, targets: np.ndarray) -> None:
        """Writes what the newest voice's sources [32] stand at, and by how much of its travel each route's target [32] is moved."""
        entry = self._state[self.newest]
        sources[:COUNT] = entry["values"]
        moves = self._moves[self.newest]
        targets[:len(self.routes)] = [moves[self.targets.index(route.target)] if depth_of(route.target) is None else
                                      entry["depth"][(depth_of(route.target) or 1) - 1] for route in self.routes]

    def capture(self) -> ModulationValues:
        """What the next note depends on, as plain values."""
        shared = self._state[0]
        return {"routes": to_json(self.routes), "cycles": shared["cycles"].tolist(), "sources": shared["values"].tolist()}

    def restore(self, captured: ModulationValues) -> None:
        """Take over what `capture` gave; no voice sounds."""
        self.use(from_json(captured["routes"]))
        shared = self._state[0]
        shared["cycles"], shared["values"] = captured["cycles"], captured["sources"]
        if self.active:
            values = self.values(0)
            values.controls[0] = self._controls.now
            move_shared(self._voices.table, 0.0, values)

    def warm_up(self) -> None:
        """Compiles, or loads from disk, what the first routes would call."""
        self.use((Route("lfo.1", "filter.cutoff_hz"),))
        table, values = self._voices.table.copy(), self.values(48000)
        begin_modulation(table, 0, values)
        move_shared(table, 0.0, values)
        self._state[:], self._moves[:] = 0, 0
        self.use(())

    def _take_up(self) -> None:
        """Notes that sound while there were no routes: their envelopes have come to their sustains."""
        if self._rows is None:
            self._rows = np.zeros((ROWS, SIZE))
        self._rows[0] = self._controls.now
        sounding = 1 + np.flatnonzero(self._voices.stage != FREE)
        self._state[sounding] = 0
        self._state["stage"][sounding], self._state["row"][sounding] = SUSTAINING, -1

    def _arrays(self) -> Routes:
        """The routes as arrays, each after those that move its depth."""
        order = sorted(range(len(self.routes)), key=self._steps_to_control, reverse=True)
        place_of = {number: place for place, number in enumerate(order)}
        source, scale, leads = np.zeros((3, MOST_ROUTES), np.int64)
        times, plus, power, depth, scale_times, scale_plus = np.zeros((6, MOST_ROUTES))
        scale[:] = -1
        for place, route in enumerate(self.routes[number] for number in order):
            source[place] = _PLACES[route.source]
            times[place], plus[place] = _polarity(SOURCES[route.source].bipolar, route.bipolar)
            power[place], depth[place] = 4.0 ** route.curve, route.depth
            if route.scale:
                scale[place] = _PLACES[route.scale]
                scale_times[place], scale_plus[place] = _polarity(SOURCES[route.scale].bipolar, False)
            other = depth_of(route.target)
            if other is None:
                leads[place] = self.targets.index(route.target)
            else:                                           # of a route that is not there: nothing reads it
                leads[place] = -1 - place_of.get(other - 1, MOST_ROUTES - 1)
        control, latent, log, span, lowest, highest = self._target_arrays()
        seed = self._seed & 0x7FFFFFFF
        return Routes(len(self.routes), len(self.targets), self._controls.now, source, times, plus, power, depth, scale, scale_times,
                      scale_plus, leads, control, latent, log, span, lowest, highest, self._moves, self._state, self._bends,
                      self._voices.down, seed, any(INDEX.get(target) in _COLOUR for target in self.targets))

    def _steps_to_control(self, number: int) -> int:
        """How many other routes' depths lie between a route and a control; so many as there are in a circle of them."""
        for steps in range(len(self.routes)):
            other = depth_of(self.routes[number].target)
            if other is None or other > len(self.routes):
                return steps
            number = other - 1
        return len(self.routes)

    def _target_arrays(self) -> tuple[np.ndarray, ...]:
        control, (latent, log) = np.full(MOST_ROUTES, -1, np.int64), np.zeros((2, MOST_ROUTES), np.bool_)
        span, lowest, highest = np.zeros((3, MOST_ROUTES))
        for place, target in enumerate(self.targets):
            lowest[place], highest[place], log[place] = travel_of(target)
            span[place] = math.log(highest[place] / lowest[place]) if log[place] else highest[place] - lowest[place]
            control[place], latent[place] = INDEX.get(target, -1), _moves_latents(target)
        return control, latent, log, span, lowest, highest


def _moves_latents(target: str) -> bool:
    return target not in PARAMETERS or PARAMETERS[target].group in _LATENT_GROUPS


def _polarity(own: bool, wanted: bool) -> tuple[float, float]:
    """(factor, summand) that make a value of a source, bipolar or not, what is wanted."""
    if own == wanted:
        return 1.0, 0.0
    return (0.5, 0.5) if own else (2.0, -1.0)
