"""A master of MTS-ESP is followed, whatever it says."""
import numpy as np
import pytest

from hummingface.instrument.audio.ports.mts_esp import MtsClient
from hummingface.instrument.performance.messages.tuning_events import HostTuning
from tests.performance.tuned_player import hz


class Master:
    """Stands in for `mtsespy`, whose library of masters is no package: one master, or none."""

    def __init__(self):
        self.hz: list | None = None
        self.silent: set[int] = set()

    def register_client(self):
        return self

    def deregister_client(self, client):
        pass

    def has_master(self, client):
        return self.hz is not None

    def note_to_frequency(self, client, key, channel):
        return float(self.hz[channel % len(self.hz)][key])

    def should_filter_note(self, client, key, channel):
        return key in self.silent


def test_an_mts_esp_master_is_followed():
    told = []
    master = Master()
    client = MtsClient(master, told.append)
    client.look()
    assert told == []
    master.hz, master.silent = [hz(np.arange(128) + 0.25)], {61}
    client.look()
    client.look()
    (row,), = (event.rows for event in told)
    np.testing.assert_allclose(row, np.where(np.arange(128) == 61, np.nan, np.arange(128) + 0.25), atol=1e-9)
    master.hz = [hz(np.arange(128) + channel / 10) for channel in range(16)]
    for _ in range(15):
        client.look()
    assert len(told[-1].rows) == 16
    assert told[-1].rows[9][60] == pytest.approx(60.9)
    master.hz = None
    client.look()
    assert told[-1] == HostTuning(())
