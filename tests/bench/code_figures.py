"""The code in numbers: `python tests/bench/code_figures.py [CHECKOUT]`, counted by Python's own parser over what git knows of."""
import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("hummingface", "instrument", "models", "train")
LONG_LINES, MANY_ARGUMENTS = 60, 10
NAMED_ALIKE = ("__init__.py", "__main__.py")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(checkout: Path) -> dict[Path, ast.Module]:
    """The product's modules by their paths."""
    listed = subprocess.run(["git", "ls-files", *PACKAGES], cwd=checkout, capture_output=True, text=True, check=True).stdout.split("\n")
    return {Path(name): ast.parse((checkout / name).read_text(encoding="utf-8")) for name in listed if name.endswith(".py")}


def nodes(modules: dict[Path, ast.Module], kind: type | tuple) -> Iterator[tuple[Path, ast.AST]]:
    return ((path, node) for path, module in modules.items() for node in ast.walk(module) if isinstance(node, kind))


def arguments_of(function: Function) -> int:
    """How many arguments callers give: `self` and `cls` are none."""
    listed = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len(listed) - (bool(listed) and listed[0].arg in ("self", "cls"))


def twice(names: Iterator[str]) -> str:
    found = sorted(name for name, count in Counter(names).items() if count > 1)
    return f"{len(found)} {', '.join(found)}".strip()


def figures(checkout: Path) -> dict[str, object]:
    modules = sources(checkout)
    folder, most = Counter(path.parent for path in modules).most_common(1)[0]
    functions = [(path, node) for path, node in nodes(modules, (ast.FunctionDef, ast.AsyncFunctionDef)) if isinstance(node, Function)]
    lengths = sorted(((node.end_lineno or 0) - node.lineno + 1, node.name) for _, node in functions)
    arguments = sorted((arguments_of(node), node.name) for _, node in functions)
    lines = sorted((len((checkout / path).read_text(encoding="utf-8").splitlines()), path.as_posix()) for path in modules)
    return {
        "files": len(modules), "files in the largest folder": f"{most} ({folder})",
        "longest file, lines": lines[-1], "files over 300 lines": sum(count > 300 for count, _ in lines),
        "file names that occur twice": twice(path.name for path in modules if path.name not in NAMED_ALIKE),
        "class names that occur twice": twice(node.name for _, node in nodes(modules, ast.ClassDef)
                                              if isinstance(node, ast.ClassDef) and not node.name.startswith("_")),
        "Any": sum(isinstance(node, ast.Name) and node.id == "Any" for _, node in nodes(modules, ast.Name)),
        "longest function, lines": lengths[-1], f"functions over {LONG_LINES} lines": sum(count > LONG_LINES for count, _ in lengths),
        "most arguments": arguments[-1],
        f"functions with more than {MANY_ARGUMENTS}": sum(count > MANY_ARGUMENTS for count, _ in arguments),
    }


if __name__ == "__main__":
    for what, value in figures(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()).items():
        print(f"{what}: {value}")
