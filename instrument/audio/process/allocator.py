"""How the audio process's memory is given back to the system."""
import ctypes
import sys

MAPPED_BYTES = 1 << 20          # a block this long is a model's weights; what a hop computes is shorter
_M_MMAP_THRESHOLD = -3          # of glibc's <malloc.h>


def return_large_blocks() -> None:
    """Give a model's weights back to the system as soon as the model is dropped.

    glibc maps large blocks one by one, but after the first that is freed it takes longer and longer ones from its heap, up to 32 MB, where
    small ones that live on keep their gaps. Elsewhere nothing happens.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
