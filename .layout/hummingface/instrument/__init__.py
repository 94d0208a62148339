"""HummingFace: an instrument whose sound comes from neural networks while you play."""
import os

# The decoder's matrix products are small: threads would cost more than they bring, and take the audio thread's core.
for _variable in ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_variable, "1")
