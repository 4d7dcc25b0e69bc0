"""What README and docs tell readers to type, typed; every link followed."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from paths import ROOT

import geo_risk as gr
from geo_risk import hotspots
from geo_risk.cells import cells_to_strings

TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
PAGES = sorted([*(ROOT / name for name in TOP), *(ROOT / "docs").rglob("*.md")])
ELSEWHERE = ("fetch_", "load_geoboundaries(", "https://", "ged_mexico")


def python_of(page: Path) -> list[str]:
    """The page's Python blocks, in order."""
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def named_things(page: Path) -> dict[str, object]:
    """Arrays and objects that pages speak of without making them; add a page's new ones here."""
    rng = np.random.default_rng(1)
    grid = gr.study_grid((69.0, 36.5, 70.0, 37.0), resolution=5)
    n, steps = len(grid), 12
    lon, lat = rng.uniform(69, 70, n), rng.uniform(36, 37, n)
    days = np.sort(rng.uniform(0, 365, n))
    start = np.datetime64("2022-01-01")
    events = gr.geocode(gr.read_events({"lon": lon, "lat": lat, "date": ["2022-01-01"] * n}))
    if page.stem in ("rates", "local_moran"):  # there, the number of events of each unit
        events = rng.poisson(2.0, n)
    return {
        "gr": gr, "hotspots": hotspots, "np": np, "pd": pd, "events": events,
        "grid": grid, "counts": rng.poisson(1.0, n), "weights": gr.neighbor_graph(grid),
        "cell_row": rng.integers(0, n, n), "n_cells": n, "n": n, "world": gr.load_regions(),
        "dates": start + days.astype("timedelta64[D]"), "today": start + np.timedelta64(365, "D"),
        "days": days,
        "values": rng.normal(size=n), "other": rng.normal(size=n), "area": (69.0, 36.5, 70.0, 37.0),
        "counts_per_month": rng.poisson(3.0, steps), "lon": lon, "lat": lat,
        "cases": rng.poisson(3.0, n), "population": np.full(n, 100),
        "cube": rng.poisson(0.3, (n, steps)), "weeks": np.arange(steps),
        "people": pd.Series(rng.uniform(1, 9, n), cells_to_strings(grid)),
    }  # fmt: skip


def write_files(folder: Path) -> None:
    """The files that pages read."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "event_id": range(40),
            "event_date": "2022-04-09",
            "longitude": rng.uniform(69.3, 71.5, 40).round(4),
            "latitude": rng.uniform(36.6, 37.0, 40).round(4),
            "location_uncertainty_km": 5.0,
        }
    )
    for name in ("events.csv", "ged.csv", "GEDEvent_v25_1.csv", "large.csv"):
        table.to_csv(folder / name, index=False)
    geopandas.GeoDataFrame(
        {"pcode": ["A1", "A2"], "name_en": ["West", "East"]},
        geometry=[shapely.box(68, 36, 69, 37), shapely.box(69, 36, 70, 37)],
        crs=4326,
    ).to_file(folder / "districts.gpkg")
    geopandas.GeoDataFrame(
        {"since": [None, "2011-07-09"], "until": ["2011-07-08", None]},
        geometry=[shapely.box(68, 36, 70, 37), shapely.box(69, 36, 70, 37)],
        crs=4326,
    ).to_file(folder / "states.gpkg")


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if python_of(page)],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    names = named_things(page)
    for block in python_of(page):
        if ">>>" in block or any(word in block for word in ELSEWHERE):
            continue  # a doctest, or it needs a server or a file of others
        exec(compile(block, str(page), "exec"), names)


def anchors_of(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors_of(file), f"{page.name}: {target}"


def test_every_page_is_linked_from_another():
    linked = set()
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8")):
            linked.add((page.parent / target).resolve())
    alone = [page.name for page in PAGES if page not in linked and page.stem.isupper() is False]
    assert not alone, alone
