"""The values of all controls as one vector for compiled code, smoothed so that moved knobs do not click.

The order is that of `parameters.PARAMETERS`, then the patch's levelling gain. MIDI channels have a small matrix beside it.
"""
import math
from collections.abc import Sequence

import numpy as np

from hummingface.instrument.patches.parameters import LFO_BEATS, PARAMETERS, SYNCED, in_beats
from hummingface.instrument.synthesis.state import SLOTS

GLIDE_S = 0.010                    # time constant of the one-pole glide of knobs, latents and channel levels
INDEX = {name: i for i, name in enumerate(PARAMETERS)}
GAIN_DB = len(INDEX)               # the patch's levelling, after the table's controls
SIZE = GAIN_DB + 1

ATTACK_SPEED, SPEED, START, DIRECTION, HOLD, FREEZE, SCRUB, POSITION = (
    INDEX[f"time.{name}"] for name in ("attack_speed", "speed", "start", "direction", "hold_s", "freeze", "scrub", "position"))
ATTACK, DECAY, SUSTAIN = INDEX["envelope.attack_s"], INDEX["envelope.decay_s"], INDEX["envelope.sustain"]
RELEASE_TIMES = INDEX["envelope.release"]
CUTOFF, RESONANCE, TRACKING = INDEX["filter.cutoff_hz"], INDEX["filter.resonance_db"], INDEX["filter.tracking"]
FILTER_ENVELOPE, FILTER_DECAY = INDEX["filter.envelope"], INDEX["filter.decay_s"]
FILTER_VELOCITY, FILTER_SLIDE = INDEX["filter.velocity"], INDEX["filter.slide"]
SOUND_KNOBS = [INDEX[name] for name, p in PARAMETERS.items() if p.group in ("characteristic", "family")]     # of the model's own knobs
(TO_BRIGHT, TO_SOFT, TO_PERCUSSIVE, TO_BREATH, TO_BELL, TO_HOLLOW, TO_VIBRATO, TO_ROUGH) = (
    INDEX[f"characteristic.{name}"]
    for name in ("brightness", "attack", "decay", "noisiness", "inharmonicity", "odd", "vibrato", "fuzz"))
BRIGHTNESS, NOISE_DB = INDEX["character.brightness"], INDEX["character.noise_db"]
EVEN_ODD, STRETCH = INDEX["character.even_odd"], INDEX["character.stretch"]
STEREO_WIDTH = INDEX["character.width"]
MOTION, MOTION_SPEED = INDEX["motion.amount"], INDEX["motion.speed"]
VIBRATO_CENTS, VIBRATO_HZ = INDEX["motion.vibrato_cents"], INDEX["motion.vibrato_hz"]
WHEEL_CENTS = INDEX["motion.wheel_cents"]
GLIDE, GLIDE_WHEN, GLIDE_LAW = (INDEX[f"motion.{name}"] for name in ("glide_s", "glide_when", "glide_law"))
TUNE, TRANSPOSE, A4 = INDEX["master.tune_cents"], INDEX["master.transpose"], INDEX["master.a4_hz"]
WIDTH, MODE, VOICES, VOLUME, TEMPO = (INDEX[f"master.{name}"] for name in ("width", "mode", "voices", "volume_db", "tempo_bpm"))
UNISON, DETUNE, UNISON_WIDTH, DIFFERENCE = (INDEX[f"unison.{name}"] for name in ("voices", "detune_cents", "width", "latents"))
PRIORITY, STEALING, HALF_PEDAL = INDEX["keys.priority"], INDEX["keys.stealing"], INDEX["master.half_pedal"]
LOWEST_KEY, HIGHEST_KEY, SOFTEST, HARDEST = (INDEX[f"keys.{name}"] for name in ("lowest", "highest", "softest", "hardest"))
DYNAMICS, BRIGHTER = INDEX["dynamics.range_db"], INDEX["dynamics.brightness"]

# Columns of the channels: semitones, 0..1, 0..1, dB, -1..1, 0..1, and how fast releases pass (1: as fast as they are)
BEND, WHEEL, PRESSURE, LEVEL_DB, PANNING, SLIDE, DAMPER = range(7)
CHANNEL_COLUMNS = 7
AT_REST = (0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0)               # the slide: CC 74 of 64, as MPE has it
CHANNEL_LINES = 16 + SLOTS         # the 16 channels; behind them a line for each slot, for a voice that its channel moves no more

# A glide would only blur these: times, pitches and switches act at once. Equal ratios glide as logarithms.
_GLIDES = np.array([p.group in ("characteristic", "filter", "character", "macro", "effects") or p.id in (
    "motion.amount", "motion.vibrato_cents", "motion.wheel_cents", "master.volume_db", "master.width")
    for p in PARAMETERS.values()] + [True])
_LOG = np.array([p.curve == "log" for p in PARAMETERS.values()] + [False])
_FOLLOWING = {*SYNCED, *SYNCED.values(), "master.tempo_bpm"}


class Controls:
    """`goal` [SIZE] holds the values that were set; `now` [SIZE] glides towards them, one step a hop; controls in beats glide to the values
    for the tempo, if it is known (in takes of before there was none until a clock was heard). `channels` [CHANNEL_LINES, CHANNEL_COLUMNS]
    glide, too.
    """

    def __init__(self, hop_s: float) -> None:
        self.goal = np.array([p.default for p in PARAMETERS.values()] + [0.0])
        self.now, self._target = self.goal.copy(), self.goal.copy()
        self._tempo_known = True
        self.channel_goal = np.tile(np.array(AT_REST), (CHANNEL_LINES, 1))
        self.channels = self.channel_goal.copy()
        self.fraction = 1 - math.exp(-hop_s / GLIDE_S)
        self._moving = True

    def set(self, name: str, value: float) -> float:
        """Set a control's goal, clamped to its range; returns it. Raises KeyError, ValueError for NaN."""
        value = PARAMETERS[name].clamp(value)
        if value != value:
            raise ValueError(f"{name}: not a number")
        i = INDEX[name]
        self.goal[i] = self._target[i] = value
        if not _GLIDES[i]:
            self.now[i] = value
        if name in _FOLLOWING:
            self._follow()
        self._moving = True
        return value

    @property
    def tempo_bpm(self) -> float:
        """Quarter notes a minute; 0 where it is not known."""
        return float(self.goal[TEMPO]) if self._tempo_known else 0.0

    def set_tempo(self, bpm: float) -> None:
        """A clock has this tempo; 0: nobody knows one."""
        self._tempo_known = bpm > 0
        self.set("master.tempo_bpm", bpm or PARAMETERS["master.tempo_bpm"].default)

    def _follow(self) -> None:
        tempo_bpm = self.tempo_bpm
        for switch, name in SYNCED.items():
            i, beats = INDEX[name], LFO_BEATS[int(self.goal[INDEX[switch]])][1]
            self._target[i] = in_beats(PARAMETERS[name], beats, tempo_bpm) if beats and tempo_bpm else self.goal[i]
            if not _GLIDES[i]:
                self.now[i] = self._target[i]

    def set_gain(self, gain_db: float) -> None:
        self.goal[GAIN_DB] = self._target[GAIN_DB] = gain_db
        self._moving = True

    def set_line(self, line: int, values: Sequence[float]) -> None:
        """What a line follows, by its columns. Pitch bend takes effect at once, without glide."""
        goal = self.channel_goal[line]
        self._moving |= any(goal[column] != value for column, value in enumerate(values) if column != BEND)
        goal[:] = values
        self.channels[line, BEND] = values[BEND]

    def snap_line(self, line: int) -> None:
        """A line to which nothing listens is at its goal at once."""
        self.channels[line] = self.channel_goal[line]

    def copy_line(self, line: int, to: int) -> None:
        """Another line goes on as this one."""
        self.channels[to], self.channel_goal[to] = self.channels[line], self.channel_goal[line]

    def step(self) -> None:
        """Glide by one hop."""
        if not self._moving:
            return
        log = np.log(self.now[_LOG])
        log += self.fraction * (np.log(self._target[_LOG]) - log)
        self.now += self.fraction * (self._target - self.now)
        self.now[_LOG] = np.exp(log)
        self.channels += self.fraction * (self.channel_goal - self.channels)
        near = np.abs(self._target - self.now) <= 1e-6 * np.maximum(1e-3, np.abs(self._target))
        self.now[near] = self._target[near]
        if near.all() and np.abs(self.channels - self.channel_goal).max() < 1e-6:
            self.snap()

    def snap(self) -> None:
        """Jump to the goals, where nothing sounds that could click."""
        self.now[:] = self._target
        self.channels[:] = self.channel_goal
        self._moving = False
