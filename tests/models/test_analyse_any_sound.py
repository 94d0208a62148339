"""`analyse` takes whatever a recording may hold, at any rate and pitch, and stays within what a frame may say."""
import numpy as np
import pytest

from hummingface.models.analysis.harmonic import analyse
from hummingface.models.analysis.motion import smooth
from hummingface.models.analysis.note_frames import frame_times
from hummingface.models.analysis.reference import synthesise
from hummingface.models.playing.frame import HIGHEST, LOWEST, PARTIALS


def sound(kind: str, rate_hz: int, seconds: float) -> np.ndarray:
    rng = np.random.default_rng(7)
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return {
        "silence": np.zeros(len(t)), "noise": rng.standard_normal(len(t)) * 0.1, "dc": np.full(len(t), 0.3),
        "click": np.eye(1, len(t), len(t) // 3)[0], "tone": 0.2 * np.sin(2 * np.pi * 440 * t),
        "loud": 50 * rng.standard_normal(len(t)),
        "broken": np.where(t > seconds / 2, np.nan, np.sin(2 * np.pi * 100 * t)),
    }[kind].astype(np.float32)


@pytest.mark.parametrize(("kind", "rate_hz", "pitch", "seconds"), [
    ("silence", 48000, 60, 1.0), ("noise", 44100, 40, 0.7), ("dc", 48000, 60, 0.7), ("click", 48000, 72, 0.7),
    ("broken", 22050, 45, 0.7), ("loud", 48000, 60, 0.5), ("tone", 8000, 69, 0.7), ("tone", 192000, 69, 0.3),
    ("tone", 37123, 69.5, 0.6), ("tone", 48000, 0, 0.7), ("tone", 48000, 127, 0.7), ("tone", 8000, 127, 0.3),
    ("noise", 96000, 108, 0.3), ("tone", 48000, 69, 0.05), ("tone", 48000, 21, 0.001),
])
def test_frames_stay_within_their_bounds(kind, rate_hz, pitch, seconds):
    audio = sound(kind, rate_hz, seconds)
    note = analyse(audio, rate_hz, pitch, seconds * 0.7)
    np.testing.assert_allclose(note.times_s, frame_times(len(audio) / rate_hz))
    for n in (note, smooth(note)):
        assert n.frames.dtype == np.float32 and n.frames.shape == (len(note.times_s), len(LOWEST))
        assert np.isfinite(n.frames).all() and (n.frames >= LOWEST).all() and (n.frames <= HIGHEST).all()
        assert n.start_phase.shape == (PARTIALS,) and np.isfinite(n.start_phase).all() and np.isfinite(n.f0_hz)
        assert np.isfinite(synthesise(n, rate_hz)).all()


@pytest.mark.parametrize("hold_s", [0.0, 0.3, 5.0, -1.0])
def test_any_hold_is_taken(hold_s):
    note = smooth(analyse(sound("tone", 16000, 0.3), 16000, 69, hold_s))
    assert 0 <= note.hold_s <= 0.3 + 1e-6 and np.isfinite(note.frames).all()


def test_refuses_what_is_no_sound():
    with pytest.raises(ValueError, match="one channel"):
        analyse(np.zeros((100, 3), np.float32), 48000, 60, 0.1)
    with pytest.raises(ValueError, match="sample rate"):
        analyse(np.zeros(100, np.float32), 10, 60, 0.1)
