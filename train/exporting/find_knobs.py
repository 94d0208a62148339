"""Finds named knobs for any model: which direction among its latents is brighter, and how reliably.

For a conditional model they are its conditions. For an autoencoder they are measured. Around each preset pairs of opposite steps are
decoded at random keys, and their characteristics measured; least squares gives the slope: the direction in which a characteristic changes
most for the smallest step. It differs from preset to preset (docs/decisions/knobs.md). A family's direction leads from the mean of all
presets to its own.
"""
import numpy as np

from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.frame import FRAME_SIZE
from hummingface.models.playing.knobs import KnobDirection, with_offsets
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import ModelError
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.characteristics import CHARACTERISTICS, measure

KEYS = np.arange(36.0, 85.0)
VELOCITY, HOLD_S = 100.0, 2.0
PAIRS_PER_LATENT, STEP = 5.0, 0.6     # of opposite steps around each preset; deviation of a step in each latent
MOST_PAIRS = 130                      # twice as many as 64 latents have: a model of hundreds of presets takes minutes
CLIPPED = 1.5                         # deviations among the presets: a pair that differs by more is weighted no more
RIDGE = 0.1
UNIT = 0.5                            # latents that a knob moves for each of its units
SWEEP = np.linspace(-2, 2, 5)         # values at which a knob is tried
LEAST, LEAST_EACH = 0.9, 0.3          # rank correlations: a measured direction that does less is not offered
TRIED, TRIED_EACH = 192, 4             # notes that it is tried on, at most; and of each preset, at most


def notes_of(model: Model, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray | None = None) -> np.ndarray:
    """Whole notes [M, ROWS, FRAME_SIZE] on the rows of the note image. z [M, L], pitch [M], velocity [M] (by default VELOCITY)"""
    times = row_times_s()
    out = np.empty((len(z), ROWS, FRAME_SIZE), np.float32)
    velocity = np.full(len(z), VELOCITY) if velocity is None else velocity
    for i, (one, key, stroke) in enumerate(zip(z, pitch, velocity, strict=True)):
        note = model.note(one[None], np.array([key]), np.array([stroke]))
        out[i] = model.frames_at(np.repeat(note, ROWS, 0), times)
    return out


def measured(model: Model, z: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Characteristics of what a model makes of points z [M, L] at pitch [M], in the order of CHARACTERISTICS. [M, 8]"""
    measures = []
    for i in range(0, len(z), 64):
        some = slice(i, i + 64)
        measures += [measure(rows, key, HOLD_S) for rows, key in zip(notes_of(model, z[some], pitch[some]), pitch[some], strict=True)]
    return np.array([[one[name] for name in CHARACTERISTICS] for one in measures])


def find_knobs(model: Model | StftModel, seed: int = 0) -> dict[str, dict]:
    """The knobs for the card of `model`: directions, and the rank correlation of each that can be measured."""
    if isinstance(model, StftModel):
        raise ModelError(f"{model.name} makes whole notes, whose characteristics are not measured: its only knobs are its conditions.")
    about = conditions_as_knobs(model) or directions(model, seed) | family_directions(model)
    model.card["knobs"] = about
    for name, tried in correlations(model, model.knobs, seed).items():
        about[name] |= {key: round(value, 3) for key, value in tried.items()}
        if (tried["each"] < LEAST_EACH or tried["correlation"] < LEAST - 1e-9) and not model.card.get("conditions"):
            del about[name]
    return about


def conditions_as_knobs(model: Model) -> dict[str, dict]:
    """One knob for each condition: it moves that input alone. Empty for a model without conditions."""
    inputs = np.eye(model.latents)[model.free_latents:]
    return {f"{about['kind']}.{about['name']}": {"direction": one.tolist()}
            for about, one in zip(model.card.get("conditions", []), inputs, strict=True)}


def directions(model: Model, seed: int = 0) -> dict[str, dict]:
    """For each characteristic a direction at each preset, UNIT long; none where small steps change nothing."""
    rng, names = np.random.default_rng(seed), list(model.presets)
    presets = np.array(list(model.presets.values()))
    pairs = min(round(PAIRS_PER_LATENT * model.latents) + 2, MOST_PAIRS)
    steps = STEP * rng.standard_normal((len(presets), pairs, model.latents))
    pitch = rng.choice(KEYS, steps.shape[:2]).ravel()
    up, down = (measured(model, (presets[:, None] + sign * steps).reshape(-1, model.latents), pitch) for sign in (1, -1))
    unit = np.maximum(((up + down) / 2).reshape(*steps.shape[:2], -1).mean(1).std(0), 1e-6)
    differ = np.clip((up - down) / unit, -CLIPPED, CLIPPED).reshape(*steps.shape[:2], -1)
    square = steps.transpose(0, 2, 1) @ steps + RIDGE * pairs * STEP ** 2 * np.eye(model.latents)
    slopes = np.linalg.solve(square, steps.transpose(0, 2, 1) @ differ)                                      # [P, L, 8]
    found: dict[str, dict] = {}
    for name, slope in zip(CHARACTERISTICS, np.moveaxis(slopes, 2, 0), strict=True):
        length = np.linalg.norm(slope, axis=1)
        moved = np.flatnonzero(length > 1e-6 * max(length.max(), 1e-9))
        if len(moved):
            found[f"characteristic.{name}"] = {"directions": {names[i]: _rounded(UNIT * slope[i] / length[i]) for i in moved}}
    return found


def family_directions(model: Model) -> dict[str, dict]:
    """From the mean of all presets to the mean of each family's, if the card has several."""
    family_of = {name: preset.get("family") for name, preset in model.card.get("presets", {}).items()}
    families = sorted({family for family in family_of.values() if family})
    middle = np.mean(list(model.presets.values()), 0)
    if len(families) < 2:
        return {}
    return {f"family.{family}": {"direction": _rounded(np.mean([model.presets[n] for n, of in family_of.items() if of == family], 0)
                                                           - middle)}
            for family in families}


def correlations(model: Model, knobs: dict[str, KnobDirection], seed: int = 0) -> dict[str, dict[str, float]]:
    """Rank correlation (Spearman's) of each characteristic's knob with what is measured of notes: presets at random keys.

    `correlation` is that of the mean over the notes of each note's ranks (as in Friedman's test: no note outweighs the others, however fast
    it dies away); `each` the mean of those of single notes, where a note at which a characteristic stands at its limit and nothing moves it
    counts for nothing (an onset cannot be faster than at once).
    """
    from scipy.stats import rankdata, spearmanr  # half a second to import, and few that import this file measure a knob
    rng, presets = np.random.default_rng(seed + 1), np.array(list(model.presets.values()))
    tried = min(TRIED, TRIED_EACH * len(presets))
    chosen = presets[np.resize(rng.permutation(len(presets)), tried)]
    pitch = np.repeat(rng.choice(KEYS, tried), len(SWEEP))
    result = {}
    for index, name in enumerate(CHARACTERISTICS):
        identity = f"characteristic.{name}"
        if identity not in knobs:
            continue
        z = np.array([with_offsets(knobs, one, {identity: value}) for one in chosen for value in SWEEP])
        measures = measured(model, np.clip(z, -4, 4), pitch)[:, index].reshape(tried, -1)
        single = [spearmanr(SWEEP, one).statistic for one in measures if np.ptp(one) > 1e-6]
        mean = rankdata(measures, axis=1).mean(0)
        result[identity] = {"correlation": float(spearmanr(SWEEP, mean).statistic) if np.ptp(mean) > 1e-6 else 0.0,
                            "each": float(np.mean(single or [0.0]))}
    return result


def _rounded(direction: np.ndarray) -> list[float]:
    return [round(float(x), 4) for x in direction]
