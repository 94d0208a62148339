"""Data files of `make coverage` that a killed process, or one that was not let write so much, has left half written: they go, or the others
could not be joined."""
from pathlib import Path

import pytest


class DamagedCoverage:
    """Before pytest-cov joins them, in the process that does."""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session):
        result = yield
        if session.config.getoption("cov_source", None):
            from coverage import Coverage
            data_file = Path(Coverage(config_file="pyproject.toml").config.data_file)
            for path in data_file.parent.glob(data_file.name + ".*"):
                if not is_whole(path):
                    path.unlink()
        return result


def is_whole(path: Path) -> bool:
    """Whether the data in a file can be joined with others."""
    from coverage import CoverageData, CoverageException
    try:
        found = CoverageData(str(path))
        found.read()
        CoverageData(no_disk=True).update(found)
    except CoverageException:
        return False
    return True
