"""An NSynth folder of notes that say what they are by how they sound: key by pitch, family by how many harmonics."""
import json

import numpy as np
import soundfile as sf

from hummingface.models.playing import stft

FAMILIES = {"bass": 3, "flute": 1, "organ": 6}                          # how many harmonics each has
QUALITY = ("bright", "dark", "distortion", "fast_decay", "long_release", "multiphonic", "nonlinear_env", "percussive", "reverb",
           "tempo-synced")


def written(folder):
    """Nine notes, as NSynth's archives have them."""
    (folder / "audio").mkdir()
    examples, t = {}, np.arange(stft.SAMPLES) / stft.RATE_HZ
    for number, (family, harmonics) in enumerate(FAMILIES.items()):
        for pitch in (48, 55, 60):
            name = f"{family}_synthetic_{number:03d}-{pitch:03d}-100"
            f0 = 440 * 2 ** ((pitch - 69) / 12)
            sound = sum(np.sin(2 * np.pi * k * f0 * t + k) for k in range(1, harmonics + 1)) / harmonics * np.clip((3.2 - t) / 0.2, 0, 1)
            sf.write(folder / "audio" / f"{name}.wav", 0.5 * sound, stft.RATE_HZ, subtype="PCM_16")
            examples[name] = {"note_str": name, "pitch": pitch, "velocity": 100, "instrument_str": f"{family}_synthetic_{number:03d}",
                              "instrument_family_str": family, "instrument_source_str": "synthetic", "sample_rate": stft.RATE_HZ,
                              "qualities": [int(q == ("bright" if family == "organ" else "dark")) for q in QUALITY]}
    (folder / "examples.json").write_text(json.dumps(examples))
