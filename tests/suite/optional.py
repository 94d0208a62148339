"""Files of tests that cannot even be read here: skipped, with the reason, where what they need is not on every system."""
import re

import pytest

# What a failed import says, and what that means. Anything else that fails is an error.
ABSENT = (
    (r"No module named '(torch|tensorboardX|jinja2)\b", "training is not installed: pip install hummingface[train]"),
    (r"No module named 'jack'|JACK library not found|Error loading JACK|libjack", "JACK is not installed"),
    (r"No module named 'PySide6|lib(EGL|GL|xkbcommon|fontconfig|glib|dbus)[\w.-]*: cannot open",
     "Qt, or a library of the system that it needs, is not installed"),
    (r"No module named '(resource|fcntl|pwd|termios)'", "this system has no such limits and locks"),
)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if report.outcome == "failed":
        said = str(report.longrepr)
        for pattern, reason in ABSENT:
            if re.search(pattern, said):
                report.outcome = "skipped"
                report.longrepr = str(collector.path), 0, f"Skipped: {reason}"
                break
    return report
