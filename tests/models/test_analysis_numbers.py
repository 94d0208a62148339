"""The analysis of made notes gives the numbers that it gave in torch, which `analysis.json` keeps."""
import json
from pathlib import Path

import numpy as np
import pytest

from hummingface.models.analysis.targets import smooth_note
from tests.models.analysis_notes import made_notes, values_of

KNOWN = json.loads(Path(__file__).with_name("analysis.json").read_text())
WITHIN = 1e-3                          # dB, cents, Hz, radians, and the frame's other units


@pytest.mark.parametrize("name", KNOWN)
def test_frames_are_those_that_are_known(name):
    found, known = values_of(smooth_note(*made_notes()[name])), KNOWN[name]
    for what in known:
        ours, theirs = (np.array(values[what], np.float64) for values in (found, known))
        assert ours.shape == theirs.shape and (np.isnan(ours) != np.isnan(theirs)).sum() <= 2, f"{what}: heard alike"
        assert np.nanmax(np.abs(ours - theirs), initial=0) < WITHIN, what
