"""Files of the instrument that appear whole or not at all."""
