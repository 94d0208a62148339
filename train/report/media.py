"""Embeds sounds and pictures in the page, as data URIs."""
import base64
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from hummingface.train.data.frame_image import COLOURS

LOWEST_HZ, HIGHEST_HZ = 40.0, 16_000.0
ROWS, COLUMNS = 112, 224
RANGE_DB = 75.0
SPAN = 2048                      # samples of a window at 48 kHz; as long in seconds at other rates


def data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def sound(audio: np.ndarray, rate_hz: int) -> str:
    """Mono sound [S] as 16-bit FLAC; made softer where it would clip."""
    import soundfile as sf
    peak, out = float(np.abs(audio).max(initial=0.0)), BytesIO()
    sf.write(out, audio / peak * 0.98 if peak > 0.98 else audio, rate_hz, format="FLAC", subtype="PCM_16")
    return data_uri("audio/flac", out.getvalue())


def levelled(audio: np.ndarray, rms_db: float = -20.0) -> np.ndarray:
    """As loud as the other sounds of the page: by the RMS of the whole."""
    rms = np.sqrt(np.mean(np.square(audio, dtype=np.float64)))
    return (audio * (10 ** (rms_db / 20) / max(rms, 1e-9))).astype(np.float32)


def picture_file(path: Path, widest: int = 1400) -> str:
    """A picture of a run, not wider than `widest` pixels. Raises OSError where it is none."""
    with Image.open(path) as image:
        image.load()
        small = image.convert("RGB")
    if small.width > widest:
        small = small.resize((widest, round(small.height * widest / small.width)), Image.Resampling.LANCZOS)
    return _png(small)


def spectrogram(audio: np.ndarray, rate_hz: int) -> str:
    """Mono sound [S]: time to the right, 40 Hz to 16 kHz upwards in octaves, RANGE_DB under the loudest are dark."""
    level = np.maximum(spectrum_db(audio, rate_hz), -400.0)
    place = np.clip((level - level.max()) / RANGE_DB + 1, 0, 1)[::-1] * 255
    image = Image.fromarray(place.round().astype(np.uint8), "L").convert("P")
    image.putpalette(_palette().tobytes())
    return _png(image)


def spectrum_db(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """Level of each row, the lowest frequency first, at COLUMNS moments; a row has the loudest of its bins. [ROWS, COLUMNS]"""
    span = 1 << round(np.log2(SPAN * rate_hz / 48_000))
    padded = np.pad(np.asarray(audio, np.float64), span // 2)
    starts = np.linspace(0, max(len(audio) - 1, 0), COLUMNS).astype(int)
    size = 4 * span                                             # finer bins for the lowest rows
    bins = np.abs(np.fft.rfft(padded[np.minimum(starts[:, None] + np.arange(span), len(padded) - 1)] * np.hanning(span), size)).T
    edges_hz = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1)
    edge = np.minimum((edges_hz * size / rate_hz).astype(int), len(bins))
    rows = [bins[low:max(high, low + 1)].max(0) if low < len(bins) - 1 else np.zeros(COLUMNS) for low, high in pairwise(edge)]
    return 20 * np.log10(np.array(rows) + 1e-20)


def _palette() -> np.ndarray:
    """256 colours [256, 3] from silent to loud."""
    at = np.linspace(0, len(COLOURS) - 1, 256)
    low = np.minimum(at.astype(int), len(COLOURS) - 2)
    return (COLOURS[low] + (at - low)[:, None] * (COLOURS[low + 1] - COLOURS[low])).astype(np.uint8)


def _png(image: Image.Image) -> str:
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return data_uri("image/png", out.getvalue())
