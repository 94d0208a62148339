"""Compares a model's notes with those of the SoundFont that it learnt, at trained keys and at left-out keys.

Renderings of each note, all through the reference synthesis: the targets (frames as smooth as a decoder can give: what a
perfect decoder would reach), the decoder, and at left-out keys the mean of the two neighbouring keys' targets, and of
the decoder's frames at these two. All sound at the recording's own f0 (training removes a sample's tuning error);
tuning is measured separately, at the equal-tempered pitch.
"""
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hummingface.models.playing.conditioning import HIGHEST_KEY, LOWEST_KEY, ROWS, row_times_s
from hummingface.models.playing.frame import pitch_to_hz
from hummingface.models.playing.model import Model
from hummingface.models.playing.period import periods_cents
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.progress import progress_bar
from hummingface.train.evaluation import model_dynamics
from hummingface.train.evaluation.metrics import by_family, distance, gain_line, gain_spread, heading, line
from hummingface.train.evaluation.reconstruct import released
from hummingface.train.notes.note import SourceError
from hummingface.train.notes.soundfont import RATE_HZ, NoteSpec, render, trim_tail
from hummingface.train.notes.soundfont_source import SoundFont


@dataclass
class Renderer:
    """Frames of whole notes, from rows or from a model, and their sound."""
    bank: NoteBank

    def _whole(self, held: np.ndarray, times: np.ndarray, note: int) -> np.ndarray:
        hold_s, pitch = self.bank.hold_s[note], self.bank.pitch[note]
        before = int(np.count_nonzero(times <= hold_s))
        return np.concatenate([held, released(held[-1], times[before:] - times[before - 1], pitch)])

    def from_rows(self, rows: np.ndarray, times: np.ndarray, note: int) -> np.ndarray:
        """Rows [ROWS, FRAME_SIZE] -> frames at `times`, with the release after note-off."""
        at = times[times <= self.bank.hold_s[note]]
        row_times = row_times_s()
        right = np.clip(np.searchsorted(row_times, at, side="right"), 1, ROWS - 1)
        share = np.clip((at - row_times[right - 1]) / (row_times[right] - row_times[right - 1]), 0, 1)[:, None]
        return self._whole(rows[right - 1] * (1 - share) + rows[right] * share, times, note)

    def from_model(self, model: Model, z: np.ndarray, times: np.ndarray, note: int, pitch: float | None = None) -> np.ndarray:
        at = times[times <= self.bank.hold_s[note]]
        full = np.ones(len(at), np.float32)
        pitch = float(self.bank.pitch[note]) if pitch is None else pitch
        held = model.frames(np.tile(z, (len(at), 1)), pitch * full, float(self.bank.velocity[note]) * full, at)
        return self._whole(held, times, note)

    def sound(self, frames: np.ndarray, times: np.ndarray, phase: np.ndarray, note: int, stereo: np.ndarray | None = None) -> np.ndarray:
        """[S], or [S, 2] with balances and coherences `stereo` [STEREO_SIZE]."""
        from hummingface.models.analysis.note_frames import NoteFrames
        from hummingface.models.analysis.reference import synthesise
        return synthesise(NoteFrames(times, frames.astype(np.float32), float(self.bank.f0_hz[note]),
                                     phase.astype(np.float32), float(self.bank.hold_s[note]), stereo), RATE_HZ, seed=note)


def neighbours(bank: NoteBank, note: int) -> tuple[int, int] | None:
    """The notes a semitone below and above in the same part, or None."""
    same = np.flatnonzero((bank.instrument == bank.instrument[note]) & (bank.velocity == bank.velocity[note])
                          & (bank.hold_s == bank.hold_s[note]))
    found = {int(bank.pitch[i]): int(i) for i in same}
    below, above = found.get(int(bank.pitch[note]) - 1), found.get(int(bank.pitch[note]) + 1)
    return None if below is None or above is None else (below, above)


def choose(bank: NoteBank, left_out: bool, count: int, seed: int = 1, instruments: Collection[int] | None = None) -> list[int]:
    """A fixed random sample, the same number from every instrument (or from some) as far as it goes."""
    rng = np.random.default_rng(seed)
    def place(i: int) -> tuple:                # not by their order in the folder, which another preparation may change
        return bank.instruments[bank.instrument[i]]["name"], int(bank.pitch[i]), int(bank.velocity[i]), float(bank.hold_s[i])
    long = [int(i) for i in np.flatnonzero(bank.left_out == left_out) if bank.hold_s[i] >= 1
            and (instruments is None or bank.instrument[i] in instruments)]
    beside = [i for i in long if not left_out or neighbours(bank, i)]
    usable = sorted(beside or long, key=place)                     # drawn notes have none beside them
    queues: dict[int, list[int]] = {}
    for i in rng.permutation(usable):
        queues.setdefault(int(bank.instrument[i]), []).append(int(i))
    turns = [queue[turn] for turn in range(max(map(len, queues.values()), default=0))
             for queue in queues.values() if turn < len(queue)]
    return turns[:count]


def distances(model: Model, bank: NoteBank, soundfont: Path, count: int = 200, left_out_count: int = 100, progress: bool = True) -> dict:
    """{'trained' | 'left_out': {rendering: {family or ALL: {figure: mean}}}, 'gain_spread': {'trained / decoder', ..: see
    `train/evaluation/metrics.py`}} over fixed samples of notes."""
    maker, result = Renderer(bank), dict[str, Any](gain_spread={})
    programs = SoundFont(soundfont).programs
    known = [i for i, about in enumerate(bank.instruments) if about["name"] in programs]
    if not known:
        raise SourceError(f"{soundfont}: has none of the instruments that were prepared. Give the SoundFont that --data came from.")
    own_db = np.zeros(len(bank)) if bank.levelled is None else bank.levelled.expected_lufs(bank.arrays)    # what the player's law puts back
    for kind, left_out, size in (("trained", False, count), ("left_out", True, left_out_count)):
        if not size:
            continue
        chosen = choose(bank, left_out, size, instruments=known)
        specs = [NoteSpec(programs[bank.instruments[bank.instrument[i]]["name"]], int(bank.pitch[i]), int(bank.velocity[i]),
                          float(bank.hold_s[i])) for i in chosen]
        rows: dict[str, list] = {}
        gains: dict[str, list] = {}
        for note, (_, audio) in zip(chosen, progress_bar(render(specs, soundfont), total=len(specs), desc=kind,
                                                 progress=progress), strict=True):
            for name, figures in _one(model, maker, note, audio, left_out).items():
                instrument = bank.instruments[bank.instrument[note]]
                rows.setdefault(name, []).append((instrument["family"], figures))
                levelled = figures | {"gain_db": figures["gain_db"] - own_db[note]}
                gains.setdefault(name, []).append((instrument["name"], levelled))
        result[kind] = {name: by_family(values) for name, values in rows.items()}
        result["gain_spread"] |= {f"{kind} / {name}": gain_spread(values) for name, values in gains.items()}
    return result


def _one(model: Model, maker: Renderer, note: int, audio: np.ndarray, left_out: bool) -> dict:
    from hummingface.models.analysis.note_frames import frame_times
    bank = maker.bank
    audio = trim_tail(audio, float(bank.hold_s[note]))
    times = frame_times(len(audio) / RATE_HZ)
    instrument = bank.instruments[bank.instrument[note]]
    z = np.asarray(model.presets[instrument["name"]])
    where = z[None], bank.pitch[note:note + 1], bank.velocity[note:note + 1]
    phase, said = model.start_phase(*where)[0], model.stereo_of(*where)
    stereo, heard = None if said is None else said[0], bank.stereo[note].numpy() if bank.is_stereo else None
    target = bank.rows[note].numpy().astype(np.float32)
    versions = {"decoder": (maker.from_model(model, z, times, note), phase, stereo),
                "targets": (maker.from_rows(target, times, note), bank.phase[note].numpy(), heard)}
    if left_out and (beside := neighbours(bank, note)) is not None:
        low, high = beside
        mean = (bank.rows[low].float() + bank.rows[high].float()).numpy() / 2
        frames = [maker.from_model(model, z, times, note, pitch=float(bank.pitch[i])) for i in (low, high)]
        versions["decoder's neighbours"] = ((frames[0] + frames[1]) / 2, phase, stereo)
        versions["neighbours"] = (maker.from_rows(mean, times, note), bank.phase[low].numpy(), heard)
    return {name: distance(audio, maker.sound(frames, times, start, note, sides), RATE_HZ)
            for name, (frames, start, sides) in versions.items()}


def tuning_cents(model: Model, z: np.ndarray, pitches: Sequence[int] = range(LOWEST_KEY, HIGHEST_KEY + 1), velocity: float = 100.0,
                 times_s: Sequence[float] = (0.3, 0.5, 0.8, 1.2)) -> np.ndarray:
    """How far the period of each key is off, in cents (see `models/playing/period.py`). [keys]"""
    full = np.ones(len(pitches), np.float32)
    played = np.clip(pitches, *model.card.get("pitches", (LOWEST_KEY, HIGHEST_KEY))).astype(np.float32)       # as the player asks it
    frames = [model.frames(np.tile(z, (len(full), 1)), played, velocity * full, time_s * full)
              for time_s in times_s]
    hz = pitch_to_hz(np.asarray(pitches, np.float64))
    return np.median([periods_cents(moment, hz) for moment in frames], 0)


def tuning(model: Model) -> dict:
    """Tuning over all keys of every preset: median, and the worst keys."""
    table = {name: np.abs(tuning_cents(model, np.asarray(z))) for name, z in model.presets.items()}
    everything = np.concatenate(list(table.values()))
    worst = {name: round(float(cents.max()), 2) for name, cents in table.items()}
    return {"median_cents": round(float(np.median(everything)), 3), "p99_cents": round(float(np.quantile(everything, 0.99)), 2),
            "worst_cents": round(float(everything.max()), 2), "keys_off_more_than_5": int((everything > 5).sum()),
            "keys": len(everything), "worst_by_preset": dict(sorted(worst.items(), key=lambda item: -item[1])[:10])}


def table(result: dict) -> str:
    """The figures as text."""
    lines = []
    for kind in ("trained", "left_out"):
        for name, groups in result.get(kind, {}).items():
            lines.append(heading(f"{kind} / {name}"))
            lines += [line(f"    {family}", row) for family, row in groups.items()]
            lines.append(gain_line(f"{kind} / {name}", result["gain_spread"].get(f"{kind} / {name}", {})))
    if "dynamics" in result:
        lines.append(model_dynamics.text(result["dynamics"]))
    return "\n".join([*lines, "tuning " + json.dumps(result.get("tuning", {}))])
