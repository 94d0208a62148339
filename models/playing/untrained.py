"""Models with random weights that give a plausible, decaying harmonic tone: for tests and for trying the engine."""
import numpy as np

from hummingface.models.playing.frame import DEVIATION, GROUPS, LEVEL, LEVEL_FLOOR_DB, NOISE, RELEASE, SLOT_RATIO, STEADY, VIBRATO
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape, tensor_shapes
from hummingface.models.playing.stereo import BALANCE, COHERENCE
from hummingface.models.playing.stft_model import StftModel
from hummingface.models.playing.stft_shape import StftShape, stft_tensor_shapes

CARRY = 6.0                       # far from 0, SiLU is the identity


def untrained(latents: int = 16, seed: int = 0, width: int = 384, encoder_width: int | None = None, stereo: bool = False) -> Model:
    """One hidden unit carries the seconds through every layer; the rest is random, coloured by z. `stereo`: balances within 6 dB and
    coherences from -0.5 to 1, each group's its own."""
    shape = Shape(latents=latents, width=width, stereo=stereo)
    rng = np.random.default_rng(seed)
    weights = {name: (rng.standard_normal(size) / size[-1] ** 0.5 if name.endswith("weight") else np.zeros(size)).astype(np.float32)
               for name, size in tensor_shapes(shape, encoder_width).items()}
    last = f"decoder.note_net.{2 * shape.note_depth}"
    note, note_bias, time_in = weights[f"{last}.weight"], weights[f"{last}.bias"], weights["decoder.time_in.weight"]
    note[:shape.time_depth * width:width] = 0                           # the time-carrying units have no other inputs
    note_bias[0] = CARRY
    time_in[0] = np.eye(1, time_in.shape[1])                            # seconds, -1..1
    for i in range(shape.time_depth - 1):
        layer = weights[f"decoder.time_net.{i}.weight"]
        layer[1:, 0] = 0
        layer[0] = np.eye(1, width)
    out, bias = weights["decoder.out.weight"], weights["decoder.out.bias"]
    out[:, 0] = 0
    level = -24 - 9 * np.log2(SLOT_RATIO + 0.5)
    level[128:] = LEVEL_FLOOR_DB
    fall = 15 * np.minimum(1 + SLOT_RATIO / 8, 3)
    out[LEVEL] *= 4
    out[LEVEL, 0] = -fall
    bias[LEVEL] = level + (CARRY - 1) * fall
    out[DEVIATION] = 0
    out[NOISE] *= 2
    out[NOISE, 0] = -20
    bias[NOISE] = -75 + 20 * (CARRY - 1)
    steady = shape.steady_in_note
    note[steady.start:] = 0
    note_bias[steady][VIBRATO.start - STEADY.start:VIBRATO.stop - STEADY.start] = 0.0, 5.0, 0.0
    note_bias[steady][RELEASE.start - STEADY.start:] = np.log2(0.3)
    if stereo:
        note_bias[steady.stop:][BALANCE] = rng.uniform(-6, 6, GROUPS)
        note_bias[steady.stop:][COHERENCE] = rng.uniform(-0.5, 1, GROUPS)
    points = rng.standard_normal((6, latents)).clip(-3, 3)
    presets = {f"Untrained {i + 1}": [round(float(x), 4) for x in z] for i, z in enumerate(points)}
    card = {"name": "Untrained", "longest_s": 4.0, "velocities": [1, 127], "architecture": shape.as_dict(),
            "presets": {name: {"z": z, "family": "keys", "sustained": False, "gain_db": 0.0}
                        for name, z in presets.items()}}
    return Model("Untrained", card, shape, weights, presets)


def untrained_notes(lowest: int = 60, highest: int = 60, latents: int = 16, seed: int = 0, width: int = 8) -> StftModel:
    """Whole notes of random weights: a steady buzz on the harmonics of its key, coloured by z, and a little noise."""
    shape = StftShape(latents, width, lowest, highest, encoder=False)
    rng = np.random.default_rng(seed)
    weights = {name: np.zeros(size, np.float32) if name.endswith("bias") else
               (rng.standard_normal(size) / np.prod(size[1:]) ** 0.5).astype(np.float32)
               for name, size in stft_tensor_shapes(shape).items()}
    weights["generator.4.bias"][0] = 5.0                                # the tone's real part
    weights["generator.4.weight"][:, :2] *= 30
    weights["generator.4.weight"][:, 2:] *= 0.1
    points = rng.standard_normal((4, latents)).clip(-3, 3)
    presets = {f"Untrained {i + 1}": [round(float(x), 4) for x in z] for i, z in enumerate(points)}
    card = {"name": "Untrained notes", "longest_s": 4.0, "architecture": shape.as_dict(), "pitches": [lowest, highest],
            "presets": {name: {"z": z, "family": "keys", "sustained": True, "gain_db": 0.0} for name, z in presets.items()}}
    return StftModel("Untrained notes", card, shape, weights, presets)
