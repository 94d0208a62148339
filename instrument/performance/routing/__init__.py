"""Modulation: sources, and the routes that lead them to controls, for each voice by itself. Compiled but for the matrix."""
