"""The complete pipeline in one call: `assess` locates, indexes and scores events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from geo_risk._core.options import carries, chosen, parted, refuse_unknown
from geo_risk._core.progress import stages
from geo_risk._core.validate import renamed
from geo_risk.errors import DataNotFoundError
from geo_risk.frames.check.routine import check_read, flag_line
from geo_risk.frames.columns import EventColumns
from geo_risk.frames.result import borders_of, provenance_of, regions_of
from geo_risk.frames.saved import read_result, write_result
from geo_risk.frames.share import Sharing
from geo_risk.frames.steps import AssessOptions, locate_events, score_cells
from geo_risk.frames.tables import check_csv_safe, check_format

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from geo_risk.regions import RegionLayer

__all__ = ["AssessOptions", "Assessment", "assess", "save_result"]


@dataclass(frozen=True, eq=False)
class Assessment:
    """Result of `assess`.

    Attributes
    ----------
    events : GeoDataFrame
        Every input row, in order, with the columns of `geocode`, `index_h3` and
        `border_proximity`, the flags of `check_events`, and, only if it suggests other
        coordinates for any event, `suggested_lon` and `suggested_lat`.
    cells : GeoDataFrame or None
        The scored study area, one row per H3 cell; None if no event could be counted.
    regions : GeoDataFrame
        The regions with events, with `administered_by` and `claimed_by` (disputed ones),
        `n_events`, `fatalities_best` (if known) and `neighbor_countries` (codes of other
        countries that share an edge, joined by ";").
    borders : GeoDataFrame
        Border lines of the countries with events, one row per pair of countries.
    provenance : dict
        Versions, layer and its checksum, parameters and counts.
    """

    events: geopandas.GeoDataFrame
    cells: geopandas.GeoDataFrame | None
    regions: geopandas.GeoDataFrame
    borders: geopandas.GeoDataFrame
    provenance: dict[str, Any]

    def summary(self) -> pd.DataFrame:
        """Table with one line per event: date, location, region, nearest border and flags."""
        columns = [
            "event_id", "date_start", "location_name", "country_code", "region_code",
            "region_name", "match", "h3_cell", "border_m", "border_country_code", "flags",
            "suggested_lon", "suggested_lat",
        ]  # fmt: skip
        import pandas as pd

        held = [name for name in columns if name in self.events.columns]
        return pd.DataFrame(self.events[held])

    def flagged(self) -> str:
        """One line that states how many events are flagged, and with which flags.

        Returns
        -------
        str
            Numbers of events, flag by flag.

        Examples
        --------
        >>> import geo_risk as gr
        >>> found = gr.assess([{"lon": 36.736, "lat": 69.535, "country": "Afghanistan"}])
        >>> print(found.flagged())
        1 of 1 event flagged. 1 event: swapped_lonlat.
        """
        return flag_line(self.events)

    def save(
        self,
        directory: str | PathLike[str],
        *,
        formats: Sequence[str] = (".parquet", ".csv"),
        share: bool = False,
        coarsen: str | int | None = None,
        min_count: int | None = None,
        strip: bool = False,
        source_rows: bool = False,
        worldview: str | None = None,
        csv_safe: bool | None = None,
    ) -> list[Path]:
        """Write all tables, and the provenance as JSON.

        Parameters
        ----------
        directory : path
            Created if needed; files of an earlier save are replaced, all of them or, after an
            error, none. If the process is killed, `load` returns the earlier result or the new
            one, or raises a clear error. Maps that the command line drew of another result are
            removed, unless they were changed.
        formats : sequence of str, default (".parquet", ".csv")
            Endings that `write_table` accepts: also ".geojson", ".gpkg" and ".arrow".
        share : bool, default False
            Write for others: no rows of events, but counts without those below `min_count`, no
            scores except the class, and a provenance without counts.
        coarsen : "cells", "regions" or int, optional
            Units in which a shared export counts; implies `share`. "cells", the default of
            `share`, are H3 cells of resolution 5 or coarser; a number sets another limit.
        min_count : int, default 3
            The smallest number that a shared export shows; 0 is shown. Not allowed if rows are
            written; `source_rows` is not allowed if counts are written.
        strip : bool, default False
            Keep the rows of events, without notes, actors and other columns of the source itself.
        source_rows : bool, default False
            Whether rows of sources that forbid redistribution (ACLED) are written unchanged.
            By default such events keep their identifier and the results of geo_risk, without
            point and text: these may be shared, and users who have the source can join them.
        worldview : str, optional
            Whose view the codes of disputed regions follow. Required if `share` or `strip` is
            set, a disputed region is named, and `assess` had no `worldview` either.
        csv_safe : bool, optional
            Whether text in CSV files that a spreadsheet would read as a formula gets an
            apostrophe before it (`write_table`). By default True if the files are for others:
            `share`, `coarsen` or `strip`.

        Returns
        -------
        list of Path
            The files written. CSV files have `lon` and `lat` for points and well-known text for
            other geometries. The same assessment gives the same bytes.

        Raises
        ------
        ValueError
            An unknown format or option, or one that is not used; no `worldview` although it is
            required; a shared export into a folder with tables or maps of an earlier save which
            it does not replace.
        """
        chosen = Sharing(share, coarsen, min_count, strip, source_rows, worldview)
        return save_result(self, Path(directory), formats, chosen, {}, csv_safe)

    @classmethod
    def load(cls, directory: str | PathLike[str]) -> Assessment:
        """Read what `save` wrote (its GeoParquet tables and the provenance).

        The tables equal those that were saved, including types and missing values, and if saved
        again they give the same bytes. Three things are not stored: the index of `events`, if it
        did not count from 0; the type of a column that is neither text, numbers, dates nor
        booleans (`write_table` converts it to text); and `attrs`.

        Parameters
        ----------
        directory : path
            The folder that `save` was given.

        Returns
        -------
        Assessment
            With the provenance that was saved.

        Raises
        ------
        DataNotFoundError
            No assessment was saved there, or a shared one, which has no events.
        DataCorruptError
            The save was interrupted, or a table or map has changed since it was saved.
        """
        folder = Path(directory)
        tables, provenance = read_result(folder)
        for name in ("events", "regions", "borders"):
            if tables[name] is None:
                why = "it was saved for others" if "sharing" in provenance else "save with .parquet"
                raise DataNotFoundError(f"{folder} has no {name}.parquet: {why}.")
        return cls(provenance=provenance, **cast("dict[str, Any]", tables))


@carries(AssessOptions)
def assess(
    events: Any,
    layer: RegionLayer | None = None,
    *,
    source: str | None = None,
    worldview: str | None = None,
    n_jobs: int = 1,
    progress: bool | Callable[[str], None] = False,
    options: AssessOptions | None = None,
    **scoring: Any,
) -> Assessment:
    """Geocode events, index them, measure their border distance and score hotspots.

    Parameters
    ----------
    events : path, frame or table
        Any input of `read_events`; a frame that `read_events` returned is used as it is.
    layer : RegionLayer, optional
        Default: the bundled world layer. Study area, neighbours and borders are those of one day:
        for a dated layer pass ``layer.at("2015-01-01")``.
    source : str, optional
        Passed to `read_events`.
    worldview : str, optional
        Whose view of disputed regions the bundled layer follows, see `load_regions`; default:
        "de_facto". If given here, `Assessment.save` does not require it again.
    n_jobs : int, default 1
        Threads; -1 for all processors.
    progress : bool or function, default False
        True draws a bar on standard error if that is a terminal; a function is called with
        the name of each of the five steps when it begins.
    options : AssessOptions, optional
        How events are located, indexed, measured and counted.
    **fields
        The fields of `AssessOptions`, in place of `options`.
    **scoring
        Passed to `score_hotspots` and to the statistic: `permutations`, `p_method`, `seed`,
        `alpha`, … If something is drawn (permutations, replications, places) and no seed is given,
        a new seed is used and recorded in the provenance.

    Returns
    -------
    Assessment

    Raises
    ------
    TypeError, ValueError
        Errors of the steps; a dated layer. Nothing is written.

    Examples
    --------
    >>> import geo_risk as gr
    >>> found = gr.assess([{"location_name": "Taloqan", "country": "Afghanistan"}])
    >>> found.events[["region_code", "border_country_code"]].values.tolist()
    [['AF-TAK', 'TJK']]
    """
    from geo_risk.frames.score.score import accepted

    of_steps, scoring = parted(AssessOptions, scoring)
    asked = chosen(AssessOptions, options, of_steps, assess)
    refuse_unknown(scoring, assess, accepted(scoring.get("method", "gi_star")))
    layer = _layer(layer, worldview)
    if "draws" in scoring:
        scoring["places"] = renamed(scoring.get("places"), "places", scoring.pop("draws"), "draws")
    scoring = _with_seed(scoring)
    with stages(progress, 5) as step:
        step("Reading")
        columns = EventColumns.of(_as_events(events, source))
        columns = check_read(columns, layer, asked.now) if asked.check else columns
        columns, borders = locate_events(columns, layer, asked, n_jobs, step)
        step("Scoring")
        cells, used = score_cells(columns, layer, asked, {**scoring, "n_jobs": n_jobs})
    named = isinstance(asked.study_area, (str, list, tuple))
    parameters = {
        "worldview": worldview,
        "resolution": asked.resolution,
        "hotspot_resolution": used,
        "study_area": asked.study_area if named else "geometry",
        "value": asked.value,
        "snap_km": asked.snap_km,
        "border_kind": asked.border_kind,
        "check": asked.check,
        "statistic": {key: repr(option) for key, option in sorted(scoring.items())},
    }
    return Assessment(
        events=columns.to_frame(),
        cells=cells,
        regions=regions_of(columns, layer),
        borders=borders_of(columns, borders),
        provenance=provenance_of(columns, cells, layer, parameters),
    )


def _layer(layer: RegionLayer | None, worldview: str | None) -> RegionLayer:
    """The layer given, or the bundled one in the requested worldview."""
    from geo_risk.regions.sources import load_regions, plain_layer

    if layer is None:
        return load_regions(worldview=worldview or "de_facto")
    layer = plain_layer(layer, verb="assess")
    if worldview is not None and worldview != layer.worldview:
        raise ValueError(
            f"Invalid worldview: {worldview!r}; the given layer {layer.name!r} follows "
            f"{layer.worldview!r}."
        )
    return layer


def _with_seed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with a seed if something is drawn, so that the result can be reproduced."""
    import numpy as np

    from geo_risk.frames.score.score import takes_seed

    if options.get("seed") is None and takes_seed(**options):
        return {**options, "seed": int(np.random.SeedSequence().generate_state(1)[0])}
    return dict(options)


def _as_events(events: Any, source: str | None) -> geopandas.GeoDataFrame:
    """Read the events, unless the frame was returned by `read_events`."""
    from geo_risk.events import read_events

    if source is None and "source" in getattr(events, "attrs", {}).get("geo_risk", {}):
        read: geopandas.GeoDataFrame = events
        return read
    return read_events(events, source)


def save_result(
    found: Assessment,
    folder: Path,
    formats: Sequence[str],
    sharing: Sharing,
    maps: Mapping[str, bytes],
    csv_safe: bool | None = None,
) -> list[Path]:
    """Write tables, maps and provenance: all of them or, after an error, none."""
    formats = [check_format(ending) for ending in formats]
    check_csv_safe(csv_safe, formats)
    tables, provenance = sharing.export(found)
    safe = sharing.counts or sharing.strip if csv_safe is None else csv_safe
    folder.mkdir(parents=True, exist_ok=True)
    names = {f"{name}{ending}" for name in tables for ending in formats}
    sharing.refuse_leftovers(folder, names | maps.keys())
    return write_result(folder, tables, formats, provenance, maps, csv_safe=safe)
