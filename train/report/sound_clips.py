"""The sounds of a report: recordings beside their reconstructions, random points, and sweeps of each latent and each knob."""
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hummingface.models.learning.latent_space import KNOB_RANGE
from hummingface.models.playing import stft
from hummingface.models.playing.knobs import KnobDirection, read_knobs, with_offsets
from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.evaluation.metrics import FIGURES, distance
from hummingface.train.evaluation.reconstruct import Reconstruction, find_point, sound_at, sounded
from hummingface.train.exporting.card_knobs import card_knobs
from hummingface.train.notes.names import note_name
from hummingface.train.notes.note import Note, one_channel, read_sound
from hummingface.train.notes.resampling import resampled
from hummingface.train.report import media

RATE_HZ = 32_000
LONGEST_S, FADE_S = 4.0, 0.1
KEYS = (36, 48, 55, 60, 67, 72, 76, 84)          # of random samples, one after another
STEPS = np.linspace(-KNOB_RANGE, KNOB_RANGE, 7)  # of a walk
STEP_S, GAP_S = 0.42, 0.06


@dataclass(frozen=True)
class Clip:
    """A sound of the page: its name, its caption, its sound and its picture as data URIs."""
    name: str
    about: str
    sound: str
    picture: str


def clip(name: str, about: str, audio: np.ndarray, rate_hz: int, gain: float | None = None) -> Clip:
    """`gain`: None brings it to the loudness of the others."""
    audio = np.nan_to_num(np.asarray(audio, np.float32))
    if rate_hz > RATE_HZ:
        audio, rate_hz = resampled(audio, rate_hz, RATE_HZ).astype(np.float32), RATE_HZ
    if len(audio) > LONGEST_S * rate_hz:
        audio = audio[:round(LONGEST_S * rate_hz)].copy()
        audio[-round(FADE_S * rate_hz):].T[...] *= np.linspace(1, 0, round(FADE_S * rate_hz), dtype=np.float32)
    audio = media.levelled(audio) if gain is None else audio * np.float32(gain)
    return Clip(name, about, media.sound(audio, rate_hz), media.spectrogram(one_channel(audio), rate_hz))


# reconstructions ----------------------------------------------------------------------------------------------------------------
@dataclass
class Reconstructed:
    """Notes through one model: means of figures by the way in which points were found, and the clips of the first notes, None for one
    that it cannot make."""
    figures: dict[str, dict[str, float | None]]
    clips: list[Clip | None] = field(default_factory=list)


def reconstructed(model: Model, notes: Sequence[Note], shown: int, step_done: Callable[[], object]) -> Reconstructed:
    """Each note by the encoder alone, where there is one, and by the encoder and refinement (`train/evaluation/reconstruct.py`).

    FIGURES are those of `train/evaluation/metrics.py`. The sounds are the refined ones. `step_done` is called after each note.
    """
    rows, clips = dict[str, list[dict]](), list[Clip]()
    for number, note in enumerate(notes):
        ways = [way for way in ("encoder", "refined") if way == "refined" or model.encoder_width is not None]
        for way in ways:
            made = _one(model, note, way)
            figures = distance(made.original, made.audio, made.rate_hz)
            rows.setdefault(way, []).append(figures)
        if number < shown:
            clips.append(clip(note.labels.name, f"mel {figures['mel']:.1f} dB, act60 {figures['act60']:.1f} dB", made.audio, made.rate_hz,
                              gain_of(made.original)))
        step_done()
    return Reconstructed({way: means(many, FIGURES) for way, many in rows.items()}, [*clips])


def original(note: Note) -> Clip:
    audio, rate_hz = read_sound(note.file) if note.file else (note.audio, note.rate_hz)
    return clip(note.labels.name, f"{note_name(note.labels.pitch)}, velocity {note.labels.velocity}", audio, rate_hz, gain_of(audio))


def means(rows: Sequence[dict], names: Sequence[str]) -> dict[str, float | None]:
    return {name: _mean(row[name] for row in rows) for name in names}


def _one(model: Model, note: Note, way: str) -> Reconstruction:
    z, targets = find_point(model, note, way, note.labels.instrument)
    return sound_at(model, z, targets, note, way)


def gain_of(audio: np.ndarray) -> float:
    """One for a recording and its reconstructions, which have the same energy."""
    return float(10 ** (-20 / 20) / max(np.sqrt(np.mean(np.square(audio, dtype=np.float64))), 1e-6))


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None


# points that nobody recorded ------------------------------------------------------------------------------------------------------
def played(model: Model | StftModel, z: np.ndarray, key: float, hold_s: float, length_s: float) -> np.ndarray:
    """A note of `length_s` at RATE_HZ; of a model of whole notes the begin of what it makes, at the nearest key that it knows."""
    if isinstance(model, Model):
        return sounded(model, np.asarray(z, np.float32), key, 100.0, hold_s, length_s, RATE_HZ)
    audio = stft.sound(model.spectrum(np.asarray(z, np.float32), model.nearest_key(key)))[:round(length_s * stft.RATE_HZ)]
    audio = resampled(audio, stft.RATE_HZ, RATE_HZ).astype(np.float32)
    audio[round(hold_s * RATE_HZ):] *= np.linspace(1, 0, len(audio) - round(hold_s * RATE_HZ), dtype=np.float32) ** 2
    return audio


def samples(model: Model | StftModel, count: int, seed: int = 3) -> list[Clip]:
    """Normal random points of the free latents, in knob units (where a bank of instruments has deviation 1), at keys from low to high."""
    points = random_points(model, count, np.random.default_rng(seed))
    keys = [model.nearest_key(key) if isinstance(model, StftModel) else key for key in np.resize(KEYS, count)]
    return [clip(note_name(int(key)), "", played(model, z, float(key), 1.2, 1.8), RATE_HZ) for z, key in zip(points, keys, strict=True)]


def random_points(model: Model | StftModel, count: int, rng: np.random.Generator) -> np.ndarray:
    """Conditions are left unasked. [count, L] float32"""
    z = np.zeros((count, model.latents), np.float32)
    z[:, :model.free_latents] = rng.standard_normal((count, model.free_latents)).clip(-KNOB_RANGE, KNOB_RANGE)
    return z


def axis_walks(model: Model | StftModel, count: int) -> list[Clip]:
    """Along the first `count` latents, from one end to the other through the middle, all others 0: they are ordered by what they do."""
    one = np.eye(model.latents, dtype=np.float32)
    return [_walk(model, f"latent {i + 1}", [value * one[i] for value in STEPS]) for i in range(min(count, model.free_latents))]


def knob_walks(model: Model | StftModel) -> list[Clip]:
    """Along each knob with a name, from the first preset (of a conditional model: from where no condition is set)."""
    knobs, conditional = knobs_of(model), bool(model.card.get("conditions"))
    begin = np.zeros(model.latents) if conditional or not model.presets else np.asarray(next(iter(model.presets.values())))
    limits = {f"{c['kind']}.{c['name']}": (c["lowest"], c["highest"]) for c in model.card.get("conditions", [])}
    clips = []
    for identity in sorted(knobs):
        kind, _, name = identity.partition(".")
        values = np.linspace(*limits.get(identity, (0.0, 1.0) if kind == "family" else (-2.0, 2.0)), len(STEPS))
        clips.append(_walk(model, name, [np.clip(with_offsets(knobs, begin, {identity: float(value)}), -4, 4) for value in values],
                           ("" if kind == "characteristic" else f"{kind}, ") + f"{values[0]:g} to {values[-1]:g}"))
    return clips


def knobs_of(model: Model | StftModel) -> dict[str, KnobDirection]:
    """The conditions of a conditional model, the families of others; of models of whole notes, what their cards name."""
    if isinstance(model, StftModel):
        return {name: knob for name, knob in model.knobs.items() if knob.kind != "characteristic"}
    return read_knobs({"knobs": card_knobs(model), "presets": model.card.get("presets", {})}, model.latents)


def _walk(model: Model | StftModel, name: str, points: Sequence[np.ndarray], about: str = "-3 to 3") -> Clip:
    """C4 once at each point, one after another."""
    parts = [played(model, z, 60.0, STEP_S, STEP_S + GAP_S) for z in points]
    end = round(0.01 * RATE_HZ)
    for part in parts:
        part[-end:] *= np.linspace(1, 0, end, dtype=np.float32)
    return clip(name, about, np.concatenate(parts), RATE_HZ)

