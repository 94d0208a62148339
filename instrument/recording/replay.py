"""Replays a take: the same notes on the same sound, from the snapshot before it, sample for sample.

The result equals the recording (within rounding) if the snapshot was taken at rest, the model is the same, and the performer was never
late.
"""
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hummingface.instrument.files import sound_file
from hummingface.instrument.files.paths import refuse_existing
from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.patch_versions import SHAPED, SHAPING, SHAPING_NOTICE
from hummingface.instrument.performance import snapshot
from hummingface.instrument.performance.dynamics import LAW
from hummingface.instrument.performance.events import Load, PlayerEvent
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.held_notes import HeldNotes
from hummingface.instrument.performance.performer import Performer
from hummingface.instrument.performance.sound_bank import SoundBank
from hummingface.instrument.performance.source import Source
from hummingface.instrument.performance.voices.voice_allocation import EACH_STRIKE_HOLDS, RULES
from hummingface.instrument.recording import performance_log as played
from hummingface.instrument.recording.performance_log import LoadByName, Performance
from hummingface.instrument.recording.wave_file import WaveFile

PIECE_S = 0.25
AT_ONCE = 100                       # events taken between two pauses
MOST_FRAMES_A_BYTE = 1 << 14         # of FLAC, whose silence takes next to nothing
MOST_MODELS = 128                   # of one take


def notice(performance: Performance, source: Source) -> str:
    """A notice for the player before a replay; empty if it will equal the recording."""
    model, captured = performance.snapshot["model"], performance.snapshot
    if model["sha256"] and model["sha256"] != source.model.card.get("sha256"):
        return f"The take was played on another version of the model {model['name']}; it will sound different."
    if _had_other_knobs(performance):
        return f"The take will sound different: its {SHAPING_NOTICE}"
    if captured["law"] != LAW:
        return "The take was recorded by an earlier version: until another patch is chosen, it plays with that version's dynamics."
    if captured["rules"] == EACH_STRIKE_HOLDS:
        return "The take was recorded by an earlier version: until another patch is chosen, MPE, NRPN, sostenuto and soft pedal do nothing."
    if captured["rules"] != RULES:
        return "The take was recorded by an earlier version: until another patch is chosen, keys struck twice end as they did there."
    if not performance.quiet:
        return "The take began while something sounded; what sounded before it is not in it."
    if performance.late:
        return f"While the take was recorded, {performance.late} parts of its sound came late; played again, it sounds as it should have."
    if performance.late is None:
        return "Whether notes came late while the take was recorded was not measured; where they did, it sounds different."
    return ""


def _had_other_knobs(performance: Performance) -> bool:
    """Whether named knobs are moved in a take of the time when they moved the latents a little."""
    patch, controls = performance.snapshot["patch"], performance.snapshot["controls"]
    if patch is None or patch["version"] >= SHAPING:
        return False
    return (any(controls.get(name) for name in SHAPED)
            or any(isinstance(one, midi.Set) and one.id in SHAPED for _, one in performance.events))


def prepare(performer: Performer, performance: Performance, bank: SoundBank, pause: Callable[[], object] = lambda: None) -> int:
    """Restore a new performer from the snapshot before a take, with all events of the take queued. Returns the sample at which it stands.
    Keys still held at the take's end are released there, since nobody holds them any more. `pause` is called after every few events.
    """
    begin, down = snapshot.restore(performer, performance.snapshot), HeldNotes(performance.snapshot["pedals"])
    arpeggiated = set[int]()                        # channels: the keys make their notes again
    for number, (sample, event) in enumerate(performance.events, 1):
        if isinstance(event, midi.ArpeggiatorNote):
            arpeggiated.add(event.channel)
            continue
        performer.receive(_loaded(event, bank), sample)
        down.hear(event)
        if number % AT_ONCE == 0:
            pause()
    if performance.frames is not None:
        latched = [midi.Controller(channel, midi.ALL_NOTES_OFF, 0) for channel in sorted(arpeggiated)]
        for event in [*down.release_all(), *latched]:
            performer.receive(event, performance.begin + performance.frames)
    return begin


def _loaded(event: PlayerEvent | LoadByName, bank: SoundBank) -> PlayerEvent:
    """An event of a take, ready for the performer."""
    if isinstance(event, LoadByName):
        return Load(event.patch, bank.source(event.model, event.patch.recordings) if event.model else None, event.law, event.rules)
    return event


class Replay:
    """A take on an engine of its own, positioned where its sound begins. Raises LibraryError where its model is missing."""

    def __init__(self, performance: Performance, source: Source | None = None):
        self.performance = performance
        bank = SoundBank(*filter(None, [source]), most=MOST_MODELS)
        begun = performance.patch
        source = source or bank.source(performance.snapshot["model"]["name"], begun.recordings if begun else ())
        self.notice = notice(performance, source)
        patch = begun or Patch(source.name, source.name, (0.0,) * source.latents)
        self.player = Player(source, patch, rate_hz=performance.rate_hz, seed=performance.snapshot["seed"])
        prepare(self.player.performer, performance, bank)
        while self.player.position < performance.begin:
            self.player.render(min(self._piece, performance.begin - self.player.position))

    @property
    def _piece(self) -> int:
        return round(PIECE_S * self.performance.rate_hz)

    def render(self, frames: int) -> Iterator[np.ndarray]:
        """The next samples, float32 [n, 2] each."""
        end = self.player.position + frames
        while self.player.position < end:
            yield self.player.render(min(self._piece, end - self.player.position))


def render(take: Path, out: Path, progress: Callable[[float], None] = lambda part: None) -> str:
    """Play a take again into a WAV or FLAC file of 24 bits, by its name; nothing is written over. Returns what the player should know of
    it. Raises TakeError, LibraryError, SoundFileError, OSError."""
    sound_file.format_of(out)
    performance = played.of_file(take)
    frames, done = _frames_of(take, performance), 0
    with _written_whole(out, performance.rate_hz) as append:
        replay = Replay(performance)
        for piece in replay.render(frames):
            append(piece)
            done += len(piece)
            progress(done / max(frames, 1))
    return replay.notice


@contextmanager
def _written_whole(out: Path, rate_hz: int) -> Iterator[Callable[[np.ndarray], None]]:
    """Takes the samples of a new file, which stays if all goes well. Raises OSError, naming it and why."""
    refuse_existing(out)
    if sound_file.format_of(out) != "WAV":
        with sound_file.written_whole([out], rate_hz) as write:
            yield lambda piece: write([piece])
        return
    file = None
    try:
        file = WaveFile(out, rate_hz)                       # which has room for takes of more than 4 GB
        yield file.append
        file.close()
    except BaseException as error:
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
            out.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(f"{out}: cannot be written ({error.strerror or error})") from error
        raise


def _frames_of(take: Path, performance: Performance) -> int:
    """How long the take's sound is: what its log says, if the file has as much. Raises TakeError."""
    import soundfile
    try:
        with soundfile.SoundFile(take) as file:
            found = min(int(file.frames), played.LONGEST_S * performance.rate_hz)
    except (soundfile.SoundFileError, OSError) as error:
        raise played.TakeError(f"{take}: its sound cannot be read ({str(error).rsplit(': ', 1)[-1].strip()})") from error
    if found > take.stat().st_size * MOST_FRAMES_A_BYTE:
        raise played.TakeError(f"{take}: claims {found:,} samples, more than a file of its size can hold; it is damaged")
    return min(performance.frames or found, found)
