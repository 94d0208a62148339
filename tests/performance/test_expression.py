"""What a player does to each note by itself."""
from hummingface.instrument.offline.player import Player
from hummingface.instrument.performance import snapshot, snapshot_check
from hummingface.instrument.performance.controls import AT_REST, BEND, LEVEL_DB, SLIDE
from hummingface.instrument.performance.messages.midi import NoteOff, NoteOn
from tests.performance.hearing import DRY, RATE, cents, pitch_hz


def test_a_voice_sounds_as_its_line_says(plain):
    """Of two voices of one channel, one listens to a line of its own."""
    player = Player(plain, events=[*DRY, (0, NoteOn(0, 57, 100))])
    player.render(RATE // 8)
    performer = player.performer
    slot = int(performer.voices.playing().argmax())
    performer.voices.table["line"][slot] = line = 16 + slot
    performer.controls.set_line(line, (3.0, *AT_REST[1:]))
    performer.controls.set_line(0, (-5.0, *AT_REST[1:]))
    assert abs(cents(pitch_hz(player.render(RATE)[RATE // 4:, 0]), 440 * 2 ** (-9 / 12))) < 0.1
    performer.controls.set_line(0, (0.0, 0.0, 0.0, -40.0, *AT_REST[LEVEL_DB + 1:]))
    assert abs(player.render(RATE // 2)).max() > 0.01


def test_the_performer_keeps_release_velocities(plain):
    player = Player(plain, events=[*DRY, (0, NoteOn(2, 57, 100)), (RATE // 8, NoteOff(2, 57, velocity=127))])
    player.render(RATE // 4)
    table = player.performer.voices.table
    assert table["release_velocity"][table["key"] == 57].tolist() == [1.0]


def test_a_snapshot_of_before_has_its_slides_at_rest(plain):
    player = Player(plain)
    player.performer.controls.set_line(1, (2.0, *AT_REST[BEND + 1:]))
    captured = snapshot.capture(player.performer)
    assert captured["channels"][4][SLIDE] == AT_REST[SLIDE] == 0.5
    old = {**captured, "channels": [row[:5] for row in captured["channels"]]}
    assert snapshot_check.check(old)["channels"] == captured["channels"]
