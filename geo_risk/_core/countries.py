"""Country names and codes to ISO 3166-1 alpha-3, from the crosswalk only.

This is the only index of countries; `boundaries/build_crosswalk.py` writes the crosswalk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from geo_risk._core.fold import LONGEST_NAME, fold
from geo_risk._core.validate import shown
from geo_risk.errors import DataCorruptError, UnknownRegionError

__all__ = [
    "countries_named",
    "country_keys",
    "country_names",
    "crosswalk",
    "find_country",
    "resolve_country",
]

_PRODUCT = "crosswalk.json"

# Common names of two countries; first the country that has this name in ISO 3166.
_SHARED = {"congo": ("COG", "COD"), "korea": ("KOR", "PRK")}


@cache
def crosswalk() -> dict[str, Any]:
    """Countries with their names and codes, other FIPS codes, Gleditsch and Ward's states."""
    import json

    from geo_risk._core.products import product_bytes

    try:
        content: dict[str, Any] = json.loads(product_bytes(_PRODUCT))
        if not {"countries", "fips_10_4_other", "gleditsch_ward"} <= content.keys():
            raise KeyError("a table is missing")
    except (KeyError, AttributeError, ValueError) as error:
        if isinstance(error, DataCorruptError):
            raise
        raise DataCorruptError(f"The data product {_PRODUCT} is damaged: {error}") from error
    return content


@cache
def country_names() -> dict[str, tuple[str, ...]]:
    """Names of each country by its alpha-3 code, the usual name first."""
    return {
        country["alpha3"]: (country["name"], *country["aliases"])
        for country in crosswalk()["countries"]
    }


@cache
def _codes() -> dict[str, str]:
    """Alpha-2, alpha-3 and numeric codes to alpha-3."""
    codes = {"UK": "GBR"}
    for country in crosswalk()["countries"]:
        codes.update(
            (country[system], country["alpha3"])
            for system in ("alpha2", "alpha3", "numeric")
            if country[system]
        )
    return codes


@cache
def _stated_keys() -> dict[str, str]:
    """Folded country names to alpha-3; names that two countries share are left out."""
    owners: dict[str, set[str]] = {}
    for code, names in country_names().items():
        for key in _keys_of(names):
            owners.setdefault(key, set()).add(code)
    return {key: codes.pop() for key, codes in owners.items() if len(codes) == 1}


@cache
def country_keys() -> dict[str, str]:
    """Folded names that mean a country by themselves to alpha-3.

    Without those that can also mean a place, a region or a former state ("Antigua").
    """
    others = {
        key for country in crosswalk()["countries"] for key in _keys_of(country["stated_only"])
    }
    return {key: code for key, code in _stated_keys().items() if key not in others}


def _keys_of(names: Iterable[str]) -> Iterator[str]:
    """Folded names; of "Korea, Republic of" also in the other order."""
    for name in names:
        yield fold(name)
        head, comma, tail = name.partition(",")
        if comma:
            yield fold(f"{tail} {head}")


def countries_named(name: str) -> tuple[str, ...]:
    """Alpha-3 codes of the countries that a bare name may mean, the likeliest first.

    Codes are not accepted: three letters may also be the name of a village.
    """
    key = fold(name)
    if key in _SHARED:
        return _SHARED[key]
    found = country_keys().get(key)
    return () if found is None else (found,)


def find_country(text: str, *, bare: bool = False) -> str | None:
    """Alpha-3 code of a code or name; None if nothing matches.

    `bare`: the text need not mean a country, so names are searched in `country_keys` only. "DR
    Congo (Zaire)", as UCDP writes a state with its former name, is read without the brackets.
    """
    keys = country_keys() if bare else _stated_keys()
    stripped = text.strip()
    found = _codes().get(stripped.upper()) or keys.get(fold(stripped))
    if found is None and stripped.endswith(")"):
        found = keys.get(fold(stripped.partition("(")[0]))
    return found


def resolve_country(country: Any) -> str:
    """Alpha-3 code of an ISO 3166-1 code (two or three letters, or three digits) or a name.

    Raises
    ------
    TypeError
        Not a string.
    ValueError
        An empty string.
    UnknownRegionError
        Not a country; close matches are listed.
    """
    if not isinstance(country, str):
        raise TypeError(f"Invalid country: {country!r} is not a string.")
    if not country.strip():
        raise ValueError("Invalid country: an empty string; pass None for the whole world.")
    found = find_country(country)
    if found is None:
        raise UnknownRegionError(
            f"Unknown country {shown(country)}: neither an ISO 3166-1 code nor a name.",
            _close_matches(country),
        )
    return found


def _close_matches(text: str) -> list[str]:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(text) > LONGEST_NAME:
        return []
    keys = _stated_keys()
    near = process.extract(
        fold(text), list(keys), scorer=OSA.normalized_similarity, score_cutoff=0.5, limit=5
    )
    names = country_names()
    return list(dict.fromkeys(f"{names[keys[key]][0]} ({keys[key]})" for key, _, _ in near))[:3]
