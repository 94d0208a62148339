"""The notes of the bundled demo: `python -m hummingface.assets.demo.compose` writes demo.mid beside this file.

"Between Rooms", 48 s in D: a piano that becomes a string section under the player's hands (a program change while its last
chord is held), a flute over it, a harp that scatters the chords, and the way back. It shows chords, melody, pedal,
bends, mod wheel, expression and programs.
"""
from pathlib import Path

import mido

BEATS_PER_MINUTE, TICKS = 80, 480
PIANO, STRINGS, FLUTE, HARP, CHOIR = 0, 1, 2, 3, 4          # programs: places in the factory's list of patches
SUSTAIN, WHEEL, EXPRESSION = 64, 1, 11

CHORDS = {                                                  # low to high
    "D": (38, 45, 54, 57, 62), "Bm": (35, 47, 54, 59, 62), "G": (31, 43, 50, 59, 62), "A": (33, 45, 52, 57, 61),
    "Em": (40, 47, 52, 55, 59), "F#m": (42, 49, 54, 57, 61), "Gmaj9": (43, 50, 57, 59, 66), "Asus": (45, 52, 57, 62, 64),
    "Dadd9": (38, 50, 57, 62, 64, 66),
}


class Score:
    """Messages with their beats."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, int, mido.Message]] = []

    def add(self, beat: float, kind: str, **values: int) -> None:
        """Note-offs come before what else happens at the same time, note-ons after it."""
        order = {"note_off": 0, "note_on": 2}.get(kind, 1)
        self.messages.append((beat, order, mido.Message(kind, **values)))

    def note(self, beat: float, key: int, beats: float, velocity: int) -> None:
        self.add(beat, "note_on", note=key, velocity=velocity)
        self.add(beat + beats, "note_off", note=key)

    def control(self, beat: float, number: int, value: int) -> None:
        self.add(beat, "control_change", control=number, value=value)

    def sweep(self, beat: float, beats: float, number: int, start: int, end: int) -> None:
        """A controller moved by hand, 12 steps a beat."""
        steps = round(beats * 12)
        for i in range(steps + 1):
            self.control(beat + beats * i / steps, number, round(start + (end - start) * i / steps))

    def bend(self, beat: float, beats: float, start: float, end: float) -> None:
        """The pitch wheel, in its whole range -1..1."""
        steps = round(beats * 24)
        for i in range(steps + 1):
            value = start + (end - start) * i / steps
            self.add(beat + beats * i / steps, "pitchwheel", pitch=max(-8192, min(8191, round(value * 8192))))

    def save(self, path: Path) -> None:
        track = mido.MidiTrack([mido.MetaMessage("track_name", name="Between Rooms"),
                                mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BEATS_PER_MINUTE))])
        before = 0
        for beat, _, message in sorted(self.messages, key=lambda m: (round(m[0] * TICKS), m[1])):
            at = round(beat * TICKS)
            track.append(message.copy(time=at - before))
            before = at
        track.append(mido.MetaMessage("end_of_track", time=TICKS))
        mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(path)


def broken(score: Score, beat: float, chord: str, velocity: int) -> None:
    """A bar of the piano: the bass, then the chord upwards in eighths under the pedal."""
    low, *high = CHORDS[chord]
    score.control(beat, SUSTAIN, 0)
    score.control(beat + 0.04, SUSTAIN, 127)
    score.note(beat, low, 3.6, velocity + 6)
    for i, key in enumerate([*high, *high[-2::-1]]):
        score.note(beat + 0.5 + 0.5 * i, key, 0.45, velocity - 8 + 3 * (i % 2))


def held(score: Score, beat: float, chord: str, beats: float, velocity: int) -> None:
    for key in CHORDS[chord]:
        score.note(beat, key, beats, velocity)


def melody(score: Score, beat: float, notes: list[tuple[int, float]], velocity: int) -> None:
    """(key, beats) one after the other; key 0 rests."""
    for key, beats in notes:
        if key:
            score.note(beat, key, beats * 0.97, velocity + (key - 72) // 3)
        beat += beats


def compose() -> Score:
    """64 beats."""
    score = Score()
    for number in (101, 100):                               # a bend range of two semitones, said for every player
        score.control(0, number, 0)
    score.control(0, 6, 2)
    score.add(0, "program_change", program=PIANO)
    for bar, chord in enumerate(("D", "Bm", "G", "A")):      # 0..16: piano
        broken(score, 4 * bar, chord, 70 + 3 * bar)
    melody(score, 4, [(78, 1), (76, 0.5), (74, 1.5), (71, 1), (74, 1.5), (76, 0.5), (78, 1), (81, 1), (76, 2.5)], 84)

    score.control(16, SUSTAIN, 0)                            # 16..32: the held chord turns into strings
    held(score, 16, "Dadd9", 4, 88)
    score.add(17.5, "program_change", program=STRINGS)
    score.sweep(17.5, 2.5, EXPRESSION, 70, 118)
    for bar, chord in enumerate(("Em", "F#m", "Gmaj9")):
        held(score, 20 + 4 * bar, chord, 3.9, 78 + 5 * bar)
    score.sweep(20, 8, WHEEL, 0, 70)
    melody(score, 20, [(79, 2), (78, 1), (76, 1), (81, 2), (78, 2), (83, 1.5), (81, 0.5), (79, 1), (78, 1)], 90)
    score.sweep(30, 2, EXPRESSION, 118, 80)

    score.add(32, "program_change", program=FLUTE)           # 32..44: a flute alone, with bends
    score.control(32, EXPRESSION, 110)
    score.control(32, WHEEL, 0)
    melody(score, 32, [(74, 1.5), (76, 0.5), (78, 2), (81, 1), (79, 0.5), (78, 0.5), (76, 2)], 92)
    score.bend(34, 0.5, -0.5, 0.0)
    score.sweep(36.5, 1.5, WHEEL, 0, 90)
    score.bend(39, 0.75, 0.0, 1.0)
    score.bend(39.9, 0.1, 1.0, 0.0)
    score.control(40, WHEEL, 20)
    melody(score, 40, [(78, 0.5), (76, 0.5), (74, 1), (71, 0.5), (69, 0.5), (74, 1)], 88)

    score.add(44, "program_change", program=HARP)            # 44..56: harp
    for number, value in ((WHEEL, 0), (EXPRESSION, 127), (SUSTAIN, 127)):
        score.control(44, number, value)
    for bar, chord in enumerate(("G", "Asus", "Bm")):
        keys = [key + octave for octave in (0, 12, 24) for key in CHORDS[chord]]
        for i, key in enumerate(k for k in keys if k <= 90):
            score.note(44 + 4 * bar + i * 0.25, key, 0.5, 62 + 2 * i)
        score.control(47.9 + 4 * bar, SUSTAIN, 0)
        score.control(48 + 4 * bar, SUSTAIN, 127)
    melody(score, 46, [(86, 1), (85, 1), (83, 2), (0, 0), (85, 1), (86, 1), (88, 2), (90, 2)], 80)

    score.control(56, SUSTAIN, 0)                            # 56..64: home; a choir comes out of the last chord
    score.add(56, "program_change", program=PIANO)
    score.control(56.04, SUSTAIN, 127)
    for i, key in enumerate((38, 50, 57, 62, 64, 66, 69, 74)):
        score.note(56 + 0.12 * i, key, 6.5 - 0.12 * i, 96 - 3 * i)
    score.add(58.5, "program_change", program=CHOIR)
    score.sweep(59, 2.5, WHEEL, 0, 40)
    score.sweep(61.5, 1.5, EXPRESSION, 127, 60)
    score.control(63, SUSTAIN, 0)
    return score


if __name__ == "__main__":
    compose().save(Path(__file__).with_name("demo.mid"))
