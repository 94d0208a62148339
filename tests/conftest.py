"""The whole suite: `tests/suite` says how it runs."""
import os

import pytest

from tests.suite import workers

workers.one_thread_each()               # before anything imports numpy, which reads it once

from tests.suite import marking, one_name, optional, seeds, sharing  # noqa: E402
from tests.suite.damaged_coverage import DamagedCoverage  # noqa: E402
from tests.suite.leftovers import Leftovers  # noqa: E402

WORKER = "PYTEST_XDIST_WORKER" in os.environ
one_name.hide_folders()


def pytest_configure(config):
    for name, text in marking.DESCRIPTIONS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
    config.pluginmanager.register(seeds, "seeds")
    config.pluginmanager.register(optional, "optional")
    if WORKER:
        config.pluginmanager.register(workers.GivesWay(), "gives way")
    else:
        config.pluginmanager.register(sharing, "sharing")
        config.pluginmanager.register(DamagedCoverage(), "damaged coverage")


def pytest_ignore_collect(collection_path, config):
    return True if marking.is_left_out(collection_path, config.option.markexpr) else None


def pytest_itemcollected(item):
    marking.mark(item)


def pytest_collection_modifyitems(items):
    if WORKER:
        sharing.longest_first(items, marking.TESTS)


def pytest_sessionstart(session):
    """Before the collection, once: names of fixtures are checked, and whatever the workers compile is compiled."""
    if not WORKER:
        marking.check_fixtures()
    if not WORKER and not session.config.option.collectonly:
        from hummingface.instrument.audio import precompile
        precompile.finish(print)
    session.config.pluginmanager.register(Leftovers(), "leftovers")


@pytest.fixture(scope="session", autouse=True)
def own_places():
    with workers.own_places():
        yield
