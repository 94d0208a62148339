"""Snapshots of a performance, from which another engine can go on and give the same samples.

A snapshot does not contain sound: it is exact when nothing sounds and no effect rings (`at_rest`). It contains everything else that the
next note depends on: controls, channels, pedals, the count of notes (each note's randomness follows from it), the sample position (the
noise loops are read by it), the phases of chorus and reverb. All are plain values, so that a snapshot can be sent as JSON; `check`
validates one from elsewhere.
"""
import time
from typing import Any, TypeVar

import numpy as np

from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS, renamed
from hummingface.instrument.patches.patch import MOST_LATENTS
from hummingface.instrument.performance.controls import CHANNEL_COLUMNS, INDEX
from hummingface.instrument.performance.dynamics import BY_NETWORK, BY_PLAYER
from hummingface.instrument.performance.midi_clock import FASTEST_BPM, SLOWEST_BPM
from hummingface.instrument.performance.performer import Performer
from hummingface.instrument.performance.voice_allocation import FREE
from hummingface.instrument.synthesis.delay import TIME
from hummingface.instrument.synthesis.effects import CONTROLS
from hummingface.instrument.synthesis.effects import INDEX as EFFECT_INDEX
from hummingface.instrument.synthesis.state import HIGHEST_RATE_HZ, HOPS, LOWEST_RATE_HZ, boundary
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.checks import is_number, is_whole

T = TypeVar("T")
MOST_SAMPLES = 1 << 53              # of a position: what JSON's numbers hold
_CHANNELS = {"bend": (-1.0, 1.0), "bend_range": (0.0, 128.0), "volume": (0, 127), "expression": (0, 127)}
_TURN = 1 << 32
READING_TRIES = 50                  # 50 us apart: of values that the audio thread may be writing


class SnapshotError(ValueError):
    """Something that is not a valid snapshot."""


def at_rest(performer: Performer) -> bool:
    """Whether no voice sounds and no control glides. (Whether effects still ring can only be measured on the sound.)"""
    source, delay = performer.source, performer.state["effects"]["delay"][0]
    if delay["on"] and abs(delay["head"] - delay["begin"][TIME]) > 0.01:
        return False                    # the read head still moves, though inaudibly
    return bool((performer.voices.stage == FREE).all() and not performer.controls._moving
                and source.settled)


def capture(performer: Performer) -> dict[str, Any]:
    """A snapshot at the sample up to which all events are applied. On the performer's thread. Raises SnapshotError where the audio thread
    is too busy to be read now.
    """
    controls, voices, card = performer.controls, performer.voices, performer.source.model.card
    return {
        "rate_hz": performer.rate_hz, "sample": int(performer._applied), "hop": int(performer.hop), "seed": performer.maker.seed,
        "model": {"name": performer.source.name, "sha256": str(card.get("sha256", ""))},
        "patch": performer.patch.to_json() if performer.patch is not None else None,
        "controls": dict(zip(INDEX, controls.goal[:len(INDEX)].tolist(), strict=True)),
        "gain_db": float(controls.goal[len(INDEX)]),
        "latents": performer._latents.tolist(),
        "channels": controls.channel_goal.tolist(),
        "bend": performer._bend.tolist(), "bend_range": performer._bend_range.tolist(),
        "volume": performer._volume.tolist(), "expression": performer._expression.tolist(),
        "rpn": [list(pair) for pair in performer._rpn], "pedals": voices.down.tolist(),
        "held": [list(note) for note in voices.held], "last_pitch": voices.last_pitch,
        "controllers": {str(number): id_ for number, id_ in performer.controllers.items()},
        "born": voices.born_count, "let_go": voices.release_count,
        "law": performer.law, "tempo": controls.bpm, "turning": _phases(performer.state),
    }


def restore(performer: Performer, snapshot: dict[str, Any]) -> int:
    """Put a new performer, and the new state block that it plays into, into the state of the snapshot. Returns the sample at which it
    begins.

    The performer must have been made with the snapshot's patch, source and seed, and have received no event yet.
    """
    controls, voices, source = performer.controls, performer.voices, performer.source
    performer.law = snapshot["law"]
    for name, value in snapshot["controls"].items():
        controls.set(name, value)
    controls.set_gain(snapshot["gain_db"])
    controls.set_tempo(snapshot.get("tempo", 0.0))            # older takes have none
    controls.channel_goal[:] = snapshot["channels"]
    controls.snap()
    point = np.array(snapshot["latents"], np.float32)[:len(performer._latents)]
    performer._latents[:len(point)] = point
    performer._bend[:], performer._bend_range[:] = snapshot["bend"], snapshot["bend_range"]
    performer._volume[:], performer._expression[:] = snapshot["volume"], snapshot["expression"]
    performer._rpn = [list(pair) for pair in snapshot["rpn"]]
    performer.controllers = {int(number): id_ for number, id_ in snapshot["controllers"].items()}
    performer._apply_settings()
    source.snap()
    voices.down[:] = snapshot["pedals"]
    voices.held = [(channel, key, velocity) for channel, key, velocity in snapshot["held"]]
    voices.last_pitch, voices.born_count, voices.release_count = snapshot["last_pitch"], snapshot["born"], snapshot["let_go"]
    hop = snapshot["hop"]
    if hop < 2:                             # the engine had just started: nothing to set
        return 0
    performer.hop = voices.hop = hop
    begin = boundary(4 * (hop - 1), performer.rate_hz)
    performer._floor, performer._applied = begin + 1, max(snapshot["sample"], begin + 1)
    _begin_at(performer.state[0], begin, hop, _effects_of(performer))
    _set_phases(performer.state[0], begin, snapshot["turning"])
    return begin


def _effects_of(performer: Performer) -> np.ndarray:
    """The effect controls that a hop would contain now. [len(CONTROLS)] float32"""
    now = performer.controls.now
    volume = 10 ** (now[INDEX["master.volume_db"]] / 20)
    return np.array([now[INDEX[name]] if name in INDEX else volume for name, *_ in CONTROLS], np.float32)


def _begin_at(block: np.void, begin: int, hop: int, effects: np.ndarray) -> None:
    """Make a state block that has played silence up to sample `begin`, with hops up to `hop` published."""
    block["position"] = begin
    block["hops_published"], block["hops_known"], block["hops_taken"] = hop + 1, hop - 1, max(hop - 3, 0)
    for index in (hop - 1, hop):
        entry = block["hops"][index % HOPS]
        entry["index"], entry["count"], entry["flush"], entry["noise"] = index, 0, 0, 0
        entry["effects"][:len(effects)] = effects
    block["noise"]["segment_begin"] = block["noise"]["segment_end"] = begin
    chain = block["effects"]
    chain["segment_begin"] = chain["segment_end"] = begin
    chain["hop_seen"], chain["glide"] = hop - 2, effects[:, None]


def _phases(state: np.ndarray) -> dict[str, Any]:
    """Phases and steps (2**32 is a cycle) of the effects' LFOs, with the position at which they were read; and the outputs of the drive,
    which has an offset, and of the DC blocker. Raises SnapshotError where the audio thread never paused, so that they may be torn.
    """
    block = state[0]
    for _ in range(READING_TRIES):
        calls = int(block["callbacks"])
        between = int(block["clock_version"]) == 2 * calls      # no callback is at work
        chorus, reverb, drive = block["effects"]["chorus"], block["effects"]["reverb"], block["effects"]["drive"]
        found = {"position": int(block["position"]), "chorus_on": int(chorus["on"]), "chorus": int(chorus["phase"]),
                 "chorus_step": int(chorus["begin"][1]), "reverb_on": int(reverb["on"]), "reverb": int(reverb["phase"]),
                 "drive_on": int(drive["on"]), "drive": drive["last"].tolist(),
                 "dc": [*block["limiter"]["dc_in"].tolist(), *block["limiter"]["dc_out"].tolist()]}
        if between and int(block["callbacks"]) == calls and int(block["clock_version"]) == 2 * calls:
            return found
        time.sleep(5e-5)
    raise SnapshotError("the audio thread was at work whenever its values were read")


def _set_phases(block: np.void, begin: int, phases: dict[str, Any]) -> None:
    """Set the LFOs of chorus and reverb to their phases at sample `begin`, and the DC blocker to its state."""
    from hummingface.instrument.synthesis.partials import TURN
    from hummingface.instrument.synthesis.reverb import SWING_HZ
    passed = begin - phases["position"]
    drive = block["effects"]["drive"]
    drive["on"], drive["last"] = phases["drive_on"], phases["drive"]
    block["limiter"]["dc_in"], block["limiter"]["dc_out"] = phases["dc"][:2], phases["dc"][2:]
    for name, step in (("chorus", phases["chorus_step"]), ("reverb", int(SWING_HZ / int(block["rate_hz"]) * TURN))):
        if phases[f"{name}_on"]:
            phase = (phases[name] + passed * step) % _TURN
            effect = block["effects"][name]
            effect["phase"] = phase - _TURN if phase >= _TURN // 2 else phase
            effect["on"] = 1            # with the empty lines of a new block: as if it had long been silent
            if name == "reverb":
                effect["size"] = _reverb_size(block)


def _reverb_size(block: np.void) -> float:
    from hummingface.instrument.synthesis.reverb import LARGEST, SMALLEST
    return SMALLEST * (LARGEST / SMALLEST) ** float(block["effects"]["glide"][EFFECT_INDEX["reverb.size"], 1])


def check(values: object) -> dict[str, Any]:
    """The snapshot itself, if `capture` could have made it: for data from a file. Raises SnapshotError, PatchError."""
    if not isinstance(values, dict):
        raise SnapshotError("it is not an object")
    whole, number = _whole, _number
    whole(values, "rate_hz", LOWEST_RATE_HZ, HIGHEST_RATE_HZ)
    for name in ("sample", "hop", "born", "let_go"):
        whole(values, name, -1 if name != "sample" else -HIGHEST_RATE_HZ, MOST_SAMPLES)
    whole(values, "seed", 0, MOST_SAMPLES)
    if abs(values["sample"] - boundary(4 * values["hop"], values["rate_hz"])) > HIGHEST_RATE_HZ:
        raise SnapshotError("its hop and its sample do not belong together")
    number(values, "gain_db", -60, 60)
    if "tempo" in values and values["tempo"] != 0:
        number(values, "tempo", SLOWEST_BPM, FASTEST_BPM)
    model = _typed(values, "model", dict)
    if any(not isinstance(model.get(name), str) or len(model[name]) > 200 for name in ("name", "sha256")):
        raise SnapshotError("its model has no name")
    for name in ("patch", "last_pitch"):
        if name not in values:
            raise SnapshotError(f"{name} is missing")
    if values.get("patch") is not None:
        patch_file.from_json(values["patch"], "the take's patch")
    values.setdefault("law", BY_NETWORK)                    # what older takes were played by
    whole(values, "law", BY_NETWORK, BY_PLAYER)
    controls = values["controls"] = dict(renamed(name, value) if type(value) in (int, float) else (name, value)
                                         for name, value in _typed(values, "controls", dict).items())
    for name in controls:
        if name not in PARAMETERS:
            raise SnapshotError(f"no control is called {name!r:.60}")
        number(controls, name, PARAMETERS[name].lowest, PARAMETERS[name].highest)
    _numbers(values, "latents", None, -LATENT_LIMIT, LATENT_LIMIT)
    for name, (low, high) in _CHANNELS.items():
        _numbers(values, name, 16, low, high)
    for name, columns, low, high in (("channels", CHANNEL_COLUMNS, -200, 200), ("rpn", 2, 0, 127)):
        rows = _typed(values, name, list)
        if len(rows) != 16:
            raise SnapshotError(f"{name} has not 16 channels")
        for row in rows:
            _numbers({name: row}, name, columns, low, high)
    if len(_typed(values, "pedals", list)) != 16 or any(type(down) is not bool for down in values["pedals"]):
        raise SnapshotError("pedals are not 16 switches")
    held = _typed(values, "held", list)
    if len(held) > 2048:
        raise SnapshotError("too many keys are held")
    for note in held:
        _numbers({"held": note}, "held", 3, 0, 127)
        if not all(map(is_whole, note)) or note[0] > 15:
            raise SnapshotError("held has no keys")
    if values.get("last_pitch") is not None:
        number(values, "last_pitch", 0, 127)
    controllers = values["controllers"] = {key: renamed(id_)[0] if isinstance(id_, str) else id_
                                           for key, id_ in _typed(values, "controllers", dict).items()}
    if any(not (key.isascii() and key.isdigit() and int(key) < 128 and id_ in PARAMETERS) for key, id_ in controllers.items()):
        raise SnapshotError("controllers are not mapped to controls")
    phases = _typed(values, "turning", dict)
    for name in ("position", "chorus_on", "chorus", "chorus_step", "reverb_on", "reverb", "drive_on"):
        whole(phases, name, -_TURN if name != "position" else 0, MOST_SAMPLES)
    _numbers(phases, "dc", 4, -100, 100)
    _numbers(phases, "drive", 2, -1000, 1000)
    return values


def _typed(values: dict, name: str, kind: type[T]) -> T:
    if not isinstance(values.get(name), kind):
        raise SnapshotError(f"{name} is missing or of another kind")
    return values[name]


def _whole(values: dict, name: str, low: int, high: int) -> None:
    if not is_whole(values.get(name), low, high):
        raise SnapshotError(f"{name} is not a whole number within {low}..{high}")


def _number(values: dict, name: str, low: float, high: float) -> None:
    if not is_number(values.get(name), low, high):
        raise SnapshotError(f"{name} is not a number within {low:g}..{high:g}")


def _numbers(values: dict, name: str, count: int | None, low: float, high: float) -> None:
    row = _typed(values, name, list)
    if len(row) != count if count is not None else len(row) > MOST_LATENTS:
        raise SnapshotError(f"{name} has {len(row)} values")
    for value in row:
        _number({name: value}, name, low, high)
