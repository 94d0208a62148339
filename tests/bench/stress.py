"""Breaks in the captured sound while Python misbehaves inside the audio process, beside those of a native client on the
same server.

    python -m tests.bench.stress [--seconds 60] [--period 128] [--calm]

A break is a period of the recording that does not go on, sample for sample, where the one before ended: for the
engine by comparison with what it says it rendered (its output ring), for the native client by its running count.
Periods that the recorder itself lost count for neither.
"""
import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.audio.rendered import Rendered
from tests.bench.native import Probe, Recording, compile_probe

SITE = Path(__file__).with_name("stress_site")
MOST_REPEATED = 8                   # periods whose buffer may be heard again
MOST_LOST = 400                     # periods after which nobody looks any more for what goes on
COUNT_TURN = 1 << 20                # the native client's ramp starts again


def run(client, jack_client, *, seconds: float, period: int, probe: Path, trouble: Path | None) -> dict:
    """`client`: an engine on the server of `jack_client`; `trouble`: the file that sets off the troublemakers in its process."""
    synth = Probe(probe, "synth", "native")
    recording = Recording(probe, ["HummingFace:out_1", "native:count"], seconds, jack_client)
    before = client.telemetry()
    rendered = Rendered(client)
    if trouble:
        trouble.touch()
        time.sleep(1)
    recording.begin()
    end = time.monotonic() + seconds + 1
    key = 0
    while time.monotonic() < end:       # something is always sounding
        client.send({"do": "note_on", "note": 36 + key % 48, "velocity": 90})
        client.send({"do": "note_off", "note": 36 + (key - 6) % 48})
        key += 5
        time.sleep(0.1)
    sound, times, xruns = recording.end()
    if trouble:
        trouble.unlink()
    position, ours = rendered.end()
    synth.close()
    now = client.telemetry()
    return {"seconds": seconds, "period": period, "breaks_engine": engine_breaks(sound[:, 0], times, position, ours[:, 0], period),
            "breaks_native": native_breaks(sound[:, 1], times, period), "recorder_lost": recorder_lost(times, period),
            "recorder_xruns": xruns, "late_hops": now.late - before.late,
            "hops": round(seconds * 187.5), "underflows_told": now.underruns - before.underruns}


def lost_before(times: np.ndarray, period: int) -> np.ndarray:
    """How many periods the recorder was not called for before each of those that it was [P].

    JACK tells it the time of the period that runs by then. Called late, it is told that of the next one, and then the same once more: it
    was called at the earlier one.
    """
    number = np.r_[0, np.cumsum((np.diff(times) + (1 << 31) & 0xFFFFFFFF) - (1 << 31))] // period
    left = np.arange(len(number))[::-1]
    number = np.minimum.accumulate((number + left)[::-1])[::-1] - left          # each before those that follow
    return np.r_[0, np.diff(number) - 1]


def recorder_lost(times: np.ndarray, period: int) -> int:
    """Periods that the recorder was not called for."""
    return int(lost_before(times, period).sum())


def native_breaks(sound: np.ndarray, times: np.ndarray, period: int) -> int:
    """Periods in which the count does not go on."""
    count = np.round(sound * COUNT_TURN).astype(np.int64)
    lost = lost_before(times, period)
    expected, breaks = None, 0
    for number, begin in enumerate(range(0, len(count) - period + 1, period)):
        block = count[begin:begin + period]
        wanted = block[0] if expected is None else (expected + lost[number] * period) % COUNT_TURN
        if np.array_equal(block, (wanted + np.arange(period)) % COUNT_TURN):
            expected = (wanted + period) % COUNT_TURN
            continue
        breaks += 1
        inside = np.array_equal(block, (block[0] + np.arange(period)) % COUNT_TURN)
        expected = ((block[0] if inside else wanted) + period) % COUNT_TURN
    return breaks


def engine_breaks(sound: np.ndarray, times: np.ndarray, first: int, rendered: np.ndarray, period: int) -> int:
    """Periods in which the sound does not go on with the samples that were rendered next."""
    blocks = sound[:len(sound) // period * period].reshape(-1, period)
    all_lost = lost_before(times, period)
    start = next(i for i, block in enumerate(blocks) if np.abs(block).max() > 1e-4)
    found = np.flatnonzero(rendered[:len(rendered) - period] == blocks[start][0])
    expected = next(int(i) for i in found if np.array_equal(rendered[i:i + period], blocks[start]))
    breaks = 0
    for number in range(start, len(blocks)):
        lost = int(all_lost[number]) if number > start else 0         # periods that were played and not recorded
        for jump in (lost, *range(-MOST_REPEATED, MOST_LOST)):          # else what stood in its buffer before, or it goes on elsewhere
            at = expected + jump * period
            if at >= 0 and np.array_equal(rendered[at:at + period], blocks[number]):
                breaks += jump != lost
                expected = at + period
                break
        else:
            breaks += 1
            expected += (lost + 1) * period
    return breaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--period", type=int, default=128)
    parser.add_argument("--calm", action="store_true", help="without the troublemakers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), options.seconds, options.period, calm=options.calm)))


def measure(folder: Path, seconds: float, period: int, *, calm: bool = False, patch: dict | None = None) -> dict:
    """Start a server and an engine of its own, and run."""
    import jack

    from hummingface.instrument.audio.client import Client
    from tests.audio.conftest import Told
    from tests.jack_server import JackServer
    probe = compile_probe(folder)
    trouble = folder / "trouble"
    server = JackServer(f"audio-stress-{os.getpid()}", period)
    before = {name: os.environ.get(name) for name in ("JACK_DEFAULT_SERVER", "PYTHONPATH", "HUMMINGFACE_STRESS")}
    os.environ |= {"JACK_DEFAULT_SERVER": server.name, "HUMMINGFACE_STRESS": str(trouble),
                   "PYTHONPATH": os.pathsep.join(filter(None, [str(SITE), before["PYTHONPATH"]]))}
    try:
        client = Client(patch=patch, attach=False)
        client.start()
        Told(client).wait(tell="ready", seconds=600)
        helper = jack.Client("helper", no_start_server=True)
        try:
            return run(client, helper, seconds=seconds, period=period, probe=probe, trouble=None if calm else trouble)
        finally:
            helper.close()
            client.close()
    finally:
        server.close()
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


if __name__ == "__main__":
    main()
