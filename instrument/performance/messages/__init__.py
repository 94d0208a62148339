"""What MIDI says, as events and as where channels and tunings stand: from bytes and files to what the performer hears."""
