"""Load layers of geoBoundaries by country and level."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk._core.constants import MAX_BYTES, MAX_SECONDS
from geo_risk._core.countries import resolve_country
from geo_risk._core.http import Limits
from geo_risk._core.secrets import shown_address
from geo_risk._core.validate import check_choice, check_integer
from geo_risk.errors import DataCorruptError
from geo_risk.regions.download import (
    Order,
    check_address,
    fetch_order,
    fetch_record,
)
from geo_risk.regions.sources import load_regions

if TYPE_CHECKING:
    import os

    from geo_risk.regions.dated import DatedLayer
    from geo_risk.regions.layer import RegionLayer

__all__ = ["SERVICE", "fetch_country", "load_geoboundaries"]

SERVICE = "https://www.geoboundaries.org/api/current"
# Facts that the service states about a layer, and their names here.
_FACTS = {
    "boundarySource": "source",
    "boundaryLicense": "licence",
    "licenseDetail": "licence_detail",
    "licenseSource": "licence_source",
    "boundaryYearRepresented": "year_represented",
    "boundaryID": "version",
    "buildDate": "built",
    "boundaryCanonical": "unit_type",
}


def load_geoboundaries(
    country: str,
    *,
    level: int = 1,
    release: str = "gbOpen",
    simplified: bool = False,
    sha256: str | None = None,
    service: str = SERVICE,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    refresh: bool = False,
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
    allow_private: bool = False,
    **options: Any,
) -> RegionLayer | DatedLayer:
    """Download a country's layer from geoBoundaries, once, and load it.

    The first call needs the network; later calls read the cache.

    Parameters
    ----------
    country : str
        ISO 3166-1 code or name.
    level : int, default 1
        Administrative level, 0 to 5, if geoBoundaries has it.
    release : {"gbOpen", "gbHumanitarian", "gbAuthoritative"}
        Collection of geoBoundaries; they differ in licence. ``layer.provenance`` has the licence
        of the layer.
    simplified : bool, default False
        The simplified geometry: much smaller, and less accurate.
    sha256 : str, optional
        Expected checksum of the file.
    service : str
        Address of the service, for a mirror.
    folder, progress, refresh, max_bytes, max_seconds, allow_private
        As for `fetch_layer`; the layer's address from the service must be public, unless it is on
        the same host as `service`.
    **options
        As for `load_regions`, such as ``parent_layer=``.

    Returns
    -------
    RegionLayer or DatedLayer
        As from `load_regions`; ``provenance`` has source, licence, year, address and sha256.

    Raises
    ------
    DataNotFoundError
        geoBoundaries has no such layer.
    DataCorruptError, ServiceError, AccessDeniedError
        As for `fetch_layer`.
    ValueError
        An unknown country, level or release.
    TypeError
        A level that is not an integer.

    Examples
    --------
    >>> from geo_risk.regions import load_geoboundaries
    >>> layer = load_geoboundaries("Afghanistan", level=2)  # doctest: +SKIP
    """
    check_choice(release, "release", ("gbOpen", "gbHumanitarian", "gbAuthoritative"))
    level = check_integer(level, "level", low=0, high=5)
    code = resolve_country(country)
    path, answer = fetch_country(
        code, level, release, simplified, service, folder,
        sha256=sha256, progress=progress, refresh=refresh, max_bytes=max_bytes,
        max_seconds=max_seconds, allow_private=allow_private,
    )  # fmt: skip
    layer: RegionLayer | DatedLayer = load_regions(
        path, **{"level": level, "country": code, **options}
    )
    layer.name = f"geoBoundaries-{code}-ADM{level}"
    facts = {ours: answer[theirs] for theirs, ours in _FACTS.items() if answer.get(theirs)}
    record = fetch_record(path) or {}
    layer.provenance.update(
        facts,
        url=record.get("url"),
        sha256=record.get("sha256"),
        fetched=record.get("fetched"),
        citation="geoBoundaries, www.geoboundaries.org; Runfola et al. (2020), PLoS ONE 15(4): "
        "e0231866.",
    )
    return layer


def fetch_country(
    code: str, level: int, release: str, simplified: bool, service: str,
    folder: str | os.PathLike[str] | None, *, sha256: str | None = None, progress: bool = False,
    max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS, refresh: bool = False,
    allow_private: bool = False,
) -> tuple[Path, dict[str, Any]]:  # fmt: skip
    """File of a country's layer, and the facts that the service states about it."""
    asked = f"{service.rstrip('/')}/{release}/{code}/ADM{level}/"
    check_address(asked)
    limits = Limits(max_bytes, max_seconds).checked()
    order = Order(asked, None, limits, asked, allow_private, refresh=refresh)
    answer = _answer(fetch_order(order, folder), asked)
    key = "simplifiedGeometryGeoJSON" if simplified else "gjDownloadURL"
    url = answer.get(key)
    if not isinstance(url, str):
        raise DataCorruptError(f"The answer of {shown_address(asked)} has no {key}.")
    stated = check_address(url, sha256)
    order = Order(url, stated, limits, asked, allow_private, progress, refresh)
    return fetch_order(order, folder), answer


def _answer(path: Path, asked: str) -> dict[str, Any]:
    """Facts that the service states about a layer; an unusable answer is deleted."""
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        answer = None
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, dict):
        path.unlink(missing_ok=True)
        raise DataCorruptError(
            f"The answer of {shown_address(asked)} does not have the format that geoBoundaries "
            "documents."
        )
    return answer
