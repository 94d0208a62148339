"""Do the named knobs do what they say, on single notes? Each knob in five steps on every factory patch, heard through the offline engine.

    python -m tests.bench.named_knobs                             every factory patch of frames; some presets of FluidR3 Dream
    python -m tests.bench.named_knobs "Evening Grand" "Dream: Reed 1" --draws 2 --keys 48,72

Each value of a knob is struck `--draws` times at each key, and no two strikes are alike, so a sweep is five strikes as a player hears them.
Characteristics are measured on the sound (dry, one channel), not on frames, each by its own standard method. Of each patch and knob:
the median and the worst tenth of the rank correlations (Spearman's) of single sweeps; the change between the ends, over the difference of
two plain strikes of the same key (the median of those over keys); and how far loudness (BS.1770) and pitch move on the way.
`--json FILE` gets every row, and with `--resume` rows that are there already are not played again.
"""
import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import sosfilt
from scipy.stats import spearmanr

from hummingface.instrument.offline.loudness_meter import k_weighting
from hummingface.models.playing.frame import erb_rate, erb_rate_to_hz, pitch_to_hz

RATE_HZ, BLOCK_SAMPLES = 48000, 2048
KEYS, VELOCITY = (36, 48, 60, 72, 84), 100
LEAD_S, HOLD_S, AFTER_S = 0.15, 1.5, 0.45     # what rings on after note-off is heard for the room alone
STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)           # of a knob that has two sides; one that has one goes from 0 to 1
GOALS = {"median": 0.8, "tenth": 0.5, "change": 2.0}
DREAM = "Dream: "
DREAM_PRESETS = 8
LEAST_DB = 1e-12
MOST_TIMES = 99.0                             # more is not told apart


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


class Desk:
    """A patch, dry and in mono, whose knobs are moved between strikes."""

    def __init__(self, source: Any, patch: Any) -> None:
        from hummingface.instrument.offline.player import Player
        self.player = Player(source, patch.with_values(parameters={**patch.dry().parameters, "character.width": 0.0}), rate_hz=RATE_HZ,
                             shown=False)

    def strike(self, key: int, values: dict[str, float], after_s: float = 0.0) -> Strike:
        from hummingface.instrument.performance.midi import NoteOff, NoteOn, Panic, Set
        performer, position = self.player.performer, self.player.position
        performer.receive(Panic(), position)
        for name, value in values.items():
            performer.receive(Set(name, value), position)
        down = position + round(LEAD_S * RATE_HZ)
        up = down + round(HOLD_S * RATE_HZ)
        performer.receive(NoteOn(0, key, VELOCITY), down)
        performer.receive(NoteOff(0, key), up)
        sound = self.player.render(up + round(after_s * RATE_HZ) - position, BLOCK_SAMPLES)[down - position:].mean(1, dtype=np.float64)
        return Strike(sound, float(pitch_to_hz(float(key))))


Heard = dict[str, dict[int, list[list[dict[str, float]]]]]              # knob -> key -> step -> draw -> what was measured


def steps_of(knob: str) -> list[float]:
    """The values of a sweep."""
    from hummingface.instrument.patches.parameters import PARAMETERS
    parameter = PARAMETERS[knob]
    return [x * parameter.highest if parameter.lowest < 0 else (x + 1) / 2 * parameter.highest for x in STEPS]


def hear(desk: Desk, keys: tuple[int, ...], draws: int) -> Heard:
    """Strikes every value of every knob; where a knob stands at its default, one strike serves all of them."""
    from hummingface.instrument.patches.parameters import PARAMETERS
    patch = desk.player.performer.patch
    plain = {knob: patch.parameters[knob] for knob in KNOBS}
    heard: Heard = {knob: {} for knob in KNOBS}
    for key in keys:
        plainly = [desk.strike(key, plain, AFTER_S) for _ in range(draws)]
        for knob, measure in KNOBS.items():
            rows = []
            for value in steps_of(knob):
                at_rest = value == plain[knob] == PARAMETERS[knob].default
                after_s = AFTER_S if measure is room else 0.0
                notes = plainly if at_rest else [desk.strike(key, plain | {knob: value}, after_s) for _ in range(draws)]
                rows.append([{"value": measure(note), "lufs": momentary_lufs(note), "cents": pitch_cents(note)} for note in notes])
            heard[knob][key] = rows
    return heard


def judge(rows: dict[int, list[list[dict[str, float]]]], steps: list[float]) -> dict[str, Any]:
    """Figures of one knob of one patch: rank correlations of single sweeps, change over chance, how far loudness and pitch move."""
    correlations, changes, louder, bent = [], [], [], []
    for key in rows:
        values = np.array([[one["value"] for one in at] for at in rows[key]])                              # [steps, draws]
        correlations += [float(spearmanr(steps, sweep).statistic) if np.ptp(sweep) > 1e-9 else 0.0 for sweep in values.T]
        chance = np.mean([np.abs(values[:, i] - values[:, j]).mean() for i in range(values.shape[1]) for j in range(i)])
        changes.append(float(np.clip((values[-1].mean() - values[0].mean()) / max(chance, 1e-9), -MOST_TIMES, MOST_TIMES)))
        lufs = np.array([[one["lufs"] for one in at] for at in rows[key]]).mean(1)
        louder.append(float(np.ptp(lufs)))
        cents = np.array([[one["cents"] for one in at] for at in rows[key]])
        if np.isfinite(cents).all(1).sum() > 2:
            bent.append(float(np.nanmax(np.abs(np.nanmedian(cents, 1) - np.nanmedian(cents)))))
    return {"correlations": correlations, "changes": changes, "louder_lu": louder, "bent_cents": bent}


def sounds(wanted: list[str], every: int) -> Iterator[tuple[str, Any]]:
    """(name, patch) of what is wanted, or of the factory's patches of frames and presets of Dream, so that each model comes once."""
    from hummingface.instrument.patches import library
    from hummingface.models.playing.stft_model import StftModel
    dream = library.load_model("FluidR3 Dream")
    if wanted:
        for name in wanted:
            of_dream = name.startswith(DREAM)
            yield name, library.preset_patch(dream, name[len(DREAM):]) if of_dream else library.load_patch(name)
        return
    for entry in library.patches()[::every]:
        patch = library.load_patch(entry.name)
        if not isinstance(library.load_model(patch.model), StftModel):
            yield entry.name, patch
    for name in list(dream.presets)[::max(1, len(dream.presets) // DREAM_PRESETS)]:
        yield DREAM + name, library.preset_patch(dream, name)


def table(found: dict[str, dict[str, Any]]) -> str:
    """Of all sounds: one line a knob."""
    lines = ["| knob | correlation: median | worst tenth | change over chance: median, worst tenth | loudness, LU: median, 90 % | "
             "pitch, cents: median, 90 % |", "|---|---|---|---|---|---|"]
    for knob in KNOBS:
        every = [rows[knob] for rows in found.values() if knob in rows]
        if not every:
            continue
        all_of = {name: np.concatenate([row[name] for row in every]) for name in every[0]}
        r, change = all_of["correlations"], all_of["changes"]
        bent = all_of["bent_cents"] if len(all_of["bent_cents"]) else np.array([np.nan])
        figures = [f"{np.median(r):.2f}", f"{np.quantile(r, 0.1):.2f}", f"{np.median(change):.1f}, {np.quantile(change, 0.1):.1f}"]
        figures += [f"{np.median(x):.1f}, {np.quantile(x, 0.9):.1f}" for x in (all_of["louder_lu"], bent)]
        lines.append(f"| {knob} | {' | '.join(figures)} |")
    return "\n".join(lines)


def main() -> int:
    """The status is not 0 where a knob misses a goal."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("sounds", nargs="*", help=f"patches by name, presets as '{DREAM}NAME'")
    parser.add_argument("--keys", default=",".join(map(str, KEYS)))
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--every", type=int, default=1, help="of the factory's patches, every so many")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    from hummingface.instrument.patches import library
    from hummingface.instrument.performance.sound_bank import source_of
    found: dict[str, dict[str, Any]] = json.loads(args.json.read_text()) if args.resume and args.json and args.json.exists() else {}
    keys, sources = tuple(int(key) for key in args.keys.split(",")), {}
    for name, patch in sounds(args.sounds, args.every):
        if name in found:
            continue
        began = time.monotonic()
        if patch.model not in sources:
            sources[patch.model] = source_of(library.load_model(patch.model))
        heard = hear(Desk(sources[patch.model], patch), keys, args.draws)
        found[name] = {knob: judge(rows, steps_of(knob)) for knob, rows in heard.items()}
        short = [f"{knob.partition('.')[2]} {np.median(row['correlations']):.2f} {np.median(row['changes']):.1f}"
                 for knob, row in found[name].items()]
        print(f"{name} ({time.monotonic() - began:.0f} s): {', '.join(short)}", flush=True)
        if args.json:
            args.json.write_text(json.dumps(found))
    print(table(found))
    medians = {knob: np.concatenate([rows[knob]["correlations"] for rows in found.values()]) for knob in KNOBS}
    return int(any(np.median(r) < GOALS["median"] or np.quantile(r, 0.1) < GOALS["tenth"] for r in medians.values()))


if __name__ == "__main__":
    sys.exit(main())
