"""The one table of modulation sources: what can move controls, for each note or for all. `routes.py` says which moves what."""
from dataclasses import dataclass

from hummingface.instrument.patches.parameters import LFOS, MACROS, MOD_ENVELOPES

MOST_ROUTES = 32
UNIPOLAR, BIPOLAR = "unipolar", "bipolar"       # from 0 to 1, from -1 to 1


@dataclass(frozen=True)
class ModulationSource:
    """What can move controls. `shared`: it has one value for all notes."""
    id: str
    label: str
    bipolar: bool
    help: str
    shared: bool = False

    @property
    def polarity(self) -> str:
        """As it is by itself."""
        return BIPOLAR if self.bipolar else UNIPOLAR


_SOURCES = (
    *(ModulationSource(f"lfo.{i + 1}", f"LFO {i + 1}", True, "A slow wave; its settings are controls.") for i in range(LFOS)),
    *(ModulationSource(f"mod_envelope.{i + 1}", f"Env {i + 1}", False, "Begins with every note; its settings are controls.")
      for i in range(MOD_ENVELOPES)),
    ModulationSource("velocity", "Velocity", False, "How hard the key was struck."),
    ModulationSource("release_velocity", "Release velocity", False, "How fast the key was let up; 0 while it is held."),
    ModulationSource("key", "Key", True, "Which key: 0 at middle C, -1 and 1 five octaves away."),
    ModulationSource("pressure", "Pressure", False, "The pressure on the note's key and on its channel."),
    ModulationSource("slide", "Slide", False, "Where on the key the finger is, as MPE controllers say it (CC 74)."),
    ModulationSource("bend", "Bend", True, "The pitch bend of the note's channel."),
    ModulationSource("random", "Random", True, "A new random value for every note."),
    ModulationSource("alternate", "Alternate", True, "One way for a note, the other for the next."),
    ModulationSource("wheel", "Wheel", False, "The modulation wheel.", True),
    ModulationSource("pedal", "Pedal", False, "The sustain pedal.", True),
    *(ModulationSource(f"macro.{i + 1}", f"Macro {i + 1}", False, "A knob of the patch that moves what its routes lead to.", True)
      for i in range(MACROS)))
SOURCES: dict[str, ModulationSource] = {source.id: source for source in _SOURCES}
