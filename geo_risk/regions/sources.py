"""Where layers come from: the bundled world layer."""

from __future__ import annotations

import io
import json
import lzma
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from geo_risk._products import product_bytes, product_entry
from geo_risk._validate import check_choice
from geo_risk.errors import DataCorruptError
from geo_risk.regions.coverage import Coverage, decode_rings
from geo_risk.regions.dissolve import dissolve
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.worldview import relabel

__all__ = ["load_regions"]

_WORLD = "world_admin1.npz"
_WORLD_SCALE = 1e5  # the product counts in units of 1e-5 degree


def load_regions(
    source: str = "natural_earth", *, level: int = 1, worldview: str = "de_facto"
) -> RegionLayer:
    """Load a layer of regions.

    Parameters
    ----------
    source : str, default "natural_earth"
        The bundled world layer: Natural Earth 1:10m admin 1 with corrections.
    level : {0, 1}
        Administrative level: 1 for regions, 0 for countries, the union of their regions.
    worldview : str, default "de_facto"
        Whose view of disputed regions the codes follow: "de_facto" for who administers them,
        "un" for the United Nations, "claims:IND" for what a state claims.

    Returns
    -------
    RegionLayer
        The same object for the same arguments: it is read once per process.

    Raises
    ------
    ValueError
        A level that the layer does not have, or an unknown worldview.
    DataNotFoundError, DataCorruptError
        The bundled product is missing or damaged.

    Examples
    --------
    >>> import geo_risk as gr
    >>> gr.load_regions().neighbors("AF-TAK", of="countries")
    ['TJK']
    """
    check_choice(source, "source", ("natural_earth",))
    if level not in (0, 1) or isinstance(level, bool):
        raise ValueError(f"Invalid level: {level!r}; the bundled layer has levels 0 and 1.")
    return _world_view(int(level), worldview)


@cache
def _world_view(level: int, worldview: str) -> RegionLayer:
    """The world layer at a level and in a view."""
    if level == 0:
        return dissolve(_world_view(1, worldview))
    return relabel(_world(), worldview)


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
