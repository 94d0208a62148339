"""What a snapshot consists of: plain values, as JSON has them. `snapshot.py` takes and restores it, `snapshot_check.py` checks one from
elsewhere."""
from typing import NotRequired, TypedDict

from hummingface.instrument.performance.messages.arpeggiator import ArpeggiatorState
from hummingface.instrument.performance.messages.channel_state import ChannelValues
from hummingface.instrument.performance.messages.controller_map import MapValues
from hummingface.instrument.performance.messages.key_pitches import TunedKeys
from hummingface.instrument.performance.messages.mpe import ZoneValues
from hummingface.instrument.performance.routing.modulation_matrix import ModulationValues
from hummingface.models.playing.checked_json import JsonObject


class PlayedModel(TypedDict):
    """The model that plays: its name, and the hash of its file, "" for one that is in no file."""
    name: str
    sha256: str


class EffectPhases(TypedDict):
    """Phases and steps (2**32 is a cycle) of the effects' LFOs at `position`, and what the drive and the DC blocker remember."""
    position: int
    chorus_on: int
    chorus: int
    chorus_step: int
    reverb_on: int
    reverb: int
    drive_on: int
    drive: list[float]
    dc: list[float]


class Snapshot(ChannelValues, MapValues):
    """`sample` and `hop` say when it was taken; `born` and `released` count voices. Of [channel, key, velocity] `held`, of [channel, key,
    count] `strikes`. What only newer takes have is not required."""
    rate_hz: int
    sample: int
    hop: int
    seed: int
    model: PlayedModel
    patch: JsonObject | None
    controls: dict[str, float]
    gain_db: float
    latents: list[float]
    channels: list[list[float]]
    pedals: list[bool]
    zones: ZoneValues
    fine: list[list[int]]
    held: list[list[int]]
    last_pitch: float | None
    rules: int
    strikes: list[list[int]]
    born: int
    released: int
    law: int
    turning: EffectPhases
    modulation: ModulationValues
    tempo: NotRequired[float]
    tuning: NotRequired[TunedKeys]
    arpeggiator: NotRequired[ArpeggiatorState]
