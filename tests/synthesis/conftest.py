"""A performer for tests: writes hops and starts by hand, and renders."""
import numpy as np
import pytest

from hummingface.instrument.synthesis.effects import INDEX, START
from hummingface.instrument.synthesis.producer import claim_hop, claim_start, publish_hop, publish_start, publish_until
from hummingface.instrument.synthesis.render import render
from hummingface.instrument.synthesis.state import BANDS, PARTIALS, QUARTERS, START_ROWS, boundary, new_state


class NoteInput:
    """Plays a state block. A sound is a list of (amplitude, frequency_hz); amplitudes may be complex."""

    def __init__(self, rate_hz=48_000, seed=0):
        self.state = new_state(rate_hz, seed=seed)
        self.rate_hz = rate_hz
        self.effects = START.copy()
        self.rendered = 0

    def rows(self, sounds):
        """[rows, 3, PARTIALS] of a list of sounds, and how many partials they use."""
        rows = np.zeros((len(sounds), 3, PARTIALS), np.float32)
        for row, sound in zip(rows, sounds, strict=True):
            for p, (amplitude, frequency_hz) in enumerate(sound):
                row[:, p] = np.real(amplitude), np.imag(amplitude), frequency_hz
        return rows, max(len(sound) for sound in sounds)

    def start(self, slot, time, sounds, *, phase=(), pan=(1, 1), noise=None, sides=None):
        """Begin a voice; `sounds` is one for all rows, or a list of START_ROWS of them; noise [START_ROWS, 2 or 3, BANDS]; sides: complex
        gains [2, partials] of its channels."""
        sounds = [sounds] * START_ROWS if isinstance(sounds[0], tuple) else sounds
        start = claim_start(self.state)
        rows, used = self.rows(sounds)
        start["time"], start["slot"], start["rows"], start["used"], start["pan"] = time, slot, len(sounds), used, pan
        quarter = time * 750 // self.rate_hz
        while boundary(quarter, self.rate_hz) <= time:
            quarter += 1
        start["first_quarter"] = quarter
        start["phase"] = 0
        start["phase"][:len(phase)] = phase
        start["partials"][:len(rows)] = rows
        start["wide"], start["sides"] = sides is not None, rows_of_sides(sides)
        start["noise"] = 0
        if noise is not None:
            start["noise"][:, :np.shape(noise)[1]] = noise
        publish_start(self.state)

    def hop(self, voices=None, *, noise=0.0, last=(), flush=False, pan=None, sides=None, **effects):
        """Publish a hop. sides: {slot: complex gains [2, partials]}.

        voices: {slot: sound, or a list of four}; noise [BANDS] or [QUARTERS, 2 or 3, BANDS]; drive_amount=.. etc."""
        hop = claim_hop(self.state)
        hop["count"], hop["flush"], hop["noise"] = len(voices or {}), flush, 0
        for entry, (slot, sounds) in enumerate((voices or {}).items()):
            sounds = [sounds] if isinstance(sounds[0], tuple) else sounds
            rows, used = self.rows(sounds)
            hop["slot"][entry], hop["rows"][entry], hop["used"][entry] = slot, len(sounds), used
            hop["last"][entry] = slot in last
            hop["pan"][entry] = (pan or {}).get(slot, (1, 1))
            hop["partials"][entry][:len(rows)] = rows
            hop["wide"][entry] = slot in (sides or {})
            hop["sides"][entry] = rows_of_sides((sides or {}).get(slot))
        noise = np.asarray(noise)
        hop["noise"][:, :noise.shape[-2] if noise.ndim > 1 else 2] = noise
        for name, value in effects.items():
            self.effects[INDEX[name.replace("_", ".", 1)]] = value
        hop["effects"][:len(self.effects)] = self.effects
        publish_hop(self.state)

    def render(self, samples, blocks=(128,)):
        """The next samples, [samples, 2], made in blocks of these lengths in turn."""
        out = np.full((samples, 2), np.nan, np.float32)
        done = turn = 0
        while done < samples:
            n = min(blocks[turn % len(blocks)], samples - done)
            render(self.state, out[done:done + n])
            done, turn = done + n, turn + 1
        return out

    def hop_end(self, hop):
        """First sample after a hop."""
        return boundary((hop + 1) * QUARTERS, self.rate_hz)

    def counter(self, name):
        """A counter of the state block."""
        return self.state[name][0]

    def publish_until(self, sample):
        """Say that all is published before a sample."""
        publish_until(self.state, sample)

    bands = BANDS


def rows_of_sides(sides):
    """Complex gains [2, partials] of left and right as the state block has them: [4, PARTIALS]."""
    left, turn = np.ones((2, PARTIALS), complex)
    if sides is not None:
        left[:len(sides[0])], turn[:len(sides[0])] = sides[0], np.divide(sides[1], sides[0])
    return np.stack([left.real, left.imag, turn.real, turn.imag]).astype(np.float32)


@pytest.fixture
def note_input():
    """A fresh player at 48 kHz."""
    return NoteInput()


@pytest.fixture
def make_note_input():
    """Makes players: `make_note_input(rate_hz, seed=0)`."""
    return NoteInput
