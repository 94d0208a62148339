"""A pitch tracker for tests and benchmarks that knows nothing of what it hears but the key that it should have."""
import numpy as np

FINER = 8                   # times that the autocorrelation is interpolated where a period is few samples long
WITHIN_CENTS = 60.0         # of its key a period is looked for...
NEARER_CENTS = 25.0         # ... and over several of them, of what one period told
LEAST_ALIKE = 0.5           # of its power that repeats after a period, for it to have a pitch


def cents_off(sound: np.ndarray, f0_hz: float, rate_hz: int = 48_000) -> float | None:
    """Cents above f0 of the period at which a sound [S] is most like itself, by one period and then by 9; WITHIN_CENTS or -WITHIN_CENTS
    where that lies further off; None where it does not repeat near its key."""
    size = 1 << int(np.ceil(np.log2(2 * len(sound))))
    finer = FINER if f0_hz > 150 else 1
    alike = np.fft.irfft(np.abs(np.fft.rfft(sound, size)) ** 2, size * finer)
    off = 0.0
    for periods, reach in ((1, WITHIN_CENTS), (9 if f0_hz > 60 else 4, NEARER_CENTS)):
        middle = periods * rate_hz * finer / (f0_hz * 2 ** (off / 1200))
        first = int(np.ceil(middle * 2 ** (-reach / 1200)))
        near = alike[first:int(middle * 2 ** (reach / 1200)) + 1]
        top = first + int(np.argmax(near))
        if periods == 1 and alike[top] < LEAST_ALIKE * alike[0]:
            return None
        before, here, after = alike[top - 1:top + 2]
        bend = before - 2 * here + after
        if here >= max(before, after) and bend < 0:
            top += 0.5 * (before - after) / bend
        off = 1200 * float(np.log2(periods * rate_hz * finer / top / f0_hz))
    return float(np.clip(off, -WITHIN_CENTS, WITHIN_CENTS))
