"""Files as the instrument writes them: whole or not at all."""
