"""What a validator of plug-ins asks at its strictest, of the engine (docs/validation.md lists all of it, and where it is tested)."""
import json
import threading

import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys  # type: ignore[attr-defined]

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.messages.midi import Event, NoteOff, NoteOn, Set
from tests.synthesis.test_synthesis_callback import call

RATES_HZ, BLOCKS = (44_100, 48_000, 96_000), (64, 128, 256, 512, 1024)
SUB_BLOCK = 32
STEPS = 6                           # of so many sub-blocks each
AUTOMATED = [p for p in PARAMETERS.values() if p.id not in ("master.voices", "master.mode")]


def wrong(sound: np.ndarray) -> int:
    """Samples that are NaN, Inf or subnormal."""
    size = np.abs(sound)
    return int((~np.isfinite(sound)).sum() + ((size > 0) & (size < np.finfo(np.float32).tiny)).sum())


def random_controls(rng: np.random.Generator, count: int) -> list[Set]:
    chosen = [AUTOMATED[int(i)] for i in rng.integers(len(AUTOMATED), size=count)]
    return [Set(p.id, float(rng.uniform(p.lowest, p.highest))) for p in chosen]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_audio_is_clean_at_all_rates_and_blocks_until_long_after_the_note(untrained, rate_hz):
    """Tails of filters, reverb and delay fall through all small numbers: none of them may be subnormal."""
    rng = np.random.default_rng(rate_hz)
    for block in BLOCKS:
        player, key = Player(untrained, rate_hz=rate_hz), int(rng.integers(128))
        player.performer.receive(Set("delay.mix", 0.5), 0)
        player.performer.receive(NoteOn(0, key, 100), 10)
        sound = player.render(10 * block, block)
        player.performer.receive(NoteOff(0, key), player.position)
        assert wrong(sound) == 0 and wrong(player.render(rate_hz, block)) == 0, block
        player.performer.receive(Set("reverb.mix", 1.0), player.position)


def test_controls_move_within_a_block(untrained):
    """Ten random controls to random places, every 32 samples, at any block size."""
    rng = np.random.default_rng(3)
    for block in BLOCKS:
        player = Player(untrained)
        player.performer.receive(NoteOn(0, int(rng.integers(21, 109)), 100), 10)
        for at in range(0, STEPS * SUB_BLOCK * 8, SUB_BLOCK):
            for event in random_controls(rng, 10):
                player.performer.receive(event, at)
        sound = player.render(STEPS * SUB_BLOCK * 8, block)
        assert wrong(sound) == 0 and np.abs(sound).max() <= 1.0


@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_every_control_at_its_end(untrained, end):
    """One by one on a sounding chord, and then all of them."""
    player = Player(untrained)
    for key in (36, 60, 84):
        player.performer.receive(NoteOn(0, key, 127), 0)
    for parameter in AUTOMATED:
        player.performer.receive(Set(parameter.id, getattr(parameter, end)), player.position)
        sound = player.render(512)
        assert wrong(sound) == 0 and np.abs(sound).max() <= 1.0, parameter.id
    assert wrong(player.render(9600)) == 0


def test_a_state_comes_back_as_it_was(untrained):
    """A patch through its file after random controls, and twice the same; it plays the same to the bit."""
    rng = np.random.default_rng(5)
    patch = patch_file.Patch("One", untrained.name, (0.5,) * 16)
    for _ in range(20):
        values = {p.id: p.clamp(float(rng.uniform(p.lowest, p.highest))) for p in AUTOMATED if p.id in patch.parameters}
        first = patch.with_values(parameters=values).to_json()
        again = patch_file.from_json(json.loads(json.dumps(first)))
        assert again.to_json() == first and {name: again.parameters[name] for name in values} == values
    sounds = []
    for one in (again, patch_file.from_json(again.to_json())):
        player = Player(untrained, one)
        player.performer.receive(NoteOn(0, 60, 100), 0)
        sounds.append(player.render(4800))
    assert np.array_equal(sounds[0], sounds[1]) and wrong(sounds[0]) == 0


def test_controls_and_snapshots_from_other_threads_while_it_plays(untrained):
    """Two threads set controls and strike keys, one copies the state, while blocks are made."""
    player, ending, errors = Player(untrained), threading.Event(), []

    def disturb(seed: int) -> None:
        rng = np.random.default_rng(seed)
        try:
            while not ending.is_set():
                events: list[Event] = [*random_controls(rng, 3), NoteOn(0, int(rng.integers(128)), 90), NoteOff(0, int(rng.integers(128)))]
                for event in events:
                    player.performer.receive(event, player.position)
                ending.wait(0.01)
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=disturb, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(60):
            assert wrong(player.render(256)) == 0
            snapshot.capture(player.performer)
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    assert not errors


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_block_is_made_without_allocation(untrained, rate_hz):
    """By the callback that devices call; counted by numba's own runtime, from which compiled code has its memory."""
    player = Player(untrained, rate_hz=rate_hz)
    for key in (40, 60, 80):
        player.performer.receive(NoteOn(0, key, 100), 0)
    player.performer.receive(Set("delay.mix", 0.5), 0)
    player.performer.receive(Set("chorus.mix", 0.5), 0)
    player.state["channels"] = 2
    _nrt_python.memsys_enable_stats()
    for block in BLOCKS:
        for _ in range(4):
            player.performer.advance(player.position + block)
            before = rtsys.get_allocation_stats().alloc
            out = call(player.state, block)
            assert rtsys.get_allocation_stats().alloc == before, block
        assert out.any() and wrong(out) == 0
