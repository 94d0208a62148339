"""STFT models live: the factory patches, from MIDI through the real engine to a JACK server."""
import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from hummingface.instrument.audio.client import Client
from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.models.playing.stft_model import StftModel
from tests.audio.conftest import Told, look_at_ports, wait_for
from tests.audio.jack_player import RATE_HZ, Player
from tests.audio.rendered import Rendered
from tests.tracker import cents_off

PATCHES = [entry for entry in library.patches() if entry.factory and "seed" in entry.tags]
CHORD = range(41, 57)
KEYS, NOTE_S = (36, 60, 79), 1.0


def dry(name) -> dict:
    """A factory patch without its reverb, as it is sent to the engine."""
    patch = library.load_patch(name)
    return patch.with_values(parameters={**patch.parameters, "reverb.mix": 0.0, "master.width": 0.0}).to_json()


@pytest.fixture(scope="module")
def playing(jack_server):
    """An engine on a server of 128 samples, with the conditional GAN's patch."""
    jack_server(128)
    client = Client(patch=dry("Seed Keys"), attach=False)
    client.start()
    told = Told(client)
    told.wait(tell="ready", seconds=600)
    client.send({"do": "set", "id": "master.volume_db", "value": -20.0})                 # 17 voices, far from the limiter
    yield client, told
    client.close()


@pytest.mark.parametrize("entry", PATCHES, ids=lambda entry: entry.path.stem)
def test_a_patch_plays_in_tune_and_ends(playing, entry):
    client, told = playing
    look_at_ports(client, told)
    client.send({"do": "patch", "patch": dry(patch_file.load(entry.path).name)})
    client.send({"do": "list"})
    told.wait(tell="devices")                                                           # what was asked before it is done
    step = round(NOTE_S * RATE_HZ)
    performance = [(i * step, bytes([0x90, key, 100])) for i, key in enumerate(KEYS)]
    performance += [((i + 1) * step - 4800, bytes([0xB0, 120, 0])) for i in range(len(KEYS))]
    with Player(sorted(performance), len(KEYS) * NOTE_S + 0.5) as player:
        captured = player.play_freewheeling()[:, 0]
    begin = player.first_sent - player.first_recorded
    for i, key in enumerate(KEYS):
        note = captured[begin + i * step + 9600:begin + (i + 1) * step - 6000].astype(np.float64)
        assert np.abs(note).max() > 1e-3
        assert abs(cents_off(note, 440 * 2 ** ((key - 69) / 12), RATE_HZ)) < 5, key
    assert np.abs(captured[-4800:]).max() < 1e-4


def test_a_note_decoded_while_16_others_sound_leaves_no_break(playing):
    """In real time: 16 voices are held, their latents move, and a new key that was made by nobody ahead goes down.

    Judged by what the audio thread gave out: what a busy server lost on the way would be heard as a break of its own.
    """
    client, told = playing
    model = library.load_model("Seed Conditional GAN")
    assert isinstance(model, StftModel)
    held = min(model.presets.values(), key=lambda z: model.note(np.array(z, np.float32), CHORD[0]).fall_db_s)
    look_at_ports(client, told)
    client.send({"do": "patch", "patch": {**dry("Seed Keys"), "latents": held}})
    client.send({"do": "list"})
    told.wait(tell="devices")
    wait_for(lambda: max(client.telemetry().peak_db) < -60)
    faults, rendered = int(client._state[0]["faults"]), Rendered(client)
    for key in CHORD:
        client.send({"do": "note_on", "note": key, "velocity": 90})
    wait_for(lambda: sum(1 for v in client.telemetry().notes if v) == 16)
    wait_for(lambda: max(client.telemetry().peak_db) > -45)
    begin = client.telemetry().position
    wait_for(lambda: client.telemetry().position > begin + 1.5 * RATE_HZ)
    moved = client.telemetry().position
    client.send({"do": "set", "id": "latent.1", "value": -held[0] - 1.0})
    client.send({"do": "note_on", "note": 80, "velocity": 100})
    wait_for(lambda: client.telemetry().notes[80] and client.telemetry().position > moved + 3 * RATE_HZ)
    recorded_from, sound = rendered.end()
    client.send({"do": "panic"})
    sound, first, before = sound[:, 0], begin + RATE_HZ // 4 - recorded_from, moved - recorded_from
    assert int(client._state[0]["faults"]) == faults
    peak = np.abs(sound).max()
    assert peak > 0.01 and first < before
    level = np.sqrt((sound[first:first + (len(sound) - first) // 480 * 480].reshape(-1, 480) ** 2).mean(1))      # every 10 ms
    assert level.min() > 0.1 * np.median(level)                                          # never a gap
    high = sosfilt(butter(10, 9000, "high", fs=RATE_HZ, output="sos"), sound)             # notes end at 2.1 kHz: there are clicks alone
    assert np.abs(high[first:]).max() < 2e-3 * peak
    early, late = sound[before - RATE_HZ // 2:before], sound[-RATE_HZ // 2:]
    hz = np.fft.rfftfreq(len(early), 1 / RATE_HZ)
    a, b = (np.abs(np.fft.rfft(part * np.hanning(len(part))))[hz < 2500] for part in (early, late))
    assert np.corrcoef(a, b)[0, 1] < 0.98                                                # it did move
