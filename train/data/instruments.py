"""The instruments of prepared notes, and which of their keys are never trained on."""
import numpy as np

from hummingface.train.data.characteristics import sustains

LEFT_OUT_EVERY = 12


def is_left_out(instrument: int, pitch: int) -> bool:
    """One pitch in 12, another for each instrument: never trained on, only evaluated."""
    return (pitch + 5 * instrument) % LEFT_OUT_EVERY == 0


def instruments_of(notes: list[dict]) -> tuple[list[dict], np.ndarray]:
    """The distinct instruments of notes, each with a name of its own, and which one each note belongs to [notes].

    Whether an instrument sustains, if nothing tells it, is what most of its notes do.
    """
    identity = [tuple(note.get(k) for k in ("program", "instrument", "family", "source")) for note in notes]
    order = sorted(set(identity), key=lambda i: (128 if i[0] is None else i[0], *map(str, i[1:])))
    number = {one: n for n, one in enumerate(order)}
    which = np.array([number[one] for one in identity])
    heard: list[list[bool]] = [[] for _ in order]
    for note, n in zip(notes, which, strict=True):
        declared = note.get("sustained")
        heard[n].append(sustains(note["measured"]) if declared is None else declared)
    instruments, names = [], set()
    for (program, name, family, source), sustained in zip(order, heard, strict=True):
        unique = next(n for n in (name, f"{name} ({family})", *(f"{name} {i}" for i in range(2, 10_000))) if n not in names)
        names.add(unique)
        about = {"program": program, "name": unique, "family": family, "sustained": bool(np.mean(sustained) > 0.5)}
        instruments.append(about | ({"source": source} if source is not None else {}))
    return instruments, which
