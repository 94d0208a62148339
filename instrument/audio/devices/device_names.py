"""What ports and devices are called: by what they are, without the numbers that change when something is plugged in, and one name each."""
import re
from collections import Counter
from collections.abc import Iterable

_ADDRESS = re.compile(r" \d+:\d+$")                      # ALSA's, as RtMidi adds it: "Keys:Keys MIDI 1 24:0"
_BRIDGED = re.compile(r" \[\d+\](?= \((?:capture|playback)\))")      # ALSA's client, as a2jmidid adds it: "a2j:Keys [24] (capture): MIDI 1"
_CARD = re.compile(r"\(hw:\d+,(\d+)\)")                # PortAudio's: "USB Audio: - (hw:1,0), ALSA"


def stable_name(port: str) -> str:
    """A MIDI port's name without the numbers that ALSA assigns, which change: "Keys:Keys MIDI 1 24:0" is "Keys:Keys MIDI 1"."""
    return _BRIDGED.sub("", _ADDRESS.sub("", port))


def same_device(wanted: str, device: str) -> bool:
    """Whether this may be the audio device that is wanted, with or without its system: by all of its name but the number of its card."""
    first, second = (_CARD.sub(r"(hw:*,\1)", name) for name in (wanted, device))
    return first in (second, second.rsplit(", ", 1)[0])


def distinct(names: Iterable[str]) -> list[str]:
    """The names, in their order, each once: the second of one name has " (2)" behind it."""
    seen: Counter[str] = Counter()
    made: list[str] = []
    for name in names:
        seen[name] += 1
        while (other := name if seen[name] == 1 else f"{name} ({seen[name]})") in made:
            seen[name] += 1
        made.append(other)
    return made


def matching(wanted: str, names: Iterable[str]) -> list[str]:
    """The ports that a name means: that one; else those that contain it, whatever the case."""
    names = list(names)
    whole = [name for name in names if wanted in (name, stable_name(name))] or [
        name for name in names if stable_name(wanted) == stable_name(name)]
    return whole or [name for name in names if wanted.lower() in name.lower()]
