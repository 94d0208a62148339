"""`hummingface install train` in environments of their own, with small wheels in place of the large ones."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hummingface.instrument.installing import torch_build
from tests.bare import PROJECT, environment_with_pip
from tests.installing.wheels import make_wheel


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """The Python of an environment with pip alone."""
    return environment_with_pip(tmp_path_factory.mktemp("environment"))


@pytest.fixture
def wheels(tmp_path) -> Path:
    """Where pip finds all that it finds."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, version in (("torch", "2.15.0"), ("tensorboardX", "2.6.5"), ("jinja2", "3.1.6")):
        make_wheel(folder, name, version)
    return folder


def install(python: Path, wheels: Path, *words: str, before: str = "", **more: str) -> subprocess.CompletedProcess:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    code = f"{before}\nimport sys; from hummingface.instrument.app.cli import main; sys.exit(main())"
    return subprocess.run([str(python), "-c", code, "install", "train", *words], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.PIPE, env={
        **variables, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PYTHONPATH": str(PROJECT),
        "PATH": "/usr/bin:/bin", **more})


def version_of(python: Path, name: str) -> str:
    code = f"import importlib.metadata as m\ntry: print(m.version({name!r}))\nexcept m.PackageNotFoundError: print('none')"
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def uninstall(python: Path) -> None:
    subprocess.run([str(python), "-m", "pip", "uninstall", "-q", "-y", "torch", "tensorboardX", "jinja2"], check=True, capture_output=True)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyPI's build is the only one")
def test_a_cpu_build_that_pip_finds_goes_before_a_newer_one_with_cuda(environment, wheels):
    make_wheel(wheels, "torch", "2.13.0+cpu")
    made = install(environment, wheels)
    assert made.returncode == 0, made.stderr
    assert version_of(environment, "torch") == "2.13.0+cpu" and version_of(environment, "jinja2") == "3.1.6"
    assert "About" in made.stdout and "MB to download" in made.stdout
    assert not (environment.parents[1] / "hummingface-installing").exists()
    uninstall(environment)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyPI's build is the only one")
def test_without_one_uv_is_tried_and_then_what_is_large_is_said_to_be(environment, wheels):
    made = install(environment, wheels)
    assert made.returncode == 0, made.stderr
    said = made.stdout
    assert "uv: there is no build" in said and "The next way is tried" in said and "GB to download" in said
    assert said.index("uv") < said.index("GB to download")
    assert version_of(environment, "torch") == "2.15.0"
    uninstall(environment)


@pytest.mark.parametrize("there", [True, False])
def test_what_make_runs_logs_too_where_what_logging_needs_is_there(environment, tmp_path, there):
    """HUMMINGFACE_HOME names the place of the log; without it that is for platformdirs to say, which is not installed here."""
    home = {"HUMMINGFACE_HOME": str(tmp_path)} if there else {}
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "HUMMINGFACE_"))}
    made = subprocess.run([str(environment), "-m", "hummingface.instrument.installing", "play"], capture_output=True, text=True,
                          timeout=300, env={**variables, "PIP_NO_INDEX": "1", "PYTHONPATH": str(PROJECT), "HOME": str(tmp_path), **home})
    assert made.returncode == 1 and "Installing stopped" in made.stderr and "numpy" in made.stderr
    logs = list((tmp_path / "state" / "log").glob("install-*.log"))
    assert len(logs) == there and all("No matching distribution found for numpy" in log.read_text() for log in logs)


def test_what_is_installed_already_stays_as_it_is(environment, wheels, tmp_path):
    for version in ("1.0", "2.0"):
        make_wheel(wheels, "kept", version)
    subprocess.run([str(environment), "-m", "pip", "install", "-q", "--no-index", "-f", str(wheels), "kept==1.0"], check=True)
    make_wheel(wheels, "torch", "2.15.0", requires=("kept>=2.0",))
    made = install(environment, wheels, HUMMINGFACE_HOME=str(tmp_path))
    assert made.returncode == 1 and "torch" in made.stderr
    logged = next((tmp_path / "state" / "log").glob("install-*.log")).read_text()
    assert "-m pip" in logged and "exit status 1" in logged and "kept>=2.0" in logged, "what was run, and what the installer said"
    assert version_of(environment, "kept") == "1.0"
    uninstall(environment)


def test_one_that_was_killed_leaves_pieces_that_are_not_trusted_and_the_next_puts_them_right(environment, wheels):
    assert install(environment, wheels).returncode == 0
    site = next((environment.parents[1] / "lib").glob("python*/site-packages"))
    scratch = environment.parents[1] / "hummingface-installing"
    scratch.mkdir()                                     # as a kill leaves it: the note of what was there before, a package without its end
    (scratch / "before.json").write_text(json.dumps(["pip", "setuptools"]))
    (site / "torch" / "__init__.py").unlink()
    asked = [str(environment), "-c", "from hummingface.instrument.session.extras import missing; print(missing())"]
    variables = {**os.environ, "PYTHONPATH": str(PROJECT)}
    assert "torch" in subprocess.run(asked, capture_output=True, text=True, env=variables, check=True).stdout
    made = install(environment, wheels)
    assert made.returncode == 0, made.stderr
    assert (site / "torch" / "__init__.py").exists() and not scratch.exists()
    assert subprocess.run(asked, capture_output=True, text=True, env=variables, check=True).stdout.strip() == "[]"
    uninstall(environment)


def test_it_tells_the_window_what_it_does_and_ends_when_that_goes(environment, wheels):
    made = install(environment, wheels, "--tell", before="import sys, threading; sys.stdin.close")
    told = [json.loads(line) for line in made.stdout.splitlines()]
    assert told[0]["tell"] == "size" and told[0]["download_mb"] > 100
    assert told[-1]["tell"] == "failed" and "Cancelled" in told[-1]["text"], "standard input had ended"
    assert version_of(environment, "jinja2") == "none"
    uninstall(environment)


@pytest.mark.parametrize(("versions", "exactly", "best"), [
    (["2.15.0", "2.13.0+cpu", "2.9.1+cpu", "2.10.0+cpu"], None, "2.13.0+cpu"),
    (["2.15.0", "2.13.0+cpu", "2.9.1+cpu"], "2.9.1", "2.9.1+cpu"),
    (["2.15.0", "2.13.0+cu130"], None, None), (["2.5.1+cpu"], None, None), ([], None, None), (["2.16.0rc1+cpu"], None, None)])
def test_the_newest_cpu_build_within_the_range(versions, exactly, best):
    assert torch_build.newest_cpu_build(versions, exactly) == best


def test_constraints_pin_torch_and_the_project_does_not(tmp_path):
    assert torch_build.pinned(PROJECT / "constraints.txt")
    assert "torch>=" in (PROJECT / "pyproject.toml").read_text() and "torch==" not in (PROJECT / "pyproject.toml").read_text()
    (tmp_path / "none.txt").write_text("numpy==2\n")
    assert torch_build.pinned(tmp_path / "none.txt") is None
