"""Modulation: every source moves its target as its law says, each voice on its own, and without routes nothing is different."""
import numpy as np
import pytest

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.parameters import LFO_BEATS, LFO_SHAPES, PARAMETERS
from hummingface.instrument.patches.patch import Corner, Patch
from hummingface.instrument.patches.routes import Route, can_be_moved
from hummingface.instrument.patches.sources import BIPOLAR, SOURCES, UNIPOLAR
from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.events import PlayerEvent, Reroute
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages.midi import Bend, Controller, KeyPressure, NoteOff, NoteOn, Pressure, Set, Tempo
from tests.performance.hearing import DRY, RATE, clicks

HOP = 256
HOP_S = HOP / RATE
RESONANCE = "filter.resonance_db"           # 0..24 dB, and heard of nothing here that measures levels
PLACES = {name: place for place, name in enumerate(SOURCES)}


class Desk:
    """A player with routes whose voices' sources and controls are read hop by hop."""

    def __init__(self, source, routes=(), events=(), **settings):
        patch = Patch("Test", source.name, (0.0,) * source.latents, {"reverb.mix": 0.0, RESONANCE: 12.0} | settings, routes=tuple(routes))
        self.player = Player(source, patch, seed=4, events=[*DRY, *events])
        self.matrix = self.player.performer.maker.modulation

    def pass_s(self, seconds):
        """Plays on; what is heard, [samples]."""
        return self.player.render(round(seconds * RATE), HOP)[:, 0].astype(float)

    def slot(self, key):
        voices = self.player.performer.voices
        return int(np.flatnonzero(voices.playing() & (voices.key == key))[0])

    def value(self, source, key=60):
        return float(self.matrix._state["values"][1 + self.slot(key), PLACES[source]])

    def control(self, target, key=60):
        return float(self.matrix._rows[self.matrix._state["row"][1 + self.slot(key)], INDEX[target]])

    def age_s(self, key=60):
        return float(self.player.performer.voices.table["age_s"][self.slot(key)])

    def track(self, source, hops, key=60):
        """(ages, values) of a source at the ends of so many hops."""
        rows = []
        for _ in range(hops):
            self.pass_s(HOP_S)
            rows.append((self.age_s(key), self.value(source, key)))
        return np.array(rows).T


def level_db(sound, hz=None, size=4096):
    """Of the whole or near a frequency, in windows of this size."""
    rows = sound[:len(sound) // size * size].reshape(-1, size)
    if hz is None:
        return 10 * np.log10((rows ** 2).mean(1) + 1e-12)
    power = np.abs(np.fft.rfft(rows * np.hanning(size))) ** 2
    place = round(hz * size / RATE)
    return 10 * np.log10(power[:, place - 4:place + 5].sum(1) + 1e-12)


NOTE = [(0, NoteOn(0, 60, 100))]
TO_RESONANCE = (Route("lfo.1", RESONANCE, 0.25),)


def _wave(shape, cycles):
    at = cycles % 1
    return {"sine": np.sin(2 * np.pi * at), "triangle": 2 / np.pi * np.arcsin(np.sin(2 * np.pi * at)), "saw": 2 * at - 1,
            "square": np.where(at < 0.5, 1.0, -1.0)}[shape]


@pytest.mark.parametrize("shape", LFO_SHAPES[:4])
def test_an_lfo_has_its_shape_rate_and_phase(plain, shape):
    desk = Desk(plain, TO_RESONANCE, NOTE, **{"lfo.1.shape": LFO_SHAPES.index(shape), "lfo.1.rate_hz": 3.0, "lfo.1.phase": 0.3})
    ages, values = desk.track("lfo.1", 120)
    expected = _wave(shape, 3.0 * ages + 0.3)
    away = np.abs(values - expected) < 1e-6
    assert away.mean() > 0.98, "but for a moment at an edge"
    assert desk.control(RESONANCE) == pytest.approx(12 + 24 * 0.25 * values[-1])


def test_an_lfo_is_heard_at_its_rate(plain):
    sound = Desk(plain, [Route("lfo.1", "master.volume_db", 0.1)], NOTE, **{"lfo.1.rate_hz": 4.0}).pass_s(4.1)
    levels = level_db(sound, size=512)[20:]
    swing = np.abs(np.fft.rfft((levels - levels.mean()) * np.hanning(len(levels))))
    assert np.argmax(swing) * RATE / 512 / len(levels) == pytest.approx(4.0, abs=0.3)
    assert np.percentile(levels, 95) - np.percentile(levels, 5) == pytest.approx(14.4, abs=1.5)


def test_draws_are_held_for_a_cycle_and_smooth_ones_pass_through_theirs(plain):
    held = Desk(plain, TO_RESONANCE, NOTE, **{"lfo.1.shape": 4, "lfo.1.rate_hz": 5.0})
    ages, values = held.track("lfo.1", 188)
    of_cycle = [values[(5 * ages).astype(int) == cycle] for cycle in range(5)]
    assert all(np.ptp(cycle[1:-1]) == 0 for cycle in of_cycle)
    assert len({cycle[2] for cycle in of_cycle}) == 5 and np.abs(values).max() <= 1
    smooth = Desk(plain, TO_RESONANCE, NOTE, **{"lfo.1.shape": 5, "lfo.1.rate_hz": 5.0})
    _, flowing = smooth.track("lfo.1", 188)
    assert np.abs(np.diff(flowing)).max() < 0.1
    begins = [np.argmin(np.abs(5 * ages - cycle)) for cycle in range(1, 5)]
    np.testing.assert_allclose([flowing[i] for i in begins], [of_cycle[cycle][2] for cycle in range(1, 5)], atol=0.02)


@pytest.mark.parametrize("scope", [0, 1])
def test_an_lfo_begins_with_each_note_or_runs_on_for_all(plain, scope):
    desk = Desk(plain, TO_RESONANCE, [*NOTE, (RATE // 3, NoteOn(0, 72, 100))], **{"lfo.1.rate_hz": 1.0, "lfo.1.scope": scope})
    desk.pass_s(0.7)
    first, second = desk.value("lfo.1", 60), desk.value("lfo.1", 72)
    if scope:
        assert first == second
    else:
        assert (first, second) == pytest.approx((_wave("sine", desk.age_s(60)), _wave("sine", desk.age_s(72))))
        assert abs(first - second) > 0.5


def test_an_lfo_fades_in_with_its_note(plain):
    desk = Desk(plain, TO_RESONANCE, NOTE, **{"lfo.1.shape": 3, "lfo.1.rate_hz": 0.1, "lfo.1.fade_s": 1.0})
    ages, values = desk.track("lfo.1", 220)
    np.testing.assert_allclose(values, np.minimum(ages, 1.0), atol=1e-9)


def test_an_lfo_follows_the_tempo(plain):
    halves = [name for name, _ in LFO_BEATS].index("1/2")
    desk = Desk(plain, TO_RESONANCE, [(0, Tempo(90.0)), *NOTE], **{"lfo.1.sync": halves, "lfo.1.rate_hz": 7.0})
    ages, values = desk.track("lfo.1", 150)
    np.testing.assert_allclose(values, _wave("sine", 0.75 * ages), atol=1e-6)


def test_an_envelope_goes_through_its_stages(plain):
    settings = {"delay_s": 0.1, "attack_s": 0.2, "hold_s": 0.1, "decay_s": 0.2, "sustain": 0.4, "release_s": 0.2, "curve": 0.0}
    desk = Desk(plain, [Route("mod_envelope.2", RESONANCE, 0.5)], [*NOTE, (RATE, NoteOff(0, 60))], **{"envelope.release": 10.0},
                **{f"mod_envelope.2.{name}": value for name, value in settings.items()})
    ages, values = desk.track("mod_envelope.2", 187)
    expected = np.interp(ages, [0.1, 0.3, 0.4, 0.6], [0.0, 1.0, 1.0, 0.4])
    np.testing.assert_allclose(values, expected, atol=1e-6)
    begun, _ = desk.track("mod_envelope.2", 1)
    ages, values = desk.track("mod_envelope.2", 38)
    np.testing.assert_allclose(values, np.maximum(0.4 * (1 - (ages - begun[0] + HOP_S) / 0.2), 0), atol=0.06)
    assert values[-1] == 0


def test_an_envelope_may_begin_at_its_top_and_curves_bend_it(plain):
    routes = [Route("mod_envelope.1", RESONANCE, 0.5)]
    quick, straight, slow = (Desk(plain, routes, NOTE, **{"mod_envelope.1.decay_s": 0.5, "mod_envelope.1.sustain": 0.0,
                                                          "mod_envelope.1.curve": curve}) for curve in (0.8, 0.0, -0.8))
    tracks = [desk.track("mod_envelope.1", 40)[1] for desk in (quick, straight, slow)]
    assert all(track[0] > 0.9 for track in tracks[1:]), "no attack: the top at once"
    assert (tracks[0][5:] < tracks[1][5:]).all() and (tracks[1][5:] < tracks[2][5:]).all()


def test_sources_say_what_the_hand_does(plain):
    routes = [Route("velocity", RESONANCE, 0.1)]
    hand = [(0, NoteOn(2, 72, 64)), (1, NoteOn(2, 48, 127)), (9, Bend(2, -0.5)), (9, Controller(2, 1, 127)), (9, Pressure(2, 0.25)),
            (9, KeyPressure(2, 72, 0.5)), (9, Controller(2, 64, 127)), (9, Set("macro.3", 0.8))]
    desk = Desk(plain, routes, hand)
    desk.player.performer.channels.slide[2] = 1.0               # as a member of a zone has it; the next message takes it to its line
    desk.pass_s(0.4)
    wanted = {"velocity": 64 / 127, "key": 0.2, "bend": -0.5, "wheel": 1.0, "pressure": 0.75, "pedal": 1.0, "macro.3": 0.8, "macro.4": 0.0,
              "slide": 1.0, "release_velocity": 0.0}
    assert {name: desk.value(name, 72) for name in wanted} == pytest.approx(wanted, abs=1e-3)
    assert desk.value("pressure", 48) == pytest.approx(0.25, abs=1e-3)
    assert desk.value("alternate", 72) == -desk.value("alternate", 48)
    assert desk.value("random", 72) != desk.value("random", 48)
    assert max(abs(desk.value("random", key)) for key in (48, 72)) <= 1
    player = desk.player
    player.performer.receive(NoteOff(2, 72, velocity=127), player.position)
    player.performer.receive(Controller(2, 64, 0), player.position)
    desk.pass_s(0.02)
    assert desk.value("release_velocity", 72) == 1.0


@pytest.mark.parametrize(("route", "velocity", "moved"), [
    (Route("velocity", RESONANCE, 0.5), 127, 0.5), (Route("velocity", RESONANCE, 0.5, BIPOLAR), 127, 0.5),
    (Route("velocity", RESONANCE, -0.5, BIPOLAR), 1, 0.5 * (1 - 2 / 127)), (Route("velocity", RESONANCE, -0.25), 127, -0.25),
    (Route("velocity", RESONANCE, 0.5, curve=1.0), 64, 0.5 * (64 / 127) ** 4),
    (Route("velocity", RESONANCE, 0.5, curve=-0.5), 64, 0.5 * (64 / 127) ** 0.5),
    (Route("velocity", RESONANCE, 0.4, scale="macro.1"), 127, 0.4 * 0.25), (Route("velocity", RESONANCE, 0.4, scale="key"), 127, 0.2),
    (Route("key", RESONANCE, 0.4, UNIPOLAR), 127, 0.2), (Route("velocity", RESONANCE, 1.0), 127, 0.5)])
def test_polarity_curve_and_scale_have_their_laws(plain, route, velocity, moved):
    desk = Desk(plain, [route], [(0, NoteOn(0, 60, velocity))], **{"macro.1": 0.25})
    desk.pass_s(0.05)
    assert desk.control(RESONANCE) == pytest.approx(12 + 24 * moved, abs=1e-6)


def test_logarithmic_controls_move_by_ratios_and_routes_to_one_target_add_up(plain):
    routes = [Route("velocity", "filter.cutoff_hz", -0.2), Route("macro.1", "filter.cutoff_hz", -0.1), Route("velocity", "morph.x", 1.0)]
    desk = Desk(plain, routes, [(0, NoteOn(0, 60, 127))], **{"filter.cutoff_hz": 8000.0, "macro.1": 1.0})
    desk.pass_s(0.1)
    assert desk.control("filter.cutoff_hz") == pytest.approx(8000 * 1000 ** -0.3)
    assert desk.control("morph.x") == 1.0, "at the end of its range"


def test_a_route_moves_the_depth_of_another_and_the_rate_of_its_source(plain):
    routes = [Route("velocity", RESONANCE, 0.1), Route("macro.1", "route.1.depth", 0.05), Route("macro.1", "lfo.2.rate_hz", 0.5),
              Route("lfo.2", "filter.cutoff_hz", 0.1), Route("velocity", "route.2.depth", 0.25)]
    desk = Desk(plain, routes, [(0, NoteOn(0, 60, 127))], **{"macro.1": 1.0, "lfo.2.rate_hz": 1.0, "lfo.2.shape": 2})
    ages, values = desk.track("lfo.2", 60)
    assert desk.control(RESONANCE) == pytest.approx(12 + 24 * 0.4)
    rate_hz = 4000 ** 0.5
    steps = np.diff(values) / np.diff(ages) / 2
    assert np.median(steps[steps > 0]) == pytest.approx(min(rate_hz, 40.0), rel=0.01)


def test_a_latent_that_a_voice_moves_moves_that_voice_alone(plain):
    """Latent 1 of the plain model is worth 6 dB. Two notes a second apart, each with a square of its own, of two seconds."""
    low, high = 220.0, 987.8
    events = [(0, NoteOn(0, 57, 100)), (RATE, NoteOn(0, 83, 100))]
    settings = {"lfo.1.shape": 3, "lfo.1.rate_hz": 0.5}
    moved, still = (Desk(plain, routes, events, **settings).pass_s(3.0) for routes in ([Route("lfo.1", "latent.1", 0.25)], []))
    both = slice(round(2.4 * RATE), round(2.9 * RATE))
    first, second = (level_db(moved[both], hz).mean() - level_db(still[both], hz).mean() for hz in (low, high))
    assert first == pytest.approx(9.0, abs=1.0), "its third second is up again"
    assert second == pytest.approx(-9.0, abs=1.5), "while that of the later note is down"


def test_morph_and_likeness_and_latents_without_knobs_are_each_voices_own(plain):
    corners = tuple(Corner(str(i), (z, *[0.0] * 15)) for i, z in enumerate((-1.0, 1.0, -1.0, 1.0)))
    patch = Patch("Test", plain.name, (0.0,) * 16, {"reverb.mix": 0.0, "morph.amount": 1.0}, morph=corners,
                  routes=(Route("key", "morph.x", 1.0),))
    player = Player(plain, patch, events=[*DRY, (0, NoteOn(0, 40, 100)), (0, NoteOn(0, 100, 100))])
    player.render(RATE // 2, HOP)
    voices = player.performer.voices
    own = {int(voices.key[slot]): plain._goals._own[slot, 0] for slot in np.flatnonzero(voices.playing())}
    assert own == pytest.approx({40: 2 * (0.5 - 20 / 60) - 1, 100: 1.0}, abs=1e-3)


def test_a_moved_pitch_is_heard_at_once_and_follows_far_moves(plain):
    for depth, semitones in ((0.25, 12), (1 / 48 / 2, 0.5)):
        sound = Desk(plain, [Route("velocity", "master.transpose", depth)], [(0, NoteOn(0, 57, 127))]).pass_s(1.0)[RATE // 2:]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        assert np.argmax(spectrum) * RATE / len(sound) == pytest.approx(220 * 2 ** (semitones / 12), abs=2)


def test_what_all_voices_share_follows_the_newest(plain):
    desk = Desk(plain, [Route("wheel", "delay.mix", 0.5), Route("velocity", "drive.amount", 0.5)],
                [(0, Controller(0, 1, 127)), (0, NoteOn(0, 60, 127)), (RATE // 2, NoteOn(0, 64, 1))])
    desk.pass_s(0.4)
    assert desk.matrix.shared[INDEX["delay.mix"]] == pytest.approx(0.5, abs=1e-3)
    assert desk.matrix.shared[INDEX["drive.amount"]] == pytest.approx(0.5, abs=1e-3)
    desk.pass_s(0.2)
    assert desk.matrix.shared[INDEX["drive.amount"]] == pytest.approx(0.5 / 127, abs=1e-3)


def test_without_routes_and_with_routes_of_no_depth_it_sounds_as_before(untrained):
    events = [(i * 5000, NoteOn(0, 45 + 5 * i, 60 + 8 * i)) for i in range(5)] + [(30000, NoteOff(0, 50)), (35000, Controller(0, 1, 99))]
    plain, gone, idle = (Desk(untrained, routes, [*more, *events]).pass_s(1.0) for routes, more in (
        ([], []), (TO_RESONANCE, [(0, Reroute(()))]), ([Route("lfo.1", "filter.cutoff_hz", 0.0)], [])))
    np.testing.assert_array_equal(plain, gone)
    np.testing.assert_allclose(plain, idle, atol=1e-6)
    assert np.abs(plain).max() > 0.01


MANY = [Route("lfo.1", "latent.2", 0.2), Route("lfo.2", "filter.cutoff_hz", 0.3, scale="wheel"), Route("random", "latent.1", 0.4),
        Route("mod_envelope.1", "character.stretch", 0.3), Route("lfo.3", "master.tune_cents", 0.2), Route("velocity", "morph.amount", 0.5),
        Route("macro.1", "lfo.1.rate_hz", 0.3), Route("alternate", "master.width", 0.5), Route("lfo.2", "route.1.depth", 0.5),
        Route("lfo.3", "reverb.mix", 0.2), Route("key", "envelope.attack_s", 0.2), Route("lfo.1", "characteristic.odd", 0.4)]


def test_blocks_of_any_size_give_the_same_samples(untrained):
    events: list[tuple[int, PlayerEvent]] = [(i * 3001, NoteOn(0, 45 + 3 * i, 60 + 8 * i)) for i in range(6)]
    events += [(20011, Controller(0, 1, 99)), (30011, NoteOff(0, 48))]
    patch = Patch("Test", untrained.name, (0.3,) * untrained.latents, {"lfo.2.scope": 1, "lfo.1.shape": 5}, routes=tuple(MANY))
    source = FrameSource(untrained.model)               # which remembers nothing of the player before
    small, large = (Player(source, patch, seed=1, events=events).render(RATE, block) for block in (64, 333))
    np.testing.assert_array_equal(small, large)


def test_routes_that_come_and_go_while_notes_sound_do_not_click(plain):
    events = [(0, NoteOn(0, 57, 100)), (RATE // 2, Reroute((Route("macro.1", "latent.1", 0.2), Route("lfo.1", "filter.cutoff_hz", 0.1)))),
              (RATE // 2 + 9000, Reroute(())), (RATE + 9000, Reroute(tuple(MANY)))]
    sound = Desk(plain, [], events, **{"macro.1": 0.5, "filter.cutoff_hz": 3000.0}).pass_s(2.0)
    assert clicks(sound, RATE // 2 - 2000, 2 * RATE - 2000) < 2e-3


def test_random_patches_with_random_routes_stay_finite_and_bounded(untrained):
    random = np.random.default_rng(11)
    targets = [name for name in (*PARAMETERS, "latent.20", "route.2.depth") if can_be_moved(name)]
    for number in range(12):
        sound = render_random(untrained, random, targets)
        assert np.isfinite(sound).all() and np.abs(sound).max() <= 1.0, number


def render_random(source, random, targets, seconds=0.4, *, routed=True, kept=()):
    """A chord of a patch whose controls and 32 routes are drawn, but for the groups that are `kept`, or of the same patch without its
    routes; float [samples, 2]."""
    moved = {name: PARAMETERS[name].from_travel(random.uniform()) for name in PARAMETERS}
    moved |= {name: p.default for name, p in PARAMETERS.items() if p.group in kept}
    routes = tuple(Route(str(random.choice(list(SOURCES))), str(random.choice(targets)), float(random.uniform(-1, 1)),
                         str(random.choice(["", UNIPOLAR, BIPOLAR])), float(random.uniform(-1, 1)),
                         str(random.choice(["", *SOURCES]))) for _ in range(32))
    patch = Patch("Random", source.name, tuple(random.uniform(-3, 3, source.latents)), moved, routes=routes if routed else ())
    events: list[tuple[int, PlayerEvent]] = [
        (i * 700, NoteOn(0, int(random.integers(21, 109)), int(random.integers(1, 128)))) for i in range(5)]
    events += [(9000, Controller(0, 1, 100)), (12000, Pressure(0, 0.8)), (12500, Bend(0, 0.7))]
    return Player(source, patch, seed=3, events=events).render(round(seconds * RATE), HOP)
