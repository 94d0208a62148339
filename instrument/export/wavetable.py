"""A wavetable of a patch: 256 single cycles of 2048 samples along a control, or along the time of one note, for Serum, Vital and others.

Each cycle has the levels of the harmonics that the engine plays at that place. They are measured over eight periods of a note whose period
is a whole number of samples, so that every harmonic falls on its own bin; power up to a quarter of the way to the next harmonic
(stretched strings) counts as its own. A cycle cannot hold what does not repeat, so motion, noise, half-harmonics, chorus, delay and
reverb are left out.
All harmonics start as sines in every cycle, so that neighbouring cycles blend without cancelling each other.
"""
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hummingface.instrument.export import sampled_note
from hummingface.instrument.export.forms import table_place
from hummingface.instrument.export.hidden_folder import ExportError, growing
from hummingface.instrument.export.report import ExportReport
from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance.messages.midi import Bend, NoteOn, Panic, Set
from hummingface.instrument.performance.sound_bank import Sound, notice
from hummingface.instrument.recording import riff
from hummingface.models.playing.frame import hz_to_pitch, pitch_to_hz
from hummingface.suggestions import did_you_mean

CYCLES, CYCLE_SAMPLES = 256, 2048
TIME = "time"                       # in place of a control
STILL = {"motion.amount": 0.0, "motion.vibrato_cents": 0.0, "motion.wheel_cents": 0.0, "chorus.mix": 0.0, "master.width": 0.0,
         "character.noise_db": -40.0, "character.width": 0.0, "arpeggiator.on": 0.0}
PERIODS = 8                         # that a cycle is heard in
SIDE_BINS = PERIODS // 4            # of those around a harmonic's that are its own
HEARD_S, SETTLING_S = 0.3, 0.05     # along a knob: how long a note has sounded when its cycle is taken, and a knob before the note
FIRST_S = 0.03                      # along time: the first cycle
LOUDEST = 0.98
MOST_RAISED_DB = 40.0               # a quieter cycle is raised by at most this much
ALIKE_DB = -50.0                    # cycles that differ by less are reported as the same


@dataclass(frozen=True)
class WavetableOptions:
    """`along` is a control's id, or "time"; `seconds` is how much of the note passes along time; `key` is the note that is played."""
    along: str = TIME
    key: int = 48
    velocity: int = 100
    seconds: float = 3.0


def check_along(along: str, latents: int) -> None:
    """Raises ExportError if no wavetable can be made along this."""
    if along == TIME:
        return
    if along not in PARAMETERS:
        raise ExportError(f"no control is called {along!r}.{did_you_mean(along, (TIME, *PARAMETERS))} Take {TIME}, or a control that "
                          f"`hummingface controls` lists: latent.1 to latent.{min(latents, 16)}, filter.cutoff_hz, morph.x ...")
    if PARAMETERS[along].choices:
        raise ExportError(f"{along} is a switch; a wavetable needs a continuous control")
    if along.startswith("latent.") and int(along.partition(".")[2]) > latents:
        raise ExportError(f"{along}: the model has {latents} latents")


def export(sound: Sound, out: str | Path, options: WavetableOptions | None = None,
           progress: Callable[[int, int], None] = lambda done, total: None) -> ExportReport:
    """Write the table into a WAV file of 32-bit floats, whole or not at all.

    `progress` is called with steps (done, total); what it raises ends the export. Raises ExportError, OSError, naming the file.
    """
    began, options = time.perf_counter(), options or WavetableOptions()
    out = table_place(out)
    check_along(options.along, sound.source.latents)
    with growing(out.parent, [out]) as hidden:
        levels = harmonics(sound, options, progress)
        notices = [notice(sound)]
        spread = np.sqrt(np.mean((levels - levels.mean(0)) ** 2) / max(np.mean(levels ** 2), 1e-30))
        if levels.max() < 1e-6:
            raise ExportError(f"{sound.patch.name}: silent at key {options.key}; choose another key")
        if 20 * np.log10(max(spread, 1e-9)) < ALIKE_DB:
            notices.append(f"All cycles are the same: {options.along} does not change them.")
        with (hidden / out.name).open("xb") as file:
            file.write(as_wav(cycles(levels)))
            file.flush()
            os.fsync(file.fileno())
    return ExportReport(out, CYCLES, False, out.stat().st_size / 1e6, f"{CYCLES} cycles of {CYCLE_SAMPLES} samples",
                        time.perf_counter() - began, "\n".join(filter(None, notices)))


def harmonics(sound: Sound, options: WavetableOptions, progress: Callable[[int, int], None] = lambda done, total: None) -> np.ndarray:
    """Amplitudes of the harmonics at each place, float64 [CYCLES, harmonics]."""
    still = sampled_note.for_sampling(sound.patch)
    still = still.with_values(parameters={**still.parameters, **STILL}, tuning=None)         # a cycle has no pitch
    period = round(sampled_note.RATE_HZ / float(pitch_to_hz(options.key)))
    player = Player(sound.source, still, rate_hz=sampled_note.RATE_HZ)
    semitones = float(hz_to_pitch(sampled_note.RATE_HZ / period)) - options.key
    player.performer.receive(Bend(0, semitones / 2), 0)                # the bend's range is two semitones
    if options.along == TIME:
        return _along_time(player, options, period, progress)
    parameter, found = PARAMETERS[options.along], []
    for i in range(CYCLES):
        player.performer.receive(Set(parameter.id, parameter.from_travel(i / (CYCLES - 1))), player.position)
        player.render(round(SETTLING_S * sampled_note.RATE_HZ), sampled_note.BLOCK_SAMPLES)
        player.performer.receive(NoteOn(0, options.key, options.velocity), player.position)
        heard = player.render(round(HEARD_S * sampled_note.RATE_HZ), sampled_note.BLOCK_SAMPLES)
        player.performer.receive(Panic(), player.position)
        player.render(sampled_note.BLOCK_SAMPLES, sampled_note.BLOCK_SAMPLES)
        player.performer.receive(Bend(0, semitones / 2), player.position)    # which the panic undid
        found.append(_levels(heard[-PERIODS * period:], period))
        progress(i + 1, CYCLES)
    return np.array(found)


def _along_time(player: Player, options: WavetableOptions, period: int, progress: Callable[[int, int], None]) -> np.ndarray:
    window = PERIODS * period
    player.performer.receive(NoteOn(0, options.key, options.velocity), player.position)
    places = np.linspace(FIRST_S, options.seconds, CYCLES) * sampled_note.RATE_HZ
    heard = player.render(int(places[-1]) + window, sampled_note.BLOCK_SAMPLES)
    found = []
    for i, place in enumerate(places.astype(int)):
        begin = max(place - window // 2, 0)
        found.append(_levels(heard[begin:begin + window], period))
        progress(i + 1, CYCLES)
    return np.array(found)


def _levels(heard: np.ndarray, period: int) -> np.ndarray:
    """Amplitudes of the harmonics in PERIODS periods [S, 2], by the power around each, the mean of both channels': [harmonics]."""
    window = np.hanning(len(heard) + 1)[:-1]
    power = (np.abs(np.fft.rfft(heard * window[:, None], axis=0)) ** 2).mean(1) / (len(heard) * np.sum(window ** 2) / 4)
    count = min((len(power) - 1 - SIDE_BINS) // PERIODS, CYCLE_SAMPLES // 2 - 1)
    middles = PERIODS * np.arange(1, count + 1)
    return np.sqrt(sum(power[middles + side] for side in range(-SIDE_BINS, SIDE_BINS + 1)))


def cycles(levels: np.ndarray) -> np.ndarray:
    """The waves of these harmonics [CYCLES, harmonics], all equally loud: float32 [CYCLES, CYCLE_SAMPLES]."""
    rms = np.sqrt((levels ** 2).sum(1) / 2)
    raised = levels / np.maximum(rms, rms.max() * 10 ** (-MOST_RAISED_DB / 20))[:, None]
    spectrum = np.zeros((len(levels), CYCLE_SAMPLES // 2 + 1), np.complex128)
    spectrum[:, 1:levels.shape[1] + 1] = -0.5j * CYCLE_SAMPLES * raised
    waves = np.fft.irfft(spectrum, CYCLE_SAMPLES, axis=1)
    return (waves * (LOUDEST / np.abs(waves).max())).astype(np.float32)


def as_wav(waves: np.ndarray) -> bytes:
    """A WAV file of them, one after the other, mono. Its `clm ` chunk tells synthesizers how long a cycle is, and to blend cycles."""
    chunks = (riff.format_chunk(riff.FLOAT, 1, sampled_note.RATE_HZ, 32) + riff.chunk(b"fact", struct.pack("<I", waves.size))
              + riff.chunk(b"clm ", b"<!>%d 10000000 wavetable (HummingFace)" % CYCLE_SAMPLES))
    body = b"WAVE" + chunks + riff.chunk(b"data", waves.astype("<f4").tobytes())
    return b"RIFF" + struct.pack("<I", len(body)) + body
