"""Find a data product and check that it is undamaged; nothing is opened before it is needed.

A wheel contains the products inside the package (`geo_risk/_boundaries`); a checkout, and so an
editable installation, has them in `boundaries/products`. The package's copy is searched beside this
file, so an editable installation never reads a copy made when it was installed.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from geo_risk.errors import DataCorruptError, DataNotFoundError

__all__ = ["product_bytes", "product_directory", "product_entry", "product_path", "registry"]

_PACKAGE = Path(__file__).resolve().parents[1]


def product_directory() -> Path:
    """Directory of the data products: the installed package's, else the checkout's."""
    places = (_PACKAGE / "_boundaries", _PACKAGE.parent / "boundaries" / "products")
    for place in places:
        if (place / "registry.json").is_file():
            return place
    listed = " nor ".join(str(place) for place in places)
    raise DataNotFoundError(f"No data products: neither {listed} has a registry.json.")


@cache
def registry() -> dict[str, Any]:
    """Read the registry: for each product its version, sha256, licence and citation."""
    path = product_directory() / "registry.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataCorruptError(f"{path} is not JSON: {error}.") from error
    if not isinstance(entries, dict):
        raise DataCorruptError(f"{path} is not a JSON object.")
    return entries


def product_entry(name: str) -> dict[str, Any]:
    """Return the registry's entry for the product file `name`."""
    try:
        entry: dict[str, Any] = registry()[name]
    except KeyError:
        known = ", ".join(sorted(registry()))
        raise DataNotFoundError(f"No data product {name!r}; the registry has {known}.") from None
    return entry


def product_path(name: str) -> Path:
    """Path of the product file `name`, not yet checked."""
    product_entry(name)
    path = product_directory() / name
    if not path.is_file():
        raise DataNotFoundError(f"The data product {path} is missing: reinstall geo-risk.")
    return path


def product_bytes(name: str) -> bytes:
    """Read the product file `name` and check its sha256.

    Raises
    ------
    DataNotFoundError
        The product does not exist.
    DataCorruptError
        Its sha256 differs from the registry.
    """
    path = product_path(name)
    content = path.read_bytes()
    found, stated = hashlib.sha256(content).hexdigest(), product_entry(name)["sha256"]
    if found != stated:
        raise DataCorruptError(
            f"The data product {path} is damaged: its sha256 is {found}, the registry says "
            f"{stated}. Reinstall geo-risk."
        )
    return content
