"""Lowers the priority of this process, for work that must never disturb the sound or the player's other programs."""
import os
import sys

ASIDE, LOWEST = 5, 19                   # of nice(2)
BACKGROUND_MODE = 0x00100000           # PROCESS_MODE_BACKGROUND_BEGIN: lowest priority of processor, disk and memory
DARWIN_PROCESS, DARWIN_BACKGROUND = 4, 0x1000      # PRIO_DARWIN_PROCESS, PRIO_DARWIN_BG of <sys/resource.h>


def step_aside() -> None:
    """Somewhat lower priority, for work that the player waits for."""
    if hasattr(os, "nice"):
        os.nice(ASIDE)


def give_way() -> None:
    """Lowest priority for this process and its children, for the processor and the disk.

    Linux derives the disk's priority from the processor's (ioprio_set(2)); macOS and Windows have a mode of their own for both.
    """
    if hasattr(os, "nice"):
        os.nice(LOWEST)
    if sys.platform == "darwin":
        os.setpriority(DARWIN_PROCESS, 0, DARWIN_BACKGROUND)
    elif sys.platform == "win32":
        import ctypes
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), BACKGROUND_MODE)
