"""A sampled instrument in memory, before it is written in one of the formats: its samples, and the keys and velocities of each."""
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from hummingface.instrument.export.zones import Layer, Zone

KEY_STEP_DB = 0.25                  # resolution of gains of keys: keys with equal gains share an entry
MOST_KEY_DB = 6.0                   # that a sample's keys may differ from it
SILENT_LUFS = -80.0


@dataclass(frozen=True)
class Sample:
    """One sound file and the keys and velocities it plays. Positions are frames of the file; `loop` is (first, last), both inclusive. A
    file has several entries where its keys differ in gain or tuning.
    """
    file: str
    zone: Zone
    layer: Layer
    frames: int
    release_s: float                            # of an envelope that falls by ENVELOPE_DB (`note`) in that time
    gain_db: float = 0.0                        # at velocity 127: what the file cannot hold, as its peaks would pass full scale
    loop: tuple[int, int] | None = None
    decay: tuple[float, float] | None = None  # (seconds until it begins, seconds for ENVELOPE_DB): the decay that was removed from the loop
    tune_cents: float = 0.0                     # how much higher its keys are to be played than a sampler does by itself


@dataclass
class SampledInstrument:
    """`name` is for the player; `description` is a line about the samples. `law_db` [128] is how far each velocity is under 127."""
    name: str
    author: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    law_db: np.ndarray = field(default_factory=lambda: np.zeros(128))
    samples: list[Sample] = field(default_factory=list)

    def by_layer(self) -> dict[Layer, list[Sample]]:
        """The samples of each layer, softest first, from the lowest key up."""
        found: dict[Layer, list[Sample]] = {}
        for sample in sorted(self.samples, key=lambda sample: (sample.layer.low, sample.zone.low)):
            found.setdefault(sample.layer, []).append(sample)
        return found

    def level_keys(self, lufs: dict[str, float]) -> None:
        """Give all keys the loudness of the trend through the samples around them, so that neither neighbours of a sample nor samples that
        are louder or softer by chance stand out. `lufs` is the loudness of each file's sound, without its `gain_db`. Call it once.
        """
        by_layer, self.samples = self.by_layer(), []
        for samples in by_layer.values():
            keys = np.arange(samples[0].zone.low, samples[-1].zone.high + 1)
            at = np.array([sample.zone.key for sample in samples], float)
            wanted = np.interp(keys, at, _trend(at, np.array([lufs[sample.file] for sample in samples])))
            for sample in samples:
                own = slice(sample.zone.low - keys[0], sample.zone.high + 1 - keys[0])
                self.samples += _by_keys(sample, wanted[own] - lufs[sample.file])


    def tune(self, pitches: np.ndarray) -> None:
        """Tune each key to its MIDI pitch [128]; those without one (NaN) have no sample."""
        before, self.samples = self.samples, []
        for sample in before:
            root = sample.zone.key
            for key in range(sample.zone.low, sample.zone.high + 1):
                if not np.isnan(pitches[key]):
                    cents = 100 * (float(pitches[key] - pitches[root]) - (key - root))
                    self.samples.append(replace(sample, zone=Zone(root, key, key), tune_cents=round(cents, 3)))


def _trend(at: np.ndarray, lufs: np.ndarray) -> np.ndarray:
    """The trend of loudness [K] over keys [K]: local straight lines through the nearest samples, without silent ones."""
    heard = lufs > SILENT_LUFS
    if heard.sum() < 3:
        return lufs
    reach = float(np.diff(at).max())
    found = lufs.copy()
    for i in np.flatnonzero(heard):
        weight = np.exp(-0.25 * ((at - at[i]) / reach) ** 2)            # whose square is the Gaussian
        found[i] = np.polyfit(at[heard] - at[i], lufs[heard], 1, w=weight[heard])[1]
    return found


def _by_keys(sample: Sample, over_db: np.ndarray) -> list[Sample]:
    """A sample as several entries, one for each different gain over the keys of its zone [K]."""
    steps = enumerate(np.round(np.clip(over_db, -MOST_KEY_DB, MOST_KEY_DB) / KEY_STEP_DB).tolist(), sample.zone.low)
    places = [(step, [key for key, _ in some]) for step, some in groupby(steps, lambda at: at[1])]
    return [replace(sample, zone=Zone(sample.zone.key, keys[0], keys[-1]), gain_db=sample.gain_db + step * KEY_STEP_DB)
            for step, keys in places]
