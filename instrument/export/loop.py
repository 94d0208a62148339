"""Finds a loop in a held note whose repetition is not heard, and makes the looped sound.

The end of the loop is tried at several places near the end of the note, and its beginning at every sample before: loops are possible where
the two stretches correlate best, longer ones first. Stretches that correlate over a tenth of a second have the same phase, spectrum and
pitch. Then the level is evened out, and the stretch before the end is cross-faded into the stretch before the beginning (`crossfade`).
Correlation does not predict how that fade sounds. So candidates are made one after the other, and their seams compared (`seam`) with the
largest change within the note itself: the first that is clearly smaller is used, or the smallest of those that were made.
"""
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft

from hummingface.instrument.export import seam
from hummingface.instrument.export.crossfade import crossfade

MATCH_S = 0.1                       # that are compared
FADE_S = 0.25                       # into the next round; at most half of the loop
SHORTEST_S = 0.5                    # loop; shorter ones are heard to repeat
ENDS = 12                           # places tried for the end, in the last part of the note:
LAST_PART = 0.3
KINDS, OF_EACH = 3, 4               # long, middle and short loops: at most this many of each are made and measured
BEGIN_PART = 0.25                   # of the note pass before a loop begins: its attack is over
LONGER = 0.08                       # of correlation that a loop over the whole note is worth, against a short one
LEVEL_PER_DB = 0.01                 # and what a decibel of difference costs
QUIET = 0.8                         # of the note's own changes: a seam is good enough
MARGIN_S = 0.12                     # before and after a fade, for its bands
AFTER_SAMPLES = 64                  # of the loop's beginning, again after its end: players look ahead when they interpolate


@dataclass(frozen=True)
class Loop:
    """`start` is the first sample of the loop, `end` the last one (inclusive, as files have it)."""
    start: int
    end: int
    match: float                    # the correlation that it was found by
    fall_db_s: float = 0.0          # the decay that was taken out of it
    seam: float = 0.0               # its change, against the most that the note has in itself

    @property
    def length(self) -> int:
        return self.end + 1 - self.start


def seamless(sound: np.ndarray, f0_hz: float, rate_hz: int, settled: int = 0,
             even_from: int | None = None) -> tuple[np.ndarray, Loop] | None:
    """A held note [S, channels] with a loop after its sample `settled`, as `bake` gives it; None if it is too short."""
    found = places(sound, rate_hz, settled)
    if not found:
        return None
    own = seam.most(sound[_first(sound, rate_hz, settled):])
    best: tuple[np.ndarray, Loop] | None = None
    for place in found:
        baked, made = bake(sound, place, f0_hz, rate_hz, even_from)
        made = replace(made, seam=seam.over(_at_seam(baked, made, rate_hz), own))
        if best is None or made.seam < best[1].seam:
            best = baked, made
        if made.seam < QUIET:
            break
    return best


def _at_seam(baked: np.ndarray, loop: Loop, rate_hz: int) -> dict[str, float]:
    """The maximum of each measure during the fade and just after it."""
    before = baked[loop.end + 1 - round(FADE_S * rate_hz) - seam.WINDOW:loop.end + 1]
    return seam.most(np.concatenate([before, baked[loop.start:loop.start + 2 * seam.WINDOW]]))


def _first(sound: np.ndarray, rate_hz: int, settled: int) -> int:
    """The first sample at which a loop may begin."""
    return max(settled + round(BEGIN_PART * (len(sound) - settled)), round((MATCH_S + MARGIN_S) * rate_hz))


def places(sound: np.ndarray, rate_hz: int, settled: int = 0) -> list[Loop]:
    """Possible loops of a held note, the most promising first; none if it is too short. Not yet baked."""
    sound = np.asarray(sound, np.float64)
    window, margin = round(MATCH_S * rate_hz), round(MARGIN_S * rate_hz)
    first, shortest = _first(sound, rate_hz, settled), min(round(SHORTEST_S * rate_hz), round(0.3 * (len(sound) - settled)))
    last = len(sound) - margin
    size = fft.next_fast_len(len(sound) + window)
    spectrum = fft.rfft(sound, size, axis=0)
    total = np.concatenate([[0.0], np.cumsum((sound ** 2).sum(1))])
    power = np.maximum(total[window:] - total[:-window], 1e-20)         # of the window that begins at each sample
    kinds: list[list[tuple[float, Loop]]] = [[] for _ in range(KINDS)]
    for end in np.linspace(last - LAST_PART * (last - first), last, ENDS).astype(int):
        if end - shortest <= first:
            continue
        ending = np.conj(fft.rfft(sound[end - window:end], size, axis=0))
        cross = fft.irfft((spectrum * ending).sum(1), size)[:len(power)]      # of both channels: what they share adds up
        match = cross / np.sqrt(power * power[end - window])
        above_db = 10 * np.log10(power / power[end - window])
        for kind, starts in zip(kinds, np.array_split(np.arange(first, end - shortest), KINDS), strict=True):
            if len(starts):
                worth = (match[starts - window] - LEVEL_PER_DB * np.abs(above_db[starts - window])
                         + LONGER * (end - starts) / (last - first))
                start = int(starts[np.argmax(worth)])
                kind.append((float(worth.max()), Loop(start, int(end) - 1, float(match[start - window]))))

    def best_first(pairs: Iterable[tuple[float, Loop]]) -> list[tuple[float, Loop]]:
        return sorted(pairs, key=lambda pair: -pair[0])
    return [place for _, place in best_first(pair for kind in kinds for pair in best_first(kind)[:OF_EACH])]


def bake(sound: np.ndarray, loop: Loop, f0_hz: float, rate_hz: int, even_from: int | None = None) -> tuple[np.ndarray, Loop]:
    """(the note up to the end of its loop and a little beyond, which loops seamlessly; the loop).

    Its level is evened out from sample `even_from` on (default: the loop's beginning), by its decay within the loop.
    """
    sound = np.asarray(sound, np.float64).copy()
    start, end = loop.start, loop.end + 1
    margin = round(MARGIN_S * rate_hz)
    fade = min(round(FADE_S * rate_hz), (end - start) // 2, start - margin)
    window = max(fade, round(MATCH_S * rate_hz))
    level_db = [10 * np.log10(np.mean(sound[at - window:at] ** 2) + 1e-20) for at in (start, end)]
    fall_db = (level_db[0] - level_db[1]) / (end - start)
    begin = start if even_from is None else even_from
    even = sound * 10 ** (fall_db * (np.arange(len(sound)) - begin) / 20)[:, None]
    sound[begin:] = even[begin:]
    old, new = (even[at - fade - margin:at + margin] for at in (end, start))
    sound[end - fade:end] = crossfade(old, new, margin, f0_hz, rate_hz)
    return np.concatenate([sound[:end], sound[start:start + AFTER_SAMPLES]]), Loop(start, end - 1, loop.match, float(fall_db * rate_hz))
