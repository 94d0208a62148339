"""Export of a patch to other instruments: sampled instruments with loops, and wavetables.

export_command, export_process              the entry points of the command line and the window
multisample                                 a whole instrument: choose keys, render, loop, write
zones, survey, sampled_note, loop, crossfade, seam      its steps
hidden_folder                               the result appears whole or not at all
sfz_writer, decentsampler, bitwig           the three formats; `forms` is the table of them
wavetable                                   single cycles along a control or along time
"""
