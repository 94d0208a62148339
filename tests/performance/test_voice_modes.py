"""Priorities of held keys, glides, unison, stealing, pedals, ranges: what is heard and what is held."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.performance.controls import TRANSPOSE
from hummingface.instrument.performance.messages.midi import SOFT, SOSTENUTO, SUSTAIN, Controller, NoteOff, NoteOn, Set
from hummingface.instrument.performance.voices.glide import ALWAYS, IN_LEGATO, TIED, Glide
from hummingface.instrument.performance.voices.stealing import HIGHEST as STEAL_HIGHEST
from hummingface.instrument.performance.voices.stealing import LOWEST as STEAL_LOWEST
from hummingface.instrument.performance.voices.stealing import OLDEST
from hummingface.instrument.performance.voices.voice_allocation import HIGHEST, LEGATO, LOWEST, MONO, NEWEST, POLY, Voices
from hummingface.instrument.performance.voices.voice_table import FADING, PEDAL
from tests.performance.hearing import DRY, RATE, cents, pitch_hz, play

MODES = (POLY, MONO, LEGATO)


def sounding(voices: Voices) -> list[int]:
    return sorted(voices.key[voices.playing()].tolist())


def level_db(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(sound ** 2)) + 1e-9))


# Priority and glide

@pytest.mark.parametrize("mode", [MONO, LEGATO])
@pytest.mark.parametrize(("priority", "heard"), [(NEWEST, [60, 67, 55, 67, 67]), (LOWEST, [60, 60, 55, 60, 67]),
                                                 (HIGHEST, [60, 67, 67, 67, 67])])
def test_of_the_held_keys_one_sounds_by_its_priority(mode, priority, heard):
    """60, 67 and 55 go down; 55 comes up, then 60."""
    voices, found = Voices(), []
    voices.set_mode(mode)
    voices.priority = priority
    for step in (lambda: voices.note_on(0, 60, 90), lambda: voices.note_on(0, 67, 90), lambda: voices.note_on(0, 55, 90),
                 lambda: voices.note_off(0, 55), lambda: voices.note_off(0, 60)):
        step()
        found.append(sounding(voices))
    assert found == [[key] for key in heard]
    voices.note_off(0, 67)
    assert (voices.stage != 1).all(), "nothing is held"


@pytest.mark.parametrize(("by_rate", "away", "seconds"), [(0, 12, 0.4), (0, 24, 0.4), (1, 12, 0.4), (1, 24, 0.8)])
def test_a_glide_takes_its_time_or_that_of_its_octaves(plain, by_rate, away, seconds):
    """The pitch over time is a straight line in semitones: heard a quarter and three quarters of the way."""
    player = Player(plain, events=[*DRY, (0, Set("motion.glide_s", 0.4)), (0, Set("motion.glide_law", by_rate)),
                                   (0, Set("motion.glide_when", ALWAYS)),
                                   (0, NoteOn(0, 48, 90)), (RATE // 2, NoteOff(0, 48)), (RATE, NoteOn(0, 48 + away, 90))])
    player.render(RATE)
    table = player.performer.voices.table
    for share in (0.25, 0.75):
        player.render(RATE + round(share * seconds * RATE) - player.position)
        slot = int(np.argmax(table["born"]))
        hop = 256 / RATE / seconds * away                           # it is computed a hop ahead
        assert table["pitch"][slot] == pytest.approx(48 + share * away, abs=3 * hop)
    player.render(RATE)
    assert table["pitch"][slot] == 48 + away


def test_a_glide_is_heard(plain):
    sound = play([(0, Set("motion.glide_s", 2.0)), (0, Set("motion.glide_when", ALWAYS)), (0, NoteOn(0, 57, 90)),
                  (RATE // 4, NoteOff(0, 57)), (RATE, NoteOn(0, 69, 90))],
                 plain, 3.5)[:, 0]
    middle = sound[2 * RATE - 2048:2 * RATE + 2048]
    assert abs(cents(pitch_hz(middle), 220 * 2 ** 0.5)) < 20
    assert abs(cents(pitch_hz(sound[-RATE // 4:]), 440)) < 0.1


@pytest.mark.parametrize(("when", "gliding"), [(IN_LEGATO, {(LEGATO, True)}), (TIED, {(mode, True) for mode in MODES}),
                                               (ALWAYS, {(mode, tied) for mode in MODES for tied in (True, False)})])
def test_what_glides(when, gliding):
    found = set()
    for mode in MODES:
        for tied in (True, False):
            voices = Voices()
            voices.glide = Glide(0.5, when)
            voices.set_mode(mode)
            first = voices.note_on(0, 60, 90)
            if not tied:
                voices.note_off(0, 60)
            slot = voices.note_on(0, 72, 90)
            if voices.table["pitch"][first if slot is None else slot] == 60:
                found.add((mode, tied))
    assert found == gliding


# Unison

def unison(plain, count, **controls):
    moved = [(0, Set(f"unison.{name}", value)) for name, value in controls.items()]
    return Player(plain, events=[*DRY, (0, Set("unison.voices", count)), *moved, (0, NoteOn(0, 57, 90))])


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_the_voices_of_a_note_are_detuned_evenly_and_in_balance(plain, count):
    player = unison(plain, count, detune_cents=20, width=0.0)
    player.render(RATE // 4)
    voices = player.performer.voices
    slots = np.flatnonzero(voices.playing())
    assert len(slots) == count and len(set(voices.table["strike"][slots])) == 1
    detune, place = voices.table["detune"][slots], voices.table["place"][slots]
    assert np.allclose(np.sort(detune), np.linspace(-1, 1, count)) and np.allclose(np.sort(place), np.linspace(-1, 1, count))
    assert abs(detune.sum()) < 1e-9 and abs(place.sum()) < 1e-9
    sound = player.render(4 * RATE)[:, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
    hz = np.fft.rfftfreq(8 * len(sound), 1 / RATE)
    peaks = (spectrum[1:-1] > spectrum[:-2]) & (spectrum[1:-1] > spectrum[2:]) & (spectrum[1:-1] > 0.3 * spectrum.max())
    inside = hz[1:-1][peaks]
    inside = inside[(inside > 210) & (inside < 230)]
    assert abs(cents(inside.max(), 220) - 20) < 1 and abs(cents(inside.min(), 220) + 20) < 1


def test_unison_is_about_as_loud_as_one_voice_and_as_wide_as_asked(plain):
    one = level_db(unison(plain, 1).render(2 * RATE)[RATE // 4:])
    many = [unison(plain, 7, width=width).render(2 * RATE)[RATE // 4:] for width in (0.0, 1.0)]
    assert all(abs(level_db(sound) - one) < 2 for sound in many)
    alike = [np.corrcoef(sound.T)[0, 1] for sound in many]
    assert alike[0] > 0.999 and alike[1] < 0.8


def test_a_note_in_unison_ends_as_one_and_is_stolen_as_one():
    voices = Voices()
    voices.unison, voices.limit = 4, 10

    def strike(key):
        voices.hop += 1
        for slot in np.flatnonzero(voices.stage == FADING).tolist():
            voices.free(slot)
        voices.begin_unison(voices.note_on(0, key, 90))
    strike(60)
    strike(64)
    assert sounding(voices) == [60] * 4 + [64] * 4
    strike(67)
    assert sounding(voices) == [64] * 4 + [67] * 4
    voices.note_off(0, 64)
    assert sounding(voices) == [64] * 4 + [67] * 4 and (voices.stage[voices.key == 64] == 3).all()


def test_in_legato_all_voices_of_a_note_go_on():
    voices = Voices()
    voices.set_mode(LEGATO)
    voices.unison = 3
    voices.begin_unison(voices.note_on(0, 60, 90))
    assert voices.note_on(0, 67, 90) is None
    assert sounding(voices) == [67] * 3 and voices.born_count == 3


# Stealing

@pytest.mark.parametrize(("order", "gone"), [(OLDEST, 64), (STEAL_LOWEST, 48), (STEAL_HIGHEST, 72)])
def test_who_is_stolen(order, gone):
    voices = Voices()
    voices.limit, voices.stealing = 3, order
    for key in (64, 48, 72):
        voices.table["peak"][voices.note_on(0, key, 90)] = key
    voices.note_on(0, 60, 90)
    assert gone not in sounding(voices) and len(sounding(voices)) == 3


def test_released_notes_are_stolen_first_whatever_the_order():
    voices = Voices()
    voices.limit, voices.stealing = 2, STEAL_HIGHEST
    voices.note_on(0, 48, 90)
    voices.note_on(0, 72, 90)
    voices.note_off(0, 48)
    voices.note_on(0, 60, 90)
    assert sounding(voices) == [60, 72]


# Pedals

def test_the_sostenuto_holds_the_keys_that_were_down(plain):
    player = Player(plain, events=[*DRY, (0, NoteOn(0, 57, 90)), (100, Controller(0, SOSTENUTO, 127)), (200, NoteOn(0, 64, 90)),
                                   (300, NoteOff(0, 57)), (300, NoteOff(0, 64))])
    player.render(2 * RATE)
    voices = player.performer.voices
    assert sounding(voices) == [57] and (voices.stage[voices.key == 57] == PEDAL).all()
    player.performer.receive(Controller(0, SOSTENUTO, 0), player.position)
    player.render(2 * RATE)
    assert sounding(voices) == []


def test_sostenuto_and_sustain_hold_beside_each_other():
    voices = Voices()
    voices.note_on(0, 57, 90)
    voices.sostenuto(0, True)
    voices.pedal(0, True)
    voices.note_on(0, 64, 90)
    voices.note_off(0, 57)
    voices.note_off(0, 64)
    voices.pedal(0, False)
    assert voices.key[voices.stage == PEDAL].tolist() == [57]
    voices.pedal(0, True)
    voices.sostenuto(0, False)
    assert voices.key[voices.stage == PEDAL].tolist() == [57], "the other pedal has it now"
    voices.pedal(0, False)
    assert not (voices.stage == PEDAL).any()


def test_the_soft_pedal_makes_what_is_struck_softer_and_duller(plain):
    def heard(value):
        sound = play([(0, Controller(0, SOFT, value)), (0, NoteOn(0, 57, 90))], plain, 1.0)[RATE // 4:, 0]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        per_hz = len(sound) / RATE
        return level_db(sound), 20 * np.log10(spectrum[round(880 * per_hz)] / spectrum[round(220 * per_hz)])
    (loud, bright), (half, _), (soft, dull) = heard(0), heard(64), heard(127)
    assert loud - 6.5 < soft < loud - 3.5 and soft < half < loud and bright - dull == pytest.approx(3.0, abs=0.3)
    moved = play([(0, NoteOn(0, 57, 90)), (RATE // 2, Controller(0, SOFT, 127))], plain, 1.0)[:, 0]
    assert abs(level_db(moved[:RATE // 2]) - level_db(moved[RATE // 2:])) < 0.3, "what sounds already stays as it is"


def test_a_pedal_that_is_half_down_lengthens_the_release_by_how_far(plain):
    def fall_db(value, half=1.0):
        sound = play([(0, Set("master.half_pedal", half)), (0, Controller(0, SUSTAIN, value)), (0, NoteOn(0, 57, 90)),
                      (RATE // 2, NoteOff(0, 57))], plain, 1.0)[:, 0]
        first, step = RATE // 2 + RATE // 20, RATE // 20
        return level_db(sound[first:first + step]) - level_db(sound[first + step:first + 2 * step])
    up, third, half, down = (fall_db(value) for value in (0, 40, 64, 127))
    assert up == pytest.approx(12.0, abs=0.5), "60 dB in a quarter of a second"
    assert third / up == pytest.approx((1 - (40 - 16) / 96) ** 2, rel=0.1) and half / up == pytest.approx(0.25, rel=0.1)
    assert abs(down) < 0.1
    assert fall_db(40, half=0.0) == pytest.approx(up, abs=0.1), "a pedal that is a switch"


# Ranges

def test_keys_and_velocities_beyond_their_ranges_do_not_sound(plain):
    player = Player(plain, events=[(0, Set("keys.lowest", 50)), (0, Set("keys.highest", 70)), (0, Set("keys.softest", 20)),
                                   (0, Set("keys.hardest", 100)), (0, Set("master.transpose", 12)), *(
                                       (1, NoteOn(0, key, velocity)) for key, velocity in
                                       ((49, 90), (50, 19), (51, 101), (71, 90), (50, 20), (70, 100), (60, 50)))])
    player.render(1024)
    assert sounding(player.performer.voices) == [50, 60, 70] and player.performer.controls.now[TRANSPOSE] == 12
    for key in (49, 50, 60, 70):
        player.performer.receive(NoteOff(0, key), player.position)
    player.render(2 * RATE)
    assert player.performer.sounding() == 0


def test_voices_of_a_note_differ_as_far_as_asked():
    """Each but the first has latents of its own, the same in every note; at 0 all share those of the patch."""
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.models.playing.untrained import untrained
    source = FrameSource(untrained(seed=1, width=32))

    def vectors(difference: float, key: int = 57) -> np.ndarray:
        player = Player(source, events=[*DRY, (0, Set("unison.voices", 4)), (0, Set("unison.latents", difference)),
                                        (0, NoteOn(0, 50, 90)), (100, NoteOff(0, 50)), (RATE // 4, NoteOn(0, key, 90))])
        player.render(RATE // 2)
        table = player.performer.voices.table
        slots = np.flatnonzero((table["key"] == key) & player.performer.voices.playing())
        return source._notes.vectors[slots[np.argsort(table["born"][slots])]].copy()
    same, half, full = vectors(0.0), vectors(0.5), vectors(1.0)
    assert np.abs(same - same[0]).max() < 1e-5
    away = [np.linalg.norm(notes - same[0], axis=1) for notes in (half, full)]
    assert (away[0][0], away[1][0]) == pytest.approx((0, 0), abs=1e-4), "the first is the patch itself"
    assert (away[0][1:] > 1e-3).all() and (away[1][1:] > away[0][1:]).all()
    assert np.abs(full[1] - full[2]).max() > 1e-3
    assert np.array_equal(vectors(1.0), full)
