"""Small runs of the programs that read a table larger than memory, and one with broken rows."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))  # large_csv imports common
spec = importlib.util.spec_from_file_location("large_csv", ROOT / "benchmarks/large_csv.py")
assert spec is not None
assert spec.loader is not None
large: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(large)
RESULTS = ROOT / "benchmarks" / "results"


def test_every_good_row_comes_out_and_each_bad_one_has_its_reason(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    arguments = ["--rows", "12000", "--bad", "600", "--chunk-rows", "2500", "--out", str(out)]
    assert large.main(arguments) == 0
    found = json.loads(out.read_text())["rows"][0]
    assert found["rows"] == 12000
    assert found["faults"] == []
    assert found["bad_rows_by_reason"] == dict.fromkeys(
        sorted(reason for _, reason in large.DAMAGE), 60
    )


def test_the_program_finds_a_row_that_is_lost_or_wrongly_told(
    tmp_path: Path, monkeypatch: Any
) -> None:
    honest = large.iter_events

    def loses(*arguments: Any, **options: Any) -> Any:
        for chunk in honest(*arguments, **options):
            yield chunk.iloc[:-1]

    def excuses(*arguments: Any, **options: Any) -> Any:
        for chunk in honest(*arguments, **options):
            yield chunk.assign(flags="")

    for broken in (loses, excuses):
        monkeypatch.setattr(large, "iter_events", broken)
        assert large.main(["--rows", "300", "--bad", "30", "--chunk-rows", "300"]) == 1


@pytest.mark.parametrize(
    ("name", "rows", "bad"), [("large_csv", 8_000_000, 0), ("malformed_rows", 1_000_000, 10_000)]
)
def test_the_committed_results_are_those_of_the_long_runs(name: str, rows: int, bad: int) -> None:
    found = json.loads((RESULTS / f"{name}.json").read_text())["rows"][0]
    assert found["rows"] >= rows
    assert found["damaged_rows"] == sum(found["bad_rows_by_reason"].values()) == bad
    assert found["faults"] == []
    if name == "large_csv":
        assert found["file_bytes"] >= 1e9
        peaks = found["peak_mb_per_chunk"]
        assert max(peaks[-10:]) <= 1.1 * max(peaks[:10])  # flat: the end needs no more
