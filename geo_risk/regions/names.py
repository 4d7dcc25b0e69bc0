"""Find regions by name or code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_risk._core.countries import find_country, resolve_country
from geo_risk._core.fold import LONGEST_NAME, fold
from geo_risk._core.validate import check_scalar, shown
from geo_risk.errors import AmbiguousRegionError, UnknownRegionError
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.sources import plain_layer

__all__ = ["RegionMatch", "find_region"]

# Columns with codes of other systems; a user's layer may have some of them or none.
_OTHER_CODES = ("hasc", "geonames_admin1", "fips", "wikidata_id", "source_code")
_CLEAR_LEAD = 0.05  # if two similarities differ by less than this, neither is chosen


@dataclass(frozen=True)
class RegionMatch:
    """The region that a name or code means.

    Attributes
    ----------
    row : int
        Position in the layer's table.
    region_code, region_name : str
    country_code : str or None
        ISO 3166-1 alpha-3; None if no state is assigned.
    matched_name : str
        The code or spelling that matched.
    score : float
        1 for a code or a name (case and diacritics folded), less for similar spellings.
    """

    row: int
    region_code: str
    region_name: str
    country_code: str | None
    matched_name: str
    score: float


@dataclass(frozen=True)
class _Names:
    """All spellings of all regions of a layer, folded, with rows and original spelling."""

    rows: dict[str, list[int]]
    spelling: dict[tuple[str, int], str]
    primary: dict[str, list[int]]
    codes: dict[str, list[int]]  # as stated (one row each), and in upper case
    other_codes: dict[str, list[int]]  # in upper case, of all other systems


def find_region(
    name_or_code: str,
    *,
    country: str | None = None,
    parent: str | None = None,
    layer: RegionLayer | None = None,
    min_score: float = 0.85,
) -> RegionMatch:
    """Find the one region that a name or code means.

    Codes are searched first: the layer's own, then those of other systems. A name may be any known
    spelling, with case and diacritics folded; otherwise a country that is a single region of the
    layer, or the most similar spelling. A country with several regions does not match. If several
    regions match, an error lists the candidates; none is guessed.

    Parameters
    ----------
    name_or_code : str
        "AF-TAK", "Takhar", "Тахар", "Takhaar", …; also HASC ("AF.TK"), GeoNames' first-order unit
        ("AF.26"), FIPS 10-4 as in GDELT ("AF26"), Wikidata ("Q186395") or Natural Earth
        ("AFG-1765"), if the layer has a column for them. The code of a unit that contains several
        regions (GeoNames' "ES.56" for the four provinces of Catalonia) is ambiguous.
    country : str, optional
        ISO 3166-1 code or name; only its regions are searched.
    parent : str, optional
        Code of a parent (``parent_code`` of the layer); only the regions inside it are searched.
    layer : RegionLayer, optional
        Default: the bundled world layer.
    min_score : float, default 0.85
        Lowest similarity, in [0, 1], of an unknown spelling; 1 for known spellings only.

    Returns
    -------
    RegionMatch

    Raises
    ------
    AmbiguousRegionError
        Several regions match.
    UnknownRegionError
        No region matches; close matches are listed.
    TypeError, ValueError
        Not a string, or an empty one; `layer` is not a layer or has validity dates.

    Examples
    --------
    >>> import geo_risk as gr
    >>> gr.find_region("takhār").region_code
    'AF-TAK'
    >>> gr.find_region("Punjab", country="Pakistan").region_code
    'PK-PB'
    >>> [gr.find_region(code).region_code for code in ("AF.TK", "AF.26", "AF26", "Q186395")]
    ['AF-TAK', 'AF-TAK', 'AF-TAK', 'AF-TAK']
    """
    if not isinstance(name_or_code, str):
        raise TypeError(f"Invalid name_or_code: {name_or_code!r} is not a string.")
    if not name_or_code.strip():
        raise ValueError("Invalid name_or_code: an empty string.")
    check_scalar(min_score, "min_score", low=0.0, high=1.0)
    layer = plain_layer(layer, verb="find_region")
    scope = _inside(layer, parent, _scope(layer, country))
    by_code = _by_code(layer, name_or_code.strip())
    if by_code is not None and (scope is None or by_code in scope):
        return _match(layer, by_code, layer.columns["region_code"][by_code], 1.0)
    names = _names(layer)
    rows = _within(names.other_codes.get(name_or_code.strip().upper(), []), scope)
    if rows:
        _refuse_ambiguity(layer, name_or_code, rows)
        return _match(layer, rows[0], name_or_code.strip().upper(), 1.0)
    key = fold(name_or_code)
    rows = _within(names.primary.get(key, []), scope) or _within(names.rows.get(key, []), scope)
    if rows:
        _refuse_ambiguity(layer, name_or_code, rows)
        return _match(layer, rows[0], names.spelling[key, rows[0]], 1.0)
    row = _only_region_of(layer, name_or_code, scope)
    if row is not None:
        return _match(layer, row, name_or_code.strip(), 1.0)
    return _similar(layer, names, name_or_code, key, scope, min_score)


def _only_region_of(layer: RegionLayer, asked: str, scope: set[int] | None) -> int | None:
    """Row of a country with one region, or None; raise for a country with several regions."""
    country = find_country(asked)
    rows = [row for row, code in enumerate(layer.columns["country_code"]) if code == country]
    if country is None or not rows:
        return None
    if len(rows) > 1:
        raise UnknownRegionError(
            f"The layer {layer.name!r} has no region named {shown(asked)}: it is the country "
            f"{country}, which has {len(rows)} regions.",
            [_label(layer, row) for row in rows[:3]],
        )
    return rows[0] if _within(rows, scope) else None


def _scope(layer: RegionLayer, country: str | None) -> set[int] | None:
    """Rows of a country, None for all."""
    if country is None:
        return None
    units = {*layer.columns["country_code"], *layer.columns["unit_code"]}
    stated = country.strip().upper()
    code = stated if stated in units else find_country(country)
    if code is None:
        code = resolve_country(country)  # raises, with close matches
    if code not in units:
        raise UnknownRegionError(f"The layer {layer.name!r} has no regions of {code}.")
    return {int(row) for row in layer.rows_of(code)}


def _inside(layer: RegionLayer, parent: str | None, scope: set[int] | None) -> set[int] | None:
    """Rows of a scope that lie in a parent."""
    if parent is None:
        return scope
    parents = layer.columns.get("parent_code", [None] * len(layer))
    rows = {row for row, code in enumerate(parents) if code == parent}
    if not rows:
        raise UnknownRegionError(f"The layer {layer.name!r} has no regions inside {shown(parent)}.")
    return rows if scope is None else rows & scope


def _by_code(layer: RegionLayer, code: str) -> int | None:
    """Row of a region code, as stated or, if there is none, in any case."""
    codes = _names(layer).codes
    for rows in (codes.get(code, []), codes.get(code.upper(), [])):
        if len(rows) == 1:
            return rows[0]
    return None


def _within(rows: list[int], scope: set[int] | None) -> list[int]:
    return rows if scope is None else [row for row in rows if row in scope]


def _names(layer: RegionLayer) -> _Names:
    """Folded spellings of a layer, computed once."""
    if _Names in layer.derived:
        found: _Names = layer.derived[_Names]
        return found
    rows: dict[str, list[int]] = {}
    primary: dict[str, list[int]] = {}
    spelling: dict[tuple[str, int], str] = {}
    n = len(layer)
    local = layer.columns.get("name_local", [None] * n)
    others = layer.columns.get("alternate_names", [None] * n)
    for row, name in enumerate(layer.columns["region_name"]):
        for rank, text in enumerate((name, local[row], *(others[row] or ()))):
            key = fold(text) if text else ""
            if not key:
                continue
            if (key, row) not in spelling:
                spelling[key, row] = text
                rows.setdefault(key, []).append(row)
            if rank == 0:
                primary.setdefault(key, []).append(row)
    codes: dict[str, list[int]] = {}
    for row, code in enumerate(layer.columns["region_code"]):
        codes.setdefault(code.upper(), []).append(row)
    codes |= {code: [row] for row, code in enumerate(layer.columns["region_code"])}
    found = layer.derived[_Names] = _Names(rows, spelling, primary, codes, _other_codes(layer))
    return found


def _other_codes(layer: RegionLayer) -> dict[str, list[int]]:
    """Rows by the codes of all other systems for which the layer has a column."""
    found: dict[str, list[int]] = {}
    for column in _OTHER_CODES:
        for row, code in enumerate(layer.columns.get(column, ())):
            if isinstance(code, str) and code and row not in found.get(code.upper(), ()):
                found.setdefault(code.upper(), []).append(row)
    return found


def _refuse_ambiguity(layer: RegionLayer, asked: str, rows: list[int]) -> None:
    if len(rows) > 1:
        raise AmbiguousRegionError(
            f"{asked!r} could be {len(rows)} regions: give a code, or country=.",
            [_label(layer, row) for row in rows[:10]],
        )


def _label(layer: RegionLayer, row: int) -> str:
    columns = layer.columns
    unit = columns["country_code"][row] or columns["unit_code"][row]
    return f"{columns['region_code'][row]} ({columns['region_name'][row]}, {unit})"


def _similar(
    layer: RegionLayer,
    names: _Names,
    asked: str,
    key: str,
    scope: set[int] | None,
    min_score: float,
) -> RegionMatch:
    """The region with the most similar spelling, if it is clearly the most similar."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    searched = key if len(key) <= LONGEST_NAME else ""
    keys = [known for known, rows in names.rows.items() if _within(rows, scope)]
    near = process.extract(searched, keys, scorer=OSA.normalized_similarity, limit=20)
    best: dict[int, tuple[float, str]] = {}
    for known, score, _ in near:
        for row in _within(names.rows[known], scope):
            best.setdefault(row, (score, known))
    ranked = sorted(best, key=lambda row: (-best[row][0], row))
    if not ranked or best[ranked[0]][0] < min_score or min_score == 1.0:
        raise UnknownRegionError(
            f"The layer {layer.name!r} has no region named {shown(asked)}.",
            [_label(layer, row) for row in ranked[:3]],
        )
    top = best[ranked[0]][0]
    _refuse_ambiguity(layer, asked, [row for row in ranked if best[row][0] > top - _CLEAR_LEAD])
    row = ranked[0]
    return _match(layer, row, names.spelling[best[row][1], row], float(np.round(top, 6)))


def _match(layer: RegionLayer, row: int, matched: str, score: float) -> RegionMatch:
    columns = layer.columns
    return RegionMatch(
        row, columns["region_code"][row], columns["region_name"][row],
        columns["country_code"][row], matched, score,
    )  # fmt: skip
