"""The engine on a real PipeWire server, through its own JACK library: its ports, its way to the device, its sound in another program."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audio.conftest import wait_for

OURS = ["HummingFace:midi_in", "HummingFace:out_1", "HummingFace:out_2"]
# No session manager, no hardware: a device of two channels that drives itself
CONFIGURATION = """
context.properties = { core.daemon = true  core.name = pipewire-0
    default.clock.rate = 48000  default.clock.quantum = 256  default.clock.min-quantum = 32 }
context.spa-libs = { audio.convert.* = audioconvert/libspa-audioconvert  support.* = support/libspa-support }
context.modules = [ { name = libpipewire-module-protocol-native }  { name = libpipewire-module-metadata }
    { name = libpipewire-module-spa-node-factory }  { name = libpipewire-module-client-node }
    { name = libpipewire-module-access  args = { } }  { name = libpipewire-module-adapter }  { name = libpipewire-module-link-factory } ]
context.objects = [ { factory = metadata  args = { metadata.name = default } }
    { factory = adapter  args = { factory.name = support.null-audio-sink  node.name = system  media.class = Audio/Sink
        audio.position = [ FL FR ]  object.linger = true  priority.driver = 30000
        adapter.auto-port-config = { mode = dsp  monitor = true  position = preserve } } } ]
"""
# Another program: plays a key to the instrument, and hears its outputs. Says how loud they were before the key, and after. The server
# makes connections when it likes: so the key is struck again until it is heard, or for 4000 periods.
DECK = """
import jack, threading
client = jack.Client("deck", no_start_server=True)
ins = [client.inports.register(name) for name in ("left", "right")]
keys = client.midi_outports.register("keys")
before, peaks, play, over = [], [(0.0, 0.0)], threading.Event(), threading.Event()

@client.set_process_callback
def process(frames):
    keys.clear_buffer()
    heard = [float(abs(port.get_array()).max()) for port in ins]
    if not play.is_set():
        before.append(max(heard))
    elif len(peaks) < 4000 and min(map(max, zip(*peaks))) < 1e-3:
        if len(peaks) % 100 == 1:
            keys.write_midi_event(0, (0x80, 60, 0))
            keys.write_midi_event(1, (0x90, 60, 100))
        peaks.append(heard)
    else:
        over.set()

with client:
    client.connect("HummingFace:out_1", "deck:left")
    client.connect("HummingFace:out_2", "deck:right")
    client.connect("deck:keys", "HummingFace:midi_in")
    threading.Event().wait(0.5)
    play.set()
    assert over.wait(60)
print(max(before), *(max(side) for side in zip(*peaks)))
"""


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[subprocess.Popen]:
    """PipeWire of its own, which this module's engines find; ended by its own number."""
    for program in ("pipewire", "pw-jack", "pw-link"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: apt-get install pipewire pipewire-bin pipewire-jack")
    with tempfile.TemporaryDirectory(prefix="pw") as folder, pytest.MonkeyPatch.context() as patch:      # a short name: it holds a socket
        shared = Path(os.environ.get("PIPEWIRE_CONFIG_DIR", "/usr/share/pipewire"))
        for name in ("client.conf", "client-rt.conf", "jack.conf"):
            shutil.copy(shared / name, folder)
        Path(folder, "pipewire.conf").write_text(CONFIGURATION)
        patch.setenv("PIPEWIRE_RUNTIME_DIR", folder)
        patch.setenv("PIPEWIRE_CONFIG_DIR", folder)
        library = subprocess.run(["pw-jack", "printenv", "LD_LIBRARY_PATH"], capture_output=True, text=True, check=True).stdout.strip()
        process = subprocess.Popen(["pipewire"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: "system:playback_FL" in ports("system"), 30)
        patch.setenv("LD_LIBRARY_PATH", library)
        yield process
        process.terminate()
        process.wait(10)


LOOK = "import jack; print(*(port.name for port in jack.Client('looker', no_start_server=True).get_ports()), sep='\\n')"


def ports(of: str = "HummingFace") -> list[str]:
    """As programs that speak JACK see them: PipeWire's own tools call two instances alike."""
    said = subprocess.run(["pw-jack", sys.executable, "-c", LOOK], capture_output=True, text=True).stdout
    return sorted(line for line in said.splitlines() if line.startswith(of))


def links() -> str:
    return subprocess.run(["pw-link", "-lo"], capture_output=True, text=True).stdout


def test_ports_have_their_names_and_are_connected_to_the_device_and_again_after_the_engine_was_killed(engine):
    client, told = engine()
    assert told.find(tell="audio")["block_samples"] == 256 and "JACK" in told.find(tell="audio")["device"]
    assert ports() == OURS
    wait_for(lambda: "-> system:playback_FL" in links() and "-> system:playback_FR" in links())
    told.forget()
    os.kill(client._link.process.pid, signal.SIGKILL)
    told.wait(tell="ready")
    wait_for(lambda: ports() == OURS)
    wait_for(lambda: "-> system:playback_FL" in links())


def test_another_program_plays_it_and_hears_it(engine):
    engine()
    done = subprocess.run([sys.executable, "-c", DECK], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    before, left, right = map(float, done.stdout.split())
    assert before < 1e-6 and left > 1e-3 and right > 1e-3


def test_a_second_instance_leaves_the_first_ones_ports_alone(engine):
    first, _ = engine()
    second, _ = engine()
    others = [name for name in ports() if name not in OURS]
    assert len(ports()) == 6 and [name.partition(":")[2] for name in others] == ["midi_in", "out_1", "out_2"], ports()
    second.close()
    wait_for(lambda: ports() == OURS)
    assert first.alive
