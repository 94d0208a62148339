"""The melodic instruments of General MIDI that factory models learn, by family. Programs count from 0.

Programs 0 to 119 are all here; the effects from 120 on have no pitch that follows the keys, in FluidR3 and MuseScore General alike.
"""
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
MUSESCORE = Path("/usr/share/sounds/sf3/MuseScore_General_Full.sf3")
ZYN_BANKS = Path("/usr/share/zynaddsubfx/banks")
FACTORY = "FluidR3 Atlas"
FACTORY_SOURCE = "FluidR3_GM.sf2, (c) 2000-2002, 2008 Frank Wen, MIT licence"


@dataclass(frozen=True)
class GeneralMidiProgram:
    program: int
    name: str
    family: str
    sustained: bool                   # sounds as long as the key is held; else it is struck or plucked and dies away


_TABLE = {
    "piano": "0 Grand Piano, 2 Electric Grand, 4 Tine Piano, 5 FM Piano, 6 Harpsichord, 7 Clavinet",
    "mallet": "8 Celesta, 9 Glockenspiel, 11 Vibraphone, 12 Marimba, 13 Xylophone, 14 Tubular Bells, 15 Dulcimer, "
              "114 Steel Drums",
    "organ": "16 Drawbar Organ*, 17 Percussive Organ*, 19 Church Organ*, 20 Reed Organ*, 21 Accordion*, 22 Harmonica*",
    "guitar": "24 Nylon Guitar, 25 Steel Guitar, 26 Jazz Guitar, 27 Clean Guitar, 28 Muted Guitar, 30 Distortion Guitar*",
    "bass": "32 Upright Bass, 33 Finger Bass, 34 Pick Bass, 35 Fretless Bass, 38 Synth Bass",
    "strings": "40 Violin*, 42 Cello*, 43 Contrabass*, 44 Tremolo Strings*, 45 Pizzicato, 46 Harp",
    "ensemble": "48 String Section*, 50 Synth Strings*, 52 Choir*, 53 Voice*, 54 Synth Voice*",
    "brass": "56 Trumpet*, 57 Trombone*, 58 Tuba*, 59 Muted Trumpet*, 60 French Horn*, 61 Brass Section*",
    "reed": "65 Alto Sax*, 66 Tenor Sax*, 68 Oboe*, 69 English Horn*, 70 Bassoon*, 71 Clarinet*",
    "pipe": "73 Flute*, 74 Recorder*, 75 Pan Flute*, 77 Shakuhachi*, 79 Ocarina*",
    "synth": "80 Square Lead*, 81 Saw Lead*, 89 Warm Pad*, 91 Choir Pad*",
    "plucked": "104 Sitar, 105 Banjo, 107 Koto, 108 Kalimba",
}
# Those that the first Atlas did not learn. Whether they sustain was heard of FluidR3 and MuseScore General
_MORE = {
    "piano": "1 Bright Piano, 3 Honky-Tonk Piano",
    "mallet": "10 Music Box",
    "organ": "18 Rock Organ*, 23 Bandoneon*",
    "guitar": "29 Overdrive Guitar*, 31 Guitar Harmonics*",
    "bass": "36 Slap Bass, 37 Pop Bass, 39 Synth Bass 2",
    "strings": "41 Viola*, 110 Fiddle*",
    "ensemble": "49 Slow Strings*, 51 Synth Strings 2*, 55 Orchestra Hit",
    "brass": "62 Synth Brass*, 63 Synth Brass 2*",
    "reed": "64 Soprano Sax*, 67 Baritone Sax*, 109 Bagpipe*, 111 Shenai*",
    "pipe": "72 Piccolo*, 76 Bottle*, 78 Whistle*",
    "synth": "82 Calliope Lead*, 83 Chiff Lead*, 84 Charang*, 85 Solo Vox*, 86 Fifth Lead*, 87 Bass and Lead*, 88 Fantasia, 90 Polysynth*, "
             "92 Bowed Glass*, 93 Metal Pad, 94 Halo Pad*, 95 Sweep Pad*",
    "plucked": "106 Shamisen",
    "effect": "96 Ice Rain, 97 Soundtrack*, 98 Crystal, 99 Atmosphere, 100 Brightness*, 101 Goblin*, 102 Echo Drops*, 103 Star Theme",
    "percussive": "47 Timpani, 112 Tinkle Bell, 113 Agogo, 115 Woodblock, 116 Taiko Drum, 117 Melodic Tom, 118 Synth Drum, "
                  "119 Reverse Cymbal",
}

FAMILIES = ("piano", "mallet", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe", "synth", "synth", "effect",
            "plucked", "percussive", "effect")
"""Of General MIDI's programs, eight at a time."""


def _instruments(table: dict[str, str]) -> Iterator[GeneralMidiProgram]:
    for family, line in table.items():
        for entry in line.split(", "):
            program, name = entry.split(" ", 1)
            yield GeneralMidiProgram(int(program), name.rstrip("*"), family, name.endswith("*"))


_FIRST: tuple[GeneralMidiProgram, ...] = tuple(_instruments(_TABLE))
_LATER: tuple[GeneralMidiProgram, ...] = tuple(_instruments(_MORE))
INSTRUMENTS: tuple[GeneralMidiProgram, ...] = (*_FIRST, *_LATER)


def instruments_in_turn() -> list[GeneralMidiProgram]:
    """One of each family after the other, so that any beginning of the list is a fair sample: first the 64 of the first Atlas."""
    return _in_turn(_FIRST) + _in_turn(_LATER)


def _in_turn(instruments: tuple[GeneralMidiProgram, ...]) -> list[GeneralMidiProgram]:
    families: dict[str, list[GeneralMidiProgram]] = {}
    for instrument in instruments:
        families.setdefault(instrument.family, []).append(instrument)
    longest = max(map(len, families.values()))
    return [members[i] for i in range(longest) for members in families.values() if i < len(members)]
