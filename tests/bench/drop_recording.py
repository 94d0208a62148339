"""How long a recording that is dropped on the window takes to become a sound that plays, and what that costs what sounds meanwhile.

    python -m tests.bench.drop_recording [FILE...] [--data ../shared/data] [--each 4] [--json FILE]

The real window on its real audio process, offscreen, with the helper warm, as it is when a drag has come over the window. A file is
dropped as the system drops it; `found` is when its sound is loaded (the engine has been told), `heard` when a note pressed then sounds.
A chord is held all the time: late hops and notes are counted from the drop until its sound is loaded, and for as long without a drop.
FILES are by default `--each` of every folder of `--data`, evenly.
"""
import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
PATIENCE_S = 600
CHORD = (36, 43, 48, 55, 64, 67, 72)
SUFFIXES = (".wav", ".flac")


def recordings(data: Path, each: int) -> list[Path]:
    """Some of every folder of real notes."""
    found: list[Path] = []
    for folder in sorted(path for path in data.glob("*") if path.is_dir()):
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        found += [files[round(i * (len(files) - 1) / max(1, each - 1))] for i in range(min(each, len(files)))]
    return found


def measure(files: list[Path]) -> dict[str, list]:
    """{"found" | "heard": seconds of each, "late" | "late_alone": late hops and notes of each, "refused": reasons}"""
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from hummingface.instrument.audio.client import Client
    from hummingface.instrument.gui.widgets import theme
    from hummingface.instrument.gui.window import Window
    from hummingface.instrument.patches import library
    from hummingface.instrument.session.settings import Settings
    from tests.gui.player import sounding
    from tests.gui.test_takes import drop
    app = QApplication([])
    theme.dress(app)
    patch = library.load_patch()
    window = Window(Client(patch=patch.to_json(), attach=False), patch, Settings())

    def wait(condition) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("the window or its processes did not answer")
            QTest.qWait(2)
    found: dict[str, list] = {"found": [], "heard": [], "late": [], "late_alone": [], "refused": []}
    window.client.start()
    window.show()
    try:
        wait(lambda: window.engine_ready)
        new, made = window.recordings.new_sound, []
        new.made.connect(made.append)
        new.warm()
        wait(lambda: new.warm_for)
        for file in files:
            made.clear()
            for key in CHORD:
                window.note_input.press(key, 90, "chord")
            QTest.qWait(500)
            late, began = window.client.telemetry().late, time.monotonic()
            drop(window, file)
            wait(lambda: made or not new.busy)
            found["late"].append(window.client.telemetry().late - late)
            if not made:
                found["refused"].append(f"{file.name}: {window.banner.text.text()}")
                continue
            found["found"].append(time.monotonic() - began)
            window.note_input.press(60, 100, "bench")
            wait(lambda: 60 in sounding(window))
            found["heard"].append(time.monotonic() - began)
            window.note_input.release(60, "bench")
            wait(lambda: 60 not in sounding(window))
            QTest.qWait(1500)                                   # it measures the distance, and is warm again
            late = window.client.telemetry().late
            QTest.qWait(round(1000 * found["found"][-1]))
            found["late_alone"].append(window.client.telemetry().late - late)
            for key in CHORD:
                window.note_input.release(key, "chord")
    finally:
        window.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="From a dropped recording to a sound that plays.")
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    files = args.files or recordings(args.data, args.each)
    if not files:
        print(f"{args.data}: no recordings there; name some.", file=sys.stderr)
        return 1
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HUMMINGFACE_HOME"], os.environ["PYTHONPATH"] = home, str(ROOT)
        found = measure(files)
    for reason in found["refused"]:
        print("refused:", reason)
    for kind in ("found", "heard"):
        if times := found[kind]:
            print(f"{kind}: median {statistics.median(times):.2f} s, {min(times):.2f} to {max(times):.2f} s, {len(times)} recordings")
    print(f"late hops and notes of a chord that sounds: {sum(found['late'])} while recordings are dropped, {sum(found['late_alone'])} "
          "for as long without")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if found["found"] else 1


if __name__ == "__main__":
    sys.exit(main())
