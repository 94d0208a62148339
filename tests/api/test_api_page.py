"""docs/api.md, run from its first block to its last as one program: what the page shows is what the API does."""
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "api.md"
BLOCK = re.compile(r"^```python( torch)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def program(torch: bool) -> str:
    """The page's blocks, each on the lines that it has in the page, so that errors name them; without those that need PyTorch if it is not
    here."""
    text, made = PAGE.read_text(encoding="utf-8"), []
    for block in BLOCK.finditer(text):
        if block[1] and not torch:
            continue
        line = text.count("\n", 0, block.start(2))
        made += [""] * (line - sum(part.count("\n") + 1 for part in made)) + [block[2].rstrip("\n")]
    return "\n".join(made)


def test_the_page_runs(tmp_path):
    source = program(importlib.util.find_spec("torch") is not None)
    assert source.count("hummingface") > 20
    runner = tmp_path / "run.py"
    runner.write_text(f"exec(compile({source!r}, {str(PAGE)!r}, 'exec'), {{'__name__': 'page'}})\n", encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    ran = subprocess.run([sys.executable, str(runner)], cwd=work, capture_output=True, text=True, timeout=900, check=False,
                         env=os.environ | {"HUMMINGFACE_HOME": str(tmp_path / "home"), "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"})
    assert ran.returncode == 0, ran.stderr
    assert 'Did you mean "Evening Grand"?' in ran.stdout
    assert {path.name for path in work.iterdir()} >= {"chord.wav", "sampled", "table.wav", "song.mid"}


def test_ten_lines_are_enough_for_a_chord_with_a_moving_latent():
    first = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert first and len([line for line in first[2].splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize("name", ["Instrument", "NoteEvent", "ramp", "save", "list_patches", "list_models", "list_controls", "find_sounds",
                                  "notes_of_midi",
                                  "resynthesise", "from_recordings", "learn", "SoundError", "NotesError", "FileError", "LearningError"])
def test_the_page_shows_every_part(name):
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8") or f"hummingface.{name}" in PAGE.read_text(encoding="utf-8")
