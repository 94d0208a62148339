"""A sound as a picture: its spectrogram in a PNG file."""
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from instrument.analysis import CEILING_DB, LogSpectrum, notes_of_octaves

GROUND = (16, 18, 22)
TEXT = (150, 158, 168)
# From the dark ground over deep blue and teal to a warm white: lightness rises evenly, so that it reads without colour too.
PALETTE_STOPS = [(0.0, GROUND), (0.3, (28, 44, 84)), (0.55, (30, 112, 132)), (0.78, (110, 190, 150)), (1.0, (255, 238, 200))]
SHOWN_DB = 80.0


def palette(entries: int = 256) -> np.ndarray:
    """The colours of a spectrogram from silent to loud: [entries, 3] uint8."""
    at = np.linspace(0, 1, entries)
    stops, colours = zip(*PALETTE_STOPS, strict=True)
    return np.stack([np.interp(at, stops, [c[i] for c in colours]) for i in range(3)], 1).round().astype(np.uint8)


def save_spectrogram(path: Path, sound: np.ndarray, rate_hz: int, *, width: int = 1400, height: int = 560) -> None:
    """Draw mono sound [S] into a PNG: time to the right, C of each octave marked, `SHOWN_DB` under the loudest shown.

    Raises OSError, naming the file, where it cannot be written.
    """
    left, bottom = 44, 26
    levels = LogSpectrum(rate_hz, rows=height - bottom).of(sound, width - left)
    top_db = min(levels.max(), CEILING_DB)
    index = np.clip((levels - top_db + SHOWN_DB) / SHOWN_DB * 255, 0, 255).astype(np.uint8)
    picture = Image.new("RGB", (width, height), GROUND)
    picture.paste(Image.fromarray(palette()[index[::-1]]), (left, 0))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    low, high = np.log(LogSpectrum(rate_hz, 2).frequencies_hz[[0, -1]])
    for name, hz in notes_of_octaves():
        y = (1 - (np.log(hz) - low) / (high - low)) * (height - bottom)
        draw.text((left - 8, y), name, TEXT, font, anchor="rm")
        draw.line([(left - 5, y), (left - 1, y)], TEXT)
    seconds = len(sound) / rate_hz
    step = next((s for s in (0.5, 1, 2, 5, 10, 20, 30, 60) if seconds / s <= 14), 120)
    for second in np.arange(0, seconds, step):
        x = left + second / seconds * (width - left)
        draw.text((x + 3, height - bottom + 6), f"{second:g} s", TEXT, font)
        draw.line([(x, height - bottom), (x, height - bottom + 8)], TEXT)
    picture.save(path)
