"""A tempo that a player taps."""
MOST_TAPS = 8                       # the newest count
PAUSE_S = 2.5                       # after one, a new tempo begins
LEAST_TAPS = 3                      # before two intervals agree, nobody knows whether it was meant


class TapTempo:
    """`tap` takes the time of each tap in seconds."""

    def __init__(self) -> None:
        self._taps: list[float] = []

    def tap(self, now_s: float) -> float | None:
        """Beats a minute, by the mean of the newest intervals; None until there are enough."""
        if self._taps and not 0 < now_s - self._taps[-1] < PAUSE_S:
            self._taps = []
        self._taps = [*self._taps, now_s][-MOST_TAPS:]
        if len(self._taps) < LEAST_TAPS:
            return None
        return 60 * (len(self._taps) - 1) / (self._taps[-1] - self._taps[0])
