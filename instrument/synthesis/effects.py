"""The effect chain after voices and noise: drive, chorus, delay, reverb, master gain; and the one table of its controls.

Real-time: no allocation, no locks, no Python. Controls come with each hop and glide over it; what effects derive from
them is computed at the two ends of a segment and moves linearly in between, so block sizes change nothing. An effect at
mix 0 costs nothing and changes no bit.
"""
import numpy as np

from hummingface.compiled import part
from hummingface.instrument.synthesis.chorus import chorus_dtype, render_chorus, target_chorus
from hummingface.instrument.synthesis.delay import delay_dtype, render_delay, target_delay
from hummingface.instrument.synthesis.drive import drive_dtype, render_drive, target_drive
from hummingface.instrument.synthesis.reverb import render_reverb, reverb_dtype, target_reverb

# id (as in instrument/patches/parameters.py; master.gain is linear), lowest, highest, value before the first hop.
# Their order here is their order in hop["effects"].
CONTROLS = (
    ("drive.amount", 0.0, 1.0, 0.0),
    ("chorus.mix", 0.0, 1.0, 0.0),
    ("chorus.rate_hz", 0.05, 5.0, 0.6),
    ("chorus.depth", 0.0, 1.0, 0.4),
    ("delay.mix", 0.0, 1.0, 0.0),
    ("delay.time_s", 0.01, 2.0, 0.35),
    ("delay.feedback", 0.0, 0.95, 0.35),
    ("delay.damping", 0.0, 1.0, 0.3),
    ("reverb.mix", 0.0, 1.0, 0.0),
    ("reverb.decay_s", 0.1, 20.0, 1.8),
    ("reverb.size", 0.0, 1.0, 0.5),
    ("reverb.damping", 0.0, 1.0, 0.4),
    ("master.gain", 0.0, 16.0, 1.0),
)
INDEX = {control[0]: index for index, control in enumerate(CONTROLS)}
(DRIVE_AMOUNT, CHORUS_MIX, CHORUS_RATE, CHORUS_DEPTH, DELAY_MIX, DELAY_TIME, DELAY_FEEDBACK, DELAY_DAMPING,
 REVERB_MIX, REVERB_DECAY, REVERB_SIZE, REVERB_DAMPING, MASTER_GAIN) = range(len(CONTROLS))
_LOWEST = np.array([control[1] for control in CONTROLS], np.float32)
_HIGHEST = np.array([control[2] for control in CONTROLS], np.float32)
START = np.array([control[3] for control in CONTROLS], np.float32)
_ONE = np.float32(1)

effects_dtype = np.dtype([
    ("segment_begin", "i8"),
    ("segment_end", "i8"),
    ("hop_seen", "i8"),
    ("flushing", "i4"),                         # 1: all fades out in this segment, and the effects are empty afterwards
    ("glide", "f8", (len(CONTROLS), 2)),        # controls at the segment's begin and end
    ("drive", drive_dtype),
    ("chorus", chorus_dtype),
    ("delay", delay_dtype),
    ("reverb", reverb_dtype),
], align=True)


@part
def empty_effects(effects):
    """Clear the effects' memory: each starts empty with its next sample."""
    effects.drive.on = effects.chorus.on = effects.delay.on = effects.reverb.on = 0


@part
def target_effects(effects, wanted, follow, begin, end, rate_hz):
    """Begin a segment from sample `begin` to `end`: controls glide to `wanted` (if `follow`), clamped; NaN and Inf are ignored."""
    glide = effects.glide
    effects.segment_begin, effects.segment_end = begin, end
    for control in range(len(CONTROLS)):
        glide[control, 0] = glide[control, 1]
        value = wanted[control]
        if follow and abs(value) < np.float32(1e30):       # NaN compares false
            glide[control, 1] = min(max(value, _LOWEST[control]), _HIGHEST[control])
    length = end - begin
    target_drive(effects.drive, glide[DRIVE_AMOUNT], length)
    target_chorus(effects.chorus, glide[CHORUS_MIX], glide[CHORUS_RATE], glide[CHORUS_DEPTH], rate_hz, length)
    target_delay(effects.delay, glide[DELAY_MIX], glide[DELAY_TIME], glide[DELAY_FEEDBACK], glide[DELAY_DAMPING], rate_hz, length)
    target_reverb(effects.reverb, glide[REVERB_MIX], glide[REVERB_DECAY], glide[REVERB_SIZE], glide[REVERB_DAMPING], rate_hz, length)


@part
def apply_effects(effects, offset, left, right, rate_hz):
    """Run the chain over both channels in place, from `offset` samples after the segment's begin, all within the segment."""
    render_drive(effects.drive, offset, left, right)
    render_chorus(effects.chorus, offset, left, right, rate_hz)
    render_delay(effects.delay, offset, left, right, rate_hz)
    render_reverb(effects.reverb, offset, left, right, rate_hz)
    gain, to = np.float32(effects.glide[MASTER_GAIN, 0]), np.float32(effects.glide[MASTER_GAIN, 1])
    per_sample = _ONE / np.float32(effects.segment_end - effects.segment_begin)
    slope, fall = (to - gain) * per_sample, per_sample if effects.flushing != 0 else np.float32(0)
    if gain != _ONE or slope != 0 or fall != 0:
        for k in range(len(left)):
            at = np.float32(offset + k)
            level = (gain + at * slope) * (_ONE - at * fall)
            left[k] *= level
            right[k] *= level
