"""From a recorded note to what a network learns: analysed, smoothed, and its beginning fitted to the recording once more.

Smooth frames play an attack otherwise than the raw ones: frequencies that jumped while the filters filled are steady in them, so other
phases meet the recording, and other levels give its envelope.
"""
import math
from dataclasses import replace

import numpy as np

from hummingface.models.analysis.attack import sharpen
from hummingface.models.analysis.harmonic import analyse, find_onset
from hummingface.models.analysis.motion import smooth
from hummingface.models.analysis.note_frames import NoteFrames
from hummingface.models.analysis.start_phase import fit_start_phases
from hummingface.models.analysis.stereo_analysis import channels_of
from hummingface.models.playing.frame import HIGHEST, LOWEST, PARTIALS, REGULARITY, VIBRATO
from hummingface.models.playing.stereo import side_gains

MOTION = slice(VIBRATO.start, REGULARITY.stop)


def smooth_note(audio: np.ndarray, rate_hz: int, pitch: float, hold_s: float, motion_until_s: float = math.inf) -> NoteFrames:
    """Smooth frames of a recorded note; arguments and errors as `analyse` has them. Of a note held beyond `motion_until_s`, motion is
    measured up to there, where it is loud."""
    raw = analyse(audio, rate_hz, pitch, hold_s)
    note = smooth(raw)
    if hold_s > motion_until_s:
        begin = raw.times_s <= motion_until_s
        beginning = smooth(replace(raw, times_s=raw.times_s[begin], frames=raw.frames[begin], hold_s=motion_until_s))
        note.frames[:, MOTION] = beginning.frames[0, MOTION]
    return fit_onset(note, audio, rate_hz)


def fit_onset(note: NoteFrames, audio: np.ndarray, rate_hz: int) -> NoteFrames:
    """The note with start phases and first levels such that its frames as they are begin as the recording [S] or [S, 2] does."""
    channels = channels_of(np.nan_to_num(np.asarray(audio, np.float32), nan=0.0, posinf=0.0, neginf=0.0).clip(-100, 100))
    sides = np.ones((1, PARTIALS)) if note.stereo is None else side_gains(note.stereo, note.f0_hz)
    if len(sides) != len(channels) or len(note.frames) < 3:
        return note
    onset_s, frames = find_onset(channels, rate_hz), note.frames.astype(np.float64)
    phase = fit_start_phases(frames, channels, rate_hz, note.f0_hz, note.start_phase.astype(np.float64), onset_s, sides)
    sharpen(frames, channels, rate_hz, note.f0_hz, phase, onset_s, sides)
    return replace(note, frames=np.clip(frames, LOWEST, HIGHEST).astype(np.float32), start_phase=phase.astype(np.float32))
