"""What is called without a look at its arguments' types gets the same ones from every source of voices, with routes and without."""
import numpy as np
import pytest

from hummingface.compiled import compiled
from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches import library
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.performance import hops, sound_bank
from hummingface.instrument.performance.direct_call import DirectCall
from hummingface.instrument.performance.messages.midi import NoteOn
from hummingface.instrument.performance.rows.hop_writer import write_hop
from hummingface.instrument.performance.schedule import schedule_hop


@compiled()
def _sum(values):
    total = 0.0
    for value in values:
        total += value
    return total


def test_the_first_call_and_the_next_ones_give_the_same():
    direct = DirectCall(_sum)
    first = direct.call
    assert direct.call(np.arange(4.0)) == 6
    assert direct.call is not first and direct.call(np.arange(5.0)) == 10


def test_a_function_of_several_types_is_looked_at_each_time():
    @compiled()
    def last(values):
        return values[-1]
    last(np.arange(3, dtype=np.int64))
    direct = DirectCall(last)
    assert direct.call(np.array([0.5, 1.5])) == 1.5 and direct.call(np.arange(3)) == 2


@pytest.mark.parametrize("name", ["Evening Grand", "Seed Keys"])
@pytest.mark.parametrize("routes", [(), (Route("lfo.1", "filter.cutoff_hz", 0.2), Route("lfo.2", "latent.1", 0.1))], ids=["none", "routes"])
def test_a_hops_parts_get_the_same_types_from_all_sources(name, routes):
    if name not in [entry.name for entry in library.patches()]:
        pytest.skip("the factory's models are not in assets/models")
    sound = sound_bank.open_sound(name)
    player = Player(sound.source, sound.patch.with_values(routes=routes), events=[(0, NoteOn(0, 60, 100)), (0, NoteOn(0, 64, 100))])
    player.render(9000)
    assert player.performer.sounding() == 2
    assert len(write_hop.signatures) == len(schedule_hop.signatures) == 1
    assert hops._WRITE.call is not hops._WRITE._first
