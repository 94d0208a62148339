"""README.md, CONTRIBUTING.md and docs/architecture.md name files, modules and functions: each of them exists."""
import ast
import importlib
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md")
PRODUCT = ("hummingface", "instrument", "models", "train")
FOLDERS = (*PRODUCT, "assets", "docs", "tests", ".github")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
NAME = re.compile(r"@?([A-Za-z_][\w.]*)(\(.*\))?( ->.*)?")       # with arguments and result, as architecture.md writes functions
PLACED = re.compile(r"`(\w+)`(?: and `(\w+)`)?(?: of | in | \()`([\w/]+\.py)`")       # "`name` of `file.py`"
FILE = re.compile(r".*/|[\w./-]+\.(py|md|toml|json|yml)|[\w.]+(/[\w.-]+)+")
# Keys of the computer, suffixes, examples, and what other programs and files of the user's have.
OTHERS = {"B", "C", "V", "X", "Z", "F9", ".venv", "_hz", "_db", "_s", "_samples", "group.name", "vX.Y.Z", "engine.log", "send_bytes",
          "random", "default_rng", "f0", "faulthandler", "version"}


def spans(page):
    return sorted(set(SPAN.findall(BLOCK.sub("", (PROJECT / page).read_text(encoding="utf-8")))))


@pytest.fixture(scope="module")
def files():
    """Every file and folder of the project: "/" before its path."""
    return [f"/{path.relative_to(PROJECT).as_posix()}" for path in PROJECT.iterdir() if path.is_file()] + [
        f"/{path.relative_to(PROJECT).as_posix()}" for folder in FOLDERS for path in [PROJECT / folder, *(PROJECT / folder).rglob("*")]]


def names_in(tree):
    """All that a piece of source gives a name to, and its texts: markers, messages and their fields are texts."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)) \
                    | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.Constant(value=str(name)):
                yield name


@pytest.fixture(scope="module")
def known():
    """Names by module, by class, and all of them under the empty name."""
    found: dict[str, set[str]] = {"": set()}
    for path in [*(path for folder in PRODUCT for path in (PROJECT / folder).rglob("*.py")), PROJECT / "tests/suite/marking.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = path.stem if path.stem != "__init__" else path.parent.name
        for name, node in [(module, tree), *((node.name, node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]:
            found.setdefault(name, set()).update(names_in(node))
        found[""] |= found[module] | {module, *path.relative_to(PROJECT).parts[:-1]}
    return found


def exists(dotted, known):
    first, _, rest = dotted.partition(".")
    if not rest:
        return first in known[""]
    if first in known and first != "hummingface":
        return rest in known[first]
    for place in (dotted, dotted.rpartition(".")[0]):          # a module, or what a module has
        try:
            module = importlib.import_module(place)
        except ImportError:
            continue
        return place == dotted or hasattr(module, dotted.rpartition(".")[2])
    return False


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_exists(page, files, known):
    missing = []
    for span in spans(page):
        if span in OTHERS or "NAME" in span:
            continue
        if FILE.fullmatch(span):
            found = any(path.endswith(f"/{span.rstrip('/')}") for path in files)
        else:
            name = NAME.fullmatch(span)
            found = name is None or exists(name[1], known)          # a command, a key or a piece of data is no name
        if not found:
            missing.append(span)
    assert not missing


def test_the_table_of_packages_has_every_package():
    table = set(re.findall(r"`(instrument/\w+)`", "".join(re.findall(r"^\| .+ \|.+\|$", (PROJECT / "docs/architecture.md").read_text(
        encoding="utf-8"), re.MULTILINE))))
    assert {path.parent.relative_to(PROJECT).as_posix() for path in PROJECT.glob("instrument/*/__init__.py")} <= table


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_places_in_a_file_is_there(page, files):
    wrong = []
    for *names, file in PLACED.findall((PROJECT / page).read_text(encoding="utf-8")):
        sources = [PROJECT / path[1:] for path in files if path.endswith(f"/{file}")]
        here = {name for path in sources for name in names_in(ast.parse(path.read_text(encoding="utf-8")))}
        wrong += [(name, file) for name in filter(None, names) if name not in here]
    assert not wrong
