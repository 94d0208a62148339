"""A take that an engine plays again, from its snapshot on. On the performer's thread, once the engine has started."""
import functools
import time
from typing import TYPE_CHECKING

import numpy as np

from hummingface.instrument.audio.engine.engine_listener import EngineListener
from hummingface.instrument.patches.blend import Blend
from hummingface.instrument.patches.parameters import LATENT_KNOBS, PARAMETERS
from hummingface.instrument.performance.performer import Performer
from hummingface.instrument.performance.sound_bank import SoundBank
from hummingface.instrument.recording.replay import MOST_MODELS, prepare
from hummingface.instrument.synthesis.producer import position

if TYPE_CHECKING:
    from hummingface.instrument.recording.performance_log import Performance

PAUSE_S = 5e-4                      # between some events of a take and pieces of its lead: the engine that sounds needs the interpreter
LEAD_SAMPLES = 1024                 # rendered at once before a take that is played again
_IDS = list(PARAMETERS)


class ReplayedTake:
    """Puts a new performer to the beginning of a take, with its events waiting. `until`: the sample at which the take ends."""

    def __init__(self, performer: Performer, take: "Performance") -> None:
        self._performer = performer
        prepare(performer, take, SoundBank(performer.source, most=MOST_MODELS), functools.partial(time.sleep, PAUSE_S))
        self.until = max([take.begin + (take.frames or 0), *(sample for sample, _ in take.events)])
        self._render_lead(take.begin)
        self._shown, self._shown_routes = performer.controls.goal.copy(), performer.maker.modulation.routes
        self._shown_patch = performer.sound.patch

    def tell_moved(self, listener: EngineListener) -> None:
        """Tell which controls, routes and blend the take has moved since the last time."""
        goal = self._performer.controls.goal
        for i in np.flatnonzero(goal[:len(PARAMETERS)] != self._shown[:len(PARAMETERS)]):
            listener.moved(_IDS[i], float(goal[i]))
        self._shown[:] = goal
        if (now_routes := self._performer.maker.modulation.routes) is not self._shown_routes:
            self._shown_routes = now_routes
            listener.rerouted(now_routes)
        if (patch := self._performer.sound.patch) is not self._shown_patch and patch is not None:
            self._shown_patch = patch
            listener.blended(Blend(patch.latents[LATENT_KNOBS:], patch.gain_db))

    def _render_lead(self, begin: int) -> None:
        """The sound before the take, silently."""
        from hummingface.instrument.synthesis.render import render
        performer, state = self._performer, self._performer.state
        out = np.empty((LEAD_SAMPLES, 2), np.float32)
        while (missing := begin - position(state)) > 0:
            piece = out[:min(missing, LEAD_SAMPLES)]
            performer.advance(position(state) + len(piece))
            render(state, piece)
            time.sleep(PAUSE_S)
