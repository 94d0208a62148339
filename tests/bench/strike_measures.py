"""What a single note sounds like, by a standard method for each characteristic: measured on the sound, not on frames."""
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import sosfilt

from hummingface.instrument.offline.loudness_meter import k_weighting
from hummingface.models.playing.frame import erb_rate, erb_rate_to_hz

RATE_HZ, HOLD_S = 48000, 1.5
LEAST_DB = 1e-12


class Strike(NamedTuple):
    """One note as it was heard."""
    sound: np.ndarray                          # of one channel, from its note-on
    f0_hz: float

    def held(self, begin_s: float, end_s: float = HOLD_S) -> np.ndarray:
        return self.sound[round(begin_s * RATE_HZ):round(end_s * RATE_HZ)]


def _spectrum(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(frequencies in Hz, power) under a Hann window."""
    power = np.abs(rfft(x * np.hanning(len(x)))) ** 2
    return np.arange(len(power)) * RATE_HZ / len(x), power + 1e-20


def _levels_db(x: np.ndarray, window_s: float, step_s: float) -> np.ndarray:
    """RMS of windows, dB."""
    width, step = round(window_s * RATE_HZ), round(step_s * RATE_HZ)
    total = np.concatenate([[0.0], np.cumsum(np.square(x, dtype=np.float64))])
    begins = np.arange(0, len(x) - width, step)
    return 10 * np.log10((total[begins + width] - total[begins]) / width + LEAST_DB)


def brightness(note: Strike) -> float:
    """Centre of power on the ERB-rate scale, Cams."""
    hz, power = _spectrum(note.held(0.05))
    return float(power @ erb_rate(hz) / power.sum())


def attack(note: Strike) -> float:
    """log2 of the seconds from 30 dB to 6 dB under the loudest 10 ms; less than 8 ms and a quarter of an octave is one to the ear."""
    level = _levels_db(note.held(0.0), 0.010, 0.001)
    begun, reached = (int(np.argmax(level > level.max() - under)) for under in (30, 6))
    return round(4 * np.log2(max((reached - begun) * 1e-3, 0.008))) / 4


def decay(note: Strike) -> float:
    """dB a second of the straight line through the held note within 50 dB of its peak; 0 for what falls by less than 3.
    Half a dB a second is one."""
    level = _levels_db(note.held(0.0), 0.05, 0.01)
    first = int(np.argmax(level))
    first = first if first < len(level) - 20 else 0
    late = level[first:]
    late = late[:max(int(np.argmax(late < late[0] - 50)) or len(late), 5)]
    fall = -float(np.polyfit(np.arange(len(late)) * 0.01, late, 1)[0])
    return round(2 * fall) / 2 if fall >= 3 else 0.0


def noisiness(note: Strike) -> float:
    """dB of what lies between the spectrum's peaks over all of it: in each ERB the lowest quarter of bins, by what that is of noise."""
    hz, power = _spectrum(note.held(0.1, 1.2))
    edges = np.searchsorted(hz, erb_rate_to_hz(np.arange(3, 40)))
    floor = 0.0
    for low, high in pairwise(edges):
        floor += np.quantile(power[low:high], 0.25) / -np.log(0.75) * (high - low)
    return float(10 * np.log10(floor / power.sum()))


def inharmonicity(note: Strike) -> float:
    """How far peaks of the spectrum lie from whole multiples of the key's frequency, as a part of it; by their dB over 50 below the
    highest. Half a hundredth is one."""
    hz, power = _spectrum(note.held(0.1, 1.1))
    level = 10 * np.log10(power)
    top = level.max()
    peak = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] > level[2:]) & (level[1:-1] > top - 50)) + 1
    peak = peak[hz[peak] > 0.7 * note.f0_hz]
    if not len(peak):
        return 0.0
    multiple = hz[peak] / note.f0_hz
    weight = level[peak] - top + 50
    return round(200 * float(weight @ np.abs(multiple - np.rint(multiple)) / weight.sum())) / 200


def _harmonic_powers(note: Strike, most: int) -> np.ndarray:
    hz, power = _spectrum(note.held(0.1, 1.1))
    out = np.full(most, 1e-20)
    for n in range(1, most + 1):
        low, high = np.searchsorted(hz, ((n - 0.25) * note.f0_hz, (n + 0.25) * note.f0_hz))
        if high > low:
            out[n - 1] = power[low:high].max()
    return out


def odd(note: Strike) -> float:
    """dB of the harmonics 3, 5 .. 15 over 2, 4 .. 16, within 70 dB of the highest."""
    powers = _harmonic_powers(note, 16)
    powers = np.maximum(powers, powers.max() * 1e-7)
    return float(10 * np.log10(powers[2::2].sum() / powers[1::2].sum()))


def vibrato(note: Strike) -> float:
    """Cents, peak, by which the strongest of the first twelve harmonics above 150 Hz swings at 3.5 to 8 Hz; under 4 cents nobody hears
    it, and 2 are one."""
    powers = _harmonic_powers(note, 12)
    powers[:int(150 / note.f0_hz)] = 0
    n = int(np.argmax(powers)) + 1
    x = note.held(0.4)
    size = next_fast_len(len(x))
    spectrum = np.fft.fft(x, size)
    hz = np.fft.fftfreq(size, 1 / RATE_HZ)
    spectrum[(hz < (n - 0.4) * note.f0_hz) | (hz > (n + 0.4) * note.f0_hz)] = 0
    analytic = np.fft.ifft(spectrum)[:len(x)]
    turned = np.angle(analytic[1:] * np.conj(analytic[:-1])) * np.abs(analytic[1:]) ** 2
    step = RATE_HZ // 100
    count = len(turned) // step
    weight = (np.abs(analytic[1:]) ** 2)[:count * step].reshape(count, step).sum(1) + 1e-20
    track_hz = turned[:count * step].reshape(count, step).sum(1) / weight * RATE_HZ / (2 * np.pi)
    cents = 1200 * np.log2(np.maximum(track_hz, 1.0) / (n * note.f0_hz))
    cents = np.clip(cents - np.median(cents), -300, 300)
    cents = (cents - np.polyval(np.polyfit(np.arange(count), cents, 1), np.arange(count))) * np.hanning(count)
    moving = np.abs(np.fft.rfft(cents, 1000)) * 4 / count
    at = np.arange(len(moving)) * 100 / 1000
    return 2 * round(max(float(moving[(at >= 3.5) & (at <= 8)].max()), 4.0) / 2)


def roughness(note: Strike) -> float:
    """Depth of the envelopes' motion at 20 to 90 Hz, as far as that lies under the key's own beating, in bands of one ERB, RMS over mean,
    by power of the bands."""
    x = note.held(0.3, 1.3)
    spectrum, hz = np.fft.fft(x), np.fft.fftfreq(len(x), 1 / RATE_HZ)
    top, total, depth = np.abs(spectrum).max(), 0.0, 0.0
    fastest = round(min(90, 0.8 * note.f0_hz))
    for low, high in zip(*(erb_rate_to_hz(np.arange(3 + o, 36 + o)) for o in (0, 1.5)), strict=True):
        inside = (hz >= low) & (hz < high)
        if np.abs(spectrum[inside]).max() < 1e-3 * top:
            continue
        part = spectrum[inside]
        size = 2048
        if len(part) > size:
            part = part[:size]
        envelope = np.abs(np.fft.ifft(part, size)) * size / len(x)
        power = float(np.mean(envelope ** 2))
        moving = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(size))) ** 2      # 1 s: a bin is a Hz
        depth += power * np.sqrt(2 * moving[20:fastest].sum() / 0.375 / size ** 2) / max(envelope.mean(), 1e-12)
        total += power
    return depth / max(total, 1e-20)


def distortion(note: Strike) -> float:
    """How little the loudest 0.2 s rise over their RMS, dB: saturation flattens."""
    level = _levels_db(note.held(0.0), 0.2, 0.01)
    begin = int(np.argmax(level)) * RATE_HZ // 100
    x = note.sound[begin:begin + RATE_HZ // 5]
    return float(10 * np.log10(np.mean(x ** 2) + LEAST_DB) - 20 * np.log10(np.abs(x).max() + 1e-6))


def room(note: Strike) -> float:
    """dB of what sounds 0.2 to 0.45 s after note-off, under the note."""
    held, rings = note.held(0.0), note.held(HOLD_S + 0.2, HOLD_S + 0.45)
    return float(10 * np.log10((np.mean(rings ** 2) + LEAST_DB) / (np.mean(held ** 2) + LEAST_DB)))


def pitch_cents(note: Strike) -> float:
    """How far the period of the sound lies from the key's, by autocorrelation near it; NaN where it has none."""
    x = note.held(0.3, 0.8)
    size = next_fast_len(2 * len(x))
    correlation = irfft(np.abs(rfft(x, size)) ** 2, size)[:len(x)] / (np.arange(len(x), 0, -1) / len(x))
    period = RATE_HZ / note.f0_hz
    times = max(1, int(0.02 * RATE_HZ / period))                     # of many periods the place is finer
    low, high = (round(times * period * 2 ** (cents / 1200)) for cents in (-60, 60))
    at = low - 1 + int(np.argmax(correlation[low - 1:high + 2]))
    if correlation[at] < 0.5 * correlation[0] or not low <= at <= high:
        return float("nan")
    a, b, c = correlation[at - 1:at + 2]
    at_exact = at + 0.5 * (a - c) / (a - 2 * b + c)
    return float(1200 * np.log2(times * period / at_exact))


def momentary_lufs(note: Strike) -> float:
    """Loudness of the loudest 0.4 s."""
    weighted = sosfilt(k_weighting(RATE_HZ), note.sound)
    return float(_levels_db(weighted, 0.4, 0.01).max()) - 0.691 + 3.01


KNOBS: dict[str, Callable[[Strike], float]] = {
    "characteristic.brightness": brightness, "characteristic.attack": attack, "characteristic.decay": decay,
    "characteristic.noisiness": noisiness, "characteristic.inharmonicity": inharmonicity, "characteristic.odd": odd,
    "characteristic.vibrato": vibrato, "characteristic.fuzz": roughness, "drive.amount": distortion, "reverb.mix": room}
