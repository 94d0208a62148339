"""An engine's memory, of which a short note touches little, comes in small pages: making a player costs next to nothing. And what it knows
by address stays as long as it does."""
import gc
import re
import weakref
from pathlib import Path

import pytest

from hummingface.instrument.synthesis.noise_tables import noise_tables
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


def test_tables_that_an_engine_knows_by_address_stay_as_long_as_it_does():
    """However many other sample rates come after its own."""
    state = new_state(9000)
    tables = weakref.ref(noise_tables(9000)[0])
    for rate_hz in range(9001, 9007):
        new_state(rate_hz)
    gc.collect()
    kept = tables()
    assert kept is not None and kept.ctypes.data == state["noise"]["tables"][0]
    del state, kept
    gc.collect()
    assert tables() is None
