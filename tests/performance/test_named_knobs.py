"""The named knobs on single notes: they do what they say, keep loudness and tuning, glide without a click, and at 0 do nothing."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import play_events
from hummingface.instrument.patches import library
from hummingface.instrument.patches.parameters import PARAMETERS, group
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set
from hummingface.instrument.performance.sound_bank import source_of
from hummingface.models.playing.frame import LEVEL_FLOOR_DB, NOISE, VIBRATO
from tests.bench.named_knobs import Desk
from tests.bench.strike_measures import HOLD_S, KNOBS, Strike, momentary_lufs, pitch_cents
from tests.performance.hearing import DRY, RATE, clicks, pitch_hz, play

CHARACTERISTICS = [p.id for p in group("characteristic")]
TREBLE = ["characteristic.noisiness", "characteristic.fuzz"]
KEPT = ["characteristic.brightness", "characteristic.noisiness", "characteristic.odd"]


@pytest.fixture(scope="module", params=["Evening Grand", "Silk Strings"])
def desk(request):
    patch = library.load_patch(request.param)
    return Desk(source_of(library.load_model(patch.model)), patch)


@pytest.fixture(scope="module")
def breathing(plain_model):
    """Twelve harmonics with noise under them."""
    model = plain_model(12)
    model.frame[NOISE] = -60
    return FrameSource(model)


@pytest.mark.parametrize("knob", CHARACTERISTICS)
def test_every_characteristic_goes_where_its_knob_points(desk, knob):
    least, most = PARAMETERS[knob].lowest, PARAMETERS[knob].highest
    rest = {name: PARAMETERS[name].default for name in CHARACTERISTICS}
    heard = [KNOBS[knob](desk.strike(57, rest | {knob: value})) for value in (least, 0.0, most)]
    assert heard[2] > heard[1] > heard[0] - 0.02 * (heard[2] - heard[0]), heard          # a piano has no rasp that could go
    assert heard[2] - heard[0] > {"brightness": 3, "attack": 2, "decay": 15, "noisiness": 20, "inharmonicity": 0.05, "odd": 25,
                                  "vibrato": 25, "fuzz": 0.15}[knob.partition(".")[2]], heard


@pytest.mark.parametrize("knob", KEPT)
def test_what_moves_the_spectrum_keeps_loudness_and_tuning(desk, knob):
    notes = [desk.strike(64, {name: value if name == knob else 0.0 for name in CHARACTERISTICS}) for value in (-3, -1, 0, 1, 3)]
    assert np.ptp([momentary_lufs(note) for note in notes]) < 1.5
    assert np.nanmax(np.abs([pitch_cents(note) - pitch_cents(notes[2]) for note in notes])) < 10


def struck(source, knob, value, **controls):
    """A2 with a knob and other controls set, dry, as the measures take it."""
    sets = [(0, Set(name.replace("__", "."), x)) for name, x in (controls | {f"characteristic.{knob}": value}).items()]
    return Strike(play([*sets, (0, NoteOn(0, 45, 100))], source, HOLD_S)[:, 0].astype(np.float64), 110.0)


def test_a_slow_envelope_hurries_and_waits_with_the_onset(breathing):
    """Nothing else would be heard of the knob on a sound that its own envelope lets in."""
    harder, plain, softer = (KNOBS["characteristic.attack"](struck(breathing, "attack", value, envelope__attack_s=0.3))
                             for value in (-3.0, 0.0, 3.0))
    assert harder < plain - 1.5 and softer > plain + 0.7


def test_less_bell_like_takes_the_stretch_away(plain_model):
    source = FrameSource(plain_model(12))
    harmonic, plain = (KNOBS["characteristic.inharmonicity"](struck(source, "inharmonicity", value, character__stretch=0.6))
                       for value in (-3.0, 0.0))
    assert harmonic <= 0.005 < 0.05 < plain


def test_vibrating_is_a_vibrato_whatever_the_model_drifts_by(plain_model):
    model = plain_model(6)
    model.frame[VIBRATO] = 6.0, 0.1, 0.0
    assert KNOBS["characteristic.vibrato"](struck(FrameSource(model), "vibrato", 3.0)) > 30


def test_bell_like_keeps_the_fundamental_on_its_key(breathing):
    flat = play([(0, NoteOn(0, 69, 100))], breathing, 1.5)[RATE // 2:, 0]
    bell = play([(0, Set("characteristic.inharmonicity", 3.0)), (0, NoteOn(0, 69, 100))], breathing, 1.5)[RATE // 2:, 0]
    assert pitch_hz(bell) == pytest.approx(pitch_hz(flat), abs=0.01)
    assert pitch_hz(bell) == pytest.approx(440, abs=0.01)


@pytest.mark.parametrize("knob", CHARACTERISTICS)
def test_a_knob_that_came_back_to_0_has_done_nothing(breathing, knob):
    there_and_back: list[tuple[int, Set]] = [(100, Set(knob, 2.5)), (200, Set(knob, 0.0))]
    plain, moved = (play_events([*DRY, *more, (RATE // 2, NoteOn(0, 57, 90)), (RATE, NoteOff(0, 57))], breathing, seconds=1.2, seed=4)
                    for more in ([], there_and_back))
    assert np.abs(plain).max() > 0.01
    np.testing.assert_array_equal(plain, moved)


@pytest.mark.parametrize("knob", CHARACTERISTICS)
def test_a_knob_moves_a_sounding_note_without_a_click(plain, knob):
    """Breath and rasp have a treble of their own: they have no more of it while they come."""
    moves = [(RATE, Set(knob, 3.0)), (RATE + 6000, Set(knob, -3.0)), (RATE + 12000, Set(knob, 0.0))]
    sound, steady = (play([(0, NoteOn(0, 57, 100)), *events], plain, 1.5) for events in (moves, moves[:1]))
    usual = clicks(steady, RATE + 6000, RATE + 16000) if knob in TREBLE else 0.0
    assert clicks(sound, RATE - 2000, RATE + 16000) < max(2e-4, 2.5 * usual)


def test_breath_comes_to_a_sound_that_has_none(plain_model):
    model = plain_model(6)
    assert np.all(model.frame[NOISE] <= LEVEL_FLOOR_DB)
    source = FrameSource(model)
    between = slice(RATE // 2, RATE // 2 + RATE // 4)                   # 4 Hz a bin: 55 bins between two harmonics

    def hiss(value):
        sound = play([(0, Set("characteristic.noisiness", value)), (0, NoteOn(0, 57, 100))], source, 1.0)[between, 0]
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        return 10 * np.log10(power[70:100].sum() / power.sum())
    assert hiss(3.0) > hiss(1.0) + 20 and hiss(3.0) > -45
    assert hiss(0.0) < -100


def test_a_note_that_falls_is_as_loud_as_one_that_stays(plain):
    def loudest(value):
        sound = play([(0, Set("characteristic.decay", value)), (RATE // 10, NoteOn(0, 57, 100))], plain, 1.0)[:, 0]
        power = np.convolve(sound.astype(np.float64) ** 2, np.ones(RATE * 2 // 5), "valid")
        return 10 * np.log10(power.max())
    assert loudest(3.0) == pytest.approx(loudest(0.0), abs=0.7)
