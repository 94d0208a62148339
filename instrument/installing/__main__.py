"""Installs what the Makefile needs: `python -m hummingface.instrument.installing play|train|dev [--constraints FILE] [--cuda]`.

Each step is reported. Where one fails, the installation stops and names the package, the step and the reason; the same command resumes it.
"""
import argparse
import contextlib
import logging
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from hummingface.instrument.installing import training_extra
from hummingface.instrument.installing.broken_packages import forget_broken
from hummingface.instrument.installing.steps import INSTALL, InstallError, Step, run

PROJECT = Path(__file__).resolve().parents[2]
ENGINE = ("numpy", "scipy", "numba", "safetensors", "platformdirs")         # what compiling needs: it begins while the rest is fetched


def say(text: str) -> None:
    print(text, flush=True)


def begin_log() -> None:
    """Log into a file, as all processes of ours do, if what that stands on is installed."""
    if not logging.getLogger().handlers:
        with contextlib.suppress(ImportError):
            from hummingface.instrument.logs import log_files
            log_files.begin("install")


def play(constraints: list[str]) -> None:
    """Installs the instrument and everything that playing needs."""
    for name in forget_broken():
        say(f"{name} was incompletely installed: it is installed again.")
    say("Installing what makes the sound ...")
    run(Step("what makes the sound", [*INSTALL, *constraints, *ENGINE]))
    begin_log()
    compiling = _compile_behind()
    say("Installing the window, MIDI, and HummingFace itself ...")
    try:
        run(Step("the window, MIDI, and HummingFace itself", [*INSTALL, *constraints, "-e", str(PROJECT)]))
    except InstallError:
        compiling.kill()
        raise
    _midi()


def _compile_behind() -> subprocess.Popen:
    """Starts compiling for this machine in the background; `play` waits for the parts it needs."""
    return subprocess.Popen([sys.executable, "-m", "hummingface.instrument.audio.precompile"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT)


def _midi() -> None:
    """Installs python-rtmidi where it has no wheel, if everything needed to compile it is there. Otherwise MIDI comes through PortMidi or
    JACK.
    """
    include = Path(sysconfig.get_path("include")) / "Python.h"
    if sys.version_info < (3, 13) or not (include.exists() and Path("/usr/include/alsa/asoundlib.h").exists() and _has_compiler()):
        return
    say("Compiling python-rtmidi ...")
    try:
        run(Step("python-rtmidi", [*INSTALL, "python-rtmidi>=1.5"]))
    except InstallError as error:
        say(f"{error} MIDI goes through PortMidi instead.")


def _has_compiler() -> bool:
    return all(shutil.which(program) for program in ("g++", "pkg-config"))      # pkg-config: without it ALSA is not found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hummingface.instrument.installing")
    parser.add_argument("what", choices=("play", "train", "dev"))
    parser.add_argument("--constraints", type=Path)
    parser.add_argument("--cuda", action="store_true")
    args = parser.parse_args()
    constraints = ["-c", str(args.constraints)] if args.constraints else []
    begin_log()
    try:
        if args.what == "play":
            play(constraints)
        elif args.what == "train":
            training_extra.install(say, constraints=args.constraints, cuda=args.cuda)
        else:
            say("Installing what the tests need ...")
            run(Step("what the tests need", [*INSTALL, *constraints, "-e", f"{PROJECT}[dev]"]))
    except InstallError as error:
        if os.environ.get("VERBOSE"):
            print(error.output, file=sys.stderr)
        print(f"\nInstalling stopped. {error}\nThe same command resumes it; with VERBOSE=1 it shows the installer's output.",
              file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
