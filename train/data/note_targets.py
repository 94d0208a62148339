"""What a network would be trained on of one note, as arrays: of a recording that becomes a sound, or is compared with a model."""
from dataclasses import asdict, dataclass

import numpy as np

from hummingface.models.playing.conditioning import ROWS, row_times_s
from hummingface.models.playing.stereo import MONO
from hummingface.train.data.characteristics import sustains
from hummingface.train.data.cleaning import BankNotes, clean
from hummingface.train.data.loudness_normalisation import shift_rows
from hummingface.train.data.prepared_note import prepared
from hummingface.train.data.store import LATE_S, Made
from hummingface.train.notes.note import Note


@dataclass
class NoteTargets:
    """Frames of one note: `rows` [ROWS + late ones, FRAME_SIZE] at `times_s`, of which `valid_rows` are known; start phases [PARTIALS];
    `stereo` [STEREO_SIZE], None where both channels are alike. `peak_db`: of its loudest partial."""
    rows: np.ndarray
    times_s: np.ndarray
    pitch: float
    velocity: float
    hold_s: float
    valid_rows: int
    f0_hz: float
    peak_db: float
    phase: np.ndarray
    stereo: np.ndarray | None

    @property
    def image(self) -> np.ndarray:
        """The note image [ROWS, FRAME_SIZE]."""
        return self.rows[:ROWS]


def note_targets(note: Note) -> NoteTargets:
    """A note analysed and cleaned, as loud as it is."""
    return cleaned(prepared("", note))


def cleaned(made: Made) -> NoteTargets:
    """A prepared note, cleaned, as loud as it is."""
    known, labels = made.known, asdict(made.labels)
    late = made.rows[-1:].repeat(len(LATE_S), 0) if made.late is None else made.late
    one = lambda value: np.array([value], np.float64)                                                            # noqa: E731
    bank = BankNotes(rows=np.concatenate([made.rows, late])[None], times_s=np.append(row_times_s(), LATE_S).astype(np.float32),
                     instrument=np.zeros(1, int), valid_rows=np.array([known["valid_rows"]]),
                     **{name: one(labels[name]) for name in ("pitch", "velocity", "hold_s")},
                     **{name: one(known[name]) for name in ("f0_hz", "rms_db", "peak_db")})
    sustained = made.labels.sustained if made.labels.sustained is not None else sustains(known["measured"])
    clean(bank, [labels | known], np.array([sustained]))
    shift_rows(bank, -one(known["raised_db"]))
    mono = made.stereo is None or np.array_equal(made.stereo, MONO)
    return NoteTargets(bank.rows[0], bank.times_s, float(bank.pitch[0]), float(bank.velocity[0]), float(bank.hold_s[0]),
                       int(bank.valid_rows[0]), float(bank.f0_hz[0]), float(bank.peak_db[0]), made.phase, None if mono else made.stereo)
