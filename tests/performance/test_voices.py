"""Allocation, stealing, pedal, mono and legato."""
import numpy as np
import pytest

from hummingface.instrument.performance.voices.glide import Glide
from hummingface.instrument.performance.voices.voice_allocation import LEGATO, MONO, REST_HOPS, Voices
from hummingface.instrument.performance.voices.voice_table import FADING, FREE, HELD, PEDAL, RELEASED


def keys(voices, *stages):
    return sorted(voices.key[np.isin(voices.stage, stages)].tolist())


def test_a_note_goes_the_way_of_its_key():
    voices = Voices()
    slot = voices.note_on(0, 60, 100)
    assert voices.stage[slot] == HELD
    voices.note_off(0, 61)
    voices.note_off(1, 60)
    assert voices.stage[slot] == HELD
    voices.note_off(0, 60)
    assert voices.stage[slot] == RELEASED


def test_a_voice_knows_how_its_key_was_released_and_listens_to_its_channel():
    voices = Voices()
    slot = voices.note_on(3, 60, 100)
    assert voices.table["line"][slot] == 3 and voices.table["release_velocity"][slot] == 0
    voices.note_off(3, 60, release_velocity=0.75)
    assert voices.table["release_velocity"][slot] == 0.75


def test_the_pedal_holds_what_is_released_and_nothing_else():
    voices = Voices()
    voices.note_on(0, 60, 100)
    voices.pedal(0, True)
    voices.note_on(0, 64, 100)
    voices.note_off(0, 60)
    voices.note_off(0, 64)
    other = voices.note_on(1, 67, 100)
    voices.note_off(1, 67)
    assert keys(voices, PEDAL) == [60, 64]
    assert voices.stage[other] == RELEASED, "the pedal of another channel"
    voices.note_on(0, 72, 100)
    voices.pedal(0, False)
    assert keys(voices, RELEASED) == [60, 64, 67]
    assert keys(voices, HELD) == [72]


def test_a_key_struck_again_lets_its_old_voice_go_quickly():
    voices = Voices()
    first = voices.note_on(0, 60, 100)
    second = voices.note_on(0, 60, 90)
    assert first != second
    assert voices.stage[first] == RELEASED
    assert 0 < voices.table["shortest_release_s"][first] < 1
    assert voices.stage[second] == HELD


@pytest.mark.parametrize("limit", [1, 8, 64, 128])
def test_never_more_voices_than_asked_for(limit):
    voices = Voices()
    voices.limit = limit
    for i in range(150):
        voices.hop += 1
        voices.note_on(i % 16, i % 128, 100)
        for slot in np.flatnonzero(voices.stage == FADING).tolist():
            voices.free(slot)
        assert voices.playing().sum() <= limit
    assert voices.playing().sum() == limit


def test_stealing_takes_what_was_released_first_then_the_quietest_then_the_oldest():
    voices = Voices()
    voices.limit = 4
    slots = [voices.note_on(0, 60 + i, 100) for i in range(4)]
    voices.table["peak"][slots] = [0.1, 0.1, 0.001, 0.1]
    voices.note_off(0, 63)
    voices.note_off(0, 61)
    for expected in (63, 61, 62, 60):
        voices.note_on(0, 20 + expected, 100)
        assert voices.stage[slots[expected - 60]] == FADING
        voices.table["peak"][voices.playing() & (voices.key > 79)] = 0.5


def test_a_slot_rests_until_no_hop_plays_it_any_more():
    voices = Voices()
    slot = voices.note_on(0, 60, 100)
    voices.silence()
    voices.hop = 9
    voices.free(slot)                     # by the hop that is being computed, 10
    assert voices.stage[slot] == FREE
    for voices.hop in range(10, 10 + REST_HOPS):
        assert voices.note_on(0, 61, 100) != slot
    voices.hop = 10 + REST_HOPS
    for _ in range(200):
        if voices.note_on(0, 62, 100) == slot:
            return
    pytest.fail("the slot was never used again")


def test_mono_plays_one_note_and_returns_to_the_held_one():
    voices = Voices()
    voices.set_mode(MONO)
    voices.note_on(0, 60, 100)
    voices.note_on(0, 64, 90)
    assert keys(voices, HELD) == [64]
    back = voices.note_off(0, 64)
    assert back is not None
    assert keys(voices, HELD) == [60]
    assert voices.table["velocity"][back] == 100
    assert voices.note_off(0, 60) is None
    assert keys(voices, HELD, PEDAL) == []
    assert keys(voices, RELEASED) == [60]


def test_legato_glides_the_sounding_voice_without_a_new_attack():
    voices = Voices()
    voices.set_mode(LEGATO)
    voices.glide = Glide(0.1)
    slot = voices.note_on(0, 60, 100)
    assert voices.note_on(0, 67, 100) is None
    voice = voices.table[slot]
    assert (voice["key"], voice["goal"], voice["pitch"]) == (67, 67, 60)
    assert voice["glide"] == pytest.approx(70)
    assert voices.note_off(0, 67) is None
    assert voice["goal"] == 60
    assert voices.stage[slot] == HELD
    voices.note_off(0, 60)
    assert voices.stage[slot] == RELEASED
    assert voices.note_on(0, 72, 100) is not None, "after a gap a new attack"


def test_all_notes_off_respects_the_pedal_and_silence_does_not():
    voices = Voices()
    voices.pedal(2, True)
    for key in (60, 64):
        voices.note_on(2, key, 100)
    voices.note_on(3, 50, 100)
    voices.all_notes_off(2)
    assert keys(voices, PEDAL) == [60, 64]
    voices.silence(2)
    assert keys(voices, FADING) == [60, 64]
    assert keys(voices, HELD) == [50]
