"""Drive: saturation with the curve x / sqrt(1 + x^2), a little off centre, so that even harmonics come in as well.

Real-time: no allocation, no locks, no Python; a fixed number of operations a sample.

Aliasing is held down by first-order antiderivative anti-aliasing (Parker, Zavalishin & Le Bivic 2016, "Reducing the
aliasing of nonlinear waveshaping using continuous-time convolution"): the curve's mean between two samples is taken in
place of its value. For this curve the antiderivative is sqrt(1 + x^2), and the difference quotient simplifies to (x1 +
x0) / (sqrt(1 + x1^2) + sqrt(1 + x0^2)): no division by nearly zero, no transcendental function.
"""
import numpy as np

from hummingface.compiled import part

MOST_GAIN_DB = 40.0
WHOLLY_ON = 0.05                # from this amount on nothing of the clean sound is left
BIAS = 0.25                     # of the curve's knee, at full drive
KEPT_PEAK = 0.4                 # an amplitude that is not changed
WET, GAIN, LEVEL, CENTRE = 0, 1, 2, 3
_ONE = np.float32(1)

drive_dtype = np.dtype([
    ("begin", "f4", 4),         # WET, GAIN, LEVEL, CENTRE at the segment's begin
    ("slope", "f4", 4),         # ... and their change per sample
    ("last", "f4", 2),          # the last inputs of the curve
    ("on", "i4"),
], align=True)


@part
def _coefficients(amount):
    gain = 10.0 ** (amount * MOST_GAIN_DB / 20)
    kept = gain * KEPT_PEAK
    return min(amount / WHOLLY_ON, 1.0), gain, KEPT_PEAK * np.sqrt(1 + kept * kept) / kept, BIAS * amount


@part
def target_drive(drive, amount, length):
    """Begin a segment of `length` samples, amount (0..1) is a pair of its values at the begin and end."""
    begin, end = _coefficients(amount[0]), _coefficients(amount[1])
    for i in range(4):
        drive.begin[i] = begin[i]
        drive.slope[i] = (end[i] - begin[i]) / length


@part
def render_drive(drive, offset, left, right):
    """Saturate both channels in place, from `offset` samples after the segment's begin. At amount 0 nothing happens."""
    if drive.begin[WET] == 0 and drive.slope[WET] == 0:
        drive.on = 0
        return
    for side in range(2):
        signal = left if side == 0 else right
        x0 = drive.last[side]
        if drive.on == 0:
            x0 = np.float32(0)
        s0 = np.sqrt(_ONE + x0 * x0)
        for k in range(len(signal)):
            at = np.float32(offset + k)
            wet, gain = drive.begin[WET] + at * drive.slope[WET], drive.begin[GAIN] + at * drive.slope[GAIN]
            level, centre = drive.begin[LEVEL] + at * drive.slope[LEVEL], drive.begin[CENTRE] + at * drive.slope[CENTRE]
            dry = signal[k]
            x1 = gain * dry + centre
            s1 = np.sqrt(_ONE + x1 * x1)
            curve = (x1 + x0) / (s1 + s0) - centre / np.sqrt(_ONE + centre * centre)
            signal[k] = dry + wet * (level * curve - dry)
            x0, s0 = x1, s1
        drive.last[side] = x0
    drive.on = 1
