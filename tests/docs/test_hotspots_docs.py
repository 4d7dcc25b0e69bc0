"""The pages of the statistics: their Python runs, their figures are what the programs print."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from paths import ROOT

import geo_risk as gr

DOCS = ROOT / "docs"
PAGES = {  # page: what its worked example is printed by, if it quotes any output
    "gi_star": "hotspot_map",
    "local_moran": "local_moran_map",
    "global_statistics": "moran_by_distance",
    "p_values": None,
    "rates": "smoothed_rates",
    "kde": "density_map",
    "knox": "near_repeats",
    "scan": None,
    "emerging": None,
    "mann_kendall": None,
    "hawkes": None,
    "study_area": "study_grid",
}
STATISTICS = [page for page in PAGES if page != "study_area"]
NAMES = {  # what a reader brings along
    "alpha", "area", "at", "cases", "cell_row", "counts", "counts_per_month", "cube", "dates",
    "days", "events", "gr", "grid", "hotspots", "lat", "lon", "n", "n_cells", "other",
    "population", "today", "values", "weeks", "weights",
}  # fmt: skip


def text_of(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)


def belongings() -> dict[str, Any]:
    """Data of the kind that the pages speak of: 63 cells, 26 weeks, 120 events."""
    rng = np.random.default_rng(1)
    area = (69.0, 36.0, 70.5, 37.5)
    grid = gr.study_grid(area, resolution=5)
    n, weeks = grid.size, np.arange("2024-01-01", "2024-07-01", 7, dtype="datetime64[D]")
    at_lon, at_lat = gr.cells.cell_centers(grid)
    cell_row = np.where(rng.random(120) < 0.4, 7, rng.integers(0, n, 120))
    counts = rng.poisson(1.0, n)
    days = np.sort(rng.uniform(0, 365, 120))
    have = {
        "area": area, "grid": grid, "weights": gr.neighbor_graph(grid), "counts": counts,
        "cases": counts, "events": counts, "population": rng.integers(50, 500, n),
        "values": rng.normal(size=n), "other": rng.normal(size=n), "cell_row": cell_row,
        "cube": rng.poisson(1.0, (n, weeks.size)), "weeks": weeks, "n_cells": n, "n": n,
        "days": days, "dates": np.datetime64("2023-07-01") + days.astype(int),
        "today": np.datetime64("2024-07-01"), "counts_per_month": rng.poisson(9.0, 24),
        "at": weeks[-1], "alpha": 0.05, "gr": gr, "hotspots": gr.hotspots,
    }  # fmt: skip
    lon, lat = at_lon[cell_row], at_lat[cell_row]
    return have | {"lon": lon, "lat": lat}


@pytest.mark.parametrize("page", PAGES)
def test_python_of_the_page_runs(page: str) -> None:
    names = belongings()
    assert set(names) <= NAMES
    if page == "scan":  # one row for each place, not for each event
        names |= dict(zip(("lon", "lat"), gr.cells.cell_centers(names["grid"]), strict=True))
    if page == "study_area":  # a table of events, not their number in each cell
        names["events"] = gr.read_events(pd.DataFrame({"lon": names["lon"], "lat": names["lat"]}))
    found = blocks(page, "python")
    assert found, page
    for block in found:
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, page, None, None)
            output: list[str] = []
            doctest.DocTestRunner(verbose=False).run(test, out=output.append)
            assert not output, "".join(output)
        else:
            exec(compile(block, f"docs/{page}.md", "exec"), names)


@pytest.mark.parametrize("page", [page for page, example in PAGES.items() if example])
def test_quoted_output_is_what_the_example_prints(page: str, tmp_path: Any) -> None:
    example = ROOT / "examples" / f"{PAGES[page]}.py"
    assert f"`python examples/{example.name}`" in text_of(page)
    printed = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert blocks(page, "text") == [printed]
    (picture,) = tmp_path.glob("*.png")
    assert f"(images/{picture.name})" in text_of(page)


@pytest.mark.parametrize("page", STATISTICS)
def test_page_says_what_a_reader_must_know(page: str) -> None:
    text = text_of(page)
    for heading in ("when not to use it", "## worked example", "## references"):
        assert heading in text.lower(), heading
    pictures = re.findall(r"!\[[^\]]+\]\((images/[^)]+)\)", text)
    assert pictures
    for picture in pictures:
        assert (DOCS / picture).stat().st_size < 150_000, picture


def test_calibration_quoted_is_the_one_measured() -> None:
    report = json.loads((ROOT / "benchmarks/results/null_calibration.json").read_text("utf-8"))
    text = text_of("p_values")
    assert f"{report['draws']} draws" in text
    for mean, ways in report["results"].items():
        for name, found in (ways | report["peers"].get(mean, {})).items():
            rejected = " | ".join(f"{100 * r:.2f}" for r in found["rejected"].values())
            runs = found["draws_with_a_false_discovery"]
            row = f"| {mean} | {name} | {rejected} | {100 * runs:.1f} |"
            assert row.replace("*", "\\*") in text, row


def test_calibration_of_emerging_is_the_one_measured() -> None:
    report = json.loads((ROOT / "benchmarks/results/emerging_calibration.json").read_text("utf-8"))
    assert f"{report['cells']} cells × {report['periods']} periods" in text_of("emerging")
    for mean, bins in report["bins"].items():
        trends = report["trends"][mean]
        shares = [bins[name]["draws_with_a_false_bin"] for name in ("exact", "analytic")]
        assert shares[0] <= 0.05
        assert trends["overlap"]["rejected"] <= 0.05 < trends["none"]["rejected"]
        shares += [
            trends[name]["rejected"]
            for name in ("none", "overlap", "hamed_rao", "none, one period")
        ]
        row = " | ".join(f"{100 * share:.1f}" for share in shares)
        assert f"| {mean} | {row} |" in text_of("emerging")


def test_the_index_names_every_page() -> None:
    index = text_of("README")
    for path in sorted(DOCS.glob("*.md")):
        assert path.name == "README.md" or f"({path.name})" in index, path.name
