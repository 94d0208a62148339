"""The command line's manners: JSON for programs, quiet, names that were misspelt, defaults in every help text, endings of sound files."""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from hummingface.command_parser import tells_default
from hummingface.instrument.app import cli
from hummingface.instrument.patches.parameters import PARAMETERS
from hummingface.train.app import arguments

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        folder = tmp_path_factory.mktemp("home")
        patched.setenv("HUMMINGFACE_HOME", str(folder))
        yield folder


@pytest.fixture
def song(tmp_path):
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60, velocity=100), mido.Message("note_off", note=60, time=240)]))
    file.save(tmp_path / "song.mid")
    return tmp_path / "song.mid"


def printed(capsys, *words):
    """What a command prints as JSON."""
    assert cli.main(list(words)) == 0
    return json.loads(capsys.readouterr().out)


def test_lists_for_programs(capsys, home):
    patches = printed(capsys, "patches", "--json")
    grand = patches[0]
    assert grand["program"] == 0 and grand["factory"] and Path(grand["file"]).is_file() and grand["model"] and grand["tags"]
    models = printed(capsys, "models", "--json")
    assert grand["model"] in [model["name"] for model in models] and models[0]["presets"]
    controls = printed(capsys, "controls", "--json")
    assert [control["id"] for control in controls] == list(PARAMETERS)
    cutoff = next(control for control in controls if control["id"] == "filter.cutoff_hz")
    assert (cutoff["lowest"], cutoff["highest"], cutoff["unit"], cutoff["default"], cutoff["group"]) == (20, 20000, "Hz", 20000, "filter")
    mix = next(control for control in controls if control["id"] == "reverb.mix")
    assert (mix["highest"], mix["unit"]) == (1, ""), "a fraction, whatever the window shows"
    devices = printed(capsys, "devices", "--json")
    assert isinstance(devices["audio"], list) and isinstance(devices["midi"], list)


def test_patches_by_words(capsys):
    found = printed(capsys, "patches", "--words", "dark pad", "--json")
    assert found[0].keys() == {"name", "file", "factory", "model", "preset", "tags", "score", "reasons"}
    assert found[0]["reasons"] == ["dark", "pad"] and found[0]["score"] > found[-1]["score"]
    assert any(one["preset"] == one["name"] for one in found) and any(one["preset"] is None for one in found)
    assert cli.main(["patches", "--words", "a vioiln, not bright"]) == 0
    told = capsys.readouterr()
    assert "Did you mean \"violin\"?" in told.err and "not bright" in told.out
    assert cli.main(["patches", "--words", "qwrtz"]) == 0
    told = capsys.readouterr()
    assert told.out == "nothing answers these words\n" and "qwrtz" in told.err


def test_controls_as_text_name_every_control(capsys):
    assert cli.main(["controls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(PARAMETERS)
    assert all(PARAMETERS[line.split()[0]].label in line for line in lines[1:])


def test_what_was_rendered_for_programs(capsys, song, tmp_path):
    told = printed(capsys, "render", str(song), str(tmp_path / "a.flac"), "--rate", "44100", "--json")
    sound, rate_hz = soundfile.read(tmp_path / "a.flac")
    assert told["file"] == str(tmp_path / "a.flac") and told["rate_hz"] == rate_hz == 44100 and told["notes"] == 1
    assert told["seconds"] == pytest.approx(len(sound) / rate_hz, abs=1e-5)
    assert told["peak_db"] == pytest.approx(20 * np.log10(np.abs(sound).max()), abs=0.02)
    assert -60 < told["loudness_lufs"] < 0 and told["patch"] == "Evening Grand" and told["model"] == "FluidR3 Atlas"


def test_quiet_says_nothing_but_what_was_asked_for(capsys, song, tmp_path):
    assert cli.main(["render", str(song), str(tmp_path / "a.wav"), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert cli.main(["patches", "-q"]) == 0
    assert "Evening Grand" in capsys.readouterr().out
    assert cli.main(["render", str(song), str(tmp_path / "a.ogg"), "--quiet"]) == 1
    assert "a.ogg" in capsys.readouterr().err, "errors are always said"


@pytest.mark.parametrize(("words", "told"), [
    (("patchs",), 'Did you mean "patches"?'), (("rendr", "a.mid", "b.wav"), 'Did you mean "render"?'),
    (("export", "sfx", "a", "b"), 'Did you mean "sfz"?'), (("render", "a.mid", "b.wav", "--blok", "128"), 'Did you mean "--block"?'),
    (("export", "sfz", "a", "b", "--evry", "3"), 'Did you mean "--every"?'), (("install", "trian"), 'Did you mean "train"?'),
])
def test_commands_and_options_that_are_not_known(capsys, words, told):
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    assert ended.value.code == 2 and told in capsys.readouterr().err


@pytest.mark.parametrize(("words", "told"), [
    (("--patch", "Evening Gran d"), 'Did you mean "Evening Grand"?'), (("--model", "Fluid3 Atlas"), 'Did you mean "FluidR3 Atlas"?'),
    (("--preset", "Acoustc Grand Piano"), "Did you mean "), (("--cc", "20=filtr.cutoff_hz"), 'Did you mean "filter.cutoff_hz"?'),
])
def test_patches_models_presets_and_controls_that_are_not_known(capsys, song, tmp_path, words, told):
    assert cli.main(["render", str(song), str(tmp_path / "a.wav"), *words]) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(("words", "name"), [
    (("render", "{song}"), "a.mp3"), (("render", "{song}"), "a"), (("replay", "/nowhere/take.wav"), "a.aiff"),
    (("resynthesise", "/nowhere/in.wav"), "a.ogg"),
])
def test_other_endings_than_wav_and_flac_are_refused_before_anything_else(capsys, song, tmp_path, words, name):
    assert cli.main([word.format(song=song) for word in words] + [str(tmp_path / name)]) == 1
    told = capsys.readouterr().err
    assert name in told and ".wav or .flac" in told and "nowhere" not in told
    assert not (tmp_path / name).exists()


def test_the_ending_decides_the_format_of_stems_too(song, tmp_path, capsys):
    assert cli.main(["render", str(song), str(tmp_path / "a.flac"), "--stems", "--json"]) == 0
    files = [path for path in tmp_path.iterdir() if path != song]
    assert len(files) == 2 and {soundfile.info(path).format for path in files} == {"FLAC"}


def parsers(parser, name=""):
    """Every parser of a command line with its name, commands of commands too."""
    yield name or parser.prog, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, inner in action.choices.items():
                yield from parsers(inner, f"{name or parser.prog} {command}")


OPTIONS = [(name, action, parser) for made in (cli.build_parser(), arguments.build_parser()) for name, parser in parsers(made)
           for action in parser._actions if not isinstance(action, argparse._SubParsersAction) and action.help is not argparse.SUPPRESS
           and name != "hummingface train"]


@pytest.mark.parametrize(("name", "action", "parser"), OPTIONS, ids=lambda value: getattr(value, "dest", str(value))[:40])
def test_every_option_says_what_it_is_and_its_default(name, action, parser):
    assert action.help, f"{name}: {action.dest} has no help"
    assert "(default: )" not in parser.format_help() and "(default: None)" not in parser.format_help()
    if tells_default(action):
        told = " ".join(parser.format_help().split())
        shown = f"(default: {action.default})"
        assert shown.replace(" ", "") in told.replace(" ", ""), f"{name} --help does not tell that {action.dest} is {action.default}"


def run_on_terminal(words, environment):
    """(what comes out, what a terminal on the standard error shows) of `hummingface` with these words."""
    import pty
    import termios
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = subprocess.Popen([sys.executable, "-m", "hummingface", *words], stdout=subprocess.PIPE, stderr=theirs, env=environment,
                               text=True)
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:                 # the other end is closed
            break
        if not data:
            break
        shown += data
    out = process.communicate(timeout=60)[0]
    os.close(ours)
    assert process.returncode == 0, shown
    return out, shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals here")
def test_progress_is_shown_on_a_terminal_and_nowhere_else(song, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    words = ["render", str(song), str(tmp_path / "a.wav")]
    out, shown = run_on_terminal(words, environment)
    assert "rendering a.wav" in shown and "a.wav" in out
    assert run_on_terminal([*words, "--quiet"], environment) == ("", "")
    piped = subprocess.run([sys.executable, "-m", "hummingface", *words], capture_output=True, text=True, env=environment, timeout=600,
                           check=True)
    assert "rendering" not in piped.stderr and "\r" not in piped.stdout + piped.stderr


@pytest.mark.parametrize(("shell", "check"), [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])])
def test_completion_scripts_are_those_of_the_shell(shell, check, tmp_path, capsys):
    pytest.importorskip("shtab")
    import shutil
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "resynthesise" in script and "--velocities" in script and "autoencoder" in script
    if shutil.which(check[0]) is None:
        pytest.skip(f"{shell} is not installed: the script is only looked at")
    (tmp_path / "script").write_text(script)
    subprocess.run([*check, str(tmp_path / "script")], check=True)


def test_bash_completes_commands_and_options(tmp_path, capsys):
    pytest.importorskip("shtab")
    assert cli.main(["completion", "bash"]) == 0
    (tmp_path / "made.sh").write_text(capsys.readouterr().out)
    ask = "source ./made.sh; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _shtab_hummingface; echo ${{COMPREPLY[@]}}"

    def completed(words):
        return subprocess.run(["bash", "-c", ask.format(words=words)], cwd=tmp_path, capture_output=True, text=True,
                              check=True).stdout.split()
    assert completed("hummingface re") == ["render", "replay", "resynthesise"]
    assert "--stems" in completed("hummingface render --s") and "--every" in completed("hummingface export sfz --e")


def test_parsing_stays_quick():
    code = ("import sys, hummingface.instrument.app.cli as c; c.build_parser(); "
            "print([m for m in ('numpy', 'tqdm', 'shtab', 'importlib.metadata', 'platformdirs') if m in sys.modules])")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True,
                         env=os.environ | {"PYTHONPATH": str(PROJECT)})
    assert ran.stdout.strip() == "[]"
