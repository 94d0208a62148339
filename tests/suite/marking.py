"""Which markers a test has: from its folder, its file and its fixtures, here alone.

    unit    values in, values out: neither sound nor processes, seconds for all of them
    synth   plays the engine offline and listens
    gui     needs Qt
    jack    starts audio processes, on a JACK server where there is one
    train   needs torch
    slow    more than a few seconds, or programs of the system

`make test-fast` runs what is `unit` or `synth` and none of the others.
"""
import re
from pathlib import Path

import pytest

from tests.suite.sharing import REAL_TIME

TESTS = Path(__file__).resolve().parents[1]
DESCRIPTIONS = {
    "unit": "values in, values out",
    "synth": "plays the engine offline and listens",
    "gui": "needs Qt",
    "jack": "starts audio processes, on a JACK server where there is one",
    "train": "needs torch",
    "slow": "takes more than a few seconds, or needs programs of the system",
}
FOLDERS = {"gui": "gui", "train": "train", "synthesis": "synth", "performance": "synth", "export": "synth"}
FIXTURES = {"jack_server": "jack", "engine": "jack", "live_window": "gui", "qtbot": "gui", "qapp": "gui",
            "source": "synth", "untrained_source": "synth", "sound_of": "synth"}
OF_PLUGINS = {"qtbot", "qapp"}          # fixtures that pytest-qt brings
DEFINED = re.compile(r"^@pytest\.fixture.*\n(?:@.*\n)*def (\w+)", re.MULTILINE)
# Files, and tests of a file, for what neither folder nor fixture says.
FILES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("audio/test_ardour.py", "audio/test_pipewire.py", "audio/test_stress.py"), ("jack", "slow")),
    "audio/test_launch.py": ("jack",),
    "test_hostile_files.py": ("train",),
    **dict.fromkeys(("test_wheel.py", "test_no_torch.py", "test_cli.py", "test_display.py", "test_growing.py", "audio/test_midi_system.py",
                     "installing/test_steps.py", "installing/test_system.py", "installing/test_training.py"), ("slow",)),
    **dict.fromkeys(("export/test_multisample.py", "export/test_round_trip.py", "export/test_wavetable.py", "export/test_loop.py",
                     "performance/test_dynamics.py", "test_library_factory.py", "test_parts.py", "test_bounce.py", "test_levelling.py"),
                    ("synth", "slow")),
    **dict.fromkeys(("models/test_analyse_any_sound.py", "models/test_decoder.py", "models/test_harmonic.py", "models/test_latent_space.py",
                     "models/test_motion.py", "models/test_seed_networks.py"), ("train",)),
    **dict.fromkeys(("models/test_fluidr3_round_trip.py", "models/test_tuning.py"), ("train", "slow")),
    **dict.fromkeys(("api/test_api_page.py", "api/test_from_recordings.py", "api/test_instrument.py", "performance/test_seed_keys.py",
                     "performance/test_nothing_breaks.py", "performance/test_recordings_played.py", "recording/test_history.py",
                     "recording/test_replay.py", "export/test_forms.py"), ("synth", "slow")),
    **dict.fromkeys(("test_systems.py", "recording/test_bad_disk.py"), ("slow",)),
    **dict.fromkeys(("test_command_line.py::test_progress_is_shown_on_a_terminal_and_nowhere_else",
                     "test_sound_files.py::test_loudness_does_not_depend_on_blocks_and_silence_is_silent"), ("slow",)),
    "models/test_period.py::test_factory_sounds_are_in_tune_through_the_engine": ("synth", "slow"),
    "performance/test_performer.py::test_a_first_note_compiles_nothing": ("synth", "slow"),
    "synthesis/test_synthesis_callback.py::test_a_read_only_installation_finds_its_cache": ("synth", "slow"),
    "synthesis/test_synthesis_callback.py::test_where_the_home_is_read_only_too_it_is_kept_among_the_temporary_files": ("synth", "slow"),
    **dict.fromkeys([f"test_bad_files.py::test_any_wrong_value_anywhere_in_{where}" for where in (
        "a_card_is_refused_by_name_or_harmless", "a_patch_is_refused_by_name_or_harmless", "settings_is_left_out")], ("slow",)),
    **dict.fromkeys(("audio/test_midi_out.py", "test_page_names.py", "test_sound_map.py", "test_map_way.py"), ("slow",)),
    **dict.fromkeys(("test_bad_files.py::test_everything_starts_and_the_first_bad_file_is_named",
                     "test_logs.py::test_commands_log_what_they_could_not_do_and_lists_leave_no_files",
                     "test_logs.py::test_training_logs_in_a_file_of_its_own"), ("slow",)),
    **dict.fromkeys(("performance/test_key_tuning.py::test_twenty_scales_are_heard_within_a_tenth_of_a_cent",
                     "performance/test_score.py::test_real_files_have_the_notes_and_the_length_that_mido_finds",
                     "performance/test_whole_notes.py::test_a_voice_that_is_released_gives_its_buffer_back",
                     "synthesis/test_pages.py::test_tables_that_an_engine_knows_by_address_stay_as_long_as_it_does",
                     "synthesis/test_synthesis_effects.py::test_reverb_is_the_same_however_it_is_cut"), ("synth", "slow")),
}
REAL_TIME_FIXTURES = {"jack_server", "engine", "live_window"}


def check_fixtures() -> None:
    """Raises UsageError where a name in FIXTURES or REAL_TIME_FIXTURES is that of no fixture: its tests would lose their marker."""
    defined = {name for path in TESTS.rglob("*.py") for name in DEFINED.findall(path.read_text(encoding="utf-8"))}
    if unknown := (FIXTURES.keys() | REAL_TIME_FIXTURES) - defined - OF_PLUGINS:
        raise pytest.UsageError(f"tests/suite/marking.py: no fixture is called {', '.join(sorted(unknown))}")


def of_file(place: str) -> set[str]:
    """The markers that all tests of a file have."""
    folder = place.partition("/")[0]
    return ({FOLDERS[folder]} if folder in FOLDERS else set()) | set(FILES.get(place, ()))


def is_left_out(path: Path, expression: str) -> bool:
    """Whether no test of a file can be what `-m expression` asks for: then it is not read, and nothing that it imports either. Seen where
    the expression is a row of `not MARKER and ...`; any other leaves out single tests, as pytest does.
    """
    unwanted = re.findall(r"\bnot (\w+)", expression)
    plain = re.fullmatch(r"\s*(not )?\w+( and (not )?\w+)*\s*", expression)
    return bool(plain and path.name.startswith("test_") and of_file(path.relative_to(TESTS).as_posix()) & set(unwanted))


def mark(item: pytest.Item) -> None:
    """Give a test its markers. Raises UsageError where it needs a machine's real time and its file is not known to."""
    place = item.path.relative_to(TESTS).as_posix()
    fixtures = set(getattr(item, "fixturenames", ()))
    if REAL_TIME_FIXTURES & fixtures and place not in REAL_TIME:
        raise pytest.UsageError(f"{place}: uses {', '.join(REAL_TIME_FIXTURES & fixtures)}; add it to REAL_TIME of tests/suite/sharing.py")
    found = of_file(place)
    found |= {FIXTURES[name] for name in fixtures if name in FIXTURES}
    found |= set(FILES.get(f"{place}::{getattr(item, 'originalname', item.name)}", ()))
    for name in sorted(found if found - {"slow"} else found | {"unit"}):
        item.add_marker(name)
