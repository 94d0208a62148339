"""HummingFace: an instrument whose sound comes from neural networks while you play. From Python (docs/api.md shows all of it):

    import hummingface
    instrument = hummingface.Instrument("Evening Grand")
    hummingface.save("chord.wav", instrument.render([(0.0, 1.5, 60), (0.0, 1.5, 64), (0.0, 1.5, 67)]))

The one import name of the project: `hummingface.instrument`, `hummingface.models`, `hummingface.train` and `hummingface.assets` are the
folders `instrument`, `models`, `train` and `assets`. An installation has them inside this one (`pyproject.toml` maps them); in a
checkout they lie beside it.
"""
from importlib import import_module
from pathlib import Path

_here = Path(__file__).resolve().parent
FOLDER = str(_here.parent)           # that holds this package: where other processes of ours find it
if not (_here / "instrument").is_dir():
    __path__.append(FOLDER)


def __getattr__(name: str) -> object:
    """The API (its types are in `__init__.pyi`), imported when it is first asked for: whatever plays knows nothing of it."""
    if name.startswith("_"):
        raise AttributeError(name)
    api = import_module("hummingface.instrument.api")
    if name not in api.__all__:
        raise AttributeError(f"hummingface has no {name!r}; it has {', '.join(sorted(api.__all__))}")
    return getattr(api, name)


def __dir__() -> list[str]:
    return [*globals(), *import_module("hummingface.instrument.api").__all__]
