"""Made notes whose frames are known (`analysis.json`), and which of their values are compared."""
from typing import NamedTuple

import numpy as np

from hummingface.models.analysis.note_frames import NoteFrames
from hummingface.models.playing.frame import FUZZ, LEVEL, LFO_GAIN, NOISE, PARTIALS, RELEASE, VIBRATO, pitch_to_hz

MOMENTS_S = (0.004, 0.03, 0.1, 0.4, 0.7)
HEARD_DB, LOUDEST = 50.0, 12           # within so much of the note's peak; partials


class Made(NamedTuple):
    audio: np.ndarray
    rate_hz: int
    pitch: float
    hold_s: float


def _partials(pitch: float, seconds: float, rate_hz: int, seed: int, decay: float = 0.0, vibrato: float = 0.0) -> np.ndarray:
    t, rng = np.arange(round(seconds * rate_hz)) / rate_hz, np.random.default_rng(seed)
    bent = t + vibrato * np.sin(2 * np.pi * 5.5 * t) / (2 * np.pi * 5.5)
    k = np.arange(1, int(min(40, 0.45 * rate_hz / pitch_to_hz(pitch))) + 1)[:, None]
    waves = np.cos(2 * np.pi * k * pitch_to_hz(pitch) * bent + rng.uniform(0, 6, k.shape)) / k
    return 0.1 * (waves * np.exp(-decay * (1 + 0.2 * k) * t)).sum(0)


def made_notes() -> dict[str, Made]:
    hiss = np.random.default_rng(7).standard_normal
    stereo = np.stack([_partials(57.1, 1.2, 48_000, 1), _partials(57.1, 1.2, 48_000, 2)], 1)
    released = _partials(60, 1.3, 44_100, 5) * np.clip((0.95 - np.arange(57_330) / 44_100) / 0.05, 0, 1)
    notes = {"stereo, noisy": Made(stereo + 0.02 * hiss(stereo.shape), 48_000, 57, 1.1),
             "low, with vibrato": Made(_partials(31, 1.2, 48_000, 3, vibrato=0.004) + 1e-4 * hiss(57_600), 48_000, 31, 1.1),
             "high, plucked": Made(_partials(88, 1.0, 16_000, 4, decay=3) + 1e-4 * hiss(16_000), 16_000, 88, 0.95),
             "released": Made(released + 1e-4 * hiss(57_330), 44_100, 60, 0.9),
             "noise": Made(0.1 * hiss(38_400), 48_000, 60, 0.75)}
    return {name: note._replace(audio=note.audio.astype(np.float32)) for name, note in notes.items()}


def values_of(note: NoteFrames) -> dict[str, list]:
    """What is compared: levels of the loudest partials and of the noise as far as they are heard (None where not), start phases, and
    what belongs to the whole note."""
    rows = note.frames[np.searchsorted(note.times_s, MOMENTS_S)]
    loudest = note.frames[:, LEVEL].max(0)
    least = max(loudest.max(), note.frames[:, NOISE].max()) - HEARD_DB
    slots = np.sort(np.argsort(-loudest, kind="stable")[:LOUDEST])
    slots = slots[loudest[slots] > least]
    level, noise = rows[:, LEVEL][:, slots], rows[:, NOISE]
    only_heard = lambda x: [[round(float(v), 5) if v > least else None for v in row] for row in x]                # noqa: E731
    several = lambda x: [round(float(v), 5) for v in x]                                                          # noqa: E731
    return {"slots": slots.tolist(), "level_db": only_heard(level), "noise_db": only_heard(noise), "f0_hz": [round(note.f0_hz, 5)],
            "cents": [[None if v is None else round(float(1731.234 * rows[i, PARTIALS + s] / (s + 1)), 4)
                       for s, v in zip(slots, row, strict=True)] for i, row in enumerate(only_heard(level))],
            "start_phase": several(note.start_phase[slots]), "vibrato": several(rows[0, VIBRATO]),
            "lfo_gain_db": several(rows[0, LFO_GAIN]), "fuzz": several(rows[0, FUZZ]), "release": several(rows[0, RELEASE]),
            "stereo": [] if note.stereo is None else several(note.stereo)}
