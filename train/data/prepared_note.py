"""One note of any source as training data: analysed, smoothed, and sampled at the rows of the note image."""
import math

import numpy as np

from hummingface.models.analysis.note_frames import note_rows
from hummingface.models.analysis.targets import smooth_note
from hummingface.models.playing.conditioning import LONGEST_S, row_times_s
from hummingface.models.playing.frame import LEVEL, NOISE
from hummingface.train.data.characteristics import measure
from hummingface.train.data.heard_qualities import heard_qualities
from hummingface.train.data.loudness_normalisation import audio_lufs, raised_db
from hummingface.train.data.note_spectrum import at_times
from hummingface.train.data.store import LATE_S, Made
from hummingface.train.notes.note import Note, power_of

BEYOND_S = 0.3                        # kept after LONGEST_S of a note without a note-off


def prepared(order_key: str, note: Note) -> Made:
    """One note, analysed."""
    labels, rate_hz = note.labels, note.rate_hz
    lufs = audio_lufs(note.audio, rate_hz)
    raised = raised_db(lufs)                                    # a soft note's end is not lost under the floor of levels
    audio = note.audio * np.float32(10 ** (raised / 20))
    released = len(audio) > (labels.hold_s + 0.02) * rate_hz
    if not released:                                            # sound beyond the last row adds nothing
        audio = audio[:round((LATE_S[-1] + BEYOND_S) * rate_hz)]
    sounds_s = min(labels.hold_s, len(audio) / rate_hz)       # what has died away before note-off is cut off
    until_s = math.inf if released else LONGEST_S + BEYOND_S
    analysis = smooth_note(audio, rate_hz, note.pitch, sounds_s, until_s)
    held = analysis.times_s <= max(sounds_s, 0.1)
    frames, times = analysis.frames[held], analysis.times_s[held]
    rows = note_rows(frames, times)
    late = at_times(frames, times, np.array(LATE_S)).astype(np.float32) if times[-1] > LONGEST_S + BEYOND_S else None
    known = {"f0_hz": round(float(analysis.f0_hz), 4), "valid_rows": int(np.count_nonzero(row_times_s() <= labels.hold_s + 1e-9)),
             "peak_db": round(float(rows[:, LEVEL].max()) - raised, 2), "noise_peak_db": round(float(rows[:, NOISE].max()) - raised, 2),
             "loudness_db": round(lufs, 2), "raised_db": raised,
             "rms_db": round(float(loudness_db(note.audio, labels.hold_s, rate_hz)), 2),
             "measured": measure(rows, note.pitch, labels.hold_s), "heard": heard_qualities(note)}
    known["released"] = released
    if late is not None:
        known["late"] = int(np.count_nonzero(np.array(LATE_S) <= times[-1]))
    return Made(order_key, labels, rows, late, analysis.start_phase, known, analysis.stereo)


def loudness_db(audio: np.ndarray, hold_s: float, rate_hz: int = 48_000) -> float:
    """Level of both channels in the loudest 0.4 s (or of all that is held, if shorter), dB RMS: enough to level presets by."""
    size = max(1, min(round(0.4 * rate_hz), round(hold_s * rate_hz), len(audio)))
    power = np.concatenate([[0.0], np.cumsum(power_of(audio))])
    return 10 * np.log10(max(np.max(power[size:] - power[:-size]) / size, 1e-12))
