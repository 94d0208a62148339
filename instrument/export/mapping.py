"""A sampled instrument in memory, before it takes one of its written forms: its samples, and where each of them plays."""
from dataclasses import dataclass, field

from instrument.export.zones import Layer, Zone


@dataclass(frozen=True)
class Sample:
    """One sound file and where it plays. Positions are frames of the file; `loop` is (first, last) of a round, both of them in it."""
    file: str
    zone: Zone
    layer: Layer
    frames: int
    release_s: float                            # of an envelope that falls by ENVELOPE_DB (`note`) in that time
    gain_db: float = 0.0                        # at `layer.high`
    loop: tuple[int, int] | None = None
    decay: tuple[float, float] | None = None    # (seconds until it sets in, seconds for ENVELOPE_DB): what was taken out of a falling loop
    touch: tuple[tuple[int, float], ...] = ()   # (velocity, gain 0..1 under `gain_db`), rising; what the keys' force does within the layer


@dataclass
class Instrument:
    """`name` as a player reads it; `told` is a line on what the samples carry."""
    name: str
    author: str = ""
    tags: tuple[str, ...] = ()
    told: str = ""
    samples: list[Sample] = field(default_factory=list)

    def by_layer(self) -> dict[Layer, list[Sample]]:
        """The samples of each layer, softest first, from the lowest key up."""
        found: dict[Layer, list[Sample]] = {}
        for sample in sorted(self.samples, key=lambda sample: (sample.layer.low, sample.zone.low)):
            found.setdefault(sample.layer, []).append(sample)
        return found
