"""An instrument to be played from Python: a sound, its controls, and what it renders and exports. Its samples come from the same engine, on
the same way, as those of `hummingface render`."""
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hummingface.instrument.api import catalogue
from hummingface.instrument.api.errors import FileError, NotesError, SoundError, raised_as
from hummingface.instrument.api.note_events import AnyNote, Automation, MidiMessages, events_of
from hummingface.instrument.offline.bounce import Rendering, RenderOptions
from hummingface.instrument.offline.parts import OFF, Assignment, Part, plan, with_releases
from hummingface.instrument.patches import library
from hummingface.instrument.patches.patch import IDS, Patch
from hummingface.instrument.patches.routes import NEW_DEPTH, Route, to_json
from hummingface.instrument.patches.routes import from_json as routes_from_json
from hummingface.instrument.patches.scale_tuning import ScaleTuning, of_files
from hummingface.instrument.performance import sound_bank
from hummingface.instrument.performance.messages import score
from hummingface.instrument.performance.sound_bank import Sound, source_of
from hummingface.instrument.synthesis.state import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from hummingface.models.playing.card_file import LATENT_LIMIT

Samples = npt.NDArray[np.float32]
Tuning = ScaleTuning | str | Path | Sequence[str | Path] | None
Progress = Callable[[float], None]
LATENT = "latent."
MOST_SEED = 2 ** 32 - 1


@dataclass(frozen=True)
class Exported:
    """What an export made: the file that opens it, how much, and what there is to know of it (empty: nothing)."""
    path: Path
    samples: int
    looped: bool
    notice: str


class Instrument:
    """One sound and where its controls stand.

    `patch`: a patch of the library by name, a patch file, or None for the first. `preset`: instead of a patch, a preset of the model, every
    control at its default; `latents`: instead of both, a point of the model's latent space. `model`: a model by name or file; None: the
    patch's own, or the factory's first. A model alone plays its first preset. `tuning`: a scale (.scl), a keyboard mapping (.kbm), or
    one of each. Raises SoundError where one of them is not there or cannot be used.

        instrument = Instrument("Evening Grand")
        instrument["reverb.mix"] = 0.3
        sound = instrument.render([(0.0, 1.0, 60), (0.0, 1.0, 64)], seconds=2)
    """

    def __init__(self, patch: str | Path | Patch | None = None, *, model: str | Path | None = None, preset: str | None = None,
                 latents: Sequence[float] | None = None, tuning: Tuning = None) -> None:
        if sum(choice is not None for choice in (patch, preset, latents)) > 1:
            raise SoundError("A patch, a preset and latents each say what sounds; give one of them.")
        with raised_as(SoundError):
            if patch is not None or (model is None and preset is None and latents is None):
                sound = sound_bank.open_sound(patch, model)
                self._model, self.patch = sound.source.model.network, sound.patch
            else:
                self._model = library.load_model(model)
                if latents is None and preset is None:
                    preset = next(iter(self._model.presets), None)
                self.patch = (library.preset_patch(self._model, preset) if preset is not None
                              else Patch(self._model.name, self._model.name, self._point(latents or ())))
                sound = self._sound()
            self.notice = sound_bank.notice(sound)
        if tuning is not None:
            self.tuning = tuning
        self._player_controls: dict[str, float] = {}            # volume, tuning and the like, which no patch holds

    def __repr__(self) -> str:
        return f"Instrument({self.name!r}, model={self.model!r})"

    # What it is

    @property
    def name(self) -> str:
        """The patch's, or the preset's."""
        return self.patch.name

    @property
    def model(self) -> str:
        """The name of the model that plays."""
        return str(self._model.name)

    @property
    def presets(self) -> list[str]:
        """Names of the model's presets."""
        return list(self._model.presets)

    @property
    def latents(self) -> tuple[float, ...]:
        """Its point of latent space, one number for each of the model's latents, -4..4; 0 is the middle of what the model learnt."""
        return self._point(self.patch.latents)

    @latents.setter
    def latents(self, values: Sequence[float]) -> None:
        self.patch = self.patch.with_values(latents=self._point(values), morph=(), blend={})

    @property
    def tuning(self) -> ScaleTuning | None:
        """The tuning of its keys, which is a part of the patch; None: equal temperament. To be set to a .scl file, a .kbm file, one of each
        in a list, or a tuning of another instrument. `tuning.pitches()` are the pitches of all keys, NaN where they are silent."""
        return self.patch.tuning

    @tuning.setter
    def tuning(self, files: Tuning) -> None:
        if files is not None and not isinstance(files, ScaleTuning):
            with raised_as(SoundError):
                files = of_files([files] if isinstance(files, (str, Path)) else files)
        self.patch = self.patch.with_values(tuning=files)

    def _point(self, values: Sequence[float]) -> tuple[float, ...]:
        point = np.zeros(self._model.latents)
        given = np.asarray(values, float)
        if given.ndim != 1 or len(given) > len(point):
            raise SoundError(f"The model {self._model.name} has {len(point)} latents; {given.size} were given.")
        if not (np.abs(given) <= LATENT_LIMIT).all():
            raise SoundError(f"Latents go from {-LATENT_LIMIT:g} to {LATENT_LIMIT:g}: {given.tolist()}")
        point[:len(given)] = given
        return tuple(point.tolist())

    # Its controls

    def __getitem__(self, control: str) -> float:
        """Where a control of `hummingface.list_controls()` stands. Raises SoundError."""
        default = self._known(control).default
        if control.startswith(LATENT):
            return self.latents[int(control.removeprefix(LATENT)) - 1]
        return float(self.patch.parameters.get(control, self._player_controls.get(control, default)))

    def __setitem__(self, control: str, value: float | str) -> None:
        """Set a control, to a number within its range or, of a switch, the name of a choice. Raises SoundError."""
        self._known(control)
        number = catalogue.checked(control, value)
        if control.startswith(LATENT):
            point = list(self.latents)
            point[int(control.removeprefix(LATENT)) - 1] = number
            self.latents = point
        elif control in IDS:
            self.patch = self.patch.with_values(parameters={**self.patch.parameters, control: number})
        else:
            self._player_controls[control] = number

    def _known(self, control: str) -> Any:
        parameter = catalogue.control_of(control)
        if control.startswith(LATENT) and int(control.removeprefix(LATENT)) > self._model.latents:
            raise SoundError(f"{control}: the model {self.model} has {self._model.latents} latents.")
        return parameter

    @property
    def routes(self) -> tuple[Route, ...]:
        """What moves its controls while it plays: at most 32 routes from `hummingface.list_sources()` to controls."""
        return self.patch.routes

    @routes.setter
    def routes(self, routes: Iterable[Route]) -> None:
        with raised_as(SoundError):
            self.patch = self.patch.with_values(routes=routes_from_json(to_json(routes)))

    def modulate(self, source: str, target: str, depth: float = NEW_DEPTH, *, polarity: str = "", curve: float = 0.0,
                 scale: str = "") -> None:
        """Add a route: `source` moves `target` by up to `depth` of its travel, -1..1. `polarity`: "unipolar" or "bipolar", "" for what the
        source is. `curve`: -1 quick at first, 1 slow at first. `scale`: a second source that multiplies the depth. `hummingface.Route` says
        more. Raises SoundError."""
        self.routes = (*self.routes, Route(source, target, depth, polarity, curve, scale))

    def save(self, name: str | None = None) -> Path:
        """Keep the sound as a patch of the player's library, under its name or another; returns the file. An older patch of the player's of
        that name is replaced. Volume, tuning and the like belong to the player and not to a patch. Raises SoundError, FileError."""
        with raised_as(SoundError):
            if name is not None:
                self.patch = self.patch.with_values(name=name)
            return library.save_patch(self.patch)

    # Its sound

    def render(self, notes: Iterable[AnyNote], seconds: float | None = None, *, automation: Automation | None = None,
               midi: MidiMessages | None = None, rate_hz: int = 48000, seed: int = 0, tempo_bpm: float = 120.0, dry: bool = False,
               progress: Progress | None = None) -> Samples:
        """The sound of these notes: float32 [samples, 2], left and right, within -1..1.

        `notes`: NoteEvents or tuples (start_s, length_s, key, velocity, channel), in any order. `seconds`: exactly so long; None: until the
        last note has died away. `automation` moves controls: {control: value, [(second, value), ...] or a function of time}, or a list of
        (second, control, value). A list holds each value until the next (`hummingface.ramp` makes lines of it); a function is
        asked 187.5 times a second. `midi`: pass pedal, pitch bend and pressure as MIDI messages, (second, message); messages are bytes or
        mido's. `rate_hz`: 8000..192000. `seed`: of noise and all that moves at random; the same seed gives the same samples.
        `tempo_bpm`: of the clock that delay and vibrato may follow. `dry`: without reverb, delay and chorus. `progress` is called with the
        fraction done, 0..1. All channels play on one engine, as they do live. Raises NotesError, SoundError.
        """
        self._check(rate_hz, seconds, seed)
        events = events_of(notes, automation, midi, seconds)
        for _, event in events:
            if isinstance(name := getattr(event, "id", None), str):
                self._known(name)
        if not events:
            raise NotesError("There is nothing to play: give at least one note.")
        part = Part(1, self.name, self._sound(), OFF, with_releases(events, events[-1][0]))
        return self._rendered([part], [(0.0, tempo_bpm)], RenderOptions(rate_hz, seed=seed, seconds=seconds, dry=dry,
                                                                       controls=self._player_controls), progress)

    def render_midi(self, path: str | Path, seconds: float | None = None, *, by: Literal["channel", "track"] = "channel",
                    rate_hz: int = 48000, seed: int = 0, dry: bool = False, progress: Progress | None = None) -> Samples:
        """The sound of a MIDI file, every part of it played by this instrument on an engine of its own: float32 [samples, 2]. `by`: what a
        part is. What there is to know (a part of drums that is left out, say) becomes `notice`. The rest as `render`. Raises NotesError,
        FileError."""
        self._check(rate_hz, seconds, seed)
        with raised_as(NotesError):
            read = score.read(path)
            planned = plan(read, Assignment(self.patch, self._model, by))
            rendered = self._rendered(planned.parts, read.tempos, RenderOptions(rate_hz, seed=seed, seconds=seconds, dry=dry,
                                                                               controls=self._player_controls), progress)
        self.notice = "\n".join(planned.notices)
        return rendered

    def _sound(self) -> Sound:
        """The patch on a fresh source, so that earlier renderings cannot affect this one."""
        return Sound(self.patch, source_of(self._model, self.patch.recordings))

    def _rendered(self, parts: list[Part], tempos: list[tuple[float, float]], options: RenderOptions, progress: Progress | None) -> Samples:
        rendering, mixes = Rendering(parts, tempos, options), [np.zeros((0, 2), np.float32)]
        for mix, _ in rendering.blocks():
            mixes.append(mix)
            if progress is not None:
                progress(rendering.progress)
        if progress is not None:
            progress(1.0)
        return np.concatenate(mixes)

    def _check(self, rate_hz: int, seconds: float | None, seed: int) -> None:
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ or int(rate_hz) != rate_hz:
            raise NotesError(f"rate_hz is {rate_hz!r}; it must be a whole number from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}.")
        if seconds is not None and not 0 < seconds <= score.LONGEST_FILE_S:
            raise NotesError(f"seconds is {seconds!r}; it must be above 0 and at most {score.LONGEST_FILE_S:g}.")
        if not 0 <= seed <= MOST_SEED:
            raise NotesError(f"seed is {seed!r}; it must be from 0 to {MOST_SEED}.")

    # For other instruments

    def export(self, form: Literal["sfz", "decentsampler", "bitwig"], out: str | Path, *, every: int = 3, velocities: int = 3,
               seconds: float = 4.0, loop: bool | None = None, keys: tuple[int, int] = (21, 108), wet: bool = False,
               progress: Callable[[int, int], None] = lambda done, total: None) -> Exported:
        """Make a sampler's instrument of this sound, whole or not at all; nothing is ever overwritten.

        `out`: a file whose name says the format (.sfz, .dspreset, .dslibrary, .multisample) or a new folder. One key in `every` is sampled,
        in so many layers of velocity, each for `seconds`, from `keys[0]` to `keys[1]`. `loop` None: only sounds that last while a key is
        held are looped. `wet`: with delay and reverb. `progress` is called with steps (done, total). Raises FileError, SoundError.
        """
        from hummingface.instrument.export import export, forms, limits
        from hummingface.instrument.export.form_table import FORMS
        if form not in FORMS:
            raise SoundError(f"There is no export format {form!r}; there are {', '.join(FORMS)}, and export_wavetable.")
        _within(limits.EVERY, every=every)
        _within(limits.VELOCITIES, velocities=velocities)
        _within(limits.SECONDS, seconds=seconds)
        _within((limits.KEYS[0], keys[1]), lowest_key=keys[0])
        _within((keys[0], limits.KEYS[1]), highest_key=keys[1])
        with raised_as(FileError):
            forms.check(form, out, self.name)
        with raised_as(SoundError):
            report = export.export(form, self._sound(), out, {"every": every, "velocities": velocities, "seconds": seconds, "loop": loop,
                                                              "wet": wet, "low": keys[0], "high": keys[1]}, progress)
        return Exported(report.out, report.samples, report.looped, report.notice)

    def export_wavetable(self, out: str | Path, *, along: str = "time", key: int = 48, velocity: int = 100, seconds: float = 3.0,
                         progress: Callable[[int, int], None] = lambda done, total: None) -> Exported:
        """Make a wavetable of 256 single cycles for Serum, Vital and others, along time or a control by its id: a new .wav file. `key` is
        played at `velocity`; along time the cycles cover `seconds` of it. `progress` is called with steps (done, total). Raises FileError,
        SoundError."""
        from hummingface.instrument.export import export, forms, limits, wavetable
        from hummingface.instrument.export.form_table import WAVETABLE
        if along != wavetable.TIME:
            self._known(along)
        _within(limits.TABLE_KEY, key=key)
        _within(limits.VELOCITY, velocity=velocity)
        _within(limits.SECONDS, seconds=seconds)
        with raised_as(FileError):
            forms.check(WAVETABLE, out, self.name)
        with raised_as(SoundError):
            report = export.export(WAVETABLE, self._sound(), out, {"along": along, "key": key, "velocity": velocity, "seconds": seconds},
                                   progress)
        return Exported(report.out, report.samples, report.looped, report.notice)


def _within(bounds: tuple[float, float], **named: float) -> None:
    """Raises SoundError where the value of that name is out of its bounds."""
    for name, value in named.items():
        if not bounds[0] <= value <= bounds[1]:
            raise SoundError(f"{name} is {value!r}; it must be from {bounds[0]:g} to {bounds[1]:g}.")
