"""The workflow files say what the project says: the commands, the Pythons, the systems. `check-jsonschema` lints them (CONTRIBUTING)."""
import re
import tomllib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
ABOUT = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


def read(path):
    workflow = yaml.safe_load(path.read_text())
    return workflow, workflow[True]                     # YAML 1.1 takes "on" for true


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_job_can_begin(path):
    workflow, begins = read(path)
    assert begins and workflow["permissions"]
    for job in workflow["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"] <= 60
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])


def test_every_python_that_is_supported_is_tested():
    supported = {text.rpartition(" ")[2] for text in ABOUT["classifiers"] if re.search(r":: 3\.\d+$", text)}
    workflow, _ = read(PROJECT / ".github/workflows/tests.yml")
    for name in ("fast", "whole"):
        assert set(workflow["jobs"][name]["strategy"]["matrix"]["python"]) == supported
    assert {name.partition("-")[0] for name in workflow["jobs"]["fast"]["strategy"]["matrix"]["os"]} == {"ubuntu", "macos", "windows"}


def test_without_make_the_same_is_run():
    """On Windows by hand what `make test-fast` does elsewhere."""
    makefile = (PROJECT / "Makefile").read_text()
    chosen = re.search(r"^FAST\s*=\s*(.+)$", makefile, re.MULTILINE)[1]
    pytest_words = re.search(r"^PYTEST\s*=\s*\$\(RUN\) (.+)$", makefile, re.MULTILINE)[1].replace("$(WORKERS)", "2")
    workflow, _ = read(PROJECT / ".github/workflows/tests.yml")
    runs = [step.get("run", "") for step in workflow["jobs"]["fast"]["steps"]]
    assert any(f'python {pytest_words} -p no:pytest-qt -m "{chosen}"' in run for run in runs)
    assert any(run.startswith("make test-fast") for run in runs)


def test_make_help_tells_of_every_target():
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (help .+)$", makefile, re.MULTILINE)[1].split()) - {"system-play", "system-test"}
    assert set(re.findall(r"^([a-z-]+):.*## .+$", makefile, re.MULTILINE)) == targets


def test_the_changelog_tells_of_this_version():
    headings = re.findall(r"^## (\S+) \((.+)\)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0][0] == ABOUT["version"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for _, date in headings)
