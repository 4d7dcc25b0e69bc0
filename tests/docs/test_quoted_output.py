"""The output that pages quote beside their code is what the code prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from paths import ROOT

PAGES = ("getting_started", "places")


def quoted(block: str) -> str:
    """The comments of a block: whole lines, and what follows a print."""
    found = []
    for line in block.splitlines():
        match = re.search(r"^#\s?(.*)|^print\(.*?\)\s\s#\s?(.*)", line)
        if match:
            found.append(match.group(1) or match.group(2) or "")
    return " ".join(" ".join(found).split())


@pytest.mark.parametrize("name", PAGES)
def test_quoted_output_is_printed(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / f"{name}.md"
    names: dict[str, object] = {}
    compared = 0
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        capsys.readouterr()
        exec(compile(block, str(page), "exec"), names)
        printed = " ".join(capsys.readouterr().out.split())
        if "print(" in block:
            assert printed == quoted(block)
            compared += 1
    assert compared >= 3
