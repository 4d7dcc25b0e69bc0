"""The table of CONTRIBUTING for newcomers: every file, name and command in it exists."""

from __future__ import annotations

import re
import shlex

import pytest
from paths import ROOT

HEADING = "## I want to add …"
QUOTED = re.compile(r"`([^`]+)`(?: \(((?:`[^`]+`(?:, )?)+)\))?")
"""Something in backticks and, in brackets behind it, the names to look for in that file."""


def rows(text: str) -> list[tuple[str, str, str]]:
    """The table's rows: what to add, what to touch, what to run."""
    section = text.split(HEADING)[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    found = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines[1:]]
    assert all(len(row) == 3 for row in found), found
    return found  # type: ignore[return-value]


def faults(touch: str, run: str) -> list[str]:
    """What one row names and the checkout has not."""
    found = []
    for path, names in QUOTED.findall(touch):
        if not (ROOT / path).exists():
            found.append(f"no {path}")
            continue
        text = (ROOT / path).read_text(encoding="utf-8") if names else ""
        found += [
            f"no {name} in {path}"
            for name in re.findall(r"`([^`]+)`", names)
            if not re.search(rf"\b{re.escape(name)}\b", text)
        ]
    for command, _ in QUOTED.findall(run):
        program, *arguments = shlex.split(command)
        if program not in ("python", "pytest"):
            found.append(f"no {program}")
        found += [f"no {path}" for path in arguments if not (ROOT / path).exists()]
    return found


TABLE = rows((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_what_a_row_names_exists(row: tuple[str, str, str]) -> None:
    assert faults(*row[1:]) == []


def test_the_four_questions_are_answered() -> None:
    asked = " ".join(row[0] for row in TABLE)
    for word in ("a reader", "a statistic", "a map layer", "a data correction"):
        assert word in asked
    for _, touch, run in TABLE:
        assert QUOTED.search(touch)
        assert QUOTED.search(run)


@pytest.mark.parametrize(
    ("touch", "run", "fault"),
    [
        ("`geo_risk/nowhere.py`", "`pytest tests/unit`", "no geo_risk/nowhere.py"),
        ("`README.md` (`Nobody`)", "`pytest tests/unit`", "no Nobody in README.md"),
        ("`docs`", "`pytest tests/unit/test_none.py`", "no tests/unit/test_none.py"),
        ("`docs`", "`make it`", "no make"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_seen(touch: str, run: str, fault: str) -> None:
    assert fault in faults(touch, run)
