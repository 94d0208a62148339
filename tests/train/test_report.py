"""Reports of tiny real runs: the page holds all that it promises, needs nothing from elsewhere, and its figures say what they mean."""
import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile as sf
import torch
from PIL import Image

from hummingface.models.playing.frame import LEVEL, LEVEL_FLOOR_DB, SLOT_RATIO
from hummingface.models.playing.model import Model
from hummingface.models.playing.shape import Shape
from hummingface.train.app.commands import main
from hummingface.train.data.dataset import NoteBank
from hummingface.train.exporting import export_gan
from hummingface.train.learning import train_autoencoder, train_gan
from hummingface.train.learning.run_state import read_state, write_state
from hummingface.train.report import page, sound_clips
from hummingface.train.report.chart import Line, chart
from hummingface.train.report.folder import ReportError, open_runs
from hummingface.train.report.latents import use_of
from hummingface.train.report.media import ROWS, spectrogram, spectrum_db
from hummingface.train.report.sets import semitones_off, sets_of, white
from tests.browser import chromium, look_at

STEPS = 100


@pytest.fixture(scope="module")
def runs(tiny_data, tmp_path_factory):
    """Folders of an autoencoder with 2 latents, one with 4, and a conditional GAN."""
    torch.set_num_threads(1)
    place, bank = tmp_path_factory.mktemp("runs"), NoteBank(tiny_data)
    for latents in (2, 4):
        options = train_autoencoder.AutoencoderOptions(steps=STEPS, notes=16, moments=4, encoder_notes=4, encoder_every=4, average_steps=20)
        train_autoencoder.AutoencoderTrainer(bank, Shape(latents=latents, width=32, note_width=32, phase_width=16), options,
                            encoder_width=16).run(place / f"small {latents}", progress=False)
    shape = Shape(latents=3, width=32, note_width=48, phase_width=16)
    train_gan.GanTrainer(bank, shape, train_gan.GanOptions(steps=STEPS, notes=8), critic_width=32).run(place / "<cgan>", progress=False)
    return place


class Page(HTMLParser):
    """What a page holds, and what it would fetch."""

    def __init__(self, text):
        super().__init__()
        self.html, self.ids, self.sources, self.text = text, set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        self.ids.add(about.get("id"))
        self.sources += [about[name] for name in ("src", "href", "data", "poster", "srcset") if about.get(name)]
        assert tag not in ("link", "iframe", "object", "embed")

    def handle_data(self, data):
        self.text += data

    def of_kind(self, kind):
        return [base64.b64decode(s.split(",", 1)[1]) for s in self.sources if s.startswith(f"data:{kind};base64,")]


@pytest.fixture(scope="module", autouse=True)
def little():
    """Fewer notes than a report has: a second each on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "AXES", (2, 1))
        patch.setattr(page, "SAMPLES", 2)
        patch.setattr(export_gan, "CANDIDATES", 12)
        patch.setattr(export_gan, "PRESETS", 8)
        patch.setattr("hummingface.train.report.sets.TRACKED", 6)
        patch.setattr("hummingface.train.report.sound_clips.STEPS", np.linspace(-3, 3, 3))
        patch.setattr("hummingface.train.report.sound_clips.STEP_S", 0.25)
        yield


@pytest.fixture(scope="module")
def made(runs, tmp_path_factory):
    """The page of all three."""
    out = tmp_path_factory.mktemp("page") / "all.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hummingface.train.report.sets.SET", 40)
        assert main(["report", *map(str, sorted(runs.iterdir())), "--out", str(out), "--count", "2"]) == 0
    return Page(out.read_text(encoding="utf-8"))


def test_the_page_holds_all_of_it_and_needs_nothing_from_elsewhere(made):
    assert {"learning", "sizes", "reconstruction", "latents", "samples", "walks", "sets"} <= made.ids
    assert all(s.startswith(("data:", "#")) for s in made.sources)
    assert not re.search(r"https?://|url\(|@import", made.text)
    for name in ("small 2", "small 4", "<cgan>", "conditional GAN", "encoder and refinement", "white noise", "other real notes",
                 "dynamics of its own", "dB while velocity rises"):
        assert name in made.text, name
    assert "nan" not in re.findall(r"\w+", made.text.lower())


def test_its_sounds_and_pictures_are_whole(made):
    heard, seen = made.of_kind("audio/flac"), made.of_kind("image/png")
    assert len(heard) > 25 and len(seen) > len(heard)                              # each sound has a picture, and runs have theirs
    for content in heard:
        audio, rate_hz = sf.read(io.BytesIO(content))
        assert rate_hz == 32_000 and 0.3 < len(audio) / rate_hz <= 4.01 and np.abs(audio).max() > 0.01
    for content in seen:
        assert Image.open(io.BytesIO(content)).convert("L").point(lambda level: 255 * (level > 40)).getbbox() is not None


LOOK = """async () => {
  const wait = ms => new Promise(after => setTimeout(after, ms)), silent = [];
  const clips = [...document.querySelectorAll(".clip")];
  for (const image of document.images) { image.loading = "eager"; await image.decode(); }      // those out of sight wait otherwise
  for (const clip of clips) {
    const audio = clip.querySelector("audio");
    clip.querySelector(".plate").click();
    for (let tries = 0; tries < 200 && !audio.currentTime; tries++) await wait(10);
    if (!audio.currentTime || !clip.classList.contains("playing")) silent.push(clip.textContent.trim());
    clip.querySelector(".plate").click();
    if (!audio.paused || clip.classList.contains("playing")) silent.push("does not stop: " + clip.textContent.trim());
  }
  return {clips: clips.length, silent, text: document.body.innerText, named: document.querySelectorAll("cgan").length};
}"""


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed: apt-get install chromium")
def test_it_opens_in_a_browser_and_its_players_play(made):
    errors, seen = look_at(made.html, LOOK)
    assert errors == []
    assert seen["clips"] > 25 and seen["silent"] == []
    assert "<cgan>" in seen["text"] and seen["named"] == 0, "a name with markup is text"


def test_one_run_whose_own_recordings_are_elsewhere_and_others_are_given(runs, tmp_path, capsys):
    t = np.arange(16_000) / 16_000
    place = tmp_path / "horn"
    place.mkdir()
    sf.write(place / "horn 057.wav", sum(np.sin(2 * np.pi * 220 * k * t) / k for k in range(1, 9)) * 0.2 * np.minimum(1, 50 * t), 16_000)
    words = ["report", str(runs / "small 4"), "--out", str(tmp_path / "one.html"), "--count", "1", "--notes"]
    assert main([*words, str(tmp_path / "nothing")]) == 1 and "nothing: no such file or folder" in capsys.readouterr().err
    assert main([*words, str(place)]) == 0
    said = Page((tmp_path / "one.html").read_text(encoding="utf-8"))
    assert "horn 057" in said.text and "recordings of horn" in said.text and "sizes" not in said.ids
    assert "latent 1" in said.text and "brightness" not in said.text               # its latents are walked along; it has no conditions


def test_what_is_no_run_is_refused_and_a_page_that_is_there_stays(runs, tmp_path, capsys, monkeypatch):
    out = tmp_path / "page.html"
    out.write_text("mine")
    with pytest.raises(ReportError, match="not a training run"):
        open_runs([tmp_path])
    assert main(["report", str(tmp_path), "--out", str(out)]) == 1 and "--run named" in capsys.readouterr().err
    monkeypatch.setattr(page, "made_of", lambda *words: {})
    monkeypatch.setattr(page, "render", lambda content: "\udc00")                  # what no file can hold: the write fails half way
    with pytest.raises(UnicodeEncodeError):
        page.write_report([runs / "small 2"], out, count=1, progress=False)
    assert out.read_text() == "mine" and list(tmp_path.iterdir()) == [out]


def test_a_run_whose_data_or_model_is_gone_still_tells_of_its_learning(runs, tmp_path):
    state = read_state(runs / "small 2" / "state.pt")
    for name in ("config.json", "log.csv"):
        (tmp_path / name).write_bytes((runs / "small 2" / name).read_bytes().replace(b"tiny", b"gone"))
    write_state({name: value for name, value in state.items() if name != "average"}, tmp_path / "state.pt")
    run, = open_runs([tmp_path])
    assert run.model is None and run.bank is None and any("--data" in notice for notice in run.notices)
    said = page.made_of([run])
    assert said["learning"][0][0] == "loss" and not said["originals"]
    assert "What was learnt" in page.render(said)


def test_latents_that_do_nothing_are_counted(runs, tiny_bank):
    """One latent cut off from the decoder is not heard; an encoder that says always the same spreads none."""
    state = read_state(runs / "small 4" / "state.pt")
    early = read_state(runs / "small 4" / "early.pt")
    assert early["step"] == 50 and "optimiser" not in early
    whole = use_of(state, tiny_bank)
    assert len(whole.spread) == len(whole.effect_db) == 4 and np.all(np.diff(whole.spread) <= 0)
    average = state["average"]
    for name in ("decoder.note_net.0.weight", "decoder.phase_net.0.weight"):
        average[name] = average[name].clone()
        average[name][:, :4] = 0
    deaf = use_of(state, tiny_bank)
    assert deaf.unheard == 4 and deaf.effect_db.max() < 1e-3 and np.allclose(deaf.spread, whole.spread)
    for part in ("weight", "bias"):
        average[f"encoder.head.2.{part}"] = torch.zeros_like(average[f"encoder.head.2.{part}"])
    assert use_of(state, tiny_bank).inactive == 4
    cgan = use_of(read_state(runs / "<cgan>" / "state.pt"), tiny_bank)
    assert cgan.inactive is None and len(cgan.effect_db) == 3


def test_the_scale_runs_from_real_notes_to_noise(runs):
    run, = open_runs([runs / "<cgan>"])
    between = torch.from_numpy(SLOT_RATIO % 1 > 0)                                 # partials between harmonics: an octave below the key
    assert isinstance(run.bank, NoteBank) and isinstance(run.model, Model)
    run.bank.rows[..., LEVEL][..., between] = LEVEL_FLOOR_DB
    found = sets_of(run.model, run.bank)
    assert [s.name for s in found] == ["other real notes", "the model, with their conditions", "the model, no conditions", "white noise"]
    real, noise = found[0], found[-1]
    assert real.pitch_accuracy == 1 and noise.pitch_accuracy == 0
    assert noise.frechet > 20 * real.frechet and noise.ndb > real.ndb and noise.diversity < 0.1 < real.diversity
    rows, key = run.bank.rows[0].float().numpy(), float(run.bank.pitch[0])
    assert abs(semitones_off(rows, key)) < 0.1
    rows[:, LEVEL][:, SLOT_RATIO % 2 > 0] = LEVEL_FLOOR_DB                         # even partials alone: the note an octave above
    assert abs(semitones_off(rows, key) - 12) < 0.1
    assert np.isnan(semitones_off(np.tile(white(), (128, 1)), 60.0)) and noise.but_for_octaves == 0


def test_a_picture_shows_a_tone_where_it_is():
    for rate_hz, hz in ((48_000, 1000.0), (16_000, 440.0)):
        level = spectrum_db(np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz), rate_hz)
        row = level[:, 100].argmax()
        assert 40 * 400 ** (row / ROWS) <= hz * 1.02 and 40 * 400 ** ((row + 1) / ROWS) >= hz * 0.98
    assert spectrogram(np.zeros(1000), 16_000).startswith("data:image/png")


def test_a_chart_draws_what_is_there():
    drawn = chart([Line("a & b", [1, 2, 3, 4], [1.0, float("nan"), 3.0, 2.0]), Line("none", [], [])], "steps", "loss")
    points = [tuple(map(float, p.split(","))) for p in re.search(r'points="([^"]+)"', drawn)[1].split()]
    assert len(points) == 3 and points[0][1] > points[2][1] > points[1][1] and "a &amp; b" in drawn
    assert chart([Line("none", [1.0], [float("nan")])], "x", "y") == ""
    many = chart([Line("long", np.arange(10_000), np.arange(10_000))], "x", "y")
    assert many.count(",") < 400
    sizes = chart([Line("loss", [16, 32, 64, 128], [4.0, 3.0, 2.5, 2.4])], "latents", "loss", log_x=True, dots=True)
    x = [float(v) for v in re.findall(r'cx="([\d.]+)"', sizes)]
    assert np.allclose(np.diff(x), x[1] - x[0], atol=0.2) and all(f">{n}<" in sizes for n in (16, 32, 64, 128))


def test_walks_go_from_end_to_end(runs):
    model = open_runs([runs / "<cgan>"])[0].model
    names = [clip.name for clip in sound_clips.knob_walks(model)]
    assert "brightness" in names and len(names) == len(model.card["conditions"])
    assert [clip.name for clip in sound_clips.axis_walks(model, 8)] == ["latent 1", "latent 2", "latent 3"]
