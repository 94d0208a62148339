"""Colours that can be read, sizes that follow the window."""
import ast
from pathlib import Path

import pytest

import hummingface.instrument.gui
from hummingface.instrument.gui.widgets import theme

GUI = Path(hummingface.instrument.gui.__file__).parent


@pytest.mark.parametrize("text", ["TEXT", "SOFT", "DIM", "WARM", "COOL", "ALARM"])
@pytest.mark.parametrize("surface", ["GROUND", "PANEL", "RAISED"])
def test_text_can_be_read_on_every_surface(text, surface):
    assert theme.contrast(getattr(theme, text), getattr(theme, surface)) >= 4.5


def test_the_time_of_a_take_can_be_read():
    assert theme.contrast(theme.GROUND, theme.RECORDING) >= 4.5


def test_names_on_keys_can_be_read():
    for key in (theme.KEY_WHITE, theme.COOL, theme.WARM):
        assert theme.contrast(theme.GROUND, key) >= 4.5
    assert theme.contrast(theme.KEY_NAME, theme.KEY_WHITE) >= 4.5
    assert theme.contrast(theme.SOFT, theme.KEY_BLACK) >= 4.5


def test_sizes_follow_the_window_within_limits():
    try:
        for width, height, scale in ((1200, 760, 1.0), (600, 380, theme.LEAST_SCALE), (960, 620, 0.8), (2400, 1520, 1.8), (2400, 760, 1.0)):
            theme.set_scale(width, height)
            assert theme.scale == pytest.approx(scale, abs=0.03)
        assert not theme.set_scale(2400, 760)
    finally:
        theme.set_scale(1200, 760)


def test_colours_are_named_in_the_theme_alone():
    for path in GUI.glob("*.py"):
        if path.name != "theme.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert not (node.value.startswith("#") and len(node.value) in (4, 7, 9)), f"{path.name}: {node.value}"
