"""A voice, as the performer keeps it: a row of the table, in the slot of the same number in the state block."""
import numpy as np

FREE, HELD, PEDAL, RELEASED, FADING = range(5)        # PEDAL: key up, held by the pedal. FADING: silent at the next hop's end

voice_dtype = np.dtype([
    ("stage", "i4"), ("channel", "i4"), ("key", "i4"), ("velocity", "i4"), ("source", "i4"), ("decaying", "i4"),
    ("line", "i4"), ("caught", "i4"),                       # row of `Controls.channels` that it listens to; 1: the sostenuto holds it
    ("strike", "i8"), ("detune", "f8"), ("place", "f8"),    # of a note in unison: which one; where in the spread of pitch and room, -1..1
    ("born", "i8"), ("release_number", "i8"), ("rest_until", "i8"), ("sample", "i8"),      # sample: where its newest row holds
    ("seed", "u4"), ("used", "i4"),         # drawn from: its own randomness; partials in use
    ("asked_velocity", "f8"), ("filter_velocity", "f8"),    # the effect of the velocity, see dynamics.py
    ("stroke_db", "f8"), ("tilt_db", "f8"), ("levelled", "i4"),
    ("longest_release_s", "f8"),                            # that the model may ask for
    ("level_db", "f8"), ("level_goal_db", "f8"),            # what takes the note's own loudness out, now and soon
    ("pitch", "f8"), ("goal", "f8"), ("glide", "f8"),       # MIDI pitch of the key now and soon; semitones per second
    ("age_s", "f8"), ("time_s", "f8"), ("backward", "i4"),  # since note-on; the model's own time, and whether it runs backward
    ("envelope", "f8"), ("filter_envelope", "f8"), ("key_pressure", "f8"), ("release_velocity", "f8"),     # 0..1; 0 while held
    ("shortest_release_s", "f8"), ("peak", "f8"),           # a cap on the release; amplitude of its loudest partial
    ("slope", "f8"),                                        # dB per second of the whole near the end of the trained time
    ("asked_s", "f8"),                                      # when the slope was last measured
    ("ahead_age_s", "f8"), ("asked_pitch", "f8"), ("z_version", "i8"),      # of the newest frame that was scheduled
    # of a voice that plays a whole note: its buffer (0: it has partials), since when, its pitch, where in the note its loop begins,
    # how fast it falls from there on, how long it rings after note-off, how much of it has passed
    ("note", "i4"), ("made_hop", "i8"), ("root_hz", "f8"), ("loop_s", "f8"), ("fall_db_s", "f8"), ("ring_s", "f8"), ("note_s", "f8"),
    ("loop_length_s", "f8"), ("tuning", "f4", 128),         # and how much faster each of its frames is to be read, to stay on its key
    ("rise", "f8"), ("fallen_db", "f8"), ("course", "f8"),  # what the knobs of its course make of its level (note_course.py)
    ("vibrato", "f8"), ("added", "f8"),                     # phases in turns, of the model's vibrato and the player's
], align=True)
