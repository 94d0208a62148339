"""Sections of a sound, which the player may lock: they stay as they are when another patch is loaded, and chance leaves them alone. No Qt.

A section is what the window shows together: a group of the table, the effects by what they are. That of the latents has the recordings
that sound where the knobs stand, that of the pad those of its corners; that of modulation has the routes and the macros' names.
"""
from collections.abc import Iterable
from dataclasses import replace

from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import IDS, Patch
from hummingface.instrument.session.session_state import LATENTS
from hummingface.models.playing.recorded_note import KNOBS, PAD_CORNERS, Recording

LATENT_SECTION, PAD_SECTION, ROUTE_SECTION = "section.latents", "section.morph", "section.modulation"
_OF_GROUP = {"latent": "latents", "characteristic": "characteristics", "family": "characteristics", "likeness": "morph",
             "lfo": "modulation", "mod_envelope": "modulation", "macro": "modulation"}
_OF_EFFECT = {"drive": "chorus"}                # which share a panel


def _section(parameter_id: str) -> str:
    group, effect = PARAMETERS[parameter_id].group, parameter_id.partition(".")[0]
    return "section." + (_OF_EFFECT.get(effect, effect) if group == "effects" else _OF_GROUP.get(group, group))


_SECTION_OF = {i: _section(i) for i in (*LATENTS, *IDS)}
SECTIONS = tuple(dict.fromkeys(_SECTION_OF.values()))


def section_of(parameter_id: str) -> str | None:
    """The section of a control; None where it belongs to no patch."""
    return _SECTION_OF.get(parameter_id)


def name_of(section: str) -> str:
    """What a section is called."""
    name = section.removeprefix("section.")
    return {"chorus": "drive and chorus", "touch": "velocity"}.get(name, name)


def is_locked(parameter_id: str, locked: Iterable[str]) -> bool:
    """Whether a control stays as it is, by itself or with its section."""
    return parameter_id in locked or _SECTION_OF.get(parameter_id, parameter_id) in locked


def kept(now: Patch, patch: Patch, locked: Iterable[str]) -> Patch:
    """The patch, with the locked sections of the one that plays `now`; itself where nothing is locked. What is in a space of latents stays
    only within one model."""
    locked = set(locked).intersection(SECTIONS) - set(not_kept(now, patch, locked))
    if not locked:
        return patch
    alike = _alike(now, patch)
    values = {i: now.parameters[i] for i in IDS if section_of(i) in locked and (alike or PARAMETERS[i].group != "family")}
    mixed = patch.with_values(parameters={**patch.parameters, **values})
    if LATENT_SECTION in locked:
        mixed = mixed.with_values(latents=now.latents, gain_db=now.gain_db, blend=now.blend)
    if PAD_SECTION in locked:
        mixed = mixed.with_values(morph=now.morph)
    if ROUTE_SECTION in locked:
        mixed = mixed.with_values(routes=now.routes, macros=now.macros)
    return mixed.with_values(recordings=_recordings(now, patch, locked))


def not_kept(now: Patch, patch: Patch, locked: Iterable[str]) -> list[str]:
    """The locked sections that a patch of another model brings all the same."""
    return [] if _alike(now, patch) else [section for section in (LATENT_SECTION, PAD_SECTION) if section in locked]


def _alike(now: Patch, patch: Patch) -> bool:
    return (now.model, len(now.latents)) == (patch.model, len(patch.latents))


def _recordings(now: Patch, patch: Patch, locked: set[str]) -> tuple[Recording, ...]:
    """Those of the patch, but where a locked section is those of the one that plays."""
    ours = {*((KNOBS,) if LATENT_SECTION in locked else ()), *(PAD_CORNERS if PAD_SECTION in locked else ())}
    if not ours:
        return patch.recordings
    shared = [replace(one, places=tuple(p for p in one.places if (p in ours) is mine))
              for source, mine in ((now, True), (patch, False)) for one in source.recordings]
    return tuple(one for one in shared if one.places)
