"""Keys sound at the pitches of their tuning: scales, keyboard mappings, MIDI's own tuning messages, A4."""
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches import scale_tuning
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.patches.scale_tuning import ScaleTuning, of_files
from hummingface.instrument.performance import snapshot, snapshot_check
from hummingface.instrument.performance.messages import midi, tuning_events
from hummingface.instrument.performance.messages.midi import Controller, NoteOff, NoteOn, Set, decode
from hummingface.instrument.performance.messages.tuning_events import HostTuning, TuneKeys, TuneOctave, TuningEvent, UseTuning
from hummingface.instrument.synthesis.state import HOPS
from tests import scales
from tests.performance.hearing import RATE, cents, pitch_hz

if TYPE_CHECKING:
    from hummingface.instrument.performance.events import PlayerEvent

KBM = ("7", "0", "71", "60", "67", "442.0", "7", "0", "1", "x", "3", "4", "5", "6")


def hz(pitch):
    return 440 * 2 ** ((np.asarray(pitch, float) - 69) / 12)


def player_of(source, tuning=None, **options):
    player = Player(source, Patch("Plain", "Plain", (0.0,) * 16, {"reverb.mix": 0.0, "master.width": 0.0}, tuning=tuning), **options)
    player.performer.receive(Set("master.voices", 128), 0)
    return player


def sounding_hz(player):
    """{(channel, key): frequency of the first harmonic in the newest hop}."""
    state, voices = player.state[0], player.performer.voices
    hop = state["hops"][player.performer.hop % HOPS]
    found = {}
    for place in range(int(hop["count"])):
        slot = int(hop["slot"][place])
        partials = hop["partials"][place, int(hop["rows"][place]) - 1]
        first = np.flatnonzero(partials[0] > 0)
        if len(first):
            found[int(voices.channel[slot]), int(voices.key[slot])] = float(partials[2, first[0]])
    return found


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
    assert player.performer.lost_notes == 0, "a silent key is not a note that was lost"


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


def octave(cents_by_note, real_time=True, channels=(3, 0x7F, 0x7F)):
    data = [byte for c in cents_by_note for byte in divmod(round(c / 100 * 8192) + 8192, 128)]
    return bytes([0xF0, 0x7F if real_time else 0x7E, 0, 8, 9, *channels, *data, 0xF7])


def single(key, pitch, kind=2):
    whole, fraction = divmod(round(pitch * 16384), 16384)
    return bytes([0xF0, 0x7F, 0, 8, kind, *([0] if kind == 7 else []), 0, 1, key, whole, fraction >> 7, fraction & 127, 0xF7])


def test_midi_tuning_messages():
    assert decode(single(60, 60.5)) == TuneKeys((60,), (60.5,), True)
    assert decode(single(60, 60.5, 7)) == TuneKeys((60,), (60.5,), True)
    assert decode(octave([0] * 11 + [-50])) == TuneOctave(tuple(range(16)), (0.0,) * 11 + (-50.0,), True)
    assert decode(octave([0] * 12, False, (0, 0, 5))) == TuneOctave((0, 2), (0.0,) * 12, False)
    one_byte = bytes([0xF0, 0x7E, 1, 8, 8, 1, 0, 0, *[64] * 11, 0x7F, 0xF7])
    assert decode(one_byte) == TuneOctave((14,), (0.0,) * 11 + (63.0,), False)
    keys = [byte for key in range(128) for byte in ((key, 0x40, 0) if key != 5 else (0x7F, 0x7F, 0x7F))]
    dump = bytes([0xF0, 0x7E, 0, 8, 1, 0, *b"A name of sixteen"[:16], *keys, 0, 0xF7])
    found = decode(dump)
    assert isinstance(found, TuneKeys)
    assert len(dump) == 408
    assert found.keys == tuple(key for key in range(128) if key != 5)
    assert set(np.array(found.pitches) - np.array(found.keys)) == {0.5}
    assert not found.sounding
    for message, spare in ((dump, 1), (single(60, 60.5), 0), (octave([1] * 12), 0)):       # a dump's checksum is not looked at
        for cut in range(len(message) - 1 - spare):
            assert decode(message[:cut]) is None
            assert decode(message[:cut] + b"\xf7") is None
    assert decode(b"\xf0\x7e\x7f\x09\x01\xf7") is None


def test_messages_retune_notes_that_sound_without_a_click(plain):
    player = player_of(plain)
    player.performer.receive(NoteOn(0, 69, 100), 0)
    before = player.render(RATE // 2)
    player.performer.receive(decode(single(69, 70.25)), player.position)
    after = player.render(RATE // 2)
    assert abs(cents(pitch_hz(after[RATE // 4:, 0]), hz(70.25))) < 0.1
    steps = np.abs(np.diff(np.concatenate([before, after])[:, 0], 2))
    assert steps.max() < 1.6 * steps[:RATE // 4].max(), "faster as it is higher, and no jump"
    player.performer.receive(TuneKeys((69,), (69.0,), False), player.position)
    player.render(RATE // 10)
    assert abs(cents(sounding_hz(player)[0, 69], hz(70.25))) < 0.1, "not in real time: from the next note on"
    player.performer.receive(decode(octave([25] * 12)), player.position)
    player.render(RATE // 10)
    assert abs(cents(sounding_hz(player)[0, 69], hz(69.25))) < 0.1


def test_coarse_and_fine_tuning_of_a_channel(plain):
    player = player_of(plain)
    for number, value in ((101, 0), (100, 2), (6, 64 + 7), (101, 0), (100, 1), (6, 96), (38, 0)):
        player.performer.receive(Controller(3, number, value), 0)
    for channel in (0, 3):
        player.performer.receive(NoteOn(channel, 60, 100), 0)
    player.render(RATE // 10)
    heard = sounding_hz(player)
    assert abs(cents(heard[0, 60], hz(60))) < 0.01
    assert abs(cents(heard[3, 60], hz(67.5))) < 0.01
    player.performer.receive(Controller(3, 121, 0), player.position)
    player.render(RATE // 10)
    assert abs(cents(sounding_hz(player)[3, 60], hz(67.5))) < 0.01, "Reset All Controllers leaves tuning alone"


def test_which_tuning_holds(plain):
    told = []
    third, fifth = ScaleTuning("third", ("", "1", "300.")), ScaleTuning("fifth", ("", "1", "500."))
    player = player_of(plain, tuned=lambda *now: told.append(now))
    performer = player.performer

    def at(event=None, key=61):
        if event is not None:
            performer.receive(event, player.position)
        player.render(RATE // 50)
        return performer.key_pitches.table[0, key]
    assert at() == 61
    assert at(UseTuning(third)) == pytest.approx(63)
    assert at(decode(single(61, 61.5))) == 61.5
    performer.load_patch(Patch("Own", "Plain", (0.0,) * 16, tuning=fifth))
    assert at() == pytest.approx(65)
    assert at(HostTuning((tuple(np.arange(128.0) + 0.1),))) == pytest.approx(61.1)
    assert at(HostTuning(())) == pytest.approx(65)
    performer.load_patch(Patch("None", "Plain", (0.0,) * 16))
    assert at() == pytest.approx(63)
    assert at(UseTuning(None)) == 61
    assert told == [("player", "third"), ("midi", ""), ("patch", "fifth"), ("host", ""), ("patch", "fifth"), ("player", "third"), ("", "")]


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


def test_a_snapshot_and_a_log_hold_every_tuning(plain):
    tuning = ScaleTuning("third", ("", "1", "300."))
    events: list[TuningEvent] = [
        UseTuning(tuning), TuneOctave((1, 2), tuple(map(float, range(12))), True), TuneKeys((60, 61), (60.25, 61.5), False),
        HostTuning(((float("nan"), *np.arange(127.0).tolist()),)), UseTuning(None)]
    player = player_of(plain)
    for event in events[:-1]:
        assert repr(tuning_events.from_json(tuning_events.to_json(event))) == repr(event)
        player.performer.receive(event, 0)
    for number, value in ((101, 0), (100, 1), (6, 12), (38, 99)):
        player.performer.receive(Controller(5, number, value), 0)
    player.render(RATE // 10)
    captured = snapshot_check.check(snapshot.capture(player.performer))
    other = player_of(plain)
    snapshot.restore(other.performer, captured)
    for performer in (player.performer, other.performer):
        assert np.isnan(performer.key_pitches.table[0, 0])
        performer.key_pitches.hear(HostTuning(()))
        assert np.isfinite(performer.key_pitches.table[:, 50:70]).all()
    np.testing.assert_array_equal(player.performer.key_pitches.table, other.performer.key_pitches.table)
    assert "tuning" not in snapshot.capture(player_of(plain).performer), "nothing, where nothing is tuned"
    for damage in ({"by_midi": [[0.0]]}, {"fine": [1]}, {"host": 3}, {"player": {"name": "x"}}, {"else": 1}, {"coarse": [1.5] * 16}):
        with pytest.raises(snapshot.SnapshotError):
            snapshot_check.check({**captured, "tuning": damage})


@pytest.mark.parametrize(("kind", "text", "wrong"), [
    ("scl", "", "is empty"), ("scl", "name\n", "ends after line 1"), ("scl", "name\nmany\n", "line 2: “many” is not the number"),
    ("scl", "! c\nname\n2\n3/2\nwhat\n", "line 5: “what”"), ("scl", "name\n3\n3/2\n2/1\n", "line 2 says 3 notes, but there are 2"),
    ("scl", "name\n1\n-3/2\n", "line 3: “-3/2” is a ratio that is not above 0"), ("scl", "name\n1\n3/0\n", "line 3"),
    ("scl", "name\n1\n99999.0\n", "line 3: “99999.0” is more than 20 octaves"), ("scl", "name\n0\n", "line 2: 0 notes"),
    ("scl", "name\n1\n1,5\n", "line 3"), ("kbm", "12\n0\n127\n60\n69\nA\n12\n", "line 6: “A” is not a reference frequency"),
    ("kbm", "12\n0\n127\n60\n", "before the reference key"), ("kbm", "2\n0\n127\n60\n69\n440\n12\n0\ny\n", "line 9: “y” is neither"),
    ("kbm", "2\n0\n127\n60\n60\n440\n12\nx\n1\n", "line 5: the reference key, 60, is one that the map leaves out"),
    ("kbm", "0\n0\n127\n60\n60\n440\n31\n", "line 7: the octave is degree 31, but the scale has 12"),
    ("kbm", "0\n100\n20\n60\n60\n440\n12\n", "line 3: the last key, 20, is below"), ("kbm", "1\n0\n127\n60\n60\n440\n0\n0\n1\n", "line 9")])
def test_malformed_files_are_refused_with_the_line(tmp_path, kind, text, wrong):
    path = tmp_path / f"bad.{kind}"
    path.write_text(text)
    with pytest.raises(scale_tuning.ScaleError) as refused:
        of_files([path])
    assert str(refused.value).startswith(f"{path}: ")
    assert wrong in str(refused.value)


def test_files_are_read_within_limits_in_any_writing(tmp_path):
    large = tmp_path / "large.scl"
    large.write_bytes(b"!" * (1 << 20))
    with pytest.raises(scale_tuning.ScaleError, match="larger than"):
        of_files([large])
    latin = tmp_path / "latin.scl"
    latin.write_bytes("! é\r\nGamme tempérée\r\n 2\r\n\t600.0 ! half\r\n 2\r\n".encode("latin-1"))
    tuning = of_files([latin])
    assert tuning.description == "Gamme tempérée"
    assert tuning.pitches()[61] == pytest.approx(66)
    assert scale_tuning.from_json(tuning.to_json(), "here") == tuning
    with pytest.raises(scale_tuning.ScaleError, match=r"a second \.scl"):
        of_files([latin, latin])


def test_a_mapping_alone_goes_onto_the_scale_there_is(tmp_path):
    scale = of_files([scales.write(tmp_path, "7-edo")])
    (tmp_path / "map.kbm").write_text("\n".join(KBM) + "\n")
    both = of_files([tmp_path / "map.kbm"], scale)
    assert both == of_files([tmp_path / "map.kbm", tmp_path / "7-edo.scl"])
    assert both.name == "7-edo · map"
    assert of_files([tmp_path / "7-edo.scl"], both) == scale
    with pytest.raises(scale_tuning.ScaleError, match=r"map\.kbm: line 7: the octave is degree 7, but the scale has 5"):
        of_files([tmp_path / "map.kbm"], of_files([scales.write(tmp_path, "5-edo")]))


def test_mappings_mean_what_scala_says():
    """Against its definition written down once more; where the library's own reading is right, it says the same."""
    import tuning_library
    rng = np.random.default_rng(5)
    for _ in range(60):
        count = int(rng.integers(1, 20))
        notes = [*np.sort(rng.uniform(10, 1190, count - 1)), 1200.0]
        size, octave = int(rng.choice([0, count, 12, 7])), int(rng.choice([count, 0, max(count // 2, 1)]))
        degrees = [None if rng.random() < 0.2 else int(rng.integers(0, count)) for _ in range(size)]
        middle, reference, at_hz = int(rng.integers(30, 80)), int(rng.integers(30, 80)), float(rng.uniform(100, 500))
        if size and degrees[(reference - middle) % size] is None:
            continue
        keys = ["x" if degree is None else str(degree) for degree in degrees]
        scl = ("", str(count), *(f"{note:.9f}" for note in notes))
        kbm = (str(size), "0", "127", str(middle), str(reference), f"{at_hz:.9f}", str(octave), *keys)

        def interval(degree, notes=(0.0, *notes), count=count):
            return degree // count * 1200.0 + notes[degree % count]

        def place(key, size=size, degrees=degrees, octave=octave, middle=middle):
            if not size:
                return interval(key - middle)
            turn, degree = (key - middle) // size, degrees[(key - middle) % size]
            return np.nan if degree is None else turn * interval(octave or size) + interval(degree)
        wanted = np.array([69 + 12 * np.log2(at_hz / 440) + (place(key) - place(reference)) / 100 for key in range(128)])
        wanted[~((wanted >= -36) & (wanted <= 160))] = np.nan
        pitches = ScaleTuning("t", scl, kbm).pitches()
        np.testing.assert_allclose(pitches, wanted, atol=1e-6)
        if octave == count and max([0, *(degree or 0 for degree in degrees)]) <= count and not (size and reference > middle
                                                                                               and (reference - middle) % size == 0):
            tuned = tuning_library.Tuning(tuning_library.parse_scl_data("\n".join(scl)), tuning_library.parse_kbm_data("\n".join(kbm)))
            table = [12 * tuned.log_scaled_frequency_for_midi_note(key) if tuned.is_midi_note_mapped(key) else np.nan
                     for key in range(128)]
            theirs = np.where((np.array(table) >= -36) & (np.array(table) <= 160), table, np.nan)
            np.testing.assert_allclose(pitches, theirs, atol=1e-6)


def test_a_take_with_every_kind_of_tuning_is_played_again(untrained):
    """From its snapshot and its log, as they are on disk."""
    from hummingface.instrument.recording import performance_log as played
    from hummingface.instrument.recording.replay import Replay
    patch = Patch("Take", untrained.name, (0.5,) * 16, {"reverb.mix": 0.0}, tuning=ScaleTuning("half", ("", "1", "50.")))
    events: list[tuple[int, PlayerEvent]] = [
        (0, UseTuning(ScaleTuning("third", ("", "1", "300.")))), (480, NoteOn(0, 64, 90)), (4800, TuneKeys((64,), (61.25,), True)),
        (9600, HostTuning((tuple(np.arange(128.0) + 0.3),))), (9600, NoteOn(2, 50, 90)), (14400, HostTuning(())),
        (14401, Controller(2, 101, 0)), (14402, Controller(2, 100, 1)), (14403, Controller(2, 6, 90))]
    player = Player(untrained, patch, seed=3)
    captured = snapshot.capture(player.performer)
    for sample, event in events:
        player.performer.receive(event, sample)
    wanted = player.render(24_000)
    log = b"".join([played.head_line("Take", 0, True, captured), *(played.event_line(*event) for event in events),
                    played.end_line(24_000, 0)])
    again = np.concatenate(list(Replay(played.parse(log, "take"), untrained).render(24_000)))
    np.testing.assert_allclose(again, wanted, atol=1e-4)
    assert np.abs(wanted).max() > 0.001


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
    from hummingface.instrument.audio.mts_esp import MtsClient
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


def test_tuning_messages_in_a_midi_file_reach_every_part(tmp_path):
    import mido

    from hummingface.instrument.offline.parts import _divided
    from hummingface.instrument.performance.messages import score
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("sysex", data=single(60, 60.5)[1:-1]), mido.Message("sysex", data=(0x7D, 1, 2)),
                                       mido.Message("note_on", note=60, velocity=100, channel=1),
                                       mido.Message("note_on", note=60, velocity=100, channel=4, time=10)]))
    file.save(tmp_path / "tuned.mid")
    parts = _divided(score.read(tmp_path / "tuned.mid"), "channel", {})
    assert {number: [type(event).__name__ for _, event in events] for number, events in parts.items()} == {
        2: ["TuneKeys", "NoteOn"], 5: ["TuneKeys", "NoteOn"]}
