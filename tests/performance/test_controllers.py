"""Controllers of 14 bits, NRPNs, banks of programs; and that a snapshot has all of what they have said."""
import json

import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.nrpn_numbers import NUMBERS
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance import snapshot, snapshot_check
from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.messages.controller_map import ControllerMapping
from hummingface.instrument.performance.messages.midi import (
    DATA_LSB,
    DATA_MSB,
    MOD_WHEEL,
    NRPN_LSB,
    NRPN_MSB,
    RPN_LSB,
    RPN_MSB,
    SOSTENUTO,
    Bend,
    Controller,
    Event,
    Mpe,
    Pressure,
    Program,
    Set,
)
from tests.performance.hearing import RATE
from tests.performance.mpe_player import MpePlayer, at, rpn, zone


def played(plain, *events: Event) -> Player:
    player = Player(plain, events=at(0, list(events)))
    player.render(256)
    return player


def nrpn(number: int, msb: int, lsb: int | None = None) -> list[Event]:
    chosen: list[Event] = [Controller(0, NRPN_MSB, number >> 7), Controller(0, NRPN_LSB, number & 127), Controller(0, DATA_MSB, msb)]
    return chosen if lsb is None else [*chosen, Controller(0, DATA_LSB, lsb)]


def test_every_control_has_an_nrpn_for_ever():
    assert set(NUMBERS) >= set(PARAMETERS), "add new controls at the end of nrpn_numbers.py"
    assert len(set(NUMBERS)) == len(NUMBERS) <= 1 << 14
    first = {0: "latent.1", 16: "characteristic.brightness", 24: "family.1", 36: "morph.x", 42: "envelope.attack_s",
             48: "filter.cutoff_hz", 69: "unison.voices", 78: "drive.amount", 91: "master.volume_db", 97: "master.half_pedal"}
    assert {number: NUMBERS[number] for number in first} == first, "they are numbers in players' controllers"


@pytest.mark.parametrize("id_", ["filter.cutoff_hz", "master.volume_db", "latent.3", "unison.voices"])
def test_an_nrpn_moves_its_control_in_fine_steps(plain, id_):
    parameter, number = PARAMETERS[id_], NUMBERS.index(id_)
    moved: list[tuple[str, float]] = []
    for data, travel in (((0,), 0.0), ((127,), 1.0), ((0, 0), 0.0), ((127, 127), 1.0), ((64, 5), (64 * 128 + 5) / 16383)):
        player = Player(plain, events=at(0, nrpn(number, *data)), changed=lambda *told: moved.append(told))
        player.render(256)
        assert player.performer.controls.goal[INDEX[id_]] == pytest.approx(parameter.from_travel(travel)), data
        assert moved[-1] == (id_, player.performer.controls.goal[INDEX[id_]])


@pytest.mark.parametrize("events", [
    [Controller(0, DATA_MSB, 0)], nrpn(16_000, 0), [Controller(0, NRPN_MSB, 0), Controller(0, DATA_MSB, 0)],
    [*nrpn(47, 127)[:2], Controller(0, RPN_MSB, 127), Controller(0, RPN_LSB, 127), Controller(0, DATA_MSB, 0)],
    [Controller(0, NRPN_MSB, 127), Controller(0, NRPN_LSB, 127), Controller(0, DATA_MSB, 0)]])
def test_data_entry_without_a_known_number_moves_nothing(plain, events):
    before = played(plain).performer.controls.goal
    assert np.array_equal(played(plain, *events).performer.controls.goal, before)


def test_an_rpn_and_an_nrpn_are_never_both_chosen(plain):
    ranges = played(plain, *rpn(0, 0, 7), *nrpn(NUMBERS.index("latent.1"), 100), Controller(0, DATA_MSB, 90)).performer
    assert ranges.channels.bend_range[0] == 7 and ranges.controls.goal[INDEX["latent.1"]] == pytest.approx(-3 + 6 * 90 / 127)


def test_controllers_have_fine_halves(plain):
    player = played(plain, Controller(0, 7, 100), Controller(0, 39, 64), Controller(0, MOD_WHEEL, 127), Controller(0, 33, 127))
    assert player.performer.channels.volume[0] == pytest.approx((100 * 128 + 64) * 127 / 16383)
    assert player.performer.channels.wheel[0] == 1.0
    alone = played(plain, Controller(0, 7, 100), Controller(0, MOD_WHEEL, 127)).performer.channels
    assert (alone.volume[0], alone.wheel[0]) == (100.0, 1.0), "coarse ones alone reach their end"
    again = played(plain, Controller(0, 39, 1), Controller(0, 7, 100)).performer.channels
    assert again.volume[0] == pytest.approx(100 * 128 * 127 / 16383), "once a fine half came, a coarse one stands for its lowest value"


def test_controllers_are_fine_where_the_map_says_so_and_a_mapped_one_is_no_half(plain):
    player = Player(plain)
    player.performer.messages.controllers.use([ControllerMapping(20, "filter.cutoff_hz", fine=True), ControllerMapping(39, "latent.2"),
                                               ControllerMapping(66, "latent.3")])
    for event in (Controller(0, 20, 64), Controller(0, 52, 3), Controller(0, 39, 127), Controller(0, SOSTENUTO, 127)):
        player.performer.receive(event, 0)
    player.render(256)
    goal = player.performer.controls.goal
    assert goal[INDEX["filter.cutoff_hz"]] == pytest.approx(PARAMETERS["filter.cutoff_hz"].from_travel((64 * 128 + 3) / 16383))
    assert goal[INDEX["latent.2"]] == 3.0 and goal[INDEX["latent.3"]] == 3.0
    assert player.performer.channels.volume[0] == 127 and player.performer.channels.sostenuto[0] == 0


@pytest.mark.parametrize(("sent", "bank"), [([], [0, 0]), ([(0, 1)], [1, 0]), ([(0, 0), (32, 1)], [0, 1])])
def test_a_program_comes_with_its_bank(plain, sent, bank):
    told = []
    events = [*(Controller(3, number, value) for number, value in sent), Program(3, 9), Program(4, 1)]
    Player(plain, events=at(0, events), on_program=lambda *values: told.append((*values[:2], list(values[2])))).render(256)
    assert told == [(3, 9, bank), (4, 1, [0, 0])]


def test_banks_of_the_factory_and_of_the_player(monkeypatch, tmp_path):
    from hummingface.instrument.patches import library, patch
    from hummingface.instrument.performance.sound_bank import SoundBank
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    factory = [entry for entry in library.patches() if entry.factory]
    bank, own = SoundBank(), patch.load(factory[3].path).with_values(name="Mine")
    assert bank.program(2, 1).name == bank.program(2).name == factory[2].name, "no patch of one's own: no such bank"
    library.save_patch(own)
    assert bank.program(0, 1).name == "Mine" and bank.program(1, 1) is None
    assert bank.program(0, 2).name == factory[0].name and bank.program(120) is None


def test_a_snapshot_goes_on_where_zones_pedals_and_numbers_were(plain):
    hands = MpePlayer(0, 4)
    events = at(0, zone(0, 4), Controller(2, 74, 100), Controller(0, 66, 127), Controller(0, 67, 50), Controller(0, 64, 127),
                nrpn(48, 90, 3), Controller(0, 0, 1), Bend(0, 0.25), Pressure(0, 0.5), Set("master.half_pedal", 1))
    first = Player(plain, events=events)
    first.render(RATE)
    captured = json.loads(json.dumps(snapshot.capture(first.performer)))
    second = Player(plain)
    snapshot.restore(second.performer, snapshot_check.check(captured))
    later = [*hands.strike(60, slide=20), Controller(0, DATA_LSB, 100), Controller(0, 64, 0), Program(0, 1)]
    for player in (first, second):
        for event in later:
            player.performer.receive(event, RATE)
        player.render(2048)
    one, two = (player.performer for player in (first, second))
    assert np.array_equal(one.controls.channel_goal[:16], two.controls.channel_goal[:16])
    assert np.array_equal(one.controls.goal, two.controls.goal)
    assert one.channels.capture() == two.channels.capture() and one.messages.zones.capture() == two.messages.zones.capture()
    assert one.voices.caught.tolist() == two.voices.caught.tolist() == [True] * 5 + [False] * 11


def test_what_is_played_from_a_snapshot_is_the_same_sound():
    """MPE in unison, whose voices differ, under a pedal that is half down: from another performer, with a network of its own."""
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.models.playing.untrained import untrained
    first, second = (Player(FrameSource(untrained(seed=1, width=32)), seed=5) for _ in range(2))
    moved = {"unison.voices": 3, "unison.latents": 0.6, "motion.glide_s": 0.1, "motion.glide_when": 2, "master.half_pedal": 1,
             "filter.cutoff_hz": 3000.0, "reverb.mix": 0.0}
    for _, event in at(0, zone(0, 4), rpn(2, 0, 24), Controller(1, 74, 10), Controller(0, 67, 90), Controller(0, 64, 40),
                       *(Set(name, value) for name, value in moved.items())):
        first.performer.receive(event, 0)
    first.render(RATE)
    assert snapshot.at_rest(first.performer)
    begin = snapshot.restore(second.performer, snapshot_check.check(json.loads(json.dumps(snapshot.capture(first.performer)))))
    hands = MpePlayer(0, 4, 24.0)
    later = [*at(RATE, hands.strike(48, semitones=0.3, slide=20), hands.strike(64, slide=100)),
             *at(RATE + 9000, hands.bend(48, 2.0), hands.slide(64, 0), hands.press(48, 0.8), Bend(0, 0.5)),
             *at(RATE + 15000, hands.lift(48), hands.strike(72)), *at(RATE + 20000, hands.lift(64, 90), Controller(0, 64, 0))]
    sounds = []
    for player, position in ((first, RATE), (second, begin)):
        for sample, event in later:
            player.performer.receive(event, sample)
        sounds.append(player.render(RATE - position + RATE)[RATE - position:])
    assert np.abs(sounds[0]).max() > 0.01 and np.abs(sounds[0] - sounds[1]).max() < 1e-4


@pytest.mark.parametrize("damage", [{"zones": {"mode": "?", "lower": 0, "upper": 0}}, {"zones": {"mode": [], "lower": 0, "upper": 0}},
                                    {"zones": {"mode": "off", "lower": 16, "upper": 0}}, {"zones": 3}, {"fine": [[16, 0, 0, 0]]},
                                    {"fine": [[0, 0, 128, 0]]}, {"nrpn": []}, {"soft": [2.0] * 16}, {"slide": [0.5] * 15}])
def test_a_damaged_snapshot_is_refused(plain, damage):
    with pytest.raises(snapshot.SnapshotError):
        snapshot_check.check({**snapshot.capture(Player(plain).performer), **damage})


def test_a_choice_of_mpe_survives_the_log():
    from hummingface.instrument.performance.messages import midi
    from hummingface.instrument.recording import performance_log
    line = json.loads(performance_log.event_line(5, Mpe("lower")))
    assert midi.from_json({name: value for name, value in line.items() if name != "sample"}) == Mpe("lower")
