"""Colours that can be read, sizes that follow the window."""
import ast
from pathlib import Path

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLineEdit

import hummingface.instrument.gui
from hummingface.instrument.gui.widgets import theme

GUI = Path(hummingface.instrument.gui.__file__).parent


LOOKS = [(False, 4.5), (True, 7.0)]         # high contrast, and what it promises


@pytest.fixture
def look(request):
    """(the theme with this contrast, what it promises)."""
    theme.set_look(1.0, request.param[0])
    yield request.param[1]
    theme.set_look(1.0, False)


@pytest.mark.parametrize("look", LOOKS, indirect=True)
@pytest.mark.parametrize("surface", ["GROUND", "PANEL", "RAISED", "HOVER"])
def test_text_can_be_read_on_every_surface(look, surface):
    for text in ("TEXT", "SOFT", "DIM", "WARM", "COOL", "ALARM", "MOVES"):
        assert theme.contrast(getattr(theme, text), getattr(theme, surface)) >= look, text


@pytest.mark.parametrize("look", LOOKS, indirect=True)
def test_dark_text_can_be_read_on_what_shines_and_light_text_on_what_is_pressed_or_selected(look):
    for light in (theme.RECORDING, theme.WARM, theme.COOL, theme.MOVES, theme.ALARM, theme.KEY_WHITE):
        assert theme.contrast(theme.GROUND, light) >= look
    for dark in (theme.CAP, theme.CAP_TOUCHED, theme.WARM_DEEP):
        assert theme.contrast(theme.TEXT, dark) >= look
    assert theme.contrast(theme.KEY_NAME, theme.KEY_WHITE) >= look
    assert theme.contrast(theme.SOFT, theme.KEY_BLACK) >= look


@pytest.mark.parametrize("look", LOOKS[1:], indirect=True)
def test_lines_of_high_contrast_can_be_seen(look):
    for line in (theme.LINE, theme.TRACK):
        assert theme.contrast(line, theme.PANEL) >= 3


def test_colours_are_read_where_something_is_drawn():
    """What is kept by a module, a class or a default would stay as it was when the look changes."""
    def kept(node: ast.AST):
        later = node.args if isinstance(node, ast.FunctionDef | ast.Lambda) else None       # what is inside is read later
        for child in [*later.defaults, *later.kw_defaults] if later else ast.iter_child_nodes(node):
            if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name) and child.value.id == "theme":
                yield child.attr
            elif child is not None:
                yield from kept(child)
    for path in GUI.rglob("*.py"):
        assert not set(kept(ast.parse(path.read_text(encoding="utf-8")))) & theme.HIGH_CONTRAST.keys(), path.name


def test_sizes_follow_the_window_within_limits():
    try:
        for width, height, scale in ((1200, 760, 1.0), (600, 380, theme.LEAST_SCALE), (960, 620, 0.8), (2400, 1520, 1.8), (2400, 760, 1.0)):
            theme.set_scale(width, height)
            assert theme.scale == pytest.approx(scale, abs=0.03)
        assert not theme.set_scale(2400, 760)
        for zoom in (0.75, 1.5, 2.0):
            theme.set_look(zoom, False)
            assert theme.set_scale(1200, 760)
            assert theme.scale == pytest.approx(zoom, abs=0.04)
        theme.set_look(0.75, False)
        theme.set_scale(600, 380)
        assert theme.scale == pytest.approx(theme.LEAST_SCALE), "nothing is smaller than can be read"
    finally:
        theme.set_look(1.0, False)
        theme.set_scale(1200, 760)


def test_colours_are_named_in_the_theme_alone():
    for path in GUI.rglob("*.py"):
        if path.name != "theme.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert not (node.value.startswith("#") and len(node.value) in (4, 7, 9)), f"{path.name}: {node.value}"


@pytest.mark.parametrize("look", LOOKS, indirect=True)
def test_placeholders_of_fields_can_be_read(look, qapp, qtbot):
    theme.dress(qapp)
    field = QLineEdit()
    qtbot.addWidget(field)
    field.ensurePolished()
    shown = field.palette().color(QPalette.ColorRole.PlaceholderText)
    assert shown.alpha() == 255 and theme.contrast(shown.name(), theme.GROUND) >= look
