"""Runs: what they leave, resuming bit-exactly, ctrl-C, NaN and Inf, and several processes that do what one does."""
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboardX.proto.event_pb2 import Event

from hummingface.models.playing.shape import Shape
from hummingface.train.app.commands import main
from hummingface.train.learning.run import Diverged
from hummingface.train.learning.run_state import read_state, tensors_of
from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer
from hummingface.train.notes.tfrecord import records
from tests.train.runs import same, stopped_after

SHAPE = Shape(latents=4, width=32, note_width=32, phase_width=16)
HALF, WHOLE = 80, 160


def learner(bank, steps=WHOLE, **options):
    torch.set_num_threads(1)
    return AutoencoderTrainer(bank, SHAPE, AutoencoderOptions(**{"steps": steps, "notes": 16, "moments": 4, "encoder_notes": 4,
                                                                 "encoder_every": 4,
                                           "rate": 4e-3, "average_steps": 20} | options), encoder_width=16)


@pytest.fixture(scope="module")
def whole(tiny_bank, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    learner(tiny_bank).run(folder, progress=False)
    return folder


def test_stopped_and_gone_on_with_it_is_the_same_to_the_bit(tiny_bank, whole, tmp_path):
    stopped_after(learner(tiny_bank), HALF, tmp_path)
    assert read_state(tmp_path / "state.pt")["step"] == HALF
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler              # as it was before
    again = learner(tiny_bank)
    again.resume(tmp_path / "state.pt")
    again.run(tmp_path, progress=False)
    assert same(read_state(whole / "state.pt"), read_state(tmp_path / "state.pt"))
    logs = [[{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader((f / "log.csv").open())] for f in (whole, tmp_path)]
    assert logs[0] == logs[1] and [row["step"] for row in logs[0]] == [str(step) for step in range(50, WHOLE, 50)]


def test_a_run_is_a_folder_that_tells_all(whole):
    config, metrics = (json.loads((whole / f"{n}.json").read_text()) for n in ("config", "metrics"))
    assert config["kind"] == "autoencoder" and config["options"]["steps"] == WHOLE and config["shape"]["latents"] == 4
    assert metrics["step"] == WHOLE and 0 < metrics["measured"]["left_out.levels"] < 100
    pictures = sorted((whole / "pictures").iterdir())
    assert [p.name for p in pictures] == ["step-0000000.png", f"step-{WHOLE:07d}.png"]
    first, last = (np.asarray(Image.open(p), float) for p in pictures)
    top, under = slice(0, first.shape[0] // 2), slice(first.shape[0] // 2, None)
    assert np.array_equal(first[top], last[top])                                       # the same notes
    assert np.abs(last[under] - last[top]).mean() < np.abs(first[under] - first[top]).mean()               # learning
    events = []
    for path in whole.glob("events.*"):
        events += [Event.FromString(data) for data in records(io.BytesIO(path.read_bytes()), path.name)]
    scalars = {(v.tag, e.step): v.simple_value for e in events for v in e.summary.value}
    assert scalars["train/levels", 100] < scalars["train/levels", 50]
    assert ("measured/left_out.levels", WHOLE) in scalars
    log = list(csv.DictReader((whole / "log.csv").open()))
    assert float(log[0]["levels"]) == pytest.approx(scalars["train/levels", 50], rel=1e-4)


def test_numbers_that_are_none_end_it_with_the_last_good_weights(tiny_bank, tmp_path):
    one = learner(tiny_bank)
    step = one.train_step

    def train_step():
        if one.step == 70:
            with torch.no_grad():
                one.model.decoder.out.weight[0, 0] = float("nan")
        return step()
    one.train_step = train_step
    with pytest.raises(Diverged, match=r"step 100: the loss is NaN or Inf .*of step 50.*lower rate"):
        one.run(tmp_path, progress=False)
    state = read_state(tmp_path / "state.pt")
    assert state["step"] == 50 and all(bool(torch.isfinite(x).all()) for x in tensors_of(state))
    again = learner(tiny_bank, steps=55)
    again.resume(tmp_path / "state.pt")
    again.run(tmp_path, progress=False)                                                # and it can be gone on from


def test_a_disk_that_is_full_leaves_the_state_that_was(tiny_bank, tmp_path):
    resource = pytest.importorskip("resource", reason="no limits on files here")
    one = learner(tiny_bank)
    one.save(tmp_path / "state.pt")
    before = (tmp_path / "state.pt").read_bytes()
    one.train_step()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large|No space left"):
            one.save(tmp_path / "state.pt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "state.pt").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_states_that_are_none(tiny_bank, tmp_path):
    one = learner(tiny_bank)
    (tmp_path / "state.pt").write_bytes(b"no state")
    with pytest.raises(ValueError, match=r"state\.pt: not the state of a run, or damaged"):
        one.resume(tmp_path / "state.pt")
    torch.save({"evil": os.system}, tmp_path / "state.pt")                             # a pickle that names a function
    with pytest.raises(ValueError, match="not the state of a run, or damaged"):
        one.resume(tmp_path / "state.pt")


def test_bf16_learns_too(tiny_bank):
    def levels(precision):
        one = AutoencoderTrainer(tiny_bank, SHAPE, AutoencoderOptions(steps=60, notes=16, moments=4, encoder_notes=4), encoder_width=16,
                                 precision=precision)
        said = [float(one.train_step()["levels"]) for _ in range(60)]
        assert all(x.dtype == torch.float32 for x in tensors_of(one.state()))
        return np.mean(said[-10:])
    assert levels("bf16") == pytest.approx(levels("32"), rel=0.15)


def command(*words, many=0):
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", str(many), "--standalone", "-m", "--"] if many else ["-m"]
    return subprocess.Popen([sys.executable, *torchrun, "hummingface", "train", *map(str, words)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()})


def test_two_processes_do_what_one_does(tiny_data, tmp_path):
    words = [tiny_data, "--notes", 32, "--steps", 20, "--width", 32, "--latents", 4, "--device", "cpu"]
    process = command("autoencoder", *words, "--run", tmp_path / "two", many=2)
    assert main(["autoencoder", *map(str, words), "--run", str(tmp_path / "one")]) == 0
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert json.loads((tmp_path / "two" / "config.json").read_text())["processes"] == 2
    one, two = (read_state(tmp_path / name / "state.pt") for name in ("one", "two"))
    assert one["step"] == two["step"] == 20
    for name, value in one["average"].items():
        assert torch.allclose(value, two["average"][name], atol=2e-4), name
    moved = max(float((value - two["model"][name]).abs().max()) for name, value in one["model"].items())
    assert moved < 2e-3


def test_ctrl_c_saves_and_the_same_command_goes_on(tiny_data, tmp_path, capsys):
    words = ["autoencoder", tiny_data, "--run", tmp_path / "r", "--notes", 16, "--width", 32, "--latents", 4, "--device", "cpu"]
    process = command(*words, "--steps", 1_000_000)
    waited = time.monotonic()
    while not (tmp_path / "r" / "log.csv").is_file() or len((tmp_path / "r" / "log.csv").read_text().splitlines()) < 2:
        assert process.poll() is None and time.monotonic() - waited < 120, process.communicate()
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "goes on from here" in errors
    step = read_state(tmp_path / "r" / "state.pt")["step"]
    assert step >= 50
    words = [str(word) for word in words]
    assert main([*words, "--steps", str(step + 5)]) == 1 and "give --resume" in capsys.readouterr().err
    assert main([*words, "--steps", str(step + 5), "--resume"]) == 0 and f"from step {step}" in capsys.readouterr().out
    assert read_state(tmp_path / "r" / "state.pt")["step"] == step + 5


def test_minutes_on_a_busy_machine_are_no_work(tiny_bank):
    """Until its least steps are done a run goes on after its minutes, for up to four times as many."""
    one = learner(tiny_bank, steps=1_000_000, minutes=1.0, least_steps=100)
    one.step, one.seconds = 14, 60.0
    assert one.progress() == pytest.approx(0.25)
    one.step = 50
    assert one.progress() == pytest.approx(0.5)
    one.seconds = 239.0
    assert one.progress() < 1
    one.seconds = 240.0
    assert one.progress() == 1, "but not for ever"
    one.step, one.seconds = 100, 59.0
    assert one.progress() == pytest.approx(59 / 60), "on an idle machine the minutes count"
    one.step, one.seconds = 100, 60.0
    assert one.progress() == 1
