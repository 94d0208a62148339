"""A window takes over the audio process that another one left playing."""
import os
import signal
import time

import pytest

from hummingface.instrument.audio import client as client_file
from hummingface.instrument.audio.client import Client
from tests.audio.conftest import Told, notes, position_moves, wait_for
from tests.jack_server import DEFAULT


def test_a_window_that_vanished_can_take_over_again(engine, home):
    first, _ = engine()
    first.send({"do": "note_on", "note": 55, "velocity": 90})
    wait_for(lambda: notes(first) == [55])
    first.close(keep_playing=True)
    second = Client(patch=home, attach=True)
    second.start()
    told = Told(second)
    try:
        told.wait(tell="ready")
        assert notes(second) == [55], "the note sounded on"
        assert second.patch == home
        assert position_moves(second)
        assert second._excused_until < time.monotonic() + client_file.STALL_S, "it is looked after from now on"
        second.send({"do": "panic"})
        wait_for(lambda: notes(second) == [], 20)           # what is said as soon as it is ready is heard
    finally:
        second.close()


def test_what_was_asked_for_by_name_is_had_where_another_engine_is_taken_over(engine, home):
    first, _ = engine()
    first.close(keep_playing=True)
    other = {**home, "name": "Named", "latents": [1.0] * len(home["latents"])}
    second = Client(patch=other, attach=True, overrides=[{"do": "patch", "patch": other}])
    second.start()
    told = Told(second)
    try:
        told.wait(tell="ready")
        heard = [message["patch"]["name"] for message in told.messages if message["tell"] == "patch"]
        assert set(heard) <= {"Named"}, "of the patch that played on nobody need hear"
        second.send({"do": "list"})
        told.wait(tell="devices")               # by then what was said before is done
        second.close(keep_playing=True)
        third = Client(patch=home, attach=True)
        third.start()
        told = Told(third)
        told.wait(tell="ready")
        assert told.find(tell="patch")["patch"]["name"] == "Named"
        third.close()
    finally:
        second.close()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_an_engine_that_hangs_holds_up_no_new_one(engine, home, monkeypatch):
    monkeypatch.setattr(client_file, "TAKE_OVER_S", 1.0)
    monkeypatch.setenv(DEFAULT, "none of them")         # a JACK server would hang with it
    first, _ = engine()
    process = first._link.process
    first.close(keep_playing=True)
    os.kill(process.pid, signal.SIGSTOP)
    second = Client(patch=home, attach=True)
    second.start()
    told = Told(second)
    try:
        told.wait(tell="ready")
        assert position_moves(second)
        assert process.wait(10) == -signal.SIGKILL, "it would hold the device"
    finally:
        second.close()
