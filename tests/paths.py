"""Where the tests find things."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
REFERENCE = ROOT / "tests" / "oracle" / "data"
ABSENT = "reference material not found: "
"""How the reason begins for which a test is skipped without what stands beside a checkout."""


def shared(relative: str) -> Path:
    """Path of reference material that stands beside a checkout; skips where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"{ABSENT}{relative} (see CONTRIBUTING, 'Reference data')")
    return path


def reference(relative: str) -> Path:
    """Path of a reference set or a file of one: the project's own copy, else beside a checkout."""
    own = REFERENCE / relative
    return own if own.exists() else shared(f"oracles/{relative}")
