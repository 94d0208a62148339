"""STFT models at the keyboard: in tune, held, released, bent, and never a break or a click."""
import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from hummingface.instrument.offline.player import Player, play_events
from hummingface.instrument.patches.parameters import ON_WHOLE_NOTES
from hummingface.instrument.performance.messages.midi import Bend, Controller, Event, NoteOff, NoteOn, Set
from hummingface.instrument.performance.sample_source import MAKING_HOPS, SampleSource
from hummingface.instrument.performance.sound_bank import source_of
from hummingface.instrument.synthesis.render import render
from hummingface.instrument.synthesis.samples import BUFFERS, CROSS_S
from hummingface.models.playing.untrained import untrained_notes

RATE = 48000
DRY = [(0, Set("reverb.mix", 0.0)), (0, Set("master.width", 0.0))]


@pytest.fixture(scope="module")
def one_key():
    """Knows middle C alone."""
    return source_of(untrained_notes(60, 60))


@pytest.fixture(scope="module")
def keys():
    """Knows three octaves, as a conditional model does."""
    return source_of(untrained_notes(48, 84, seed=1))


def play(events, source, seconds, **options):
    return play_events(DRY + events, source, seconds=seconds, **options)[:, 0]


def strongest_hz(sound, rate_hz=RATE):
    """Frequency of the strongest partial, by its phase in two halves."""
    n = len(sound) // 2
    window = np.hanning(n)
    a, b = np.fft.rfft(sound[:n] * window), np.fft.rfft(sound[n:2 * n] * window)
    peak = int(np.argmax(np.abs(a)))
    turn = np.angle(b[peak] / a[peak])
    return (peak + turn / (2 * np.pi) - round(turn / (2 * np.pi))) * rate_hz / n


def off_key_cents(sound, f0_hz, rate_hz=RATE):
    hz = strongest_hz(sound, rate_hz)
    return 1200 * np.log2(hz / (max(round(hz / f0_hz), 1) * f0_hz))


def hiss(sound, begin, end, hz=9000, rate_hz=RATE):
    """The loudest of what lies above all partials between two samples, relative to the whole's peak: a click is there, a note is not."""
    high = sosfilt(butter(10, hz, "high", fs=rate_hz, output="sos"), sound)
    return np.abs(high[begin:end]).max() / np.abs(sound).max()


def level(sound, at_s, length_s=0.2):
    part = sound[round(at_s * RATE):round((at_s + length_s) * RATE)]
    return 20 * np.log10(np.sqrt((part ** 2).mean()) + 1e-9)


@pytest.mark.parametrize("which", ["one_key", "keys"])
def test_every_key_is_in_tune(which, request):
    source = request.getfixturevalue(which)
    player = Player(source, rate_hz=RATE, events=DRY)
    for key in range(21, 109):
        now = player.position
        player.performer.receive(NoteOn(0, key, 100), now)
        sound = player.render(round(0.4 * RATE), 512)[:, 0]
        player.performer.receive(Controller(0, 120, 0), player.position)
        player.render(round(0.05 * RATE), 512)
        assert np.abs(sound).max() > 0.01, key
        assert abs(off_key_cents(sound[RATE // 20:], 440 * 2 ** ((key - 69) / 12))) < 5, key


def test_what_is_out_of_tune_in_the_network_is_in_tune_at_the_keys():
    """A note that comes out 30 cents sharp, as a network may make it, is read so much slower."""
    from hummingface.models.playing import stft
    from hummingface.models.playing.whole_note import made
    plain = made(untrained_notes().spectrum(np.zeros(16), 60), 60)
    at = np.arange(stft.SAMPLES - 2000) * 2 ** (30 / 1200)
    sharp = np.interp(at[at < stft.SAMPLES - 1], np.arange(stft.SAMPLES), plain.sound)
    assert abs(1200 * np.log2(plain.root_hz / 261.6256)) < 0.5
    assert abs(1200 * np.log2(made(stft.spectrum(sharp), 60).root_hz / 261.6256) - 30) < 0.5


@pytest.mark.parametrize("sway_hz", [2, 5, 10, 20])
@pytest.mark.parametrize("near_hz", [65.4, 78.27, 130.8, 261.6])
def test_a_sound_without_a_period_near_its_key_stays_near_it(sway_hz, near_hz):
    """As a network's first notes are: what only falls within reach has no top there."""
    from hummingface.models.playing.whole_note import OFF_KEY_CENTS, measured_hz
    hz = measured_hz(np.sin(2 * np.pi * sway_hz * np.arange(16_000) / 16_000), near_hz)
    assert abs(1200 * np.log2(hz / near_hz)) <= OFF_KEY_CENTS + 1e-6


def gliding(cents_at, partials=(1, 2, 3, 4, 5), seconds=4.0):
    """The spectrum of a C4 that is off by `cents_at` (t)."""
    from hummingface.models.playing import stft
    t = np.arange(round(seconds * stft.RATE_HZ)) / stft.RATE_HZ
    turns = np.cumsum(261.6256 * 2 ** (cents_at(t) / 1200)) / stft.RATE_HZ
    return stft.spectrum(sum(np.sin(2 * np.pi * k * turns) / k for k in partials))


def test_a_note_that_drifts_is_in_tune_at_every_moment():
    """20 cents sharp to 25 flat: the lowest key plays its begin, the highest its loop, the middle all of it, and none is off."""
    from hummingface.models.playing.whole_note import made, off_key_cents
    from tests.tracker import cents_off
    note = made(gliding(lambda t: 20 - 15 * t), 60)
    assert off_key_cents(note, ((0.02, 0.13), (0.2, 1.2), (1.2, 2.8))) < 2
    model = untrained_notes()
    model.note = lambda z, key, bins=128: made(gliding(lambda t: 20 - 15 * t), 60, bins)
    for key in (21, 48, 60, 72, 108):
        sound = play([(0, NoteOn(0, key, 100))], source_of(model), 1.2)[RATE // 5:]
        assert abs(cents_off(sound.astype(np.float64), 440 * 2 ** ((key - 69) / 12))) < 2, key
    plain = np.ones_like(note.tuning)
    note.tuning = plain                                             # what the test would hear if nobody looked after it
    assert off_key_cents(note, ((0.02, 0.13), (0.2, 1.2), (1.2, 2.8))) > 10


def test_what_has_no_pitch_is_told_from_what_has():
    from hummingface.models.playing import stft
    from hummingface.models.playing.whole_note import made, off_key_cents
    stretches = ((0.1, 0.4), (0.2, 1.2), (1.2, 2.8))
    assert off_key_cents(made(gliding(lambda t: 0 * t), 60), stretches) < 0.5
    noise = np.random.default_rng(0).standard_normal(stft.SAMPLES)
    assert off_key_cents(made(stft.spectrum(noise), 60), stretches) == float("inf")
    t = np.arange(stft.SAMPLES) / stft.RATE_HZ
    bell = np.sum([np.sin(2 * np.pi * 261.6256 * k * t) for k in (1, 2.13, 3.31)], 0)     # as loud as each other, and of no common period
    assert off_key_cents(made(stft.spectrum(bell), 60), stretches) == float("inf")


def test_a_note_that_dies_at_once_is_not_looped_nor_its_hiss_raised():
    from hummingface.models.playing import stft
    from hummingface.models.playing.whole_note import LOUDEST, made
    t = np.arange(stft.SAMPLES) / stft.RATE_HZ
    hiss = 1e-3 * np.random.default_rng(0).standard_normal(stft.SAMPLES)
    note = made(stft.spectrum(np.sin(2 * np.pi * 261.6256 * t) * 10 ** (-120 * t / 20) + hiss), 60)
    assert note.loop_begin == note.loop_end and np.abs(note.sound).max() <= LOUDEST + 1e-3
    assert np.abs(note.sound[2 * stft.RATE_HZ:]).max() < 0.02 * np.abs(note.sound).max()
    held = made(stft.spectrum(np.sin(2 * np.pi * 261.6256 * t)), 60)
    assert held.loop_end > held.loop_begin


def test_a_rumble_under_the_note_is_not_raised_by_high_keys():
    from hummingface.models.playing import stft
    from hummingface.models.playing.whole_note import made
    t = np.arange(stft.SAMPLES) / stft.RATE_HZ
    low, tone = np.sin(2 * np.pi * 20 * t), np.sin(2 * np.pi * 261.6256 * t)
    power = lambda x, hz: np.abs(np.fft.rfft(x[16_000:32_000] * np.hanning(16_000))[hz - 3:hz + 4]).max()           # noqa: E731
    sound = made(stft.spectrum(low + tone), 60).sound
    assert 20 * np.log10(power(sound, 20) / power(sound, 262)) < -40


@pytest.mark.parametrize("rate_hz", [44100, 96000])
def test_other_rates(keys, rate_hz):
    for key in (36, 67, 100):
        sound = play_events([*DRY, (0, NoteOn(0, key, 100))], keys, rate_hz=rate_hz, seconds=0.6)[:, 0]
        assert abs(off_key_cents(sound[rate_hz // 10:], 440 * 2 ** ((key - 69) / 12), rate_hz)) < 5


def test_nothing_folds_down(one_key):
    """The highest key of a model of middle C reads its note 16 times as fast: bins that would lie beyond hearing are left out."""
    sound = play([(0, NoteOn(0, 108, 100))], one_key, 0.6)[RATE // 10:]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    f0_hz = 440 * 2 ** ((108 - 69) / 12)
    between = np.abs(hz / f0_hz - np.round(hz / f0_hz)) > 0.2
    assert 20 * np.log10(spectrum[between & (hz < 3000)].max() / spectrum.max()) < -50


def test_block_sizes_change_nothing(keys):
    events = [(100, NoteOn(0, 60, 100)), (5000, Set("latent.1", 2.0)), (9000, NoteOn(0, 67, 80)), (20000, Bend(0, 0.7)),
              (24000, NoteOff(0, 60)), (26000, Set("filter.cutoff_hz", 900.0))]
    sounds = [play(events, source_of(untrained_notes(48, 84, seed=1)), 0.8, block_samples=size) for size in (64, 441, 2048)]
    assert np.abs(sounds[0]).max() > 0.01
    for other in sounds[1:]:
        assert np.abs(other - sounds[0]).max() < 1e-5


def test_a_held_note_sounds_on_and_a_released_one_ends(one_key):
    sound = play([(0, NoteOn(0, 60, 100)), (9 * RATE, NoteOff(0, 60))], one_key, 14)
    levels = [level(sound, at) for at in np.arange(0.5, 9, 0.25)]
    assert max(levels) - min(levels) < 3
    assert level(sound, 13.5) < levels[0] - 60
    assert hiss(sound, RATE, 9 * RATE) < 1e-3                      # no seam where it loops
    assert abs(off_key_cents(sound[5 * RATE:6 * RATE], 261.6256)) < 5


def test_a_falling_note_goes_on_falling():
    from hummingface.models.playing.whole_note import made
    model = untrained_notes()
    fall = 10 ** (-12 * np.arange(128) / 32 / 20)                  # 12 dB a second
    note = made((model.spectrum(np.zeros(16), 60) * fall).astype(np.complex64), 60)
    assert note.loop_end > note.loop_begin and abs(note.fall_db_s - 12) < 1.5
    begin, end = int(note.loop_begin), int(note.loop_end)
    power = (note.sound[begin:end].reshape(-1, (end - begin) // 4)[:4] ** 2).mean(1) if (end - begin) % 4 == 0 else (
        note.sound[begin:begin + (end - begin) // 4 * 4].reshape(4, -1) ** 2).mean(1)
    assert 10 * np.log10(power.max() / power.min()) < 2            # level in its loop: the player lets it fall
    sample = model.note
    model.note = lambda z, key, bins=128: note
    try:
        sound = play([(0, NoteOn(0, 60, 100))], source_of(model), 6)
    finally:
        model.note = sample
    assert abs(level(sound, 0.5) - level(sound, 5.5) - 60) < 8


def test_a_bend_is_exact(one_key):
    sound = play([(0, NoteOn(0, 60, 100)), (RATE, Bend(0, 1.0))], one_key, 2)
    assert abs(off_key_cents(sound[RATE // 4:RATE], 261.6256)) < 5
    assert abs(off_key_cents(sound[RATE + 2000:], 261.6256 * 2 ** (2 / 12))) < 5
    assert hiss(sound, RATE // 2, 2 * RATE) < 1e-3


def test_latents_move_inside_a_sounding_note_without_a_click(keys):
    events = [(0, NoteOn(0, 60, 100))] + [(RATE // 2 + i * 2400, Set("latent.1", i / 5)) for i in range(16)]
    sound, still = play(events, keys, 2), play(events[:1], keys, 2)
    assert np.abs(sound - still)[:RATE // 2].max() < 1e-6
    assert np.abs(sound - still)[RATE:].max() > 0.1 * np.abs(still).max()
    assert hiss(sound, RATE // 4, 2 * RATE) < 2e-3
    there = play([(0, Set("latent.1", 3.0)), (0, NoteOn(0, 60, 100))], keys, 2)
    a, b = (np.abs(np.fft.rfft(x[round(1.6 * RATE):] * np.hanning(len(x[round(1.6 * RATE):])))) for x in (sound, there))
    assert np.corrcoef(a, b)[0, 1] > 0.98                          # it has arrived


def test_one_hop_never_makes_a_whole_note_of_a_sounding_voice(keys):
    """Making is spread over hops: what moves a latent under 16 voices does not hold any hop up."""
    player = Player(keys, rate_hz=RATE, events=DRY + [(0, NoteOn(0, 50 + i, 100)) for i in range(16)])
    player.render(RATE // 4, 256)
    player.performer.receive(Set("latent.2", 2.0), player.position)
    asked, note = [], keys.model.note
    keys.model.note = lambda *a, **k: asked.append(1) or note(*a, **k)
    try:
        player.render(RATE, 256)
    finally:
        del keys.model.note
    assert not asked
    owners = [player.performer.maker.pool.owner[n] for n in player.performer.voices.table["note"] if n]
    moved = sum(owner[0] == keys.z.tobytes() for owner in owners)
    assert moved >= 187 // (MAKING_HOPS + 1) - 3                     # in turns


def test_a_note_made_while_16_others_sound_leaves_no_break(keys):
    """The performer is away for as long as a slow machine takes to make a note: the audio thread goes on with what it has."""
    chord: list[tuple[int, Event]] = [(0, Set("master.volume_db", -20.0)), *((0, NoteOn(0, 50 + i, 100)) for i in range(16))]
    player = Player(source_of(untrained_notes(48, 84, seed=1)), rate_hz=RATE, events=[*DRY, *chord])
    before = player.render(RATE // 2, 256)
    late = np.empty((round(0.06 * RATE), 2), np.float32)
    for begin in range(0, len(late), 256):                          # 60 ms without a hop
        render(player.state, late[begin:begin + 256])
    until = player.position
    player.performer.receive(NoteOn(0, 84, 100), until)
    sound = np.concatenate([before, late, player.render(RATE // 2, 256)])[:, 0]
    assert int(player.state["held_quarters"][0]) > 30 and int(player.state["faults"][0]) == 0
    steady = play(chord, source_of(untrained_notes(48, 84, seed=1)), len(sound) / RATE)
    assert np.abs(steady).max() > 0.02 and np.abs(sound[:until] - steady[:until]).max() < 1e-4       # exactly what would have sounded
    alone = play([(0, Set("master.volume_db", -20.0)), (0, NoteOn(0, 84, 100))], source_of(untrained_notes(48, 84, seed=1)), 0.5)
    new = sound[until:] - steady[until:]
    lags = np.correlate(new[1200:12000], alone[2400:9600], "valid")            # it began a little late, to the sample
    begun = 1200 + int(np.argmax(lags)) - 2400
    assert 0 <= begun < 2400
    assert np.abs(new[begun + 2400:begun + 9600] - alone[2400:9600]).max() < 0.05 * np.abs(alone).max()


def test_a_voice_that_is_released_gives_its_buffer_back(keys):
    player = Player(source_of(untrained_notes(48, 84, seed=1)), rate_hz=RATE, events=DRY)
    for i in range(BUFFERS + 10):                                   # more notes than there are buffers
        player.performer.receive(Set("latent.1", (i % 50) / 20), player.position)
        player.performer.receive(NoteOn(0, 48 + i % 37, 100), player.position + 10)
        player.performer.receive(NoteOff(0, 48 + i % 37), player.position + 300)
        player.render(512, 512)
    assert player.performer.notes.lost == 0
    assert np.abs(player.render(4800, 512)).max() > 1e-3


def test_likely_keys_are_made_ahead(keys):
    source = source_of(untrained_notes(48, 84, seed=1))
    player = Player(source, rate_hz=RATE, events=[*DRY, (0, NoteOn(0, 60, 100))])
    player.render(4800, 256)
    for _ in range(60):
        player.performer.idle()
    assert isinstance(source, SampleSource)
    assert {61, 59, 62, 58} <= {what[1] for what in source._made}
    asked, note = [], source.model.note
    source.model.note = lambda *a, **k: asked.append(1) or note(*a, **k)
    player.performer.receive(NoteOn(0, 61, 100), player.position)
    player.render(4800, 256)
    assert not asked                                                # it was there


def test_velocity_and_the_filter_are_heard(one_key):
    loud, soft = (play([(0, NoteOn(0, 60, v))], one_key, 0.6) for v in (100, 50))
    assert abs(level(loud, 0.2) - level(soft, 0.2) - 40 * np.log10(2)) < 0.1
    dark = play([(0, Set("filter.cutoff_hz", 400.0)), (0, NoteOn(0, 60, 100))], one_key, 0.6)
    power = lambda x, low, high: np.abs(np.fft.rfft(x[RATE // 10:]))[round(low / 2):round(high / 2)].max()      # noqa: E731
    assert 20 * np.log10(power(dark, 1500, 1900) / power(loud, 1500, 1900)) < -30
    assert abs(20 * np.log10(power(dark, 100, 280) / power(loud, 100, 280))) < 3


def test_cross_fades_end_before_the_next_begins():
    assert CROSS_S * 187.5 < MAKING_HOPS + 2


@pytest.mark.parametrize("knob", ON_WHOLE_NOTES)
def test_the_knobs_that_are_shown_for_whole_notes_do_something(keys, knob):
    low, plain, high = (play([(0, Set(knob, value)), (RATE // 10, NoteOn(0, 60, 100))], keys, 1.3) for value in (-3.0, 0.0, 3.0))
    begun, late = slice(RATE // 10, RATE // 5), slice(RATE, RATE * 13 // 10)
    level = lambda sound, where: 10 * np.log10(np.mean(sound[where].astype(float) ** 2) + 1e-12)          # noqa: E731
    if knob == "characteristic.attack":
        assert level(high, begun) < level(plain, begun) - 6 and level(low, begun) > level(plain, begun) + 1
    elif knob == "characteristic.decay":
        assert level(high, late) < level(plain, late) - 10
    else:
        apart = [np.abs(high - plain)[where].max() / np.abs(plain)[where].max() for where in (slice(RATE // 6), late)]
        assert apart[0] < 1e-3 and apart[1] > 0.5                       # it fades in, and reads the note faster and slower
