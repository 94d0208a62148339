"""What the tests of tunings share: a player in a tuning, what it sounds, and MIDI's tuning messages."""
import numpy as np

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import Set
from hummingface.instrument.synthesis.state import HOPS


def hz(pitch):
    return 440 * 2 ** ((np.asarray(pitch, float) - 69) / 12)


def player_of(source, tuning=None, **options):
    player = Player(source, Patch("Plain", "Plain", (0.0,) * 16, {"reverb.mix": 0.0, "master.width": 0.0}, tuning=tuning), **options)
    player.performer.receive(Set("master.voices", 128), 0)
    return player


def sounding_hz(player):
    """{(channel, key): frequency of the first harmonic in the newest hop}."""
    state, voices = player.state[0], player.performer.voices
    hop = state["hops"][player.performer.hop % HOPS]
    found = {}
    for place in range(int(hop["count"])):
        slot = int(hop["slot"][place])
        partials = hop["partials"][place, int(hop["rows"][place]) - 1]
        first = np.flatnonzero(partials[0] > 0)
        if len(first):
            found[int(voices.channel[slot]), int(voices.key[slot])] = float(partials[2, first[0]])
    return found


def octave(cents_by_note, real_time=True, channels=(3, 0x7F, 0x7F)):
    data = [byte for c in cents_by_note for byte in divmod(round(c / 100 * 8192) + 8192, 128)]
    return bytes([0xF0, 0x7F if real_time else 0x7E, 0, 8, 9, *channels, *data, 0xF7])


def single(key, pitch, kind=2):
    whole, fraction = divmod(round(pitch * 16384), 16384)
    return bytes([0xF0, 0x7F, 0, 8, kind, *([0] if kind == 7 else []), 0, 1, key, whole, fraction >> 7, fraction & 127, 0xF7])
