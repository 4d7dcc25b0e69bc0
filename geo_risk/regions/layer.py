"""A layer of regions: attributes, polygons and provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.fold import LONGEST_NAME
from geo_risk._core.validate import check_choice, shown
from geo_risk.errors import UnknownRegionError
from geo_risk.regions.coverage import Coverage, to_geometries
from geo_risk.regions.geometry import Geometry, check_rows

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions.adjacency import Tripoint
    from geo_risk.regions.locator import Locator
    from geo_risk.regions.report import LayerReport
    from geo_risk.regions.topology import Topology

__all__ = ["RegionLayer"]

_REQUIRED = ("region_code", "region_name", "country_code", "unit_code")


class RegionLayer:
    """Regions of one administrative level, with exact location and neighbours.

    Created by `load_regions`. Everything is computed when it is first needed: `table` builds the
    GeoDataFrame, `topology` finds the shared edges, the first `locate` builds the index. A
    `DatedLayer`, whose regions have validity dates, is not a RegionLayer; its `at` returns one.

    Parameters
    ----------
    coverage : Coverage or callable or Geometry
        The polygons; a function that returns them when they are first needed; or the geometry of
        another layer, which both layers then share.
    columns : mapping of str to sequence
        Attributes, one value per row; at least ``region_code`` (unique), ``region_name``,
        ``country_code`` (ISO 3166-1 alpha-3, XKX for Kosovo, None where no state is assigned)
        and ``unit_code`` (the layer's own country-like unit, never None).
    name, level, worldview : str, int, str
        What was loaded: name, admin level and worldview.
    provenance : mapping
        Source, version, licence, citation, sha256 and nominal accuracy, as far as known.
    fingerprint : str, optional
        Hash of the polygons; it identifies indexes in the user's cache. Without one, nothing is
        cached. Not with a `Geometry`, which has its own.
    report : LayerReport, optional
        Problems found and repaired when the layer was imported.
    """

    _again: Callable[[], RegionLayer] | None = None  # returns this layer in any process

    def __init__(
        self,
        coverage: Coverage | Geometry | Callable[[], Coverage],
        columns: Mapping[str, Sequence[Any]],
        *,
        name: str,
        level: int = 1,
        worldview: str = "de_facto",
        provenance: Mapping[str, Any] | None = None,
        fingerprint: str | None = None,
        report: LayerReport | None = None,
    ) -> None:
        self.report = report
        self.columns = {key: list(values) for key, values in columns.items()}
        self.name, self.level, self.worldview = name, level, worldview
        self.provenance = dict(provenance or {})
        self._check()
        self.geometry = self._geometry_of(coverage, fingerprint)
        self._row_of = {code: row for row, code in enumerate(self.columns["region_code"])}

    def _check(self) -> None:
        """Raise ValueError unless the columns are complete, equally long, and codes are unique."""
        missing = [column for column in _REQUIRED if column not in self.columns]
        if missing:
            raise ValueError(f"Invalid region layer: missing column(s) {', '.join(missing)}.")
        codes = self.columns["region_code"]
        for column, values in self.columns.items():
            if len(values) != len(codes):
                raise ValueError(
                    f"Invalid region layer: column {column!r} has {len(values)} values for "
                    f"{len(codes)} regions."
                )
        if len(set(codes)) != len(codes):
            seen: set[str] = set()
            twice = next(code for code in codes if code in seen or seen.add(code))  # type: ignore[func-returns-value]
            raise ValueError(f"Invalid region layer: region_code {twice!r} is not unique.")

    def _geometry_of(
        self, coverage: Coverage | Geometry | Callable[[], Coverage], fingerprint: str | None
    ) -> Geometry:
        if not isinstance(coverage, Geometry):
            return Geometry(coverage, len(self), fingerprint)
        if fingerprint is not None:
            raise ValueError(f"Invalid fingerprint: {fingerprint!r}; a Geometry has its own.")
        check_rows(coverage.n_regions, len(self))
        return coverage

    def __getstate__(self) -> dict[str, Any]:
        """State for copies and pickles; everything else is derived again."""
        return {
            key: value
            for key, value in vars(self).items()
            if key not in ("_again", "_derived")
            and not isinstance(getattr(type(self), key, None), cached_property)
        }

    def __deepcopy__(self, memo: dict[int, Any]) -> RegionLayer:
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        vars(twin).update(deepcopy(self.__getstate__(), memo))
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle the bundled layer by its name, so that a worker process uses its own layer."""
        if self._again is not None:
            return self._again, ()
        return super().__reduce_ex__(protocol)

    @property
    def derived(self) -> dict[Any, Any]:
        """Results that other modules derived from the layer and store with it; not copied."""
        found: dict[Any, Any] = vars(self).setdefault("_derived", {})
        return found

    @property
    def fingerprint(self) -> str | None:
        """Hash of the polygons; None if it is not known."""
        return self.geometry.fingerprint

    @fingerprint.setter
    def fingerprint(self, value: str | None) -> None:
        self.geometry.fingerprint = value

    @property
    def coverage(self) -> Coverage:
        """The polygons as flat arrays."""
        return self.geometry.coverage

    @property
    def topology(self) -> Topology:
        """Every distinct edge with the two regions that share it."""
        return self.geometry.topology

    @property
    def locator(self) -> Locator:
        """The point-in-region index."""
        return self.geometry.locator

    @property
    def adjacent_rows(self) -> NDArray[np.int32]:
        """Distinct pairs (i, j), i < j, of rows that share an edge; shape (p, 2)."""
        return self.geometry.adjacent_rows

    @property
    def adjacent_lengths_m(self) -> NDArray[np.float64]:
        """Length of the border of each pair of `adjacent_rows`, as drawn, metres; shape (p,)."""
        return self.geometry.adjacent_lengths_m

    def __len__(self) -> int:
        return len(self.columns["region_code"])

    def __repr__(self) -> str:
        return (
            f"<RegionLayer {self.name!r}, level {self.level}: {len(self)} regions of "
            f"{len(set(self.columns['unit_code']))} units, worldview {self.worldview!r}>"
        )

    @cached_property
    def table(self) -> geopandas.GeoDataFrame:
        """Attributes and polygons as a GeoDataFrame (EPSG:4326), one row per region.

        Missing texts are None in every version of pandas.
        """
        import geopandas
        import pandas as pd

        columns = {
            name: pd.Series(values, dtype=object)
            if any(isinstance(value, str) for value in values)
            else values
            for name, values in self.columns.items()
        }
        return geopandas.GeoDataFrame(
            columns, geometry=to_geometries(self.coverage), crs="EPSG:4326"
        )

    @cached_property
    def country_labels(self) -> list[str]:
        """Country code of each row, or the layer's own unit code if there is none."""
        pairs = zip(self.columns["country_code"], self.columns["unit_code"])
        return [unit if country is None else country for country, unit in pairs]

    def locate(self, *, lon: ArrayLike, lat: ArrayLike, n_jobs: int = 1) -> NDArray[np.int64]:
        """Find the region that contains each point, exactly.

        The result is the same as with exact arithmetic on the layer's vertices. A point on an edge
        or a vertex that regions share belongs to exactly one of them, always the same one; a point
        on the layer's outline belongs to a region that it touches. -180 and +180 are the same
        meridian. If regions overlap, the lowest row is returned.

        Parameters
        ----------
        lon, lat : array_like of float
            Degrees, WGS84, any shapes that broadcast; within [-180, 180] and [-90, 90].
            NaN is allowed and means missing.
        n_jobs : int, default 1
            Threads; -1 for all processors. The result does not depend on it.

        Returns
        -------
        ndarray of int64
            Row position in `table`; -1 outside every region and for missing coordinates.

        Raises
        ------
        ValueError
            A coordinate out of range.

        Notes
        -----
        Near a border, the accuracy of the result depends on the layer's positional accuracy
        (`provenance`), not on this computation.

        Examples
        --------
        >>> import geo_risk as gr
        >>> layer = gr.load_regions()
        >>> row = layer.locate(lon=69.53451, lat=36.73605)  # Taloqan
        >>> layer.columns["region_code"][row]
        'AF-TAK'
        """
        return self.locator.locate(lon=lon, lat=lat, n_jobs=n_jobs)

    def rows_of(self, code: str) -> NDArray[np.int64]:
        """Rows of a region code, or of all regions of a country or unit code.

        Parameters
        ----------
        code : str
            Code of a region, a country or a unit.

        Returns
        -------
        ndarray of int64
            At least one row, ascending.

        Raises
        ------
        UnknownRegionError
            The layer has no such code; close matches are listed.
        """
        if code in self._row_of:
            return np.array([self._row_of[code]])
        pairs = zip(self.columns["country_code"], self.columns["unit_code"])
        rows = [row for row, pair in enumerate(pairs) if code in pair]
        if not rows or not isinstance(code, str):
            raise UnknownRegionError(
                f"The layer {self.name!r} has no region or country {shown(code)}.",
                self._close_matches(str(code)),
            )
        return np.array(rows)

    def _close_matches(self, code: str) -> list[str]:
        from rapidfuzz import process

        if len(code) > LONGEST_NAME:
            return []
        names = dict(zip(self.columns["region_code"], self.columns["region_name"]))
        known = {**{c: f"{c} ({n})" for c, n in names.items()}}
        known.update({c: c for c in self.country_labels})
        by_code = process.extract(code, list(known), limit=3, score_cutoff=60)
        by_name = process.extract(code, names, limit=3, score_cutoff=85)
        return list(
            dict.fromkeys(known[key] for key in [m[0] for m in by_code] + [m[2] for m in by_name])
        )

    def neighbors(self, code: str, *, of: str = "regions") -> list[str]:
        """Codes of regions or countries that share an edge with a region or a country.

        Parameters
        ----------
        code : str
            A region code ("AF-TAK") or a country or unit code ("AFG").
        of : {"regions", "countries"}
            Whether to list regions (of all countries, including the own one) or other countries.

        Returns
        -------
        list of str
            Sorted codes. Meeting in a single point does not count; meeting across the
            antimeridian does. A country without ISO code is listed by its unit code.

        Raises
        ------
        UnknownRegionError
            The layer has no such code.

        Examples
        --------
        >>> import geo_risk as gr
        >>> layer = gr.load_regions()
        >>> layer.neighbors("AF-TAK", of="countries")
        ['TJK']
        >>> layer.neighbors("AF-BDS", of="countries")
        ['CHN', 'PAK', 'TJK']
        """
        return sorted({label for _, label in self._beside(code, of)})

    def _beside(self, code: str, of: str) -> list[tuple[int, str]]:
        """Positions in `adjacent_rows` of borders of `code`, each with the label across."""
        check_choice(of, "of", ("regions", "countries"))
        own = np.zeros(len(self), dtype=bool)
        own[self.rows_of(code)] = True
        labels = self.columns["region_code"] if of == "regions" else self.country_labels
        mine = set() if of == "regions" else {labels[row] for row in np.flatnonzero(own)}
        pairs = self.adjacent_rows
        first = own[pairs[:, 0]]
        at = np.flatnonzero(first != own[pairs[:, 1]])
        others = np.where(first[at], pairs[at, 1], pairs[at, 0])
        across = [(k, labels[row]) for k, row in zip(at.tolist(), others.tolist())]
        return [(k, label) for k, label in across if label not in mine]

    def border_lengths(self, code: str, *, of: str = "regions") -> dict[str, float]:
        """Lengths of the borders that a region or a country shares with each of its neighbours.

        Parameters
        ----------
        code : str
            A region code ("AF-TAK") or a country or unit code ("AFG").
        of : {"regions", "countries"}
            As in `neighbors`.

        Returns
        -------
        dict of str to float
            Kilometres by the neighbour's code, sorted by code: on the WGS84 ellipsoid along the
            line in the layer. A more detailed layer gives a longer border.

        Raises
        ------
        UnknownRegionError
            The layer has no such code.

        Examples
        --------
        >>> import geo_risk as gr
        >>> layer = gr.load_regions()
        >>> {k: round(v) for k, v in layer.border_lengths("AF-TAK", of="countries").items()}
        {'TJK': 115}
        """
        beside, metres = self._beside(code, of), self.adjacent_lengths_m
        found: dict[str, float] = {}
        for k, other in beside:
            found[other] = found.get(other, 0.0) + float(metres[k]) / 1000.0
        return dict(sorted(found.items()))

    def tripoints(self, code: str | None = None, *, of: str = "countries") -> list[Tripoint]:
        """Points where three or more countries, or regions, meet.

        Parameters
        ----------
        code : str, optional
            Only points of this region, country or unit.
        of : {"countries", "regions"}
            Whether borders of countries or of regions meet there.

        Returns
        -------
        list of Tripoint
            ``codes`` (sorted, three or more), ``lon`` and ``lat`` in degrees; sorted by codes. A
            country without ISO code is listed by its unit code.

        Raises
        ------
        UnknownRegionError
            The layer has no such code.

        Examples
        --------
        >>> import geo_risk as gr
        >>> layer = gr.load_regions()
        >>> [point.codes for point in layer.tripoints("AF-BDS")]
        [('AFG', 'CHN', 'PAK'), ('AFG', 'CHN', 'TJK')]
        """
        from geo_risk.regions.adjacency import meeting_points

        check_choice(of, "of", ("regions", "countries"))
        labels = self.columns["region_code"] if of == "regions" else self.country_labels
        rows = None if code is None else self.rows_of(code)
        return meeting_points(self.topology, labels, rows)
