"""Renders a MIDI file into a mix and stems: every part is played by an engine of its own.

Effects belong to the parts. The mix is the plain sum of the stems, in float, through a limiter like that of each engine, which does
nothing below -0.3 dBFS and is the only thing that parts share. Stems are taken before it. A single part does not pass it at all.
"""
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hummingface.instrument.files.unnamed_file import Growing
from hummingface.instrument.offline import parts
from hummingface.instrument.offline.parts import Part, PartError
from hummingface.instrument.offline.player import Player, blocks
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import DRY, Patch
from hummingface.instrument.performance import midi, score
from hummingface.instrument.performance.midi_clock import FASTEST_BPM, SLOWEST_BPM
from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel


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

    def __str__(self) -> str:
        speed = self.seconds / max(self.took_s, 1e-9)
        return "\n".join([
            f"{self.wav}: {self.seconds:.1f} s, {self.notes} notes, at most {self.most_voices} voices, peak {self.peak_db:.1f} dBFS, "
            f"{self.patch}, made in {self.took_s:.1f} s ({speed:.1f} x real time)",
            *map(str, self.stems), *([self.notice] if self.notice else [])])


def render_midi(mid: str | Path, wav: str | Path, *, patch: str | Path | Patch | None = None,
                model: str | Path | Model | StftModel | None = None, by: str = "channel",
                mapped: dict[str, str | Path | Patch] | None = None,
                programs: str | None = None, controllers: dict[int, str] | None = None, gain_db: float = 0.0, stems: bool = False,
                dry: bool = False,
                rate_hz: int = 48000, block_samples: int = 2048, seed: int = 0, seconds: float | None = None,
                progress: Callable[[float], None] | None = None) -> BounceReport:
    """Plays a MIDI file into a WAV file of 24 bits, stereo; with `stems` also each part into one beside it.

    `patch`, `model`, `by`, `mapped`, `programs`: who plays what, see `parts.plan`. `controllers`: number -> control, instead of the
    table's own. `dry`: without room, echoes and chorus. `gain_db`: the volume of every part. `seconds` cuts the performance; `progress`
    hears of the part done, 0..1.
    The files are there when all of them are whole, and not before; until then older ones stay.
    Raises MidiError, PartError, PatchError, LibraryError (all ValueError) for what cannot be played, OSError for what cannot be written.
    """
    wav = Path(wav)
    _check(controllers or {})
    began = time.perf_counter()
    read = score.read(mid)
    if wav.exists() and wav.samefile(mid):
        raise OSError(f"{wav}: is the MIDI file itself; give the sound file another name")
    try:
        plan = parts.plan(read, by=by, mapped=mapped, patch=patch, model=model, programs=programs)
    except PartError as error:
        raise PartError(f"{mid}: {error}") from error
    if dry:
        controllers = {number: id_ for number, id_ in (midi.CONTROLS if controllers is None else controllers).items() if id_ not in DRY}
        for part in plan.parts:
            part.sound.patch = part.sound.patch.dry()
    players = [_player(part, read.tempos, rate_hz, seed if len(plan.parts) == 1 else seed + part.number, controllers, gain_db, dry)
               for part in plan.parts]
    last = max(round(at_s * rate_hz) for part in plan.parts for at_s, _ in part.events)
    total = seconds or last / rate_hz + 2
    names = stem_names(wav, plan.parts) if stems else ()
    loudest, done, most_voices = 0.0, 0, 0
    limiter = _Limiter(rate_hz)
    with _written_whole([wav, *names], rate_hz) as write:
        for made in blocks(players, last, block_samples, seconds):
            mix = made[0] if len(made) == 1 else limiter.mix(made)
            write([mix, *made] if stems else [mix])
            done += len(mix)
            loudest = max(loudest, float(np.abs(mix).max()))
            most_voices = max(most_voices, sum(player.performer.sounding() for player in players))
            if progress is not None:
                progress(min(done / rate_hz / total, 1.0))
    if progress is not None:
        progress(1.0)
    played = [f"patch {plan.parts[0].sound.patch.name}"] if len(plan.parts) == 1 else [f"{part.number} {part.name}" for part in plan.parts]
    return BounceReport(done / rate_hz, sum(part.notes for part in plan.parts), 20 * np.log10(max(loudest, 1e-6)),
                  max([most_voices, *(player.most_voices for player in players)]), time.perf_counter() - began, ", ".join(played), wav,
                  tuple(names), "\n".join([*plan.notices, *limiter.notices(gain_db)]))


def stem_names(wav: Path, of: list[Part]) -> tuple[Path, ...]:
    """The file names of the parts: "song - 01 Grand Piano.wav" beside "song.wav"."""
    plain = [re.sub(r"[^\w\- ]+", "", part.name).strip()[:60] for part in of]
    return tuple(wav.with_name(f"{wav.stem} - {part.number:02d} {name}".rstrip() + ".wav") for part, name in zip(of, plain, strict=True))


def _check(controllers: dict[int, str]) -> None:
    for number, id_ in controllers.items():
        if id_ not in PARAMETERS:
            raise PartError(f"no control is called {id_!r}; there are: {', '.join(PARAMETERS)}")
        if not 0 <= number < 128 or number in midi.RESERVED:
            raise PartError(f"controller {number} cannot move {id_}: it has a fixed meaning, or is not within 0..127")


def _player(part: Part, tempos: list[tuple[float, float]], rate_hz: int, seed: int, controllers: dict[int, str] | None,
            gain_db: float, dry: bool) -> Player:
    load, moved = parts.on_program(part)
    followed = [(at_s, midi.Tempo(min(max(bpm, SLOWEST_BPM), FASTEST_BPM))) for at_s, bpm in tempos]      # as a MIDI clock's, live
    events = [(round(at_s * rate_hz), event) for at_s, event in [*followed[1:], *part.events]]
    player = Player(part.sound.source, part.sound.patch, rate_hz=rate_hz, seed=seed, events=events, changed=moved, shown=False)
    performer = player.performer

    def on_program(channel: int, number: int) -> None:
        sound = load(number)
        if sound is not None:
            performer.load_patch(sound.patch.dry() if dry else sound.patch, sound.source)
    performer.on_program = on_program
    if controllers is not None:
        performer.controllers = dict(controllers)
    performer.controls.set("master.volume_db", gain_db)
    if followed:
        performer.controls.set_tempo(followed[0][1].bpm)
    performer.controls.snap()
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


@contextmanager
def _written_whole(wavs: list[Path], rate_hz: int) -> Iterator[Callable[[list[np.ndarray]], None]]:
    """Writers of these WAV files, which get their names only when all of them are complete. Raises OSError, naming the file and the reason.
    """
    import soundfile
    at = wavs[0]                                            # the file that is at work
    growing: dict[Path, Growing] = {}
    try:
        with ExitStack() as opened:
            files = []
            for at in wavs:
                if at.exists() and not at.is_file():
                    raise OSError(f"{at}: not a file that a sound can be written to")
                growing[at] = Growing(at)                   # which names the reason, where libsndfile says "System error"
                files.append(opened.enter_context(
                    soundfile.SoundFile(growing[at].fd, "w", rate_hz, 2, "PCM_24", format="WAV", closefd=False)))

            def write(blocks: list[np.ndarray]) -> None:
                nonlocal at
                for wav, file, block in zip(wavs, files, blocks, strict=True):
                    at = wav
                    file.write(block)
            yield write
        for at in wavs:
            growing[at].keep()
    except soundfile.LibsndfileError as error:
        raise OSError(f"{at}: cannot be written ({growing[at].why_full() or error.error_string})") from error
    except OSError as error:
        raise OSError(f"{at}: cannot be written ({error.strerror})" if error.strerror else str(error)) from error
    finally:
        for begun in growing.values():
            begun.drop()
