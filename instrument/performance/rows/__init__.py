"""From the moments of voices to what the audio thread plays: gains, frequencies, noise. Compiled."""
