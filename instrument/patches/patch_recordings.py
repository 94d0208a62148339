"""The recordings of a patch, as its file has them."""
from hummingface.instrument.patches.patch_fields import PatchError, latents_field, number_field, text_field, typed_field
from hummingface.models.playing.recorded_note import PLACES, RecordedNoteError, Recording
from hummingface.models.playing.recorded_note import from_json as note_from_json

MOST_NOTES, LARGEST_RECORDINGS = 64, 1_500_000       # recorded notes of a patch, and characters of all their frames


def recording_to_json(recording: Recording) -> dict:
    return {"name": recording.name, "latents": [round(z, 4) for z in recording.latents],
            "places": list(recording.places), "notes": [note.to_json() for note in recording.notes]
            } | ({"by_frequency": round(recording.by_frequency, 3)} if recording.by_frequency else {})


def recordings_from_json(values: list, where: str, has_pad: bool) -> tuple[Recording, ...]:
    there, found = PLACES if has_pad else PLACES[:1], list[Recording]()
    for number, value in enumerate(values, 1):
        here = f"recording {number}"
        value = typed_field(value, dict, where, here)
        listed = typed_field(value.get("places"), list, where, f"{here}: places")
        places = tuple(text_field(place, where, f"{here}: places", 40) for place in listed)
        if not places or not set(places) <= set(there) or len(set(places)) < len(places):
            raise PatchError(f"{where}: {here}: its places are not some of {', '.join(there)}")
        if any(set(places) & set(other.places) for other in found):
            raise PatchError(f"{where}: {here} stands where another one does")
        notes = typed_field(value.get("notes"), list, where, f"{here}: notes")
        if not 1 <= len(notes) <= MOST_NOTES:
            raise PatchError(f"{where}: {here} has {len(notes)} notes, not 1..{MOST_NOTES}")
        by_frequency = number_field(value.get("by_frequency", 0.0), where, f"{here}: by_frequency")
        if not 0 <= by_frequency <= 1:
            raise PatchError(f"{where}: {here}: by_frequency is {by_frequency:g}, not within 0..1")
        try:
            found.append(Recording(text_field(value.get("name"), where, f"{here}: name"),
                                   latents_field(value.get("latents"), where, f"{here}: latents"),
                                   tuple(note_from_json(note) for note in notes), places, by_frequency))
        except RecordedNoteError as error:
            raise PatchError(f"{where}: {here}: a note cannot be used: {error}") from error
    if sum(len(note.packed) for recording in found for note in recording.notes) > LARGEST_RECORDINGS:
        raise PatchError(f"{where}: its recordings are larger than the {LARGEST_RECORDINGS >> 10} kB that are allowed")
    return tuple(found)
