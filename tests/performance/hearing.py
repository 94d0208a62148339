"""Playing on the performer with the real synthesis, dry, and what is heard of it."""
import numpy as np
from scipy.signal import butter, sosfilt

from hummingface.instrument.offline.player import play_events
from hummingface.instrument.performance.messages.midi import NoteOn, Set

RATE = 48000
DRY = [(0, Set("reverb.mix", 0.0)), (0, Set("master.width", 0.0))]
CHORD = [(100, NoteOn(0, 36 + 3 * i, 30)) for i in range(16)]


def play(events, source, seconds=None, **options):
    return play_events(DRY + events, source, seconds=seconds, **options)


def pitch_hz(sound, rate_hz=RATE):
    """Frequency of the strongest sine, from how its phase turns between two halves of the sound."""
    n = len(sound) // 2
    window = np.hanning(n)
    a, b = np.fft.rfft(sound[:n] * window), np.fft.rfft(sound[n:2 * n] * window)
    peak = int(np.argmax(np.abs(a)))
    expected = 2 * np.pi * peak * n / n
    turn = np.angle(b[peak] / a[peak]) - expected
    turn -= 2 * np.pi * np.round(turn / (2 * np.pi))
    return (peak + turn / (2 * np.pi)) * rate_hz / n


def cents(a, b):
    return 1200 * np.log2(a / b)


def clicks(sound, begin, end, hz=8000, rate_hz=RATE):
    """The loudest of what lies above `hz`, far above all partials, between two samples, relative to the whole's peak."""
    high = sosfilt(butter(10, hz, "high", fs=rate_hz, output="sos"), sound, axis=0)
    return np.abs(high[begin:end]).max() / np.abs(sound).max()
