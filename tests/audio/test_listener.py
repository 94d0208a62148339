"""The audio process's ear: one client at a time, and the next one as soon as that is gone."""
import queue
import subprocess
import sys
from multiprocessing.connection import Client as connect

import pytest

from hummingface.instrument.audio.process.listener import Listener
from hummingface.instrument.audio.protocol import encode

KEY = b"key"
KILLED = """
import sys, time
from multiprocessing.connection import Client
client = Client(sys.argv[1], authkey=b"key")
print("there", flush=True)
time.sleep(600)
"""


@pytest.fixture
def listener():
    """(a listener, what it hears)"""
    heard = queue.SimpleQueue()
    made = Listener(KEY, heard.put, lambda: heard.put("arrived"), lambda: heard.put("gone"))
    yield made, heard
    made.close()


def test_who_comes_the_moment_a_client_is_killed_is_not_taken_for_a_second_one(listener):
    """Whichever is noticed first: that the one has gone, or that the other has come."""
    ear, heard = listener
    for _ in range(15):
        process = subprocess.Popen([sys.executable, "-c", KILLED, ear.address], stdout=subprocess.PIPE)
        assert process.stdout.readline() and heard.get(timeout=60) == "arrived"
        process.kill()
        process.wait()
        process.stdout.close()
        with connect(ear.address, authkey=KEY) as client:
            client.send_bytes(encode({"do": "panic"}, "do"))
            assert [heard.get(timeout=60) for _ in range(3)] == ["gone", "arrived", {"do": "panic"}]
        assert heard.get(timeout=60) == "gone"


def test_a_second_one_is_told_so_and_the_first_is_heard_on(listener):
    ear, heard = listener
    with connect(ear.address, authkey=KEY) as first:
        assert heard.get(timeout=60) == "arrived"
        with connect(ear.address, authkey=KEY) as second:
            assert b"another window" in second.recv_bytes()
            with pytest.raises(EOFError):
                second.recv_bytes()
        first.send_bytes(encode({"do": "panic"}, "do"))
        assert heard.get(timeout=60) == {"do": "panic"}
