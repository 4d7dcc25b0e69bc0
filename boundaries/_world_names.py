"""Names of the world layer's regions: fold, collect and choose them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

LANGUAGES = (
    "en", "ar", "bn", "de", "el", "es", "fa", "fr", "he", "hi", "hu", "id", "it", "ja", "ko",
    "nl", "pl", "pt", "ru", "sv", "tr", "uk", "ur", "vi", "zh", "zht",
)  # fmt: skip

# One official language for which Natural Earth has a name column; countries where the choice would
# be a political statement (Belgium, Switzerland, India, ...) are left out and have no name_local.
# Afghanistan's names are in Dari, which is written as Persian; Pashto is not in the source.
LOCAL_LANGUAGE = {
    language: countries.split()
    for language, countries in {
        "ar": "ARE BHR EGY JOR KWT LBN LBY OMN PSE QAT SAU SYR TUN YEM",
        "bn": "BGD",
        "de": "AUT DEU LIE",
        "el": "GRC",
        "es": "ARG BOL CHL COL CRI CUB DOM ECU GTM HND MEX NIC PAN PRY SLV URY VEN",
        "fa": "AFG IRN",
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
    """Lower case without marks, apostrophes and punctuation, words separated by one space."""
    plain = unicodedata.normalize("NFKD", name.translate(_UNFOLDED))
    plain = "".join(ch for ch in plain if not unicodedata.combining(ch)).casefold()
    return " ".join(re.findall(r"\w+", plain))


# Words for kinds of unit in the languages of the source and of ISO 3166-2; names are compared
# without them.
_KIND_WORDS = """
    province provincia provincie provins provinz provinsi provinsiyasi daerah istimewa khusus
    region regione région región regiao raion rayon rayonu rajon rajons raionul
    district distrito distrikt districts county counties comte condado parish ward zone quarter
    department departement departamento département prefecture prefektura ken gun
    de du des la le les el of the al ad ash do dos da das del and et und y i e
    city town ville ciudad cidade municipality municipio municipiul municipiu municipal
    commune comune comuna council metropolitan borough urban rural special capital national
    state states estado etat land division dzongkhag island islands
    oblast oblys oblysy oblasti krai kray kraj kraju respublika republic republica republika
    respublikasi autonomous autonoma autonome avtonomnyy avtonomnaya okrug
    governorate muhafazat muhafaza mohafazat wilayat wilayah wilaya velayat velayati welayaty
    ostan territory territories territorial administrative federal unit entity
    sheng shi zizhiqu diqu xian tinh thanh pho changwat khett qalasy sahari sehri shahri
    qarku opstina opština obcina novads novads pilseta zupanija županija megye judet judetul
    voblasc voblast voblasts marz aymag emirate iqlim mintaqat il ili viloyati viloyat
    kommune kommun kommunia lan län fylke maakond apskritis woiwodschaft wojewodztwo
"""


def reduced_forms(names: Iterable[str]) -> set[str]:
    """Comparable forms of names: folded, with and without the words for the kind of unit."""
    forms = set()
    for name in names:
        words = fold(uninverted(name).replace("-", " ")).split()
        forms.add("".join(words))
        forms.add("".join(word for word in words if word not in _FOLDED_KINDS))
    return forms - {""}


def text(value: Any) -> str | None:
    """Return the text of an attribute, or None for any of the source's missing values."""
    if value is None or isinstance(value, float):
        return None
    plain = " ".join(unicodedata.normalize("NFC", str(value)).split())
    return None if plain in ("", "-99", "-90", "NULL", "None") else plain


def uninverted(name: str) -> str:
    """Turn `Balkh, Wilayat-e` into `Wilayat-e Balkh`."""
    head, comma, tail = name.partition(", ")
    return f"{tail} {head}" if comma and "," not in tail else name


def spellings(properties: Mapping[str, Any], *, languages: bool = True) -> list[str]:
    """Every spelling that the source gives for a region, in a fixed order, each once.

    `languages=False` leaves out the names that come from the region's Wikidata item: they are
    wrong if the item is wrong.
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
            if plain is not None and not plain.endswith("-") and not _is_mark(plain):
                found.append(uninverted(plain) if field == "gns_name" else plain)
    return unique(found)


def _is_mark(name: str) -> bool:
    """Whether a "name" is a single Latin letter, as in the Roman number of a region."""
    return len(name) == 1 and name.isascii()


def unique(names: Iterable[str]) -> list[str]:
    """Keep the first of names that differ only in case."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(name.casefold(), name)
    return list(seen.values())


def local_name(properties: Mapping[str, Any], country: str | None) -> str | None:
    """The source's local name; else the name in the country's language of `LOCAL_LANGUAGE`."""
    stated = text(properties.get("name_local"))
    if stated is not None:
        return text(stated.split("|")[0])
    language = _LANGUAGE_OF.get(country or "")
    return text(properties.get(f"name_{language}")) if language else None


_FOLDED_KINDS = frozenset(fold(word) for word in _KIND_WORDS.split())
