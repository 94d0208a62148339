"""Downloads published data sets, with a progress bar, resuming, and checks of size and SHA-256."""
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hummingface.models.playing.checked_json import read_json
from hummingface.train.data.progress import progress_bar
from hummingface.train.notes.note import sha256_of

if TYPE_CHECKING:
    from tqdm import tqdm

CHUNK_BYTES = 1 << 18
TIMEOUT_S = 30.0
TRIES = 6                             # in a row without a byte, each after a longer pause
MOST_REQUESTS = 100                   # of one file, however little each of them brings
PAUSE_S = 1.0
LARGEST_BYTES = 64 << 30              # of a file whose size is not known; NSynth's largest has 22 GB
LONGEST_NAME = 200                    # bytes, with room for what is added while it comes
SCHEMES = ("http", "https")
_LENGTH = re.compile(r"[0-9]{1,18}")


class FetchError(ValueError):
    """A download could not be completed; the text says which, why, and what to do."""


@dataclass(frozen=True)
class PublishedDataset:
    """A file as published; size and hash where they are known."""
    url: str
    size: int | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The file's name: the last part of the address, without what is asked of it. Raises FetchError where that is none."""
        parts = urllib.parse.urlsplit(self.url)
        name = urllib.parse.unquote(parts.path.rsplit("/", 1)[-1])
        if parts.scheme not in SCHEMES or not parts.netloc:
            raise FetchError(f"{self.url}: only {' and '.join(SCHEMES)} addresses are fetched.")
        if name in ("", ".", "..") or len(name.encode()) > LONGEST_NAME or not name.isprintable() or not {*name}.isdisjoint('/\\:*?"<>|'):
            raise FetchError(f"{self.url}: does not end in the name of a file.")
        return name


_NSYNTH = "http://download.magenta.tensorflow.org/datasets/nsynth/nsynth-{}.jsonwav.tar.gz"
SETS = {"nsynth": {
    "test": PublishedDataset(_NSYNTH.format("test"), 349_501_546, "0f9ba5d62beba9ec4612f918d19f5e87a681822f1c566124f05fe8b27a51934c"),
    "valid": PublishedDataset(_NSYNTH.format("valid")),
    "train": PublishedDataset(_NSYNTH.format("train")),
}}


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to the web alone; urllib's own also go to ftp."""

    def redirect_request(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any,
                         newurl: str) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme not in SCHEMES:
            raise FetchError(f"{req.full_url}: the server names {newurl:.200}; only {' and '.join(SCHEMES)} addresses are fetched.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.OpenerDirector()
for _handler in (urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler, urllib.request.HTTPErrorProcessor,
                 urllib.request.HTTPDefaultErrorHandler, _WebOnly):
    _OPENER.add_handler(_handler())


def fetch(what: PublishedDataset, folder: Path, progress: bool = True, pause_s: float = PAUSE_S) -> Path:
    """`what` in `folder`, complete and checked; what already exists is not loaded again. Raises FetchError, OSError on a full disk."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / what.name
    if path.is_file():
        _check(what, path, "Move it away and run the command again.")
        return path
    partial = path.with_name(path.name + ".partial")
    _download(what, partial, progress, pause_s)
    try:
        _check(what, partial, "It was removed; fetch it again.")
    except FetchError:
        _forget(partial)
        raise
    os.replace(partial, path)
    _tag_file(partial).unlink(missing_ok=True)
    return path


def _check(what: PublishedDataset, path: Path, advice: str) -> None:
    size = path.stat().st_size
    if what.size is not None and size != what.size:
        raise FetchError(f"{path}: {size:,} bytes instead of {what.size:,}. {advice}")
    if what.sha256 is not None and sha256_of(path) != what.sha256:
        raise FetchError(f"{path}: its SHA-256 is not the published one: damaged during the download, or changed. {advice}")


def _download(what: PublishedDataset, partial: Path, progress: bool, pause_s: float) -> None:
    failures, requests, error = 0, 0, ""
    with progress_bar(total=what.size, unit="B", unit_scale=True, unit_divisor=1024, desc=what.name, progress=progress) as bar:
        furthest = _size(partial)
        while failures < TRIES and requests < MOST_REQUESTS:
            if failures:
                time.sleep(pause_s * 2 ** (failures - 1))
            requests += 1
            try:
                if _some(what, partial, bar):
                    return
                error = "the connection ended too early"
            except urllib.error.HTTPError as refused:
                if refused.code < 500:
                    raise FetchError(f"{what.url}: the server answers {refused.code} {refused.reason}. Is the address right?") from refused
                error = f"the server answers {refused.code} {refused.reason}"
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as broken:
                error = str(getattr(broken, "reason", "") or broken or type(broken).__name__)
            failures = 1 if _size(partial) > furthest else failures + 1       # further than ever: what was there before is no progress
            furthest = max(furthest, _size(partial))
    raise FetchError(f"{what.url}: {error}, {requests} times. {_size(partial):,} bytes are kept: the same command resumes.")


def _some(what: PublishedDataset, partial: Path, bar: "tqdm") -> bool:
    """One request, from the current end of the file. True when it is complete."""
    have = _size(partial)
    request = urllib.request.Request(what.url, headers={"User-Agent": "hummingface"})
    tag = _tag_of(partial) if have else ""
    if have:
        request.add_header("Range", f"bytes={have}-")
        if tag:
            request.add_header("If-Range", tag)                   # a file that has changed on the server is downloaded from its beginning
    try:
        answer = _OPENER.open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as refused:
        if refused.code != 416:                                    # nothing after what we have: complete, or another file
            raise
        if what.size in (None, have) and refused.headers.get("Content-Range", "").endswith(f"/{have}"):
            return True
        _forget(partial)
        return False
    with answer:
        goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if answer.status == 206 and not goes_on:
            _forget(partial)
            return False
        have = have if goes_on else 0
        length = answer.headers.get("Content-Length", "")
        total = have + int(length) if _LENGTH.fullmatch(length) else None
        if what.size is not None and total is not None and total != what.size:
            raise FetchError(f"{what.url}: the server has {total:,} bytes, not {what.size:,}: it is not the published file.")
        most = what.size or LARGEST_BYTES
        if total is not None and total > most:
            raise FetchError(f"{what.url}: the server has {total:,} bytes; at most {most:,} are fetched.")
        strong = answer.headers.get("ETag", "")
        if strong and not strong.startswith("W/"):
            _tag_file(partial).write_text(json.dumps(strong))
        bar.total, bar.n = total or what.size, have
        bar.refresh()
        with partial.open("ab" if goes_on else "wb") as file:
            while chunk := answer.read(CHUNK_BYTES):
                if have + len(chunk) > most:
                    file.close()
                    _forget(partial)
                    raise FetchError(f"{what.url}: the server goes on after {most:,} bytes: it is not the published file. Nothing is kept.")
                file.write(chunk)
                have += len(chunk)
                bar.update(len(chunk))
        return total is None or have == total


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _tag_file(partial: Path) -> Path:
    return partial.with_name(partial.name + ".etag")


def _tag_of(partial: Path) -> str:
    """The server's tag of the partial file; empty if unknown."""
    try:
        tag = read_json(_tag_file(partial))
    except (OSError, ValueError):
        return ""
    return tag if isinstance(tag, str) and tag.isprintable() and tag.isascii() else ""


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _tag_file(partial).unlink(missing_ok=True)
