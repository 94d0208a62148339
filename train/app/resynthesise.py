"""The command `hummingface resynthesise`: one recorded note through a model into a sound file."""
from pathlib import Path

import numpy as np

from hummingface.models.playing.model import Model
from hummingface.train.data.prepare import loudness_db
from hummingface.train.evaluation.examine import write_sound
from hummingface.train.evaluation.metrics import distance
from hummingface.train.evaluation.reconstruct import USUAL_DB, Refiner, reconstruct
from hummingface.train.notes.names import note_name
from hummingface.train.notes.note import Labels, Note, SourceError, read_sound
from hummingface.train.notes.onset_pitch import hear

VELOCITY = 100


def note_in(path: Path, pitch: float | None = None) -> Note:
    """The note of a sound file, cut out, at a usual level. `pitch`: its key, if it is known. Raises SourceError if there is none."""
    audio, rate_hz = _read(path)
    heard = hear(audio, rate_hz)
    if heard.end_s == 0 or (heard.problem and pitch is None):
        raise SourceError(f"{path}: {heard.problem}." + (" Give its key with --pitch if it is one note." if heard.end_s else ""))
    fine = heard.pitch if pitch is None else pitch
    if pitch is not None and abs(heard.pitch - pitch) < 0.7:
        fine = heard.pitch                                             # the key is given, its exact tuning is measured
    stop_s = heard.end_s if heard.let_go else heard.off_s
    labels = Labels(path.stem, path.stem, "recorded", "recorded", round(fine), VELOCITY, round(heard.off_s - heard.onset_s, 3))
    piece = audio[round(heard.onset_s * rate_hz):round(stop_s * rate_hz)]
    gain_db = USUAL_DB - loudness_db(piece, labels.hold_s, rate_hz)
    return Note(labels, piece * np.float32(10 ** (gain_db / 20)), rate_hz, fine, path, heard.onset_s)


def _read(path: Path) -> tuple[np.ndarray, int]:
    try:
        return read_sound(path)
    except SourceError as error:
        raise SourceError(f"{path}: {error}.") from error


def resynthesise(model: Model, source: Path, out: Path, pitch: float | None = None) -> str:
    """Write `out`, as long and as loud as `source`. Returns a report with the distances. Raises SourceError, OSError."""
    note = note_in(source, pitch)
    made = reconstruct(Refiner(model), note, "refined")
    write_sound(out, made.audio, made.rate_hz)
    figures = distance(made.original, made.audio, made.rate_hz)
    distances = ", ".join(f"{name} {figures[name]:.2f}" for name in ("mel", "act60") if figures[name] is not None)
    key = note.labels.pitch
    return (f"{out}: {source.name} is {note_name(key)} ({100 * (note.pitch - key):+.0f} cents), from {note.lead_s:.2f} s on, "
            f"through {model.name}: {distances} dB\nlatents: {' '.join(f'{z:.2f}' for z in made.z)}")
