"""Where the tests find things."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def shared(relative: str) -> Path:
    """Path of reference material that stands beside a checkout; skips where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(
            f"reference material not found: {relative} (see CONTRIBUTING, 'Reference data')"
        )
    return path
