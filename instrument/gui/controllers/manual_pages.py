"""The pages of the manual: texts that are installed with the instrument, and two that are made of its tables, of keys and of controls."""
import html
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from PySide6.QtGui import QKeySequence

from hummingface.instrument.gui.widgets import theme
from hummingface.instrument.gui.widgets.shortcut_table import GESTURES, SHORTCUTS, Shortcut
from hummingface.instrument.patches.parameters import PARAMETERS, Parameter
from hummingface.instrument.session.section_locks import name_of, section_of

KEYS, CONTROLS = "keys", "controls"
OF_ALL = "the whole instrument"         # the section of what no patch has


@dataclass(frozen=True)
class ManualPage:
    """`name` is what links say; `markdown` or else `html` is what it shows."""
    name: str
    title: str
    markdown: str = ""
    html: str = ""


def pages() -> list[ManualPage]:
    """All pages, in the order in which they are listed."""
    folder = files("hummingface.assets") / "manual"
    texts = sorted((file for file in folder.iterdir() if file.name.endswith(".md")), key=lambda file: file.name)
    made = []
    for file in texts:
        text = file.read_text(encoding="utf-8")
        made.append(ManualPage(file.name[2:-3], text.partition("\n")[0].removeprefix("# "), markdown=text))
    return [*made, ManualPage(KEYS, "Keys", html=_keys()), ManualPage(CONTROLS, "Controls", html=_controls())]


def keys_text(shortcut: Shortcut) -> str:
    """The keys of a shortcut, as this system writes them."""
    written = (QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) for keys in shortcut.keys)
    return ", ".join(text for text in written if text)


def _keys() -> str:
    parts = ["<h1>Keys</h1>"]
    for group, shortcuts in groupby(SHORTCUTS, lambda one: one.group):
        parts.append(_table(group, [(keys_text(one), one.does) for one in shortcuts]))
    for where, gestures in groupby(GESTURES, lambda one: one[0]):
        parts.append(_table(where, [(keys, does) for _, keys, does in gestures]))
    return "".join(parts)


def _controls() -> str:
    parts = ["<h1>Controls</h1>"]
    sections: dict[str, list[Parameter]] = {}
    for parameter in PARAMETERS.values():
        section = section_of(parameter.id)
        sections.setdefault(name_of(section) if section else OF_ALL, []).append(parameter)
    for name, parameters in sections.items():
        parts.append(f"<h2>{html.escape(name.capitalize())}</h2>")
        parts += [_control(parameter) for parameter in parameters]
    return "".join(parts)


def _control(parameter: Parameter) -> str:
    ends = (parameter.text(parameter.lowest), parameter.text(parameter.highest))
    values = ", ".join(parameter.choices) if 0 < len(parameter.choices) <= 17 else f"{ends[0]} to {ends[1]}"
    facts = [values, f"at rest {parameter.text(parameter.default)}", f"MIDI CC {parameter.cc}" if parameter.cc is not None else "",
             parameter.id]
    return (f'<p><a name="{parameter.id}"></a><b>{html.escape(parameter.label)}</b><br>{html.escape(parameter.help)}<br>'
            f'<span style="color:{theme.DIM}">{html.escape(" · ".join(filter(None, facts)))}</span></p>')


def _table(heading: str, rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td width='36%'><b>{html.escape(keys)}</b></td><td>{html.escape(does)}</td></tr>" for keys, does in rows)
    return f'<h3>{html.escape(heading)}</h3><table cellpadding="3" width="100%">{cells}</table>'
