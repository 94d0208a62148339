"""Every key and every velocity is played by one sample, and from near."""
import pytest

from hummingface.instrument.export.zones import instrument_name, layers, note_name, sample_name, zones


@pytest.mark.parametrize("every", [1, 2, 3, 4, 7, 12, 24])
@pytest.mark.parametrize(("low", "high"), [(21, 108), (60, 60), (36, 37), (0, 127)])
def test_each_key_has_one_zone_and_its_sample_is_near(low, high, every):
    found = zones(low, high, every)
    assert [key for zone in found for key in range(zone.low, zone.high + 1)] == list(range(low, high + 1))
    for zone in found:
        assert zone.low <= zone.key <= zone.high
        assert max(zone.key - zone.low, zone.high - zone.key) <= every // 2


@pytest.mark.parametrize("count", [1, 2, 3, 5, 16])
def test_each_velocity_has_one_layer(count):
    found = layers(count)
    assert [v for layer in found for v in range(layer.low, layer.high + 1)] == list(range(1, 128))
    assert all(layer.low <= layer.velocity <= layer.high for layer in found)
    widths = [layer.high - layer.low + 1 for layer in found]
    assert max(widths) - min(widths) <= 1


def test_names_are_plain():
    assert [note_name(key) for key in (21, 60, 61, 108)] == ["A0", "C4", "Db4", "C8"]
    assert instrument_name("Queen's  #1: $x/y=z") == "Queens 1 xyz"
    assert instrument_name("//") == "Instrument"
    assert sample_name(61, 64, "Glass Reed") == "061 Db4 v064 Glass Reed.wav"
    assert instrument_name("Ж" * 200) == "Ж" * 60
