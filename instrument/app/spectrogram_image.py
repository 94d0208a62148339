"""The spectrogram of a sound as a PNG file."""
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hummingface.instrument.offline.spectra import CEILING_DB, HIGHEST_HZ, LOWEST_HZ, PALETTE, LogSpectrum, palette, row_of_frequency

TEXT = (150, 158, 168)
LEFT, BOTTOM = 44, 26                # pixels for the names of octaves and for seconds
LOUDEST_DB = CEILING_DB - 4          # a take is shown with its loudest partial there


def save_spectrogram(path: Path, sound: np.ndarray, rate_hz: int, *, width: int = 1400, height: int = 560) -> None:
    """Draw a sound [S] or [S, channels] into a PNG: time to the right, the C of each octave marked.

    Raises OSError, naming the file, where it cannot be written.
    """
    rows, columns = height - BOTTOM, width - LEFT
    spectrum = LogSpectrum(rows, rate_hz)
    peak = float(np.abs(sound).max(initial=0.0))
    gain = 10 ** ((LOUDEST_DB + 9) / 20) / peak if peak > 1e-6 else 0.0       # the peak of music lies about 9 dB over its loudest partial
    sound = np.asarray(sound, np.float32).reshape(len(sound), -1)
    padded = np.pad(sound * np.float32(gain), ((spectrum.span // 2 + 1,) * 2, (0, 0)))
    starts = np.linspace(0, max(len(sound) - 1, 0), columns).astype(int)
    levels = np.stack([spectrum.column(padded[start:start + spectrum.span]) for start in starts], 1)
    picture = Image.new("RGB", (width, height), PALETTE[0][1])
    picture.paste(Image.fromarray(palette()[levels]), (LEFT, 0))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for octave in range(1, 10):
        hz = 440.0 * 2 ** (octave - 4 - 9 / 12)
        if LOWEST_HZ <= hz <= HIGHEST_HZ:
            y = float(row_of_frequency(hz, rows))
            draw.text((LEFT - 8, y), f"C{octave}", TEXT, font, anchor="rm")
            draw.line([(LEFT - 5, y), (LEFT - 1, y)], TEXT)
    seconds = max(len(sound) / rate_hz, 1e-3)
    step = next((s for s in (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60) if seconds / s <= 14), 120)
    for second in np.arange(0, seconds, step):
        x = LEFT + second / seconds * columns
        draw.text((x + 3, rows + 6), f"{second:g} s", TEXT, font)
        draw.line([(x, rows), (x, rows + 8)], TEXT)
    picture.save(path)
