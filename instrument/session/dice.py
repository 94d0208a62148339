"""Rolls of the dice: a new sound of a model, anywhere in its space or near the one that plays.

What is drawn is made of what is known to be good: latents are mixed from presets of different families, and controls are those of two
patches of the library, of one for the tone (envelope, filter, character), of the other for motion and room.
`amount` is how far to go there: 0 takes steps around the sound that plays, as Mutate does, 1 leaves it behind.
"""
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hummingface.instrument.patches import library
from hummingface.instrument.patches.parameters import LATENT_KNOBS, LATENT_RANGE, MOST_LATENTS, PARAMETERS
from hummingface.instrument.patches.patch import IDS, LONGEST_NAME, LONGEST_TAG, Patch
from hummingface.instrument.patches.sound_candidates import opened, places_of, shares_of
from hummingface.models.playing.card_file import LATENT_LIMIT, can_be_shown
from hummingface.models.playing.checked_json import JsonObject
from hummingface.models.playing.checks import is_number

STEP = 0.25                         # deviation of each latent around where it is to go
MIXED = (0.35, 0.4, 0.25)           # how often one, two and three presets are mixed
SLOW_S = 0.08                       # an attack from which on it swallows a struck or plucked sound
SUSTAINED = 0.5                     # a share of presets
TONE = ("time", "envelope", "touch", "filter", "character", "characteristic", "family")        # groups of controls; the drive, too
KEPT = ("morph", "likeness", "lfo", "mod_envelope", "macro")        # groups that a roll leaves to the player: routes stay, too
GAIN_DB = 24.0
VARIED = ", varied"
NEW = 0.5                           # an amount, from which on a roll has a name of its own


@dataclass(frozen=True)
class RolledPreset:
    """A named point of the model's space."""
    name: str
    latents: tuple[float, ...]
    family: str
    sustained: bool
    gain_db: float


@dataclass(frozen=True)
class Donor:
    """A patch that lends its controls; `gain_db` is by how much they make a preset's sound softer than it is by itself."""
    parameters: dict[str, float]
    gain_db: float


@dataclass(frozen=True)
class Material:
    """What rolls of a model are made of. Without presets, latents are drawn as a model's presets are distributed. `free`: so many latents
    are no conditions."""
    presets: tuple[RolledPreset, ...] = ()
    donors: tuple[Donor, ...] = ()
    free: int = MOST_LATENTS


@dataclass(frozen=True)
class Target:
    """A sound anywhere in the space."""
    name: str
    tags: tuple[str, ...]
    latents: tuple[float, ...]
    parameters: dict[str, float]
    gain_db: float


def material(model: str, latents: int) -> Material:
    """What the library has for a model with so many latents."""
    cards: dict[str, dict[str, RolledPreset]] = {}

    def presets(name: str) -> dict[str, RolledPreset]:
        if name not in cards:
            cards[name] = {preset.name: preset for preset in _presets(library.card_of_model(name))}
        return cards[name]
    donors = []
    for _, patch in opened(library.patches()):
        own = presets(patch.model)
        shares = shares_of(patch, {name: preset.latents for name, preset in own.items()})
        if not patch.recordings and shares:
            plain_db = sum(share * own[name].gain_db for name, share in shares.items()) / sum(shares.values())
            donors.append(Donor(patch.parameters, patch.gain_db - plain_db))
    conditions = library.card_of_model(model).get("conditions")
    return Material(tuple(preset for preset in presets(model).values() if len(preset.latents) == latents), tuple(donors),
                    latents - (len(conditions) if isinstance(conditions, list) else 0))


def roll(now: Patch, material: Material, amount: float, locked: Iterable[int], rng: random.Random) -> Patch:
    """A new patch of the same model; latents at the places `locked` stay. The corners of the morph pad stay, and recordings;
    what they pull becomes less with the amount."""
    to = _target(now, material, rng)
    kept = set(locked)
    latents = [z if place in kept else _within(place, z + amount * (there - z) + (rng.gauss(0, STEP) if place < material.free else 0.0))
               for place, (z, there) in enumerate(zip(now.latents, to.latents, strict=True))]
    parameters = {name: _between(name, now.parameters[name], to.parameters.get(name, now.parameters[name]), amount, rng) for name in IDS}
    parameters["morph.amount"] = now.parameters["morph.amount"] * (1 - amount)
    if now.recordings:
        parameters["likeness.amount"] = now.parameters["likeness.amount"] * (1 - amount)
    gain_db = now.gain_db + amount * (to.gain_db - now.gain_db)
    name, tags = (to.name, to.tags) if amount >= NEW else (_varied(now.name), now.tags)
    return now.with_values(name=name, tags=tags, author="", blend={}, latents=tuple(latents), parameters=parameters, gain_db=gain_db)


def _target(now: Patch, material: Material, rng: random.Random) -> Target:
    mixed = _mixture(material.presets, rng)
    total = sum(share for _, share in mixed)
    latents = tuple(sum(share * preset.latents[i] for preset, share in mixed) / total for i in range(len(now.latents))) if mixed else \
        tuple(rng.gauss(0, 1) for _ in now.latents)
    sustained = sum(share for preset, share in mixed if preset.sustained) >= SUSTAINED * total
    tone, room = _donors(material.donors, sustained, rng)
    gain_db = sum(share * preset.gain_db for preset, share in mixed) / total if mixed else now.gain_db
    if tone is not None:
        gain_db += tone.gain_db
    names = [preset.name for preset, _ in sorted(mixed, key=lambda one: -one[1])] or ["New sound"]
    name = " × ".join(names)[:LONGEST_NAME] if len(names) > 1 else _varied(names[0])
    parameters = {}
    for identity in IDS:
        tonal = PARAMETERS[identity].group in TONE or identity == "drive.amount"
        donor = tone if tonal else room
        if donor is not None and PARAMETERS[identity].group not in KEPT:
            parameters[identity] = donor.parameters[identity]
    return Target(name, tuple(dict.fromkeys(preset.family for preset, _ in mixed if preset.family)), latents, parameters,
                  min(max(gain_db, -GAIN_DB), GAIN_DB))


def _varied(name: str) -> str:
    return name.removesuffix(VARIED)[:LONGEST_NAME - len(VARIED)] + VARIED


def _mixture(presets: Sequence[RolledPreset], rng: random.Random) -> list[tuple[RolledPreset, float]]:
    """Presets of as many families, and their shares."""
    families: dict[str, list[RolledPreset]] = {}
    for preset in presets:
        families.setdefault(preset.family, []).append(preset)
    count = min(rng.choices((1, 2, 3), MIXED)[0], len(families))
    return [(rng.choice(families[family]), rng.uniform(0.2, 1)) for family in rng.sample(sorted(families), count)]


def _donors(donors: Sequence[Donor], sustained: bool, rng: random.Random) -> tuple[Donor | None, Donor | None]:
    """(for the tone, for motion and room)."""
    if not donors:
        return None, None
    tone = [donor for donor in donors if sustained or donor.parameters["envelope.attack_s"] < SLOW_S] or list(donors)
    return rng.choice(tone), rng.choice(donors)


def _between(identity: str, here: float, there: float, amount: float, rng: random.Random) -> float:
    """On the way along a control's travel; a switch takes one of both."""
    parameter = PARAMETERS[identity]
    if parameter.choices:
        return there if rng.random() < amount else here
    if here == there or amount in (0.0, 1.0):           # exactly
        return there if amount == 1.0 else here
    return parameter.from_travel(parameter.to_travel(here) + amount * (parameter.to_travel(there) - parameter.to_travel(here)))


def _within(place: int, z: float) -> float:
    limit = LATENT_RANGE if place < LATENT_KNOBS else LATENT_LIMIT
    return min(max(z, -limit), limit)


def _presets(card: JsonObject) -> Iterable[RolledPreset]:
    stored = card.get("presets")
    presets: JsonObject = stored if isinstance(stored, dict) else {}
    for name, z in places_of(presets).items():
        family, gain_db = presets[name].get("family"), presets[name].get("gain_db", 0.0)
        if can_be_shown(name) and is_number(gain_db):
            yield RolledPreset(name, tuple(z), family[:LONGEST_TAG] if can_be_shown(family) else "",
                               presets[name].get("sustained") is not False, float(gain_db))
