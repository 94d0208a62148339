"""While Python misbehaves inside the audio process, the sound goes on as well as a native client's (`tests/bench/stress.py`)."""
import shutil

import pytest

SECONDS, PERIOD = 4.0, 128
LENIENT = 10                # periods; a shared machine loses some for one client that it does not lose for the other


def test_a_misbehaving_interpreter_breaks_no_more_than_a_native_client(home, tmp_path):
    pytest.importorskip("jack", reason="JACK-Client is not installed")
    for tool in ("jackd", "cc"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    from tests.bench.stress import measure
    found = measure(tmp_path, SECONDS, PERIOD, patch=home)
    assert found["breaks_engine"] <= 2 * found["breaks_native"] + LENIENT, found
