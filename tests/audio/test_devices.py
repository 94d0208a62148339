"""Audio devices are known by what they are, whatever number their card has, and though two have one name. PortAudio is a stand-in."""
from types import SimpleNamespace

import pytest

from hummingface.instrument.audio.devices import devices

ALSA, MME = "ALSA", "MME"


@pytest.fixture
def listed(monkeypatch):
    """`listed((name, system), ...)`: what PortAudio lists from then on."""
    def there_are(*found):
        of = [{"name": name, "hostapi": (ALSA, MME).index(system), "max_output_channels": 2, "default_samplerate": 48000.0}
              for name, system in found]
        systems = [{"name": name, "default_output_device": -1} for name in (ALSA, MME)]
        monkeypatch.setattr(devices, "portaudio", lambda: SimpleNamespace(
            query_hostapis=lambda: systems, PortAudioError=RuntimeError,
            query_devices=lambda kind=None: of if kind is None else {"index": 0}))
    return there_are


def test_a_saved_device_is_found_though_its_card_has_another_number(listed):
    listed(("PCH: ALC (hw:0,0)", ALSA), ("USB Audio: - (hw:2,0)", ALSA))
    assert devices.find("USB Audio: - (hw:1,0), ALSA").number == 1
    assert devices.find("USB Audio: - (hw:1,0)").number == 1
    with pytest.raises(devices.DeviceError, match="does not exist"):
        devices.find("USB Audio: - (hw:1,1), ALSA")


def test_of_two_cards_of_one_name_each_is_chosen_by_its_number(listed):
    listed(("USB Audio: - (hw:1,0)", ALSA), ("USB Audio: - (hw:2,0)", ALSA))
    assert [devices.find(f"USB Audio: - (hw:{card},0), ALSA").number for card in (1, 2)] == [0, 1]


def test_the_second_of_two_devices_of_one_name_can_be_chosen(listed):
    listed(("USB Audio", MME), ("USB Audio", ALSA), ("USB Audio", MME))
    assert [each.name for each in devices.all_outputs()] == ["USB Audio, MME", "USB Audio, ALSA", "USB Audio (2), MME"]
    assert [devices.find(each.name).number for each in devices.all_outputs()] == [0, 1, 2]
    assert devices.all_outputs()[2].system == MME
