"""Country names and codes to ISO 3166-1 alpha-3."""

from __future__ import annotations

from functools import cache
from typing import Any

from geo_risk._fold import fold
from geo_risk.errors import UnknownRegionError

__all__ = ["countries_named", "country_keys", "country_names", "find_country", "resolve_country"]

# Everyday and former names that ISO 3166 does not list (pycountry carries its official, short
# and common names).
_EVERYDAY = {
    "ARE": ("UAE", "Emirates"),
    "BIH": ("Bosnia", "Bosnia-Herzegovina"),
    "BLR": ("Byelorussia",),
    "BOL": ("Bolivia",),
    "BRN": ("Brunei",),
    "CAF": ("CAR", "Central Africa", "Centrafrique"),
    "CHN": ("Mainland China", "PRC"),
    "CIV": ("Ivory Coast", "Cote d'Ivoire"),
    "COD": ("DR Congo", "DRC", "Congo-Kinshasa", "Democratic Republic of Congo",
            "Democratic Republic of the Congo", "Zaire", "Zaïre", "Congo DR", "Congo (Kinshasa)"),
    "COG": ("Congo-Brazzaville", "Republic of Congo", "Republic of the Congo",
            "Congo (Brazzaville)"),
    "CPV": ("Cape Verde",),
    "CZE": ("Czech Republic",),
    "DEU": ("Federal Republic of Germany",),
    "FLK": ("Falkland Islands", "Falklands", "Malvinas"),
    "FSM": ("Micronesia",),
    "GBR": ("UK", "Britain", "Great Britain"),
    "GMB": ("The Gambia",),
    "HKG": ("Hong Kong SAR",),
    "IRN": ("Iran",),
    "KOR": ("South Korea", "Republic of Korea", "ROK"),
    "LAO": ("Laos",),
    "LBY": ("Libyan Arab Jamahiriya",),
    "MAC": ("Macau",),
    "MDA": ("Moldova",),
    "MKD": ("Macedonia", "FYROM", "Macedonia, FYR"),
    "MMR": ("Burma", "Myanmar (Burma)"),
    "NLD": ("Holland", "The Netherlands"),
    "PRK": ("North Korea", "DPRK"),
    "PSE": ("Palestine", "Palestinian Territories", "Occupied Palestinian Territory",
            "Palestinian Territory"),
    "RUS": ("Russia",),
    "STP": ("Sao Tome",),
    "SWZ": ("Swaziland", "Kingdom of eSwatini"),
    "SYR": ("Syria",),
    "TLS": ("East Timor",),
    "TUR": ("Turkey", "Turkiye"),
    "TWN": ("Taiwan",),
    "TZA": ("Tanzania",),
    "USA": ("United States", "United States of America", "US", "U.S.", "U.S.A.", "America"),
    "VAT": ("Vatican", "Vatican City"),
    "VEN": ("Venezuela",),
    "VGB": ("British Virgin Islands",),
    "VIR": ("US Virgin Islands",),
    "VNM": ("Vietnam",),
    "XKX": ("Kosovo",),
}  # fmt: skip


# Everyday names of two countries, the one that ISO 3166 calls so first.
_SHARED = {"congo": ("COG", "COD"), "korea": ("KOR", "PRK")}


@cache
def country_names() -> dict[str, tuple[str, ...]]:
    """For each alpha-3 code the names a country goes by, its usual name first."""
    import pycountry

    names: dict[str, tuple[str, ...]] = {}
    for country in pycountry.countries:
        fields = (getattr(country, field, None) for field in ("common_name", "name"))
        own = [name for name in fields if name]
        official = getattr(country, "official_name", None)
        if official:
            own.append(official)
        names[country.alpha_3] = tuple(dict.fromkeys([*own, *_EVERYDAY.get(country.alpha_3, ())]))
    names["XKX"] = _EVERYDAY["XKX"]
    return names


@cache
def _codes() -> dict[str, str]:
    """Alpha-2, alpha-3 and numeric codes to alpha-3."""
    import pycountry

    codes = {"XK": "XKX", "XKX": "XKX", "UK": "GBR"}
    for country in pycountry.countries:
        codes[country.alpha_2] = codes[country.alpha_3] = codes[country.numeric] = country.alpha_3
    return codes


@cache
def country_keys() -> dict[str, str]:
    """Folded country names to alpha-3; names that two countries share are left out."""
    owners: dict[str, set[str]] = {}
    for code, names in country_names().items():
        for name in names:
            owners.setdefault(fold(name), set()).add(code)
            if "," in name:  # "Korea, Republic of"
                head, tail = (part.strip() for part in name.split(",", 1))
                owners.setdefault(fold(f"{tail} {head}"), set()).add(code)
    return {key: codes.pop() for key, codes in owners.items() if len(codes) == 1}


def countries_named(name: str) -> tuple[str, ...]:
    """Alpha-3 codes of the countries that a bare name may mean, the likeliest first.

    A name only: three letters that are a code may well be a village.
    """
    key = fold(name)
    if key in _SHARED:
        return _SHARED[key]
    found = country_keys().get(key)
    return () if found is None else (found,)


def find_country(text: str) -> str | None:
    """Alpha-3 code of a code or name; None where nothing fits.

    "DR Congo (Zaire)", as UCDP writes a state with its former name, is read without the bracket.
    """
    stripped = text.strip()
    found = _codes().get(stripped.upper()) or country_keys().get(fold(stripped))
    if found is None and stripped.endswith(")"):
        found = country_keys().get(fold(stripped.partition("(")[0]))
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
        No country; close matches are listed.
    """
    if not isinstance(country, str):
        raise TypeError(f"Invalid country: {country!r} is not a string.")
    if not country.strip():
        raise ValueError("Invalid country: an empty string; pass None for the whole world.")
    found = find_country(country)
    if found is None:
        raise UnknownRegionError(
            f"Unknown country {country!r}: neither an ISO 3166-1 code nor a name.",
            _close_matches(country),
        )
    return found


def _close_matches(text: str) -> list[str]:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    keys = country_keys()
    near = process.extract(
        fold(text), list(keys), scorer=OSA.normalized_similarity, score_cutoff=0.5, limit=5
    )
    names = country_names()
    return list(dict.fromkeys(f"{names[keys[key]][0]} ({keys[key]})" for key, _, _ in near))[:3]
