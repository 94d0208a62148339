"""Samples a patch: renders keys and velocities through the offline engine, loops them, and writes one of the `forms`.

A sample contains the patch's sound with its attack, filter, drive and chorus. Every layer is written as loud as the hardest velocity, so
soft layers lose no resolution in 24 bits and one velocity law holds for all. Delay and reverb (unless `wet`), glide and mono are left out:
the sampler has its own.
"""
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hummingface.instrument.export import forms, loop, sampled_note
from hummingface.instrument.export.form_table import FORMS
from hummingface.instrument.export.hidden_folder import ExportError, growing
from hummingface.instrument.export.mapping import Sample, SampledInstrument
from hummingface.instrument.export.report import ExportReport
from hummingface.instrument.export.sampled_note import RATE_HZ
from hummingface.instrument.export.survey import PROBES, Survey, survey
from hummingface.instrument.export.zones import Layer, Zone, layers, sample_name, sounding, zones
from hummingface.instrument.files.paths import refuse_existing
from hummingface.instrument.offline.levelling import momentary_lufs
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.sound_bank import Sound, notice
from hummingface.instrument.recording import riff
from hummingface.instrument.recording.wave_file import WaveFile
from hummingface.models.playing.frame import pitch_to_hz

MOST_SAMPLES = 2000
FADED_DB = -60.0                    # under its loudest: a note that has fallen so far by its end was not cut off
FADE_OUT_PART = 0.2                 # of a sample that is cut off
QUIET_DB = -90.0                    # of full scale: what stays below is left off at the end
PEAK_DB = -0.3                      # largest peak in a sample, of full scale: the rest is left to the map's gain,
MOST_GAIN_DB = 5.0                  # which ends at 6 (SFZ); the rest is the law's
LEVEL_S = 0.8                       # of a sample, after its envelope has settled, for measuring its loudness, as for patches
SLOWEST_DB_S = 0.5                  # falls that are worth an envelope


@dataclass(frozen=True)
class MultisampleOptions:
    """The player's options. `loop` None: loop patches whose notes sustain, not those whose notes decay."""
    every: int = 3
    velocities: int = 3
    seconds: float = 4.0
    loop: bool | None = None
    wet: bool = False
    low: int = 21
    high: int = 108


def export(form: str, sound: Sound, out: str | Path, options: MultisampleOptions | None = None,
           progress: Callable[[int, int], None] = lambda done, total: None) -> ExportReport:
    """Sample a patch into `out`, whole or not at all.

    `progress` is called with steps (done, total); what it raises ends the export and leaves nothing.
    Raises ExportError for what cannot be, OSError for what cannot be written; both name the file.
    """
    began, options = time.perf_counter(), options or MultisampleOptions()
    where = forms.place(FORMS[form], out, sound.patch.name)
    refuse_existing(*where.targets, error=ExportError)
    pitches = sound.patch.tuning.pitches() if sound.patch.tuning is not None else np.arange(128.0)
    audible = [key for key in range(options.low, options.high + 1) if not np.isnan(pitches[key])]
    if not audible:
        raise ExportError(f"{sound.patch.name}: no key from {options.low} to {options.high} has a pitch in its tuning")
    keys, levels = sounding(zones(options.low, options.high, options.every), set(audible)), layers(options.velocities)
    if len(keys) * len(levels) > MOST_SAMPLES:
        raise ExportError(f"{len(keys)} keys in {len(levels)} layers are more than the {MOST_SAMPLES} samples allowed; take fewer")
    total, done = PROBES + len(keys) * len(levels), 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(min(done, total), total)
    progress(0, total)
    patch = sampled_note.for_sampling(sound.patch, options.wet)
    with growing(where.folder, where.targets) as hidden:
        heard = survey(sound.source, patch, audible, step)
        looped = heard.sustained if options.loop is None else options.loop
        sampler = _Sampler(sound, options, heard, looped, where.form.holds, hidden / where.samples, pitches)
        for zone in keys:
            release = sampled_note.release(sound.source, patch, zone.key, 100)
            for layer in levels:
                sampler.take(zone, layer, patch, release)
                step()
        sampler.level()
        if sound.patch.tuning is not None:
            sampler.instrument.tune(pitches)
        forms.write_map(where, hidden, sampler.instrument)
    progress(total, total)
    size = sum(target.stat().st_size if target.is_file() else sum(f.stat().st_size for f in target.rglob("*") if f.is_file())
               for target in where.targets)
    notices = [notice(sound), sampler.notices()]
    made = f"{len(sampler.lufs)} samples of {len(keys)} keys, {'looped' if looped else 'not looped'}, {size / 1e6:.1f} MB"
    return ExportReport(where.main, len(sampler.lufs), looped, size / 1e6, made, time.perf_counter() - began,
                        "\n".join(filter(None, notices)))


class _Sampler:
    """Renders, loops and writes one sample after the other, and builds their map."""

    def __init__(self, sound: Sound, options: MultisampleOptions, heard: Survey, looped: bool, holds: bool, folder: Path,
                 pitches: np.ndarray):
        self.sound, self.options, self.heard, self.looped, self.holds, self.folder = sound, options, heard, looped, holds, folder
        self.pitches = pitches
        self.cut_off = self.loud_seams = 0
        self.softer_db = 0.0
        self.lufs: dict[str, float] = {}                    # of each file's sound
        carried = "with its delay and reverb" if options.wet else "without delay and reverb"
        self.instrument = SampledInstrument(sound.patch.name, sound.patch.author, sound.patch.tags,
                                     f"Sampled {carried} from the model {sound.patch.model}." + (
                                         f" Tuned by {sound.patch.tuning.name}." if sound.patch.tuning is not None else ""), heard.law_db)
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, zone: Zone, layer: Layer, patch: Patch, release: sampled_note.Release) -> None:
        """Sample one key at one velocity, as loud as velocity 127 would be. Raises ExportError, OSError."""
        settling_s = sampled_note.settling_s(patch)
        sound = sampled_note.play(self.sound.source, patch, zone.key, layer.velocity, settling_s + self.options.seconds)
        sound *= np.float32(10 ** (-self.heard.law_db[layer.velocity] / 20))
        falls = not self.heard.sustained
        found = decay = None
        if self.looped:
            made = loop.seamless(sound, float(pitch_to_hz(self.pitches[zone.key])), RATE_HZ, round(settling_s * RATE_HZ),
                                 0 if falls and not self.holds else None)
            if made is None:
                raise ExportError(f"{self.options.seconds:g} s are too short for a loop; take a second or more")
            sound, found = made
            self.loud_seams += found.seam > 1
            if falls and found.fall_db_s > SLOWEST_DB_S:
                decay = found.start / RATE_HZ, sampled_note.ENVELOPE_DB / found.fall_db_s
        else:
            sound = self._ended(sound)
        file = sample_name(zone.key, layer.velocity, self.instrument.name)
        self.lufs[file] = momentary_lufs(sound[:round((settling_s + LEVEL_S) * RATE_HZ)])
        over_db = max(20 * math.log10(max(float(np.abs(sound).max()), 1e-9)) - PEAK_DB, 0.0)
        write_sample(self.folder / file, sound * 10 ** (-over_db / 20), zone.key, found)
        self.instrument.samples.append(Sample(file, zone, layer, len(sound), release.envelope_s, over_db,
                                              (found.start, found.end) if found else None, decay))

    def _ended(self, sound: np.ndarray) -> np.ndarray:
        """A sample that decays: without the silence at its end, or faded out where it was cut off."""
        level_db = sampled_note.levels_db(sound)
        loud = np.flatnonzero(level_db > QUIET_DB)
        step = round(sampled_note.STEP_S * RATE_HZ)
        sound = sound[:max((loud[-1] + 2) * step if len(loud) else step, step)].copy()
        cut = level_db[-1] > level_db.max() + FADED_DB
        self.cut_off += bool(cut)
        fade = round(FADE_OUT_PART * len(sound)) if cut else min(step, len(sound))
        sound[len(sound) - fade:] *= np.cos(np.linspace(0, np.pi / 2, fade, dtype=np.float32))[:, None] ** 2
        return sound

    def level(self) -> None:
        """Compute gains for all keys within the format's range: if some exceed it, all are lowered."""
        self.instrument.level_keys(self.lufs)
        samples = self.instrument.samples
        self.softer_db = max(max(sample.gain_db for sample in samples) - MOST_GAIN_DB, 0.0)
        if self.softer_db:
            samples[:] = [replace(sample, gain_db=sample.gain_db - self.softer_db) for sample in samples]

    def notices(self) -> str:
        """Notices for the player about the samples."""
        notices = []
        if self.cut_off:
            notices.append(f"{self.cut_off} samples still sounded after {self.options.seconds:g} s and were faded out: "
                        "more seconds keep more of them, and loops sustain them.")
        if self.loud_seams:
            notices.append(f"{self.loud_seams} of {len(self.lufs)} loops change more at the seam than their notes do by "
                        "themselves, and may be audible; more seconds give more loops to choose from.")
        if self.softer_db:
            notices.append(f"The instrument is {self.softer_db:.1f} dB softer than the patch, whose hardest notes are louder than a sample "
                        "can be.")
        if self.sound.patch.parameters["master.mode"]:
            notices.append("The patch plays one note at a time; set your sampler to mono for that.")
        return "\n".join(notices)


def write_sample(path: Path, sound: np.ndarray, key: int, found: loop.Loop | None) -> None:
    """A new WAV file of 24 bits with the key and the loop in its `smpl` chunk. Raises OSError."""
    wave = WaveFile(path, RATE_HZ, "wav24")
    try:
        wave.append(np.asarray(sound, np.float32))
        wave.add_chunk(b"smpl", riff.sampler_data(RATE_HZ, key, (found.start, found.end) if found else None))
    finally:
        wave.close()
