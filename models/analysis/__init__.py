"""The analysis of recordings into frames, and the reference synthesis of frames: numpy, no torch."""
