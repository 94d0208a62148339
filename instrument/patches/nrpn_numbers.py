"""The NRPN of each control: for ever, as ids are. A new control is added at the end, a removed one leaves its place.

Number n is sent as CC 99 = n // 128, CC 98 = n % 128, then its value as CC 6 and CC 38 (`docs/expression.md`).
"""
from hummingface.instrument.patches.parameters import FAMILY_KNOBS, LATENT_KNOBS

NUMBERS: tuple[str, ...] = (
    *(f"latent.{i + 1}" for i in range(LATENT_KNOBS)),
    *(f"characteristic.{name}" for name in ("brightness", "attack", "decay", "noisiness", "inharmonicity", "odd", "vibrato", "fuzz")),
    *(f"family.{i + 1}" for i in range(FAMILY_KNOBS)),
    "morph.x", "morph.y", "morph.amount", "likeness.amount", "time.attack_speed", "time.speed",
    "envelope.attack_s", "envelope.decay_s", "envelope.sustain", "envelope.release", "dynamics.range_db", "dynamics.brightness",
    "filter.cutoff_hz", "filter.resonance_db", "filter.tracking", "filter.envelope", "filter.decay_s", "filter.velocity", "filter.slide",
    "character.brightness", "character.noise_db", "character.even_odd", "character.stretch", "character.width",
    "motion.amount", "motion.speed", "motion.vibrato_cents", "motion.vibrato_hz", "motion.vibrato_sync", "motion.wheel_cents",
    "motion.glide_s", "motion.glide_when", "motion.glide_law", "unison.voices", "unison.detune_cents", "unison.width",
    "keys.lowest", "keys.highest", "keys.softest", "keys.hardest", "keys.priority", "keys.stealing",
    "drive.amount", "chorus.mix", "chorus.rate_hz", "chorus.depth", "delay.mix", "delay.time_s", "delay.sync", "delay.feedback",
    "delay.damping", "reverb.mix", "reverb.decay_s", "reverb.size", "reverb.damping",
    "master.volume_db", "master.tune_cents", "master.transpose", "master.width", "master.voices", "master.mode", "master.half_pedal",
    "unison.latents", "time.start", "time.direction", "time.hold_s", "time.freeze", "time.scrub", "time.position",
    *(f"arpeggiator.{name}" for name in ("on", "mode", "rate", "octaves", "gate", "swing", "latch", "length")),
    *(f"arpeggiator.step_{i + 1}" for i in range(16)),
    *(f"lfo.{i + 1}.{name}" for i in range(3) for name in ("shape", "rate_hz", "sync", "phase", "fade_s", "scope")),
    *(f"mod_envelope.{i + 1}.{name}" for i in range(2)
      for name in ("delay_s", "attack_s", "hold_s", "decay_s", "sustain", "release_s", "curve")),
    *(f"macro.{i + 1}" for i in range(8)),
    "master.a4_hz", "master.tempo_bpm", "metronome.on", "metronome.level_db", "metronome.count_in")
BY_NUMBER = dict(enumerate(NUMBERS))
