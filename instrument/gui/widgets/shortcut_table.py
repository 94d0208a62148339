"""The one table of the window's keys and gestures: shortcuts take their keys from here, and the manual's page of keys shows it."""
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence

Keys = str | QKeySequence.StandardKey


@dataclass(frozen=True)
class Shortcut:
    """Keys that do something, wherever the focus is in the window."""
    id: str
    group: str
    keys: tuple[Keys, ...]
    does: str


_STANDARD = QKeySequence.StandardKey
SHORTCUTS = (
    Shortcut("previous patch", "Patches", ("Ctrl+Left",), "the previous patch"),
    Shortcut("next patch", "Patches", ("Ctrl+Right",), "the next patch"),
    Shortcut("browse", "Patches", ("Ctrl+F",), "opens the browser"),
    Shortcut("save", "Patches", (_STANDARD.Save,), "saves the sound as a patch"),
    Shortcut("export", "Patches", ("Ctrl+E",), "makes a sampled instrument or a wavetable of the sound"),
    Shortcut("new sound", "Patches", ("Ctrl+N",), "makes a sound of recordings"),
    Shortcut("undo", "Changes", (_STANDARD.Undo,), "takes the last change back, a patch that was loaded as well"),
    Shortcut("redo", "Changes", ("Ctrl+Shift+Z",), "makes it again"),
    Shortcut("swap", "Changes", ("Ctrl+B",), "goes from version A to B, and back"),
    Shortcut("copy side", "Changes", ("Ctrl+Shift+B",), "copies the version that plays to the other one"),
    Shortcut("randomise", "Changes", ("Ctrl+R",), "another sound of the model"),
    Shortcut("mutate", "Changes", ("Ctrl+M",), "moves all latents a little"),
    Shortcut("lock section", "Changes", ("Ctrl+Shift+L",), "locks the section of the control that has the focus, or opens its lock"),
    Shortcut("record", "Recording", ("F9",), "begins a take, or ends it"),
    Shortcut("capture", "Recording", ("Ctrl+K",), "keeps what you played in the last 60 seconds"),
    Shortcut("takes", "Recording", ("Ctrl+T",), "shows the takes"),
    Shortcut("tap", "Recording", ("F8",), "taps the tempo"),
    Shortcut("panic", "Recording", ("Ctrl+.",), "silences everything at once"),
    Shortcut("families", "Window", ("Ctrl+D",), "turns between characteristics and families"),
    Shortcut("map", "Window", ("Ctrl+Shift+D",), "shows the map of sounds, or the spectrogram"),
    Shortcut("modulation", "Window", ("Ctrl+Shift+M",), "shows modulation, or the spectrogram"),
    Shortcut("playing", "Window", ("Ctrl+U",), "turns the row of small knobs between sound and playing"),
    Shortcut("settings", "Window", ("Ctrl+,",), "opens the audio and MIDI settings"),
    Shortcut("zoom in", "Window", ("Ctrl++", "Ctrl+="), "larger controls and letters, in a window of the same size"),
    Shortcut("zoom out", "Window", ("Ctrl+-",), "smaller ones"),
    Shortcut("zoom back", "Window", ("Ctrl+0",), "back to 100 %"),
    Shortcut("leave learn", "Window", ("Esc",), "leaves MIDI learn"),
    Shortcut("quit", "Window", (_STANDARD.Quit,), "closes the window"),
    Shortcut("manual", "Help", ("F1",), "opens the manual, at the control that the pointer is on or that has the focus"),
    Shortcut("what is this", "Help", ("Shift+F1",), "says what that control is, beside it"),
)
_BY_ID = {shortcut.id: shortcut for shortcut in SHORTCUTS}

# (where, keys or gesture, what it does): what widgets take for themselves while they have the focus or the pointer.
GESTURES = (
    ("Playing on the computer keys", "A S D F G H J K L ;", "white keys, from C (by their place on the keyboard)"),
    ("Playing on the computer keys", "W E   T Y U   O P", "black keys"),
    ("Playing on the computer keys", "Z, X", "an octave down, up"),
    ("Playing on the computer keys", "C, V", "softer, harder"),
    ("Playing on the computer keys", "B", "the sustain pedal, while it is held"),
    ("A knob or a switch", "drag; Shift: fine", "turns it"),
    ("A knob or a switch", "mouse wheel; Shift: fine", "turns it"),
    ("A knob or a switch", "double-click, Del", "back to its default"),
    ("A knob or a switch", "arrow keys; Shift: fine", "turn it by one per cent"),
    ("A knob or a switch", "Page Up, Page Down", "turn it by ten per cent"),
    ("A knob or a switch", "Home, End", "its lowest, its highest value"),
    ("A knob or a switch", "Enter, or a digit", "opens a field to type a value into"),
    ("A knob or a switch", "right click, the menu key", "MIDI learn, what moves it, the lock of its section"),
    ("A knob or a switch", "Tab, Shift+Tab", "go to the next control, the one before"),
    ("A knob or a switch", "a source of modulation dropped on it", "makes a route; a click on its ring edits it"),
    ("A latent", "Ctrl+L, or the lock in its corner", "locks it against Randomise, Mutate and Reset"),
    ("A panel", "the lock behind its heading", "locks the section against patches that are loaded, and chance"),
    ("The buttons A and B", "right click, the menu key", "copies A to B, or B to A"),
    ("The morph pad", "drag; arrow keys, Shift: fine", "moves between the sounds of its corners"),
    ("The morph pad", "double-click, Home", "to the middle"),
    ("The morph pad", "a click on a corner's name, 1 to 4, Enter", "chooses the sound of a corner"),
    ("The map", "hover, Space", "plays a sound"),
    ("The map", "click, Enter", "loads it"),
    ("The map", "drag, Shift+arrow keys; Ctrl as well: small steps", "travels through blends"),
    ("The map", "arrow keys, Home", "to the nearest sound in their direction, to what plays"),
    ("The keys of the window", "click, further down: louder", "plays"),
    ("The keys of the window", "arrow keys, then Space or Enter", "choose a key (an octave by Up and Down), play it"),
    ("The wheels", "drag; arrow keys, Page Up, Page Down", "turn them"),
    ("The wheels", "Home, Del", "release them"),
    ("The spectrogram", "click, Space", "freezes it, or goes on"),
    ("The browser", "Up, Down", "play a phrase of the sound that they go to"),
    ("The browser", "Enter, click", "loads it"),
    ("The browser", "*", "gives it a star"),
    ("The browser", "Ctrl+L", "more like this"),
    ("The browser", "F2, Ctrl+D, Del", "rename, duplicate, delete your own"),
    ("A step of the arpeggiator", "click, Enter; right click", "the next kind of step; the one before"),
    ("The whole window", "drop a recording, a patch, a scale, a take", "makes a sound of it, loads it, tunes by it, plays it again"),
)


def keys_of(shortcut: str) -> list[QKeySequence]:
    """The keys of a shortcut of the table."""
    return [QKeySequence(keys) for keys in _BY_ID[shortcut].keys]


def key_of(shortcut: str) -> QKeySequence:
    """The first of them, for buttons."""
    return keys_of(shortcut)[0]


def text_of(shortcut: str) -> str:
    """The first of them, as a player reads it."""
    return key_of(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
