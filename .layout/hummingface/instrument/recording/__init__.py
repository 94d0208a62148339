"""What was played, kept: takes with their MIDI, the last minute, and all that a take needs to be played again."""
