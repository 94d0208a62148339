"""Real notes through the analysis and back, with no network between: they stay within measured distances."""
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from hummingface.models.analysis.harmonic import analyse
from hummingface.models.analysis.motion import smooth
from hummingface.models.analysis.reference import synthesise
from hummingface.train.notes.note import as_heard
from hummingface.train.notes.soundfont import NoteSpec, render

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
MEASURE = Path(__file__).parents[2] / "../shared/measure/sound_distance.py"
NOTES = {"piano": NoteSpec(0, 57, 100, 1.2, 0.5), "bass": NoteSpec(33, 36, 100, 1.2, 0.5), "flute": NoteSpec(73, 74, 100, 1.2, 0.5),
         "strings": NoteSpec(48, 57, 100, 2.6, 0.2)}
pytestmark = [
    pytest.mark.skipif(not SOUNDFONT.exists() or not shutil.which("fluidsynth"), reason="needs fluidsynth and FluidR3_GM.sf2"),
    pytest.mark.skipif(not MEASURE.exists(), reason="needs ../shared/measure/sound_distance.py"),
]


@pytest.fixture(scope="module")
def distance():
    spec = importlib.util.spec_from_file_location("sound_distance", MEASURE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda ref, out, rate: module.distance(ref.reshape(len(ref), -1), out.reshape(len(out), -1), rate)


@pytest.fixture(scope="module")
def notes():
    return {spec: as_heard(audio) for spec, audio in render(list(NOTES.values()), SOUNDFONT)}


@pytest.mark.parametrize(("name", "most"), [
    ("piano", {"mel": 1.0, "act60": 4.5, "onset_env": 2.0}), ("bass", {"mel": 0.9, "act60": 3.0, "onset_env": 4.0}),
    ("flute", {"mel": 1.9, "act60": 7.0, "onset_env": 1.2}),
])
def test_raw_frames(name, most, notes, distance):
    spec = NOTES[name]
    audio = notes[spec]
    note = analyse(audio, 48000, spec.pitch, spec.hold_s)
    assert abs(1200 * np.log2(note.f0_hz / 440) - 100 * (spec.pitch - 69)) < 25
    figures = distance(audio.astype(float), synthesise(note, 48000, motion=False).astype(float), 48000)
    assert {k: round(figures[k], 2) for k in most if figures[k] > most[k]} == {}


def test_smooth_frames_live(notes, distance):
    spec = NOTES["strings"]
    note = smooth(analyse(notes[spec], 48000, spec.pitch, spec.hold_s))
    moving, still = (distance(notes[spec].astype(float), synthesise(note, 48000, motion=m).astype(float), 48000)["motion"]
                     for m in (True, False))
    assert moving < 0.7 * still
