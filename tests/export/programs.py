"""Real programs that play and read what was exported: polyphone makes a SoundFont of an SFZ instrument, fluidsynth plays that."""
import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

RATE_HZ = 48000
CUT_MS = 20                                                         # before the next note: fluidsynth works in blocks


def need(*programs: str) -> None:
    """Skips the test where one is not installed."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: apt-get install {program}")


def soundfont(sfz: Path, folder: Path, name: str = "made") -> Path:
    """The SF2 that polyphone makes of an SFZ instrument."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    done = subprocess.run(["polyphone", "-1", "-i", str(sfz), "-d", str(folder), "-o", name], capture_output=True, text=True,
                          env=environment, timeout=120)
    made = folder / f"{name}.sf2"
    assert made.exists(), done.stdout + done.stderr
    return made


def played(sf2: Path, notes: list[tuple[int, int, float]], folder: Path, rest_s: float = 0.5) -> list[np.ndarray]:
    """What fluidsynth makes of (key, velocity, seconds) one after the other, with no room: float [S, 2] of each, and the rest after it."""
    ticks = 1000                                                    # a second
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])
    for key, velocity, seconds in notes:
        track.append(mido.Message("note_on", note=key, velocity=velocity, time=0))
        track.append(mido.Message("note_off", note=key, time=round(seconds * ticks)))
        track.append(mido.Message("control_change", control=7, value=100, time=round(rest_s * ticks) - CUT_MS - 1))
        track.append(mido.Message("control_change", control=120, value=0, time=1))       # nothing of it in the next note
        track.append(mido.Message("control_change", control=7, value=100, time=CUT_MS))
    file = mido.MidiFile(ticks_per_beat=ticks, type=0)
    file.tracks.append(track)
    file.save(folder / "notes.mid")
    wav = folder / "played.wav"
    subprocess.run(["fluidsynth", "-ni", "-q", "-r", str(RATE_HZ), "-R", "0", "-C", "0", "-g", "1", "-T", "wav", "-O", "float",
                    "-F", str(wav), str(sf2), str(folder / "notes.mid")], check=True, capture_output=True, timeout=300)
    sound, rate_hz = soundfile.read(wav, always_2d=True)
    assert rate_hz == RATE_HZ
    begins = np.cumsum([0.0] + [seconds + rest_s for _, _, seconds in notes])
    return [sound[round(a * RATE_HZ):round(b * RATE_HZ)] for a, b in pairwise(begins)]
