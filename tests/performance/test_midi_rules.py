"""What MIDI itself rules: where a pedal begins to hold, what "all notes off" does, what mono is; and whose randomness a note has."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import Player, play_events
from hummingface.instrument.performance.messages.midi import ALL_NOTES_OFF, SUSTAIN, Controller, Event, NoteOff, NoteOn, Set
from hummingface.instrument.performance.voices.voice_allocation import LEGATO, MONO, Voices
from tests.performance.hearing import DRY, RATE, cents, pitch_hz, play

MODE = "master.mode"


def rms(sound):
    return float(np.sqrt(np.mean(sound ** 2)))


@pytest.mark.parametrize("number", range(ALL_NOTES_OFF, 128))
def test_all_notes_off_releases_every_key_of_its_channel(plain, number):
    """123, and the mode messages 124 to 127, which imply it. Another channel's notes go on."""
    notes = [(0, NoteOn(0, 57, 100)), (0, NoteOn(0, 64, 100)), (0, NoteOn(1, 76, 100))]
    player = Player(plain, events=[*DRY, *notes, (RATE // 2, Controller(0, number, 0))])
    held = player.render(RATE // 2)[RATE // 4:, 0]
    player.render(RATE)                                 # the model's release is a quarter of a second
    left = player.render(RATE // 4)[:, 0]
    assert player.performer.sounding() == 1
    assert abs(cents(pitch_hz(left), 659.2551)) < 0.1
    alone = play([notes[2]], plain, 1.0)[RATE // 2:, 0]
    assert rms(left) == pytest.approx(rms(alone), rel=0.02) and rms(held) > 1.5 * rms(alone)


def test_all_notes_off_leaves_to_the_pedal_what_it_holds(plain):
    player = Player(plain, events=[*DRY, (0, Controller(0, SUSTAIN, 127)), (0, NoteOn(0, 57, 100)),
                                   (RATE // 4, Controller(0, ALL_NOTES_OFF, 0)), (RATE, Controller(0, SUSTAIN, 0))])
    player.render(RATE)
    assert player.performer.sounding() == 1
    player.render(RATE)
    assert player.performer.sounding() == 0


@pytest.mark.parametrize(("value", "holds"), [(0, False), (1, False), (63, False), (64, True), (65, True), (127, True)])
def test_the_pedal_holds_from_64_on(plain, value, holds):
    player = Player(plain, events=[*DRY, (0, Controller(0, SUSTAIN, value)), (0, NoteOn(0, 57, 100)), (RATE // 4, NoteOff(0, 57))])
    player.render(2 * RATE)
    assert player.performer.sounding() == holds


@pytest.mark.parametrize(("value", "holds"), [(63, False), (64, True)])
def test_half_way_up_it_holds_still(plain, value, holds):
    """The same edge on the way up."""
    player = Player(plain, events=[*DRY, (0, Controller(0, SUSTAIN, 127)), (0, NoteOn(0, 57, 100)), (RATE // 4, NoteOff(0, 57)),
                                   (RATE // 2, Controller(0, SUSTAIN, value))])
    player.render(2 * RATE)
    assert player.performer.sounding() == holds


def test_another_seed_is_another_performance_and_the_same_one_the_same():
    """The motion of each note is drawn from the performance's seed: two takes of the same keys are not copies of each other."""
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.models.playing.frame import FUZZ
    from hummingface.models.playing.untrained import untrained
    model = untrained(seed=1, width=64)
    model.weights["decoder.out.bias"][FUZZ] = 0.5
    source = FrameSource(type(model)(model.name, model.card, model.shape, model.weights, model.presets))
    patch = Patch("Test", model.name, (0.5,) * model.latents, {"motion.amount": 1.0, "reverb.mix": 0.0})
    notes = [(0, NoteOn(0, 57, 100)), (RATE // 4, NoteOn(0, 64, 100))]
    first, again, other = (play_events(notes, source, patch, seed=seed, seconds=1.0) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert rms(first - other) > 0.05 * rms(first)


def test_every_voice_draws_from_the_performance_and_from_its_place_in_it(plain):
    """Not only the noise under the notes: what each voice moves by differs between performances, and between their notes."""
    def seeds(seed):
        player = Player(plain, seed=seed, events=[*DRY, *((i * 1000, NoteOn(0, 50 + i, 100)) for i in range(4))])
        player.render(RATE // 4)
        return player.performer.voices.table["seed"][:4].tolist()
    first, other = seeds(1), seeds(2)
    assert seeds(1) == first
    assert len({*first, *other}) == 8


@pytest.mark.parametrize(("mode", "starts"), [(MONO, 3), (LEGATO, 1)])
def test_mono_strikes_every_note_and_legato_ties_them(plain, mode, starts):
    """In both one note sounds at a time, the newest, and a held key comes back."""
    events: list[tuple[int, Event]] = [(0, Set(MODE, mode)), (0, NoteOn(0, 57, 100)), (RATE, NoteOn(0, 69, 100)),
                                        (2 * RATE, NoteOff(0, 69))]
    player = Player(plain, events=[*DRY, *events])
    for hz in (220, 440, 220):
        sound = player.render(RATE)[:, 0]
        assert abs(cents(pitch_hz(sound[RATE // 4:]), hz)) < 0.05
        assert player.performer.sounding() == 1
        spectrum = np.abs(np.fft.rfft(sound[RATE // 2:] * np.hanning(RATE // 2)))
        assert hz != 440 or spectrum[110] < 1e-3 * spectrum[220], "of the note before nothing is left"
    assert player.performer.voices.born_count == starts


def test_in_mono_each_stroke_has_its_own_attack(plain):
    """Half a second of attack begins again with every key; tied notes go on at full level."""
    def loudness_after(mode):
        sound = play([(0, Set(MODE, mode)), (0, Set("envelope.attack_s", 0.5)), (0, NoteOn(0, 57, 100)), (RATE, NoteOn(0, 69, 100))],
                     plain, 2.0)[:, 0]
        return rms(sound[RATE + RATE // 10:RATE + RATE // 5]) / rms(sound[RATE // 10:RATE // 5]), rms(sound[-RATE // 4:])
    struck, end = loudness_after(MONO)
    tied, end_tied = loudness_after(LEGATO)
    assert struck == pytest.approx(1, rel=0.15) and tied > 2
    assert end == pytest.approx(end_tied, rel=0.05)


def test_mono_is_one_instrument_on_all_channels():
    """As on a monophonic synthesizer with several inputs: a key of another channel takes the voice, and gives it back."""
    voices = Voices()
    voices.set_mode(MONO)
    first = voices.note_on(0, 60, 100)
    second = voices.note_on(3, 67, 90)
    assert first is not None and second is not None and first != second
    assert voices.playing().sum() == 1 and voices.key[second] == 67
    back = voices.note_off(3, 67)
    assert back is not None and (voices.key[back], voices.channel[back]) == (60, 0)
    assert voices.playing().sum() == 1
    assert voices.note_off(0, 60) is None
    assert voices.playing().sum() == 1 and voices.stage[back] != 0, "it is released, not cut off"
