"""The table of export formats, for the command line, the window and the Python API. Imports nothing heavy; `forms.py` has their writers."""
from dataclasses import dataclass

WAVETABLE = "wavetable"             # the kind of export that is no sampled instrument


@dataclass(frozen=True)
class Form:
    """A format of sampled instruments. `suffix` is that of the map file, `packed` that of the single-file version, where there is one.
    `holds`: its envelopes have a hold stage.
    """
    name: str
    label: str
    about: str
    suffix: str | None
    packed: str | None
    holds: bool

    @property
    def places(self) -> str:
        """What an export can be named, for a command's help."""
        files = ", ".join(f"OUT{suffix}" for suffix in (self.suffix, self.packed) if suffix)
        return f"{files}, or a new folder" if self.suffix else files


FORMS = {form.name: form for form in (
    Form("sfz", "SFZ", "an SFZ instrument", ".sfz", None, True),
    Form("decentsampler", "DecentSampler", "a DecentSampler instrument", ".dspreset", ".dslibrary", False),
    Form("bitwig", "Bitwig multisample", "a multisample for Bitwig and Studio One", None, ".multisample", False),
)}
