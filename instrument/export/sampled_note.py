"""One note of a patch as a sampler needs it: alone, dry, from its first sample, with its release time."""
from dataclasses import dataclass

import numpy as np

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import Event, NoteOff, NoteOn
from hummingface.instrument.performance.source import Source
from hummingface.instrument.performance.voices.note_course import PACE_OCTAVES

RATE_HZ = 48000
BLOCK_SAMPLES = 1024
# What the sampler does itself: one key at a time, no glide from the last key
ALONE = {"motion.glide_s": 0.0, "master.mode": 0.0, "arpeggiator.on": 0.0}
# Reverb and delay in a sample would end with each note, and repeat in loops
DRY = {"reverb.mix": 0.0, "delay.mix": 0.0}
LONGEST_RELEASE_S, LONGEST_SETTLING_S = 12.0, 10.0
HELD_S = 0.6                        # how long a key is held when its release is measured
STEP_S = 0.02                       # between levels that are looked at
ENVELOPE_DB = 88.0                 # that a sampler lets a level fall by in the time written for it: some mean 78 (nine nepers), some 100


@dataclass(frozen=True)
class Release:
    """The decay after note-off: `seconds` for 60 dB."""
    seconds: float

    @property
    def envelope_s(self) -> float:
        """The time to write into a sampler's envelope."""
        return max(round(self.seconds * ENVELOPE_DB / 60, 3), 0.005)


def for_sampling(patch: Patch, wet: bool = False) -> Patch:
    """The patch with the effects that belong into samples: `wet` keeps delay and reverb."""
    return patch.with_values(parameters={**patch.parameters, **ALONE, **({} if wet else DRY)})


def settling_s(patch: Patch) -> float:
    """The time until the player's envelope is steady: its attack, and its decay if it changes anything."""
    of = patch.parameters
    attack_s = of["envelope.attack_s"] * 2 ** (PACE_OCTAVES * of["characteristic.attack"])
    return min(attack_s + (of["envelope.decay_s"] if of["envelope.sustain"] < 1 else 0.0), LONGEST_SETTLING_S)


def play(source: Source, patch: Patch, key: int, velocity: int, seconds: float, release_at_s: float | None = None, *,
         seed: int | None = None) -> np.ndarray:
    """A note alone, released at `release_at_s` if given: float32 [S, 2] at RATE_HZ. Each key and velocity has its own random motion, unless
    a `seed` is given.
    """
    events: list[tuple[int, Event]] = [(0, NoteOn(0, key, velocity))]
    if release_at_s is not None:
        events.append((round(release_at_s * RATE_HZ), NoteOff(0, key)))
    player = Player(source, patch, rate_hz=RATE_HZ, seed=key * 128 + velocity if seed is None else seed, events=events)
    return player.render(round(seconds * RATE_HZ), BLOCK_SAMPLES)


def levels_db(sound: np.ndarray, step_s: float = STEP_S) -> np.ndarray:
    """RMS of each step, dB [steps]; -120 for silence."""
    step = round(step_s * RATE_HZ)
    steps = max(len(sound) // step, 1)
    power = np.asarray(sound[:steps * step], np.float64) ** 2
    return 10 * np.log10(np.maximum(power.reshape(steps, -1).mean(1), 1e-12))


def fall_db_s(level_db: np.ndarray, step_s: float = STEP_S) -> float:
    """The slope of a level by least squares; positive for a decay."""
    times = np.arange(len(level_db)) * step_s
    return -float(np.polyfit(times, level_db, 1)[0]) if len(level_db) > 1 else 0.0


def release(source: Source, patch: Patch, key: int, velocity: int) -> Release:
    """How a note decays after note-off, measured from 5 to 35 dB below its level then, as for rooms (ISO 3382-1, T30)."""
    held_s = round(HELD_S + settling_s(patch), 1)
    seconds = held_s + 1.0
    while True:
        level_db = levels_db(play(source, patch, key, velocity, seconds, held_s))[round(held_s / STEP_S):]
        under_db = level_db - level_db[:3].mean()
        low = np.flatnonzero((under_db < -35) | (level_db < -110))
        if len(low) or seconds - held_s >= LONGEST_RELEASE_S:
            break
        seconds = min(held_s + 4 * (seconds - held_s), held_s + LONGEST_RELEASE_S)
    end = int(low[0]) + 1 if len(low) else len(under_db)
    begin = int(np.flatnonzero(under_db[:end] < -5)[0]) if (under_db[:end] < -5).any() else 0
    if end - begin < 3:                                     # decayed within steps
        return Release(max(end, 1) * STEP_S)
    return Release(float(np.clip(60 / max(fall_db_s(under_db[begin:end]), 60 / (2 * LONGEST_RELEASE_S)), STEP_S, 2 * LONGEST_RELEASE_S)))
