"""Modulation routes as data: patches of every version, what is refused, undo and A/B, messages, window state, the Python API."""
import json

import pytest

import hummingface
from hummingface.instrument.audio import protocol
from hummingface.instrument.audio.protocol import ProtocolError
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch, from_json
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.patches.routes import Route, can_be_moved, target_label, to_json, without
from hummingface.instrument.patches.sources import MOST_ROUTES, SOURCES
from hummingface.instrument.session import window_state
from hummingface.instrument.session.session import Session
from hummingface.instrument.session.window_state import WindowState, Writer

ROUTES = (Route("lfo.1", "filter.cutoff_hz", 0.3), Route("wheel", "route.1.depth", -1.0, "bipolar", 0.5, "pedal"),
          Route("pressure", "latent.40", 0.25))
PATCH = Patch("Moving", "Fluid", (0.1, 0.2), routes=ROUTES, macros=("Wow", "", "Air"))


def test_routes_and_names_of_macros_survive_a_round_trip():
    assert from_json(json.loads(json.dumps(PATCH.to_json()))) == PATCH
    assert "routes" not in Patch("Still", "Fluid", (0.1,)).to_json()


def test_a_patch_of_version_4_is_the_same_sound_without_routes():
    values = PATCH.to_json() | {"version": 4}
    del values["routes"], values["macros"]
    old = from_json(values)
    assert old.routes == () and old.macros == () and old.notice == ""
    assert old.with_values(routes=ROUTES, macros=PATCH.macros) == PATCH
    assert old.to_json()["version"] == 5


@pytest.mark.parametrize(("route", "says"), [
    ({"source": "lfo.4", "target": "filter.cutoff_hz"}, "lfo.4"), ({"source": 3, "target": "filter.cutoff_hz"}, "source"),
    ({"source": "lfo.1", "target": "master.mode"}, "master.mode"), ({"source": "lfo.1", "target": "latent.129"}, "latent.129"),
    ({"source": "lfo.1", "target": "latent.007"}, "latent.007"), ({"source": "lfo.1", "target": "route.33.depth"}, "route.33"),
    ({"source": "lfo.1", "target": "latent.²"}, "latent"), ({"source": "lfo.1", "target": None}, "None"),
    ({"source": "lfo.1", "target": "morph.x", "depth": 1.5}, "depth"), ({"source": "lfo.1", "target": "morph.x", "depth": True}, "depth"),
    ({"source": "lfo.1", "target": "morph.x", "depth": float("nan")}, "depth"),
    ({"source": "lfo.1", "target": "morph.x", "curve": []}, "curve"),
    ({"source": "lfo.1", "target": "morph.x", "polarity": "both"}, "polarity"),
    ({"source": "lfo.1", "target": "morph.x", "scale": "x"}, "scale"),
    ({"source": "lfo.1", "target": "morph.x", "amount": 1}, "amount"), ({}, "source"), (["lfo.1"], "object")])
def test_what_is_wrong_with_a_route_is_said_by_its_number(route, says):
    for values in ([route], [ROUTES[0].to_json(), route]):
        with pytest.raises(PatchError, match=says) as refused:
            from_json(PATCH.to_json() | {"routes": values}, "some.json")
        assert f"some.json: route {len(values)}" in str(refused.value)
    with pytest.raises(ProtocolError, match="routes"):
        protocol.check({"do": "routes", "routes": [route]}, "do")


@pytest.mark.parametrize(("change", "says"), [
    ({"routes": [ROUTES[0].to_json()] * 33}, "32"), ({"routes": {}}, "routes"), ({"macros": ["x"] * 9}, "8"), ({"macros": [1]}, "macro 1"),
    ({"macros": ["x" * 41]}, "macro 1"), ({"macros": ["a\nb"]}, "macro 1")])
def test_too_many_routes_and_bad_names_are_refused(change, says):
    with pytest.raises(PatchError, match=says):
        from_json(PATCH.to_json() | change)


def test_every_continuous_control_can_be_moved_and_has_a_name():
    for name, parameter in PARAMETERS.items():
        assert can_be_moved(name) == (not parameter.choices or name == "master.transpose")
    labels = [target_label(name) for name in PARAMETERS if can_be_moved(name)]
    assert len(set(labels)) == len(labels), "a list of routes says which control each moves"
    assert target_label("macro.3", PATCH.macros) == "Air" and target_label("route.2.depth") == "Route 2 depth"
    assert [target_label(name) for name in ("reverb.mix", "lfo.2.rate_hz", "mod_envelope.1.hold_s", "latent.40")] == [
        "Reverb mix", "LFO 2 rate", "Env 1 hold", "Latent 40"]
    assert len({source.label for source in SOURCES.values()}) == len(SOURCES)


def test_a_removed_route_takes_those_to_its_depth_along():
    routes = (Route("lfo.1", "morph.x"), Route("lfo.2", "morph.y"), Route("wheel", "route.1.depth"), Route("key", "route.2.depth"),
              Route("pedal", "route.3.depth"))
    assert without(routes, 0) == (Route("lfo.2", "morph.y"), Route("key", "route.1.depth"))
    assert without(routes, 1) == (routes[0], Route("wheel", "route.1.depth"), Route("pedal", "route.2.depth"))


@pytest.fixture
def sent():
    return []


@pytest.fixture
def session(sent):
    return Session(sent.append, Patch("Still", "Fluid", (0.1, 0.2)))


def test_routes_are_steps_of_undo_and_sent_alone(session, sent):
    session.routing.add("lfo.1", "filter.cutoff_hz")
    session.routing.change(0, depth=-0.25)
    assert session.routing.routes == (Route("lfo.1", "filter.cutoff_hz", -0.25),) and session.dirty
    session.routing.name_macro(1, "Air")
    assert session.state.patch.macros[1] == "Air"
    for expected in (-0.25, 0.5, None):
        session.undo()
        assert [route.depth for route in session.routing.routes] == ([] if expected is None else [expected])
    assert not session.dirty
    assert [message["do"] for message in sent] == ["routes"] * 4
    session.redo()
    assert session.routing.routes == (Route("lfo.1", "filter.cutoff_hz"),)


def test_a_drag_of_a_depth_is_one_step(session):
    session.routing.add("lfo.1", "filter.cutoff_hz")
    session.begin()
    for depth in (0.4, 0.3, 0.2):
        session.routing.change(0, depth=depth)
    session.end()
    session.undo()
    assert session.routing.routes[0].depth == 0.5


def test_a_and_b_have_routes_of_their_own(session):
    session.swap()
    session.routing.add("lfo.1", "filter.cutoff_hz")
    session.swap()
    assert session.routing.routes == ()
    session.swap()
    assert len(session.routing.routes) == 1


def test_no_more_than_32_routes_and_none_twice(session):
    targets = [name for name in PARAMETERS if can_be_moved(name)][:MOST_ROUTES]
    assert [session.routing.add("wheel", target) for target in targets] == list(range(32))
    assert session.routing.add("wheel", targets[3]) == 3
    assert session.routing.add("pedal", targets[0]) is None
    session.routing.remove(3)
    assert len(session.routing.routes) == 31


def test_a_window_comes_back_with_its_routes(session):
    session.routing.add("lfo.2", "morph.x")
    session.routing.name_macro(0, "Wow")
    text = Writer().text(WindowState(session.snapshot()))
    state, lost = window_state.read(json.loads(text))
    assert not lost and state.session.state.patch.routes == session.routing.routes
    assert state.session.state.patch.macros[0] == "Wow"
    assert state.session.undo[-1].state.patch.routes == session.routing.routes


def test_the_api_makes_routes_and_says_what_is_wrong():
    instrument = hummingface.Instrument(Patch("Still", "FluidR3 Atlas", (0.0,) * 16))
    instrument.modulate("lfo.1", "filter.cutoff_hz", 0.3, scale="wheel")
    instrument.modulate("velocity", "latent.1")
    assert [route.target for route in instrument.routes] == ["filter.cutoff_hz", "latent.1"]
    assert instrument.patch.to_json()["routes"] == to_json(instrument.routes)
    instrument.routes = instrument.routes[:1]
    assert len(instrument.routes) == 1
    with pytest.raises(hummingface.SoundError, match=r"lfo\.9"):
        instrument.modulate("lfo.9", "filter.cutoff_hz")
    with pytest.raises(hummingface.SoundError, match=r"master\.mode"):
        instrument.modulate("lfo.1", "master.mode")
    with pytest.raises(hummingface.SoundError, match="32"):
        instrument.routes = [Route("lfo.1", "morph.x")] * 33
    assert {source.id for source in hummingface.list_sources()} == set(SOURCES)
