"""The pictures of the README: the real window, playing the bundled demo on its real audio process.

    python tests/bench/screenshots.py [docs/images]

Needs neither a screen (Qt draws offscreen) nor a sound card: it starts a JACK server with the dummy driver and ends it.
One picture at twice the size of 1200 x 760 points, one of a larger window.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST_BYTES = 1_200_000    # beyond it 256 colours must do, which bands the glow of the pad and dulls the colour of alarm
PERIOD_SAMPLES = 256
TAKES, NOT_CALM = 3, 3      # takes at most, and the exit status of one with late frames
SCREEN = 4096, 2304          # pixels
SECONDS = 11.0              # until the spectrogram is full
PLANS = {
    "window": {"size": (1200, 760), "ratio": 2, "patch": None, "frame": False},
    "window-large": {"size": (1600, 1000), "ratio": 1, "patch": "Glass Reed", "frame": True},
}


def events(seconds: float) -> list[tuple[float, list[int]]]:
    """The demo's channel messages with their times in seconds."""
    import mido
    found, now = [], 0.0
    with as_file(files("hummingface.assets") / "demo" / "demo.mid") as path:
        for message in mido.MidiFile(path):
            now += message.time
            if now > seconds:
                break
            if not message.is_meta and message.type in ("note_on", "note_off", "control_change", "pitchwheel"):
                found.append((now, [message.bytes()[0] & 0xF0, *message.bytes()[1:]]))
    return found


def take(plan: dict, target: Path) -> bool:
    """Open the window, play, and save what it looks like. Returns whether the machine kept up all the time.

    In a process of its own, as Qt's scale is set once.
    """
    from PIL import Image
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from hummingface.instrument.audio.client import Client
    from hummingface.instrument.gui.widgets import theme
    from hummingface.instrument.gui.window import Window
    from hummingface.instrument.patches import library
    from hummingface.instrument.session.settings import Settings
    app = QApplication([])
    theme.dress(app)
    patch = library.load_patch(plan["patch"])
    window = Window(Client(patch=patch.to_json(), attach=False), patch, Settings())
    window.resize(*plan["size"])
    window.client.start()
    window.show()
    try:
        end = time.monotonic() + 600
        while not window.engine_ready and time.monotonic() < end:
            QTest.qWait(50)
        QTest.qWait(1000)
        window.banner.dismiss()
        window.spectrogram.frame.setChecked(plan["frame"])
        if window.session.corners:
            window.session.set_many({"morph.x": 0.66, "morph.y": 0.62, "morph.amount": 0.4})
        began, score = time.monotonic(), events(SECONDS)
        while (now := time.monotonic() - began) < SECONDS:
            while score and score[0][0] <= now:
                window.client.send({"do": "midi", "bytes": score.pop(0)[1]})
            QTest.qWait(5)
        window.grab().save(str(target))
        calm = window.status.calm
    finally:
        window.close()
    picture = Image.open(target).convert("RGB")
    picture.save(target, optimize=True)
    if target.stat().st_size > LARGEST_BYTES:
        picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target}: {picture.width} x {picture.height}, {target.stat().st_size / 1000:.0f} kB, "
          f"{'calm' if calm else 'with late frames or drop-outs'}", flush=True)
    return calm


def take_calmly(name: str, folder: Path, server: str) -> int:
    """Take a picture, again where the machine had other things to do meanwhile. Returns the exit status."""
    from tests.gui.screens import screen_of
    status = NOT_CALM
    for _ in range(TAKES):
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "JACK_DEFAULT_SERVER": server, "PYTHONPATH": str(ROOT),
                           "QT_QPA_PLATFORM": screen_of(Path(home) / "screen.json", *SCREEN),
                           "QT_SCALE_FACTOR": str(PLANS[name]["ratio"]), "HUMMINGFACE_HOME": home}
            command = [sys.executable, __file__, str(folder), "--only", name, "--child"]
            status = subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode
        if status != NOT_CALM:
            break
    return status


def main() -> int:
    """Take all pictures, or with `--only NAME` one of them. The status is not 0 where one shows late frames or drop-outs."""
    parser = argparse.ArgumentParser(description="Take the README's pictures of the window.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", choices=PLANS)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.folder = args.folder.resolve()
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.child:
        return 0 if take(PLANS[args.only], args.folder / f"{args.only}.png") else NOT_CALM
    sys.path.insert(0, str(ROOT))
    from tests.jack_server import JackServer
    server = JackServer(f"pictures-{os.getpid()}", PERIOD_SAMPLES)
    try:
        return max([take_calmly(name, args.folder, server.name) for name in ([args.only] if args.only else PLANS)])
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
