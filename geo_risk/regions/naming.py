"""Codes, names and countries for the regions of a user's layer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from geo_risk._core.countries import country_names, find_country
from geo_risk._core.fold import strip_marks
from geo_risk.regions.report import MadeCode

if TYPE_CHECKING:
    import geopandas

__all__ = ["UNKNOWN_UNIT", "codes_of", "column_of", "countries_of", "country_name", "find_column"]

UNKNOWN_UNIT = "ZZZ"
"""Unit of regions whose country is unknown (CLDR's ZZ, with three letters)."""

# Tried in this order if the caller names no column: geo_risk, geoBoundaries, GADM, OCHA's common
# operational datasets, Natural Earth, general names.
CODE_COLUMNS = (
    "region_code", "shapeISO", "GID_{level}", "ADM{level}_PCODE", "adm{level}_pcode",
    "iso_3166_2", "code", "shapeID", "id", "fid",
)  # fmt: skip
NAME_COLUMNS = (
    "region_name", "shapeName", "NAME_{level}", "ADM{level}_EN", "adm{level}_en",
    "ADM{level}_NAME", "adm{level}_name", "name_en", "name", "NAME",
)  # fmt: skip


def find_column(
    frame: Any, stated: str | None, option: str, known: Sequence[str], level: int
) -> str | None:
    """Column to use: the stated one, else the first known column that is not empty."""
    if stated is not None:
        if stated not in frame.columns:
            listed = ", ".join(repr(str(column)) for column in frame.columns)
            raise ValueError(f"Invalid {option}: no column {stated!r}; there are {listed}.")
        return stated
    for pattern in known:
        column = pattern.format(level=level)
        if column in frame.columns and any(text is not None for text in column_of(frame, column)):
            return column
    return None


def column_of(frame: geopandas.GeoDataFrame, column: str | None) -> list[str | None]:
    """Text of a column without surrounding spaces; None where missing or empty."""
    if column is None:
        return [None] * len(frame)
    values = frame[column]
    missing = values.isna().to_numpy()
    texts = [None if absent else _text(value) for value, absent in zip(values, missing)]
    return [text or None for text in texts]


def _text(value: Any) -> str:
    """Value as text; an integer that a table stores as a float is written as an integer."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def codes_of(
    stated: Sequence[str | None],
    names: Sequence[str | None],
    units: Sequence[str],
    column: str | None,
    since: Sequence[str | None],
) -> tuple[list[str], list[str], tuple[MadeCode, ...]]:
    """Unique region codes, the system of each code, and the codes that differ from the source.

    If the source states no code, it is made from unit and name ("AFG-KHWAJA-GHAR") or, without a
    name, from unit and row number ("AFG-17"). A code of several regions gets the first day of
    validity of each ("436@1990-05-22") or, in row order, "~1", "~2", ….
    """
    width = len(str(len(stated)))
    wanted = []
    for row, code in enumerate(stated):
        if code is None:
            name = names[row]
            slug = re.sub(r"[^0-9A-Z]+", "-", strip_marks(name).upper()).strip("-") if name else ""
            code = f"{units[row]}-{slug or f'{row + 1:0{width}d}'}"
        wanted.append(code)
    times, said = Counter(wanted), Counter(stated)
    taken = {code for code in stated if code is not None and said[code] == 1}
    seen: Counter[str] = Counter()
    made: list[str] = []
    for row, code in enumerate(wanted):
        if not (code == stated[row] and said[code] == 1):
            base, free = code, times[code] == 1
            if not free and since[row] is not None:
                base = code = f"{base}@{since[row]}"
                free = code not in taken
            while not free:
                seen[base] += 1
                code = f"{base}~{seen[base]}"
                free = code not in taken
            taken.add(code)
        made.append(code)
    source = f"column {column}"
    systems = [
        source if code == own else "made by geo_risk" if own is None
        else f"{source}, made unique by geo_risk"
        for code, own in zip(made, stated)
    ]  # fmt: skip
    notes = tuple(
        MadeCode(row, own, code) for row, (own, code) in enumerate(zip(stated, made)) if own != code
    )
    return made, systems, notes


def countries_of(frame: Any, country: str) -> list[str | None]:
    """Alpha-3 codes from a column of codes or names, or one country for all."""
    if not isinstance(country, str):
        raise TypeError(f"Invalid country: {country!r} is not a string.")
    if country not in frame.columns:
        code = find_country(country)
        if code is None:
            raise ValueError(
                f"Invalid country: {country!r} is neither a column nor a country; the columns are "
                f"{', '.join(repr(str(c)) for c in frame.columns)}."
            )
        return [code] * len(frame)
    return [None if text is None else find_country(text) for text in column_of(frame, country)]


def country_name(code: str | None) -> str | None:
    """Usual English name of a country."""
    names = country_names().get(code) if code else None
    return names[0] if names else None
