"""How fast a MIDI file becomes sound, on one core: `python -m tests.bench.bounce_speed [--voices 8] [--runs 5]`.

Eight voices: each plays a note of 0.9 s every second, with its release on top ("struck"), or of 3.8 s every four ("held"); dry, and
with the factory's first patch as it is, which has a room. Told is the median of the runs, in seconds of sound a second of the core's
time (other programs count little) and of the clock, and where the time of a hop (5.3 ms of sound) goes.
"""
import argparse
import statistics
import time

from instrument import library
from instrument.offline import Player
from instrument.performance.midi import NoteOff, NoteOn
from instrument.performance.performer import Performer

RATE_HZ, SECONDS, BLOCK = 48000, 10, 2048


def events(voices: int, length_s: float, every_s: float) -> list:
    """Notes of so many voices, each with a rhythm of its own, over four octaves."""
    made = []
    for voice in range(voices):
        at_s = voice * every_s / voices
        while at_s < SECONDS:
            key = 36 + (voice * 13 + int(at_s * 7)) % 48
            made += [(round(at_s * RATE_HZ), NoteOn(0, key, 90)), (round((at_s + length_s) * RATE_HZ), NoteOff(0, key))]
            at_s += every_s
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--voices", type=int, default=8)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    sound = library.open_sound()
    dry = sound.patch.with_values(parameters={**sound.patch.parameters, "reverb.mix": 0.0, "delay.mix": 0.0, "chorus.mix": 0.0})
    spent = 0.0
    advance = Performer.advance

    def timed(self, now: int) -> None:
        nonlocal spent
        began = time.thread_time()
        advance(self, now)
        spent += time.thread_time() - began
    Performer.advance = timed                                           # type: ignore[method-assign]
    for name, patch, length_s, every_s in (("struck, dry", dry, 0.9, 1.0), ("struck, with room", sound.patch, 0.9, 1.0),
                                           ("held, dry", dry, 3.8, 4.0), ("held, with room", sound.patch, 3.8, 4.0)):
        core, clock, performer, most = [], [], [], 0
        for _ in range(args.runs + 1):                                  # the first warms up
            player = Player(sound.timbre, patch, events=events(args.voices, length_s, every_s), shown=False)
            spent, began_core, began = 0.0, time.thread_time(), time.perf_counter()
            player.render(SECONDS * RATE_HZ, BLOCK)
            core.append(time.thread_time() - began_core)
            clock.append(time.perf_counter() - began)
            performer.append(spent)
            most = player.most_voices
        core_s, clock_s, performer_s = (statistics.median(values[1:]) for values in (core, clock, performer))
        hop_us = 1e6 / (SECONDS * RATE_HZ / 256)
        print(f"{name:<18} at most {most} voices: {SECONDS / core_s:.1f} x real time by the core, {SECONDS / clock_s:.1f} by the clock; "
              f"a hop takes {core_s * hop_us:.0f} us: performer {performer_s * hop_us:.0f}, render {(core_s - performer_s) * hop_us:.0f}",
              flush=True)


if __name__ == "__main__":
    main()
