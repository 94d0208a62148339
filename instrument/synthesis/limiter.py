"""The last stage: its output is finite, free of DC and never above -0.3 dBFS.

Real-time: no allocation, no locks, no Python; a fixed number of operations a sample.

The limiter links both channels and has no look-ahead and so no latency: the gain falls at once to where the
sample just fits, and recovers slowly. While nothing is too loud its gain is exactly 1.
"""
import numpy as np

from hummingface.compiled import compiled, part

CEILING_DB = -0.3
CEILING = np.float32(10 ** (CEILING_DB / 20))
RELEASE_S = 0.15            # time for the gain to recover by 63 %
DC_CUTOFF_HZ = 5.0
_ZERO, _ONE = np.float32(0), np.float32(1)
_NOTHING = np.float32(1e-5)

limiter_dtype = np.dtype([
    ("dc_in", "f8", 2),     # the DC blocker's last input and output
    ("dc_out", "f8", 2),
    ("reduction", "f4"),    # 1 - gain, so that its return to 0 is not lost in rounding
], align=True)


@part
def block_dc(limiter, left, right, samples, rate_hz):
    """One-pole high-pass at 5 Hz, in place; in double precision, since its pole lies so near 1. Returns whether all was finite."""
    pole = 1.0 - 2.0 * np.pi * DC_CUTOFF_HZ / rate_hz
    for side in range(2):
        x1, y1 = limiter.dc_in[side], limiter.dc_out[side]
        signal = left if side == 0 else right
        for k in range(samples):
            x = np.float64(signal[k])
            y1 = x - x1 + pole * y1
            x1 = x
            signal[k] = np.float32(y1)
        if not abs(y1) < 1e12:
            return False
        limiter.dc_in[side], limiter.dc_out[side] = x1, y1 if abs(y1) > 1e-30 else 0.0      # no slow denormal numbers
    return True


@part
def limit(limiter, left, right, samples, rate_hz):
    """Keep both channels within +-CEILING, in place. Samples that are not finite become silence; returns how many."""
    keep = np.float32(np.exp(-1.0 / (RELEASE_S * rate_hz)))
    reduction, replaced = limiter.reduction, 0
    for k in range(samples):
        x, y = left[k], right[k]
        peak = max(abs(x), abs(y))
        if not (abs(x) < np.float32(1e30) and abs(y) < np.float32(1e30)):
            left[k] = right[k] = _ZERO
            replaced += 1
            continue
        reduction *= keep
        if reduction < _NOTHING:
            reduction = _ZERO
        gain = _ONE - reduction
        if peak * gain > CEILING:
            gain = CEILING / peak
            reduction = _ONE - gain
        left[k] = min(max(x * gain, -CEILING), CEILING)
        right[k] = min(max(y * gain, -CEILING), CEILING)
    limiter.reduction = reduction
    return replaced


@compiled()
def limit_mix(limiter, mix, rate_hz):
    """For players without a device: keep the sum of several engines, float32 [n, 2], within +-CEILING, in place.

    `limiter`: an array of one `limiter_dtype`, zeros at first.
    """
    limit(limiter[0], mix[:, 0], mix[:, 1], len(mix), rate_hz)
