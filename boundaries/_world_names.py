"""Names of the world layer's regions: folding, collecting, choosing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

LANGUAGES = (
    "en", "ar", "bn", "de", "el", "es", "fa", "fr", "he", "hi", "hu", "id", "it", "ja", "ko",
    "nl", "pl", "pt", "ru", "sv", "tr", "uk", "ur", "vi", "zh", "zht",
)  # fmt: skip

# One official language that Natural Earth has a name column for; countries where the choice would
# be a statement (Belgium, Switzerland, India, ...) are left out, and so have no name_local.
LOCAL_LANGUAGE = {
    language: countries.split()
    for language, countries in {
        "ar": "ARE BHR EGY JOR KWT LBN LBY OMN PSE QAT SAU SYR TUN YEM",
        "bn": "BGD",
        "de": "AUT DEU LIE",
        "el": "GRC",
        "es": "ARG BOL CHL COL CRI CUB DOM ECU GTM HND MEX NIC PAN PRY SLV URY VEN",
        "fa": "IRN",
        "fr": "FRA MCO",
        "hu": "HUN",
        "id": "IDN",
        "it": "ITA SMR",
        "ja": "JPN",
        "ko": "KOR PRK",
        "nl": "NLD",
        "pl": "POL",
        "pt": "BRA PRT",
        "ru": "RUS",
        "sv": "SWE",
        "tr": "TUR",
        "uk": "UKR",
        "vi": "VNM",
        "zh": "CHN",
        "zht": "TWN",
    }.items()
}
_LANGUAGE_OF = {code: language for language, codes in LOCAL_LANGUAGE.items() for code in codes}

_UNFOLDED = str.maketrans(
    {"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "ħ": "h",
     "Ħ": "h", "ı": "i", "ə": "a", "Ə": "a", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe",
     "þ": "th", "Þ": "th", "ŋ": "n", "Ŋ": "n", "ʻ": "", "ʼ": "", "‘": "", "’": "", "'": ""}
)  # fmt: skip


def fold(name: str) -> str:
    """Lower case without marks, apostrophes and punctuation, words parted by one space."""
    plain = unicodedata.normalize("NFKD", name.translate(_UNFOLDED))
    plain = "".join(ch for ch in plain if not unicodedata.combining(ch)).casefold()
    return " ".join(re.findall(r"\w+", plain))


def text(value: Any) -> str | None:
    """Return the text of an attribute, or None for the source's several ways of missing."""
    if value is None or isinstance(value, float):
        return None
    plain = " ".join(unicodedata.normalize("NFC", str(value)).split())
    return None if plain in ("", "-99", "-90", "NULL", "None") else plain


def uninverted(name: str) -> str:
    """Turn `Balkh, Wilayat-e` into `Wilayat-e Balkh`."""
    head, comma, tail = name.partition(", ")
    return f"{tail} {head}" if comma and "," not in tail else name


def spellings(properties: Mapping[str, Any], *, languages: bool = True) -> list[str]:
    """Every spelling the source gives for a region, in a fixed order, each once.

    `languages=False` leaves out the names that come from the region's Wikidata item: they are
    wrong where the item is.
    """
    fields = ["name", "name_alt", "woe_name", "gn_name", "gns_name", "name_local"]
    if languages:
        fields += [f"name_{language}" for language in LANGUAGES]
    found: list[str] = []
    for field in fields:
        value = text(properties.get(field))
        if value is None:
            continue
        for part in value.split("|"):
            plain = text(part)
            if plain is not None:
                found.append(uninverted(plain) if field == "gns_name" else plain)
    return unique(found)


def unique(names: Iterable[str]) -> list[str]:
    """Keep the first of names that differ in nothing but case."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(name.casefold(), name)
    return list(seen.values())


def local_name(properties: Mapping[str, Any], country: str | None) -> str | None:
    """Name in the country's one official language, where it has one; else the source's own."""
    stated = text(properties.get("name_local"))
    if stated is not None:
        return text(stated.split("|")[0])
    language = _LANGUAGE_OF.get(country or "")
    return text(properties.get(f"name_{language}")) if language else None
