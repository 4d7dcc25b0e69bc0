"""Load layers: the bundled world layer, or the user's own."""

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

from geo_risk._core.cache import load_arrays, store_arrays
from geo_risk._core.options import carries, chosen
from geo_risk._core.products import product_bytes, product_entry
from geo_risk._core.validate import check_integer
from geo_risk.errors import DataCorruptError
from geo_risk.regions.coverage import COVERAGE_ARRAYS, Coverage, decode_rings
from geo_risk.regions.dissolve import dissolve
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.options import LayerOptions
from geo_risk.regions.worldview import relabel

if TYPE_CHECKING:
    from geo_risk.regions.dated import DatedLayer

__all__ = ["load_regions", "plain_layer"]

_WORLD = "world_admin1.npz"
_FORMAT = 1  # raise it whenever decoding gives other arrays
_WORLD_SCALE = 1e5  # the unit of the product is 1e-5 degree
_LOADING = RLock()  # threads that load at the same time get the same layer


@overload
def load_regions(
    source: Any = ..., *, level: int = ..., worldview: str = ..., options: None = ...,
    valid_from: None = None, valid_to: None = None, **fields: Any,
) -> RegionLayer: ...  # fmt: skip


@overload
def load_regions(
    source: Any = ..., *, level: int = ..., worldview: str = ..., options: None = ...,
    valid_from: str, valid_to: str | None = ..., **fields: Any,
) -> DatedLayer: ...  # fmt: skip


@overload
def load_regions(
    source: Any = ..., *, level: int = ..., worldview: str = ..., options: None = ...,
    valid_from: None = None, valid_to: str, **fields: Any,
) -> DatedLayer: ...  # fmt: skip


@overload
def load_regions(
    source: Any = ..., *, level: int = ..., worldview: str = ..., options: LayerOptions
) -> RegionLayer | DatedLayer: ...


@carries(LayerOptions)
def load_regions(
    source: Any = "natural_earth",
    *,
    level: int = 1,
    worldview: str = "de_facto",
    options: LayerOptions | None = None,
    **fields: Any,
) -> RegionLayer | DatedLayer:
    """Load a layer of regions: the bundled layer, or your own.

    Your own polygons are re-projected, repaired, given unique codes and checked; the results are
    in ``layer.report``, and nothing is printed. The caller's frame is never changed, and no row
    is dropped or reordered.

    Parameters
    ----------
    source : str, path or GeoDataFrame, default "natural_earth"
        The bundled world layer (Natural Earth 1:10m admin 1 with corrections), or a file:
        GeoJSON, Shapefile, GeoPackage, GeoParquet, FlatGeobuf, TopoJSON, or another GDAL format.
    level : int, default 1
        Administrative level. The bundled layer has level 1 (regions) and level 0 (countries, the
        unions of their regions).
    worldview : str, default "de_facto"
        Worldview of the bundled layer's codes in disputed regions: "de_facto" for the administering
        state, "un" for the United Nations, "claims:IND" for the claims of a state.
    options : LayerOptions, optional
        Columns, CRS and other layers for your own layer.
    **fields
        The fields of `LayerOptions`, in place of `options`.

    Returns
    -------
    RegionLayer or DatedLayer
        A `DatedLayer` with `valid_from` or `valid_to`, else a `RegionLayer`.
        The bundled layer is read once per process: the same object for the same arguments.
        The `columns` of your own layer are region_code (unique), region_name, code_system (source
        of the code), country_code, country_name, unit_code ("ZZZ" if the country is unknown),
        parent_code; administered_by, claimed_by, dispute and dispute_extent of the disputed region
        of `context` that covers more than half of the region; and all other columns of the source.

    Raises
    ------
    ValueError
        A level, a worldview, a column or a country that does not exist; no CRS; geometries that
        are not polygons or leave [-180, 180] x [-90, 90]; an option that the bundled layer does
        not take; a `context` or `parent_layer` with validity dates.
    TypeError
        `source` is neither a path nor a GeoDataFrame; `context` or `parent_layer` is not a layer;
        the `level` of your own layer is not an integer.
    DataNotFoundError, DataCorruptError
        The file or the bundled product is missing or damaged.

    Notes
    -----
    A missing code is made from unit and name ("AFG-KHWAJA-GHAR") or, without a name, from unit and
    row number. A code that several regions have gets the first day of validity of each
    ("436@1990-05-22") or, in row order, "~1", "~2", …, so no two regions have the same code;
    ``report.made_codes`` lists them. An invalid polygon becomes the area that its rings enclose an
    odd number of times (a line drawn twice counts once). Overlaps are not removed: `locate`
    returns the lowest row.

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
    asked = chosen(LayerOptions, options, fields, load_regions)
    if isinstance(source, str) and source == "natural_earth":
        if given := asked.of_own_layers():
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
            f"Invalid worldview: {worldview!r}; only the bundled layer has views. Your own "
            'layer takes countries from context=load_regions(worldview="…").'
        )
    level = check_integer(level, "level", low=0, high=9)
    context = plain_layer(asked.context, verb="load_regions", name="context")
    if asked.parent_layer is not None:
        plain_layer(asked.parent_layer, verb="load_regions", name="parent_layer")
    from geo_risk.regions.import_layer import import_layer

    return import_layer(source, asked, level=level, context=context)


def plain_layer(layer: Any, *, verb: str, name: str = "layer") -> RegionLayer:
    """Return the given layer, or the bundled one for None, for functions without dates.

    Raises
    ------
    ValueError
        A layer with validity dates; the message shows what to do.
    TypeError
        Not a layer.
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
    """The world layer at a level and in a worldview."""
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
        name = f"polygons-{_FORMAT}-{entry['sha256']}"
        kept = load_arrays(name, COVERAGE_ARRAYS)
        if kept is not None:  # ten times as fast as decoding them
            return Coverage(**kept, n_regions=n)
        with _damage_told(_WORLD):
            coords, offsets = decode_rings(archive["delta"], archive["ring_size"], _WORLD_SCALE)
            found = Coverage(coords, offsets, archive["ring_part"], archive["part_region"], n)
        store_arrays(name, {part: getattr(found, part) for part in COVERAGE_ARRAYS})
        return found

    with _damage_told(_WORLD):
        return RegionLayer(
            coverage, columns, name="natural_earth", provenance=entry, fingerprint=entry["sha256"]
        )


def _open_npz(name: str) -> Any:
    """Members of a product, each decompressed when it is used, never unpickled."""
    content = product_bytes(name)
    with _damage_told(name):
        return np.load(io.BytesIO(content), allow_pickle=False)


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    """Raise errors in reading a product as DataCorruptError of that product."""
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
