"""Snapshots from elsewhere: is this one that `snapshot.capture` could have made?"""
from typing import TypeVar, cast

from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches import routes
from hummingface.instrument.patches.parameters import LFOS, MOST_LATENTS, PARAMETERS, renamed
from hummingface.instrument.patches.scale_tuning import HIGHEST_PITCH, LOWEST_PITCH
from hummingface.instrument.patches.sources import SOURCES
from hummingface.instrument.performance.controls import AT_REST, CHANNEL_COLUMNS, PANNING, PRESSURE, SLIDE, WHEEL
from hummingface.instrument.performance.dynamics import BY_NETWORK, BY_PLAYER
from hummingface.instrument.performance.messages import controller_map, key_pitches
from hummingface.instrument.performance.messages.arpeggiator import LONG_AGO
from hummingface.instrument.performance.messages.channel_state import NO_RPN, RANGES
from hummingface.instrument.performance.messages.fine_values import FIRST_NRPN
from hummingface.instrument.performance.messages.midi_clock import FASTEST_BPM, SLOWEST_BPM
from hummingface.instrument.performance.messages.mpe import MODES, MOST_MEMBERS
from hummingface.instrument.performance.snapshot import TURN, SnapshotError
from hummingface.instrument.performance.snapshot_values import Snapshot
from hummingface.instrument.performance.voices.voice_allocation import FIRST_OFF_ENDS, WHOLE_MIDI
from hummingface.instrument.synthesis.state import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, boundary
from hummingface.models.playing.card_file import LATENT_LIMIT
from hummingface.models.playing.checks import is_number, is_whole

T = TypeVar("T")
MOST_SAMPLES = 1 << 53              # of a position: what JSON's numbers hold
MOST_HELD = 2048
MOST_CYCLES = 1e9                   # of an LFO: years of the fastest
FIRST_COLUMNS = 5                   # of a channel, in the oldest takes
MOST_STRIKES = 1 << 20              # of one key
MOST_NRPN = (1 << 14) - 1
RENAMED = {"let_go": "released"}         # entries of older takes


def check(values: object) -> Snapshot:
    """The snapshot itself: for data from a file. What older takes lack is added, and renamed controls get their names of now. Raises
    SnapshotError, PatchError.
    """
    if not isinstance(values, dict):
        raise SnapshotError("it is not an object")
    for before, now in RENAMED.items():
        if before in values:
            values.setdefault(now, values.pop(before))
    _check_place(values)
    _check_sound(values)
    _check_channels(values)
    _check_keys(values)
    if "arpeggiator" in values:                             # not in older takes
        _check_arpeggiator(_typed(values, "arpeggiator", dict), values["sample"])
    _check_effects(values)
    _check_modulation(values)
    return cast("Snapshot", values)


def _check_place(values: dict) -> None:
    """Where it was taken, and the counts up to there."""
    _whole(values, "rate_hz", LOWEST_RATE_HZ, HIGHEST_RATE_HZ)
    for name in ("sample", "hop", "born", "released"):
        _whole(values, name, -1 if name != "sample" else -HIGHEST_RATE_HZ, MOST_SAMPLES)
    _whole(values, "seed", 0, MOST_SAMPLES)
    if abs(values["sample"] - boundary(4 * values["hop"], values["rate_hz"])) > HIGHEST_RATE_HZ:
        raise SnapshotError("its hop and its sample do not belong together")


def _check_sound(values: dict) -> None:
    """The patch, its model, and the controls."""
    _number(values, "gain_db", -60, 60)
    if "tempo" in values and values["tempo"] != 0:
        _number(values, "tempo", SLOWEST_BPM, FASTEST_BPM)
    if "tuning" in values:
        try:
            key_pitches.check(values["tuning"])
        except ValueError as error:
            raise SnapshotError(str(error)) from error
    model = _typed(values, "model", dict)
    if any(not isinstance(model.get(name), str) or len(model[name]) > 200 for name in ("name", "sha256")):
        raise SnapshotError("its model has no name")
    if "patch" not in values:
        raise SnapshotError("patch is missing")
    if values["patch"] is not None:
        patch_file.from_json(values["patch"], "the take's patch")
    values.setdefault("law", BY_NETWORK)                    # what older takes were played by
    _whole(values, "law", BY_NETWORK, BY_PLAYER)
    controls = values["controls"] = dict(renamed(name, value) if type(value) in (int, float) else (name, value)
                                         for name, value in _typed(values, "controls", dict).items())
    for name in controls:
        if name not in PARAMETERS:
            raise SnapshotError(f"no control is called {name!r:.60}")
        _number(controls, name, PARAMETERS[name].lowest, PARAMETERS[name].highest)
    _numbers(values, "latents", None, -LATENT_LIMIT, LATENT_LIMIT)


def _check_channels(values: dict) -> None:
    """What MIDI's channels have said, and what their controllers move."""
    values["channels"] = [_with_all_columns(row) for row in _typed(values, "channels", list)]
    values.setdefault("nrpn", [[NO_RPN, NO_RPN]] * 16)      # which older takes have not, like all that is added here
    values.setdefault("bank", [[0, 0]] * 16)
    for name, columns, most in (("channels", CHANNEL_COLUMNS, 200), ("rpn", 2, 127), ("nrpn", 2, 127), ("bank", 2, 127)):
        rows = _typed(values, name, list)
        if len(rows) != 16:
            raise SnapshotError(f"{name} has not 16 channels")
        for row in rows:
            _numbers({name: row}, name, columns, -200 if name == "channels" else 0, most)
    for name, rest in (("wheel", WHEEL), ("pressure", PRESSURE), ("panning", PANNING), ("slide", SLIDE)):
        values.setdefault(name, [row[rest] for row in values["channels"]])
    values.setdefault("pedal", [float(down is True) for down in _typed(values, "pedals", list)])
    values.setdefault("sostenuto", [0.0] * 16)
    values.setdefault("soft", [0.0] * 16)
    for name, (low, high) in RANGES.items():
        _numbers(values, name, 16, low, high)
    _check_zones(values)
    try:
        controller_map.check(values)
    except controller_map.ControllerMapError as error:
        raise SnapshotError(f"controllers are not mapped to controls: {error}") from error


def _check_zones(values: dict) -> None:
    """The zones of MPE, and the halves of fine controllers; older takes have neither."""
    zones = values.setdefault("zones", {"mode": "off", "lower": 0, "upper": 0})
    if not isinstance(zones, dict) or zones.keys() != {"mode", "lower", "upper"} or zones["mode"] not in list(MODES):
        raise SnapshotError("its zones of MPE are of another kind")
    for name in ("lower", "upper"):
        _whole(zones, name, 0, MOST_MEMBERS)
    values.setdefault("fine", [])
    if len(_typed(values, "fine", list)) > MOST_HELD:
        raise SnapshotError("too many controllers were moved")
    for halves in values["fine"]:
        _numbers({"fine": halves}, "fine", 4, 0, FIRST_NRPN + MOST_NRPN)
        if not all(map(is_whole, halves)) or halves[0] > 15 or halves[2] > 127:
            raise SnapshotError("fine has no controllers")


def _with_all_columns(row: object) -> object:
    """A channel's row, which in older takes has less: what those columns are at rest is added."""
    return [*row, *AT_REST[len(row):]] if isinstance(row, list) and len(row) >= FIRST_COLUMNS else row


def _check_keys(values: dict) -> None:
    """The pedals and keys that are held, and the last note."""
    if len(_typed(values, "pedals", list)) != 16 or any(type(down) is not bool for down in values["pedals"]):
        raise SnapshotError("pedals are not 16 switches")
    held = _typed(values, "held", list)
    if len(held) > MOST_HELD:
        raise SnapshotError("too many keys are held")
    for note in held:
        _numbers({"held": note}, "held", 3, 0, 127)
        if not all(map(is_whole, note)) or note[0] > 15:
            raise SnapshotError("held has no keys")
    values.setdefault("rules", FIRST_OFF_ENDS)              # of older takes
    _whole(values, "rules", FIRST_OFF_ENDS, WHOLE_MIDI)
    values.setdefault("strikes", [])
    if len(_typed(values, "strikes", list)) > MOST_HELD:
        raise SnapshotError("too many keys were struck")
    for strike in values["strikes"]:
        _numbers({"strikes": strike}, "strikes", 3, 0, MOST_STRIKES)
        if not all(map(is_whole, strike)) or strike[0] > 15 or strike[1] > 127:
            raise SnapshotError("strikes has no keys")
    if "last_pitch" not in values:
        raise SnapshotError("last_pitch is missing")
    if values["last_pitch"] is not None:
        _number(values, "last_pitch", LOWEST_PITCH, HIGHEST_PITCH)


def _check_arpeggiator(values: dict, sample: int) -> None:
    """The keys that take part, the notes that sound, and the next step, which comes after the snapshot's `sample`."""
    for name, ranges in (("keys", (15, 127, 127)), ("down", (15, 127, MOST_STRIKES)), ("sounding", (MOST_SAMPLES, 15, 127, 1))):
        rows = _typed(values, name, list)
        if len(rows) > MOST_HELD or any(not isinstance(row, list) or len(row) != len(ranges) for row in rows):
            raise SnapshotError(f"the arpeggiator's {name} are not what they should be")
        if not all(is_whole(value, 0, most) for row in rows for value, most in zip(row, ranges, strict=True)):
            raise SnapshotError(f"the arpeggiator's {name} are out of range")
    pedals = _typed(values, "pedals", list)
    if len(pedals) > 16 or not all(is_whole(channel, 0, 15) for channel in pedals):
        raise SnapshotError("the arpeggiator's pedals are no channels")
    if "grid" not in values:
        raise SnapshotError("grid is missing")
    if values["grid"] is not None:
        _number(values, "grid", sample - HIGHEST_RATE_HZ, MOST_SAMPLES)
    _number(values, "swing", 0, MOST_SAMPLES)
    for name in ("step", "played", "step_end"):
        _whole(values, name, 0, MOST_SAMPLES)
    _whole(values, "begun", LONG_AGO, MOST_SAMPLES)


def _check_effects(values: dict) -> None:
    """The phases of the effects' LFOs, and the filters' memories."""
    phases = _typed(values, "turning", dict)
    for name in ("position", "chorus_on", "chorus", "chorus_step", "reverb_on", "reverb", "drive_on"):
        _whole(phases, name, -TURN if name != "position" else 0, MOST_SAMPLES)
    _numbers(phases, "dc", 4, -100, 100)
    _numbers(phases, "drive", 2, -1000, 1000)


def _check_modulation(values: dict) -> None:
    """The routes, and where their sources stand; older takes had neither."""
    still = {"routes": [], "cycles": [0.0] * LFOS, "sources": []}
    captured = values["modulation"] = still | (_typed(values, "modulation", dict) if "modulation" in values else {})
    try:
        routes.from_json(captured["routes"])
    except routes.RouteError as error:
        raise SnapshotError(str(error)) from error
    _numbers(captured, "cycles", LFOS, 0, MOST_CYCLES)
    sources = _typed(captured, "sources", list)
    captured["sources"] = sources + [0.0] * (len(SOURCES) - len(sources))        # those that came later
    _numbers(captured, "sources", len(SOURCES), -1, 1)


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
