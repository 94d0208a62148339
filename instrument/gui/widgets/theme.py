"""Fonts, spacing and colours of the window. Nothing here draws.

One dark background, black in high contrast (`set_look`). Warm (amber) is what the player moved, cool (cyan) is what the model does. Every
text colour has at least 4.5 : 1 contrast with the surfaces it is used on (WCAG 2.1 AA), in high contrast 7 : 1 (AAA); checked in the
tests. Colours are read where something is drawn, never kept: they change with the look.

Sizes are given for a window of 1200 x 760 and follow the window, and its zoom: the window alone sets `scale`, `px` applies it. They are
points; the least sizes are pixels of the screen, of which a point may have several, so that a small screen holds as much at any factor.
Call in the GUI thread only.
"""
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

GROUND = "#101216"          # behind everything
PANEL = "#181b21"           # a group of controls
RAISED = "#232730"          # buttons, knob caps
HOVER = "#2c313c"
LINE = "#2a2f39"            # hairlines, knob tracks
TRACK = "#343a46"
CAP = "#343a45"             # the lit edge of a knob's cap
CAP_TOUCHED = "#3d434f"
SHADOW = "#0b0d10"
TEXT = "#eceef2"
SOFT = "#a9b0bd"            # labels
DIM = "#9199a9"             # units, disabled controls
WARM = "#f4a957"            # what the player moved
WARM_DEEP = "#7a5226"
COOL = "#5fcbdb"            # what the model does
COOL_DEEP = "#1f5763"
MOVES = "#b9a2f5"           # what moves by itself: sources of modulation, and how far they move a knob
ALARM = "#ff7a66"           # clipping, drop-outs, panic
RECORDING = "#ff5d52"       # while a take is recorded
KEY_WHITE = "#d9dce2"
KEY_WHITE_SHADE = "#b4b9c4"
KEY_BLACK = "#1c1f26"
KEY_BLACK_SHADE = "#2b2f38"
KEY_NAME = "#565d6a"

HIGH_CONTRAST = {           # what the player who asked for it has in place of these
    "GROUND": "#000000", "PANEL": "#000000", "RAISED": "#1b1b1b", "HOVER": "#303030", "LINE": "#9a9a9a", "TRACK": "#7d7d7d",
    "CAP": "#3a3a3a", "CAP_TOUCHED": "#505050", "SHADOW": "#ffffff", "TEXT": "#ffffff", "SOFT": "#f2f2f2", "DIM": "#cfcfcf",
    "WARM": "#ffc266", "WARM_DEEP": "#5c3a10", "COOL": "#7ce8f7", "COOL_DEEP": "#0e4450", "MOVES": "#d6c8ff", "ALARM": "#ffaca0",
    "RECORDING": "#ffa89e", "KEY_WHITE": "#ffffff", "KEY_WHITE_SHADE": "#e6e6e6", "KEY_BLACK": "#000000", "KEY_BLACK_SHADE": "#161616",
    "KEY_NAME": "#3a3a3a"}

GAP = 8                     # between panels
PAD = 10                    # inside a panel
FAMILY = "Inter"
FALLBACKS = [FAMILY, "SF Pro Text", "Segoe UI", "Noto Sans", "DejaVu Sans"]
SIZES = {"title": 15, "patch": 14, "body": 12, "label": 11, "small": 10.5}
WIDTH, HEIGHT = 1200, 760   # points of the window for which sizes are given
LEAST_SCALE, MOST_SCALE = 0.6, 1.8
STEPS = 25                  # of the scale, from one size of the window to twice that
LEAST_FONT = 8              # pixels of the screen

scale = 1.0
zoom = 1.0                  # the player's, beside what follows from the window's size
high_contrast = False
_pixels_a_point = 1.0
_NORMAL = {name: str(globals()[name]) for name in HIGH_CONTRAST}


def set_look(wanted_zoom: float, wanted_contrast: bool) -> None:
    """The player's zoom, a factor beside the window's size, and whether colours are of high contrast. Then `set_scale` and `dress`."""
    global zoom, high_contrast
    zoom, high_contrast = wanted_zoom, wanted_contrast
    globals().update(HIGH_CONTRAST if wanted_contrast else _NORMAL)


def set_scale(window_width: float, window_height: float, pixels_a_point: float = 1.0) -> bool:
    """Fit the sizes to a window, in steps, never beyond it but by the zoom; True when they changed."""
    global scale, _pixels_a_point
    steps = STEPS * pixels_a_point
    least = LEAST_SCALE / pixels_a_point
    wanted = max(min(max(min(window_width / WIDTH, window_height / HEIGHT), least), MOST_SCALE) * zoom, least)
    wanted = int(wanted * steps + 1e-6) / steps
    changed = (wanted, pixels_a_point) != (scale, _pixels_a_point)
    scale, _pixels_a_point = wanted, pixels_a_point
    return changed


def px(size: float) -> int:
    """A length of the 1200 x 760 window, scaled to the current window."""
    return round(size * scale)


def font_px(role: str) -> int:
    """The size of a role in `SIZES`, in points."""
    return max(round(LEAST_FONT / _pixels_a_point), round(SIZES[role] * scale))


def font(role: str = "label", weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font of a role in `SIZES`; digits have equal width, so that values do not jitter."""
    return QFont(_font(font_px(role), weight))


@lru_cache(maxsize=256)
def _font(pixels: int, weight: QFont.Weight) -> QFont:
    made = QFont()
    made.setFamilies(FALLBACKS)
    made.setPixelSize(pixels)
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


@lru_cache(maxsize=1024)
def colour(name: str, alpha: float = 1.0) -> QColor:
    """A colour, with an opacity 0..1. Shared: never change it."""
    made = QColor(name)
    made.setAlphaF(alpha)
    return made


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two: `share` 0 is the one, 1 the other."""
    a, b = QColor(one), QColor(other)
    return QColor.fromRgbF(a.redF() + (b.redF() - a.redF()) * share, a.greenF() + (b.greenF() - a.greenF()) * share,
                           a.blueF() + (b.blueF() - a.blueF()) * share).name()


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two opaque colours, WCAG 2.1."""
    def luminance(name: str) -> float:
        made = QColor(name)
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (made.redF(), made.greenF(), made.blueF())]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@cache
def _renderer(name: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray((files("hummingface.assets") / "icons" / f"{name}.svg").read_bytes()))


def icon_pixmap(name: str, tint: str, size: int, ratio: float = 1.0) -> QPixmap:
    """A line icon of `assets/icons` in one colour, `size` points wide, sharp at a device pixel ratio."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    _renderer(name).render(painter, QRectF(pixmap.rect()))
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(pixmap.rect(), colour(tint))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def picture(name: str, size: int, ratio: float = 1.0) -> QPixmap:
    """A drawing of `assets/icons` in its own colours, `size` points wide."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    _renderer(name).render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def app_icon() -> QIcon:
    """The instrument's own icon."""
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(picture("hummingface", size))
    return made


def icon(name: str, size: int, tint: str = SOFT, active: str = WARM) -> QIcon:
    """An icon for buttons, `size` points wide: `tint` at rest, `active` while checked."""
    made = QIcon()
    for ratio in (1.0, 2.0, 3.0):
        made.addPixmap(icon_pixmap(name, tint, size, ratio), QIcon.Mode.Normal, QIcon.State.Off)
        made.addPixmap(icon_pixmap(name, active, size, ratio), QIcon.Mode.Normal, QIcon.State.On)
        made.addPixmap(icon_pixmap(name, TRACK, size, ratio), QIcon.Mode.Disabled, QIcon.State.Off)
    return made


def _url(name: str) -> str:
    return Path(str(files("hummingface.assets") / "icons" / f"{name}.svg")).as_posix()


def stylesheet() -> str:
    """The style sheet of Qt's own widgets (buttons, fields, lists, dialogs) at the current scale."""
    radius = px(5)
    return f"""
    QWidget {{ color: {TEXT}; font-family: {', '.join(f'"{f}"' for f in FALLBACKS)}; font-size: {font_px('body')}px; }}
    QMainWindow, QDialog, #ground {{ background: {GROUND}; }}
    #panel {{ background: {PANEL}; border-radius: {px(7)}px; {f"border: 1px solid {LINE};" if high_contrast else ""} }}
    #heading {{ color: {SOFT}; font-size: {font_px('small')}px; font-weight: 600; letter-spacing: {px(1)}px; }}
    #soft {{ color: {SOFT}; }}
    #dim {{ color: {DIM}; }}
    #alarm {{ color: {ALARM}; }}
    #note {{ color: {DIM}; font-size: {font_px('label')}px; }}
    QToolTip {{ background: {HOVER}; color: {TEXT}; border: 1px solid {TRACK}; padding: {px(4)}px {px(6)}px; }}
    QPushButton, QToolButton, QComboBox {{ background: {RAISED}; border: 1px solid transparent; border-radius: {radius}px;
        padding: {px(3)}px {px(9)}px; min-height: {px(20)}px; }}
    QToolButton {{ padding: {px(3)}px {px(5)}px; }}
    QTextBrowser {{ background: {GROUND}; border: 1px solid {TRACK}; border-radius: {radius}px; padding: {px(6)}px;
        selection-background-color: {WARM_DEEP}; }}
    QTextBrowser:focus {{ border-color: {TEXT}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QPushButton:hover, QToolButton:hover, QComboBox:hover {{ background: {HOVER}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {CAP_TOUCHED}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QListView:focus {{ border-color: {TEXT}; }}
    QPushButton:checked, QToolButton:checked {{ color: {WARM}; }}
    QPushButton:disabled, QToolButton:disabled, QComboBox:disabled {{ color: {DIM}; }}
    QToolButton[flat="true"] {{ background: transparent; }}
    QToolButton[flat="true"]:hover {{ background: {RAISED}; }}
    QToolButton[small="true"] {{ color: {SOFT}; font-size: {font_px('label')}px; padding: {px(1)}px {px(6)}px; }}
    QToolButton[small="true"]:hover {{ color: {TEXT}; }}
    QToolButton[small="true"]:checked {{ color: {WARM}; background: {RAISED}; }}
    QToolButton[role="record"]:checked {{ background: {RECORDING}; color: {GROUND}; font-weight: 600; }}
    QPushButton[role="panic"] {{ color: {ALARM}; font-weight: 600; letter-spacing: {px(1)}px; }}
    QPushButton[role="panic"]:hover {{ background: {ALARM}; color: {GROUND}; }}
    QPushButton[role="main"] {{ background: {WARM}; color: {GROUND}; font-weight: 600; }}
    QPushButton[role="main"]:disabled {{ background: {RAISED}; color: {DIM}; }}
    QPushButton[role="chip"] {{ padding: {px(1)}px {px(8)}px; border-radius: {px(11)}px; color: {SOFT}; }}
    QPushButton[role="chip"]:checked {{ background: {WARM}; color: {GROUND}; }}
    QPushButton[role="source"] {{ padding: 0 {px(4)}px; min-height: {px(15)}px; border-radius: {px(4)}px; color: {MOVES};
        font-size: {font_px("small")}px; }}
    QPushButton[role="source"]:checked {{ background: {MOVES}; color: {GROUND}; }}
    QComboBox::drop-down {{ border: none; width: {px(22)}px; }}
    QComboBox::down-arrow {{ image: url({_url("arrow")}); width: {px(14)}px; height: {px(14)}px; }}
    QComboBox QAbstractItemView, QMenu {{ background: {RAISED}; border: 1px solid {TRACK}; outline: none;
        selection-background-color: {HOVER}; selection-color: {TEXT}; }}
    QMenu::item {{ padding: {px(5)}px {px(18)}px; }}
    QMenu::item:selected {{ background: {HOVER}; }}
    QLineEdit {{ placeholder-text-color: {DIM}; }}
    QLineEdit {{ background: {GROUND}; border: 1px solid {TRACK}; border-radius: {radius}px; padding: {px(3)}px {px(7)}px;
        min-height: {px(20)}px; selection-background-color: {WARM_DEEP}; }}
    QAbstractSpinBox {{ background: {RAISED}; border: 1px solid transparent; border-radius: {radius}px;
        padding: {px(3)}px {px(4)}px {px(3)}px 0; min-height: {px(20)}px; selection-background-color: {WARM_DEEP}; }}
    QAbstractSpinBox:hover {{ background: {HOVER}; }}
    QAbstractSpinBox:focus {{ border-color: {TEXT}; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ background: transparent; border: none; width: {px(18)}px; }}
    QAbstractSpinBox::up-arrow {{ image: url({_url("arrow-up")}); width: {px(12)}px; height: {px(12)}px; }}
    QAbstractSpinBox::down-arrow {{ image: url({_url("arrow")}); width: {px(12)}px; height: {px(12)}px; }}
    QSlider {{ background: transparent; border: 1px solid transparent; border-radius: {radius}px; min-height: {px(16)}px; }}
    QSlider:focus {{ border-color: {TEXT}; }}
    QSlider::groove:horizontal {{ background: {TRACK}; height: {px(3)}px; border-radius: {px(1)}px; }}
    QSlider::sub-page:horizontal {{ background: {WARM}; height: {px(3)}px; border-radius: {px(1)}px; }}
    QSlider::handle:horizontal {{ background: {SOFT}; width: {px(8)}px; margin: -{px(4)}px 0; border-radius: {px(3)}px; }}
    QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus {{ background: {TEXT}; }}
    QProgressBar {{ background: {RAISED}; border: none; border-radius: {px(3)}px; }}
    QProgressBar::chunk {{ background: {COOL}; border-radius: {px(3)}px; }}
    QListView {{ background: transparent; border: 1px solid transparent; border-radius: {radius}px; outline: none; }}
    QListView::item {{ padding: {px(4)}px; border-radius: {px(4)}px; }}
    QListView::item:selected {{ background: {HOVER}; color: {TEXT}; }}
    QListView::item:hover {{ background: {RAISED}; }}
    QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
    QCheckBox {{ spacing: {px(8)}px; }}
    QCheckBox::indicator {{ width: {px(14)}px; height: {px(14)}px; border: 1px solid {TRACK}; border-radius: {px(3)}px;
        background: {RAISED}; }}
    QCheckBox::indicator:checked {{ background: {WARM}; border-color: {WARM}; image: url({_url("tick")}); }}
    QCheckBox::indicator:checked:disabled {{ background: {DIM}; border-color: {DIM}; }}
    QCheckBox:focus {{ color: {WARM}; }}
    QCheckBox:disabled {{ color: {DIM}; }}
    QScrollBar:vertical {{ background: transparent; width: {px(8)}px; }}
    QScrollBar::handle:vertical {{ background: {TRACK}; border-radius: {px(4)}px; min-height: {px(24)}px; }}
    QScrollBar:horizontal {{ background: transparent; height: {px(8)}px; }}
    QScrollBar::handle:horizontal {{ background: {TRACK}; border-radius: {px(4)}px; min-width: {px(24)}px; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none; height: 0; width: 0; }}
    """


def dress(app: QApplication) -> None:
    """Load the font, set palette and style sheet. Call once, and again after `set_scale` has returned True."""
    if FAMILY not in QFontDatabase.families():
        for path in sorted((files("hummingface.assets") / "fonts").iterdir(), key=lambda p: p.name):
            if path.name.endswith(".otf"):
                QFontDatabase.addApplicationFontFromData(QByteArray(path.read_bytes()))
    app.setStyle("Fusion")
    palette = QPalette()
    for role, name in ((QPalette.ColorRole.Window, GROUND), (QPalette.ColorRole.Base, GROUND), (QPalette.ColorRole.Text, TEXT),
                       (QPalette.ColorRole.WindowText, TEXT), (QPalette.ColorRole.Button, RAISED),
                       (QPalette.ColorRole.ButtonText, TEXT), (QPalette.ColorRole.Highlight, WARM_DEEP),
                       (QPalette.ColorRole.HighlightedText, TEXT), (QPalette.ColorRole.PlaceholderText, DIM),
                       (QPalette.ColorRole.Link, COOL), (QPalette.ColorRole.LinkVisited, COOL),
                       (QPalette.ColorRole.ToolTipBase, HOVER), (QPalette.ColorRole.ToolTipText, TEXT)):
        palette.setColor(role, QColor(name))
    app.setPalette(palette)
    app.setFont(font("body"))
    app.setStyleSheet(stylesheet())
