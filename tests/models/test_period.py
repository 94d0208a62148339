"""The period of a frame is what a pitch finder hears in its sound, and frames are put on their key by it."""
import numpy as np
import pytest

from hummingface.models.playing.frame import DEVIATION, LEVEL, LEVEL_FLOOR_DB, LOWEST, SLOT_RATIO, pitch_to_hz
from hummingface.models.playing.period import period_cents, put_in_tune
from tests.bench.tuning import period_hz

RATE_HZ = 48_000


def frame_of(levels: dict[float, float], cents: dict[float, float]) -> np.ndarray:
    """A frame with partials of these levels (dB) and deviations (cents) by their ratio."""
    frame = LOWEST.copy()
    frame[LEVEL], frame[DEVIATION] = LEVEL_FLOOR_DB, 0
    for ratio, level_db in levels.items():
        k = int(np.flatnonzero(ratio == SLOT_RATIO)[0])
        frame[LEVEL.start + k] = level_db
        frame[DEVIATION.start + k] = ratio * (2 ** (cents.get(ratio, 0) / 1200) - 1)
    return frame


def heard_cents(frame: np.ndarray, pitch: float) -> float:
    """How far off the key an autocorrelation finds the period of this frame's sound."""
    t, f0 = np.arange(round(1.4 * RATE_HZ)) / RATE_HZ, float(pitch_to_hz(pitch))
    sounding = np.flatnonzero(frame[LEVEL] > LEVEL_FLOOR_DB)
    sound = sum(10 ** (frame[LEVEL.start + k] / 20) * np.cos(2 * np.pi * f0 * (SLOT_RATIO[k] + frame[DEVIATION.start + k]) * t + k)
                for k in sounding)
    return 1200 * np.log2(period_hz(np.asarray(sound), RATE_HZ, f0) / f0)


def harmonics(fall_db: float, count: int = 8) -> dict[float, float]:
    return {float(k): -20 - fall_db * (k - 1) for k in range(1, count + 1)}


@pytest.mark.parametrize("pitch", [24, 45, 60, 84])
@pytest.mark.parametrize("off", [-31.0, 0.0, 12.5])
def test_what_is_off_as_a_whole_is_off_by_that(pitch, off):
    frame = frame_of(harmonics(4), dict.fromkeys(map(float, range(1, 9)), off))
    assert period_cents(frame, pitch_to_hz(pitch)) == pytest.approx(off, abs=0.02)


@pytest.mark.parametrize("pitch", [28, 45, 57, 69, 81])
@pytest.mark.parametrize("stretch", [0.0, 0.1, 0.25])                     # cents times k^2: strings
@pytest.mark.parametrize("fall_db", [2.0, 4.0, 9.0])
def test_it_is_what_an_autocorrelation_hears(pitch, stretch, fall_db):
    frame = frame_of(harmonics(fall_db), {float(k): stretch * k * k - 5 for k in range(1, 9)})
    assert period_cents(frame, pitch_to_hz(pitch)) == pytest.approx(heard_cents(frame, pitch), abs=1.0)


def test_an_octave_below_takes_part():
    frame = frame_of(harmonics(3) | {0.5: -18.0, 1.5: -25.0}, dict.fromkeys((0.5, 1.5, *harmonics(3)), 8.0))
    assert period_cents(frame, pitch_to_hz(50)) == pytest.approx(8, abs=0.1)


def test_overtones_of_a_bar_do_not_tune_it():
    frame = frame_of({1.0: -30.0, 4.0: -35.0, 5.0: -33.0}, {1.0: 6.0, 4.0: -90.0, 5.0: 110.0})
    assert period_cents(frame, pitch_to_hz(72)) == pytest.approx(6, abs=0.3)


def test_silence_is_not_off():
    assert period_cents(frame_of({}, {}), 440.0) == 0


def test_a_note_that_sounds_on_is_put_on_its_key_and_its_beginning_is_left():
    frame = frame_of(harmonics(3), {float(k): 0.3 * k * k + 14 for k in range(1, 9)})
    frames, pitch = np.tile(frame, (3, 1)), np.full(3, 62.0, np.float32)
    put_in_tune(frames, pitch, np.array([0.02, 0.15, 1.0]))
    assert np.array_equal(frames[0], frame)
    assert 2 < heard_cents(frames[1], 62) < heard_cents(frame, 62) - 2
    assert abs(heard_cents(frames[2], 62)) < 1
    between = 1200 * np.log2(1 + frames[2, DEVIATION][:8] / SLOT_RATIO[:8])
    assert np.allclose(np.diff(between), 0.3 * np.diff(np.arange(1, 9) ** 2), atol=0.05)           # all partials moved together


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_factory_sounds_are_in_tune_through_the_engine(rate_hz):
    from hummingface.instrument.patches import library
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.frame_source import FrameSource
    from tests.bench.tuning import DRY, cents_off
    model = library.load_model(None)
    source = FrameSource(model)
    every = ("Grand Piano", 33), ("Trumpet", 44), ("Violin", 60), ("Drawbar Organ", 41)
    for name, low in every if rate_hz == 48_000 else every[:1]:
        cents = np.array(cents_off(source, Patch(name, model.name, tuple(model.presets[name]), DRY), rate_hz, range(low, low + 36, 12)))
        assert np.isfinite(cents).any()
        assert np.nanmax(np.abs(cents)) < 5
