"""Renders a MIDI file into a mix and stems: every part is played by an engine of its own.

Effects belong to the parts. The mix is the plain sum of the stems, in float, through a limiter like that of each engine, which does
nothing below -0.3 dBFS and is the only thing that parts share. Stems are taken before it. A single part does not pass it at all.
"""
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hummingface.instrument.files import sound_file
from hummingface.instrument.offline import parts
from hummingface.instrument.offline.loudness_meter import LoudnessMeter
from hummingface.instrument.offline.parts import Assignment, Part, PartError
from hummingface.instrument.offline.player import Player, blocks
from hummingface.instrument.patches.patch import DRY, Patch
from hummingface.instrument.patches.scale_tuning import ScaleTuning
from hummingface.instrument.performance.messages import midi, score
from hummingface.instrument.performance.messages.controller_map import USUAL, Table
from hummingface.instrument.performance.messages.midi_clock import FASTEST_BPM, SLOWEST_BPM
from hummingface.models.playing.file_names import plain

AFTER_LAST_S = 2.0                      # of sound after the last event, as progress expects it


@dataclass(frozen=True)
class BounceReport:
    """The result of a rendering."""
    seconds: float
    notes: int
    peak_db: float
    most_voices: int
    took_s: float
    patch: str                           # or patches, with their parts
    wav: Path
    stems: tuple[Path, ...] = ()
    notice: str = ""                     # what the player should know, a line each
    rate_hz: int = 48000
    model: str = ""                      # or models
    loudness_lufs: float | None = None   # of the mix, integrated; None where it was not asked for

    def as_dict(self) -> dict:
        """For programs, in plain values."""
        return {"file": str(self.wav), "stems": [str(stem) for stem in self.stems], "seconds": round(self.seconds, 6),
                "rate_hz": self.rate_hz, "peak_db": round(self.peak_db, 2),
                "loudness_lufs": None if self.loudness_lufs is None else round(self.loudness_lufs, 2),
                "patch": self.patch.removeprefix("patch "), "model": self.model, "notes": self.notes, "most_voices": self.most_voices,
                "took_s": round(self.took_s, 3), "notices": self.notice.splitlines()}

    def __str__(self) -> str:
        speed = self.seconds / max(self.took_s, 1e-9)
        return "\n".join([
            f"{self.wav}: {self.seconds:.1f} s, {self.notes} notes, at most {self.most_voices} voices, peak {self.peak_db:.1f} dBFS, "
            f"{self.patch}, made in {self.took_s:.1f} s ({speed:.1f} x real time)",
            *map(str, self.stems), *([self.notice] if self.notice else [])])


@dataclass(frozen=True)
class RenderOptions:
    """How parts are rendered. `controllers`: which of them move what, instead of the table's own. `controls`: the player's own (volume,
    tuning ...), which no patch holds. `dry`: without room, echoes and chorus. `tuning`: in place of the patches' own. `seconds` cuts the
    performance; None: until all is quiet."""
    rate_hz: int = 48000
    block_samples: int = 2048
    seed: int = 0
    seconds: float | None = None
    dry: bool = False
    controllers: Table | None = None
    controls: dict[str, float] = field(default_factory=dict)
    tuning: ScaleTuning | None = None

    def of(self, patch: Patch) -> Patch:
        """A patch as it is to be played."""
        patch = patch.dry() if self.dry else patch
        return patch if self.tuning is None else patch.with_values(tuning=self.tuning)


class Rendering:
    """Parts, each on an engine of its own, side by side: the one way from notes to samples without a device. `tempos`: (second, beats a
    minute) from which on each holds."""

    def __init__(self, plan: Sequence[Part], tempos: Sequence[tuple[float, float]], options: RenderOptions) -> None:
        self.options = options
        controllers = options.controllers
        if options.dry:
            controllers = tuple(one for one in (USUAL if controllers is None else controllers) if one.control not in DRY)
        for part in plan:
            part.sound.patch = options.of(part.sound.patch)
        self._players = [_player(part, tempos, options, options.seed + (part.number if len(plan) > 1 else 0), controllers)
                         for part in plan]
        self._last = max(round(at_s * options.rate_hz) for part in plan for at_s, _ in part.events)
        self._limiter = _Limiter(options.rate_hz)
        self._loudest, self._done, self._voices = 0.0, 0, 0

    def blocks(self) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
        """(the mix, each part), float32 [n, 2] each, a quarter of a second at a time."""
        for made in blocks(self._players, self._last, self.options.block_samples, self.options.seconds):
            mix = made[0] if len(made) == 1 else self._limiter.mix(made)
            self._done += len(mix)
            self._loudest = max(self._loudest, float(np.abs(mix).max()))
            self._voices = max(self._voices, sum(player.performer.sounding() for player in self._players))
            yield mix, made

    @property
    def seconds(self) -> float:
        """How much is made."""
        return self._done / self.options.rate_hz

    @property
    def progress(self) -> float:
        """The part that is made, 0..1; without `seconds` it is not known how long the last note rings on."""
        return min(self.seconds / (self.options.seconds or self._last / self.options.rate_hz + AFTER_LAST_S), 1.0)

    @property
    def peak_db(self) -> float:
        """Of the mix so far, in dBFS."""
        return float(20 * np.log10(max(self._loudest, 1e-6)))

    @property
    def most_voices(self) -> int:
        """That sounded at once."""
        return max([self._voices, *(player.most_voices for player in self._players)])

    def notices(self) -> list[str]:
        """What the player should know of the mix."""
        return self._limiter.notices(self.options.controls.get("master.volume_db", 0.0))


def render_midi(mid: str | Path, wav: str | Path, assignment: Assignment | None = None, options: RenderOptions | None = None, *,
                stems: bool = False, loudness: bool = False, progress: Callable[[float], None] | None = None) -> BounceReport:
    """Plays a MIDI file into a WAV or FLAC file of 24 bits, stereo; with `stems` also each part into one beside it.

    `loudness`: measure it, too. `progress` is called with the fraction done, 0..1. The files are there when all of them are
    whole, and not before; until then older ones stay.
    Raises MidiError, PartError, PatchError, LibraryError, SoundFileError (all ValueError) for what cannot be played, OSError for what
    cannot be written.
    """
    wav, options = Path(wav), options or RenderOptions()
    if wav.exists() and Path(mid).exists() and wav.samefile(mid):
        raise OSError(f"{wav}: is the MIDI file itself; give the sound file another name")
    sound_file.format_of(wav)
    began = time.perf_counter()
    read = score.read(mid)
    try:
        plan = parts.plan(read, assignment or Assignment())
    except PartError as error:
        raise PartError(f"{mid}: {error}") from error
    rendering, rate_hz = Rendering(plan.parts, read.tempos, options), options.rate_hz
    names = stem_names(wav, plan.parts) if stems else ()
    meter = LoudnessMeter(rate_hz) if loudness else None
    with sound_file.written_whole([wav, *names], rate_hz) as write:
        for mix, made in rendering.blocks():
            write([mix, *made] if stems else [mix])
            if meter is not None:
                meter.feed(mix)
            if progress is not None:
                progress(rendering.progress)
    if progress is not None:
        progress(1.0)
    played = [f"patch {plan.parts[0].sound.patch.name}"] if len(plan.parts) == 1 else [f"{part.number} {part.name}" for part in plan.parts]
    models = dict.fromkeys(part.sound.source.name for part in plan.parts)
    return BounceReport(rendering.seconds, sum(part.notes for part in plan.parts), rendering.peak_db, rendering.most_voices,
                  time.perf_counter() - began, ", ".join(played), wav, tuple(names), "\n".join([*plan.notices, *rendering.notices()]),
                  rate_hz, ", ".join(models), meter.integrated_lufs() if meter is not None else None)


def stem_names(wav: Path, of: list[Part]) -> tuple[Path, ...]:
    """The file names of the parts: "song - 01 Grand Piano.wav" beside "song.wav"."""
    names = [f"{wav.stem} - {part.number:02d} {plain(part.name)}".rstrip() for part in of]
    return tuple(wav.with_name(name + wav.suffix) for name in names)


def _player(part: Part, tempos: Sequence[tuple[float, float]], options: RenderOptions, seed: int,
            controllers: Table | None) -> Player:
    rate_hz = options.rate_hz
    load, moved = parts.on_program(part)
    followed = [(at_s, midi.Tempo(min(max(bpm, SLOWEST_BPM), FASTEST_BPM))) for at_s, bpm in tempos]      # as a MIDI clock's, live
    events = [(round(at_s * rate_hz), event) for at_s, event in [*followed[1:], *part.events]]
    player = Player(part.sound.source, part.sound.patch, rate_hz=rate_hz, seed=seed, events=events, changed=moved)
    performer = player.performer

    def on_program(channel: int, number: int, bank: list[int]) -> None:
        sound = load(number, max(bank))
        if sound is not None:
            performer.load_patch(options.of(sound.patch), sound.source)
    performer.on_program = on_program
    if controllers is not None:
        performer.messages.controllers.use(controllers)
    if followed:
        performer.controls.set_tempo(followed[0][1].bpm)
    performer.sound.begin_with(options.controls)
    return player


class _Limiter:
    """The limiter after the sum of several parts."""

    def __init__(self, rate_hz: int) -> None:
        from hummingface.instrument.synthesis.limiter import limiter_dtype
        self._rate_hz, self._memory, self._over_db = rate_hz, np.zeros(1, limiter_dtype), 0.0

    def mix(self, made: list[np.ndarray]) -> np.ndarray:
        """The limited sum of float32 [n, 2] each."""
        from hummingface.instrument.synthesis.limiter import CEILING_DB, limit_mix
        mix = np.stack(made).sum(0)
        self._over_db = max(self._over_db, 20 * float(np.log10(max(np.abs(mix).max(), 1e-9))) - CEILING_DB)
        limit_mix(self._memory, mix, self._rate_hz)
        return mix

    def notices(self, gain_db: float) -> list[str]:
        if self._over_db <= 0:
            return []
        return [f"The limiter turned the mix down by up to {self._over_db:.1f} dB, so the stems' sum is louder there. "
                f"--gain {gain_db - np.ceil(self._over_db):g} lowers all parts enough to avoid this."]
