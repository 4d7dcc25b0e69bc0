"""The suite keeps its own rules: few tests skip, and none waits for ever."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import skips
from paths import ABSENT, ROOT

SKIPPING = """
import pytest

@pytest.mark.parametrize("k", range({n}))
def test_skips(k):
    pytest.skip({reason!r})

def test_passes():
    pass
"""


def run(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A file of tests under the suite's settings."""
    (folder / "test_some.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "skips", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"}
    return subprocess.run(
        [*command, str(folder)], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "workers"])
def test_more_skipped_tests_than_may_fail_a_run(tmp_path: Path, options: tuple[str, ...]) -> None:
    most = skips.MOST_SKIPPED
    text = SKIPPING.format(n=most, reason="no browser")
    assert run(tmp_path, text, *options).returncode == 0
    result = run(tmp_path, SKIPPING.format(n=most + 1, reason="no browser"), *options)
    assert result.returncode == 1
    assert f"{most + 1} tests skipped; MOST_SKIPPED" in result.stdout


def test_without_the_references_more_may_skip() -> None:
    own, beside = skips.MOST_SKIPPED, skips.MOST_WITHOUT_REFERENCES
    reasons = ["no browser"] * own + [f"Skipped: {ABSENT}oracles"] * beside
    assert skips.too_many_skipped(reasons, references=False) is None
    assert skips.too_many_skipped(reasons, references=True) is not None
    told = skips.too_many_skipped([*reasons, f"Skipped: {ABSENT}data"], references=False)
    assert told == (
        f"{beside + 1} tests skipped; MOST_WITHOUT_REFERENCES in tests/skips.py allows {beside}."
    )


DRAWING = """
from hypothesis import given, settings, strategies as st

@settings(max_examples=20)
@given(st.integers())
def test_draws(x):
    print("drawn", x)
    assert {claim}
"""


def drawn(folder: Path, *options: str) -> list[str]:
    """What a test of hypothesis draws under the suite's settings."""
    folder.mkdir()
    result = run(folder, DRAWING.format(claim="True"), "-p", "conftest", "-s", *options)
    assert result.returncode == 0, result.stdout
    return re.findall(r"drawn (-?\d+)", result.stdout)


def test_examples_are_the_same_in_every_run_unless_asked(tmp_path: Path) -> None:
    first = drawn(tmp_path / "a")
    assert len(first) == 20
    assert first == drawn(tmp_path / "a" / "b")
    random = [drawn(tmp_path / name, "--hypothesis-profile", "random") for name in "cd"]
    assert first != random[0] != random[1]


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "workers"])
def test_a_failure_tells_how_to_repeat_it(tmp_path: Path, options: tuple[str, ...]) -> None:
    result = run(
        tmp_path, DRAWING.format(claim="x < 1000"), "-p", "conftest",
        "--hypothesis-profile", "random", *options,
    )  # fmt: skip
    assert result.returncode == 1
    assert "@reproduce_failure(" in result.stdout


def test_a_test_that_waits_is_ended(tmp_path: Path) -> None:
    text = "import time\n\ndef test_waits():\n    time.sleep(60)\n"
    result = run(tmp_path, text, "--timeout", "1")
    assert result.returncode == 1
    assert "Timeout" in result.stdout


def test_every_test_has_a_limit(request: pytest.FixtureRequest) -> None:
    assert 0 < float(request.config.getini("timeout")) <= 300
