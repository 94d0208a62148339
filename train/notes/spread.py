"""A few of a folder's recordings, spread over what is known of their keys and dynamics before any of them is heard."""
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

MOST_DYNAMICS = 3                # of a key: more keys say more than more dynamics


def spread(pitches: Sequence[int | None], dynamics: Sequence[int], most: int) -> list[int]:
    """Which of N recordings to take, at most `most`, in their order: keys as far apart as they come and each with its softest and its
    loudest; where no key is known, evenly from all. `dynamics` are compared within a key."""
    if len(pitches) <= most:
        return list(range(len(pitches)))
    if not all(pitch is not None for pitch in pitches):
        return _evenly(range(len(pitches)), most)
    by_key = defaultdict[int, list[int]](list)
    for i in np.lexsort((np.array(dynamics), np.array(pitches))):
        by_key[int(pitches[i] or 0)].append(int(i))
    each = min(MOST_DYNAMICS, most, max(map(len, by_key.values())))
    keys = _evenly(sorted(by_key), most // each)
    return sorted(i for key in keys for i in _evenly(by_key[key], each))


def _evenly(of: Sequence[int], most: int) -> list[int]:
    """At most `most`, the first and the last among them; the middle one alone where there may be one."""
    if most == 1:
        return [of[len(of) // 2]]
    places = np.linspace(0, len(of) - 1, min(most, len(of))).round().astype(int)
    return [of[place] for place in places]
