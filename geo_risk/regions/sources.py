"""Where layers come from: the bundled world layer, or what the caller brings."""

from __future__ import annotations

import io
import json
import lzma
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from threading import RLock
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from geo_risk._core.products import product_bytes, product_entry
from geo_risk._core.validate import check_integer, check_scalar
from geo_risk.errors import DataCorruptError
from geo_risk.regions.coverage import Coverage, decode_rings
from geo_risk.regions.dissolve import dissolve
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.worldview import relabel

if TYPE_CHECKING:
    from geo_risk.regions.dated import DatedLayer

__all__ = ["load_regions", "plain_layer"]

_WORLD = "world_admin1.npz"
_WORLD_SCALE = 1e5  # the product counts in units of 1e-5 degree
_LOADING = RLock()  # threads that ask at once get one and the same layer


@overload
def load_regions(
    source: Any = ..., *, level: int = ..., worldview: str = ..., code: str | None = ...,
    name: str | None = ..., parent: str | None = ..., country: str | None = ...,
    valid_from: None = None, valid_to: None = None, crs: Any = ..., table: str | None = ...,
    snap_tolerance_m: float = ..., accuracy_m: float | None = ...,
    context: RegionLayer | None = ..., parent_layer: RegionLayer | None = ...,
) -> RegionLayer: ...  # fmt: skip


@overload
def load_regions(
    source: Any = ..., *, level: int = ..., worldview: str = ..., code: str | None = ...,
    name: str | None = ..., parent: str | None = ..., country: str | None = ...,
    valid_from: str, valid_to: str | None = ..., crs: Any = ..., table: str | None = ...,
    snap_tolerance_m: float = ..., accuracy_m: float | None = ...,
    context: RegionLayer | None = ..., parent_layer: RegionLayer | None = ...,
) -> DatedLayer: ...  # fmt: skip


@overload
def load_regions(
    source: Any = ..., *, level: int = ..., worldview: str = ..., code: str | None = ...,
    name: str | None = ..., parent: str | None = ..., country: str | None = ...,
    valid_from: None = None, valid_to: str, crs: Any = ..., table: str | None = ...,
    snap_tolerance_m: float = ..., accuracy_m: float | None = ...,
    context: RegionLayer | None = ..., parent_layer: RegionLayer | None = ...,
) -> DatedLayer: ...  # fmt: skip


def load_regions(
    source: Any = "natural_earth",
    *,
    level: int = 1,
    worldview: str = "de_facto",
    code: str | None = None,
    name: str | None = None,
    parent: str | None = None,
    country: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    crs: Any = None,
    table: str | None = None,
    snap_tolerance_m: float = 1.0,
    accuracy_m: float | None = None,
    context: RegionLayer | None = None,
    parent_layer: RegionLayer | None = None,
) -> RegionLayer | DatedLayer:
    """Load a layer of regions: the bundled one, or your own.

    Polygons of your own are re-projected, repaired, given unique codes and checked; what was
    found is in ``layer.report``, and nothing is printed. The caller's frame is never changed, and
    no row is dropped or reordered.

    Parameters
    ----------
    source : str, path or GeoDataFrame, default "natural_earth"
        The bundled world layer (Natural Earth 1:10m admin 1 with corrections), or a file:
        GeoJSON, Shapefile, GeoPackage, GeoParquet, FlatGeobuf, TopoJSON, or what else GDAL reads.
    level : int, default 1
        Administrative level. The bundled layer has 1, regions, and 0, countries, the union of
        their regions.
    worldview : str, default "de_facto"
        Whose view of disputed regions the bundled layer's codes follow: "de_facto" for who
        administers them, "un" for the United Nations, "claims:IND" for what a state claims.
    code, name, parent : str, optional
        Columns of your layer: region codes, names, and the parents' codes. Without `code` and
        `name` the first of the usual columns that holds anything (geoBoundaries, GADM, OCHA).
    country : str, optional
        A column of your layer with country codes or names, or one country for all. Without it,
        and where it is empty, a region's country is the one of `context` that it overlaps most.
    valid_from, valid_to : str, optional
        Columns of your layer with the first and the last day on which a region holds, both
        included; empty for open. With either of them the result is a `DatedLayer`.
    crs : optional
        The CRS of your coordinates where the source states none.
    table : str, optional
        Which of several layers of a file.
    snap_tolerance_m : float, default 1.0
        Vertices of different regions that lie this near each other, and are shared by no edge
        yet, become one, so that neighbours share edges; 0 for never. In metres, up to 10 000.
    accuracy_m : float, optional
        How far your layer's borders lie from the true ones at most, metres, as far as you know.
        Borders with countries that the layer does not hold are matched within it.
    context : RegionLayer, optional
        Layer that countries are taken from; default: the bundled one, de facto.
    parent_layer : RegionLayer, optional
        Layer one level up: gives ``parent_code`` by largest overlap where no `parent` is given,
        and ``parent_share``, the share of the region inside that parent.

    Returns
    -------
    RegionLayer or DatedLayer
        A `DatedLayer` with `valid_from` or `valid_to`, else a `RegionLayer`.
        The bundled layer is read once per process: the same object for the same arguments.
        `columns` of your own layer are region_code (unique), region_name, code_system (where the
        code comes from), country_code, country_name, unit_code ("ZZZ" where the country is not
        known), parent_code; administered_by, claimed_by, dispute and dispute_extent of the disputed
        region of `context` that covers more than half of the region; and all others of the source.

    Raises
    ------
    ValueError
        A level, a worldview, a column or a country that does not exist; no CRS; geometries that
        are not polygons or leave [-180, 180] x [-90, 90]; an option that the bundled layer does
        not take; a `context` or `parent_layer` that holds by date.
    TypeError
        `source` is neither a path nor a GeoDataFrame; `context` or `parent_layer` is no layer;
        the `level` of a layer of your own is no integer.
    DataNotFoundError, DataCorruptError
        The file or the bundled product is missing or damaged.

    Notes
    -----
    A missing code is made from unit and name ("AFG-KHWAJA-GHAR"), without a name from unit and
    row number. A code that several regions have gets the day from which each holds
    ("436@1990-05-22") or, in row order, "~1", "~2", …, so no region bears a code that is also
    another's; ``report.made_codes`` lists them. Invalid polygons become what their rings enclose
    an odd number of times (a line drawn twice counts once). Overlaps are not removed: the lowest
    row wins (`locate`).

    Examples
    --------
    >>> import geo_risk as gr
    >>> gr.load_regions().neighbors("AF-TAK", of="countries")
    ['TJK']

    >>> import geopandas, shapely
    >>> frame = geopandas.GeoDataFrame(
    ...     {"pcode": ["A1", "A1"], "label": ["West", "East"]},
    ...     geometry=[shapely.box(68, 36, 69, 37), shapely.box(69, 36, 70, 37)],
    ...     crs="EPSG:4326",
    ... )
    >>> layer = gr.load_regions(frame, level=2, code="pcode", name="label")
    >>> layer.columns["region_code"], layer.columns["country_code"]
    (['A1~1', 'A1~2'], ['AFG', 'AFG'])
    """
    own = {
        "code": code, "name": name, "parent": parent, "country": country, "crs": crs,
        "valid_from": valid_from, "valid_to": valid_to, "table": table,
        "accuracy_m": accuracy_m, "context": context, "parent_layer": parent_layer,
    }  # fmt: skip
    if isinstance(source, str) and source == "natural_earth":
        if given := [option for option, value in own.items() if value is not None]:
            raise ValueError(
                f"Invalid {given[0]}: the bundled layer does not take it; it is for layers of "
                "your own."
            )
        if level not in (0, 1) or isinstance(level, bool):
            raise ValueError(f"Invalid level: {level!r}; the bundled layer has levels 0 and 1.")
        with _LOADING:
            return _world_view(int(level), worldview)
    if worldview != "de_facto":
        raise ValueError(
            f"Invalid worldview: {worldview!r}; only the bundled layer has views. A layer of your "
            'own takes countries from context=load_regions(worldview="…").'
        )
    level = check_integer(level, "level", low=0, high=9)
    if accuracy_m is not None:
        accuracy_m = check_scalar(accuracy_m, "accuracy_m", low=0.0, high=1e6)
    context = plain_layer(context, verb="load_regions", name="context")
    if parent_layer is not None:
        parent_layer = plain_layer(parent_layer, verb="load_regions", name="parent_layer")
    from geo_risk.regions.import_layer import Columns, import_layer

    return import_layer(
        source,
        Columns(code, name, parent, country, valid_from, valid_to),
        level=level,
        crs=crs,
        table=table,
        snap_tolerance_m=check_scalar(snap_tolerance_m, "snap_tolerance_m", low=0.0, high=1e4),
        accuracy_m=accuracy_m,
        context=context,
        parent_layer=parent_layer,
    )


def plain_layer(layer: Any, *, verb: str, name: str = "layer") -> RegionLayer:
    """The layer that a verb asks for regions whatever the day: the given or the bundled one.

    Raises
    ------
    ValueError
        A layer that holds by date; the message shows the way.
    TypeError
        No layer.
    """
    if layer is None:
        return load_regions()
    if not isinstance(layer, RegionLayer):
        from geo_risk.regions.dated import refuse_dated

        refuse_dated(layer, verb=verb, name=name)
        raise TypeError(f"Invalid {name}: {type(layer).__name__} is not a RegionLayer.")
    return layer


@cache
def _world_view(level: int, worldview: str) -> RegionLayer:
    """The world layer at a level and in a view."""
    layer = relabel(_world(), worldview) if level else dissolve(_world_view(1, worldview))
    layer._again = partial(load_regions, level=level, worldview=worldview)
    return layer


@cache
def _world() -> RegionLayer:
    """Decode the bundled world layer."""
    archive = _open_npz(_WORLD)
    entry = product_entry(_WORLD)
    with _damage_told(_WORLD):
        columns: dict[str, list[Any]] = json.loads(archive["attributes"].tobytes())
        n = len(columns["region_code"])

    def coverage() -> Coverage:
        with _damage_told(_WORLD):
            coords, offsets = decode_rings(archive["delta"], archive["ring_size"], _WORLD_SCALE)
            return Coverage(coords, offsets, archive["ring_part"], archive["part_region"], n)

    with _damage_told(_WORLD):
        return RegionLayer(
            coverage, columns, name="natural_earth", provenance=entry, fingerprint=entry["sha256"]
        )


def _open_npz(name: str) -> Any:
    """Members of a product, each decompressed when it is asked for, never unpickled."""
    content = product_bytes(name)
    with _damage_told(name):
        return np.load(io.BytesIO(content), allow_pickle=False)


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    """Tell whatever goes wrong inside a product as damage of that product."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        lzma.LZMAError,
        OSError,
        EOFError,
        LookupError,
        ValueError,
    ) as error:
        raise DataCorruptError(f"The data product {name} is damaged: {error}") from error
