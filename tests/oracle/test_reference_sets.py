"""The reference sets: every one is used, is what its source gave, and says where it comes from."""

from __future__ import annotations

import re
from fnmatch import fnmatch

from paths import REFERENCE, ROOT, shared

OWN = sorted(str(path.relative_to(REFERENCE)) for path in REFERENCE.glob("*/*") if path.is_dir())


def code_of_the_tests() -> str:
    paths = (ROOT / "tests").rglob("*.py")
    return "".join(path.read_text(encoding="utf-8") for path in paths)


def unused(names: list[str]) -> list[str]:
    text = code_of_the_tests()
    return [name for name in names if f'"{name}' not in text and f"/{name}" not in text]


def test_what_may_be_passed_on_is_here() -> None:
    assert len(OWN) == 20


def test_every_reference_set_is_used() -> None:
    """A set that nobody reads would prove nothing."""
    assert not unused([name.split("/")[1] for name in OWN])
    beside = [path.name for path in shared("oracles").glob("*/*") if path.is_dir()]
    assert len(beside) >= 31
    assert not unused(beside)


def test_copies_are_what_their_source_gave() -> None:
    origin = shared("oracles")
    copies = [path for path in REFERENCE.glob("*/*/**/*") if path.is_file()]
    assert len(copies) >= 2 * len(OWN)
    for path in copies:
        assert path.read_bytes() == (origin / path.relative_to(REFERENCE)).read_bytes(), path


def test_every_set_has_its_source_and_licence() -> None:
    page = (REFERENCE / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| `")]
    patterns = [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row[0])]
    for name in OWN:
        family, own = name.split("/")
        assert any(fnmatch(name, p) or (fnmatch(own, p) and family in page) for p in patterns), name
    for row in rows:
        assert len(row) == 4
        assert all(cell.strip() for cell in row)


def test_only_what_the_list_allows_is_here() -> None:
    """The list beside a checkout says which sets may be committed."""
    table = shared("oracles/README.md").read_text(encoding="utf-8").splitlines()
    allowed = {line.split("`")[1] for line in table if line.startswith("| `") and "| yes |" in line}
    assert set(OWN) == allowed
