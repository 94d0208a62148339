"""The performer with the real synthesis: what sounds, when, and how high."""
import subprocess
import sys

import numpy as np
import pytest

from hummingface.instrument.offline.player import Player, play_events
from hummingface.instrument.performance.events import Load
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.midi import Bend, Controller, NoteOff, NoteOn, Panic, Pressure, Set
from tests.performance.hearing import CHORD, DRY, RATE, cents, clicks, pitch_hz, play


@pytest.mark.parametrize(("events", "semitones"), [
    ([], 0), ([(0, Bend(0, 1.0))], 2), ([(0, Bend(0, -0.5))], -1), ([(0, Set("master.tune_cents", 37.0))], 0.37),
    ([(0, Set("master.transpose", -12))], -12), ([(0, Bend(1, 1.0))], 0),
    ([(0, Controller(0, 101, 0)), (0, Controller(0, 100, 0)), (0, Controller(0, 6, 12)), (0, Controller(0, 38, 50)),
      (0, Bend(0, 1.0))], 12.5),
    ([(0, Controller(0, 101, 0)), (0, Controller(0, 100, 0)), (0, Controller(0, 99, 1)), (0, Controller(0, 6, 12)),
      (0, Bend(0, 1.0))], 2),
    ([(0, Bend(0, 1.0)), (0, Controller(0, 121, 0))], 0),
])
@pytest.mark.parametrize("rate_hz", [48000, 44100])
def test_pitch_is_exact(plain, events, semitones, rate_hz):
    sound = play([*events, (0, NoteOn(0, 57, 100))], plain, 1.2, rate_hz=rate_hz)[:, 0]
    assert abs(cents(pitch_hz(sound[rate_hz // 5:], rate_hz), 220 * 2 ** (semitones / 12))) < 0.05


def test_a_bend_moves_a_sounding_note(plain):
    sound = play([(0, NoteOn(0, 69, 100)), (RATE, Bend(0, 1.0))], plain, 2.0)[:, 0]
    assert abs(cents(pitch_hz(sound[RATE // 4:RATE]), 440)) < 0.05
    assert abs(cents(pitch_hz(sound[RATE + 2000:]), 440 * 2 ** (1 / 6))) < 0.05


@pytest.mark.parametrize("sample", [0, 1, 1000, 12345, 25600])
def test_a_note_begins_at_its_sample(plain, sample):
    sound = play([(sample, NoteOn(0, 60, 100))], plain, 1.0)[:, 0]
    assert not (np.abs(sound[:sample]) > 1e-7).any()
    assert np.flatnonzero(np.abs(sound) > 1e-5)[0] - sample <= 2
    assert np.abs(sound[sample:sample + 960]).max() > 0.03


def test_a_note_shorter_than_a_frame_still_sounds(plain):
    sound = play([(1000, NoteOn(0, 60, 100)), (1001, NoteOff(0, 60))], plain)[:, 0]
    assert np.abs(sound).max() > 0.05
    assert len(sound) < 5 * RATE


def test_every_note_of_a_fast_run_is_heard(plain):
    """One sine a note, 4 ms apart: each begins exactly where it should."""
    starts = [5000 + 192 * i for i in range(100)]
    keys = [40 + i % 50 for i in range(100)]
    notes = [(s, NoteOn(i % 16, key, 100)) for i, (s, key) in enumerate(zip(starts, keys, strict=True))]
    player = Player(plain, events=[*DRY, *notes])
    player.render(RATE)
    assert player.performer.voices.born_count == 100
    assert player.performer.notes.lost == 0
    published = player.state["starts"][0]["time"][:100]
    assert published.tolist() == starts


def busy_events(seed=3, seconds=0.9):
    rng = np.random.default_rng(seed)
    events = []
    for _ in range(30):
        at = int(rng.integers(0, seconds * RATE))
        key = int(rng.integers(36, 90))
        events += [(at, NoteOn(0, key, int(rng.integers(20, 127)))), (at + int(rng.integers(50, 30000)), NoteOff(0, key))]
    for _ in range(40):
        at = int(rng.integers(0, seconds * RATE))
        events.append((at, [Set("latent.1", rng.uniform(-3, 3)), Bend(0, rng.uniform(-1, 1)), Controller(0, 1, 100),
                            Set("filter.cutoff_hz", rng.uniform(200, 9000)), Controller(0, 64, int(rng.integers(128))),
                            Pressure(0, rng.uniform()), Set("character.stretch", rng.uniform(-1, 1)),
                            Controller(0, 7, int(rng.integers(40, 127)))][int(rng.integers(8))]))
    return sorted(events, key=lambda e: e[0])


@pytest.mark.parametrize("rate_hz", [48000, 44100])
def test_the_block_size_changes_nothing(untrained, rate_hz):
    events = [(round(at * rate_hz / RATE), event) for at, event in busy_events()]
    sound = play(events, untrained, 1.2, rate_hz=rate_hz)
    assert np.abs(sound).max() > 0.05
    for block in (16, 333, 2048) if rate_hz == RATE else (700,):
        other = play(events, untrained, 1.2, rate_hz=rate_hz, block_samples=block)
        assert np.abs(sound - other).max() < 1e-5


def test_a_log_played_again_gives_the_same_sound(untrained):
    log = []
    player = Player(untrained, delay_samples=128, log=lambda sample, event: log.append((sample, event)))
    sounds = []
    events = DRY + busy_events()
    for _ in range(RATE // 128):
        while events and events[0][0] < player.position:          # they arrive while it plays, late and in a hurry
            player.performer.receive(events.pop(0)[1], player.position - 300)
        sounds.append(player.render(128))
    live = np.concatenate(sounds)
    read = [(sample, midi.from_json(midi.to_json(event))) for sample, event in log if isinstance(event, midi.Event)]
    again = play_events(read, untrained, seconds=len(live) / RATE)
    assert len(log) > 60
    assert np.abs(live - again).max() < 1e-5


def test_sustain_pedal_is_heard(plain):
    sound = play([(0, NoteOn(0, 60, 100)), (0, Controller(0, 64, 127)), (RATE // 4, NoteOff(0, 60)), (RATE, Controller(0, 64, 0))],
                 plain, 2.0)[:, 0]
    assert np.abs(sound[RATE // 2:RATE]).max() > 0.9 * np.abs(sound[RATE // 8:RATE // 4]).max()
    assert np.abs(sound[RATE + RATE // 2:]).max() < 1e-3


def test_release_takes_the_time_of_the_model_times_the_players(plain):
    """The plain model falls by 60 dB in a quarter of a second."""
    for times in (1.0, 4.0):
        sound = play([(0, NoteOn(0, 60, 100)), (RATE // 2, NoteOff(0, 60)), (0, Set("envelope.release", times))], plain, 2.0)[:, 0]
        begin = np.abs(sound[RATE // 2 - 2000:RATE // 2]).max()
        at = RATE // 2 + int(0.125 * times * RATE) + 256
        end = np.abs(sound[at - 500:at + 500]).max()
        assert -20 * np.log10(end / begin) == pytest.approx(30, abs=3)


def test_mono_returns_to_the_held_note(plain):
    sound = play([(0, Set("master.mode", 2)), (0, NoteOn(0, 57, 100)), (RATE, NoteOn(0, 69, 100)), (2 * RATE, NoteOff(0, 69))],
                 plain, 3.0)[:, 0]
    for second, hz in ((0, 220), (1, 440), (2, 220)):
        assert abs(cents(pitch_hz(sound[second * RATE + RATE // 4:(second + 1) * RATE]), hz)) < 0.05


def test_a_glide_takes_its_time(plain):
    player = Player(plain, events=[*DRY, (0, Set("master.mode", 2)), (0, Set("motion.glide_s", 0.5)), (0, NoteOn(0, 57, 100)),
                                   (RATE, NoteOn(0, 69, 100))])
    player.render(RATE + RATE // 4)
    assert player.performer.voices.table["pitch"][0] == pytest.approx(63, abs=0.3)
    player.render(RATE // 2)
    assert abs(cents(pitch_hz(player.render(RATE)[:, 0]), 440)) < 0.1


def test_another_model_takes_over_without_stopping_what_sounds(plain, decaying):
    from hummingface.instrument.patches.patch import Patch
    patch = Patch("Other", "Plain", (0.0,) * 16, {"reverb.mix": 0.0, "master.width": 0.0, "envelope.attack_s": 0.01})
    player = Player(plain, events=[*DRY, (0, NoteOn(0, 57, 100)), (RATE, Load(patch, decaying)), (RATE + 4000, NoteOn(0, 76, 100))])
    sound = player.render(3 * RATE)[:, 0]
    assert clicks(sound, RATE - 2000, 2 * RATE) < 2e-4
    old, new = player.performer.voices.table[[0, 1]]
    assert old["source"] != new["source"]
    spectrum = np.abs(np.fft.rfft(sound[2 * RATE:] * np.hanning(RATE)))
    assert spectrum[220] > 2.5 * spectrum[659], "the old note is steady, the new one has fallen by 10 dB and more"


@pytest.mark.parametrize("seconds", [8])
def test_a_decaying_sound_goes_on_falling_beyond_the_trained_time(decaying, seconds):
    sound = play([(0, NoteOn(0, 57, 100))], decaying, seconds)[:, 0]
    level = [20 * np.log10(np.sqrt(np.mean(sound[s * RATE:(s + 1) * RATE] ** 2))) for s in range(seconds)]
    assert np.diff(level) == pytest.approx(-10, abs=1.0)


def test_time_can_stand_still(decaying):
    sound = play([(0, NoteOn(0, 57, 100)), (RATE, Set("time.speed", 0.0))], decaying, 3.0)[:, 0]
    level = [20 * np.log10(np.abs(sound[i * RATE // 2:(i + 1) * RATE // 2]).max()) for i in range(3, 6)]
    assert np.ptp(level) < 0.1


def test_sustained_sounds_are_asked_for_few_frames_and_attacks_for_many(plain):
    rows = []
    ask = plain.frames
    plain.frames = lambda *inputs: rows.append(len(inputs[0])) or ask(*inputs)
    try:
        player = Player(plain, events=[*DRY, *CHORD])
        player.render(RATE // 5)
        attack = sum(rows)
        rows.clear()
        player.render(RATE)
        player.render(RATE)
    finally:
        del plain.frames
    assert attack > 16 * 15
    assert sum(rows) < 16 * 2 * 187.5 / 4


@pytest.mark.parametrize(("voices", "turns"), [(8, 1), (16, 2), (60, 4)])
def test_a_crowd_takes_turns_while_a_latent_moves(plain, voices, turns):
    notes = [(0, NoteOn(0, 30 + i, 60)) for i in range(voices)]
    player = Player(plain, events=[*DRY, *notes])
    player.render(RATE // 2)
    rows: list[set] = []
    ask = plain.frames
    plain.frames = lambda slots, *inputs: rows.append(set(slots.tolist())) or ask(slots, *inputs)
    try:
        for n in range(36):
            player.performer.receive(Set("latent.1", n / 30), player.position)
            player.render(256, 256)
    finally:
        del plain.frames
    rows = rows[2 * turns:]                          # the first ones are on their way to their turns
    assert sum(map(len, rows)) == pytest.approx(voices * len(rows) / turns, rel=0.1)
    for n in range(len(rows) - turns):
        assert len(set().union(*rows[n:n + turns + 1])) == voices, "none waits longer"


def test_what_the_window_sees(plain):
    player = Player(plain, events=[*DRY, (0, NoteOn(0, 57, 101)), (0, NoteOn(3, 64, 90))], shown=True)
    player.render(RATE // 2)
    status = player.state["status"][0]
    assert status["voices"] == 2
    assert np.flatnonzero(status["notes"]).tolist() == [57, 64]
    assert status["notes"][57] == 101
    assert status["late_hops"] == 0
    assert status["f0_hz"] == pytest.approx(329.63, abs=0.01)
    assert status["level_db"][0] == pytest.approx(-22, abs=0.1)
    player.performer.receive(Panic(), player.position)
    player.render(2000)
    assert status["voices"] == 0
    assert not status["notes"].any()


def test_named_knobs_change_the_sound_and_patches_keep_them(plain_model):
    from hummingface.instrument.patches.patch import Patch, from_json
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.models.playing.knobs import read_knobs
    model = plain_model()
    model.knobs = read_knobs({"knobs": {"family.bright": {"direction": np.eye(16)[0].tolist()}}}, 16)
    level = lambda sound: 20 * np.log10(np.sqrt(np.mean(sound[RATE // 2:] ** 2)))                        # noqa: E731
    turned = [(0, Set("family.1", 1.0))]
    rest, moved = (play([*more, (0, NoteOn(0, 57, 100))], FrameSource(model), 1.0) for more in ([], turned))
    assert level(moved) - level(rest) == pytest.approx(6.0, abs=0.1)
    patch = Patch("P", "Plain", (0.0,) * 16, {"family.1": 1.0})
    kept = from_json(patch.to_json())
    assert kept.parameters["family.1"] == 1.0
    again = play([(0, Load(kept)), (0, NoteOn(0, 57, 100))], FrameSource(model), 1.0)
    assert level(again) - level(rest) == pytest.approx(6.0 + 20 * np.log10(1), abs=0.3)


def test_a_first_note_compiles_nothing():
    """What is compiled, or loaded from disk, when a note begins would make it late."""
    code = """
import sys
from numba.core.dispatcher import Dispatcher
from hummingface.instrument.offline.player import Player
from hummingface.instrument.performance.messages.midi import Bend, NoteOff, NoteOn, Set
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.models.playing.untrained import untrained

def known():
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("hummingface.")]
    return {f"{module.__name__}.{name}": len(it.signatures) for module in modules for name, it in vars(module).items()
            if isinstance(it, Dispatcher) and it.targetoptions.get("nopython", True)}

player = Player(FrameSource(untrained(seed=1, width=64)))
player.render(2048)
before = known()
for event in (NoteOn(0, 60, 100), NoteOn(0, 64, 90), Set("latent.1", 1.0), Bend(0, 0.5)):
    player.performer.receive(event, player.position)
player.render(48000, 256)
player.performer.receive(NoteOff(0, 60), player.position)
player.render(9600)
print({name: count for name, count in known().items() if count != before.get(name, 0)})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{}", done.stdout
