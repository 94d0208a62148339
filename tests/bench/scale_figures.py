"""How far keys are from their pitches in twenty scales: in what the audio thread gets of all keys, and in the sound of a factory preset.

    python -m tests.bench.scale_figures [--preset NAME] [--json FILE]

The scales are those of tests/scales.py, read from .scl files; their pitches are computed there apart from the instrument. Of the first kind
are the frequencies of the first harmonic in the newest hop, for a model without deviations, on all keys between 10 Hz and 0.44 of the rate.
Of the second, the periods of every seventh key from 36 to 96, as tests/bench/tuning.py finds them.
"""
import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from tests import scales
from tests.bench.tuning import DRY, HEARD_S, period_hz
from tests.performance.conftest import PlainModel

RATE_HZ = 48_000
LOWEST_HZ, HIGHEST_SHARE = 10.0, 0.44


def hz_of(pitch: float) -> float:
    return 440 * 2 ** ((pitch - 69) / 12)


def published_cents(name: str, tuning) -> list[float]:
    """Of all keys of a scale: how far the first harmonic in the newest hop is from the key's pitch."""
    from hummingface.instrument.offline.player import Player
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.instrument.performance.messages.midi import NoteOn, Panic, Set
    from hummingface.instrument.synthesis.state import HOPS
    player = Player(FrameSource(PlainModel()), Patch("Plain", "Plain", (0.0,) * 16, {"reverb.mix": 0.0}, tuning=tuning), rate_hz=RATE_HZ)
    player.performer.receive(Set("master.voices", 128), 0)
    found = []
    for first in (0, 64):
        for key in range(first, first + 64):
            player.performer.receive(NoteOn(0, key, 100), player.position)
        player.render(RATE_HZ // 10)
        hop = player.state[0]["hops"][player.performer.hop % HOPS]
        for place in range(int(hop["count"])):
            key = int(player.performer.voices.key[int(hop["slot"][place])])
            wanted = hz_of(scales.pitch(name, key))
            if LOWEST_HZ < wanted < HIGHEST_SHARE * RATE_HZ:
                partials = hop["partials"][place, int(hop["rows"][place]) - 1]
                heard = float(partials[2, np.flatnonzero(partials[0] > 0)[0]])
                found.append(1200 * float(np.log2(heard / wanted)))
        player.performer.receive(Panic(), player.position)
        player.render(RATE_HZ // 20)
    return found


def heard_cents(name: str, tuning, model, preset: str) -> list[float]:
    """Of some keys of a scale: how far the period of a preset's sound is from the key's; NaN where it has none."""
    from hummingface.instrument.offline.player import Player
    from hummingface.instrument.patches.patch import Patch
    from hummingface.instrument.performance.frame_source import FrameSource
    from hummingface.instrument.performance.messages.midi import NoteOn, Panic
    patch = Patch(preset, model.name, tuple(model.presets[preset]), DRY, tuning=tuning)
    player, found = Player(FrameSource(model), patch, rate_hz=RATE_HZ), []
    for key in range(36, 97, 7):
        if not 40 < (wanted := hz_of(scales.pitch(name, key))) < 2500:
            continue
        player.performer.receive(NoteOn(0, key, 100), player.position)
        sound = player.render(round(HEARD_S * RATE_HZ)).mean(1)
        player.performer.receive(Panic(), player.position)
        player.render(RATE_HZ // 10)
        found.append(1200 * float(np.log2(period_hz(sound, RATE_HZ, wanted) / wanted)))
    return found


def main() -> None:
    from hummingface.instrument.patches import library
    from hummingface.instrument.patches.scale_tuning import of_files
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="Grand Piano")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    model, figures = library.load_model(None), {}
    with tempfile.TemporaryDirectory() as folder:
        for name in scales.NOTES:
            tuning = of_files([scales.write(folder, name)])
            published, heard = np.abs(published_cents(name, tuning)), np.abs(heard_cents(name, tuning, model, args.preset))
            figures[name] = {"keys": len(published), "worst_cents": float(published.max()), "heard": int(np.isfinite(heard).sum()),
                             "heard_median_cents": float(np.nanmedian(heard)), "heard_worst_cents": float(np.nanmax(heard))}
            print(name, json.dumps({key: round(value, 5) for key, value in figures[name].items()}), flush=True)
    worst = {kind: max(of[kind] for of in figures.values()) for kind in ("worst_cents", "heard_median_cents", "heard_worst_cents")}
    print(json.dumps(worst))
    if args.json:
        args.json.write_text(json.dumps(figures | {"worst": worst}, indent=1) + "\n")


if __name__ == "__main__":
    main()
