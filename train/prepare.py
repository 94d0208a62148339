"""Recorded notes into training data: render, analyse, smooth, and put on the rows of the note image.

A data folder holds one part per instrument and layer (velocity and hold): `NAME.rows.npy` [notes, ROWS, FRAME_SIZE] float16,
`NAME.phase.npy` [notes, PARTIALS] float16, and `NAME.json` with what is known of each note. A part is complete when its
JSON is there, so preparing goes on where it was stopped. Rows after note-off repeat the last one and are not trained on.
"""
import json
import multiprocessing
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from models.autoencoder import note_rows
from models.conditioning import HIGHEST_KEY, LONGEST_S, LOWEST_KEY, row_times_s
from models.frame import LEVEL, NOISE
from train.notes.general_midi import Instrument, instruments_in_turn
from train.notes.soundfont import NoteSpec, render, trim_tail

# What is made of each instrument, in this order, so that any beginning can be trained on: velocity, seconds held (struck,
# sustained), and which keys, as steps and offsets from the lowest. All keys are made at every velocity in the end.
LAYERS = (
    (100, (LONGEST_S, 2.0), 2, (0,)), (60, (1.5, 1.5), 4, (1,)), (120, (0.5, 0.5), 4, (3,)),
    (100, (LONGEST_S, 2.0), 2, (1,)), (60, (1.5, 1.5), 4, (0, 2, 3)), (120, (0.5, 0.5), 4, (0, 1, 2)),
)
TAIL_S = 2.0
SILENT_PEAK = 10 ** (-70 / 20)
FORMAT = 2                            # 1 had a floor of -100 dB


@dataclass(frozen=True)
class Part:
    """What one worker prepares at a time: some keys of an instrument at one velocity and hold."""
    instrument: Instrument
    velocity: int
    hold_s: float
    pitches: tuple[int, ...]

    @property
    def name(self) -> str:
        first = self.pitches[0] if self.pitches else 0
        return f"p{self.instrument.program:03d}-v{self.velocity:03d}-{self.hold_s:g}s-{first:03d}"


def plan(instruments: list[Instrument], layers=LAYERS, pitches=range(LOWEST_KEY, HIGHEST_KEY + 1)) -> list[Part]:
    """All parts, layer by layer: (velocity, (seconds held if struck, if sustained), step, offsets) as in LAYERS."""
    parts = [Part(instrument, velocity, hold[instrument.sustained],
                  tuple(p for i, p in enumerate(pitches) if i % step in offsets))
             for velocity, hold, step, offsets in layers for instrument in instruments]
    return [part for part in parts if part.pitches]


def analysed(audio: np.ndarray, rate_hz: int, pitch: int, hold_s: float) -> tuple[np.ndarray, np.ndarray, dict]:
    """One note as (rows [ROWS, FRAME_SIZE], start phases [PARTIALS], what is known of it)."""
    from models.harmonic import analyse
    from models.motion import smooth
    sounds_s = min(hold_s, len(audio) / rate_hz)              # what has died away before note-off is cut off
    note = smooth(analyse(audio, rate_hz, pitch, sounds_s))
    held = note.times_s <= max(sounds_s, 0.1)
    rows = note_rows(note.frames[held], note.times_s[held])
    known = {"f0_hz": round(float(note.f0_hz), 4), "valid_rows": int(np.count_nonzero(row_times_s() <= hold_s + 1e-9)),
             "peak_db": round(float(rows[:, LEVEL].max()), 2), "noise_peak_db": round(float(rows[:, NOISE].max()), 2)}
    return rows, note.start_phase, known


def prepare_part(part: Part, soundfont: Path, folder: Path) -> int:
    """Make one part. Returns how many notes it holds; silent keys are left out."""
    import torch
    torch.set_num_threads(1)
    specs = [NoteSpec(part.instrument.program, pitch, part.velocity, part.hold_s, TAIL_S) for pitch in part.pitches]
    rows, phases, notes = [], [], []
    for spec, audio in render(specs, soundfont, folder):
        if np.abs(audio[:round(part.hold_s * 48_000)]).max() < SILENT_PEAK:
            continue
        row, phase, known = analysed(trim_tail(audio, 0.1), 48_000, spec.pitch, spec.hold_s)
        rows.append(row.astype(np.float16))
        phases.append(phase.astype(np.float16))
        notes.append({"pitch": spec.pitch, "rms_db": round(float(loudness_db(audio, spec.hold_s)), 2)} | known)
    for kind, values in (("rows", rows), ("phase", phases)):
        if values:
            partial = folder / f"{part.name}.{kind}.partial.npy"
            np.save(partial, np.stack(values))
            os.replace(partial, folder / f"{part.name}.{kind}.npy")
    about = {"format": FORMAT, "soundfont": soundfont.name, "instrument": asdict(part.instrument),
             "velocity": part.velocity, "hold_s": part.hold_s, "pitches": list(part.pitches), "notes": notes}
    partial = folder / f"{part.name}.json.partial"
    partial.write_text(json.dumps(about))
    os.replace(partial, folder / f"{part.name}.json")
    return len(notes)


def loudness_db(audio: np.ndarray, hold_s: float, rate_hz: int = 48_000) -> float:
    """Level of the loudest 0.4 s (or of all that is held, if shorter), dB RMS: enough to level presets against each other."""
    size = max(1, min(round(0.4 * rate_hz), round(hold_s * rate_hz), len(audio)))
    power = np.concatenate([[0.0], np.cumsum(audio.astype(np.float64) ** 2)])
    return 10 * np.log10(max(np.max(power[size:] - power[:-size]) / size, 1e-12))


def is_complete(part: Part, folder: Path) -> bool:
    try:
        about = json.loads((folder / f"{part.name}.json").read_text())
    except (OSError, ValueError):
        return False
    return about.get("format") == FORMAT and about.get("pitches") == list(part.pitches)


def prepare(folder: Path, soundfont: Path, instruments: list[Instrument] | None = None, layers=LAYERS,
            pitches=range(LOWEST_KEY, HIGHEST_KEY + 1), workers: int | None = None, progress: bool = True) -> int:
    """Make all parts that are not there yet. Returns how many notes were made now."""
    from tqdm import tqdm
    folder.mkdir(parents=True, exist_ok=True)
    todo = [part for part in plan(instruments or instruments_in_turn(), layers, pitches) if not is_complete(part, folder)]
    workers = max(1, min(workers or os.cpu_count() or 1, len(todo)))
    made = 0
    bar = tqdm(total=sum(len(p.pitches) for p in todo), unit="note", desc="notes", disable=not progress)
    jobs = [(part, Path(soundfont), folder) for part in todo]
    with bar:
        if workers == 1:
            results: Iterable[tuple[Part, int]] = map(_job, jobs)
            pool = None
        else:
            pool = multiprocessing.get_context("spawn").Pool(workers)
            results = pool.imap_unordered(_job, jobs)
        try:
            for part, count in results:
                made += count
                bar.set_postfix_str(part.name)
                bar.update(len(part.pitches))
        finally:
            if pool:
                pool.terminate()
                pool.join()
    return made


def _job(arguments: tuple) -> tuple[Part, int]:
    return arguments[0], prepare_part(*arguments)
