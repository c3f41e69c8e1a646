import os

import pytest
from hypothesis import settings

# A render is what is tested. The tests of the cache choose a directory of their own.
os.environ["MESHSPEC_CACHE"] = "off"

# The same examples on every run: a failure in CI is a failure on every machine, and a green run stays green.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected files of tests/cases, to be reviewed")
