"""How loud and how bright each velocity is: loudness belongs to the player, timbre to the network.

The law is monotone by construction: a fixed number of dB between a soft note and the hardest, in equal dB for equal ratios of velocity, as
General MIDI has it (40 log10: 36 dB from 16 to 127). The network is asked only for velocities that it was trained on. The loudness that
the network itself gives to velocities and keys is removed from each note (`Source.corrections_db`).

Takes of earlier versions were played by another law: the network was asked for every velocity, and its loudness was the note's. They
are replayed by that law.
"""
import math
from typing import NamedTuple

import numpy as np

from hummingface.instrument.performance.controls import BRIGHTER, DYNAMICS
from hummingface.instrument.performance.source import Source

SOFT, HARD = 16, 127                              # the velocities between which "Dynamics" is the range
USUAL = 100                                       # the velocity at which patches are levelled, and where a network has no tilt
BY_NETWORK, BY_PLAYER = 1, 2                      # laws, as takes name them
LAW = BY_PLAYER
MIDI_DB, MIDI_RANGE_DB = 40.0, 36.0               # General MIDI's dynamics: for a decade of velocity, and from SOFT to HARD
_DECADES = math.log10(HARD / SOFT)


class Stroke(NamedTuple):
    """The effect of a velocity on a note."""
    asked_velocity: float                         # the velocity for the network
    filter_velocity: float                        # by which it opens the filter
    level_db: float                               # against a stroke of USUAL
    tilt_db: float                                # an octave
    levelled: bool                                # whether what the note's own loudness is off by is taken out


def stroke(law: int, key: float, velocity: int, controls: np.ndarray, source: Source) -> Stroke:
    """The stroke of `velocity` 1..127 on a note of `source`, by today's law or the first one.

    A recording is as bright as it was played: at that velocity it has no tilt.
    """
    range_db = controls[DYNAMICS]
    if law == BY_PLAYER:
        softest, hardest = source.velocities
        asked = min(max(float(velocity), softest), hardest)
        share, recorded = source.recorded_stroke(key, asked)
        untilted = USUAL ** (1 - share) * recorded ** share
        return Stroke(asked, float(velocity), range_db / _DECADES * math.log10(velocity / USUAL),
                      controls[BRIGHTER] * math.log2(velocity / untilted), True)
    asked = min(max(USUAL + (velocity - USUAL) * range_db / MIDI_RANGE_DB, 1.0), 127.0)
    return Stroke(asked, asked, MIDI_DB * math.log10(asked / USUAL) if source.whole else 0.0, 0.0, False)
