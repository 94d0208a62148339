"""Large memory of which little is used: its pages come one at a time, each with its first use."""
import contextlib
import mmap


def zeros(size_bytes: int) -> mmap.mmap:
    """Zeros, as a buffer of numpy's. numpy's own large arrays ask Linux for huge pages, and each of those takes 0.2 to 40 ms to be found
    and cleared, for whatever byte of it is touched first (`Documentation/admin-guide/mm/transhuge.rst` of Linux, "defrag").
    """
    memory = mmap.mmap(-1, size_bytes)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with contextlib.suppress(OSError):                  # a Linux without huge pages
            memory.madvise(mmap.MADV_NOHUGEPAGE)
    return memory
