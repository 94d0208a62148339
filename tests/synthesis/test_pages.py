"""An engine's memory, of which a short note touches little, comes in small pages: making a player costs next to nothing."""
import re
from pathlib import Path

import pytest

from hummingface.instrument.synthesis.state import new_state, state_dtype

SMAPS = Path("/proc/self/smaps")


def kilobytes(address: int) -> dict[str, int]:
    """What Linux tells of the mapping that has this address."""
    mappings = re.split(r"^([0-9a-f]+)-([0-9a-f]+) .*\n", SMAPS.read_text(), flags=re.MULTILINE)[1:]
    told = next(text for begin, end, text in zip(*[iter(mappings)] * 3, strict=True) if int(begin, 16) <= address < int(end, 16))
    return {name: int(count) for name, count in re.findall(r"^(\w+): +(\d+) kB$", told, re.MULTILINE)}


@pytest.mark.skipif(not SMAPS.is_file(), reason="only Linux tells of a process's pages")
def test_a_new_engine_has_few_pages_and_no_huge_ones():
    state = new_state(48000)
    told = kilobytes(state.ctypes.data + state_dtype.itemsize // 2)
    assert told["Size"] * 1024 >= state_dtype.itemsize > 40e6
    assert told["AnonHugePages"] == 0 and told["Rss"] < 8000
