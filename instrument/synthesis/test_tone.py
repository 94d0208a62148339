"""A test tone that shows whether the device plays: 440 Hz at -20 dBFS, whatever the model and the patch."""
import math

import numpy as np

from hummingface.compiled import part

TONE_HZ = 440
AMPLITUDE = 0.1
FADE_S = 0.02


@part
def render_tone(state, samples):
    """Add the tone to the piece while `tone` asks for it, faded in and out."""
    block = state[0]
    if block.tone == 0 and block.tone_gain == 0:
        return
    step = np.float32((AMPLITUDE if block.tone != 0 else -AMPLITUDE) / (FADE_S * block.rate_hz))
    gain = block.tone_gain
    for k in range(samples):
        gain = min(max(gain + step, np.float32(0)), np.float32(AMPLITUDE))
        turns = (block.position + k) % block.rate_hz * TONE_HZ / block.rate_hz
        value = gain * np.float32(math.sin(2 * math.pi * turns))
        block.mix[0, k] += value
        block.mix[1, k] += value
    block.tone_gain = gain
