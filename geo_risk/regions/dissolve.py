"""Countries as the union of their regions."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk.regions.layer import RegionLayer

__all__ = ["dissolve"]


def dissolve(layer: RegionLayer) -> RegionLayer:
    """Join the regions of each country or unit into one row (level 0).

    Edges that two regions of one country share are removed; every other edge stays vertex for
    vertex. `locate` returns the same country for each point as with the layer of the regions.

    Parameters
    ----------
    layer : RegionLayer
        A layer of regions.

    Returns
    -------
    RegionLayer
        One row per unit, sorted by code. ``region_code`` is the unit's code (the country's code if
        one unit contains regions of several countries); ``claimed_by`` lists the states that claim
        all of it, ``claimed_in_part_by`` those that claim a part; ``parent_code`` is None.

    Examples
    --------
    >>> import geo_risk as gr
    >>> countries = gr.load_regions(level=0)
    >>> row = countries.locate(lon=69.53451, lat=36.73605)  # Taloqan
    >>> countries.columns["region_code"][row]
    'AFG'
    """
    columns = layer.columns
    keys = list(zip(columns["unit_code"], columns["country_code"]))
    code_of = _codes_of(keys)
    codes = sorted(code_of.values())
    position = {code: row for row, code in enumerate(codes)}
    new_row = np.array([position[code_of[key]] for key in keys], dtype=np.int64)
    grouping = hashlib.sha256(repr([codes, new_row.tolist()]).encode()).hexdigest()[:16]
    fingerprint = f"{layer.fingerprint}-{grouping}" if layer.fingerprint else None
    return RegionLayer(
        layer.geometry.join(new_row, len(codes), fingerprint),
        _columns_of(layer, new_row, codes),
        name=layer.name,
        level=0,
        worldview=layer.worldview,
        provenance={**layer.provenance, "derived": "union of the regions of each unit"},
    )


def _codes_of(keys: Sequence[tuple[str, str | None]]) -> dict[tuple[str, str | None], str]:
    """One code per (unit, country): the unit's, or the country's if the unit has several."""
    distinct = dict.fromkeys(keys)
    countries: dict[str, int] = {}
    for unit, _ in distinct:
        countries[unit] = countries.get(unit, 0) + 1
    codes = {key: key[0] for key in distinct if countries[key[0]] == 1}
    taken = set(codes.values())
    for unit, country in sorted(set(distinct) - set(codes), key=lambda key: key[1] or ""):
        code = unit if country is None else country
        if code in taken:  # the country has its own unit: add the unit of this part
            code = f"{country}-{unit}"
        codes[unit, country] = code
        taken.add(code)
    return codes


def _columns_of(
    layer: RegionLayer, new_row: NDArray[np.int64], codes: Sequence[str]
) -> dict[str, list[Any]]:
    """Attributes of the joined rows: values that all their regions share, else None."""
    n, columns = len(codes), layer.columns
    members: list[list[int]] = [[] for _ in range(n)]
    for row, new in enumerate(new_row.tolist()):
        members[new].append(row)

    def agreed(name: str) -> list[Any]:
        values = columns.get(name, [None] * len(layer))
        return [_common([values[row] for row in rows]) for rows in members]

    country, names = agreed("country_code"), agreed("country_name")
    units = agreed("unit_name")
    in_iso = [code == c for code, c in zip(codes, country)]
    claimants, in_part = _claims_of(layer, members)
    return {
        "region_code": list(codes),
        "region_name": [
            (name if own and name else unit or name) or code
            for own, name, unit, code in zip(in_iso, names, units, codes)
        ],
        "region_type": ["country" if own else "unit" for own in in_iso],
        "code_system": ["ISO 3166-1 alpha-3" if own else f"unit of {layer.name}" for own in in_iso],
        "country_code": country,
        "country_name": names,
        "unit_code": agreed("unit_code"),
        "unit_name": units,
        "administered_by": agreed("administered_by"),
        "claimed_by": claimants,
        "claimed_in_part_by": in_part,
        "parent_code": [None] * n,
        "regions": [len(rows) for rows in members],
    }


def _claims_of(
    layer: RegionLayer, members: Sequence[Sequence[int]]
) -> tuple[list[list[str]], list[list[str]]]:
    """States that claim all of each unit, and states that claim a part of it."""
    claims = layer.columns.get("claimed_by", [None] * len(layer))
    extent = layer.columns.get("dispute_extent", [None] * len(layer))
    whole, part = [], []
    for rows in members:
        every = [set(claims[row] or ()) if extent[row] != "part" else set() for row in rows]
        everywhere = set.intersection(*every)
        anywhere = {state for row in rows for state in claims[row] or ()}
        whole.append(sorted(everywhere))
        part.append(sorted(anywhere - everywhere))
    return whole, part


def _common(values: Sequence[Hashable]) -> Any:
    """The only value, or None if there are several."""
    return values[0] if all(value == values[0] for value in values) else None
