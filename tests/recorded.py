"""A recorded note that no network makes, for tests of likeness: its frames are known."""
import numpy as np

from hummingface.models.playing.conditioning import row_times_s
from hummingface.models.playing.frame import FUZZ_RATE, LEVEL, LEVEL_FLOOR_DB, LOWEST, NOISE, PARTIALS, RELEASE, VIBRATO
from hummingface.models.playing.recorded_note import RecordedFrames, RecordedNote, pack
from hummingface.models.playing.stereo import BALANCE, COHERENCE, STEREO_SIZE


def recorded_frames(seed: int = 0, harmonics: int = 12, fall_db_s: float = 6.0, balance_db: float | None = None) -> RecordedFrames:
    """So many harmonics of random levels that fall, some noise, start phases of its own; with a balance it is stereo."""
    rng, times = np.random.default_rng(seed), row_times_s()[:, None]
    rows = np.tile(LOWEST, (len(times), 1)).astype(np.float32)
    rows[:, LEVEL.stop:NOISE.start] = 0
    rows[:, LEVEL.start:LEVEL.start + harmonics] = np.maximum(rng.uniform(-50, -15, harmonics) - fall_db_s * times, LEVEL_FLOOR_DB)
    rows[:, NOISE] = rng.uniform(-90, -70, NOISE.stop - NOISE.start) - fall_db_s * times
    rows[:, VIBRATO] = 0.0, 5.0, 0.0
    rows[:, FUZZ_RATE], rows[:, RELEASE] = 1.0, -2.0
    stereo = None
    if balance_db is not None:
        stereo = np.zeros(STEREO_SIZE, np.float32)
        stereo[BALANCE], stereo[COHERENCE] = balance_db, 0.25
    return RecordedFrames(rows, rng.uniform(0, 2 * np.pi, PARTIALS).astype(np.float32), stereo)


def recorded_note(pitch: float = 60.0, velocity: float = 100.0, **frames) -> RecordedNote:
    """`frames` as `recorded_frames` takes them."""
    return RecordedNote(pitch, velocity, pack(recorded_frames(**frames)))
