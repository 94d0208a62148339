"""Everything at random begins at the same place before each test and each fixture that outlives a test: the order changes nothing."""
import random
import sys

import numpy as np
import pytest

SEED = 20_260_101


def seed() -> None:
    """Set the generators that code may draw from without naming one."""
    random.seed(SEED)
    np.random.seed(SEED)                # noqa: NPY002 (what is seeded here is just what that rule warns of)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(SEED)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    if fixturedef.scope == "function":
        return (yield)
    seed()
    try:
        return (yield)
    finally:
        seed()                          # the test that needs it first draws what it draws where it is there already


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    seed()
