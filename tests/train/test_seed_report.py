"""The seed's figures and demos from runs on STFT images: each is on the page, is a file, and is of the run that it is said to be."""
import numpy as np
import pytest
import soundfile as sf
import torch

from hummingface.models.playing import stft
from hummingface.models.playing.stft import Layout
from hummingface.train.app.commands import main
from hummingface.train.data.note_sounds import NoteSounds
from hummingface.train.exporting import export_stft
from hummingface.train.learning.run_state import read_state
from hummingface.train.learning.train_stft import StftAutoencoderTrainer, StftGanTrainer, StftOptions, shape_for
from hummingface.train.report import page, stft_report
from hummingface.train.report.folder import open_runs
from tests.train.test_report import Page

STEPS = 100


@pytest.fixture(scope="module")
def runs(told_sounds, tmp_path_factory):
    """Autoencoders of C4 with 2 and 4 latents, and a conditional GAN of three keys."""
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("runs")
    for latents in (2, 4):
        bank = NoteSounds(told_sounds[1], Layout(), pitches=(60,))
        StftAutoencoderTrainer(bank, shape_for(bank, latents, 4, Layout()), StftOptions(steps=STEPS, notes=3, rate=5e-3)).run(
            place / f"ae {latents}", progress=False)
    bank = NoteSounds(told_sounds[1], Layout())
    StftGanTrainer(bank, shape_for(bank, 3, 4, Layout()), StftOptions(steps=STEPS, notes=4), True).run(place / "cgan", progress=False)
    return place


@pytest.fixture(scope="module", autouse=True)
def little():
    """Fewer notes than a report has, and of networks that know next to nothing few points in tune to be found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "AXES", (2, 1))
        patch.setattr(page, "SAMPLES", 2)
        patch.setattr(export_stft, "PRESETS", 6)
        patch.setattr(export_stft, "CANDIDATES", 6)
        patch.setattr(export_stft, "DRAWS", 1)
        yield


@pytest.fixture(scope="module")
def made(runs, tmp_path_factory):
    """(the page, the folder of its sounds)"""
    place = tmp_path_factory.mktemp("page")
    assert main(["report", *map(str, sorted(runs.iterdir())), "--out", str(place / "all.html"), "--count", "3",
                 "--sounds", str(place / "demos")]) == 0
    return Page((place / "all.html").read_text(encoding="utf-8")), place / "demos"


def test_the_page_has_each_figure_of_the_seed(made):
    said, _ = made
    assert {"learning", "sizes", "reconstruction", "latents", "samples", "walks"} <= said.ids
    assert all(s.startswith(("data:", "#")) for s in said.sources)
    for words in ("epochs", "mse", "snr", "lsd60", f"2 / {2 * 128 * 128:,} = 0.006 %", "conditional GAN of whole notes", "near 0, 1",
                  "step 50", "step 100", "family, 0 to 1"):
        assert words in said.text, words


def test_its_demos_are_files_that_sound(made):
    _, folder = made
    found = {path.relative_to(folder).as_posix(): sf.read(path) for path in folder.rglob("*.flac")}
    for part, least in (("original/", 3), ("ae 4/reconstruction/", 3), ("ae 4/near zero/", 6), ("cgan/sample/", 2), ("ae 2/walk/", 1),
                        ("cgan/walk/", 4)):
        assert sum(name.startswith(part) for name in found) >= least, part
    assert not any(name.startswith("cgan/reconstruction/") for name in found)
    assert all(np.abs(audio).max() > 0.01 and 0.5 < len(audio) / rate <= 4.01 for audio, rate in found.values())


def test_originals_and_reconstructions_are_not_swapped(runs, told_sounds):
    """An original is the recording itself, a reconstruction what the run's own encoder and generator make of that very recording."""
    run = next(run for run in open_runs([runs / "ae 4"]))
    said = page.made_of([run], count=3)
    names = [clip.name for clip in said["originals"]]
    assert names == [clip.name for clip in said["chapters"][0].reconstructed.clips] and len(names) == 3
    state = read_state(runs / "ae 4" / "state.pt")
    assert isinstance(run.bank, NoteSounds)
    learner = StftAutoencoderTrainer(run.bank, shape_for(run.bank, 4, 4, Layout()), StftOptions())
    learner.average.load_state_dict(state["average"])
    for number, name in enumerate(names):
        recorded, _ = sf.read(told_sounds[0] / "audio" / f"{name}.wav", dtype="float32")
        which = run.bank.names.index(name)
        _, images, _ = learner.reconstructed(np.array([which]))
        back = stft.sound(stft.spectrum_of(images, run.bank.pitch[[which]], Layout()))[0]
        for clip, expected in ((said["originals"][number], recorded), (said["chapters"][0].reconstructed.clips[number], back)):
            audio = _heard(clip)[:60_000]
            assert np.corrcoef(audio, expected[:len(audio)])[0, 1] > 0.999


def test_near_zero_latents_are_those_of_the_step_that_is_named(runs):
    early, now = (read_state(runs / "ae 4" / name) for name in ("early.pt", "state.pt"))
    assert (early["step"], now["step"]) == (50, 100)
    run, = open_runs([runs / "ae 4"])
    chapter = page.made_of([run], count=1)["chapters"][0]
    assert [use.step for use in chapter.uses] == [50, 100] and all(len(use.spread) == 4 for use in chapter.uses)
    clips = {(clip.name, clip.about): _heard(clip) for clip in chapter.middles}
    for state in (early, now):
        z = torch.zeros(1, 4)
        image = stft_report.generator_of(state)(z, torch.zeros(1, dtype=torch.int64)).detach().numpy()
        expected = stft.sound(stft.spectrum_of(image, np.array([60]), Layout()))[0]
        audio = clips["all latents 0", f"step {state['step']}"]
        assert np.corrcoef(audio, expected[:len(audio)])[0, 1] > 0.999
    deaf = dict(now["average"])
    deaf["generator.first.weight"] = torch.zeros_like(deaf["generator.first.weight"])
    assert stft_report.use_of(now | {"average": deaf}, run.bank).effect_db.max() < 1e-3       # what does nothing is seen to do nothing


def _heard(clip):
    import base64
    import io
    return sf.read(io.BytesIO(base64.b64decode(clip.sound.partition(",")[2])), dtype="float32")[0]
