"""The state of a window as text: its session with the whole undo history, and the layout of the window. No Qt.

    {"format": "hummingface-window", "version": 1, "patches": [..], "states": [{"patch": index, "values": {..}, "on_disk": true}, ..],
     "state": index, "saved": index, "side": "A", "other": [index, index], "locked": [..],
     "undo": [[index, index, "A", [index, index], [..]], ..], "redo": [..], "window": {..}}

A step of the history has what the session has: sound, sound on disk, side, other side, locks; one of before has the first two alone, and
the session's sides and locks. Each sound is written once, however often the history has it, with only the values that differ from its
patch. Numbers are written in full: what is read equals what was written, where a patch's own file rounds.
"""
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.instrument.session.section_locks import SECTIONS
from hummingface.instrument.session.session_state import LATENTS, UNDO_STEPS, HistoryEntry, Pair, SessionSnapshot, SoundState
from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_number, is_whole

FORMAT, VERSION = "hummingface-window", 1
LARGEST_BYTES = 8 << 20             # of the text: the oldest steps of a history that is larger are left out
MOST_STATES = 8 * UNDO_STEPS + 8
MOST_LOCKS = len(LATENTS) + len(SECTIONS)
_NO_SUCH = "is not one of its states"


class WindowStateError(ValueError):
    """A text that is not the state of a window; says what is wrong."""


@dataclass(frozen=True)
class WindowState:
    """`window` has plain values by name, for `layout_state.py`."""
    session: SessionSnapshot
    window: JsonObject = field(default_factory=dict)


class Writer:
    """Makes the text, and keeps the parts that do not change: a history of 200 steps changes by one at a time."""

    def __init__(self) -> None:
        self._patches: dict[int, tuple[Patch, str, dict[str, float]]] = {}      # by identity: the patch, its text, its own values
        self._states: dict[int, tuple[SoundState, str]] = {}

    def text(self, kept: WindowState) -> bytes:
        """The whole file. A history too long for it loses its oldest steps."""
        session = kept.session
        while len(data := self._text(replace(kept, session=session))) > LARGEST_BYTES and (session.undo or session.redo):
            session = replace(session, undo=session.undo[len(session.undo) // 2 + 1:], redo=session.redo[len(session.redo) // 2 + 1:])
        return data

    def _text(self, kept: WindowState) -> bytes:
        session = kept.session
        places: dict[int, tuple[int, SoundState]] = {}

        def index(state: SoundState) -> int:
            return places.setdefault(id(state), (len(places), state))[0]

        def step(place: HistoryEntry) -> list:
            other = [index(place.other[0]), index(place.other[1])] if place.other else None
            return [index(place.state), index(place.saved), place.side, other, sorted(place.locked)]
        here = dict(zip(("state", "saved", "side", "other", "locked"), step(session.here), strict=True))
        rest = here | {"undo": [step(place) for place in session.undo], "redo": [step(place) for place in session.redo],
                       "window": kept.window}
        states = [state for _, state in places.values()]
        patches = {id(state.patch): state.patch for state in states}
        self._patches = {key: self._patches.get(key) or _patch_text(patch) for key, patch in patches.items()}
        self._states = {id(state): self._states.get(id(state)) or (state, self._state_text(state)) for state in states}
        order = {key: number for number, key in enumerate(patches)}
        parts = [f'{{"format": "{FORMAT}", "version": {VERSION}, "patches": [\n', ",\n".join(text for _, text, _ in self._patches.values()),
                 '\n], "states": [\n',
                 ",\n".join(f'{{"patch": {order[id(state.patch)]}, {self._states[id(state)][1]}}}' for state in states),
                 "\n],\n", json.dumps(rest, allow_nan=False)[1:], "\n"]
        return "".join(parts).encode()

    def _state_text(self, state: SoundState) -> str:
        own = self._patches[id(state.patch)][2]
        moved = {name: value for name, value in state.values.items() if own.get(name) != value}
        return f'"values": {json.dumps(moved, allow_nan=False)}, "on_disk": {json.dumps(state.on_disk)}'


def _patch_text(patch: Patch) -> tuple[Patch, str, dict[str, float]]:
    exact = {"latents": list(patch.latents), "gain_db": patch.gain_db,
             "morph": [{"name": corner.name, "latents": list(corner.latents)} for corner in patch.morph]}
    return patch, json.dumps(patch.to_json() | exact, allow_nan=False), SoundState.of(patch).values


def read(values: object) -> tuple[WindowState, int]:
    """(the state in these values, how many steps of the history cannot be used and are left out). Raises WindowStateError."""
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise WindowStateError(f"it is not the state of a window (its 'format' is not {FORMAT!r})")
    if values.get("version") != VERSION:
        raise WindowStateError(f"version {values.get('version')!r:.20}; this program reads version {VERSION}")
    states = _states(values)

    def state(number: object) -> SoundState | None:
        return states[number] if is_whole(number, 0, len(states) - 1) else None

    now, saved, other = state(values.get("state")), state(values.get("saved")), _pair(values.get("other"), state)
    if now is None:
        raise WindowStateError(f"what was played {_NO_SUCH}, or cannot be used")
    locked = _locks(_list(values, "locked", MOST_LOCKS))
    here = HistoryEntry(now, saved or replace(now, on_disk=False), _side(values.get("side")), other, locked)
    undo, redo = ([_step(entry, state, here) for entry in _list(values, name, 2 * UNDO_STEPS)] for name in ("undo", "redo"))
    lost = sum(place is None for place in (*undo, *redo)) + (other is None and values.get("other") is not None) + (saved is None)
    window = values.get("window")
    session = SessionSnapshot(here, tuple(filter(None, undo))[-UNDO_STEPS:], tuple(filter(None, redo))[-UNDO_STEPS:])
    return WindowState(session, window if isinstance(window, dict) else {}), lost


def _states(values: dict) -> list[SoundState | None]:
    patches: list[Patch | None] = []
    for entry in _list(values, "patches", MOST_STATES):
        try:
            patches.append(patch_file.from_json(entry))
        except PatchError:
            patches.append(None)
    return [_state(entry, patches) for entry in _list(values, "states", MOST_STATES)]


def _state(entry: object, patches: list[Patch | None]) -> SoundState | None:
    if not isinstance(entry, dict):
        return None
    number, moved = entry.get("patch"), entry.get("values")
    patch = patches[number] if is_whole(number, 0, len(patches) - 1) else None
    if patch is None or not isinstance(moved, dict) or not all(map(is_number, moved.values())):
        return None
    known = {name: PARAMETERS[name].clamp(value) for name, value in moved.items() if name in PARAMETERS}
    return SoundState(patch, {**SoundState.of(patch).values, **known}, entry.get("on_disk") is not False)


def _pair(pair: object, state: Callable[[object], SoundState | None]) -> Pair | None:
    if not isinstance(pair, list) or len(pair) != 2:
        return None
    played, saved = (state(number) for number in pair)
    return (played, saved) if played is not None and saved is not None else None


def _step(entry: object, state: Callable[[object], SoundState | None], here: HistoryEntry) -> HistoryEntry | None:
    """A step of the history of a session that is `here`."""
    if not isinstance(entry, list) or (pair := _pair(entry[:2], state)) is None:
        return None
    if len(entry) == 2:                                     # of a version without the rest
        return replace(here, state=pair[0], saved=pair[1])
    if len(entry) != 5 or not isinstance(entry[4], list):
        return None
    return HistoryEntry(*pair, _side(entry[2]), _pair(entry[3], state), _locks(entry[4]))


def _side(value: object) -> str:
    return "B" if value == "B" else "A"


def _locks(names: list) -> frozenset[str]:
    return frozenset(name for name in names[:MOST_LOCKS] if isinstance(name, str) and (name in LATENTS or name in SECTIONS))


def _list(values: dict, name: str, most: int) -> list:
    found = values.get(name)
    if not isinstance(found, list) or len(found) > most:
        raise WindowStateError(f"{name!r} is not a list of at most {most}")
    return found
