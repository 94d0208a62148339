"""The versions of a patch's file, and how values of an older one become the next one's."""
from hummingface.instrument.patches.parameters import group, renamed
from hummingface.instrument.patches.patch_fields import PatchError
from hummingface.models.playing.checks import is_number

FORMAT, VERSION = "hummingface-patch", 5
SHAPING = 4                              # the first version whose named knobs do as they do now; before, they moved the latents a little
SHAPED = [p.id for name in ("characteristic", "family") for p in group(name)]
SHAPING_NOTICE = ("named knobs (Brighter, Vibrating .., families) moved the latents a little when it was made; they shape the sound now, "
                  "and do much more.")


def migrated(values: dict, where: str) -> dict:
    """These values as the newest version has them. Raises PatchError where they are no patch, or of a newer program."""
    if values.get("format") != FORMAT:
        raise PatchError(f"{where}: not a patch (its 'format' is not {FORMAT!r})")
    version = values.get("version")
    if type(version) is not int or version < 0:
        raise PatchError(f"{where}: version is {version!r:.40}, not a whole number")
    if version > VERSION:
        raise PatchError(f"{where}: version {version} comes from a newer program; this one reads up to {VERSION}")
    values = dict(values)
    for step in range(version, VERSION):
        values = MIGRATIONS[step](values)
    return values


def _from_version_0(values: dict) -> dict:
    """Version 0: the model was a plain name, the corners were unnamed lists."""
    values = {**values, "version": 1}
    if isinstance(values.get("model"), str):
        values["model"] = {"name": values["model"]}
    if isinstance(values.get("morph"), list):
        values["morph"] = [{"name": f"Corner {i + 1}", "latents": corner} if isinstance(corner, list) else corner
                           for i, corner in enumerate(values["morph"])]
    return values


def _from_version_1(values: dict) -> dict:
    """Version 1 had no times in beats (`delay.sync`, `motion.vibrato_sync`): they are free."""
    return {**values, "version": 2}


def _from_version_2(values: dict) -> dict:
    """In version 2 the network was asked for every velocity, scaled by `master.velocity` around 100, and that was all that made harder
    notes brighter; now loudness follows the player's law.
    """
    parameters = values.get("parameters", {})
    if isinstance(parameters, dict):
        parameters = dict(parameters)
        times = parameters.pop("master.velocity", 1.0)
        if is_number(times, 0, 2):
            parameters["dynamics.range_db"] = renamed("master.velocity", times)[1]
        parameters["dynamics.brightness"] = 0.0
    return {**values, "parameters": parameters, "version": 3}


def _from_version_3(values: dict) -> dict:
    """In version 3 the characteristics moved the latents of the model; they keep their values, and now shape the sound."""
    return {**values, "version": 4}


def _from_version_4(values: dict) -> dict:
    """Version 4 had no modulation routes and no tuning of its own: nothing moves by itself, and keys are tuned as the player has them."""
    return {**values, "version": 5}


# From version to the next.
MIGRATIONS = {0: _from_version_0, 1: _from_version_1, 2: _from_version_2, 3: _from_version_3, 4: _from_version_4}
