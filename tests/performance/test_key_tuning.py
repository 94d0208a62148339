"""Keys sound at the pitches of their tuning: scales, keyboard mappings, A4."""
import pytest

from hummingface.instrument.patches.scale_tuning import ScaleTuning, of_files
from hummingface.instrument.performance.messages import midi
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn, Set
from tests import scales
from tests.performance.hearing import RATE, cents, pitch_hz
from tests.performance.tuned_player import hz, player_of, sounding_hz
from tests.scales import KBM


def test_twenty_scales_are_heard_within_a_tenth_of_a_cent(plain, tmp_path):
    """All keys whose first harmonic can be played, in what the audio thread gets; one key of each by its sound."""
    for name in scales.NOTES:
        tuning = of_files([scales.write(tmp_path, name)])
        player = player_of(plain, tuning)
        for part in (range(64), range(64, 128)):
            for key in part:
                player.performer.receive(NoteOn(0, key, 100), player.position)
            player.render(RATE // 10)
            heard = sounding_hz(player)
            player.performer.receive(midi.Panic(), player.position)
            player.render(RATE // 20)
            wanted = {key: hz(scales.pitch(name, key)) for key in part}
            audible = {key for key, at in wanted.items() if 10 < at < 0.44 * RATE}
            assert {key for _, key in heard} >= audible, name
            for (_, key), at in heard.items():
                assert abs(cents(at, wanted[key])) < 0.1, (name, key)
        player.performer.receive(NoteOn(0, 67, 100), player.position)
        player.render(RATE // 10)
        assert abs(cents(pitch_hz(player.render(RATE)[:, 0]), hz(scales.pitch(name, 67)))) < 0.1, name


def test_keys_that_a_mapping_leaves_out_are_silent_and_the_others_as_it_says(plain, tmp_path):
    (tmp_path / "white.kbm").write_text("! a map of seven keys\n" + "\n".join(KBM) + "\n")
    tuning = of_files([scales.write(tmp_path, "7-edo"), tmp_path / "white.kbm"])
    player = player_of(plain, tuning)
    for key in range(60, 74):
        player.performer.receive(NoteOn(0, key, 100), 0)
    player.render(RATE // 10)
    heard = sounding_hz(player)
    assert {key for _, key in heard} == {60, 61, 63, 64, 65, 66, 67, 68, 70, 71}
    assert abs(cents(heard[0, 68], 442 * 2 ** (1 / 7))) < 0.1
    assert abs(cents(heard[0, 61], 221 * 2 ** (1 / 7))) < 0.1
    assert player.performer.notes.lost == 0, "a silent key is not a note that was lost"


def test_the_network_is_asked_for_the_sounding_pitch(untrained):
    player = player_of(untrained, ScaleTuning("a", ("", "1", "50.")))
    player.performer.receive(NoteOn(0, 73, 100), 0)
    player.render(RATE // 10)
    table = player.performer.voices.table
    assert table["asked_pitch"][table["key"] == 73] == pytest.approx(66.5)


def test_a4_moves_what_names_no_frequency(plain):
    mapped = ScaleTuning("m", (), ("0", "0", "127", "60", "69", "430.", "0"))
    for tuning, wanted in ((None, 442), (ScaleTuning("a", ("", "2", "600.", "2/1")), None), (mapped, 430)):
        player = player_of(plain, tuning)
        player.performer.receive(Set("master.a4_hz", 442), 0)
        player.performer.receive(NoteOn(0, 69, 100), 0)
        player.render(RATE // 10)
        at = sounding_hz(player)[0, 69]
        assert abs(cents(at, wanted or 442 / 440 * hz(60 + 12 * 4.5))) < 0.01


def test_mono_glides_between_keys_of_the_scale_and_passes_over_silent_ones(plain):
    tuning = ScaleTuning("half", ("", "2", "50.", "100."), ("2", "0", "127", "60", "60", "261.6255653", "2", "0", "x"))
    player = player_of(plain, tuning)
    for sample, event in ((0, Set("master.mode", 2)), (0, NoteOn(0, 60, 100)), (4800, NoteOn(0, 61, 100)), (9600, NoteOn(0, 64, 100)),
                          (14400, NoteOff(0, 61))):
        player.performer.receive(event, sample)
    player.render(RATE // 4)
    assert [round(cents(at, hz(60))) for at in sounding_hz(player).values()] == [200]
    player.performer.receive(NoteOff(0, 64), player.position)
    player.render(RATE // 4)
    assert [round(cents(at, hz(60))) for at in sounding_hz(player).values()] == [0]
