"""What an export's numbers may be, (lowest, highest), for the command line and the Python API."""

EVERY, VELOCITIES, KEYS = (1, 24), (1, 16), (0, 127)
SECONDS = (1, 60)
TABLE_KEY, VELOCITY = (12, 96), (1, 127)
