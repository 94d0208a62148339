"""Every factory patch is loaded and played: audible, in tune, in level, of the model that is there; and the demo."""
from functools import cache

import mido
import numpy as np
import pytest

from hummingface.assets.demo.compose import compose
from hummingface.instrument.offline import levelling
from hummingface.instrument.patches import library
from hummingface.instrument.patches import patch as patch_file
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.instrument.performance import sound_bank
from hummingface.instrument.performance.frame_source import FrameSource
from hummingface.instrument.performance.messages import midi, score
from hummingface.instrument.performance.messages.midi import Bend, Controller, NoteOff, NoteOn, Program
from hummingface.models.playing.stft_model import StftModel

FACTORY = [entry for entry in library.patches() if entry.factory]
FAMILIES = {"piano", "mallet", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe", "synth", "plucked",
            "morph"}
MODELS = library.models()
needs_model = pytest.mark.skipif(not MODELS, reason="the factory model is not in assets/models")


SEED = [entry for entry in FACTORY if "seed" in entry.tags]               # of models of whole notes
FACTORY = [entry for entry in FACTORY if entry not in SEED]


@cache
def source_of(model: str) -> FrameSource:
    return FrameSource(library.load_model(model))


@pytest.mark.parametrize("said", [[60, 60], [48, 84], "x"])
def test_what_a_card_says_of_its_keys_is_not_believed(said):
    """The sizes of the network tell how many keys it knows."""
    from hummingface.models.playing.untrained import untrained_notes
    model = untrained_notes(55, 55)
    model.card["pitches"] = said
    assert "one key alone, MIDI 55" in sound_bank.notice(sound_bank.open_sound(patch_file.Patch("P", model.name, (0.0,) * 16), model))


@pytest.mark.parametrize("entry", SEED, ids=lambda entry: entry.path.stem)
def test_a_patch_of_whole_notes_plays(entry):
    sound = sound_bank.open_sound(patch_file.load(entry.path))
    assert isinstance(sound.source.model, StftModel)
    assert sound.patch.model == sound.source.model.name and len(sound.patch.latents) == sound.source.latents
    assert ("one key alone" in sound_bank.notice(sound)) == (sound.source.model.shape.keys == 1)
    made = levelling.play_note(sound.patch, sound.source, 64)
    assert np.isfinite(made).all() and -30 < 20 * np.log10(np.abs(made).max()) < -3
    assert levelling.momentary_lufs(made) == pytest.approx(levelling.TARGET_LUFS, abs=8)


def test_each_kind_of_whole_notes_has_a_patch():
    assert len({patch_file.load(entry.path).model for entry in SEED}) >= 3


def test_all_families_are_there():
    tags = {tag for entry in FACTORY for tag in entry.tags}
    assert tags >= FAMILIES


def test_the_first_patches_show_the_breadth():
    """What a player sees first are ten families, and a good part of them moves, is wide, or stands in a room."""
    first = [patch_file.load(entry.path) for entry in FACTORY[:10]]
    families = ("piano", "strings", "pipe", "plucked", "voice", "bass", "brass", "synth", "mallet", "organ")
    assert all(family in patch.tags for family, patch in zip(families, first, strict=True))
    used = {name for patch in first for name in patch.parameters}
    assert used >= {"motion.amount", "master.width", "reverb.mix", "reverb.size"}


def test_there_are_enough_patches_of_each_model():
    models = [patch_file.load(entry.path).model for entry in FACTORY]
    assert len(models) >= 96 and models.count("FluidR3 Dream") >= 16


def test_no_two_patches_sound_the_same():
    sounds = {(patch.latents, tuple(patch.parameters.values()), tuple(patch.blend.items())) for patch in
              (patch_file.load(entry.path) for entry in FACTORY)}
    assert len(sounds) == len(FACTORY)


@needs_model
@pytest.mark.parametrize("entry", FACTORY, ids=lambda entry: entry.path.stem)
def test_a_factory_patch_plays(entry):
    patch = patch_file.load(entry.path)
    source = source_of(patch.model)
    model = source.model
    assert not patch.model_sha256, "it is updated with each version of its model"
    assert sound_bank.notice(sound_bank.Sound(patch, source)) == ""
    assert len(patch.latents) == model.latents
    assert levelling.mix(patch, model).latents == pytest.approx(patch.latents, abs=1e-3), "mixed from the model that is there"
    assert len(patch.morph) == 4
    assert all(corner.latents == pytest.approx(model.presets[corner.name], abs=1e-3) for corner in patch.morph)
    key = 45 if "bass" in patch.tags else 69
    sound = levelling.play_note(patch, source, key)
    assert np.isfinite(sound).all()
    peak_db = 20 * np.log10(np.abs(sound).max())
    assert -26 < peak_db < -1.5
    assert levelling.momentary_lufs(sound) == pytest.approx(levelling.TARGET_LUFS, abs=8)
    f0 = 440 * 2 ** ((key - 69) / 12)
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(sound[4800:52800, 0] * np.hanning(48000), size))
    hz = np.fft.rfftfreq(size, 1 / 48000)
    harmonics = [np.abs(1200 * np.log2(np.maximum(hz, 1) / (f0 * k))) < 40 for k in (1, 2, 3, 4)]
    found = [(spectrum[near].max(), 1200 * np.log2(hz[near][spectrum[near].argmax()] / (f0 * k)))
             for k, near in zip((1, 2, 3, 4), harmonics, strict=True)]
    strength, off_cents = max(found)
    assert strength > spectrum.max() * 0.03
    assert abs(off_cents) < (40 if "bell" in patch.tags else 15), "bells are no harmonic sounds"


@needs_model
def test_levels_are_equal():
    patches = [patch_file.load(entry.path) for entry in FACTORY[::6]]
    loudness = {patch.name: levelling.measure(patch, source_of(patch.model)) for patch in patches}
    for name, (lufs, peak_db) in loudness.items():
        quiet_because_spiky = abs(peak_db - levelling.LOUDEST_PEAK_DB) < 1
        assert abs(lufs - levelling.TARGET_LUFS) < 1 or quiet_because_spiky, (name, lufs, peak_db)


def test_the_demo_shows_what_it_should():
    from importlib import resources
    with resources.as_file(resources.files("hummingface.assets") / "demo/demo.mid") as path:
        events = score.read_file(path)
        assert 40 <= mido.MidiFile(path).length <= 60
    kinds = [event for _, event in events]
    programs = [event.number for event in kinds if isinstance(event, Program)]
    assert len(set(programs)) >= 4
    assert max(programs) < len(FACTORY)
    assert sum(isinstance(event, NoteOn) for event in kinds) > 120
    assert {e.number for e in kinds if isinstance(e, Controller)} >= {midi.SUSTAIN, midi.MOD_WHEEL, midi.EXPRESSION}
    assert any(isinstance(e, Bend) and abs(e.value) > 0.9 for e in kinds)
    down: set[int] = set()
    most = 0
    for event in kinds:
        if isinstance(event, NoteOn):
            down.add(event.note)
        elif isinstance(event, NoteOff):
            down.discard(event.note)
        most = max(most, len(down))
    assert most >= 6
    assert not down, "every note is released"


def test_the_demo_is_what_its_source_composes(tmp_path):
    from importlib import resources
    compose().save(tmp_path / "again.mid")
    assert (tmp_path / "again.mid").read_bytes() == (resources.files("hummingface.assets") / "demo/demo.mid").read_bytes()


def test_patches_say_nothing_that_the_table_does_not_know():
    for entry in FACTORY:
        assert set(patch_file.load(entry.path).parameters) <= set(PARAMETERS)
