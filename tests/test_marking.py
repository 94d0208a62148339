"""Which files a run leaves out unread: those of which no test can be asked for, and no others."""
import re
from pathlib import Path

import pytest

from tests.suite.marking import TESTS, is_left_out

FAST = re.search(r"^FAST += (.+)$", (TESTS.parent / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]


@pytest.mark.parametrize(("file", "expression", "left_out"), [
    ("gui/test_window.py", FAST, True), ("train/test_gan.py", FAST, True), ("test_wheel.py", FAST, True),
    ("test_patch.py", FAST, False), ("performance/test_performer.py", FAST, False), ("audio/test_audio_process.py", "not jack", False),
    ("gui/test_window.py", "", False), ("gui/test_window.py", "gui", False), ("gui/test_window.py", "gui and not slow", False),
    ("gui/test_window.py", "not gui or slow", False), ("gui/test_window.py", "not (gui and slow)", False),
    ("gui/conftest.py", FAST, False), ("gui", FAST, False),
])
def test_a_file_is_left_out_where_no_test_of_it_can_be_meant(file, expression, left_out):
    assert is_left_out(TESTS / file, expression) is left_out


def test_what_is_named_there_exists():
    from tests.suite.marking import FILES, FOLDERS
    gone = [name for name in (*FOLDERS, *(key.partition("::")[0] for key in FILES)) if not (Path(TESTS) / name).exists()]
    assert not gone
