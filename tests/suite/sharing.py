"""How several workers share the suite: a file's tests stay together, for its fixtures, and what plays in real time never runs side by side.

pytest-xdist's own groups (`--dist loadgroup`) do nothing with pytest 9.2, and they split by test where no group is given.
"""
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from collections.abc import Sequence

# Files whose tests play in real time, or kill what does, on a JACK server or without: one worker runs them, one after the other.
REAL_TIME = {
    *(f"audio/test_{name}.py" for name in ("ardour", "audio_process", "channels", "dynamics_live", "jack_playing", "killed_process",
                                           "launch", "midi_ports", "pipewire", "quit", "routing", "seed_playing", "stream", "stress",
                                           "takeover", "touch")),
    *(f"gui/test_{name}.py" for name in ("export", "killed_window", "recording", "recordings", "seed_patches", "takes", "touch_live",
                                         "window", "window_and_engine")),
    *(f"recording/test_{name}.py" for name in ("audition", "bar_start", "recording", "replay")),
}
# The others that take more than ten seconds, longest first (by the CPU time of a whole run). Workers begin with them, so that what is left
# at the end is short, and both are done together.
LONGEST = (
    "train/test_learn.py", "export/test_multisample.py", "train/test_run.py", "test_wheel.py", "train/test_report.py",
    "gui/test_keys_and_names.py", *(f"train/test_{name}.py" for name in ("playability", "gan")), "performance/test_dynamics.py",
    "export/test_round_trip.py", "performance/test_seed_keys.py", "gui/test_diagnostics.py", "installing/test_training.py",
    "train/test_seed_report.py", "export/test_loop.py", "api/test_api_page.py", *(f"train/test_{name}.py" for name in ("seed", "prepare")),
    "test_cli.py", "api/test_instrument.py", "gui/test_window_size.py", "test_command_line.py", "gui/test_plain_text.py",
    "export/test_wavetable.py", "train/test_points.py", "export/test_forms.py", "gui/test_extras.py", "performance/test_whole_notes.py",
    "test_library_factory.py", "gui/test_window_state.py", "test_bad_files.py", "train/test_autoencoder.py",
    "synthesis/test_synthesis_callback.py", "recording/test_history.py", "installing/test_steps.py", "test_logs.py",
    "performance/test_performer.py",
)
REAL_TIME_GROUP = "in real time"


def group_of(place: str) -> str:
    """What the tests of a file, as `audio/test_touch.py`, run together with."""
    return REAL_TIME_GROUP if place in REAL_TIME else place


class Scheduling(LoadFileScheduling):
    """Hands out groups in place of files, in the order in which they come."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0].removeprefix("tests/"))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling | None:
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def longest_first(items: list[pytest.Item], tests: Path) -> None:
    """Put what takes longest first; the order within a group stays."""
    order: Sequence[str] = (REAL_TIME_GROUP, *LONGEST)
    rank = {group: place for place, group in enumerate(order)}
    items.sort(key=lambda item: rank.get(group_of(item.path.relative_to(tests).as_posix()), len(rank)))
