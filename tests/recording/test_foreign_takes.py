"""Takes that come from elsewhere are checked: what is no take, and values that none has, are refused with the reason."""
import json
import zlib

import numpy as np
import pytest
import soundfile

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.blend import Blend
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.routes import Route
from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.events import Reroute
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.midi import NoteOn
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording.performance_log import TakeError
from hummingface.instrument.recording.wave_file import WaveFile
from hummingface.models.playing.untrained import untrained

RATE_HZ = 48_000
ROUTES = (Route("wheel", "latent.1", 0.3), Route("lfo.1", "filter.cutoff_hz", 0.2))


@pytest.fixture(scope="module")
def source():
    return FrameSource(untrained(seed=3, width=32))


@pytest.fixture(scope="module")
def lines(source):
    player = Player(source, Patch("Test", source.name, (0.5,) * source.latents))
    player.render(5000)
    values = snapshot.capture(player.performer)
    return [json.loads(played.head_line("Test", 6000, True, values)), {"sample": 6100, **midi.to_json(NoteOn(0, 60, 100))},
            {"end": True, "frames": 100}]


def text_of(lines) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def changed(values, path, value):
    """A copy with one value changed, `path` of keys and indices."""
    copy = json.loads(json.dumps(values))
    here = copy
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return copy


@pytest.mark.parametrize(("path", "value"), [
    ((0, "version"), 99), ((0, "format"), "other"), ((0, "begin"), -1), ((0, "begin"), 1 << 60), ((0, "begin"), "x"),
    ((0, "moment"), None), ((0, "moment", "rate_hz"), 1), ((0, "moment", "rate_hz"), 1e9), ((0, "moment", "hop"), 1 << 40),
    ((0, "moment", "controls"), {"no.such": 1}), ((0, "moment", "controls", "filter.cutoff_hz"), 1e30),
    ((0, "moment", "latents"), [0.0] * 100_000), ((0, "moment", "latents"), ["x"]), ((0, "moment", "channels"), []),
    ((0, "moment", "patch", "latents"), [1e9]), ((0, "moment", "model"), {}), ((0, "moment", "pedals"), [1] * 16),
    ((0, "moment", "held"), [[0, 60]]), ((0, "moment", "controllers"), {"x": "filter.cutoff_hz"}), ((0, "moment", "born"), None),
    ((0, "moment", "turning"), {}), ((1, "note"), 128), ((1, "note"), "60"), ((1, "velocity"), 0), ((1, "channel"), True),
    ((1, "sample"), -1), ((1, "sample"), 1 << 62), ((1, "event"), "__class__"), ((1, "event"), "Load"), ((1, "extra"), 1),
], ids=str)
def test_a_take_from_elsewhere_is_checked(lines, path, value):
    assert played.parse(text_of(lines), "a take").events == [(6100, NoteOn(0, 60, 100))]
    with pytest.raises((TakeError, ValueError)) as caught:
        played.parse(text_of(changed(lines, path, value)), "take.wav")
    assert "take.wav" in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\n", b"[]\n", b"{", b"\x00\xff\n" * 9, b'{"format":"hummingface-take"}\n', b"[" * 100_000 + b"\n"])
def test_what_is_no_take_is_refused(data):
    with pytest.raises(TakeError, match=r"take\.wav"):
        played.parse(data, "take.wav")


def test_a_bomb_is_not_unpacked(tmp_path):
    file = WaveFile(tmp_path / "a.wav", 48000)
    file.append(np.zeros((10, 2), np.float32))
    file.add_chunk(b"hmfc", zlib.compress(bytes(200 << 20), 9))
    file.close()
    with pytest.raises(TakeError, match="longer than 2176 KB"):
        played.of_file(file.path)


def test_a_plain_file_is_no_take(tmp_path):
    soundfile.write(tmp_path / "plain.wav", np.zeros((100, 2)), 48000)
    soundfile.write(tmp_path / "plain.flac", np.zeros((100, 2)), 48000)
    for name in ("plain.wav", "plain.flac", "missing.wav"):
        with pytest.raises(TakeError, match=name.split(".")[0]):
            played.of_file(tmp_path / name)


@pytest.mark.parametrize(("before", "after", "says"), [
    (b'"cycles":[', b'"cycles":[-1,', "cycles"), (b'"source":"wheel"', b'"source":"feet"', "feet"),
    (b'"sources":[', b'"sources":[1e9,', "sources"), (b'"event":"Reroute","routes":[{', b'"event":"Reroute","routes":[3,{', "route 1")])
def test_modulation_that_no_take_has_is_refused(source, before, after, says):
    player = Player(source, Patch("Test", source.name, (0.5,) * source.latents, routes=ROUTES))
    player.render(RATE_HZ // 10)
    values = snapshot.capture(player.performer)
    text = (played.head_line("Test", player.position, True, values) + played.event_line(player.position, Reroute(ROUTES)))
    played.parse(text, "a take")
    with pytest.raises(TakeError, match=says):
        played.parse(text.replace(before, after, 1), "a take")


def test_a_blend_that_no_take_has_is_refused(source):
    values = snapshot.capture(Player(source, Patch("Test", source.name, (0.5,) * source.latents)).performer)
    text = played.head_line("Test", 0, True, values) + played.event_line(100, Blend((), 3.0))
    assert played.parse(text, "a take").events == [(100, Blend((), 3.0))]
    with pytest.raises(TakeError, match=r"a take.*gain"):
        played.parse(text.replace(b'"gain_db":3.0', b'"gain_db":1e9'), "a take")
