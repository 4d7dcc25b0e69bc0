"""Where layers come from: the bundled world layer."""

from __future__ import annotations

import io
import json
import lzma
import zipfile
from functools import cache
from typing import Any

import numpy as np

from geo_risk._products import product_bytes, product_entry
from geo_risk._validate import check_choice
from geo_risk.errors import DataCorruptError
from geo_risk.regions.coverage import Coverage, decode_rings
from geo_risk.regions.layer import RegionLayer

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
    level : {1}
        Administrative level.
    worldview : {"de_facto"}
        Whose view of disputed regions the codes follow; "de_facto" names who administers them.

    Returns
    -------
    RegionLayer
        The same object for the same arguments: it is read once per process.

    Raises
    ------
    DataNotFoundError, DataCorruptError
        The bundled product is missing or damaged.

    Examples
    --------
    >>> import geo_risk as gr
    >>> gr.load_regions().neighbors("AF-TAK", of="countries")
    ['TJK']
    """
    check_choice(source, "source", ("natural_earth",))
    check_choice(worldview, "worldview", ("de_facto",))
    if level != 1:
        raise ValueError(f"Invalid level: {level!r}; the bundled layer has level 1.")
    return _world()


@cache
def _world() -> RegionLayer:
    """Decode the bundled world layer."""
    members = _read_npz(_WORLD)
    try:
        coords, offsets = decode_rings(members["delta"], members["ring_size"], _WORLD_SCALE)
        columns: dict[str, list[Any]] = json.loads(members["attributes"].tobytes())
        coverage = Coverage(
            coords, offsets, members["ring_part"], members["part_region"],
            len(columns["region_code"]),
        )  # fmt: skip
        return RegionLayer(
            coverage, columns, name="natural_earth", provenance=product_entry(_WORLD)
        )
    except (KeyError, ValueError, IndexError) as error:
        raise DataCorruptError(f"The data product {_WORLD} is damaged: {error}") from error


def _read_npz(name: str) -> dict[str, Any]:
    """Members of a product, read without pickle."""
    content = product_bytes(name)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (zipfile.BadZipFile, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise DataCorruptError(f"The data product {name} is damaged: {error}") from error
