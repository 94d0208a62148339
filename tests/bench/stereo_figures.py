"""How near the stereo of resynthesised notes is to that of their sources: correlation of left and right, and balance, by ERB group.

    python -m tests.bench.stereo_figures [--soundfont SF2] [--notes 60] [--json FILE]

Notes of FluidR3's piano, choir and strings, at keys and velocities that are drawn once; each analysed, and synthesised from its own smooth
frames with its motion made again. Both sounds are filtered into the 24 groups; correlations (at lag 0) and balances are those of the first
0.4 s. A group counts where it is within 50 dB of the source's loudest. Goals: median 0.15 and 90th percentile 0.3 of the errors of
correlation, 1.5 and 3 dB of those of balance. Beside them: what a fold gives.
"""
import argparse
import json
from pathlib import Path

import numpy as np

from hummingface.models.analysis.harmonic import analyse
from hummingface.models.analysis.motion import smooth
from hummingface.models.analysis.reference import synthesise
from hummingface.models.playing.frame import GROUP_EDGES_HZ, GROUPS
from hummingface.train.evaluation.metrics import distance
from hummingface.train.notes.soundfont import RATE_HZ, NoteSpec, render, trim_tail

PROGRAMS = {"piano": 0, "choir": 52, "strings": 48}
HOLD_S, LISTENED_S, RANGE_DB = 2.0, 0.4, 50.0


def specs(notes: int) -> list[NoteSpec]:
    """As many notes of each program, keys 30 to 90."""
    rng = np.random.default_rng(14)
    each = notes // len(PROGRAMS)
    return [NoteSpec(program, int(key), int(velocity), HOLD_S, 0.5) for program in PROGRAMS.values()
            for key, velocity in zip(np.linspace(30, 90, each) + rng.uniform(-1, 1, each), rng.uniform(30, 120, each), strict=True)]


def group_stereo(sound: np.ndarray, rate_hz: int = RATE_HZ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(power, correlation, balance in dB) of each group in the first LISTENED_S of a sound [S, 2]: [GROUPS] each."""
    bins = np.fft.rfft(sound.astype(np.float64), axis=0)
    hz, size = np.fft.rfftfreq(len(sound), 1 / rate_hz), round(LISTENED_S * rate_hz)
    sums = np.zeros((3, GROUPS))
    for group in range(GROUPS):
        inside = (hz >= GROUP_EDGES_HZ[group]) & (hz < GROUP_EDGES_HZ[group + 1])
        left, right = np.fft.irfft(bins * inside[:, None], len(sound), axis=0)[:size].T
        sums[:, group] = left @ left, right @ right, left @ right
    of_left, of_right, both = sums
    return of_left + of_right, both / np.sqrt(of_left * of_right + 1e-30), 10 * np.log10((of_right + 1e-20) / (of_left + 1e-20))


def errors(source: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(of correlation, of balance in dB) in each group that is heard in the source."""
    power, correlation, balance_db = group_stereo(source)
    heard = power > power.max() * 10 ** (-RANGE_DB / 10)
    _, our_correlation, our_balance_db = group_stereo(made)
    return np.abs(our_correlation - correlation)[heard], np.abs(our_balance_db - balance_db)[heard]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
    parser.add_argument("--notes", type=int, default=60)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    names = {program: name for name, program in PROGRAMS.items()}
    found: dict[str, list] = {}
    for spec, audio in render(specs(arguments.notes), arguments.soundfont):
        source = trim_tail(audio, HOLD_S)
        made = synthesise(smooth(analyse(source, RATE_HZ, spec.pitch, HOLD_S)), RATE_HZ)
        made = np.pad(made, ((0, max(0, len(source) - len(made))), (0, 0)))[:len(source)]
        folded = np.repeat(source.mean(1)[:, None], 2, 1)
        figures = distance(source, made, RATE_HZ)
        for name in (names[spec.program], "all"):
            found.setdefault(name, []).append((errors(source, made), errors(source, folded), figures["mel"], figures["act60"]))
    table = {}
    print("notes        correlation  50 %  90 %   balance dB  50 %  90 %   of a fold: 50 %  90 %     mel  act60")
    for name, rows in found.items():
        correlation, balance_db, of_fold = (np.concatenate([row[which][i] for row in rows]) for which, i in ((0, 0), (0, 1), (1, 0)))
        numbers = [float(np.percentile(values, at)) for values in (correlation, balance_db, of_fold) for at in (50, 90)]
        numbers += [float(np.mean([row[which] for row in rows])) for which in (2, 3)]
        table[name] = numbers
        print(f"{name:8s} {len(rows):3d}             {numbers[0]:5.2f} {numbers[1]:5.2f}              {numbers[2]:5.2f} {numbers[3]:5.2f}"
              f"                   {numbers[4]:5.2f} {numbers[5]:5.2f}   {numbers[6]:5.2f}  {numbers[7]:5.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(table))


if __name__ == "__main__":
    main()
