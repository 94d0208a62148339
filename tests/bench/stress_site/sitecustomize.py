"""Put on the audio process's path by `stress.py`: troublemakers inside it, once the file that `HUMMINGFACE_STRESS` names is there.

A busy pure-Python thread, an allocation storm, and a `gc.collect()` every second. Nothing of this is in the instrument itself.
"""
import os
import sys
import threading
import time


def _wait_and_make_trouble(file: str) -> None:
    while not os.path.exists(file):
        time.sleep(0.05)
    for trouble in (_busy, _storm, _collect):
        threading.Thread(target=trouble, args=(file,), daemon=True).start()


def _busy(file: str) -> None:
    n = 0
    while n % 1_000_000 or os.path.exists(file):
        n += 1


def _storm(file: str) -> None:
    while os.path.exists(file):
        kept = [{"n": [i] * 50, "s": str(i) * 20} for i in range(20_000)]
        del kept


def _collect(file: str) -> None:
    import gc
    while os.path.exists(file):
        gc.collect()
        time.sleep(1)


if "hummingface.instrument.audio.process.server" in sys.orig_argv and os.environ.get("HUMMINGFACE_STRESS"):
    threading.Thread(target=_wait_and_make_trouble, args=(os.environ["HUMMINGFACE_STRESS"],), daemon=True).start()
