"""The one block of memory that the audio thread lives in, and the shapes that cross from the performer to it.

Who may touch what (single producer, single consumer; every index is published with `store_release` and read with
`load_acquire` of `atomic.py`):
- the performer writes `hops[g % HOPS]`, then publishes `hops_published = g + 1`; it writes `starts[n % STARTS]`, then publishes
  `starts_published = n + 1`; it writes the fields of `status`;
- the audio thread writes `position`, `hops_taken`, `starts_taken`, `output`, the counters, and all its own memory (`voices`, ...);
- anybody may read `position`, `output` behind it, the counters and `status`.
The block is plain bytes, so that it can lie in memory that the GUI's process maps as well.

Time is counted in samples since the engine started (`position`). Boundaries of quarter hops lie at `boundary(q)`, the same
integers on both sides; hop g runs from boundary(4 g) to boundary(4 g + 4).
"""
import numpy as np

PARTIALS = 160          # capacities: at least those of the frame that is played
BANDS = 64
SLOTS = 160             # 128 voices, and 32 places where stolen ones fade out
QUARTERS = 4            # quarter hops in a hop
START_ROWS = 9          # the frame at note-on, and the quarters of this hop and the next
HOPS = 8                # ring sizes, powers of two
STARTS = 256
EFFECTS = 32            # capacity for effect controls, see effects.py
OUTPUT_SAMPLES = 1 << 18    # 5.4 s at 48 kHz of what was played, for the spectrogram, the meters and the recorder
QUARTERS_PER_SECOND = 750

GAIN_RE, GAIN_IM, FREQUENCY_HZ = 0, 1, 2     # rows of a voice's partials: complex gain (amplitude) and frequency


def boundary(quarter, rate_hz):
    """First sample of a quarter hop: the exact integer floor(quarter * rate / 750)."""
    return quarter * rate_hz // QUARTERS_PER_SECOND


# What the performer hands over for every hop: the targets that the sounding voices reach at the end of each quarter.
hop_dtype = np.dtype([
    ("index", "i8"),
    ("count", "i4"),                                        # how many entries of the next four are in use
    ("flush", "i4"),                                        # 1: fade all out within this hop, empty the effects, begin anew
    ("slot", "i4", SLOTS),                                  # which voice
    ("rows", "i4", SLOTS),                                  # 4: a target for every quarter (attack); 1: one for the hop's end
    ("last", "i4", SLOTS),                                  # 1: the voice is silent at the hop's end and its slot is free again
    ("used", "i4", SLOTS),                                  # partials beyond this one are silent
    ("pan", "f4", (SLOTS, 2)),                              # gains left, right at the hop's end
    ("partials", "f4", (SLOTS, QUARTERS, 3, PARTIALS)),     # rows GAIN_RE, GAIN_IM, FREQUENCY_HZ
    ("noise", "f4", (QUARTERS, 2, BANDS)),                  # all voices together: power (RMS squared) left, right, by band
    ("effects", "f4", EFFECTS),                             # controls reached at the hop's end
], align=True)

# A voice that begins, at any sample.
start_dtype = np.dtype([
    ("time", "i8"),                                         # sample of its first sound; if late, it begins at once
    ("slot", "i4"),
    ("rows", "i4"),                                     # in use: row 0 holds at `time`, row r at boundary(first_quarter + r-1)
    ("first_quarter", "i8"),                                # the first boundary after `time`
    ("used", "i4"),
    ("pan", "f4", 2),
    ("phase", "f4", PARTIALS),                              # radians, of each partial's cosine at `time`
    ("partials", "f4", (START_ROWS, 3, PARTIALS)),
    ("noise", "f4", (START_ROWS, 2, BANDS)),                # power to add to what the hops say at the same boundaries
], align=True)

# What the performer tells the window.
status_dtype = np.dtype([
    ("voices", "i4"),
    ("notes", "u1", 128),                                   # velocity of what sounds at each MIDI key, 0 silent
    ("late_hops", "i8"),                                    # hops that the performer published after they were due
    ("decoder_us", "f4"),                                   # of the newest hop
    ("performer_load", "f4"),                               # share of a hop's time, smoothed
    ("level_db", "f4", PARTIALS),                           # the frame that is being made now (newest voice), as the model says it
    ("noise_db", "f4", BANDS),
    ("f0_hz", "f4"),
    ("frame_count", "i8"),
], align=True)
