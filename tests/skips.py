"""How many tests may skip: a run in which more do has failed."""

from __future__ import annotations

from typing import Any

import pytest
from paths import ABSENT, SHARED

MOST_SKIPPED = 6
"""So many tests of the whole suite may skip: more fail the run. What each needs stands in its
reason (a source file of a product, a browser, a file system)."""
MOST_WITHOUT_REFERENCES = 100
"""So many more may where the material beside a checkout is absent."""


def too_many_skipped(reasons: list[str], references: bool) -> str | None:
    """What to say where more tests skipped than may; None where no more did."""
    absent = [] if references else [reason for reason in reasons if ABSENT in reason]
    others = len(reasons) - len(absent)
    for count, most, name in (
        (others, MOST_SKIPPED, "MOST_SKIPPED"),
        (len(absent), MOST_WITHOUT_REFERENCES, "MOST_WITHOUT_REFERENCES"),
    ):
        if count > most:
            return f"{count} tests skipped; {name} in tests/skips.py allows {most}."
    return None


def _skipped(session: pytest.Session) -> str | None:
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    reasons = [str(report.longrepr[2]) for report in reports if isinstance(report.longrepr, tuple)]
    return too_many_skipped(reasons, SHARED.is_dir())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which more tests skipped than may."""
    if _skipped(session) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say why such a run failed."""
    told = _skipped(terminalreporter._session)
    if told:
        terminalreporter.section("too many skipped tests")
        terminalreporter.write_line(told, red=True)
