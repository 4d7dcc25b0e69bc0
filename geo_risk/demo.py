"""The demonstration: real reports and a real point pattern, offline, through every stage."""

from __future__ import annotations

import io
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk._products import product_bytes, product_entry
from geo_risk.assessment import Assessment, assess

if TYPE_CHECKING:
    import pandas as pd

    from geo_risk.regions import RegionLayer

__all__ = ["Demo", "run_demo"]

_REPORTS = "demo_reports.csv"
_FIGHTERS = "demo_fighters.csv"
_EARTHQUAKES = "demo_earthquakes.csv"
_STUDY_AREA = ["US-CA", "US-NV"]
_STUDY_RESOLUTION = 6
_VIEW = (66.0, 34.0, 75.0, 39.0)  # north-east Afghanistan


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demonstration found.

    Attributes
    ----------
    reports : Assessment
        The press reports of north-east Afghanistan: located by place name, no coordinates given.
    presence : DataFrame
        Where the same report sees fighters of IS-K, by region, with each region's code and
        international neighbours.
    earthquakes : Assessment
        One week of seismic events world-wide, scored over California and Nevada.
    files : list of Path
        What was written.
    """

    reports: Assessment
    presence: pd.DataFrame
    earthquakes: Assessment
    files: list[Path]


def run_demo(directory: str | PathLike[str]) -> Demo:
    """Run the demonstration and write its tables, pictures and web map into `directory`.

    Needs no network. The data are described, with their licences, in the registry of products.

    Parameters
    ----------
    directory : path
        Made if needed.

    Returns
    -------
    Demo
    """
    from geo_risk.borders import load_borders
    from geo_risk.maps import static_map, web_map
    from geo_risk.regions import load_regions

    folder = Path(directory)
    layer = load_regions()
    reports = assess(_table(_REPORTS), hotspot_resolution=5)
    presence = _presence(layer)
    earthquakes = assess(
        _table(_EARTHQUAKES), study_area=_STUDY_AREA, hotspot_resolution=_STUDY_RESOLUTION
    )
    files = [
        *reports.save(folder / "reports"),
        *earthquakes.save(folder / "earthquakes"),
        folder / "presence.csv",
        folder / "north_east_afghanistan.png",
        folder / "north_east_afghanistan.html",
        folder / "earthquakes.png",
    ]
    presence.to_csv(files[-4], index=False, lineterminator="\n")
    north_east: dict[str, Any] = {
        "events": reports.events,
        "cells": reports.cells,
        "regions": layer,
        "borders": load_borders(layer),
        "title": "Reports from north-east Afghanistan, 2022",
        "bounds": _VIEW,
    }
    static_map(files[-3], **north_east)
    web_map(files[-2], **north_east)
    static_map(
        files[-1],
        cells=earthquakes.cells,
        regions=layer,
        borders=load_borders(layer),
        title="Seismic events, 31 January to 7 February 2018: Gi* over California and Nevada",
        attribution=[product_entry(_EARTHQUAKES)["citation"]],
    )
    return Demo(reports, presence, earthquakes, files)


def _table(name: str) -> pd.DataFrame:
    """Read a demonstration table, its checksum verified."""
    import pandas as pd

    return pd.read_csv(io.BytesIO(product_bytes(name)))


def _presence(layer: RegionLayer) -> pd.DataFrame:
    """The table by region, with codes and international neighbours."""
    from geo_risk.regions import find_region

    table = _table(_FIGHTERS)
    found = [
        find_region(name, country=country, layer=layer)
        for name, country in zip(table["region_name"], table["country"])
    ]
    codes = [match.region_code for match in found]
    table.insert(0, "region_code", codes)
    near = [";".join(layer.neighbors(code, of="countries")) for code in codes]
    table.insert(3, "neighbor_countries", near)
    return table
