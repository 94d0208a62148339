"""Export of a patch to other instruments: sampled instruments with loops, and wavetables.

export                                      the entry point of the command line, `export_process` (the window's) and the API
multisample                                 a whole instrument: choose keys, render, loop, write
zones, survey, sampled_note, loop, crossfade, seam      its steps
hidden_folder                               the result appears whole or not at all
sfz_writer, decentsampler, bitwig           the three formats; `form_table` is the table of them, `forms` their files
wavetable                                   single cycles along a control or along time
"""
