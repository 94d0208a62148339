"""The metronome's clicks: heard at the device, and not part of the sound, so no take has them.

Real-time: no allocation, no locks, no Python. The engine says where the beats are (`producer.publish_beats`), between two steps of
`beats_version`, which is odd meanwhile: then the audio thread keeps what it knew.
"""
import math

import numpy as np

from hummingface.compiled import part
from hummingface.instrument.synthesis.atomic import load_acquire

CLICK_HZ, BAR_CLICK_HZ = 1000.0, 1500.0
CLICK_S, CLICK_DECAY_S = 0.06, 0.008

metronome_dtype = np.dtype([
    # written by the engine
    ("from_sample", "i8"), ("until_sample", "i8"),          # beats from the one on, and before the other, are heard
    ("origin", "f8"), ("beat_samples", "f8"),               # where a bar begins, and how long a beat is
    ("amplitude", "f4"),
    # the audio thread's own
    ("known_from", "i8"), ("known_until", "i8"), ("known_origin", "f8"), ("known_beat", "f8"), ("known_amplitude", "f4"),
    ("left", "i8"),                                         # samples of the click that sounds
    ("last", "f8", 2),                                      # its two newest samples
    ("turn", "f8"), ("decay", "f8"),                        # of its resonator
], align=True)
BEATS_PER_BAR = 4


@part
def _look(state):
    """Take over where the beats are, if nobody is writing it."""
    m = state[0].metronome
    version = load_acquire(state, "beats_version")
    if version & 1 != 0:
        return
    begin, until, origin, beat, amplitude = m.from_sample, m.until_sample, m.origin, m.beat_samples, m.amplitude
    if load_acquire(state, "beats_version") == version:
        m.known_from, m.known_until, m.known_origin, m.known_beat, m.known_amplitude = begin, until, origin, beat, amplitude


@part
def _begin_click(m, beat, rate_hz):
    angle = 2 * math.pi * (BAR_CLICK_HZ if beat % BEATS_PER_BAR == 0 else CLICK_HZ) / rate_hz
    decay = math.exp(-1 / (CLICK_DECAY_S * rate_hz))
    m.turn, m.decay = 2 * decay * math.cos(angle), decay * decay
    m.last[0], m.last[1] = 0.0, -m.known_amplitude * math.sin(angle) / decay
    m.left = int(CLICK_S * rate_hz)


@part
def render_clicks(state, out):
    """Add clicks to `out` [n, 2], which begins at the sample `position`."""
    block = state[0]
    m = block.metronome
    _look(state)
    samples, begin = len(out), block.position
    if m.known_beat <= 0 and m.left <= 0:
        return                                              # as nearly always
    at, beat = samples, 0
    if m.known_beat > 0:
        beat = math.floor((begin - 1 - m.known_origin) / m.known_beat) + 1       # the first that does not lie before `begin`
        at = math.ceil(m.known_origin + beat * m.known_beat) - begin
        if at + begin < m.known_from or at + begin >= m.known_until:
            at = samples
    for k in range(samples):
        if k == at:
            _begin_click(m, beat, block.rate_hz)
        if m.left > 0:
            value = m.turn * m.last[0] - m.decay * m.last[1]
            m.last[1], m.last[0] = m.last[0], value
            m.left -= 1
            out[k, 0] += np.float32(value)
            out[k, 1] += np.float32(value)
