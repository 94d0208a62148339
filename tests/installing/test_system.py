"""Packages of the system: what is there, what it is called here, what happens where it cannot be installed."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hummingface.instrument.installing import system
from tests.bare import PROJECT

LISTING = ("libasound2t64\tlibasound2 (= 1.2.14-1)\tinstall ok installed\nlibegl1\t\tinstall ok installed\n"
           "libgl1\t\tdeinstall ok config-files\nlibglib2.0-0t64\tlibglib2.0-0 (= 2.84.4-3~deb13u1), libglib2.0\tinstall ok installed\n")
NOTHING = "{name}:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n"
SOMETHING = "{name}:\n  Installed: (none)\n  Candidate: 1.2.14-1\n  Version table:\n     1.2.14-1 500\n"


@pytest.mark.parametrize(("name", "there"), [("libasound2", True), ("libasound2t64", True), ("libegl1", True), ("libgl1", False),
                                             ("libglib2.0-0", True), ("libglib2.0", True), ("libegl", False), ("asound2", False)])
def test_a_package_counts_by_its_own_name_and_by_what_it_provides(name, there):
    assert system.installed(name, LISTING) is there


@pytest.mark.parametrize(("known", "name", "here"), [
    ({"libasound2"}, "libasound2", "libasound2"),                       # Debian 12, Ubuntu 22.04
    ({"libasound2t64"}, "libasound2", "libasound2t64"),                 # Debian 13, Ubuntu 24.04: the old name is there in name alone
    ({"libglib2.0-0t64"}, "libglib2.0-0", "libglib2.0-0t64"), (set(), "libegl1", "libegl1")])
def test_a_package_is_called_as_this_release_calls_it(known, name, here):
    assert system.named_here(name, lambda package: (SOMETHING if package in known else NOTHING).format(name=package)) == here


@pytest.mark.skipif(sys.platform != "linux", reason="on other systems nothing is asked of the system")
class TestAsked:
    """The program itself, with a system's tools that write down what is asked of them."""

    @pytest.fixture
    def asked(self, tmp_path):
        """Runs it with apt-get, sudo and dpkg-query as given; returns (process, what was asked of apt)."""
        tools = tmp_path / "tools"
        tools.mkdir()

        def run(what: str, *, lacks: bool, apt_works: bool, root: bool, display: bool = False) -> tuple[subprocess.CompletedProcess, str]:
            log = tmp_path / "asked"
            for name, script in (("apt-get", f'echo "$@" >> {log}; exit {0 if apt_works else 100}'), ("apt-cache", "exit 0"),
                                 ("dpkg-query", "exit 0"), ("sudo", 'exit 1' if not root else 'shift; exec "$@"')):
                (tools / name).write_text(f"#!/bin/sh\n{script}\n")
                (tools / name).chmod(0o755)
            code = ("import sys; from hummingface.instrument.installing import system as s; import os; "
                    f"os.geteuid = lambda: {0 if root else 1000}; "
                    f"s.PLAY = (s.SystemPart('sound', lambda: {not lacks}, ('libportaudio2',), s._display),); s.TEST = (); "
                    "sys.exit(s.main(sys.argv[1:]))")
            variables = {**os.environ, "PATH": f"{tools}:/usr/bin:/bin", "PYTHONPATH": str(PROJECT), "DISPLAY": ":7" if display else "",
                         "WAYLAND_DISPLAY": ""}
            made = subprocess.run([sys.executable, "-c", code, what], capture_output=True, text=True, env=variables)
            return made, log.read_text() if log.exists() else ""
        return run

    def test_nothing_is_asked_where_all_is_there(self, asked):
        made, log = asked("play", lacks=False, apt_works=True, root=True)
        assert (made.returncode, made.stdout, log) == (0, "", "")

    def test_root_installs_what_is_missing(self, asked):
        made, log = asked("play", lacks=True, apt_works=True, root=True)
        assert made.returncode == 0 and "install -y -qq --no-install-recommends libportaudio2" in log

    def test_without_root_the_line_to_type_is_printed_and_it_goes_on_without_optional_parts(self, asked):
        made, log = asked("play", lacks=True, apt_works=True, root=False)
        assert made.returncode == 0 and log == ""
        assert "sudo apt-get install libportaudio2" in made.stdout and "goes on without" in made.stdout

    def test_where_the_part_is_needed_it_stops(self, asked):
        made, _ = asked("play", lacks=True, apt_works=False, root=True, display=True)
        assert made.returncode == 1 and "Missing: sound." in made.stdout and "sudo apt-get install libportaudio2" in made.stdout


def test_parts_are_found_by_what_programs_load(tmp_path):
    assert system._loads("libc.so.6")() and not system._loads("libnosuchthing.so.9")()
    assert Path(system.__file__).read_text().count("import numpy") == 0
