"""Pages as a real browser shows them: Chromium without a window, on a server of this machine's own."""
import json
import shutil
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST_S = 120.0
# Before all else on the page: what goes wrong is written down.
WATCH = """<script>
const errors = [];
addEventListener("error", e => errors.push(String(e.message || (e.target && e.target.outerHTML || "").slice(0, 200))), true);
addEventListener("unhandledrejection", e => errors.push(String(e.reason)));
console.error = (...words) => errors.push(words.join(" "));
</script>"""
# After all else: `look`, an asynchronous function, is sent back with what went wrong.
TELL = """<script>
addEventListener("load", async () => {
  let seen = null;
  try { seen = await (%s)(); } catch (e) { errors.push(String(e)); }
  await fetch("/seen", {method: "POST", body: JSON.stringify({errors, seen})});
});
</script>"""
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--mute-audio",
           "--autoplay-policy=no-user-gesture-required")


def chromium() -> str | None:
    """Where it is; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def look_at(html: str, look: str) -> tuple[list[str], Any]:
    """(errors of the page, what the JavaScript function `look` gives of it)."""
    content = html.replace("<head>", "<head>" + WATCH, 1).replace("</body>", TELL % look + "</body>", 1).encode()
    told: list[bytes] = []
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path == "/":
                self.wfile.write(content)

        def do_POST(self) -> None:
            told.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()
            done.set()

        def log_message(self, *_words: object) -> None:
            pass

    program = chromium()
    assert program is not None
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen([program, *OPTIONS, f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_port}/"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert done.wait(LONGEST_S), "the page did not answer"
        finally:
            browser.terminate()
            browser.wait(20)
            server.shutdown()
    answer = json.loads(told[0])
    return answer["errors"], answer["seen"]
