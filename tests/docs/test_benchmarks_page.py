"""The figures of docs/benchmarks.md and of the README are those of the newest result files."""

from __future__ import annotations

import shutil
import sys

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import report


def test_the_pages_say_what_the_result_files_say():
    for path, text in report.pages(report.RESULTS).items():
        assert path.read_text(encoding="utf-8") == text, "run python benchmarks/report.py"


def test_a_figure_that_was_written_by_hand_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/benchmarks.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    readme = tmp_path / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(text.replace(" ns |", " ps |"), "utf-8")
    wrong = [p.name for p, new in report.pages(report.RESULTS, tmp_path).items()
             if p.read_text(encoding="utf-8") != new]  # fmt: skip
    assert wrong == ["README.md"]


def test_marks_that_are_missing_are_named():
    with pytest.raises(SystemExit, match="generated verbs: begin"):
        report.inserted("no marks", "verbs", "text", "page.md")
