"""The whole job in one call: events in; located, indexed and scored events out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from geo_risk._core.constants import RESOLUTION
from geo_risk._core.frames import report_of
from geo_risk._core.progress import stages
from geo_risk._core.validate import renamed
from geo_risk.errors import DataNotFoundError
from geo_risk.frames.check.routine import check_read, flag_line
from geo_risk.frames.result import borders_of, provenance_of, regions_of
from geo_risk.frames.saved import read_result, write_result
from geo_risk.frames.share import Sharing
from geo_risk.frames.tables import check_csv_safe, check_format

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from geo_risk.borders import Borders
    from geo_risk.regions import RegionLayer

__all__ = ["Assessment", "assess"]

_AUTO_CELLS = 20_000


@dataclass(frozen=True, eq=False)
class Assessment:
    """What `assess` found.

    Attributes
    ----------
    events : GeoDataFrame
        Every input row, in order, with the columns of `geocode`, `index_h3` and
        `border_proximity`, the flags of `check_events`, and, only where it suggests other
        coordinates for an event, `suggested_lon` and `suggested_lat`.
    cells : GeoDataFrame or None
        The scored study area, one row per H3 cell; None where no event could be counted.
    regions : GeoDataFrame
        The regions that hold events, with `administered_by` and `claimed_by` (disputed ones),
        `n_events`, `fatalities_best` (where known) and `neighbor_countries` (codes of other
        countries that share an edge, joined by ";").
    borders : GeoDataFrame
        Border lines of the countries that hold events, one row per pair of countries.
    provenance : dict
        Versions, layer and its checksum, parameters, and what was counted.
    """

    events: geopandas.GeoDataFrame
    cells: geopandas.GeoDataFrame | None
    regions: geopandas.GeoDataFrame
    borders: geopandas.GeoDataFrame
    provenance: dict[str, Any]

    def summary(self) -> pd.DataFrame:
        """One line per event: what happened, where, how near which border, what is doubtful."""
        columns = [
            "event_id", "date_start", "location_name", "country_code", "region_code",
            "region_name", "match", "h3_cell", "border_m", "border_country_code", "flags",
            "suggested_lon", "suggested_lat",
        ]  # fmt: skip
        import pandas as pd

        held = [name for name in columns if name in self.events.columns]
        return pd.DataFrame(self.events[held])

    def flagged(self) -> str:
        """How many events are flagged and with what, in one line.

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
            Made if needed; files of an earlier save are replaced, all of them or, after an error,
            none. After a kill `load` gives the earlier result, the new one or a clear error. Maps
            that the command line drew of another result are removed, unless they were changed.
        formats : sequence of str, default (".parquet", ".csv")
            Endings that `write_table` knows: also ".geojson", ".gpkg" and ".arrow".
        share : bool, default False
            Write for others: no row of an event, but counts without those below `min_count`, no
            scores but the class, and a provenance that counts nothing.
        coarsen : "cells", "regions" or int, optional
            What a shared export counts in; implies `share`. "cells", the default of `share`, are
            H3 cells of resolution 5 or coarser, a number those of that resolution or coarser.
        min_count : int, default 3
            The smallest number that a shared export shows; 0 is shown. Refused where rows are
            written, as `source_rows` is where counts are.
        strip : bool, default False
            Keep the rows of events, without notes, actors and whatever other column the source
            has of its own.
        source_rows : bool, default False
            Whether rows of sources that forbid to pass them on (ACLED) are written as they are.
            By default such events keep their identifier and what geo_risk found out, and neither
            point nor text: fit to be passed on, and to be joined by those who have the source.
        worldview : str, optional
            Whose view the codes of disputed regions follow. Asked for where `share` or `strip` is
            set, a disputed region is named, and `assess` was not told either.
        csv_safe : bool, optional
            Whether text in CSV files that a spreadsheet would take for a formula gets an
            apostrophe before it (`write_table`). By default where the files are for others:
            `share`, `coarsen` or `strip`.

        Returns
        -------
        list of Path
            What was written. CSV files carry `lon` and `lat` for points and well-known text for
            other geometries. The same assessment gives the same bytes.

        Raises
        ------
        ValueError
            An unknown format or option, or one that is not used; no `worldview` where one is asked
            for; a shared export into a folder that holds tables or maps of an earlier save which
            it does not replace.
        """
        chosen = Sharing(share, coarsen, min_count, strip, source_rows, worldview)
        return self._save(Path(directory), formats, chosen, {}, csv_safe)

    def _save(
        self,
        folder: Path,
        formats: Sequence[str],
        sharing: Sharing,
        maps: Mapping[str, bytes],
        csv_safe: bool | None = None,
    ) -> list[Path]:
        """Write tables, maps and provenance, all of them or, after an error, none."""
        formats = [check_format(ending) for ending in formats]
        check_csv_safe(csv_safe, formats)
        tables, provenance = sharing.export(self)
        safe = sharing.counts or sharing.strip if csv_safe is None else csv_safe
        folder.mkdir(parents=True, exist_ok=True)
        names = {f"{name}{ending}" for name in tables for ending in formats}
        sharing.refuse_leftovers(folder, names | maps.keys())
        return write_result(folder, tables, formats, provenance, maps, csv_safe=safe)

    @classmethod
    def load(cls, directory: str | PathLike[str]) -> Assessment:
        """Read what `save` wrote (its GeoParquet tables and the provenance).

        The tables equal those that were saved, types and missing values too, and saved again they
        give the same bytes. Three things are not in a file: the index of `events`, if it did not
        count from 0; the type of a column that is neither text, numbers, dates nor truth
        (`write_table` makes text of it); and `attrs`.

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
            No assessment was saved there, or one for others, which has no events.
        DataCorruptError
            The save was interrupted, or a table or map is not the one that was saved.
        """
        folder = Path(directory)
        tables, provenance = read_result(folder)
        for name in ("events", "regions", "borders"):
            if tables[name] is None:
                why = "it was saved for others" if "sharing" in provenance else "save with .parquet"
                raise DataNotFoundError(f"{folder} holds no {name}.parquet: {why}.")
        return cls(provenance=provenance, **cast("dict[str, Any]", tables))


def assess(
    events: Any,
    layer: RegionLayer | None = None,
    *,
    source: str | None = None,
    worldview: str | None = None,
    resolution: int | None = None,
    hotspot_resolution: int | None = None,
    study_area: Any = "regions",
    value: str | None = None,
    snap_km: float = 5.0,
    border_kind: str = "land",
    check: bool = True,
    now: Any = None,
    n_jobs: int = 1,
    progress: bool | Callable[[str], None] = False,
    **options: Any,
) -> Assessment:
    """Geocode events, index them, measure their border distance and score hotspots.

    Parameters
    ----------
    events : path, frame or table
        Whatever `read_events` takes; a frame that `read_events` made is taken as it is.
    layer : RegionLayer, optional
        Default: the bundled world layer. Study area, neighbours and borders are those of one day:
        of a layer that holds by date pass ``layer.at("2015-01-01")``.
    source : str, optional
        Passed to `read_events`.
    worldview : str, optional
        Whose view of disputed regions the bundled layer follows, see `load_regions`; default:
        "de_facto". Saying it here also answers `Assessment.save`, which asks for it.
    resolution : int, optional
        H3 resolution of the events. Default: 7, but for an event known to within a radius no cell
        smaller than that disc (`index_h3` with `coarse="parent"`). Asked for, it holds for every
        event whose point is its own.
    hotspot_resolution : int, optional
        H3 resolution of the scored cells. Default: the finest, not finer than `resolution` or 7,
        at which the study area has at most 20,000 cells.
    study_area, value
        Passed to `score_hotspots`.
    snap_km : float, default 5.0
        Passed to `geocode`.
    border_kind : str, default "land"
        Passed to `border_proximity` as `kind`.
    check : bool, default True
        Run `check_events` with its defaults on what was read: exchanged or mirrored coordinates,
        duplicates, piles, impossible dates and deaths are flagged, counted in the provenance,
        and coordinates that do not fit the stated country are mentioned in a warning. Nothing is
        dropped or corrected: flagged events are located and scored as they stand. To keep what
        `check_events` found with other options, pass its result and False.
    now : date, datetime or str, optional
        The day after which an event lies in the future. Default: today, where on Earth it is
        latest. The day is noted only if it is given or if an event does lie in the future;
        else the same input gives the same result on any later day.
    n_jobs : int, default 1
        Threads; -1 for all processors.
    progress : bool or function, default False
        True draws a bar on standard error, where that is a terminal; a function is called with
        the name of each of the five steps when it begins.
    **options
        Passed to the statistic: `permutations`, `p_method`, `seed`, `alpha`, … Where something is
        drawn (permutations, replications, places) and no seed given, one is made and noted in the
        provenance.

    Returns
    -------
    Assessment

    Raises
    ------
    TypeError, ValueError
        As the steps do; a layer that holds by date. Nothing is written.

    Examples
    --------
    >>> import geo_risk as gr
    >>> found = gr.assess([{"location_name": "Taloqan", "country": "Afghanistan"}])
    >>> found.events[["region_code", "border_country_code"]].values.tolist()
    [['AF-TAK', 'TJK']]
    """
    layer = _layer(layer, worldview)
    if "draws" in options:
        options["places"] = renamed(options.get("places"), "places", options.pop("draws"), "draws")
    options = _with_seed(options)
    with stages(progress, 5) as step:
        step("Reading")
        frame = _as_events(events, source)
        frame = check_read(frame, layer, now) if check else frame
        frame, borders = _enriched(frame, layer, resolution, snap_km, border_kind, n_jobs, step)
        step("Scoring")
        cells, used = _score(
            frame, layer, study_area, value, RESOLUTION if resolution is None else resolution,
            hotspot_resolution, {**options, "n_jobs": n_jobs},
        )  # fmt: skip
    parameters = {
        "worldview": worldview,
        "resolution": resolution,
        "hotspot_resolution": used,
        "study_area": study_area if isinstance(study_area, (str, list, tuple)) else "geometry",
        "value": value,
        "snap_km": snap_km,
        "border_kind": border_kind,
        "check": check,
        "statistic": {key: repr(option) for key, option in sorted(options.items())},
    }
    return Assessment(
        events=frame,
        cells=cells,
        regions=regions_of(frame, layer),
        borders=borders_of(frame, borders),
        provenance=provenance_of(frame, cells, layer, parameters),
    )


def _layer(layer: RegionLayer | None, worldview: str | None) -> RegionLayer:
    """The layer given, or the bundled one in the view asked for."""
    from geo_risk.regions.sources import load_regions, plain_layer

    if layer is None:
        return load_regions(worldview=worldview or "de_facto")
    layer = plain_layer(layer, verb="assess")
    if worldview is not None and worldview != layer.worldview:
        raise ValueError(
            f"Invalid worldview: {worldview!r}; the layer {layer.name!r} that was given follows "
            f"{layer.worldview!r}."
        )
    return layer


def _with_seed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with a seed wherever something is drawn, so that the result can be made again."""
    import numpy as np

    from geo_risk.frames.score.score import takes_seed

    if options.get("seed") is None and takes_seed(**options):
        return {**options, "seed": int(np.random.SeedSequence().generate_state(1)[0])}
    return dict(options)


def _enriched(
    frame: geopandas.GeoDataFrame,
    layer: RegionLayer,
    resolution: int | None,
    snap_km: float,
    border_kind: str,
    n_jobs: int,
    step: Callable[[str], None],
) -> tuple[geopandas.GeoDataFrame, Borders]:
    """Events with region, cell and border, and the borders they were measured to."""
    from geo_risk.borders import load_borders
    from geo_risk.frames.enrich import border_proximity, geocode, index_h3

    step("Locating")
    frame = geocode(frame, layer, snap_km=snap_km, n_jobs=n_jobs)
    step("Indexing")
    if resolution is None:
        frame = index_h3(frame, resolution=RESOLUTION, coarse="parent")
    else:
        frame = index_h3(frame, resolution=resolution)
    step("Measuring")
    borders = load_borders(layer)
    return border_proximity(frame, borders, kind=border_kind, n_jobs=n_jobs), borders


def _as_events(events: Any, source: str | None) -> geopandas.GeoDataFrame:
    """Read, unless the frame has been through `read_events` already."""
    from geo_risk.events import read_events

    if source is None and hasattr(events, "attrs") and "source" in report_of(events):
        read: geopandas.GeoDataFrame = events
        return read
    return read_events(events, source)


def _score(
    events: geopandas.GeoDataFrame,
    layer: RegionLayer,
    study_area: Any,
    value: str | None,
    resolution: int,
    hotspot_resolution: int | None,
    options: Mapping[str, Any],
) -> tuple[geopandas.GeoDataFrame | None, int | None]:
    """Scored cells and their resolution; None where no event lies in any region."""
    from geo_risk.frames.score import score_hotspots

    if not (events["h3_cell"].notna() & events["region_code"].notna()).any():
        return None, None
    wanted = {"study_area": study_area, "value": value, "layer": layer, **options}
    if hotspot_resolution is None and options.get("by") != "regions":
        hotspot_resolution = _affordable(events, resolution, wanted)
    return score_hotspots(events, resolution=hotspot_resolution, **wanted), hotspot_resolution


def _affordable(events: geopandas.GeoDataFrame, resolution: int, wanted: Mapping[str, Any]) -> int:
    """Finest resolution, not finer than the one given, at which there are not too many cells."""
    from geo_risk.frames.score.score import study_resolution

    asked = ("study_area", "layer", "coarse", "places")
    area = {name: wanted[name] for name in asked if name in wanted}
    return min(resolution, study_resolution(events, max_cells=_AUTO_CELLS, **area))
