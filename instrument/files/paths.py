"""Questions about files by their names."""
from pathlib import Path


def written_at(path: Path) -> float:
    """When a file was last written; 0 for one that went meanwhile, or a link that points nowhere."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def refuse_existing(*paths: Path, error: type[Exception] = OSError) -> None:
    """Raises `error` if one of them exists: nothing is overwritten."""
    for path in paths:
        if path.exists() or path.is_symlink():
            raise error(f"{path}: already exists, and is not overwritten; give another name, or move it away first")
