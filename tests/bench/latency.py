"""From the true MIDI event to the sound, in frames, in real time, beside a trivial compiled JACK synth.

    python -m tests.bench.latency [--periods 64 128 256] [--notes 300]

Keys are sent by a native client at any frame; another one records both instruments. The trivial synth answers at the
event's exact sample of the period in which it gets it, so what is left of its figure is JACK's own.
"""
import argparse
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from tests.bench.native import Playing, Probe, Recording, compile_probe

GAP_SAMPLES = 9600


def run(jack_client, *, notes: int, period: int, probe: Path, seed: int = 0) -> dict:
    """Frames from event to sound: {"engine": {...}, "native": {...}} with median, p1, p99, spread and how many were heard."""
    random = np.random.default_rng(seed)
    frames = np.arange(notes) * GAP_SAMPLES + 4800 + random.integers(0, 2048, notes)
    events = []
    for frame in frames:
        events += [(int(frame), bytes([0x90, int(random.integers(48, 84)), 100])), (int(frame) + 2400, bytes([0xB0, 120, 0]))]
    seconds = (notes * GAP_SAMPLES + 9600) / 48000
    synth = Probe(probe, "synth", "native")
    recording = Recording(probe, ["HummingFace:out_1", "native:voice"], seconds + 0.5, jack_client)
    playing = Playing(probe, events, ["HummingFace:midi_in", "native:midi_in"], seconds, jack_client)
    recording.begin()
    playing.begin()
    sound, recorded_at, xruns = recording.end()
    played_at = playing.end()
    synth.close()
    true = _times(frames, played_at, period)                 # JACK's time of every event
    where = recorded_at[0] + np.arange(len(sound))
    if len(recorded_at) * period != len(sound) or (np.diff(recorded_at) != period).any():
        where = np.concatenate([t + np.arange(period) for t in recorded_at])[:len(sound)]
    return {"period": period, "recorder_xruns": xruns, "engine": _figures(sound[:, 0], where, true),
            "native": _figures(sound[:, 1], where, true)}


def _times(frames: np.ndarray, period_times: np.ndarray, period: int) -> np.ndarray:
    return period_times[np.minimum(frames // period, len(period_times) - 1)] + frames % period


def _figures(sound: np.ndarray, where: np.ndarray, true: np.ndarray) -> dict:
    jumps = np.abs(np.diff(sound, 2, prepend=[0, 0]))
    delays = []
    for time in true:
        begin = int(np.searchsorted(where, time))
        onset = np.flatnonzero(jumps[begin:begin + 4096] > 1e-7)
        if len(onset):
            delays.append(where[begin + onset[0]] - time)
    heard = np.array(delays)
    return {"heard": len(heard), "of": len(true), "median": float(np.median(heard)), "p1": float(np.percentile(heard, 1)),
            "p99": float(np.percentile(heard, 99)), "lowest": int(heard.min()), "highest": int(heard.max())}


def measure(folder: Path, periods: list[int], notes: int, patch: dict | None = None) -> list[dict]:
    """Start a server and an engine for each period, and run."""
    import jack

    from hummingface.instrument.audio.client import Client
    from tests.audio.conftest import Told
    from tests.jack_server import JackServer
    probe = compile_probe(folder)
    found = []
    before = os.environ.get("JACK_DEFAULT_SERVER")
    for period in periods:
        server = JackServer(f"audio-latency-{os.getpid()}-{period}", period)
        os.environ["JACK_DEFAULT_SERVER"] = server.name
        try:
            client = Client(patch=patch, attach=False)
            client.start()
            Told(client).wait(tell="ready", seconds=600)
            for id_ in ("reverb.mix", "delay.mix", "chorus.mix"):       # so that it is silent before every note
                client.send({"do": "set", "id": id_, "value": 0.0})
            helper = jack.Client("helper", no_start_server=True)
            found.append(run(helper, notes=notes, period=period, probe=probe))
            found[-1]["late"] = client.telemetry().late
            helper.close()
            client.close()
        finally:
            server.close()
    os.environ.pop("JACK_DEFAULT_SERVER") if before is None else os.environ.__setitem__("JACK_DEFAULT_SERVER", before)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--periods", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--notes", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in measure(Path(folder), options.periods, options.notes):
            print(json.dumps(line))


if __name__ == "__main__":
    main()
