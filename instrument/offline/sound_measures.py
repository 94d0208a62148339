"""What a sound is like, measured on its notes as they are played, effects included.

| measure | unit | what it is |
|---|---|---|
| brightness | Cams | centre of its loudness on the ERB-rate scale |
| attack | log2 s | from 30 dB under the peak to 3 dB under it |
| length | log2 s | until it has fallen by 20 dB for good, the key held for 2 s |
| tail | log2 s | from key-up until it is 40 dB under its peak |
| noisiness | dB | power of what lies between its partials beside all |
| inharmonicity | log2 cents | deviation of its lines from half-multiples of the key's frequency, by amplitude |
| odd | dB | power of odd harmonics from the third on beside that of even ones |
| richness | dB | mean level of harmonics 2 to 16 beside the strongest partial |
| fundamental | dB | power of the first harmonic beside that of all others |
| vibrato | cents | deviation of its pitch |
| tremolo | dB | deviation of its level from a smooth course |
| width | dB | power of what differs between left and right beside what they share |
| room | | mix of the reverb times log2 of 1 + its decay in s |
| echo | | mix of the delay |

Means over KEYS. The last two are those of the patch's controls.
"""
import numpy as np

from hummingface.instrument.offline.player import play_events
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import Event, NoteOff, NoteOn
from hummingface.instrument.performance.source import Source
from hummingface.models.playing.frame import erb_rate, pitch_to_hz

RATE_HZ = 48_000
KEYS, VELOCITY = (48, 60, 72), 100
HOLD_S, SECONDS = 2.0, 4.0
BLOCK = 480                            # samples of a level
QUIET_DB = -60.0                       # under the peak: not heard
STEADY_S = 0.12, 1.0                   # of a note: whose spectrum is taken
LOWER_PERCENT, LOWER_OF_MEAN = 30.0, 0.357     # of noise, whose power is distributed exponentially
LINE_DB = 15.0                         # above the noise: a partial
CLEAR_DB, LEAST_BLOCKS = 20.0, 40      # under the loudest, and for so long: where vibrato and tremolo are looked for
MOST_CENTS = 100.0
PARTIALS = 16
BANDS_CAMS = np.arange(2.0, 38.0)


def measure_sound(patch: Patch, source: Source) -> dict[str, float]:
    """All measures of a patch, whose tuning does not count."""
    patch = patch.with_values(tuning=None)
    notes = [_note(play_key(patch, source, key), float(pitch_to_hz(key))) for key in KEYS]
    values = {name: float(np.mean([note[name] for note in notes])) for name in notes[0]}
    values["room"] = patch.parameters["reverb.mix"] * float(np.log2(1 + patch.parameters["reverb.decay_s"]))
    values["echo"] = patch.parameters["delay.mix"]
    return {name: round(value, 2) for name, value in values.items()}


def play_key(patch: Patch, source: Source, key: int) -> np.ndarray:
    """A note as it is measured, effects included. float64 [S, 2]"""
    events: list[tuple[int, Event]] = [(0, NoteOn(0, key, VELOCITY)), (round(HOLD_S * RATE_HZ), NoteOff(0, key))]
    held = patch.with_values(parameters={**patch.parameters, "arpeggiator.on": 0.0})
    return play_events(events, source, held, rate_hz=RATE_HZ, block_samples=1024, seconds=SECONDS).astype(np.float64)


def _note(sound: np.ndarray, hz: float) -> dict[str, float]:
    """The measures of one note [S, 2] whose key has the frequency `hz`."""
    level = _level_db(sound)
    steady = sound[round(STEADY_S[0] * RATE_HZ):round(STEADY_S[1] * RATE_HZ)]
    freq_hz = np.fft.rfftfreq(2 * len(steady), 1 / RATE_HZ)
    power = (np.abs(np.fft.rfft(steady * np.hanning(len(steady))[:, None], 2 * len(steady), axis=0)) ** 2).sum(1)
    noise = _noise_density(power, 2 * freq_hz / hz)
    multiple = np.maximum(1, np.round(freq_hz / hz))
    near = (np.abs(freq_hz / hz - multiple) < 0.25) & (freq_hz < 0.45 * RATE_HZ)
    harmonic = np.bincount(multiple[near].astype(int), power[near], minlength=130)[1:129]
    return {"brightness": _brightness(sound), "attack": _attack(level), "length": _length(level), "tail": _tail(level),
            "noisiness": _db(noise.sum(), power.sum()), "inharmonicity": _inharmonicity(power, noise, freq_hz / hz),
            "odd": float(np.clip(_db(harmonic[2::2].sum(), harmonic[1::2].sum()), -40, 40)),
            "richness": float(np.mean([max(_db(one, harmonic.max()), QUIET_DB) for one in harmonic[1:PARTIALS]])),
            "fundamental": _db(harmonic[0], harmonic[1:].sum()), "vibrato": _vibrato_cents(sound.sum(1), hz, harmonic),
            "tremolo": _tremolo_db(level), "width": _width(sound)}


def _db(power: float, beside: float) -> float:
    return 10 * float(np.log10(max(power, 1e-12 * beside, 1e-30) / max(beside, 1e-12 * power, 1e-30)))


def _level_db(sound: np.ndarray) -> np.ndarray:
    """Under the peak, every BLOCK samples, of three blocks each; QUIET_DB at least."""
    power = (sound[:len(sound) // BLOCK * BLOCK] ** 2).sum(1).reshape(-1, BLOCK).mean(1)
    power = np.convolve(power, np.ones(3) / 3, "same")
    return np.maximum(10 * np.log10(np.maximum(power, 1e-30) / max(power.max(), 1e-30)), QUIET_DB)


def _brightness(sound: np.ndarray) -> float:
    size, hop = 4096, 1024
    parts = np.lib.stride_tricks.sliding_window_view(sound[:round(HOLD_S * RATE_HZ)], size, 0)[::hop]       # [T, 2, size]
    power = (np.abs(np.fft.rfft(parts * np.hanning(size), axis=2)) ** 2).sum((0, 1))
    band = np.searchsorted(BANDS_CAMS, erb_rate(np.fft.rfftfreq(size, 1 / RATE_HZ)))
    loudness = np.bincount(band, power, minlength=len(BANDS_CAMS) + 1)[1:len(BANDS_CAMS)] ** 0.3
    return float(loudness @ (BANDS_CAMS[:-1] + 0.5) / max(loudness.sum(), 1e-12))


def _attack(level: np.ndarray) -> float:
    begin, reached = int(np.argmax(level > -30)), int(np.argmax(level > -3))
    return float(np.log2(max(reached - begin, 0.5) * BLOCK / RATE_HZ))


def _length(level: np.ndarray) -> float:
    heard = np.flatnonzero(level > -20)
    return float(np.log2(max(heard[-1] - heard[0] + 1, 1) * BLOCK / RATE_HZ))


def _tail(level: np.ndarray) -> float:
    after = level[round(HOLD_S * RATE_HZ / BLOCK):]
    heard = np.flatnonzero(after > -40)
    return float(np.log2((heard[-1] + 1 if len(heard) else 1) * BLOCK / RATE_HZ))


def _noise_density(power: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Power of the noise in each bin [F]: between two half-multiples of the key's frequency (`halves` [F]) it is as even as its lower third
    says, and partials stand at the ends."""
    interval = halves.astype(int)
    begins = np.flatnonzero(np.diff(interval, prepend=-1))
    density = np.empty(len(power))
    for begin, end in zip(begins, [*begins[1:], len(power)], strict=True):
        inner = power[begin + (end - begin) // 5:end - (end - begin) // 5]
        density[begin:end] = np.percentile(inner, LOWER_PERCENT) / LOWER_OF_MEAN if len(inner) else 0.0
    return density


def _inharmonicity(power: np.ndarray, noise: np.ndarray, multiple: np.ndarray) -> float:
    peak = np.flatnonzero((power[1:-1] > power[:-2]) & (power[1:-1] >= power[2:])) + 1
    peak = peak[(power[peak] > noise[peak] * 10 ** (LINE_DB / 10)) & (power[peak] > power.max() * 1e-4) & (multiple[peak] > 0.4)]
    cents = np.abs(1200 * np.log2(2 * multiple[peak] / np.maximum(1, np.round(2 * multiple[peak]))))
    amplitude = np.sqrt(power[peak])
    return float(np.log2(1 + amplitude @ np.minimum(cents, MOST_CENTS) / max(amplitude.sum(), 1e-30)))


def _vibrato_cents(sound: np.ndarray, hz: float, harmonic: np.ndarray) -> float:
    """Of the strongest of its first six harmonics, while the key is held."""
    number = 1 + int(np.argmax(harmonic[:6]))
    spectrum = np.fft.fft(sound[:round(HOLD_S * RATE_HZ)])
    freq_hz = np.fft.fftfreq(len(spectrum), 1 / RATE_HZ)
    spectrum *= 2.0 ** -np.minimum(((freq_hz - number * hz) / (min(0.08 * number, 0.25) * hz)) ** 2, 1000)      # sharp edges would ring
    course = np.fft.ifft(spectrum)[round(STEADY_S[0] * RATE_HZ):round(0.95 * HOLD_S * RATE_HZ):BLOCK]
    strength = np.abs(course[1:]) ** 2
    clear = strength > strength.max() * 10 ** (-CLEAR_DB / 10)
    if clear.sum() < LEAST_BLOCKS:
        return 0.0
    ahead = course[1:] * np.conj(course[:-1]) * np.exp(-2j * np.pi * number * hz * BLOCK / RATE_HZ)        # of the key's phase
    moved_hz = np.angle(ahead[clear]) * RATE_HZ / (2 * np.pi * BLOCK)
    return float(1200 * np.log2(1 + np.std(moved_hz) / (number * hz)))


def _tremolo_db(level: np.ndarray) -> float:
    """Of its level while the key is held, beside a smooth course."""
    held = level[round(STEADY_S[0] * RATE_HZ / BLOCK):round(HOLD_S * RATE_HZ / BLOCK)]
    held = held[held > held.max() - CLEAR_DB]
    at = np.arange(len(held))
    return float((held - np.polyval(np.polyfit(at, held, 3), at)).std()) if len(held) >= LEAST_BLOCKS else 0.0


def _width(sound: np.ndarray) -> float:
    return float(np.clip(_db(((sound[:, 0] - sound[:, 1]) ** 2).sum(), ((sound[:, 0] + sound[:, 1]) ** 2).sum()), -40, 20))
