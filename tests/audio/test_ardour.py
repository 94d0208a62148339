"""A real DAW: Ardour, headless through its Lua interpreter, imports takes and stems at their length and place, and records our ports."""
import glob
import re
import struct
import subprocess
import threading
import xml.etree.ElementTree as Xml
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from hummingface.instrument.recording import riff
from tests.audio.conftest import wait_for

LUA = next(iter(sorted(glob.glob("/usr/bin/ardour*-lua"))), None)
pytestmark = pytest.mark.skipif(LUA is None, reason="Ardour is not installed: apt-get install --no-install-recommends ardour")
PERIOD, RATE_HZ, UNITS = 256, 48_000, 282_240_000           # UNITS: Ardour's parts of a second
TRIES = 5
PATIENCE_S = 180.0              # with an Ardour that says nothing: one that its JACK server has dropped may wait for ever

EMPTY = """
AudioEngine:set_backend("None (Dummy)", "ardour", "")
local session = create_session(arg[1], "session", %d)
for track in session:new_audio_track(2, 2, nil, %d, "Take", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true):iter() do end
session:save_state("")
close_session()
quit()
"""
# Each region goes where its file says that it was recorded, as by "insert at the time stamp" in the editor, which is not there headless.
PLACE = """
AudioEngine:set_backend("None (Dummy)", "ardour", "")
local session = load_session(arg[1], "session")
for route in session:get_tracks():iter() do
  for region in route:to_track():playlist():region_list():iter() do
    local source = region:source(0)
    region:set_position(source:natural_position())
    local samples = {}
    local room = ARDOUR.DSP.DspShm(16)
    for channel = 0, 1 do
      region:to_audioregion():to_readable():read(room:to_float(0), 40000, 16, channel)
      for _, value in ipairs(room:to_float(0):get_table(16)) do samples[#samples + 1] = string.format("%.9g", value) end
    end
    print(table.concat({"PLACED", source:to_filesource():path(), region:position():samples(), region:length():samples(),
                        source:length():samples(), session:nominal_sample_rate(), table.concat(samples, ",")}, "|"))
  end
end
close_session()
quit()
"""
RECORD = """
AudioEngine:set_backend("JACK", "ardour", "")
local session = create_session(arg[1], "session", 48000)
local tracks = session:new_audio_track(2, 2, nil, 1, "Lead", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
for track in tracks:iter() do
  for i = 0, 1 do
    track:input():nth(i):disconnect_all()
    print("CONNECTED", track:input():nth(i):connect("HummingFace:out_" .. (i + 1)))
  end
  track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
end
session:save_state("")
session:maybe_enable_record(false)
session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
for _ = 1, 200 do if session:transport_sample() > 4800 then break end ARDOUR.LuaAPI.usleep(50000) end
print("ROLLING", session:actively_recording())
io.stdout:flush()
io.read()
session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
for _ = 1, 200 do if not session:transport_rolling() then break end ARDOUR.LuaAPI.usleep(50000) end
sleep(1)
session:save_state("")
close_session()
quit()
"""


def lua(script: str, folder: Path, session: Path) -> subprocess.Popen:
    (folder / "script.lua").write_text(script)
    return subprocess.Popen([LUA, str(folder / "script.lua"), str(session)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)


@contextmanager
def at_most(seconds: float, ardour: subprocess.Popen) -> Iterator[None]:
    """Kill it if it takes longer, which ends all that it may still have to say."""
    timer = threading.Timer(seconds, ardour.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def run(script: str, folder: Path, session: Path) -> str:
    ardour = lua(script, folder, session)
    with at_most(PATIENCE_S, ardour):
        said, _ = ardour.communicate()
    return said


def rolling(folder: Path, session: Path) -> tuple[subprocess.Popen, list[str]]:
    """An Ardour that has begun to record, or has failed to, and what it said."""
    ardour, lines = lua(RECORD, folder, session), ["nothing"]
    with at_most(PATIENCE_S, ardour):
        for line in ardour.stdout:
            lines.append(line)
            if line.startswith("ROLLING"):
                break
    return ardour, lines


def saved(ardour: subprocess.Popen) -> bool:
    """Have it stop recording. Returns whether it did, and was not killed."""
    with at_most(PATIENCE_S, ardour):
        ardour.communicate("stop\n")
    return ardour.returncode >= 0


def put_in(session: Path, sounds: list[Path]) -> None:
    """Each file on a track of its own, at the session's begin: as the editor writes a file that it links to."""
    path = session / "session.ardour"
    tree = Xml.parse(path)
    root = tree.getroot()
    number = int(root.get("id-counter", "0")) + 1
    playlists = root.findall("Playlists/Playlist")
    assert len(playlists) >= len(sounds)
    for sound, playlist in zip(sounds, playlists, strict=False):
        sources = {}
        for channel in (0, 1):
            sources[f"source-{channel}"] = str(number)
            Xml.SubElement(root.find("Sources"), "Source", {"name": str(sound), "type": "audio", "flags": "", "id": str(number),
                                                            "channel": str(channel), "origin": str(sound), "gain": "1"})
            number += 1
        masters = {f"master-{name}": id_ for name, id_ in sources.items()}
        Xml.SubElement(playlist, "Region", {
            "name": sound.stem, "id": str(number), "type": "audio", "channels": "2", "start": "a0", "opaque": "1", "whole-file": "0",
            "length": f"a{soundfile.info(sound).frames * UNITS // RATE_HZ}@a0", "scale-amplitude": "1", **sources, **masters})
        number += 1
    root.set("id-counter", str(number))
    tree.write(path)


def time_reference(sound: Path) -> int:
    """Samples since midnight, as the file's `bext` says (EBU Tech 3285: two words at byte 338); 0 where it has none."""
    chunk = riff.read_chunk(sound, b"bext", 1 << 20)
    return struct.unpack_from("<Q", chunk, 338)[0] if chunk else 0


@pytest.fixture
def jack(jack_server):
    return jack_server(PERIOD)


def test_takes_and_stems_come_in_at_their_rate_length_and_place(jack, engine, tmp_path):
    from hummingface.instrument.offline.bounce import RenderOptions, render_midi
    from hummingface.instrument.offline.parts import Assignment
    from hummingface.models.playing.untrained import untrained
    client, told = engine()
    client.send({"do": "record", "on": True, "folder": str(tmp_path), "format": "wav24"})
    told.wait(tell="recording")
    client.send({"do": "note_on", "note": 60, "velocity": 100})
    sent = client.telemetry().position
    wait_for(lambda: client.telemetry().position > sent + 60_000)
    client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})
    take = Path(told.wait(tell="take")["path"])
    song = mido.MidiFile(ticks_per_beat=480)
    song.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60 + 4 * channel, channel=channel) for channel in (0, 1)]))
    song.save(tmp_path / "song.mid")
    report = render_midi(tmp_path / "song.mid", tmp_path / "song.wav", Assignment(model=untrained(width=16)),
                         RenderOptions(seconds=1.0), stems=True)
    sounds = [take, *report.stems]
    session = tmp_path / "session"
    run(EMPTY % (RATE_HZ, len(sounds)), tmp_path, session)
    put_in(session, sounds)
    said = run(PLACE, tmp_path, session)
    placed = {fields[1]: fields[2:] for fields in (line.split("|") for line in said.splitlines()) if fields[0] == "PLACED"}
    assert set(placed) == set(map(str, sounds)), said
    assert time_reference(take) > 0 and [time_reference(stem) for stem in report.stems] == [0, 0]
    for sound in sounds:
        position, length, whole, rate_hz, samples = placed[str(sound)]
        theirs = np.array(samples.split(","), np.float64).reshape(2, 16).T
        ours, ours_hz = soundfile.read(sound, always_2d=True)
        assert (int(position), int(length), int(whole)) == (time_reference(sound), len(ours), len(ours)), "to the sample"
        assert int(float(rate_hz)) == ours_hz == RATE_HZ
        assert np.abs(theirs).max() > 1e-5 and np.abs(theirs - ours[40_000:40_016]).max() < 1e-6


def test_ardour_records_our_ports_to_the_sample(jack, engine, tmp_path):
    """Tries in which a JACK server that is short of time drops Ardour, which has just come, or loses a period, are not judged."""
    client, _ = engine()
    for attempt in range(TRIES):
        session = tmp_path / f"session-{attempt}"
        ardour, lines = rolling(tmp_path, session)
        if lines[-1].split() == ["ROLLING", "true"] and sum(line.startswith("CONNECTED 0") for line in lines) == 2:
            lost = client.telemetry().underruns
            played = one_note(client)
            lost = client.telemetry().underruns - lost
            if saved(ardour) and not lost:
                break
        ardour.kill()
        ardour.communicate()
    else:
        raise AssertionError("".join([*lines, jack.log()]))
    files = sorted(session.glob("interchange/*/audiofiles/*.wav"))
    assert [re.sub(r".*%", "", path.stem) for path in files] == ["L", "R"]
    recorded = np.stack([soundfile.read(path, dtype="float32")[0] for path in files], 1)
    assert soundfile.info(files[0]).samplerate == RATE_HZ
    first = [int(np.argmax(np.abs(sound).max(1) > 1e-3)) for sound in (played, recorded)]
    assert all(first), "silence before the note in both"
    count = min(len(played) - first[0], len(recorded) - first[1])
    assert count > 40_000
    assert np.abs(played[first[0]:first[0] + count] - recorded[first[1]:first[1] + count]).max() < 1e-6, "every sample, none lost"


def _passed(client, sample: int) -> bool:
    return client.telemetry().position > sample


def one_note(client) -> np.ndarray:
    """Silence, a note and its end, as the engine gives them out [S, 2]."""
    begin = client.telemetry().position
    for event, until in ({}, 4800), ({"do": "note_on", "note": 64, "velocity": 110}, 40_000), ({"do": "note_off", "note": 64}, 60_000):
        if event:
            client.send(event)
        wait_for(partial(_passed, client, begin + until))
    return client.output_since(begin)[1]
