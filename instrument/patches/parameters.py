"""The one table of all controls: id, label, range, unit and meaning of each.

The window, the MIDI map, patches, the effects and the tests derive from it; nothing else lists controls. Ids are stable: patches
on disk name them. `curve` says how a knob's travel 0..1 maps to the value: "linear", or "log" for equal ratios.
"""
from dataclasses import dataclass

LATENT_KNOBS = 16
LATENT_RANGE = 3.0
MOST_LATENTS = 128                 # of a model
FAMILY_KNOBS = 12
ARPEGGIATOR_STEPS = 16
ARPEGGIATOR_KINDS = ("note", "accent", "tie", "rest")        # of steps
NOTE, ACCENT, TIE, REST = range(len(ARPEGGIATOR_KINDS))
LFOS, MOD_ENVELOPES, MACROS = 3, 2, 8
LFO_SHAPES = ("sine", "triangle", "saw", "square", "sample & hold", "smooth random")
# Times in beats, as a switch offers them: name, quarter notes (D dotted, T of a triplet). 0: not in beats.
BEATS = (("free", 0.0), ("1/1", 4.0), ("1/2 D", 3.0), ("1/2", 2.0), ("1/2 T", 4 / 3), ("1/4 D", 1.5), ("1/4", 1.0), ("1/4 T", 2 / 3),
         ("1/8 D", 0.75), ("1/8", 0.5), ("1/8 T", 1 / 3), ("1/16", 0.25), ("1/16 T", 1 / 6), ("1/32", 0.125))
KEY_NAMES = tuple(f"{['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'][key % 12]}{key // 12 - 1}" for key in range(128))
_VELOCITIES = tuple(str(n) for n in range(1, 128))
LFO_BEATS = (*BEATS, ("2/1", 8.0), ("4/1", 16.0), ("8/1", 32.0))
SYNCED = {"delay.sync": "delay.time_s", "motion.vibrato_sync": "motion.vibrato_hz",     # switch -> what follows the tempo
          **{f"lfo.{i + 1}.sync": f"lfo.{i + 1}.rate_hz" for i in range(LFOS)}}


@dataclass(frozen=True)
class Parameter:
    """One control. `cc` is the MIDI controller that moves it by default; a player may map others."""

    id: str
    label: str
    group: str
    lowest: float
    highest: float
    default: float
    unit: str = ""
    curve: str = "linear"
    help: str = ""
    choices: tuple[str, ...] = ()          # names of whole-number values, for switches
    cc: int | None = None

    @property
    def value_unit(self) -> str:
        """Of its values; those that the window shows in % are fractions."""
        return "" if self.unit == "%" else self.unit

    def clamp(self, value: float) -> float:
        """The nearest value in range; whole for switches."""
        value = min(max(float(value), self.lowest), self.highest)
        return float(round(value)) if self.choices else value

    def to_travel(self, value: float) -> float:
        """Position 0..1 of the knob for a value."""
        value = self.clamp(value)
        if self.curve == "log":
            from math import log
            return log(value / self.lowest) / log(self.highest / self.lowest)
        return (value - self.lowest) / (self.highest - self.lowest)

    def from_travel(self, travel: float) -> float:
        """Value at a knob position 0..1."""
        travel = min(max(travel, 0.0), 1.0)
        if self.curve == "log":
            return self.clamp(self.lowest * (self.highest / self.lowest) ** travel)
        return self.clamp(self.lowest + travel * (self.highest - self.lowest))

    def text(self, value: float) -> str:
        """The value as a player reads it, with its unit."""
        if self.choices:
            return self.choices[round(value - self.lowest)]
        if self.unit == "s" and value < 0.9995:             # from there it reads 1.00 s
            return f"{value * 1000:.3g} ms"
        if self.unit == "Hz" and value >= 999.95:
            return f"{value / 1000:.3g} kHz"
        shown, digits = {"%": (value * 100, 0), "dB": (value, 1)}.get(self.unit, (value, 2 if abs(value) < 9.995 else 1))
        number = f"{shown:{'+' if self.lowest < 0 else ''}.{digits}f}"
        return f"{number if float(number) else number.lstrip('+-')} {self.unit}".strip()        # nothing has no sign


def _latents() -> list[Parameter]:
    return [Parameter(f"latent.{i + 1}", f"Latent {i + 1}", "latent", -LATENT_RANGE, LATENT_RANGE, 0.0,
                      help=f"Axis {i + 1} of the model's space of sounds; axis 1 changes the most.")
            for i in range(LATENT_KNOBS)]


_CHARACTERISTICS = (                     # operations on the frame (performance/rows/frame_operations.py): right, and left of 0
    ("brightness", "Brighter", "Right: upper partials and noise rise. Left: they fall."),
    ("attack", "Soft onset", "Right: a slower onset. Left: a harder, quicker one."),
    ("decay", "Percussive", "Right: the held note dies away. Left: what dies away by itself rings longer."),
    ("noisiness", "Breathier", "Right: more breath, bow or hammer. Left: less."),
    ("inharmonicity", "Bell-like", "Right: partials spread as those of bars and bells. Left: nearer to whole multiples."),
    ("odd", "Hollow", "Right: even partials fall. Left: odd ones do, but for the first."),
    ("vibrato", "Vibrating", "Right: a deeper vibrato. Left: less of the sound's own."),
    ("fuzz", "Rougher", "Right: partials beat and rasp. Left: they stand still."))
ON_WHOLE_NOTES = ("characteristic.attack", "characteristic.decay", "characteristic.vibrato")       # these do something for them, too


def _knobs() -> list[Parameter]:
    return [*(Parameter(f"characteristic.{name}", label, "characteristic", -LATENT_RANGE, LATENT_RANGE, 0.0,
                        help=f"{sides} As loud as before." if name in ("brightness", "noisiness", "odd") else sides)
              for name, label, sides in _CHARACTERISTICS),
            *(Parameter(f"family.{i + 1}", f"Family {i + 1}", "family", 0, 1, 0.0, "%",
                        help="How far the sound goes towards this family of the model's instruments.") for i in range(FAMILY_KNOBS))]


def _arpeggiator() -> list[Parameter]:
    times = tuple(name for name, _ in BEATS[1:])
    return [
        Parameter("arpeggiator.on", "Arp", "arpeggiator", 0, 1, 0, choices=("off", "on"), help="Held keys become a pattern of notes."),
        Parameter("arpeggiator.mode", "Order", "arpeggiator", 0, 5, 0, choices=("up", "down", "up & down", "as played", "random", "chord"),
                  help="The order of the keys; chord: all of them at every step."),
        Parameter("arpeggiator.rate", "Rate", "arpeggiator", 0, len(times) - 1, times.index("1/16"), choices=times,
                  help="Length of a step in beats of the tempo."),
        Parameter("arpeggiator.octaves", "Octaves", "arpeggiator", 1, 4, 1, choices=tuple("1234"), help="Over how many octaves it runs."),
        Parameter("arpeggiator.gate", "Gate", "arpeggiator", 0.05, 1, 0.5, "%", help="How much of a step a note lasts."),
        Parameter("arpeggiator.swing", "Swing", "arpeggiator", 0, 0.5, 0, "%",
                  help="By how much of a step every second one comes late; 33 %: triplets."),
        Parameter("arpeggiator.latch", "Latch", "arpeggiator", 0, 1, 0, choices=("off", "on"),
                  help="Goes on when the keys are released, until others are struck."),
        Parameter("arpeggiator.length", "Steps", "arpeggiator", 1, ARPEGGIATOR_STEPS, ARPEGGIATOR_STEPS,
                  choices=tuple(str(n) for n in range(1, ARPEGGIATOR_STEPS + 1)), help="How many steps the pattern has."),
        *(Parameter(f"arpeggiator.step_{n}", f"Step {n}", "arpeggiator", NOTE, REST, NOTE, choices=ARPEGGIATOR_KINDS,
                    help="What the pattern does at this step; tie: the note before goes on.") for n in range(1, ARPEGGIATOR_STEPS + 1))]


def _lfos() -> list[Parameter]:
    made = []
    for i in range(LFOS):
        lfo = f"lfo.{i + 1}."
        made += [
            Parameter(f"{lfo}shape", "Shape", "lfo", 0, len(LFO_SHAPES) - 1, 0, choices=LFO_SHAPES, help="The course of a cycle."),
            Parameter(f"{lfo}rate_hz", "Rate", "lfo", 0.01, 40, 1, "Hz", "log", "Cycles in a second."),
            Parameter(f"{lfo}sync", "Sync", "lfo", 0, len(LFO_BEATS) - 1, 0, choices=tuple(name for name, _ in LFO_BEATS),
                      help="Length of a cycle in beats of the tempo, if there is one; free: set by Rate."),
            Parameter(f"{lfo}phase", "Phase", "lfo", 0, 1, 0, "%", help="Where in its cycle it begins."),
            Parameter(f"{lfo}fade_s", "Fade in", "lfo", 0, 10, 0, "s", help="Time from a note's beginning to the full swing."),
            Parameter(f"{lfo}scope", "Runs for", "lfo", 0, 1, 0, choices=("each note", "all notes"),
                      help="Each note begins a cycle of its own, or one LFO runs on for all.")]
    return made


def _mod_envelopes() -> list[Parameter]:
    made = []
    for i in range(MOD_ENVELOPES):
        envelope = f"mod_envelope.{i + 1}."
        made += [Parameter(f"{envelope}{name}", label, "mod_envelope", lowest, highest, default, "s", "log", about)
                 for name, label, lowest, highest, default, about in (
                     ("delay_s", "Delay", 0.001, 10, 0.001, "Time from the key to the beginning of the attack."),
                     ("attack_s", "Attack", 0.001, 10, 0.001, "Time from nothing to the top."),
                     ("hold_s", "Hold", 0.001, 10, 0.001, "Time at the top."),
                     ("decay_s", "Decay", 0.005, 20, 0.5, "Time from the top to the sustain."))]
        made += [Parameter(f"{envelope}sustain", "Sustain", "mod_envelope", 0, 1, 0.5, "%", help="Where it stays while the key is held."),
                 Parameter(f"{envelope}release_s", "Release", "mod_envelope", 0.005, 20, 0.3, "s", "log", "Time to nothing after the key."),
                 Parameter(f"{envelope}curve", "Curve", "mod_envelope", -1, 1, 0.4,
                           help="Right: attack, decay and release move quickly at first. Left: slowly at first.")]
    return made


_TABLE = [
    *_latents(),
    *_knobs(),
    Parameter("morph.x", "Morph X", "morph", 0, 1, 0.5, help="Left to right between the corners of the morph pad."),
    Parameter("morph.y", "Morph Y", "morph", 0, 1, 0.5, help="Bottom to top between the corners of the morph pad."),
    Parameter("morph.amount", "Morph", "morph", 0, 1, 0.0, "%",
              help="How far the morph pad pulls the sound from the knobs to its corners."),

    Parameter("likeness.amount", "Likeness", "likeness", 0, 1, 1, "%",
              help="From the network's sound to that of the recordings in the patch; without recordings it does nothing."),

    Parameter("time.attack_speed", "Onset", "time", 0.25, 4, 1, "x", "log",
              help="How fast the model's own attack passes."),
    Parameter("time.speed", "Pace", "time", 0.0, 4, 1, "x",
              help="How fast the sound develops after its attack; 0 freezes it."),
    Parameter("time.start", "Start", "time", 0, 1, 0, "%", help="Where in the model's own note it begins."),
    Parameter("time.direction", "Direction", "time", 0, 2, 0, choices=("forward", "backward", "ping-pong"),
              help="Backward: from the end of the note to its onset. Ping-pong: to the end and back, again and again."),
    Parameter("time.hold_s", "Hold", "time", 0.02, 20, 20, "s", "log",
              "Where in its time a held note stands still; at the end of the knob nowhere."),
    Parameter("time.freeze", "Freeze", "time", 0, 1, 0, "%", help="How far time stands still, at once, in the attack as well."),
    Parameter("time.scrub", "Scrub", "time", 0, 1, 0, choices=("off", "on"), help="The note stands where Position says."),
    Parameter("time.position", "Position", "time", 0, 1, 0.25, "%",
              help="Where in its time the note stands while Scrub is on: lead it with the wheel or with pressure."),

    Parameter("envelope.attack_s", "Attack", "envelope", 0.001, 8, 0.001, "s", "log", "Time from silence to full level."),
    Parameter("envelope.decay_s", "Decay", "envelope", 0.005, 20, 1, "s", "log", "Time from full level to the sustain level."),
    Parameter("envelope.sustain", "Sustain", "envelope", 0, 1, 1, "%", help="Level while the key is held."),
    Parameter("envelope.release", "Release", "envelope", 0.1, 10, 1, "x", "log",
              "Length of the release, relative to the model's own."),

    Parameter("dynamics.range_db", "Dynamics", "touch", 0, 72, 36, "dB",
              help="How much louder the hardest notes are than soft ones (velocities 127 and 16)."),
    Parameter("dynamics.brightness", "Brightness", "touch", -6, 6, 1.0, "dB/oct",
              help="Velocity to brightness: how much brighter notes of twice the velocity are, and darker those of half."),

    Parameter("filter.cutoff_hz", "Cutoff", "filter", 20, 20000, 20000, "Hz", "log", "Frequency where the low-pass begins.",
              cc=74),
    Parameter("filter.resonance_db", "Resonance", "filter", 0, 24, 0, "dB", help="Height of the resonant peak at the cutoff.", cc=71),
    Parameter("filter.tracking", "Track", "filter", 0, 1, 0.5, "%", help="How much the cutoff follows the key."),
    Parameter("filter.envelope", "Env amount", "filter", -8, 8, 0, "oct",
              help="How far the filter envelope moves the cutoff, in octaves."),
    Parameter("filter.decay_s", "Env decay", "filter", 0.01, 10, 0.4, "s", "log", "How fast the filter envelope falls."),
    Parameter("filter.velocity", "Velocity", "filter", 0, 4, 0, "oct", help="How far a high velocity opens the filter."),
    Parameter("filter.slide", "Slide", "filter", -8, 8, 3, "oct",
              help="How far a finger's slide (MPE, CC 74) opens the filter of its own note, and closes it below the middle."),

    Parameter("character.brightness", "Bright", "character", -12, 12, 0, "dB/oct",
              help="Tilt of the spectrum around the note's fourth harmonic."),
    Parameter("character.noise_db", "Noise", "character", -40, 24, 0, "dB", help="Level of breath, bow and hammer noise."),
    Parameter("character.even_odd", "Odd / even", "character", -1, 1, 0,
              help="Left: fewer odd harmonics. Right: fewer even ones, hollow."),
    Parameter("character.stretch", "Stretch", "character", -1, 1, 0, "%",
              help="Spreads or squeezes the partials, from tuned to bell-like."),
    Parameter("character.width", "Stereo", "character", 0, 1, 1, "%", help="How wide each note is by itself; 0: mono, with nothing lost."),

    Parameter("motion.amount", "Amount", "motion", 0, 2, 1, "x",
              help="How much the sound fluctuates by itself: beating, chorus, bow and breath."),
    Parameter("motion.speed", "Speed", "motion", 0.25, 4, 1, "x", "log", "Speed of that motion."),
    Parameter("motion.vibrato_cents", "Vibrato", "motion", 0, 100, 0, "ct",
              help="Vibrato added to what the model has.", cc=77),
    Parameter("motion.vibrato_hz", "Vib rate", "motion", 0.1, 12, 5.5, "Hz", "log", "Rate of the added vibrato.", cc=76),
    Parameter("motion.vibrato_sync", "Vib sync", "motion", 0, len(BEATS) - 1, 0, choices=tuple(name for name, _ in BEATS),
              help="Period of the added vibrato in beats of the tempo; free: set by Vib rate."),
    Parameter("motion.wheel_cents", "Wheel", "motion", 0, 200, 50, "ct", help="Vibrato at the top of the mod wheel."),
    Parameter("motion.glide_s", "Glide", "motion", 0, 2, 0, "s", help="Time from one key's pitch to the next."),
    Parameter("motion.glide_when", "Glides", "keys", 0, 2, 0, choices=("legato", "tied", "always"),
              help="What glides: notes that go on in the mode legato; in any mode notes that begin while another key is down; all."),
    Parameter("motion.glide_law", "Glide by", "keys", 0, 1, 0, choices=("time", "rate"),
              help="By time: every glide takes the time that Glide says. By rate: every octave does."),

    Parameter("unison.voices", "Voices", "unison", 1, 8, 1, choices=tuple(str(n) for n in range(1, 9)),
              help="How many voices each note has. Each of them counts among the voices that sound at once."),
    Parameter("unison.detune_cents", "Detune", "unison", 0, 100, 12, "ct", help="How far the outermost voices of a note are from its key."),
    Parameter("unison.width", "Spread", "unison", 0, 1, 0.5, "%", help="How far the voices of a note spread over the stereo field."),
    Parameter("unison.latents", "Differ", "unison", 0, 1, 0, "%",
              help="How far the voices of a note differ in sound: each but the first is a step aside in the model's space."),

    Parameter("keys.priority", "Priority", "keys", 0, 2, 0, choices=("newest", "lowest", "highest"),
              help="Of several keys that are down, the one that sounds in the modes mono and legato."),
    Parameter("keys.lowest", "From", "keys", 0, 127, 0, choices=KEY_NAMES, help="The lowest key that sounds."),
    Parameter("keys.highest", "To", "keys", 0, 127, 127, choices=KEY_NAMES, help="The highest key that sounds."),
    Parameter("keys.softest", "Vel from", "keys", 1, 127, 1, choices=_VELOCITIES, help="Softer strokes than this do not sound."),
    Parameter("keys.hardest", "Vel to", "keys", 1, 127, 127, choices=_VELOCITIES, help="Harder strokes than this do not sound."),
    Parameter("keys.stealing", "Steals", "keys", 0, 3, 0, choices=("quietest", "oldest", "lowest", "highest"),
              help="The note that ends where too many would sound. Notes whose keys are up end first."),

    *_arpeggiator(),
    *_lfos(),
    *_mod_envelopes(),
    *(Parameter(f"macro.{i + 1}", f"Macro {i + 1}", "macro", 0, 1, 0, "%",
                help="Moves all that its routes lead to; a patch gives it a name.") for i in range(MACROS)),

    Parameter("drive.amount", "Drive", "effects", 0, 1, 0, "%", help="Saturation, from warm to harsh."),
    Parameter("chorus.mix", "Chorus mix", "effects", 0, 1, 0, "%", help="Two detuned copies beside the sound.", cc=93),
    Parameter("chorus.rate_hz", "Rate", "effects", 0.05, 5, 0.6, "Hz", "log", "Rate of the chorus."),
    Parameter("chorus.depth", "Depth", "effects", 0, 1, 0.4, "%", help="How far the copies are detuned."),
    Parameter("delay.mix", "Delay mix", "effects", 0, 1, 0, "%", help="Level of the echoes.", cc=94),
    Parameter("delay.time_s", "Time", "effects", 0.01, 2, 0.35, "s", "log", "Time between echoes."),
    Parameter("delay.sync", "Sync", "effects", 0, len(BEATS) - 1, 0, choices=tuple(name for name, _ in BEATS),
              help="Time between echoes in beats of the tempo; free: set by Time."),
    Parameter("delay.feedback", "Feedback", "effects", 0, 0.95, 0.35, "%", help="How much of each echo returns."),
    Parameter("delay.damping", "Damping", "effects", 0, 1, 0.3, "%", help="How much darker each echo is."),
    Parameter("reverb.mix", "Reverb mix", "effects", 0, 1, 0.15, "%", help="Level of the room.", cc=91),
    Parameter("reverb.decay_s", "Decay", "effects", 0.1, 20, 1.8, "s", "log", "Decay time of the room, for 60 dB."),
    Parameter("reverb.size", "Size", "effects", 0, 1, 0.5, "%", help="How large the room is."),
    Parameter("reverb.damping", "Damping", "effects", 0, 1, 0.4, "%", help="How fast the room's treble fades."),

    Parameter("master.volume_db", "Volume", "master", -60, 12, 0, "dB", help="Level of the whole instrument."),
    Parameter("master.tune_cents", "Tune", "master", -100, 100, 0, "ct", help="Fine tuning of the whole instrument."),
    Parameter("master.a4_hz", "A4", "master", 380, 480, 440, "Hz",
              help="Frequency of A above middle C. Tunings that say themselves at how many Hz they sound do not follow it."),
    Parameter("master.transpose", "Transpose", "master", -24, 24, 0, "st", help="Transposition of the keys, in semitones.",
              choices=tuple(f"{n:+d} st" if n else "0 st" for n in range(-24, 25))),
    Parameter("master.tempo_bpm", "Tempo", "master", 20, 400, 120, "bpm",
              help="Beats a minute, for what is set in beats. F8 taps it; a MIDI clock that runs moves it."),
    Parameter("master.width", "Width", "master", 0, 1, 0.4, "%", help="How far the keys spread over the stereo field."),
    Parameter("master.voices", "Voices", "master", 1, 128, 64, choices=tuple(str(n) for n in range(1, 129)),
              help="The most notes that sound at once."),
    Parameter("master.mode", "Mode", "master", 0, 2, 0, choices=("poly", "mono", "legato"),
              help="Chords, one note at a time, or one note that glides without a new attack."),
    Parameter("master.half_pedal", "Half pedal", "master", 0, 1, 0, choices=("off", "on"),
              help="For pedals that send where they are: half down, they lengthen the release by how far they are pressed."),

    Parameter("metronome.on", "Metronome", "metronome", 0, 1, 0, choices=("off", "on"), help="Clicks on the beats; no take has them."),
    Parameter("metronome.level_db", "Click level", "metronome", -40, 0, -14, "dB", help="How loud the clicks are."),
    Parameter("metronome.count_in", "Count-in", "metronome", 0, 2, 0, choices=("none", "1 bar", "2 bars"),
              help="Clicks before a take begins, where no MIDI clock runs."),
]

PARAMETERS: dict[str, Parameter] = {p.id: p for p in _TABLE}
assert len(PARAMETERS) == len(_TABLE), "parameter ids must be unique"


# Controls of earlier versions, in takes, maps and settings: what they are called now, and what their values are multiplied by.
RENAMED = {"master.velocity": ("dynamics.range_db", 36.0)}


def renamed(name: str, value: float = 0.0) -> tuple[str, float]:
    """A control's id and value in this version, for ids of earlier ones."""
    now, factor = RENAMED.get(name, (name, 1.0))
    return now, value * factor


def in_beats(parameter: Parameter, beats: float, bpm: float) -> float:
    """The value of a time or rate that lasts this many quarter notes; halved or doubled into its range."""
    value = bpm / 60 / beats if parameter.unit == "Hz" else beats * 60 / bpm
    while value > parameter.highest:
        value /= 2
    while value < parameter.lowest:
        value *= 2
    return value


def defaults() -> dict[str, float]:
    """The defaults of all controls, `{id: value}`."""
    return {p.id: p.default for p in _TABLE}


def group(name: str) -> list[Parameter]:
    """The controls of one group, in the order of the table."""
    return [p for p in _TABLE if p.group == name]
