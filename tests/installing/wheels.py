"""Small wheels, made here: what an installer does with them it does with real ones."""
import base64
import hashlib
import zipfile
from pathlib import Path


def make_wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = (), content: bytes = b"") -> Path:
    """A wheel of one module. Returns its file."""
    info = f"{name}-{version}.dist-info"
    files = {f"{name}/__init__.py": content or f"__version__ = {version!r}\n".encode(),
             f"{info}/METADATA": "\n".join([f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}",
                                            *(f"Requires-Dist: {text}" for text in requires), ""]).encode(),
             f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in files.items()) + f"{info}/RECORD,,\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        for inside, data in [*files.items(), (f"{info}/RECORD", record.encode())]:
            made.writestr(inside, data)
    return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
