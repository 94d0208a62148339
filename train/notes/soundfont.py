"""Renders notes of a SoundFont with the `fluidsynth` program: many in one run, each cut out by itself.

Notes are placed on one timeline, each with space for its release; "all sound off" before each next one keeps them apart. They begin on
multiples of fluidsynth's 64-sample buffer, so that a cut starts at note-on to the sample. Reverb and chorus are off.
"""
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soundfile as sf

from hummingface.train.notes.note import SourceError

RATE_HZ = 48_000
BUFFER_SAMPLES = 64                   # fluidsynth reads its events once per this many samples
GAIN = 0.6
STEP_S = 0.1                          # slots of the timeline: a whole number of buffers (75) and of milliseconds
GAP_S = 0.2                           # silence after "all sound off", before the next note
TICKS_PER_SECOND = 1000


class SoundFontError(SourceError):
    """fluidsynth or the SoundFont cannot give notes; the text says why and what to do."""


@dataclass(frozen=True)
class NoteSpec:
    """One note to be played."""
    program: int
    pitch: int
    velocity: int
    hold_s: float
    tail_s: float = 2.0
    bank: int = 0

    @property
    def name(self) -> str:
        return f"p{self.program:03d}-{self.hold_s:g}s-{self.pitch:03d}-{self.velocity:03d}"


def _slots(seconds: float) -> int:
    return int(np.ceil(seconds / STEP_S - 1e-9))


def write_timeline(specs: Sequence[NoteSpec], path: Path) -> list[int]:
    """A MIDI file that plays `specs` one after the other. Returns each note's first sample in the rendering."""
    track, events, starts, slot = mido.MidiTrack(), [], [], _slots(GAP_S)
    for spec in specs:
        tick = round(slot * STEP_S * TICKS_PER_SECOND)
        off = tick + round(spec.hold_s * TICKS_PER_SECOND)
        slot += _slots(spec.hold_s + spec.tail_s)
        events += [(tick - 100, mido.Message("control_change", control=0, value=spec.bank)),
                   (tick - 100, mido.Message("program_change", program=spec.program)),
                   (tick, mido.Message("note_on", note=spec.pitch, velocity=spec.velocity)),
                   (off, mido.Message("note_off", note=spec.pitch, velocity=64)),
                   (round(slot * STEP_S * TICKS_PER_SECOND), mido.Message("control_change", control=120, value=0))]
        starts.append(round(tick / TICKS_PER_SECOND * RATE_HZ) + BUFFER_SAMPLES)      # it sounds one buffer later
        slot += _slots(GAP_S)
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000))
    now = 0
    for tick, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=300))
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_SECOND)
    file.tracks.append(track)
    file.save(path)
    return starts


def render(specs: Sequence[NoteSpec], soundfont: Path, folder: Path | None = None,
           lead_s: float = 0.0) -> Iterator[tuple[NoteSpec, np.ndarray]]:
    """(spec, audio float32 [S, 2] at RATE_HZ, from `lead_s` before note-on to the end of its tail) for each of `specs`, in one run.

    Raises SoundFontError where the program or the SoundFont is missing, or where it fails.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise SoundFontError("fluidsynth is not installed: `apt-get install fluidsynth` (macOS: `brew install fluidsynth`).")
    soundfont = Path(soundfont)
    if not soundfont.is_file():
        raise SoundFontError(f"{soundfont}: no such SoundFont. FluidR3 comes with `apt-get install fluid-soundfont-gm`.")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        midi, wav = Path(work, "notes.mid"), Path(work, "notes.wav")
        starts = write_timeline(specs, midi)
        # Samples are loaded with their program: all of an .sf3 take 15 s. -R 0 -C 0: no reverb, no chorus; the player runs as fast as it
        # can into a float file
        command = [program, "-ni", "-q", "-R", "0", "-C", "0", "-g", str(GAIN), "-r", str(RATE_HZ), "-O", "float",
                   "-T", "wav", "-F", str(wav), "-o", "synth.polyphony=256",
                   "-o", "synth.dynamic-sample-loading=1", str(soundfont), str(midi)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode or not wav.is_file():
            raise SoundFontError(f"fluidsynth failed on {soundfont} (status {done.returncode}): {done.stderr.strip()[-300:]}")
        with sf.SoundFile(wav) as stream:
            for spec, start in zip(specs, starts, strict=True):
                size = round((lead_s + spec.hold_s + spec.tail_s) * RATE_HZ)
                stream.seek(min(start - round(lead_s * RATE_HZ), stream.frames))
                audio = stream.read(size, dtype="float32", always_2d=True)
                yield spec, np.pad(audio, ((0, size - len(audio)), (0, 0)))


def trim_tail(audio: np.ndarray, hold_s: float, floor_db: float = -80.0, keep_s: float = 0.1) -> np.ndarray:
    """Cut the tail of a sound [S] or [S, 2] after note-off where it has fallen `floor_db` below the note's peak, keeping `keep_s` more."""
    size = RATE_HZ // 100
    peak = np.abs(audio).reshape(len(audio), -1).max(1)
    blocks = peak[:len(audio) // size * size].reshape(-1, size).max(1)
    heard = np.flatnonzero(blocks > blocks.max() * 10 ** (floor_db / 20)) if len(blocks) else np.zeros(0, int)
    last = (heard[-1] + 1) * size if len(heard) else 0
    return audio[:max(last, round(hold_s * RATE_HZ)) + round(keep_s * RATE_HZ)]
