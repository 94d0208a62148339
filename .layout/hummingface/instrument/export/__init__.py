"""What a patch becomes for other instruments: multisamples with loops, and wavetables.

    command / apart     a terminal's and the window's way in
    multisample         all of an instrument: which keys, rendered, looped, written whole or not at all
    zones, survey, note, loop, crossfade        its steps
    sfz, decentsampler, bitwig                  its three written forms
    wavetable           single cycles along a knob or along time
"""
