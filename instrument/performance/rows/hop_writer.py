"""Writes shaped rows into a hop as the arrays that the audio thread reads. Compiled."""
import numpy as np

from hummingface.compiled import FASTER, compiled
from hummingface.instrument.performance.controls import INDEX, VOLUME
from hummingface.instrument.performance.rows.modulation import Shaped, shape
from hummingface.instrument.performance.voices.voice_table import FADING, RELEASED
from hummingface.instrument.synthesis.effects import CONTROLS as EFFECT_CONTROLS
from hummingface.instrument.synthesis.effects import MASTER_GAIN
from hummingface.instrument.synthesis.state import BANDS, EXCESS

_EFFECTS = np.array([INDEX.get(control[0], 0) for control in EFFECT_CONTROLS], np.int64)     # the master gain is set apart
SILENT = 10 ** (-96 / 20)                      # of full scale; a released voice ends below it


@compiled(fastmath=FASTER)
def list_rows(rows, count, table, noise, row_noise, entry):
    """Collect the arrays of a hop from its rows: slots, rows of each, which ones end; and the noise of all voices, summed by quarter.

    A voice with one row in the hop reaches its noise power in four equal steps: those are summed as slopes, and added at the end. Returns
    the number of entries.
    """
    hop_noise, slot, row_counts, last = entry.noise, entry.slot, entry.rows, entry.last
    hop_noise[:] = 0
    begin, rise = np.zeros((3, BANDS)), np.zeros((3, BANDS))
    entries = 0
    for r in range(count):
        row = rows[r]
        s = row.slot
        if row.index == 0:
            slot[row.entry], row_counts[row.entry], last[row.entry] = s, 0, 0
            entries = row.entry + 1
        row_counts[row.entry] += 1
        if row.newest == 0 or row.index == 3:
            for side in range(3):               # not as arrays: with unequal ones numba takes seconds longer to compile
                for b in range(BANDS):
                    hop_noise[row.index, side, b] += row_noise[r, side, b]
        else:
            for side in range(3):
                for b in range(BANDS):
                    begin[side, b] += noise[s, side, b]
                    rise[side, b] += row_noise[r, side, b] - noise[s, side, b]
        if row.newest:
            for side in range(3):
                for b in range(BANDS):
                    noise[s, side, b] = row_noise[r, side, b]
            v = table[s]
            if v.stage == FADING or (v.stage == RELEASED and v.peak < SILENT):
                last[row.entry] = 1
    for quarter in range(4):
        for side in range(3):
            for b in range(BANDS):
                power = begin[side, b] + 0.25 * (quarter + 1) * rise[side, b]
                hop_noise[quarter, side, b] += power if side == EXCESS else max(power, 0.0)
    return entries


@compiled(fastmath=FASTER)
def write_hop(hops, hop, rows, count, table, state, frames, values, row_noise, ended):
    """Shape the rows of a hop and write them into its entry of the ring `hops`. `ended` gets the slots that are silent from its end on;
    returns their number.
    """
    entry = hops[hop % len(hops)]
    if count > 0:
        # [:] makes plain arrays of the record's, as those of starts are: so `shape` is compiled once
        shape(rows, count, table, state, frames, values,
              Shaped(entry.partials[:], entry.used[:], entry.pan[:], entry.wide[:], entry.sides[:], row_noise))
    entry.count = list_rows(rows, count, table, state.noise, row_noise, entry)
    for i in range(len(_EFFECTS)):
        entry.effects[i] = values.controls[0, _EFFECTS[i]]
    entry.effects[MASTER_GAIN] = 10 ** (values.controls[0, VOLUME] / 20)
    over = 0
    for e in range(entry.count):
        entry.sample[e] = table[entry.slot[e]].note
        if entry.last[e] != 0:
            ended[over] = entry.slot[e]
            over += 1
    return over
