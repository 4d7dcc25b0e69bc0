"""What may be shared of a result: rows withheld, text removed, points replaced by counts.

Tables and maps for others contain only what this module returns. The columns that are kept are a
list of allowed columns, never of forbidden ones: a new column of a source is left out until
somebody has decided about it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import SHARED_RESOLUTION
from geo_risk._core.frames import lonlat_of, report_of, texts_of, too_coarse
from geo_risk._core.validate import check_integer, check_resolution, refuse_unused
from geo_risk.errors import OptionNeededError

if TYPE_CHECKING:
    import geopandas

__all__ = [
    "COUNTS",
    "MIN_COUNT",
    "NO_COUNTS",
    "WITHHELD_SOURCES",
    "Sharing",
    "ask_for_worldview",
    "disputed_regions",
    "shared_cells",
    "shared_regions",
    "strip_text",
    "withhold_rows",
]

MIN_COUNT = 3
"""Smallest count that is shared by default."""
COUNTS = ("n_events", "count")
"""Columns that count the events of a cell; the first one found is used."""
NO_COUNTS = "it applies to shared counts (share, coarsen), and rows are written"
"""Why `min_count` is rejected without counts."""
WITHHELD_SOURCES = ("acled",)
"""Sources whose terms do not allow redistribution of their rows."""

_LOG = logging.getLogger("geo_risk")
_WITHHELD = (
    "%d of %d events come from a source that forbids redistribution (ACLED): saved without their "
    "point and text. source_rows=True (--source-rows) keeps them, for your own use only."
)
_DISPUTED = (
    "Events lie in %d disputed regions; the codes follow the worldview %r, claimants are in "
    "claimed_by. Choose with worldview= (command line: --worldview)."
)
_KEPT = (
    "event_id", "source", "date_start", "date_end", "date_precision", "category",
    "fatalities_best", "fatalities_low", "fatalities_high", "country_stated", "location_name",
    "location_precision", "location_uncertainty_km", "flags",
)  # fmt: skip
_ADDED = (
    "country_code", "country_name", "region_code", "region_name", "unit_code", "claimed_by",
    "match", "snap_m", "place_name", "geonames_id", "place_score", "h3_cell", "border_m",
    "border_country_code", "border_foot_lon", "border_foot_lat", "country_certainty",
    "suggested_lon", "suggested_lat",
)  # fmt: skip
_TELLTALE = (  # these reveal the point: the foot of the border does so together with border_m
    "border_foot_lon", "border_foot_lat", "suggested_lon", "suggested_lat", "pile_name",
    "place_name", "geonames_id", "place_score",
)  # fmt: skip
_REGION = (
    "region_code", "region_name", "country_code", "country_name", "unit_code", "administered_by",
    "claimed_by", "neighbor_countries",
)  # fmt: skip


@dataclass(frozen=True)
class Sharing:
    """Options of `Assessment.save` that decide what is written."""

    share: bool
    coarsen: str | int | None
    min_count: int | None
    strip: bool
    source_rows: bool
    worldview: str | None

    @property
    def counts(self) -> bool:
        """Whether counts are written, without rows of events."""
        return self.share or self.coarsen is not None

    def check(self) -> None:
        """Check the options before a result is computed or written.

        Raises
        ------
        ValueError
            An unknown `coarsen`, an invalid resolution or `min_count`.
        TypeError
            A `min_count` that is not an integer.
        """
        check_min_count(self.min_count)
        if not self.counts:
            refuse_unused({"min_count": self.min_count}, NO_COUNTS)
        else:
            rows = {"source_rows": self.source_rows or None}
            refuse_unused(rows, "counts are written, without rows of events")
        if self.coarsen != "regions":
            _finest(self.coarsen)

    def export(self, found: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tables to write, by name, and their provenance."""
        self.check()
        if self.counts:
            tables, told = self._counts(found)
        else:
            events, told = self.rows(found.events)
            if "rows_withheld" in told:
                _LOG.warning(_WITHHELD, told["rows_withheld"], len(events))
            tables = {"events": events, "cells": found.cells, "regions": found.regions}
            tables["borders"] = found.borders
        if "regions" in tables or "events" in tables:
            self._view(found, outward="coarsen" in told or self.strip)
        provenance = dict(found.provenance)
        if told:
            provenance["sharing"] = told
            provenance["events"] = {**provenance["events"], "read": None}
        if "coarsen" in told:
            provenance |= {"events": None, "hotspots": None}
        return {name: table for name, table in tables.items() if table is not None}, provenance

    def rows(self, events: geopandas.GeoDataFrame) -> tuple[Any, dict[str, Any]]:
        """Rows of events to write if no counts are written, and notes for the provenance."""
        told: dict[str, Any] = {}
        if not self.source_rows:
            events, withheld = withhold_rows(events)
            if withheld:
                told["rows_withheld"] = withheld
        if self.strip:
            events, told["stripped"] = strip_text(events), True
        return events, told

    def _counts(self, found: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Counts in cells or regions, and notes for the provenance."""
        wanted = "cells" if self.coarsen is None else self.coarsen
        least = check_min_count(self.min_count)
        told: dict[str, Any] = {"coarsen": wanted, "min_count": least}
        if wanted == "regions":
            return {"regions": shared_regions(found.regions, least)}, told
        return {"cells": shared_cells(found.events, found.cells, wanted, least)}, told

    def _view(self, found: Any, outward: bool) -> None:
        """Require a stated worldview for exports to others; otherwise log it as a warning."""
        disputed = disputed_regions(found.regions)
        layer = found.provenance["layer"]["worldview"]
        stated = self.worldview or found.provenance["parameters"].get("worldview")
        if outward or self.worldview is not None:
            ask_for_worldview(disputed, stated, layer)
        elif disputed and stated is None:
            _LOG.warning(_DISPUTED, len(disputed), layer)

    def refuse_leftovers(self, folder: Path, names: set[str]) -> None:
        """Raise an error if rows of an earlier save would stay beside an export for others."""
        if not (self.counts or self.strip):
            return
        kinds = ("events", "cells", "regions", "borders", "map")
        patterns = [text for kind in kinds for text in (f"{kind}.*", f".{kind}.*.part")]
        earlier = {path.name for pattern in patterns for path in folder.glob(pattern)}
        left = sorted(earlier - names)
        if left:
            raise ValueError(
                f"Invalid directory: {folder} contains {', '.join(left)} of an earlier save, which "
                "this export for others would not replace. Choose an empty folder."
            )


def strip_text(events: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Events without notes, actors and other columns of the source itself.

    Parameters
    ----------
    events : GeoDataFrame
        As returned by `read_events` and the functions on events.

    Returns
    -------
    GeoDataFrame
        The same rows and points, with the columns of the schema that name no party and quote no
        text, and those that geo_risk added.
    """
    kept = {*_KEPT, *_added(events), events.geometry.name}
    return events[[name for name in events.columns if name in kept]]


def _added(events: geopandas.GeoDataFrame) -> Sequence[str]:
    """Columns that geo_risk added; for frames read from a file, those with the known names."""
    added: Sequence[str] = report_of(events).get("added_columns", ()) or _ADDED
    return added


def withhold_rows(
    events: geopandas.GeoDataFrame, sources: Sequence[str] = WITHHELD_SOURCES
) -> tuple[geopandas.GeoDataFrame, int]:
    """Events without the content of rows of some sources, and the number of these rows.

    Such a row keeps its identifier, its source and the results of geo_risk; its point (and the
    foot of the border, which reveals the point together with the distance), dates, names, numbers
    and original columns are missing. Users who have the source can join them again.
    """
    named = texts_of(events, "source").isin(sources)
    if not named.any():
        return events, 0
    geometry = events.geometry.name
    kept = {"event_id", "source", "flags", geometry, *_added(events)} - set(_TELLTALE)
    result = events.copy()
    if named.all():
        result = result[[name for name in result.columns if name in kept]]
    else:
        for name in result.columns:
            if name == "geonames_id":
                result[name] = result[name].where(~named, -1)  # its missing value
            elif name not in kept:
                result[name] = result[name].where(~named)
    shapes = result.geometry.to_numpy().copy()
    shapes[named] = None
    result[geometry] = shapes
    crs: Any = events.crs
    return result.set_crs(crs, allow_override=True), int(named.sum())


def disputed_regions(regions: geopandas.GeoDataFrame) -> dict[str, dict[str, str | None]]:
    """Region code → who administers it and who claims it, for regions that others claim."""
    told = zip(
        texts_of(regions, "region_code").tolist(),
        texts_of(regions, "administered_by").tolist(),
        texts_of(regions, "claimed_by").tolist(),
    )
    return {
        str(code): {"administered_by": holder, "claimed_by": claims}
        for code, holder, claims in told
        if claims is not None
    }


def ask_for_worldview(
    disputed: Mapping[str, Mapping[str, str | None]], worldview: str | None, layer: str
) -> None:
    """Raise an error if an export names countries of disputed regions without a stated worldview.

    Raises
    ------
    ValueError
        No worldview was stated, or a different one from that of the result.
    """
    if worldview is not None and worldview != layer:
        raise ValueError(
            f"Invalid worldview: {worldview!r}, but this assessment follows {layer!r}. Run it "
            f"again with assess(worldview={worldview!r})."
        )
    if not disputed or worldview is not None:
        return
    code, sides = next(iter(disputed.items()))
    more = f" and {len(disputed) - 1} more" if len(disputed) > 1 else ""
    raise OptionNeededError(
        f"This export names the countries of disputed regions ({code}: administered by "
        f"{sides['administered_by'] or 'no state'}, claimed by {sides['claimed_by']}{more}). State "
        f"whose view it follows: worldview={layer!r}, which this assessment used, or run "
        "assess(worldview=...) for another.",
        ["worldview"],
    )


def shared_cells(
    events: geopandas.GeoDataFrame | None, cells: Any, coarsen: str | int | None, min_count: int
) -> geopandas.GeoDataFrame:
    """Events per H3 cell for sharing, as shown in tables and maps.

    Parameters
    ----------
    events : GeoDataFrame or None
        Points; those that only stand for a district, province or country are not counted.
    cells : DataFrame or None
        Counted or scored cells (`h3_cell`, `n_events` or `count`, `hotspot`), used if they are
        no finer than `coarsen`; else the events are counted, because scores of small cells do not
        add up to scores of large ones.
    coarsen : "cells" or int, optional
        The finest resolution to show; 5 by default and for "cells".
    min_count : int
        Counts from 1 to `min_count` - 1 are left out.

    Returns
    -------
    GeoDataFrame
        `h3_cell`, `n_events` (NaN if left out), `suppressed`, the class `hotspot` if there
        are scores and the count is shown; no score, because a score reveals the count.

    Raises
    ------
    ValueError
        An invalid `coarsen` or `min_count`; cells that cannot be used, and no events.
    TypeError
        A `min_count` that is not an integer.
    """
    import geopandas

    from geo_risk.cells import cell_polygons, strings_to_cells

    limit, least = _finest(coarsen), check_min_count(min_count)
    fit = cells is not None and _fit(cells, limit)
    if events is not None and not (fit and len(cells)):
        cells = _counted(events, limit)
    elif not fit:
        raise ValueError(
            "Invalid cells: must be H3 cells with a count (n_events or count), none finer "
            f"than resolution {limit}. Pass the events, which are counted in such cells, or set "
            "coarsen= to the resolution of the cells."
        )
    counts = cells[_count_column(cells)].to_numpy(dtype=float, na_value=np.nan)
    shown, hidden = _suppressed(counts, least)
    names = cells["h3_cell"].to_numpy(dtype=object)
    columns: dict[str, Any] = {"h3_cell": names, "n_events": shown, "suppressed": hidden}
    if "hotspot" in cells.columns:  # words, or signs, which stay numbers
        columns["hotspot"] = cells["hotspot"].where(~hidden, None).to_numpy()
    shapes = cell_polygons(strings_to_cells(names))
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")


def _finest(coarsen: str | int | None) -> int:
    """The finest resolution that is shared."""
    if coarsen is None or coarsen == "cells":
        return SHARED_RESOLUTION
    if isinstance(coarsen, str):
        raise ValueError(
            f'Invalid coarsen: {coarsen!r}; must be "cells", "regions" (tables only) or an H3 '
            "resolution."
        )
    return check_resolution(coarsen)


def _count_column(cells: Any) -> str | None:
    return next((name for name in COUNTS if name in cells.columns), None)


def _fit(cells: Any, limit: int) -> bool:
    """Whether cells have names and counts, and none is finer than the limit."""
    from geo_risk.cells import cell_resolutions, strings_to_cells

    if "h3_cell" not in cells.columns or _count_column(cells) is None:
        return False
    names = strings_to_cells(cells["h3_cell"].to_numpy(dtype=object))
    return int(cell_resolutions(names).max(initial=-1)) <= limit


def shared_regions(regions: geopandas.GeoDataFrame, min_count: int) -> geopandas.GeoDataFrame:
    """Events and deaths per region for sharing; numbers from 1 to `min_count` - 1 are left out."""
    least = check_min_count(min_count)
    kept = [name for name in _REGION if name in regions.columns]
    result = regions[[*kept, regions.geometry.name]].copy()
    counts, hidden = _suppressed(regions["n_events"].to_numpy(dtype=float), least)
    result.insert(len(kept), "n_events", counts)
    if "fatalities_best" in regions.columns:
        deaths, few = _suppressed(regions["fatalities_best"].to_numpy(dtype=float), least)
        deaths[hidden] = np.nan
        hidden |= few
        result.insert(len(kept) + 1, "fatalities_best", deaths)
    result.insert(len(result.columns) - 1, "suppressed", hidden)
    return result


def check_min_count(min_count: int | None) -> int:
    """Check the smallest count, at least 1; `MIN_COUNT` if it is None."""
    return MIN_COUNT if min_count is None else check_integer(min_count, "min_count", low=1)


def _suppressed(
    counts: NDArray[np.float64], least: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Counts with the small ones replaced by NaN, and a mask of these."""
    with np.errstate(invalid="ignore"):
        hidden = (counts > 0) & (counts < least)
    return np.where(hidden, np.nan, counts), hidden


def _counted(events: geopandas.GeoDataFrame, resolution: int) -> Any:
    """Events per H3 cell, without those whose point only stands for an area."""
    import pandas as pd

    from geo_risk.cells import cells_to_strings, h3_cells

    lon, lat = lonlat_of(events)
    lon[too_coarse(events, "skip")] = np.nan
    cells = h3_cells(lon=lon, lat=lat, resolution=resolution)
    names, counts = np.unique(cells[cells != 0], return_counts=True)
    return pd.DataFrame({"h3_cell": cells_to_strings(names), "n_events": counts})
