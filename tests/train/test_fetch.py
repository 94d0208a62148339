"""Downloads from a real HTTP server on this machine: with ranges, without, cut off, changed and damaged."""
import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hummingface.train.app.commands import main
from hummingface.train.data import fetch as fetching
from hummingface.train.data.fetch import SETS, FetchError, PublishedDataset, fetch

DATA = os.urandom(3_000_000)
ROOT = Path(__file__).parents[2]


class Server(ThreadingHTTPServer):
    data, ranges, tag = DATA, True, '"one"'
    cut: list[int]
    refuse: list[int]
    asked: list[str | None]
    answers: list[tuple[int, dict[str, str], bytes]]            # in turn for ever, whatever is asked; none: it behaves


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_):
        pass

    def do_GET(self):
        server, data = self.server, self.server.data
        asked = self.headers.get("Range")
        server.asked.append(asked)
        if server.answers:
            status, headers, content = server.answers[(len(server.asked) - 1) % len(server.answers)]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):              # whoever has had enough breaks off
                self.wfile.write(content)
            return
        if server.refuse:
            self.send_error(server.refuse.pop(0))
            return
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.ranges else 0
        if self.headers.get("If-Range", server.tag) != server.tag:
            begin = 0
        if begin and begin >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.end_headers()
            return
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(data) - begin))
        self.send_header("ETag", server.tag)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        part = data[begin:begin + (server.cut.pop(0) if server.cut else len(data))]
        self.wfile.write(part)


@pytest.fixture
def server():
    server = Server(("127.0.0.1", 0), Handler)
    server.cut, server.refuse, server.asked, server.answers = [], [], [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def what(server, data=DATA, **changed):
    url = f"http://127.0.0.1:{server.server_port}/set/file.tar.gz"
    return replace(PublishedDataset(url, len(data), hashlib.sha256(data).hexdigest()), **changed)


def test_a_whole_download_and_none_again(server, tmp_path):
    path = fetch(what(server), tmp_path / "new", progress=False)
    assert path.read_bytes() == DATA
    assert fetch(what(server), tmp_path / "new", progress=False) == path
    assert len(server.asked) == 1
    assert [f.name for f in path.parent.iterdir()] == ["file.tar.gz"]


def test_cut_connections_go_on_where_they_ended(server, tmp_path):
    server.cut = [1_000_000, 500_000]
    server.refuse = []
    assert fetch(what(server), tmp_path, progress=False, pause_s=0.01).read_bytes() == DATA
    assert server.asked == [None, "bytes=1000000-", "bytes=1500000-"]


def test_another_start_goes_on(server, tmp_path):
    server.cut = [1_234_567] + [0] * 20
    with pytest.raises(FetchError, match="1,234,567 bytes are kept"):
        fetch(what(server), tmp_path, progress=False, pause_s=0.001)
    server.cut = []
    assert fetch(what(server), tmp_path, progress=False).read_bytes() == DATA
    assert server.asked[-1] == "bytes=1234567-"


def test_a_server_without_ranges_starts_again(server, tmp_path):
    server.ranges, server.cut = False, [1_000_000]
    assert fetch(what(server), tmp_path, progress=False, pause_s=0.01).read_bytes() == DATA


def test_a_file_that_changed_on_the_server_is_not_mixed(server, tmp_path):
    server.cut = [1_000_000] + [0] * 20
    with pytest.raises(FetchError):
        fetch(what(server), tmp_path, progress=False, pause_s=0.001)
    server.data, server.tag, server.cut = os.urandom(len(DATA)), '"two"', []
    assert fetch(what(server, server.data), tmp_path, progress=False).read_bytes() == server.data


def test_a_complete_partial_is_taken(server, tmp_path):
    (tmp_path / "file.tar.gz.partial").write_bytes(DATA)
    assert fetch(what(server), tmp_path, progress=False).read_bytes() == DATA


def test_wrong_size_and_wrong_hash_are_refused(server, tmp_path):
    with pytest.raises(FetchError, match="the server has 3,000,000 bytes, not 2,999,999"):
        fetch(what(server, size=2_999_999), tmp_path, progress=False)
    with pytest.raises(FetchError, match="SHA-256 is not the published one"):
        fetch(what(server, sha256="0" * 64), tmp_path, progress=False)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file.tar.gz").write_bytes(b"something of the player's")
    with pytest.raises(FetchError, match="Move it away"):
        fetch(what(server), tmp_path, progress=False)
    assert (tmp_path / "file.tar.gz").read_bytes() == b"something of the player's"


def test_busy_servers_are_asked_again_and_missing_files_are_not(server, tmp_path):
    server.refuse = [503, 503]
    assert fetch(what(server), tmp_path, progress=False, pause_s=0.01).read_bytes() == DATA
    server.refuse, server.asked = [404], []
    with pytest.raises(FetchError, match="404"):
        fetch(what(server, url=what(server).url + "x"), tmp_path, progress=False)
    assert len(server.asked) == 1


def test_no_server_at_all(tmp_path):
    with pytest.raises(FetchError, match="the same command resumes"):
        fetch(PublishedDataset("http://127.0.0.1:9/none"), tmp_path, progress=False, pause_s=0.001)


def test_a_full_disk_keeps_what_came(server, tmp_path):
    code = ("import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)); from hummingface.train.app.commands import main; "
            f"sys.exit(main(['fetch', 'nsynth', '--url', {what(server).url!r}, '--out', {str(tmp_path)!r}, '--split', 'valid']))")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 1 and "hummingface train:" in result.stderr and "Traceback" not in result.stderr
    assert 0 < (tmp_path / "file.tar.gz.partial").stat().st_size <= 1_000_000
    assert fetch(what(server), tmp_path, progress=False).read_bytes() == DATA
    assert server.asked[-1].startswith("bytes=")


def test_a_server_that_cuts_off_and_then_has_nothing_more_is_asked_a_few_times(server, tmp_path):
    server.answers = [(200, {"Content-Length": "1000"}, b"x" * 100), (416, {}, b"")]
    with pytest.raises(FetchError, match="times"):
        fetch(what(server, size=None, sha256=None), tmp_path, progress=False, pause_s=0.0)
    assert len(server.asked) <= 2 * fetching.TRIES


def test_a_server_that_brings_a_byte_at_a_time_is_asked_so_often_and_no_more(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "MOST_REQUESTS", 20)
    server.answers = [(206, {"Content-Range": f"bytes {n}-999/1000", "Content-Length": str(1000 - n)}, b"x") for n in range(50)]
    server.answers[0] = (200, {"Content-Length": "1000"}, b"x")
    with pytest.raises(FetchError, match=r"20 times\. 20 bytes are kept"):
        fetch(what(server, size=None, sha256=None), tmp_path, progress=False, pause_s=0.0)


def test_answers_without_end_and_absurd_lengths(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "LARGEST_BYTES", 1 << 20)
    unknown = what(server, size=None, sha256=None)
    server.answers = [(200, {}, b"x" * (2 << 20))]
    with pytest.raises(FetchError, match=r"goes on after 1,048,576 bytes"):
        fetch(unknown, tmp_path, progress=False, pause_s=0.0)
    assert not list(tmp_path.iterdir())
    server.answers = [(200, {"Content-Length": str(1 << 21)}, b"x")]
    with pytest.raises(FetchError, match="the server has 2,097,152 bytes; at most 1,048,576 are fetched"):
        fetch(unknown, tmp_path, progress=False, pause_s=0.0)
    for length in ("9" * 5000, "\u00b2", "-1", "1e3"):
        server.answers = [(200, {"Content-Length": length}, b"abc")]
        assert fetch(unknown, tmp_path / f"length {length[:3]}", progress=False, pause_s=0.0).read_bytes() == b"abc"


def test_the_command(server, tmp_path, capsys):
    assert main(["fetch", "nsynth", "--split", "valid", "--url", what(server).url, "--out", str(tmp_path)]) == 0
    assert "Next: hummingface train prepare" in capsys.readouterr().out
    assert main(["fetch", "nsynth", "--split", "test", "--url", what(server).url, "--out", str(tmp_path / "b")]) == 1
    assert "not 349,501,546" in capsys.readouterr().err


def test_the_published_test_split():
    test = SETS["nsynth"]["test"]
    assert test.name == "nsynth-test.jsonwav.tar.gz" and test.size == 349_501_546 and len(test.sha256) == 64
