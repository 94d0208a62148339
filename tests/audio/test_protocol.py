import math

import pytest

from hummingface.instrument.audio import protocol
from hummingface.instrument.audio.protocol import ProtocolError

GOOD: list[dict] = [
    {"do": "set", "id": "filter.cutoff_hz", "value": 440}, {"do": "note_on", "note": 60, "velocity": 100},
    {"do": "note_off", "note": 127}, {"do": "midi", "bytes": [176, 64, 127]}, {"do": "midi", "bytes": [192, 3]},
    {"do": "midi_map", "map": {"74": "filter.cutoff_hz"}}, {"do": "patch", "patch": {"name": "x"}}, {"do": "panic"},
    {"do": "open_audio", "device": None, "rate_hz": None, "block_samples": 128},
    {"do": "open_audio", "device": "system, JACK", "rate_hz": 44100, "block_samples": None},
    {"do": "open_midi", "ports": None}, {"do": "open_midi", "ports": ["Keys"]}, {"do": "test_tone", "on": True}, {"do": "list"},
    {"do": "record", "on": True, "folder": None, "format": "wav24"}, {"do": "record", "on": False, "folder": "/takes", "format": "flac"},
    {"do": "capture", "folder": None, "format": "wav32"}, {"do": "recall", "path": "/takes/a.wav"},
    {"do": "renew", "model": "My Cello"}, {"do": "quit"},
    {"do": "mpe", "mode": "seaboard"}, {"do": "midi_out", "on": True},
    {"do": "velocity_curve", "table": list(range(128))}, {"do": "velocity_curve", "table": [0, *[100] * 127]},
    {"do": "listen_velocities", "on": True}, {"do": "routes", "routes": []}, {"do": "blend", "latents": [0.5, -3], "gain_db": -6.5},
    {"do": "routes", "routes": [{"source": "lfo.1", "target": "morph.x", "depth": -1, "scale": "wheel"}]},
    {"do": "listen_controllers", "on": True}, {"do": "osc", "listen": "9000", "echo": None},
    {"do": "midi_map", "map": [{"cc": 20, "control": "reverb.mix", "channel": 3, "takes_over": True}]},
    {"do": "tuning", "tuning": None}, {"do": "tuning", "tuning": {"name": "fifths", "scale": ["", "1", "3/2"]}},
]
BAD = [
    {"do": "renew"}, {"do": "renew", "model": 3},
    {"do": "tuning", "tuning": {"name": "fifths", "scale": ["", "1", "3/x"]}}, {"do": "tuning", "tuning": {"name": "fifths"}},
    None, 3, [], "quit", {}, {"do": None}, {"do": []}, {"do": "no_such"}, {"tell": "ready", "seconds": 1},
    {"do": "set", "id": "filter.cutoff_hz"}, {"do": "set", "id": "no.such", "value": 1}, {"do": "set", "id": 3, "value": 1},
    {"do": "set", "id": "filter.cutoff_hz", "value": math.nan}, {"do": "set", "id": "filter.cutoff_hz", "value": math.inf},
    {"do": "set", "id": "filter.cutoff_hz", "value": "1"}, {"do": "set", "id": "filter.cutoff_hz", "value": True},
    {"do": "note_on", "note": 128, "velocity": 1}, {"do": "note_on", "note": -1, "velocity": 1},
    {"do": "note_on", "note": 60.5, "velocity": 1}, {"do": "note_on", "note": 60, "velocity": 0},
    {"do": "note_on", "note": 60, "velocity": 100, "extra": 1}, {"do": "midi", "bytes": []}, {"do": "midi", "bytes": [0x90, 1]},
    {"do": "midi", "bytes": [60, 60, 60]}, {"do": "midi", "bytes": [0x90, 128, 1]}, {"do": "midi", "bytes": [0xF0, 1, 2]},
    {"do": "midi", "bytes": "abc"}, {"do": "midi_map", "map": {"128": "filter.cutoff_hz"}},
    {"do": "midi_map", "map": {"x": "filter.cutoff_hz"}}, {"do": "midi_map", "map": {"1": "no.such"}},
    {"do": "midi_map", "map": {"1": []}}, {"do": "patch", "patch": []}, {"do": "panic", "now": True},
    {"do": "open_audio", "device": 3, "rate_hz": None, "block_samples": None},
    {"do": "open_audio", "device": None, "rate_hz": 1, "block_samples": None},
    {"do": "open_audio", "device": None, "rate_hz": None, "block_samples": 8},
    {"do": "open_audio", "device": None, "rate_hz": None, "block_samples": 4096}, {"do": "open_audio"},
    {"do": "open_midi", "ports": "Keys"}, {"do": "open_midi", "ports": [3]}, {"do": "test_tone", "on": 1},
    {"do": "record", "on": 1, "folder": None, "format": "wav24"}, {"do": "record", "on": True, "folder": 3, "format": "wav24"},
    {"do": "record", "on": True, "folder": None, "format": "mp3"}, {"do": "capture", "folder": None, "format": []},
    {"do": "recall", "path": None},
    {"do": "mpe"}, {"do": "mpe", "mode": "loud"}, {"do": "mpe", "mode": []}, {"do": "midi_out", "on": 1},
    {"do": "velocity_curve"}, {"do": "velocity_curve", "table": "Linear"}, {"do": "velocity_curve", "table": list(range(127))},
    {"do": "velocity_curve", "table": [0, *range(127)]}, {"do": "velocity_curve", "table": [1, *range(1, 128)]},
    {"do": "velocity_curve", "table": [*range(127), 128]}, {"do": "velocity_curve", "table": [*range(126), 127, 126]},
    {"do": "velocity_curve", "table": [0.0, *range(1, 128)]}, {"do": "listen_velocities", "on": 1},
    {"do": "blend", "latents": [], "gain_db": 99}, {"do": "blend", "latents": ["x"], "gain_db": 0}, {"do": "blend", "latents": []},
    {"do": "routes"}, {"do": "routes", "routes": {}}, {"do": "routes", "routes": [{"source": "lfo.1"}]},
    {"do": "routes", "routes": [{"source": "lfo.1", "target": "morph.x"}] * 33},
]


@pytest.mark.parametrize("message", GOOD, ids=str)
def test_what_the_table_has_passes_unchanged(message):
    assert protocol.decode(protocol.encode(message, "do"), "do") == message


@pytest.mark.parametrize("message", BAD, ids=str)
def test_all_else_is_refused_with_a_reason(message):
    with pytest.raises(ProtocolError) as told:
        protocol.check(message, "do")
    assert len(str(told.value)) > 10


@pytest.mark.parametrize("data", [b"", b"\xff", b"{", b'{"do": "set", "id": "filter.cutoff_hz", "value": NaN}', b"[" * 100_000,
                                  b'{"do": "set", "id": "filter.cutoff_hz", "value": 1e999}', b"\x80\x04K\x01."])
def test_bytes_that_are_no_message_are_refused(data):
    with pytest.raises(ProtocolError):
        protocol.decode(data, "do")


def test_too_long_a_message_is_refused():
    with pytest.raises(ProtocolError, match="bytes long"):
        protocol.encode({"do": "patch", "patch": {"name": "x" * protocol.LONGEST_MESSAGE}}, "do")


def test_every_command_is_tried_here():
    assert {message["do"] for message in GOOD} == set(protocol.COMMANDS)
