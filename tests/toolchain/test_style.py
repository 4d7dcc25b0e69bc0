"""ruff and mypy, in the versions that pyproject pins, find nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from paths import ROOT


def test_ruff_finds_nothing():
    for command in (["check"], ["format", "--check"]):
        result = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout


@pytest.mark.timeout(900)  # without a cache it reads the stubs of all dependencies
def test_mypy_finds_nothing():
    result = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout
