"""Playing without a sound device: events into samples, through the same performer and the same compiled `render` as live.

The samples do not depend on the block size. A log of a live performance, rendered here, gives what was played.
"""
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from instrument.patch import Patch
from instrument.performance import midi
from instrument.performance.performer import Performer
from instrument.performance.timbre import Timbre

LONGEST_TAIL_S, QUIET_S, QUIET = 20.0, 0.3, 10 ** (-80 / 20)      # it ends when so much time stays under this level
PIECE_HOPS = 8                                                    # asked of the engine at once; its ring holds 16


@dataclass(frozen=True)
class Report:
    """What was rendered."""
    seconds: float
    notes: int
    peak_db: float
    most_voices: int
    took_s: float
    patch: str
    wav: Path | None = None
    remark: str = ""                     # what the player should know of the patch

    def __str__(self) -> str:
        where = f"{self.wav}: " if self.wav else ""
        speed = self.seconds / max(self.took_s, 1e-9)
        return (f"{where}{self.seconds:.1f} s, {self.notes} notes, at most {self.most_voices} voices, "
                f"peak {self.peak_db:.1f} dBFS, patch {self.patch}, made in {self.took_s:.1f} s ({speed:.1f} x real time)"
                + (f"\n{self.remark}" if self.remark else ""))


class Player:
    """An engine of its own, in memory. `events` are (sample, event) in any order; more come by `performer.receive`."""

    def __init__(self, timbre: Timbre, patch: Patch | None = None, *, rate_hz: int = 48000, seed: int = 0,
                 events: Iterable[tuple[int, Any]] = (), **options) -> None:
        from instrument.synthesis.state import new_state
        self.rate_hz = rate_hz
        self.state = new_state(rate_hz, seed=seed)
        self.performer = Performer(self.state, timbre, patch, seed=seed, **options)
        self.most_voices = 0
        for sample, event in events:
            self.performer.receive(event, sample)

    @property
    def position(self) -> int:
        return int(self.state["position"][0])

    def render(self, samples: int, block_samples: int = 128) -> np.ndarray:
        """The next samples, float32 [samples, 2], made in blocks."""
        from instrument.synthesis.render import render
        out = np.empty((samples, 2), np.float32)
        longest = PIECE_HOPS * self.rate_hz * 4 // 750
        for begin in range(0, samples, block_samples):
            block = out[begin:begin + block_samples]
            for first in range(0, len(block), longest):
                piece = block[first:first + longest]
                self.performer.advance(self.position + len(piece))
                render(self.state, piece)
            self.most_voices = max(self.most_voices, self.performer.sounding())
        return out


def play_events(events: list[tuple[int, Any]], timbre: Timbre, patch: Patch | None = None, *, rate_hz: int = 48000,
                block_samples: int = 128, seed: int = 0, seconds: float | None = None, **options) -> np.ndarray:
    """The sound of (sample, event) pairs, with the tail of the last note or of exactly `seconds`. float32 [S, 2]"""
    player = Player(timbre, patch, rate_hz=rate_hz, seed=seed, events=events, **options)
    last = max((sample for sample, _ in events), default=0)
    return np.concatenate(list(_blocks(player, last, block_samples, seconds)))


def render_midi(mid: str | Path, wav: str | Path, *, patch=None, model=None, rate_hz: int = 48000, block_samples: int = 128,
                seed: int = 0, seconds: float | None = None, progress: Callable[[float], None] | None = None) -> Report:
    """Plays a MIDI file into a WAV file of 24 bits, stereo.

    `patch`: a name, a file, a Patch, or None for the first; `model`: a name, a file, a loaded model, or None for the patch's own.
    Program changes load the factory's patches. `seconds` cuts the performance; `progress` hears of the part done, 0..1.
    The WAV file is there when it is whole, and not before; until then an older one stays.
    Raises MidiError, PatchError, LibraryError (all ValueError) for what cannot be played, OSError for what cannot be written.
    """
    from instrument import library
    wav = Path(wav)
    if wav.exists() and wav.samefile(mid):
        raise OSError(f"{wav}: is the MIDI file itself; give the sound file another name")
    began = time.perf_counter()
    events = [(round(at_s * rate_hz), event) for at_s, event in midi.read_file(mid)]
    sound = library.open_sound(patch, model)
    programs = library.Programs(sound)
    player = Player(sound.timbre, sound.patch, rate_hz=rate_hz, seed=seed, events=events)

    def on_program(channel: int, number: int) -> None:
        other = programs.sound(number)
        if other is not None:
            player.performer.load_patch(other.patch, other.timbre)
    player.performer.on_program = on_program
    last = max((sample for sample, _ in events), default=0)
    total = seconds or last / rate_hz + 2
    peak, done = 0.0, 0
    with _written_whole(wav, rate_hz) as write:
        for block in _blocks(player, last, block_samples, seconds):
            write(block)
            done += len(block)
            peak = max(peak, float(np.abs(block).max()))
            if progress is not None:
                progress(min(done / rate_hz / total, 1.0))
    if progress is not None:
        progress(1.0)
    notes = sum(isinstance(event, midi.NoteOn) for _, event in events)
    return Report(done / rate_hz, notes, 20 * np.log10(max(peak, 1e-6)), player.most_voices, time.perf_counter() - began,
                  sound.patch.name, wav, library.remark(sound))


@contextmanager
def _written_whole(wav: Path, rate_hz: int) -> Iterator[Callable[[np.ndarray], None]]:
    """Takes blocks for a WAV file that stands under its name once all of them are written. Raises OSError, naming the file and why."""
    import soundfile
    if wav.exists() and not wav.is_file():
        raise OSError(f"{wav}: is no file that a sound can be written to")
    wav = wav.resolve()
    temporary = wav.with_name(f"{wav.name}.{os.getpid()}.tmp")
    try:
        temporary.open("wb").close()                        # which says why not, where libsndfile says "System error"
        with soundfile.SoundFile(temporary, "w", rate_hz, 2, "PCM_24", format="WAV") as file:
            yield file.write
        os.replace(temporary, wav)
    except soundfile.LibsndfileError as error:
        raise OSError(f"{wav}: cannot be written ({_why(temporary) or error.error_string})") from error
    except OSError as error:
        raise OSError(f"{wav}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _why(file: Path) -> str:
    """Why no more can be written to a file, which libsndfile does not say; empty if it can."""
    try:
        with file.open("ab") as stream:
            stream.write(bytes(1 << 16))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _blocks(player: Player, last: int, block_samples: int, seconds: float | None) -> Iterator[np.ndarray]:
    """A quarter of a second at a time, up to `seconds`, or until all is quiet after sample `last`."""
    rate_hz = player.rate_hz
    step = max(block_samples, rate_hz // 4 // block_samples * block_samples)
    end = round(seconds * rate_hz) if seconds is not None else last + round(LONGEST_TAIL_S * rate_hz)
    quiet_s = 0.0
    while player.position < end:
        block = player.render(min(step, end - player.position), block_samples)
        yield block
        if seconds is None and player.position > last:
            quiet_s = quiet_s + len(block) / rate_hz if np.abs(block).max() < QUIET else 0.0
            if quiet_s >= QUIET_S and not player.performer.sounding():
                return
