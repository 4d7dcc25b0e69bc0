"""Settings that every test shares."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings
from skips import pytest_sessionfinish, pytest_terminal_summary

__all__ = ["no_handler_is_left_behind", "pytest_sessionfinish", "pytest_terminal_summary"]

# The same examples in every run; with `--hypothesis-profile random` others each time. A failure
# prints what repeats it: a line with `@reproduce_failure`.
for name, fixed in (("fixed", True), ("random", False)):
    settings.register_profile(
        name,
        deadline=None,
        derandomize=fixed,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("fixed")

# A cache of this run's own: an index that an older version of the code built must not hide a
# fault. Set before anything is imported, and passed on to subprocesses.
_cache = tempfile.mkdtemp(prefix="geo_risk-tests-")
os.environ["GEO_RISK_CACHE_DIR"] = _cache
atexit.register(shutil.rmtree, _cache, ignore_errors=True)


@pytest.fixture(autouse=True)
def no_handler_is_left_behind():
    """The command line, run within a test, sends the log to that test's standard error."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        if type(handler) is logging.StreamHandler and handler not in before:
            root.removeHandler(handler)
    root.setLevel(level)
