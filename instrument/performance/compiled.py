"""How this package compiles its functions: without the interpreter's lock, and kept on disk between starts.

numba's own cache looks only at the file that a function stands in, while ours take constants from the table of controls
and the frame. So the name of the cache folder holds a hash of all that they are made of, as in `synthesis/compiled.py`.
"""
import hashlib
import os
from pathlib import Path

import numba
from numba import config

import instrument.parameters
import instrument.synthesis.effects
import instrument.synthesis.state
import models.frame
import models.movement
from instrument.synthesis.compiled import cache_folder

COMPILED_FILES = ("compiled", "controls", "voices", "schedule", "powers", "memory", "gains", "group_motion", "modulation", "gather")
# Not "nnan" and "ninf": comparisons that guard against NaN must survive the optimiser.
FASTMATH = {"reassoc", "contract", "nsz", "arcp", "afn"}


def _sources_hash() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    here = Path(__file__).parent
    others = (instrument.parameters, instrument.synthesis.effects, instrument.synthesis.state, models.frame,
              models.movement)
    for path in (*(here / f"{name}.py" for name in COMPILED_FILES), *(Path(str(module.__file__)) for module in others)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


FOLDER = cache_folder().parent / _sources_hash()
try:
    FOLDER.mkdir(parents=True, exist_ok=True)
    os.utime(FOLDER)                 # folders long unused are removed by `synthesis/compiled.py`
except OSError:
    pass


def compiled(function):
    """Decorator: `numba.njit` with this package's options."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(FOLDER)
    try:
        return numba.njit(nogil=True, cache=True, fastmath=FASTMATH, error_model="numpy")(function)
    finally:
        config.CACHE_DIR = before
