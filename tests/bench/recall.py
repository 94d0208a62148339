"""What recalling a take costs the engine that sounds: `python -m tests.bench.recall [--events 50000] [--lead 30] [--times 8]`.

The real audio process on a JACK server's dummy driver holds a chord. A take of so many events, which begins so many seconds after its
snapshot, is recalled again and again; in turn as long passes without. Late hops of either are counted until the take's engine takes over.
"""
import argparse
import json
import struct
import time
from pathlib import Path

from tests.bench.kill_recording import engine_of_its_own, wait

CHORD = (36, 43, 48, 52, 55, 60, 64, 67)
RATE_HZ = 48_000
LONGEST_S = 120.0


def made_denser(take: Path, events: int, lead_s: float) -> Path:
    """A copy of a take with so many more events, a player's knobs, and so long a rest before it."""
    import zlib

    from hummingface.instrument.recording import riff
    raw, out = take.read_bytes(), take.with_name("dense.wav")
    packed = riff.read_chunk(take, riff.TAKE_CHUNK, 1 << 24)
    assert packed is not None
    head, *lines = zlib.decompress(packed).splitlines()
    about = json.loads(head)
    late = about["begin"] - about["moment"]["sample"]
    shift = max(0, round(lead_s * RATE_HZ) - late)
    about["begin"] += shift
    moved = []
    for line in lines:
        event = json.loads(line)
        moved.append(json.dumps(event | {"sample": event["sample"] + shift} if "sample" in event else event).encode())
    first = about["begin"]
    dense = [json.dumps({"sample": first + i, "event": "Set", "id": "reverb.mix", "value": i % 10 / 20}).encode() for i in range(events)]
    log = zlib.compress(b"\n".join([json.dumps(about).encode(), *dense, *moved]) + b"\n")
    at = raw.rindex(packed) - 8
    size = at + 8 + len(log) + len(log) % 2
    out.write_bytes(b"RIFF" + struct.pack("<I", size - 8) + raw[8:at] + riff.chunk(riff.TAKE_CHUNK, log))
    return out


def measure(client, told: list[dict], dense: Path, times: int) -> dict[str, list]:
    """{"recalled", "alone": late hops and notes of each time, "seconds": how long each recall took}"""
    found: dict[str, list] = {"recalled": [], "alone": [], "seconds": []}
    for _ in range(times):
        for key in CHORD:
            client.send({"do": "note_on", "note": key, "velocity": 90})
        time.sleep(0.5)
        before_recall, began = client.telemetry().late, time.monotonic()
        told.clear()
        client.send({"do": "recall", "path": str(dense)})
        late = before_recall
        while not any(message["tell"] == "patch" for message in told):
            late = max(late, client.telemetry().late)           # that of the engine that sounds; the take's has a block of its own
            told += client.poll()
            if time.monotonic() > began + LONGEST_S:
                raise SystemExit(f"the take was not recalled: {[m for m in told if m['tell'] == 'error']}")
            time.sleep(0.001)
        seconds = time.monotonic() - began
        client.send({"do": "panic"})
        for key in CHORD:
            client.send({"do": "note_on", "note": key, "velocity": 90})
        time.sleep(0.5)
        before = client.telemetry().late
        time.sleep(seconds)
        found["recalled"].append(late - before_recall)
        found["alone"].append(client.telemetry().late - before)
        found["seconds"].append(round(seconds, 2))
        client.send({"do": "panic"})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--lead", type=float, default=30.0, help="seconds between snapshot and take")
    parser.add_argument("--times", type=int, default=8)
    args = parser.parse_args()
    with engine_of_its_own("recall") as (patch, home):
        from hummingface.instrument.audio.client import Client
        client, told = Client(patch=patch, attach=False), []
        try:
            client.start()
            wait(client, told, "ready")
            client.send({"do": "record", "on": True, "folder": str(home), "format": "wav24"})
            wait(client, told, "recording")
            client.send({"do": "note_on", "note": 60, "velocity": 100})
            time.sleep(2)
            client.send({"do": "note_off", "note": 60})
            client.send({"do": "record", "on": False, "folder": None, "format": "wav24"})
            take = Path(wait(client, told, "take")["path"])
            found = measure(client, told, made_denser(take, args.events, args.lead), args.times)
        finally:
            client.close()
    shortest_s, longest_s = min(found["seconds"]), max(found["seconds"])
    print(f"{args.times} recalls of {args.events:,} events after {args.lead:g} s, each {shortest_s} to {longest_s} s: late hops and notes "
          f"of what sounds {sum(found['recalled'])}; as long without: {sum(found['alone'])}")


if __name__ == "__main__":
    main()
