"""The engine's memory over patch and model changes: `python -m tests.bench.engine_memory [--minutes 60] [--json FILE]`.

The real audio process on a real JACK server (dummy driver) is played without a pause, and changes its patch every `CHANGE_S`: through
all factory patches, in an order that is the same each time, whose models are more than the bank keeps, and every `RENEWED`th time the
model is read from its file again. Twice a minute it is written down what the process holds: all that is in memory (RSS), what is its own
alone (USS: without the libraries' files that other processes share), threads and open files. Once settled, all of it is to stay flat;
the status is 1 where it does not.
"""
import argparse
import json
import random
import sys
import time
from pathlib import Path

import numpy as np
import psutil

CHANGE_S, STEP_S, LOOK_S = 2.0, 0.25, 30.0
RENEWED = 7
SETTLED_S = 900.0               # every buffer of whole notes has been used by then, every model read again, every function compiled
FLAT_MB_A_MINUTE = 0.25         # 15 MB an hour


def look(process: psutil.Process, began_s: float) -> dict:
    """What the process holds now."""
    memory = process.memory_full_info()
    return {"minutes": round((time.monotonic() - began_s) / 60, 2), "rss_mb": memory.rss / 1e6, "uss_mb": memory.uss / 1e6,
            "threads": process.num_threads(), "files": process.num_fds()}


def growth(rows: list[dict], name: str) -> float:
    """By how much it grows a minute: the slope of a line through the rows."""
    return float(np.polyfit([row["minutes"] for row in rows], [row[name] for row in rows], 1)[0]) if len(rows) > 1 else 0.0


class Player:
    """Notes without an end, and a patch after the other."""

    def __init__(self, client) -> None:
        from hummingface.instrument.patches import library
        self._client, self._chance, self.changes = client, random.Random(1), 0
        self._patches = [library.load_patch(entry.path) for entry in library.patches() if entry.factory]
        self._waiting: list = []

    def strike(self) -> None:
        """The next note, and the end of an earlier one."""
        key = self._chance.randrange(36, 84)
        self._client.send({"do": "note_on", "note": key, "velocity": self._chance.randrange(30, 120)})
        for other in range(36, 84):
            if other != key and self._chance.random() < 0.2:
                self._client.send({"do": "note_off", "note": other})

    def change(self) -> None:
        """The next patch."""
        if not self._waiting:
            self._waiting = self._chance.sample(self._patches, len(self._patches))
        patch, self.changes = self._waiting.pop(), self.changes + 1
        if self.changes % RENEWED == 0:
            self._client.send({"do": "renew", "model": patch.model})
        self._client.send({"do": "patch", "patch": patch.to_json()})


def main() -> int:
    parser = argparse.ArgumentParser(description="Change patches and models for long, and watch the engine's memory.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    from tests.bench.kill_recording import engine_of_its_own, wait
    with engine_of_its_own("engine-memory"):
        from hummingface.instrument.audio.client import Client
        client = Client(attach=False)
        rows: list[dict] = []
        told: list[dict] = []
        try:
            client.start()
            wait(client, told, "ready")
            player, began_s = Player(client), time.monotonic()
            process = psutil.Process(client._link.process.pid)
            changed_s = looked_s = -np.inf
            while (now_s := time.monotonic() - began_s) < args.minutes * 60:
                player.strike()
                if now_s - changed_s >= CHANGE_S:
                    changed_s = now_s
                    player.change()
                if now_s - looked_s >= LOOK_S:
                    looked_s = now_s
                    rows.append({**look(process, began_s), "changes": player.changes})
                    print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
                client.poll()
                time.sleep(STEP_S)
            rows.append({**look(process, began_s), "changes": player.changes})
        finally:
            client.close()
    settled = [row for row in rows if row["minutes"] * 60 >= SETTLED_S] or rows
    grown = {name: growth(settled, name) for name in ("rss_mb", "uss_mb", "threads", "files")}
    first, last = settled[0], settled[-1]
    print(f"{last['minutes']:.1f} minutes, {last['changes']} changes of patch: RSS {first['rss_mb']:.1f} to {last['rss_mb']:.1f} MB "
          f"(at most {max(row['rss_mb'] for row in rows):.1f}, {grown['rss_mb']:+.2f} MB a minute), of its own {first['uss_mb']:.1f} to "
          f"{last['uss_mb']:.1f} MB ({grown['uss_mb']:+.2f}); threads {first['threads']} to {last['threads']}, files {first['files']} to "
          f"{last['files']}")
    if args.json:
        args.json.write_text(json.dumps({"rows": rows, "growth_a_minute": grown}, indent=1))
    return 0 if grown["uss_mb"] < FLAT_MB_A_MINUTE and last["threads"] <= first["threads"] and last["files"] <= first["files"] else 1


if __name__ == "__main__":
    sys.exit(main())
