"""The window is closed while notes sound."""
import numpy as np

from hummingface.instrument.synthesis.state import OUTPUT_SAMPLES
from tests.audio.conftest import wait_for


def test_what_sounds_fades_out_before_the_device_is_closed(jack_server, home, engine):
    jack_server(256)
    client, _ = engine()
    for note in (48, 55, 60):
        client.send({"do": "note_on", "note": note, "velocity": 110})
    wait_for(lambda: max(client.telemetry().peak_db) > -40 and client.telemetry().voices == 3)
    state = client._state                   # stays mapped when the process has ended
    begun = client.telemetry().position
    wait_for(lambda: client.telemetry().position > begun + 14_400)          # the attacks are over: what jumps now is no attack
    playing = client.telemetry().position
    client.close()
    end = int(state["position"][0])
    assert playing < end < playing + OUTPUT_SAMPLES
    sound = state["output"][0, np.arange(playing - 4800, end) % OUTPUT_SAMPLES]
    loud = np.abs(sound[:4800]).max()
    assert np.abs(sound[-256:]).max() < 1e-3 * loud, "60 dB down, and without a step"
    assert np.abs(np.diff(sound[4800:], axis=0)).max() <= 1.1 * np.abs(np.diff(sound[:4800], axis=0)).max(), "nothing jumps"
