"""The sound that a performer plays: a patch, the controls that were moved since, and what both mean to voices, source and arpeggiator."""
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.controls import (
    A4,
    GLIDE,
    GLIDE_LAW,
    GLIDE_WHEN,
    HALF_PEDAL,
    INDEX,
    MODE,
    PRIORITY,
    SOUND_KNOBS,
    STEALING,
    UNISON,
    VOICES,
)
from hummingface.instrument.performance.events import Blend, Load, Reroute
from hummingface.instrument.performance.hops import HopMaker
from hummingface.instrument.performance.latent_target import LatentTarget
from hummingface.instrument.performance.messages.arpeggiator import Arpeggiator
from hummingface.instrument.performance.messages.channel_messages import ChannelMessages
from hummingface.instrument.performance.messages.midi import Set
from hummingface.instrument.performance.source import Source
from hummingface.instrument.performance.voice_tuning import VoiceTuning
from hummingface.instrument.performance.voices.glide import Glide

_NAMES = list(INDEX)


class PlayingSound:
    """`maker` has the voices, the controls and the sources.

    Attributes: `patch`, the one that was loaded last, as it was then but for its routes and what a blend has moved; `latents`, where those
    of its source are to go; `moved`, values of controls that were moved since the newest program change, by their ids.
    """

    latents: LatentTarget
    patch: Patch | None = None

    def __init__(self, maker: HopMaker, messages: ChannelMessages, arpeggiator: Arpeggiator, tuning: VoiceTuning) -> None:
        self._maker, self._messages, self._arpeggiator, self._tuning = maker, messages, arpeggiator, tuning
        self._voices, self._controls = maker.voices, maker.controls
        self.moved: dict[str, float] = {}

    def begin(self, source: Source, patch: Patch | None) -> None:
        """What sounds first, all of it at once."""
        self._play(source)
        self._maker.warm_up()
        self.apply()
        if patch is not None:
            self.load(Load(patch))
        self._controls.snap()
        source.snap()

    def begin_with(self, controls: dict[str, float]) -> None:
        """Where these controls, by their ids, stand before anything sounds; nothing glides there. Raises KeyError, ValueError for NaN."""
        for name, value in controls.items():
            self._controls.set(name, value)
        self.apply()
        self._controls.snap()

    def set(self, event: Set, sample: int) -> None:
        """Move a control; one that does not exist, and what is no number, are passed over."""
        try:
            value = self._controls.set(event.id, event.value)
        except (KeyError, TypeError, ValueError):
            return
        self.moved[event.id] = value
        parameter = PARAMETERS[event.id]
        if parameter.group == "latent":
            self.latents.move(int(event.id.partition(".")[2]), value)
        self.apply(sample)

    def load(self, event: Load, sample: int = 0) -> None:
        """Play another patch. Sounding notes glide to it; if its source is another one, they end on the old one."""
        patch, maker = event.patch, self._maker
        self.patch = patch
        maker.law, self._voices.rules = event.law, event.rules
        if event.source is not None and event.source is not maker.source:
            self._play(event.source)
        for name, value in patch.parameters.items():
            self._controls.set(name, value)
        self._controls.set_gain(patch.gain_db)
        self.latents.load(patch)
        self._tuning.load(patch.tuning)
        for i, value in enumerate(self.latents.knobs):
            self._controls.set(f"latent.{i + 1}", float(value))
        maker.route(patch.routes)
        self.apply(sample)
        playing = self._voices.playing()
        if not playing.any():
            self._controls.snap()
        if not (playing & (self._voices.table["source"] == maker.current)).any():
            maker.source.snap()

    def reroute(self, event: Reroute, sample: int) -> None:
        """Modulate by other routes."""
        if self.patch is not None:
            self.patch = self.patch.with_values(routes=event.routes)
        self._maker.route(event.routes)
        self.apply(sample)

    def blend(self, event: Blend, sample: int) -> None:
        """Move what has no control: latents behind the knobs, and the gain."""
        if self.patch is not None:
            self.patch = event.of(self.patch)
        self.latents.blend(event.latents)
        self._controls.set_gain(event.gain_db)
        self.apply(sample)

    def apply(self, sample: int = 0) -> None:
        """What the controls say holds from this sample on, for all that does not read them itself."""
        self._arpeggiator.set(self._controls.goal, sample)
        now, goal = self._controls.now, self._controls.goal
        voices = self._voices
        voices.limit, voices.unison, voices.stealing = int(now[VOICES]), int(now[UNISON]), int(now[STEALING])
        voices.glide = Glide(float(now[GLIDE]), int(now[GLIDE_WHEN]), bool(now[GLIDE_LAW]))
        voices.priority = int(now[PRIORITY])
        voices.set_mode(int(now[MODE]))
        self._messages.use_half_pedal(bool(now[HALF_PEDAL]))
        if now[A4] != self._tuning.key_pitches.a4_hz:
            self._tuning.set_a4(float(now[A4]))
        knob_offsets = {_NAMES[i]: float(goal[i]) for i in SOUND_KNOBS if goal[i]}
        self._maker.source.set_target(self.latents.at(goal), knob_offsets)

    def _play(self, source: Source) -> None:
        """New voices begin on this source, whose latents have a target of their own."""
        self._maker.play(source)
        self.latents = self._maker.latents = LatentTarget(source.latents, source.recordings)
