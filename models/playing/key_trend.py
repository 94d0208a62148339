"""The loudness of a sound over the keyboard: its smooth trend, which belongs to the instrument.

A piano's bass is louder than its treble, and that is kept; deviations of single keys are not (a sample zone's, a network's error). So
the loudness of a model's presets over the keys, smoothed, is stored in its card, and elsewhere in latent space the presets' trends are
blended by distance:

    "loudness": {"keys": [21, 24, ..], "lufs": {PRESET: [a number for each key], ..}}      at velocity 100, of the loudest 0.4 s

A preset may say how long its release is (`longest_release_s`, for 60 dB); others get LONGEST_RELEASE_S at most, 40 dB in two seconds.

The instrument removes each note's own loudness (`models/playing/loudness.py`) and applies this trend and the law of velocity in its place.
"""
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hummingface.compiled import EXACT, compiled
from hummingface.models.playing.checks import is_number, is_numbers, is_whole
from hummingface.models.playing.loudness import SILENT_LUFS
from hummingface.models.playing.shape import ModelError

if TYPE_CHECKING:
    from hummingface.models.playing.model import Model

LOWEST_KEY, HIGHEST_KEY, EVERY = 21, 108, 3
SMOOTH_KEYS = 6.0                     # standard deviation of the Gaussian that smooths over keys
VELOCITY = 100.0                      # at which presets are listened to
NEAR = 1.0                            # latents: a preset that is this much farther than the nearest hardly counts
LOUDEST_LUFS = 60.0
LEVELLED_LUFS = -21.0                 # of presets, with their gain
MIDDLE = 36, 84                       # C2 to C6: keys by which a sound is levelled
MOST_GAIN_DB = 24.0
LONGEST_RELEASE_S = 2.8               # for 60 dB, after a key came up
GENERATED = ("gan", "cgan")


@compiled(fastmath=EXACT)
def _blend(places, z, lufs, release_s):
    """The means of `lufs` [P, K] and `release_s` [P], weighted by the distance of each place [P, L] from z [L]."""
    far = np.zeros(len(places))
    for p in range(len(places)):
        for k in range(len(z)):
            far[p] += (places[p, k] - z[k]) ** 2
    weight = np.exp((far.min() - far) / (2 * NEAR ** 2))
    weight /= weight.sum()
    return weight @ lufs, weight @ release_s


class KeyTrend:
    """`places` [P, L]: points of latent space; `lufs` [P, K]: their loudness at `keys` [K], which rise; `release_s` [P]: their longest."""

    def __init__(self, places: np.ndarray, keys: np.ndarray, lufs: np.ndarray, release_s: np.ndarray) -> None:
        self.places, self.keys, self.lufs, self.release_s = places, keys, lufs, release_s

    def at(self, z: np.ndarray) -> tuple[np.ndarray, float]:
        """(loudness at `keys` [K] in LUFS, longest release in seconds) of a point z [L] of latent space."""
        return _blend(self.places, z, self.lufs, self.release_s)

    def levelling_gain_db(self, z: np.ndarray) -> float:
        """The gain that makes the sound at a point z [L] as loud as all others, on average from C2 to C6."""
        return levelling_gain_db(self.keys, self.at(np.asarray(z, np.float32))[0])


def smooth(lufs: np.ndarray) -> np.ndarray:
    """Loudness over neighbouring keys [.., K] without the deviations of single keys: a Gaussian, extended by straight lines."""
    reach = int(3 * SMOOTH_KEYS)
    around = np.arange(-reach, reach + 1)
    weight = np.exp(-0.5 * (around / SMOOTH_KEYS) ** 2)
    out = np.empty(lufs.shape)
    for key in range(lufs.shape[-1]):                     # a weighted line through its neighbours, read at the key: no bias at the ends
        at = np.clip(key + around, 0, lufs.shape[-1] - 1)
        w = weight * (at == key + around)
        mean_at = (w * around).sum() / w.sum()
        mean = (w * lufs[..., at]).sum(-1) / w.sum()
        slope = (w * (around - mean_at) * lufs[..., at]).sum(-1) / (w * (around - mean_at) ** 2).sum()
        out[..., key] = mean - slope * mean_at
    return out


def measure(model: "Model") -> dict[str, Any]:
    """The card's entry "loudness" for a frame model. If it has no presets, that of its middle, under the name ""."""
    keys = np.arange(LOWEST_KEY, HIGHEST_KEY + 1)
    inside = np.clip(keys, *model.pitches).astype(np.float32)
    lufs = {}
    for name, z in (model.presets or {"": [0.0] * model.latents}).items():
        rows = np.tile(np.asarray(z, np.float32), (len(keys), 1))
        velocity = np.full(len(keys), min(max(VELOCITY, model.velocities[0]), model.velocities[1]), np.float32)
        heard = model.loudness_lufs(model.note(rows, inside, velocity), keys.astype(np.float64), np.zeros(len(keys)))
        trend = smooth(heard)
        if model.card.get("kind") in GENERATED:                       # generated sounds have no recorded loudness over the keys
            trend[:] = trend[(keys >= MIDDLE[0]) & (keys <= MIDDLE[1])].mean()
        lufs[name] = trend[::EVERY].round(2).tolist()
    return {"keys": keys[::EVERY].tolist(), "lufs": lufs}


def levelling_gain_db(keys: Sequence[float] | np.ndarray, lufs: Sequence[float] | np.ndarray) -> float:
    """The gain that makes a sound with this loudness over the keys as loud as all others, on average from C2 to C6."""
    over = float(np.mean([x for key, x in zip(keys, lufs, strict=True) if MIDDLE[0] <= key <= MIDDLE[1]])) - LEVELLED_LUFS
    return round(min(max(-over, -MOST_GAIN_DB), MOST_GAIN_DB), 2)


def level_card(model: "Model", recorded: Mapping[str, Sequence[float]] | None = None) -> None:
    """Write the loudness over the keys into a model's card, and the gains that make its presets equally loud.

    `recorded`: that of the notes that a preset learnt, every EVERY keys, where it was taken out before the network saw them
    (`train/data/loudness_normalisation.py`); the network itself is then equally loud everywhere. Without it the network's own is measured.
    """
    before = model.card.get("loudness", {})
    if recorded is None and before.get("recorded"):                  # no measurement of the network tells it again
        recorded = before["lufs"]
    stored = model.card["loudness"] = measure(model)
    for name in stored["lufs"].keys() & (recorded or {}).keys():
        stored["lufs"][name] = [round(float(lufs), 2) for lufs in (recorded or {})[name]]
    if recorded:
        stored["recorded"] = True
    for name, preset in model.card["presets"].items():
        preset["gain_db"] = levelling_gain_db(stored["keys"], stored["lufs"][name])


def read(card: dict[str, Any], latents: int) -> KeyTrend | None:
    """The trend of a card; None where it has none. Raises ModelError with what is wrong."""
    stored = card.get("loudness")
    if stored is None:
        return None
    keys, lufs = (stored.get("keys"), stored.get("lufs")) if isinstance(stored, dict) else (None, None)
    if not (isinstance(keys, list) and 2 <= len(keys) <= 128 and all(is_whole(key, 0, 127) for key in keys)
            and sorted(set(keys)) == keys):
        raise ModelError("the 'keys' of its 'loudness' are not 2 to 128 rising MIDI keys")
    if not isinstance(lufs, dict) or not lufs or not set(lufs) <= {*card.get("presets", {}), ""}:
        raise ModelError("the 'lufs' of its 'loudness' are not those of its presets")
    for name, row in lufs.items():
        if not is_numbers(row, len(keys), SILENT_LUFS, LOUDEST_LUFS):
            raise ModelError(f"the loudness of preset {name[:40]!r} is not {len(keys)} numbers within {SILENT_LUFS:g}..{LOUDEST_LUFS:g}")
    presets: list[dict[str, Any]] = [card["presets"][name] if name else {"z": [0.0] * latents} for name in lufs]
    releases = [preset.get("longest_release_s", LONGEST_RELEASE_S) for preset in presets]
    if not all(is_number(release_s, 0.01, 60) for release_s in releases):
        raise ModelError("a preset's 'longest_release_s' is not a number of seconds within 0.01..60")
    return KeyTrend(np.array([preset["z"] for preset in presets], np.float32), np.array(keys, np.float64),
                    np.array(list(lufs.values()), np.float64), np.array(releases, np.float64))


def of_model(model: "Model") -> KeyTrend:
    """The trend in a model's card, or, for an older model without one, measured now."""
    found = read(model.card, model.latents)
    if found is None:
        found = read({**model.card, "loudness": measure(model)}, model.latents)
        assert found is not None
    return found
