"""One walk over the table: every control through the session and its undo, a patch file, the engine's protocol, MIDI learn, NRPN, OSC,
modulation, a take, and the Python API."""
import json
import socket

import numpy as np
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

import hummingface
from hummingface.instrument.audio import protocol
from hummingface.instrument.audio.ports.osc_server import OscServer
from hummingface.instrument.audio.process import quick_commands
from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches import routes
from hummingface.instrument.patches.nrpn_numbers import NUMBERS
from hummingface.instrument.patches.osc_addresses import address_of
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.events import Reroute
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages import controller_map
from hummingface.instrument.performance.messages.controller_map import ControllerMap
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Set
from hummingface.instrument.performance.snapshot import capture
from hummingface.instrument.recording import performance_log
from hummingface.instrument.session.midi_maps import MidiMaps
from hummingface.instrument.session.session import NOT_IN_PATCHES, Session
from hummingface.instrument.session.settings import Settings
from hummingface.models.playing.checkpoint import save_model
from hummingface.models.playing.untrained import untrained

LEARNT_CC, HOP = 20, 256
ALL = pytest.mark.parametrize("name", PARAMETERS)


class Hand:
    """An engine's door, as the window's commands and OSC find it."""

    def __init__(self, player: Player) -> None:
        self.player, self.performer = player, player.performer

    def receive(self, event, source=None):
        self.performer.receive(event, self.player.position)

    def panic(self):
        raise AssertionError("nobody asked for it")


@pytest.fixture(scope="module")
def model():
    return untrained(seed=1, width=32)


@pytest.fixture(scope="module")
def patch(model):
    return Patch("Every", model.name, (0.25,) * model.latents)


@pytest.fixture(scope="module")
def hand(model, patch):
    moved: list[tuple[str, float]] = []
    player = Player(FrameSource(model), patch, changed=lambda name, value: moved.append((name, value)))
    player.moved = moved                # type: ignore[attr-defined]
    return Hand(player)


@pytest.fixture(autouse=True)
def at_rest(hand, patch):
    """The patch, and the player's own settings where they are at first."""
    hand.performer.load_patch(patch)
    for name in NOT_IN_PATCHES:
        hand.receive(Set(name, PARAMETERS[name].default))
    hand.player.render(4 * HOP)
    hand.player.moved.clear()


def elsewhere(name: str) -> float:
    """A value that is neither the default nor an end, where there is another."""
    parameter = PARAMETERS[name]
    found = [value for travel in (0.37, 0.73, 1.0, 0.0) if (value := parameter.from_travel(travel)) != parameter.default]
    return found[0]


def stands_at(hand: Hand, name: str) -> float:
    hand.player.render(2 * HOP)
    return float(hand.performer.controls.goal[INDEX[name]])


@ALL
def test_from_the_session_to_the_engine_and_back_by_undo(hand, patch, name):
    sent: list[dict] = []
    session, value = Session(sent.append, patch), elsewhere(name)
    before = session[name]
    session.set(name, value)
    assert session[name] == value != before and sent[-1] == {"do": "set", "id": name, "value": value}
    quick_commands.play(json.loads(protocol.encode(sent[-1], "do")), hand, None)
    assert stands_at(hand, name) == pytest.approx(value)
    session.undo()
    assert session[name] == before
    session.redo()
    assert session[name] == value


@ALL
def test_in_a_patch(patch, name):
    session, value = Session(lambda message: None, patch), elsewhere(name)
    session.set(name, value)
    again = patch_file.from_json(json.loads(json.dumps(session.state.to_patch().to_json())))
    kept = again.latents[int(name.partition(".")[2]) - 1] if name.startswith("latent.") else again.parameters.get(name)
    assert kept == (None if name in NOT_IN_PATCHES else pytest.approx(value, abs=1e-6))


@ALL
def test_by_midi(hand, name):
    """Learnt, on any channel; and by its NRPN."""
    sent: list[dict] = []
    maps = MidiMaps(Settings(), sent.append, lambda: None)
    assert maps.learn(name, 2, LEARNT_CC) and [mapping.number for mapping in maps.of(name)][-1] == LEARNT_CC
    hand.performer.messages.controllers = ControllerMap(controller_map.from_json(sent[-1]["map"]))
    parameter = PARAMETERS[name]
    for controllers in ([(LEARNT_CC, 127)], [(LEARNT_CC, 0)],
                        [(99, NUMBERS.index(name) >> 7), (98, NUMBERS.index(name) & 127), (6, 127), (38, 127)]):
        for number, value in controllers:
            hand.receive(Controller(2, number, value))
        wanted = parameter.from_travel(0.0 if controllers[-1][1] == 0 else 1.0)
        assert stands_at(hand, name) == pytest.approx(wanted)
        assert hand.player.moved[-1] == (name, pytest.approx(wanted)), "and the window is told"


@pytest.fixture(scope="module")
def osc(hand):
    server = OscServer(("127.0.0.1", 0), lambda: hand, lambda name: None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.connect(server.place)
        here.settimeout(20)
        yield here
    server.close()


def test_by_osc_all_of_them(hand, osc):
    """Each by its address; what has come is asked back."""
    values = {name: elsewhere(name) for name in PARAMETERS}
    for name, value in values.items():
        made = OscMessageBuilder(address_of(name))
        made.add_arg(float(value))
        osc.send(made.build().dgram)
        for _ in range(2000):
            if stands_at(hand, name) == pytest.approx(value, rel=1e-5, abs=1e-5):
                break
        else:
            raise AssertionError(f"{name} stands at {stands_at(hand, name)}, not at {value}")


@pytest.mark.parametrize("name", [name for name in PARAMETERS if routes.can_be_moved(name) and name != "master.volume_db"])
def test_modulated(hand, name):
    """By a macro; a latent in the network's own target."""
    depth = -0.2 if PARAMETERS[name].default == PARAMETERS[name].highest else 0.2
    made = routes.from_json(routes.to_json((Route("macro.1", name, depth),)))
    hand.receive(Set("macro.1", 1.0))
    hand.receive(Reroute(made))
    hand.player.render(8 * HOP)
    performer, modulation = hand.performer, hand.performer.maker.modulation
    if (number := routes.latent_of(name)) is not None:
        latents = performer.sound.latents
        away = latents.at_each(modulation.shared_latents)[0] - latents.at(performer.controls.goal)
        assert away[number - 1] > 0.1 and np.count_nonzero(np.abs(away) > 1e-6) == 1
        return
    assert modulation.shared[INDEX[name]] != pytest.approx(float(performer.controls.now[INDEX[name]]))


def test_the_volume_is_modulated_for_each_voice(hand):
    """By -0.2 of 72 dB, which the effects do not hear."""
    hand.receive(Reroute((Route("macro.1", "master.volume_db", -0.2),)))
    hand.receive(NoteOn(0, 60, 100))
    levels = []
    for macro in (0.0, 1.0, 0.0):
        hand.receive(Set("macro.1", macro))
        hand.player.render(24_000)
        levels.append(10 * np.log10(np.mean(hand.player.render(4_800) ** 2)))
    hand.receive(NoteOff(0, 60))
    assert (levels[0] + levels[2]) / 2 - levels[1] == pytest.approx(14.4, abs=2)          # the note itself falls meanwhile


def test_in_a_take(hand):
    """All of them in one."""
    values, begin = capture(hand.performer), hand.player.position
    events = [(begin + 10 * place, Set(name, elsewhere(name))) for place, name in enumerate(PARAMETERS)]
    text = (performance_log.head_line("Every", begin, True, values) + b"".join(performance_log.event_line(*pair) for pair in events)
            + performance_log.end_line(48_000))
    assert performance_log.parse(text, "a take").events == events


def test_in_the_python_api(model, patch, tmp_path, monkeypatch):
    monkeypatch.setenv("HUMMINGFACE_HOME", str(tmp_path))
    save_model(model, tmp_path / "models" / "every")
    instrument = hummingface.Instrument(patch)
    listed = {control.id for control in hummingface.list_controls()}
    for name in PARAMETERS:
        value = elsewhere(name)
        instrument[name] = value
        assert instrument[name] == pytest.approx(value), name
        assert name in listed, name
    instrument.save("All of them")
    again = hummingface.Instrument("All of them")
    for name in PARAMETERS:
        if name not in NOT_IN_PATCHES:
            assert again[name] == pytest.approx(elsewhere(name), abs=1e-6), name
