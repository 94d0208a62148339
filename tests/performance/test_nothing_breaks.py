"""The performer with the real synthesis: nothing clicks, nothing hangs, whatever is asked of it."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Panic, Set
from tests.performance.hearing import CHORD, DRY, RATE, clicks, play


def test_sweeping_all_latents_under_a_chord_does_not_click(plain):
    sweep = [(RATE + i * 240, Set(f"latent.{n + 1}", -3 + 6 * i / 10)) for i in range(11) for n in range(16)]
    sound = play([*CHORD, (0, Set("latent.1", -3.0)), (0, Set("master.volume_db", -18.0)), *sweep], plain, 2.0)
    loud = np.abs(np.diff(sound[RATE + 20000:], axis=0)).max()
    assert np.abs(np.diff(sound[:RATE + 20000], axis=0)).max() < 1.25 * loud
    assert clicks(sound, RATE - 2000, RATE + 20000) < 2e-4


@pytest.mark.parametrize("change", [
    [(0, Set("filter.cutoff_hz", 200.0))], [(0, Set("character.brightness", 6.0))], [(0, Set("character.even_odd", -1.0))],
    [(0, Controller(0, 7, 20))], [(0, Controller(0, 11, 10))], [(0, Controller(0, 10, 0))], [(0, Set("master.width", 1.0))],
    [(0, Controller(0, 120, 0))], [(0, Panic())], [(0, Set("master.volume_db", -30.0))], [(0, Set("character.stretch", 0.3))],
    [(0, NoteOff(0, 36 + 3 * i)) for i in range(16)], [(0, Set("envelope.sustain", 0.1)), (0, Set("envelope.decay_s", 0.02))],
], ids=lambda change: f"{change[0][1]}"[:40])
def test_no_change_clicks(plain, change):
    sound = play([*CHORD, *[(RATE + at, event) for at, event in change]], plain, 1.5)
    jumps = np.abs(np.diff(sound, axis=0))
    assert jumps[RATE - 500:].max() < 1.5 * jumps[RATE // 2:RATE - 500].max()
    assert clicks(sound, RATE - 2000, RATE + 8000) < 2e-4


def test_stealing_does_not_click_and_keeps_to_the_voices(plain):
    notes = [(2000 + 3000 * i, NoteOn(0, 40 + (7 * i) % 40, 100)) for i in range(30)]
    player = Player(plain, events=[*DRY, (0, Set("master.voices", 4)), (0, Set("envelope.attack_s", 0.01)), *notes])
    sound = player.render(2 * RATE)
    assert player.most_voices == 4
    assert clicks(sound, 0, len(sound)) < 1e-3


def test_panic_silences_within_two_hops_and_the_next_note_plays(plain):
    sound = play([*CHORD, (0, Controller(0, 64, 127)), (RATE, Panic()), (RATE + 5000, NoteOn(0, 69, 100))], plain, 1.5)
    assert np.abs(sound[RATE + 3 * 256:RATE + 5000]).max() < 4e-3
    assert np.abs(sound[RATE + 5000:]).max() > 0.05


def test_ten_thousand_random_messages_leave_it_playing_and_nothing_hangs(plain):
    rng = np.random.default_rng(11)
    player = Player(plain, events=DRY)
    for _ in range(100):
        for _ in range(100):
            size = int(rng.integers(0, 5))
            kinds = [0x80, 0x90, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0, int(rng.integers(256))]
            status = int(rng.choice(kinds)) | int(rng.integers(16))
            event = midi.decode([status, *rng.integers(0, 256 if rng.random() < 0.1 else 128, size).tolist()])
            if event is not None:
                player.performer.receive(event, player.position + int(rng.integers(-1000, 1000)))
        assert np.isfinite(player.render(256)).all()
    player.render(2000)                    # what was stamped ahead
    for channel in range(16):                # keys are released however often each was struck
        rest: list[midi.Event] = [Controller(channel, 121, 0), Controller(channel, 64, 0)]
        rest += [NoteOff(channel, key, 10_000) for key in range(128)]
        for each in rest:
            player.performer.receive(each, player.position)
    for name in ("master.tune_cents", "filter.cutoff_hz", "envelope.release", "filter.resonance_db", "motion.glide_s",
                 "delay.mix", "reverb.mix", "chorus.mix"):
        player.performer.receive(Set(name, 0.0 if name.endswith("mix") else PARAMETERS[name].default), player.position)
    player.render(2 * RATE)
    left = player.performer.voices.table[player.performer.voices.playing()]
    assert not len(left), left
    assert not player.state["status"][0]["notes"].any()
    player.performer.receive(Panic(), player.position)
    player.performer.receive(Controller(0, 7, 127), player.position + 2000)
    player.performer.receive(NoteOn(0, 69, 100), player.position + 3000)
    assert np.abs(player.render(RATE)).max() > 0.02


def test_ten_thousand_notes_at_once_are_no_problem(plain):
    events = [(1000, NoteOn(i % 16, i % 128, 100)) for i in range(10000)]
    player = Player(plain, events=[*DRY, (0, Set("master.voices", 128)), *events])
    sound = player.render(RATE // 2)
    assert np.isfinite(sound).all()
    assert player.performer.sounding() <= 128
    player.performer.receive(Panic(), player.position)
    player.render(4000)
    assert player.performer.sounding() == 0
