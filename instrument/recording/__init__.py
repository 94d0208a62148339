"""Recording: takes with their MIDI, the last minute, and everything that is needed to replay a take."""
