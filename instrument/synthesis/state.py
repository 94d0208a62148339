"""The state block: the one block of memory that the audio thread works in, and the arrays that pass from the performer to it.

Who may touch what (single producer, single consumer; every index is published with `store_release` and read with
`load_acquire` of `atomic.py`; `producer.py` implements the performer's side):
- the performer writes `hops[g % HOPS]`, then publishes `hops_published = g + 1`; it writes `starts[n % STARTS]`, then
  publishes `starts_published = n + 1`; then `published_until`; it writes the fields of `status`;
- the audio thread writes `position`, `hops_taken`, `starts_taken`, `output`, the counters, and all its own memory
  (`voices`, ...);
- anybody may read `position`, `output` behind it, the counters and `status`. The block is plain bytes, so that it can
  lie in memory that the GUI's process maps as well.

Time is counted in samples since the engine started (`position`). Boundaries of quarter hops lie at `boundary(q)`, the
same integers on both sides; hop g runs from boundary(4 g) to boundary(4 g + 4).

How the audio thread uses hops and starts:
- A playing voice that is missing from a hop, or whose hop is late, holds its last targets. A late hop is used from the
  next quarter boundary on; of hops that are later than their end, the last targets, `last` and `flush` still apply.
- While a start has rows left, they apply and the voice's entries in hops are ignored. After its rows a voice holds its
  targets until a hop names its slot.
- A start sounds exactly at `time`. If that is past, it begins at once with row 0, and goes to the rows whose boundaries
  are still to come.
- With `last` (or `flush`) the targets at the hop's end are silence, whatever their values.
- NaN, infinities and values out of range in a hop or a start are silence (gains, powers) or ignored (effects): they
  never reach the output.
"""
import weakref

import numpy as np
from numba import from_dtype, types

from hummingface.instrument.synthesis import pages
from hummingface.instrument.synthesis.delay import LONGEST_S
from hummingface.instrument.synthesis.delay_line import ring_mask
from hummingface.instrument.synthesis.effects import START, effects_dtype
from hummingface.instrument.synthesis.limiter import limiter_dtype
from hummingface.instrument.synthesis.metronome import metronome_dtype
from hummingface.instrument.synthesis.reverb import prepare_reverb
from hummingface.instrument.synthesis.samples import samples_dtype

PARTIALS = 160          # capacities: at least those of the frame that is played
BANDS = 64
SLOTS = 160             # 128 voices, and 32 places where stolen ones fade out
QUARTERS = 4            # quarter hops in a hop
START_ROWS = 9          # the frame at note-on, and the quarters of this hop and the next
HOPS = 16               # ring sizes, powers of two; a block of 2048 frames at 32 kHz needs 13 hops at once
STARTS = 256
EFFECTS = 32            # capacity for effect controls, see effects.py
OUTPUT_SAMPLES = 1 << 18    # 5.4 s at 48 kHz of output, for the spectrogram, the meters and the recorder
QUARTERS_PER_SECOND = 750
PIECE = 256             # samples that the audio thread computes in one go, at most
CALLBACK_TIMES = 1024   # how many durations of callbacks are kept
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 192_000

GAIN_RE, GAIN_IM, FREQUENCY_HZ = 0, 1, 2     # rows of a voice's partials: complex gain (amplitude) and frequency
LEFT_RE, LEFT_IM, TURN_RE, TURN_IM = range(4)    # rows of its sides: complex gains of the left channel, and of the right over the left
EXCESS = 2                                   # row of noise: power of left times right (signed, the root of both), beyond that of mono noise
CUTOFF_HZ, DAMPING = 1, 1                    # a voice with a sample has one gain and one frequency, at place 0, and its low-pass in row
                                             # GAIN_IM: cutoff at place 0, damping of power at place 1


def boundary(quarter, rate_hz):
    """First sample of a quarter hop: the exact integer floor(quarter * rate / 750)."""
    return quarter * rate_hz // QUARTERS_PER_SECOND


# What the performer passes on for every hop: the targets that the sounding voices reach at the end of each quarter.
hop_dtype = np.dtype([
    ("index", "i8"),
    ("count", "i4"),                                        # how many entries of the next six are in use
    ("flush", "i4"),                                        # 1: fade everything out within this hop, and clear the effects
    ("slot", "i4", SLOTS),                                  # which voice
    ("rows", "i4", SLOTS),                                  # 4: a target for every quarter (attack); 1: one for the hop's end
    ("last", "i4", SLOTS),                                  # 1: the voice is silent at the hop's end and its slot is free again
    ("used", "i4", SLOTS),                                  # partials beyond this one are silent
    ("pan", "f4", (SLOTS, 2)),                              # gains left, right at the hop's end
    ("partials", "f4", (SLOTS, QUARTERS, 3, PARTIALS)),     # rows GAIN_RE, GAIN_IM, FREQUENCY_HZ
    ("wide", "i4", SLOTS),                                  # 1: its channels differ, by `sides` at the hop's end
    ("sides", "f4", (SLOTS, 4, PARTIALS)),                  # rows LEFT_RE, LEFT_IM, TURN_RE, TURN_IM
    ("sample", "i4", SLOTS),                                # the buffer (samples.py) that the voice plays in place of partials; 0: none
    ("noise", "f4", (QUARTERS, 3, BANDS)),                  # all voices together, by band: power (RMS squared) left, right, and EXCESS
    ("effects", "f4", EFFECTS),                             # controls reached at the hop's end
], align=True)

# A voice that begins, at any sample.
start_dtype = np.dtype([
    ("time", "i8"),                                         # sample of its first sound; if late, it begins at once
    ("slot", "i4"),
    ("rows", "i4"),                                         # in use: row 0 at `time`, row r at boundary(first_quarter + r - 1)
    ("first_quarter", "i8"),                                # the first boundary after `time`
    ("used", "i4"),
    ("sample", "i4"),                                       # as in a hop
    ("pan", "f4", 2),
    ("wide", "i4"),                                         # as in a hop, for all rows
    ("phase", "f4", PARTIALS),                              # radians, of each partial's cosine at `time`
    ("sides", "f4", (4, PARTIALS)),
    ("partials", "f4", (START_ROWS, 3, PARTIALS)),
    ("noise", "f4", (START_ROWS, 3, BANDS)),                # power to add to that of the hops at the same boundaries
], align=True)

# What the window displays.
status_dtype = np.dtype([
    ("voices", "i4"),
    ("notes", "u1", 128),                                   # velocity of what sounds at each MIDI key, 0 silent
    ("late_hops", "i8"),                                    # hops that the performer published after they were due
    ("decoder_us", "f4"),                                   # of the newest hop
    ("performer_load", "f4"),                               # share of a hop's time, smoothed
    ("level_db", "f4", PARTIALS),                           # the model's current frame (of the newest voice)
    ("noise_db", "f4", BANDS),
    ("f0_hz", "f4"),
    ("frame_count", "i8"),
    ("channels", "f4", (16, 5)),                            # what MIDI's channels stand at: `ChannelShown` of channel_state.py
    ("channel", "i4"),                                      # the one that was moved last
    ("sources", "f4", 32),                                  # of modulation, of the newest voice; and by how much of its travel each
    ("targets", "f4", 32),                                  # route's target is moved by all routes to it
], align=True)

# The voices as the audio thread sees them. A segment runs from one boundary (or the voice's start) to the next; gains and pans move
# linearly in it, frequencies are constant. Phases and steps are fractions of a cycle times 2**32, wrapping: exact however long
# a note lasts.
voices_dtype = np.dtype([
    ("rate_hz", "i8"),
    ("entry", "i4", (HOPS, SLOTS)),                         # which entry of a hop is this slot's, or -1
    ("playing", "i4", SLOTS),
    ("ends", "i4", SLOTS),                                  # 1: the slot is free at the segment's end
    ("waiting", "i8", SLOTS),                               # number of the start that will begin in this slot, or -1
    ("start", "i8", SLOTS),                                 # number of the start whose rows are still in use, or -1
    ("first_hop", "i8", SLOTS),                             # the hop in which the voice began
    ("hop_seen", "i8", SLOTS),                              # the newest hop that this voice has looked at
    ("segment_begin", "i8", SLOTS),
    ("segment_end", "i8", SLOTS),
    ("used", "i4", SLOTS),
    ("pan", "f4", (SLOTS, 2)),                              # at the segment's begin
    ("pan_target", "f4", (SLOTS, 2)),                       # at its end
    ("phase", "i4", (SLOTS, PARTIALS)),                     # at the segment's begin
    ("step", "i4", (SLOTS, PARTIALS)),                      # per sample
    ("target", "f4", (SLOTS, 3, PARTIALS)),                 # at the segment's end
    ("wide", "i4", (SLOTS, 2)),                             # whether its channels differ at the segment's begin, and at its end,
    ("widens", "i4", SLOTS),                                # whether that moves,
    ("sides", "f4", (SLOTS, 2, 4, PARTIALS)),               # and how, there
    ("count", "i4", SLOTS),                                 # partials that sound in this segment, packed:
    ("oscillators", "f4", (SLOTS, 9, PARTIALS)),            # see partials.py; the last four rows: stereo_partials.py
    ("tail", "f4", (2, SLOTS, 8)),                          # the last samples made, where a block took only some of them
    ("packed_partial", "i4", PARTIALS),                     # scratch for the partials of one voice: which they are,
    ("packed_phase", "i4", PARTIALS),
    ("packed_step", "i4", PARTIALS),
    ("packed_gain", "f4", (4, PARTIALS)),
    ("packed_sides", "f4", (2, 4, PARTIALS)),
    ("mono", "f4", PIECE + 16),                             # or its left channel
    ("right", "f4", PIECE + 16),
    # of voices that play a sample: the newest, and the one that it crosses over from (0: none)
    ("sample", "i4", (SLOTS, 2)),
    ("sample_at", "f8", (SLOTS, 2)),                        # place in each at the segment's begin
    ("sample_step", "f8", (SLOTS, 2)),                      # per sample
    ("sample_gain", "f4", (SLOTS, 2)),                      # at the segment's begin, and its slope
    ("sample_cross", "i8", SLOTS),                          # samples since the cross-fade began, at the segment's begin
    ("filter_on", "i4", SLOTS),
    ("filter", "f4", (SLOTS, 4)),                           # state of its low-pass
    ("fading", "f4", PIECE),                                # scratch for the buffer that fades out
], align=True)

noise_dtype = np.dtype([
    ("tables", "i8"),                                       # address of the looped tables (noise_tables.py), float32
    ("begin", "i8", BANDS),                                 # where each band's table begins
    ("length", "i8", BANDS),
    ("offset", "i8", (BANDS, 2)),                           # where in the loop the middle and the side signal start
    ("segment_begin", "i8"),
    ("segment_end", "i8"),
    ("gain", "f4", (2, BANDS)),                             # left, right at the segment's begin
    ("target", "f4", (2, BANDS)),                           # at its end
    ("excess", "f4", (2, BANDS)),                           # EXCESS at the segment's begin, and at its end
    ("base", "f4", (3, BANDS)),                             # power of the hops at the segment's end
    ("pending", "f4", (QUARTERS * 8, 3, BANDS)),            # power that starts add, by boundary (a ring)
    ("pending_quarter", "i8", QUARTERS * 8),                # which boundary that is
    ("starts_heard", "i8"),                                 # the noise of all starts before this one has begun
    ("heard", "i8", STARTS),                                # number + 1 of the start whose noise has begun
], align=True)

state_dtype = np.dtype([
    # set before the sound begins
    ("rate_hz", "i8"),
    ("channels", "i4"),                                     # of the device: 1, 2 or more (more: silence beyond the second)
    ("wait", "i4"),                                         # 1: the callback waits for the performer (freewheel), with a limit
    ("seed", "i8"),
    ("tone", "i4"),                                         # 1: add the test tone
    ("tone_gain", "f4"),                                    # the audio thread's: how far it is faded in
    # written by the performer
    ("hops_published", "i8"),
    ("starts_published", "i8"),
    ("published_until", "i8"),                              # all starts before this sample are published
    # written by the engine
    ("beats_version", "i8"),                                # odd while the metronome's beats are being written
    ("metronome", metronome_dtype),
    # written by the audio thread
    ("position", "i8"),                                     # samples rendered so far
    ("hops_taken", "i8"),                                   # hops before this one may be overwritten
    ("starts_taken", "i8"),                                 # starts before this one may be overwritten
    ("callbacks", "i8"),
    ("underflows", "i8"),                                   # callbacks that PortAudio marked with an output underflow
    ("overflows", "i8"),                                    # ... output overflow
    ("waits_given_up", "i8"),                               # in wait mode: blocks for which the performer did not deliver
    ("held_quarters", "i8"),                                # quarters whose hop was late
    ("late_starts", "i8"),                                  # voices that began after their time
    ("faults", "i8"),                                       # pieces in which NaN or Inf was replaced
    ("voices_playing", "i8"),
    ("clock_version", "i8"),                                # odd while the next three are being written
    ("clock_position", "i8"),                               # position at the begin of the newest callback,
    ("clock_now_s", "f8"),                                  # and the stream's time (PortAudio's currentTime) then,
    ("clock_output_s", "f8"),                               # and when its first sample is heard (outputBufferDacTime)
    ("peak", "f4", 2),                                      # of the output, left and right, falling by 20 dB a second
    ("limiter_gain", "f4"),                                 # 1 while the limiter does nothing
    ("callback_us", "f4", CALLBACK_TIMES),                # time spent in callback c, at c % 1024
    ("status", status_dtype),
    ("output", "f4", (OUTPUT_SAMPLES, 2)),                  # sample p at p % OUTPUT_SAMPLES
    ("hops", hop_dtype, HOPS),
    ("starts", start_dtype, STARTS),
    # the audio thread's own memory
    ("hops_known", "i8"),                                   # published when this piece began
    ("starts_known", "i8"),
    ("start_state", "i4", STARTS),                          # 0 new, 1 waiting or playing, 2 done
    ("voices", voices_dtype),
    ("samples", samples_dtype),                             # written by the performer: each buffer's description, before its first use
    ("noise", noise_dtype),
    ("effects", effects_dtype),
    ("limiter", limiter_dtype),
    ("mix", "f4", (2, PIECE)),                              # the piece that is being made
    ("stereo", "f4", (PIECE, 2)),                           # ... interleaved, for the device
    ("ticks", "i8"),                                        # what the system's clock writes
    ("ticks_more", "i8"),
], align=True)

STATE_TYPE = types.Array(from_dtype(state_dtype), 1, "C")       # how compiled functions take the block: an array of one element


def new_state(rate_hz: int, *, seed: int = 0, buffer=None) -> np.ndarray:
    """A silent engine at sample 0: structured array of one element.

    `buffer`: writable memory of at least `state_dtype.itemsize` bytes to live in (a mapped file), every page of which is touched;
    otherwise memory of its own, whose pages come with their first use, which offline costs less.
    The array must outlive every callback that uses it. Raises ValueError for a rate out of range or a buffer that is too small.
    """
    from hummingface.instrument.synthesis.noise_tables import noise_tables

    rate_hz = int(rate_hz)
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise ValueError(f"a sample rate of {rate_hz} Hz cannot be played; "
                         f"choose one from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz")
    if buffer is None:
        buffer = pages.zeros(state_dtype.itemsize)
    elif memoryview(buffer).nbytes < state_dtype.itemsize:
        raise ValueError(f"the state block needs {state_dtype.itemsize} bytes, the buffer has {memoryview(buffer).nbytes}")
    else:
        np.frombuffer(buffer, np.uint8, state_dtype.itemsize)[:] = 0
    state = np.ndarray(1, state_dtype, buffer)
    tables, begins, lengths = noise_tables(rate_hz)
    state["rate_hz"], state["seed"], state["channels"] = rate_hz, seed, 2
    voices, noise = state["voices"][0], state["noise"][0]
    voices["rate_hz"] = rate_hz
    voices["waiting"] = voices["start"] = voices["hop_seen"] = -1
    noise["tables"], noise["begin"], noise["length"] = tables.ctypes.data, begins, lengths
    weakref.finalize(state, lambda _tables: None, tables).atexit = False        # known by address alone: kept as long as the state is
    noise["offset"] = np.random.default_rng(seed).integers(0, lengths[:, None], (BANDS, 2))
    noise["pending_quarter"] = -1
    effects = state["effects"][0]
    effects["hop_seen"], effects["glide"][:] = -1, START[:, None]
    effects["delay"]["mask"] = ring_mask(int(LONGEST_S * rate_hz) + 8)
    prepare_reverb(effects["reverb"], rate_hz)
    state["limiter_gain"] = 1
    return state
