"""HummingFace: an instrument whose sound comes from neural networks while you play.

This is the project's one import name: `hummingface.instrument`, `hummingface.models`, `hummingface.train` and `hummingface.assets` are the
folders `instrument`, `models`, `train` and `assets`. In an installation they are inside this package (`pyproject.toml` maps them); in a
checkout they are beside it (docs/decisions/packages.md).
"""
from pathlib import Path

_here = Path(__file__).resolve().parent
FOLDER = str(_here.parent)           # that holds this package: where other processes of ours find it
if not (_here / "instrument").is_dir():
    __path__.append(str(_here.parent))
