"""The demonstration: real reports and a real point pattern, offline, through all steps.

`run_demo` computes and writes the results; `Demo.findings` returns them as tables.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk._core.files import replacing
from geo_risk._core.products import product_bytes, product_entry
from geo_risk.assessment import Assessment, assess

if TYPE_CHECKING:
    import pandas as pd

    from geo_risk.regions import RegionLayer

__all__ = ["Demo", "earthquakes", "run_demo"]

_REPORTS = "demo_reports.csv"
_FIGHTERS = "demo_fighters.csv"
_EARTHQUAKES = "demo_earthquakes.csv"
_STUDY_AREA = ["US-CA", "US-NV"]
_STUDY_RESOLUTION = 6
_VIEW = (66.0, 34.0, 75.0, 39.0)  # north-east Afghanistan
_FIRST = 5
_WORLDVIEW = "de_facto"
_HEADINGS = {
    "region_code": "code",
    "region_name": "region",
    "n_events": "events",
    "neighbor_countries": "countries beside",
    "neighbor_regions": "regions beside",
}


@dataclass(frozen=True, eq=False)
class Finding:
    """A table of results with its title and a note."""

    title: str
    table: pd.DataFrame
    note: str = ""


@dataclass(frozen=True, eq=False)
class Demo:
    """Results of the demonstration.
    Attributes
    ----------
    reports : Assessment
        The press reports of north-east Afghanistan: located by place name, no coordinates given.
    presence : DataFrame
        Where the same report locates fighters of IS-K, by region, with each region's code and
        neighbouring countries.
    named : DataFrame
        The regions that the reports name, with their number of events and their neighbours.
    earthquakes : Assessment
        One week of seismic events world-wide, scored over California and Nevada.
    files : list of Path
        The files that were written.
    """

    reports: Assessment
    presence: pd.DataFrame
    named: pd.DataFrame
    earthquakes: Assessment
    files: list[Path]

    def listing(self) -> list[str]:
        """Return the written files with a description each, the most interesting first."""
        presence, picture, page, earthquakes, closer = self.files[-5:]
        tables = "events, cells, regions, borders (.parquet, .csv); provenance.json"
        return [
            f"{page}  web map, opens without network",
            f"{picture}  the same as a picture",
            f"{earthquakes}  the hot cells",
            f"{closer}  the strongest of them, with the events",
            f"{presence}  IS-K by region",
            f"{page.with_name('reports')}  {tables}",
            f"{page.with_name('earthquakes')}  the same for the seismic events",
        ]

    def findings(self) -> list[Finding]:
        """Return the results as tables, in reading order."""
        events = self.reports.events
        return [
            Finding("What the reports say", _told(events), _words(events)),
            Finding("Locations: places found by their names", _located(events), _missing(events)),
            Finding(
                "The regions they name, with their neighbours",
                self.named.rename(columns=_HEADINGS),
            ),
            Finding(
                "IS-K: where its 1,500 to 4,000 fighters are said to be",
                self.presence[
                    ["region_code", "region_name", "presence", "certainty", "neighbor_countries"]
                ].rename(columns=_HEADINGS),
                "The figure covers all eight regions; the report does not split it.",
            ),
            _hot_cells(self.earthquakes),
        ]


def run_demo(directory: str | PathLike[str]) -> Demo:
    """Run the demonstration and write its tables, pictures and web map into `directory`.

    Needs no network. The data are described, with their licences, in the registry of products.

    Parameters
    ----------
    directory : path
        Created if needed.

    Returns
    -------
    Demo
    """
    from geo_risk.borders import load_borders
    from geo_risk.maps import Map
    from geo_risk.regions import load_regions

    folder = Path(directory)
    layer = load_regions()
    reports = assess(_table(_REPORTS), hotspot_resolution=5, worldview=_WORLDVIEW)
    presence, named = _presence(layer), _named(reports.events, layer)
    earthquakes = assess(
        _table(_EARTHQUAKES),
        study_area=_STUDY_AREA,
        hotspot_resolution=_STUDY_RESOLUTION,
        worldview=_WORLDVIEW,
    )
    files = [
        *reports.save(folder / "reports"),
        *earthquakes.save(folder / "earthquakes"),
        folder / "presence.csv",
        folder / "north_east_afghanistan.png",
        folder / "north_east_afghanistan.html",
        folder / "earthquakes.png",
        folder / "earthquakes_closer.png",
    ]
    _write_presence(presence, files[-5])
    borders = load_borders(layer)
    north_east = Map(
        events=reports.events,
        cells=reports.cells,
        regions=layer,
        borders=borders,
        title="Reports from north-east Afghanistan, 2022",
        bounds=_VIEW,
    )
    north_east.png(files[-4])
    north_east.html(files[-3])
    seismic = Map(
        cells=earthquakes.cells,
        regions=layer,
        borders=borders,
        title="Seismic events, 31 January to 7 February 2018: Gi* over California and Nevada",
        attribution=[product_entry(_EARTHQUAKES)["citation"]],
    )
    seismic.png(files[-2])
    closer = replace(
        seismic,
        events=earthquakes.events,
        title="The strongest hot spot of the week, and the events",
        bounds=_around(_ranked(earthquakes.cells).geometry.iloc[0]),
    )
    closer.png(files[-1])
    return Demo(reports, presence, named, earthquakes, files)


def _write_presence(presence: pd.DataFrame, path: Path) -> None:
    with replacing(path) as part:
        presence.to_csv(part, index=False, lineterminator="\n")


def earthquakes() -> pd.DataFrame:
    """Return one week of seismic events world-wide, 31 January to 7 February 2018 (USGS).

    Public domain; the pattern that documentation and examples score.

    Returns
    -------
    DataFrame
        1,707 rows: `event_id`, `time` (datetime64, UTC), `lon`, `lat`, `depth_km`, `magnitude`,
        `category` ("earthquake", "explosion", "quarry blast"), `place`; in order of time.

    Examples
    --------
    >>> events = earthquakes()
    >>> len(events), float(events["magnitude"].max())
    (1707, 6.4)
    """
    import pandas as pd

    table = _table(_EARTHQUAKES)
    table["time"] = pd.to_datetime(table["time"], utc=True).dt.tz_localize(None)
    return table.sort_values("time", kind="stable", ignore_index=True)


def _table(name: str) -> pd.DataFrame:
    """Read a demonstration table, its checksum verified."""
    import pandas as pd

    return pd.read_csv(io.BytesIO(product_bytes(name)))


def _told(events: Any) -> pd.DataFrame:
    """What happened, in the columns of the schema; `captured` is the reports' own column."""
    import pandas as pd

    return pd.DataFrame(
        {
            "event": events["event_id"],
            "what": events["category"],
            "where": events["location_name"],
            "when": [
                f"{start:%Y-%m} to {end:%Y-%m}"
                for start, end in zip(events["date_start"], events["date_end"])
            ],
            "killed": [_whole(n) for n in events["fatalities_best"]],
            "captured": [_whole(n) for n in events["captured"]],
        }
    )


def _located(events: Any) -> pd.DataFrame:
    """Region, cell and border of the events that have a place."""
    import pandas as pd

    found = events[events["match"] != "none"]
    return pd.DataFrame(
        {
            "event": found["event_id"],
            "place": found["location_name"],
            "region": found["region_code"] + " " + found["region_name"],
            "H3 cell": found["h3_cell"],
            "border, km": [f"{metres / 1000.0:.1f}" for metres in found["border_m"]],
            "border with": found["border_country_code"],
        }
    )


def _words(events: Any) -> str:
    """Original text of each report, and what it says about the date."""
    told = events[["event_id", "report", "date_note"]].itertuples(index=False)
    return "\n".join(f"{event}: {report} (When: {note}.)" for event, report, note in told)


def _missing(events: Any) -> str:
    """List the events without a place in one sentence."""
    lost = events.loc[events["match"] == "none", ["event_id", "location_name"]]
    told = [f"{event} ({place})" for event, place in lost.itertuples(index=False)]
    return f"Without a place in the gazetteer, so not located: {', '.join(told)}." if told else ""


def _whole(number: Any) -> str:
    return "" if number is None or number != number else f"{float(number):.0f}"


def _named(events: Any, layer: RegionLayer) -> pd.DataFrame:
    """Regions named in the texts of the reports (`geoparse`), with events and neighbours."""
    import pandas as pd

    from geo_risk.places import geoparse

    found = geoparse(" ".join(events["report"]))
    codes = list(dict.fromkeys(found.loc[found["kind"] == "region", "region_code"]))
    names = dict(zip(layer.columns["region_code"], layer.columns["region_name"]))
    near = [[names[code] for code in layer.neighbors(code)] for code in codes]
    return pd.DataFrame(
        {
            "region_code": codes,
            "region_name": [names[code] for code in codes],
            "n_events": [int((events["region_code"] == code).sum()) for code in codes],
            "neighbor_countries": [
                ";".join(layer.neighbors(code, of="countries")) for code in codes
            ],
            "neighbor_regions": [", ".join(regions) for regions in near],
        }
    )


def _hot_cells(found: Assessment) -> Finding:
    """The most significant cells, with a note on the cell with the most events."""
    import pandas as pd

    cells, counted = found.cells, found.provenance["hotspots"]
    assert cells is not None
    top, busiest = _ranked(cells).head(_FIRST), cells.iloc[cells["n_events"].argmax()]
    middle = top.geometry.representative_point()
    table = pd.DataFrame(
        {
            "H3 cell": top["h3_cell"],
            "middle": [f"{point.y:.2f} N {-point.x:.2f} W" for point in middle],
            "events": top["n_events"],
            "Gi* z": [f"{z:.1f}" for z in top["gi_z"]],
            "p": [f"{p:.2g}" for p in top["p_value"]],
            "q": [f"{q:.2g}" for q in top["q_value"]],
        }
    )
    hot = int((cells["hotspot"] == "hot").sum())
    note = (
        f"{counted['events_counted']} of {len(found.events)} seismic events of one week lie in "
        f"{counted['cells']} cells; {hot} cells are hot at a false discovery rate of 5 %. "
        "p tests whether a cell and its neighbours have more events than expected by chance: the "
        f"busiest cell ({busiest['h3_cell']}, {busiest['n_events']} events, "
        f"q = {busiest['q_value']:.2g}) is {busiest['hotspot']}."
    )
    return Finding(f"Seismic events over California and Nevada: {hot} hot cells, first "
                   f"{len(top)}", table, note)  # fmt: skip


def _ranked(cells: Any) -> Any:
    """Cells, the most significant first."""
    return cells.sort_values(["q_value", "p_value"])


def _around(cell: Any) -> tuple[float, float, float, float]:
    """A box of about 100 km around the centre of a cell, degrees."""
    middle = cell.representative_point()
    return (middle.x - 0.6, middle.y - 0.4, middle.x + 0.6, middle.y + 0.4)


def _presence(layer: RegionLayer) -> pd.DataFrame:
    """The table by region, with codes and neighbouring countries."""
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
