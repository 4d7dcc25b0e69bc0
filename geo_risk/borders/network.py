"""The border network of a layer: edges whose two sides differ in country."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.cache import announce, load_arrays, store_arrays
from geo_risk._core.validate import check_choice, check_scalar
from geo_risk.borders.context import default_reach_km, rows_across
from geo_risk.borders.index import BorderIndex, CountryIds
from geo_risk.borders.nearest import BorderDistances, ask, ask_countries, measure
from geo_risk.regions import RegionLayer, load_regions
from geo_risk.regions.adjacency import edge_lengths_m
from geo_risk.regions.sources import plain_layer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import geopandas

    from geo_risk.borders._tree import Forest

__all__ = ["Borders", "load_borders", "plain_borders"]

_LARGE = 100_000  # edges from which building the index is announced
_FORMAT = 5  # raise it whenever the arrays of Forest or their meaning change


def load_borders(
    layer: RegionLayer | None = None,
    *,
    context: RegionLayer | str | None = "natural_earth",
    context_km: float | None = None,
) -> Borders:
    """Derive the borders of a layer of regions.

    Borders are edges of the layer, so the region of an event and its distance to a border never
    contradict each other, and another worldview of the layer has other borders.

    Parameters
    ----------
    layer : RegionLayer, optional
        The bundled world layer if not given.
    context : RegionLayer or "natural_earth" or None
        Layer with the countries across the outline of `layer`. An edge without a second side is a
        border with another country if the outline of its country in the context is one within
        `context_km` of the middle of the edge, else a coast. The line stays that of `layer`; only
        the codes of the other side come from the context. By default the bundled world layer;
        None for none. The bundled world layer itself needs none.
    context_km : float, optional
        Largest distance between the same outline in the two layers. By default the sum of their
        stated largest errors; a layer without one is assumed to have that of the other layer.

    Returns
    -------
    Borders
        The same object for the same layers. Everything is computed when it is first needed.

    Raises
    ------
    TypeError
        `layer` or `context` is not a RegionLayer.
    ValueError
        `context` is another string, `context_km` is negative, or a layer has validity dates.

    Examples
    --------
    >>> import geo_risk as gr
    >>> borders = gr.load_borders()
    >>> found = borders.nearest(lon=69.53451, lat=36.73605)  # Taloqan
    >>> print(found.other_country_code, round(float(found.distance_m) / 1000))
    TJK 47
    """
    layer = plain_layer(layer, verb="load_borders")
    if isinstance(context, str):
        check_choice(context, "context", ("natural_earth",))
        context = None if layer.name == context else load_regions(context)
    if context_km is not None:
        context_km = check_scalar(context_km, "context_km", low=0.0)
    known = layer.derived.setdefault(Borders, {})
    key = (id(context), context_km)  # the context exists as long as the borders that refer to it
    if key not in known:
        known[key] = Borders(layer, context=context, context_km=context_km)
    return known[key]  # type: ignore[no-any-return]


def plain_borders(borders: Any, *, verb: str) -> Borders:
    """Given borders, or the borders of a given or the bundled layer; see `plain_layer`."""
    if isinstance(borders, Borders):
        return borders
    return load_borders(plain_layer(borders, verb=verb, name="borders"))


def _borders_of(
    layer: RegionLayer, context: RegionLayer | None, context_km: float | None
) -> Borders:
    return load_borders(layer, context=context, context_km=context_km)


class Borders:
    """The borders between the countries of a layer, and their outlines.

    Created by `load_borders`. A country here is a region's ``country_code``, or its ``unit_code``
    if no state is assigned.

    Attributes
    ----------
    layer, context : RegionLayer, RegionLayer or None
        The layer of the borders, and the layer with the countries across its outline.
    context_km : float
        Largest distance between the same outline in the two layers.
    countries : tuple of str
        Codes of all countries of both layers, sorted.
    """

    def __init__(
        self,
        layer: RegionLayer,
        *,
        context: RegionLayer | None = None,
        context_km: float | None = None,
    ) -> None:
        layer = plain_layer(layer, verb="load_borders")
        labels = list(layer.country_labels)
        if context is not None:
            context = plain_layer(context, verb="load_borders", name="context")
        if context is not None and set(labels).isdisjoint(context.country_labels):
            context = None  # it contains none of these countries
        self.layer, self.context = layer, context
        self._region_codes: list[str] = list(layer.columns["region_code"])
        self.context_km = 0.0
        if context is not None:  # its rows follow the layer's
            labels += context.country_labels
            self._region_codes += context.columns["region_code"]
            self.context_km = default_reach_km(layer, context) if context_km is None else context_km
        self.countries: tuple[str, ...] = tuple(sorted(set(labels)))
        id_of = {code: i for i, code in enumerate(self.countries)}
        self._ids = CountryIds(layer, id_of)
        self._country_of_row = np.array([id_of[code] for code in labels], dtype=np.int32)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copy or pickle only layer and context; the index is loaded from the cache or rebuilt."""
        context_km = None if self.context is None else self.context_km
        return _borders_of, (self.layer, self.context, context_km)

    def __repr__(self) -> str:
        found = len(set(self.layer.country_labels))
        return f"<Borders of {self.layer.name!r}: {found} countries>"

    @cached_property
    def _network(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int32]]:
        """Edges between countries and coasts: position in the topology, ends, rows of both sides.

        The row of the other side is -1 on a coast; rows of the context follow those of the layer.
        """
        topology, country = self.layer.topology, self._country_of_row
        right = topology.right.astype(np.int64)
        if self.context is not None:
            alone = np.flatnonzero(right < 0)
            context = load_borders(self.context, context=None)
            across = rows_across(self.layer, alone, context._index, self.context_km)
            right[alone] = np.where(across >= 0, across + len(self.layer), -1)
        chosen = np.flatnonzero((right < 0) | (country[topology.left] != country[right]))
        ends = np.column_stack([topology.ax, topology.ay, topology.bx, topology.by])
        sides = np.column_stack([topology.left, right]).astype(np.int32)
        return chosen, ends[chosen], sides[chosen]

    @cached_property
    def _index(self) -> BorderIndex:
        """Data for searches."""
        return BorderIndex.of(self._ids, self._forest(), self._country_of_row, self._region_codes)

    def _forest(self) -> Forest:
        """The arrays for searches, from the user's cache or newly built."""
        from geo_risk.borders._tree import FOREST_ARRAYS, Forest, build_forest

        name = self._cache_name()
        kept = load_arrays(name, FOREST_ARRAYS) if name else None
        if kept is not None:
            return Forest(**kept)
        network = self._network
        if len(network[0]) > _LARGE:
            announce("preparing the border index, once per layer; about two seconds.")
        forest = build_forest(*network, self._country_of_row, len(self.countries))
        if name:
            store_arrays(name, forest._asdict())
        return forest

    def _cache_name(self) -> str | None:
        """Name of the index in the cache, a hash of all its inputs; None if they have no hash."""
        layers = [self.layer] if self.context is None else [self.layer, self.context]
        if any(layer.fingerprint is None for layer in layers):
            return None
        parts = [f"{layer.fingerprint}" for layer in layers]
        parts += [f"{self.context_km}", *self.countries]
        digest = hashlib.sha256("\n".join(parts).encode())
        digest.update(self._country_of_row.tobytes())
        return f"borders-{_FORMAT}-{digest.hexdigest()[:32]}"

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of countries that share a border, each in alphabetical order, sorted.

        Examples
        --------
        >>> import geo_risk as gr
        >>> ("AFG", "TJK") in gr.load_borders().pairs
        True
        """
        first, second = self._sides_by_country()
        found = np.unique(np.column_stack([first, second]), axis=0).tolist()
        return [(self.countries[a], self.countries[b]) for a, b in found]

    def _sides_by_country(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Country ids on both sides of each land border edge, the lower one first."""
        _, _, sides = self._network
        land = sides[sides[:, 1] >= 0]
        a, b = self._country_of_row[land[:, 0]], self._country_of_row[land[:, 1]]
        return np.minimum(a, b), np.maximum(a, b)

    @cached_property
    def table(self) -> geopandas.GeoDataFrame:
        """Land borders as a GeoDataFrame (EPSG:4326), one row per pair of countries.

        Columns: ``country_code_1``, ``country_code_2`` (alphabetical), ``length_km`` (on the
        WGS84 ellipsoid, along the lines as drawn), ``geometry`` (lines).
        """
        return self.lines_of(self.countries)

    def lines_of(self, countries: Collection[str]) -> geopandas.GeoDataFrame:
        """Rows of `table` for the borders of some countries with any other."""
        import geopandas
        import shapely

        _, ends, sides = self._network
        first, second = self._sides_by_country()
        wanted = np.array([code in countries for code in self.countries], dtype=np.bool_)
        order = np.lexsort((second, first))
        order = order[wanted[first[order]] | wanted[second[order]]]
        ends, first, second = ends[sides[:, 1] >= 0][order], first[order], second[order]
        lines: Any = shapely.linestrings(ends.reshape(-1, 2, 2))
        pair, group = np.unique(np.column_stack([first, second]), axis=0, return_inverse=True)
        group = group.reshape(-1)
        merged = shapely.line_merge(shapely.multilinestrings(lines, indices=group))
        lengths = np.bincount(group, weights=edge_lengths_m(*ends.T), minlength=len(pair))
        codes = np.array(self.countries, dtype=object)
        return geopandas.GeoDataFrame(
            {
                "country_code_1": codes[pair[:, 0]],
                "country_code_2": codes[pair[:, 1]],
                "length_km": lengths / 1000.0,
            },
            geometry=merged,
            crs="EPSG:4326",
        )

    def nearest(
        self,
        *,
        lon: ArrayLike,
        lat: ArrayLike,
        kind: str = "land",
        country: str | Sequence[str | None] | None = None,
        to: str | Sequence[str | None] | None = None,
        max_km: float | None = None,
        n_jobs: int = 1,
    ) -> BorderDistances:
        """Measure the distance of points to the nearest border, and find its nearest point.

        The distance is the WGS84 geodesic to the nearest point of the border in the layer: every
        edge is the straight line in longitude and latitude between its vertices. The accuracy of
        that line is the layer's positional accuracy (``layer.provenance``), not that of this
        computation.

        Parameters
        ----------
        lon, lat : array_like of float
            Degrees, WGS84, any shapes that broadcast; within [-180, 180] and [-90, 90].
            NaN is allowed and means missing.
        kind : {"land", "any", "outline", "line"}
            * "land": the own country's nearest land border with another country; none for
              island states and for points outside all countries.
            * "any": the nearest territory of another country, across water too; 0 inside it
              (possible if `country` is given). For a point outside all countries, every country
              is another country.
            * "outline": the own country's nearest outline, land border or coast.
            * "line": the nearest international land border of any country.
        country : str or sequence of (str or None), optional
            Country of the points, instead of the country that they lie in; None for no change.
        to : str or sequence of (str or None), optional
            Only the border with (for "any": the territory of) that country; for "line" only
            lines that have it on one side. Not for "outline".
        max_km : float, optional
            Farther borders are ignored.
        n_jobs : int, default 1
            Threads; -1 for all processors. The result does not depend on it.

        Returns
        -------
        BorderDistances
            Arrays in the shape of the input.

        Raises
        ------
        ValueError
            A coordinate out of range, an unknown `kind`, a negative `max_km`, `to` for
            "outline", or the numbers of codes and points differ.
        UnknownRegionError
            A country code that the layer does not have.

        Notes
        -----
        Within 1 mm of the nearest point of all edges (``benchmarks/border_accuracy.py`` compares
        with a search of every edge). Ties go to the lowest region row across the border. About
        1 to 4 µs per point; the index takes about two seconds and 88 MB for the world, once.

        Examples
        --------
        >>> import geo_risk as gr
        >>> borders = gr.load_borders()
        >>> found = borders.nearest(lon=[69.53, -157.86], lat=[36.74, 21.31])
        >>> found.country_code.tolist(), found.other_country_code.tolist()
        (['AFG', 'USA'], ['TJK', 'MEX'])
        >>> to_pakistan = borders.nearest(lon=69.53, lat=36.74, to="PAK")
        >>> print(to_pakistan.other_country_code)
        PAK
        """
        question = ask(self._ids, lon, lat, kind=kind, country=country, to=to, max_km=max_km)
        return measure(self._index, question, n_jobs=n_jobs)

    def nearest_countries(
        self,
        *,
        lon: ArrayLike,
        lat: ArrayLike,
        k: int = 3,
        kind: str = "any",
        country: str | Sequence[str | None] | None = None,
        max_km: float | None = None,
        n_jobs: int = 1,
    ) -> BorderDistances:
        """Find the `k` nearest different countries, nearest first.

        Parameters
        ----------
        lon, lat, country, max_km, n_jobs
            As in `nearest`.
        k : int, default 3
            Number of countries, at least 1.
        kind : {"any", "land"}
            By their territory, across water too, or by the own country's land borders.

        Returns
        -------
        BorderDistances
            Arrays in the shape of the input with an additional last axis of length `k`; NaN and
            None if there are fewer countries.

        Raises
        ------
        ValueError, UnknownRegionError
            As in `nearest`; `k` less than 1.

        Examples
        --------
        >>> import geo_risk as gr
        >>> found = gr.load_borders().nearest_countries(lon=69.53, lat=36.74, k=4, kind="land")
        >>> sorted(found.other_country_code.tolist())
        ['PAK', 'TJK', 'TKM', 'UZB']
        """
        question = ask_countries(
            self._ids, lon, lat, k=k, kind=kind, country=country, max_km=max_km
        )
        return measure(self._index, question, n_jobs=n_jobs)
