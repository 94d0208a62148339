"""What players' words for sounds mean: instruments, families, tags, and measures (`instrument/offline/sound_measures.py`) that are high or
low. `instrument/patches/find_by_words.py` ranks sounds by them; names, tags and presets of the library are words, too.

Nouns: {WORDS: FAMILY and NAMES OF PRESETS}; what plays none of these presets, but is of the family, counts half. Adjectives: {WORDS:
{measure: how much of the meaning it is, below 0 where it is low}}.
"""
from dataclasses import dataclass, field

FILLERS = frozenset((
    "a", "an", "and", "anything", "as", "attack", "bit", "but", "decay", "for", "from", "give", "i", "in", "instrument",
    "instruments", "is", "key", "keys", "kind", "like", "little", "me", "more", "most", "music", "musical", "note", "notes", "of",
    "on", "one", "or", "patch", "patches", "played", "playing", "please", "quite", "rather", "really", "release", "slightly", "some",
    "something", "sort", "sound", "sounding", "sounds", "style", "that", "the", "this", "to", "tone", "tones", "too", "type", "very",
    "want", "with"))
NEGATIONS = frozenset(("not", "no", "without", "non", "never", "less", "isn't"))
PLUCKED = ("Harp", "Pizzicato")         # presets that models count among the strings, as General MIDI does, and players do not


@dataclass(frozen=True)
class Meaning:
    """One word's: any of `presets`, `families` or `tags` makes a sound a thing of that name; `measures` say how it sounds, by weight."""
    presets: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    measures: dict[str, float] = field(default_factory=dict)


_FAMILIES = {                                  # words for a whole family
    "piano, pianos, keyboard": "piano",
    "mallet, mallets, percussion, chime, chimes, tuned percussion": "mallet",
    "organ, organs": "organ",
    "guitar, guitars": "guitar",
    "bass, basses, bassline": "bass",
    "ensemble, section, chorale": "ensemble",
    "brass, horns": "brass",
    "reed, reeds, woodwind, woodwinds, wind": "reed",
    "pipe, pipes, flutes": "pipe",
    "plucked, pluck, plucks, plucky": "plucked",
    "synth, synths, synthesizer, synthesiser, analog, analogue": "synth",
}
_INSTRUMENTS = {                               # words for an instrument: its family, and the presets that are one
    "grand piano, acoustic piano, concert grand, steinway": ("piano", "Grand Piano"),
    "electric piano, epiano, e-piano, rhodes, wurlitzer, wurli, dx7, tines": ("piano", "Tine Piano, FM Piano, Electric Grand"),
    "harpsichord, cembalo, spinet": ("piano", "Harpsichord"),
    "clavinet, clavi, clavichord": ("piano", "Clavinet"),
    "celesta, celeste, music box, toy piano": ("mallet", "Celesta"),
    "glockenspiel, glock": ("mallet", "Glockenspiel"),
    "vibraphone, vibes": ("mallet", "Vibraphone"),
    "marimba": ("mallet", "Marimba"),
    "xylophone": ("mallet", "Xylophone"),
    "bell, bells, tubular bells, carillon, gong": ("mallet", "Tubular Bells, Glockenspiel, Celesta"),
    "steel drum, steel drums, steel pan, steelpan": ("mallet", "Marimba, Vibraphone"),
    "gamelan": ("mallet", "Vibraphone, Tubular Bells, Glockenspiel"),
    "hammond, drawbar organ, drawbars, b3": ("organ", "Drawbar Organ, Percussive Organ"),
    "percussive organ": ("organ", "Percussive Organ"),
    "church organ, pipe organ": ("organ", "Church Organ"),
    "harmonium, reed organ": ("organ", "Reed Organ"),
    "accordion, accordeon, squeezebox, musette, bandoneon": ("organ", "Accordion"),
    "harmonica, mouth organ": ("organ", "Harmonica"),
    "nylon guitar, classical guitar, spanish guitar": ("guitar", "Nylon Guitar"),
    "steel guitar, folk guitar, western guitar": ("guitar", "Steel Guitar"),
    "acoustic guitar": ("guitar", "Nylon Guitar, Steel Guitar"),
    "electric guitar": ("guitar", "Clean Guitar, Jazz Guitar, Distortion Guitar, Muted Guitar"),
    "jazz guitar": ("guitar", "Jazz Guitar"),
    "upright bass, double bass": ("bass", "Upright Bass, Contrabass"),
    "electric bass, bass guitar": ("bass", "Finger Bass, Pick Bass, Fretless Bass"),
    "fretless": ("bass", "Fretless Bass"),
    "synth bass, sub bass, sub, 303": ("bass", "Synth Bass"),
    "strings, string, bow, orchestra": ("strings", "Violin, Cello, Contrabass, Tremolo Strings, String Section, Synth Strings"),
    "violin, fiddle, viola": ("strings", "Violin"),
    "cello, violoncello": ("strings", "Cello"),
    "contrabass": ("strings", "Contrabass"),
    "pizzicato, pizz": ("plucked", "Pizzicato"),
    "tremolo strings": ("strings", "Tremolo Strings"),
    "harp": ("plucked", "Harp"),
    "string section, string ensemble, string orchestra": ("ensemble", "String Section, Synth Strings"),
    "choir, chorus, voices, choral, singers": ("ensemble", "Choir, Voice, Synth Voice, Choir Pad"),
    "voice, vocal, vox, singing, sung, singer, human, vowel": ("ensemble", "Voice, Choir, Synth Voice, Choir Pad"),
    "trumpet, cornet, flugelhorn": ("brass", "Trumpet, Muted Trumpet"),
    "muted trumpet": ("brass", "Muted Trumpet"),
    "trombone": ("brass", "Trombone"),
    "tuba, sousaphone": ("brass", "Tuba"),
    "french horn, horn": ("brass", "French Horn"),
    "brass section, big band": ("brass", "Brass Section"),
    "sax, saxophone, saxes": ("reed", "Alto Sax, Tenor Sax"),
    "alto sax": ("reed", "Alto Sax"),
    "tenor sax": ("reed", "Tenor Sax"),
    "oboe, shawm": ("reed", "Oboe"),
    "english horn, cor anglais": ("reed", "English Horn"),
    "bassoon, fagott": ("reed", "Bassoon"),
    "clarinet": ("reed", "Square Lead, English Horn"),
    "flute, piccolo": ("pipe", "Flute, Shakuhachi, Pan Flute"),
    "recorder": ("pipe", "Recorder"),
    "pan flute, pan pipes, panpipes": ("pipe", "Pan Flute"),
    "shakuhachi": ("pipe", "Shakuhachi"),
    "ocarina, whistle, whistling": ("pipe", "Ocarina, Recorder"),
    "square, square wave, square lead, chiptune, 8-bit, nes": ("synth", "Square Lead"),
    "saw, sawtooth, saw lead, supersaw": ("synth", "Saw Lead"),
    "theremin": ("synth", "Ocarina, Voice"),
    "sitar": ("plucked", "Sitar"),
    "banjo": ("plucked", "Banjo"),
    "koto, shamisen, guzheng": ("plucked", "Koto"),
    "kalimba, mbira, thumb piano": ("plucked", "Kalimba"),
    "lute, mandolin, ukulele": ("plucked", "Nylon Guitar, Banjo, Koto"),
}
_KINDS = {                                     # words for how a thing is played, or what it is for: families, presets, tags, measures
    "bowed, arco": Meaning(("Violin", "Cello", "Contrabass", "Tremolo Strings", "String Section"), ("strings",),
                           measures={"attack": 1, "length": 1}),
    "distorted guitar, distortion guitar, overdriven guitar": Meaning(("Distortion Guitar",), ("guitar",), (), {"richness": 1}),
    "blown": Meaning((), ("pipe", "reed", "brass"), (), {"attack": 1, "length": 1}),
    "struck, hit, hammered": Meaning((), ("mallet", "piano"), (), {"attack": -1, "length": -0.5}),
    "picked, strummed": Meaning((), ("guitar", "plucked"), (), {"attack": -1}),
    "pad, pads": Meaning(("Warm Pad", "Choir Pad"), (), ("pad",), {"attack": 1, "length": 1}),
    "lead, leads, solo": Meaning(("Saw Lead", "Square Lead"), (), ("lead", "solo")),
    "drone, drones, ambient, ambience, atmosphere, atmospheric, soundscape, cinematic": Meaning(
        (), (), ("pad", "texture", "evolving", "frozen"), {"attack": 1, "length": 1, "room": 1}),
    "texture, textures": Meaning((), (), ("texture", "evolving", "frozen", "pad"), {"attack": 0.5, "length": 1}),
    "stab, stabs": Meaning((), ("brass", "synth"), (), {"attack": -1, "length": -1}),
    "arp, arpeggio, sequence": Meaning((), ("plucked", "synth", "mallet"), (), {"attack": -1, "length": -1}),
    "metal, metallic, tin, steel, copper, bronze, iron": Meaning(
        ("Vibraphone", "Glockenspiel", "Tubular Bells", "Celesta", "Tine Piano", "Kalimba"), (), ("bell",), {"inharmonicity": 1}),
    "wood, wooden, woody": Meaning(("Marimba", "Xylophone", "Kalimba", "Recorder", "Bassoon"), (), ("wood",),
                                   {"brightness": -0.5, "length": -0.5}),
    "glass, glassy, crystal, crystalline, icy, ice": Meaning(
        ("Glockenspiel", "Celesta", "Vibraphone", "FM Piano"), (), ("bell", "digital"),
        {"brightness": 0.7, "fundamental": 0.3, "noisiness": -0.3}),
}
_ADJECTIVES: dict[str, dict[str, float]] = {
    "dark, darker, dull, mellow, muffled, dim, gloomy, murky, black": {"brightness": -1},
    "bright, brighter, brilliant, shiny, sparkling, shimmering, crisp, clear, treble": {"brightness": 1},
    "warm, warmer, cosy": {"brightness": -1, "noisiness": -0.4, "inharmonicity": -0.4},
    "cold, cool, sterile": {"brightness": 1, "fundamental": 0.3, "vibrato": -0.3},
    "soft, softer, gentle, tender, delicate, mild, quiet": {"attack": 0.4, "brightness": -1, "richness": -0.5},
    "hard, aggressive, angry, mean": {"attack": -0.5, "brightness": 0.7, "richness": 1},
    "harsh, strident, shrill, piercing, screaming": {"brightness": 1, "richness": 0.7},
    "smooth, silky, velvet, velvety, creamy": {"brightness": -0.6, "noisiness": -0.7, "tremolo": -0.4, "attack": 0.3},
    "rough, raspy, gritty, coarse, growling, buzzy, buzzing": {"richness": 1, "noisiness": 0.5},
    "distorted, distortion, overdriven, fuzzy, fuzz, dirty, driven, saturated, crunchy": {"richness": 1, "brightness": 0.4},
    "clean, pure": {"richness": -1, "noisiness": -1},
    "sine, sinusoid, simple": {"richness": -1, "fundamental": 1, "noisiness": -0.5},
    "rich, full, fat, thick, big, huge, lush, massive": {"richness": 0.8, "width": 0.8, "tail": 0.3},
    "thin, small, tiny, reedy": {"fundamental": -1, "width": -0.5},
    "nasal, honky, pinched": {"fundamental": -1, "richness": 0.5},
    "round, rounded": {"fundamental": 1, "brightness": -0.7},
    "deep, low, boomy, subby": {"brightness": -1, "fundamental": 0.4},
    "high": {"brightness": 1},
    "sharp, snappy, punchy, percussive, immediate, fast attack, quick attack, hard attack, attacking": {"attack": -1},
    "slow, slow attack, soft attack, swelling, swell, fading": {"attack": 1},
    "fast, quick": {"attack": -1, "length": -0.5},
    "short, staccato, plinky, clipped, brief, muted, damped": {"length": -1, "tail": -0.5},
    "long, sustained, sustaining, endless, held, legato, lasting": {"length": 1, "tail": 0.3},
    "ringing, resonant, lingering, long release": {"tail": 1, "length": 0.3},
    "noisy, noise, hissy, hiss": {"noisiness": 1},
    "breathy, breath, airy, windy, whispering, whispery": {"noisiness": 1},
    "inharmonic, clangy, clangorous, bell-like, detuned, dissonant": {"inharmonicity": 1},
    "hollow, odd, clarinet-like": {"odd": 1},
    "vibrato, wobbly, warbling, trembling": {"vibrato": 1},
    "tremolo, pulsing, throbbing, fluttering, moving, animated, restless": {"tremolo": 1, "vibrato": 0.4},
    "evolving, morphing, shifting, alive": {"tremolo": 0.7, "length": 1, "vibrato": 0.3},
    "steady, still, static, calm, stable": {"tremolo": -1, "vibrato": -1},
    "wide, wider, stereo, broad": {"width": 1},
    "narrow, mono, centred, centered": {"width": -1},
    "reverberant, reverb, wet, spacious, distant, far, cathedral, hall, roomy, cavernous": {"room": 1},
    "dry, close, intimate, upfront": {"room": -1, "echo": -0.5},
    "echo, echoes, echoing, echoey, delay, delayed, repeating": {"echo": 1},
    "heavy, powerful, strong": {"richness": 1, "brightness": -0.3},
    "ethereal, dreamy, heavenly, angelic, floating": {"room": 1, "attack": 0.7, "length": 0.7},
    "ghostly, eerie, spooky, haunting, mysterious": {"room": 0.7, "noisiness": 0.5, "vibrato": 0.5, "attack": 0.5},
    "sad, melancholic, melancholy, sombre": {"brightness": -0.7, "attack": 0.5, "room": 0.3},
    "happy, cheerful, playful": {"brightness": 0.5, "attack": -0.7, "length": -0.5},
    "sweet": {"brightness": -0.3, "richness": -0.7, "noisiness": -0.5, "vibrato": 0.3},
    "digital, synthetic, artificial": {"noisiness": -0.5, "vibrato": -0.3},
}


def _spread() -> dict[str, Meaning]:
    table: dict[str, Meaning] = {}

    def add(words: str, meaning: Meaning) -> None:
        for word in words.split(", "):
            if word in table:
                raise ValueError(f"{word!r} has two meanings")
            table[word] = meaning
    for words, family in _FAMILIES.items():
        add(words, Meaning(families=(family,), tags=(family,)))
    for words, (family, presets) in _INSTRUMENTS.items():
        add(words, Meaning(tuple(presets.split(", ")), (family,)))
    for words, meaning in _KINDS.items():
        add(words, meaning)
    for words, measures in _ADJECTIVES.items():
        add(words, Meaning(measures=measures))
    return table


WORDS = _spread()
MOST_WORDS = max(len(word.split()) for word in WORDS)             # of an entry
