"""Simpler readings of a place name as reports write it.

"Khwaja Ghar district", "City of Fayzabad", "St Petersburg", "Taloqan, Takhar, Afghanistan",
"Bangui (M'Poko airport)", "Qamishli" for Al Qāmishlī: tried, in order, only after the name as a
whole has found nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from geo_risk._core.fold import fold_words

__all__ = ["GENERIC", "split_hints", "variants"]

GENERIC = frozenset(
    {
        "airfield",
        "airport",
        "area",
        "base",
        "borough",
        "camp",
        "capital",
        "center",
        "centre",
        "checkpoint",
        "city",
        "commune",
        "county",
        "department",
        "district",
        "division",
        "farm",
        "governorate",
        "hamlet",
        "hospital",
        "locality",
        "metropolis",
        "metropolitan",
        "municipality",
        "neighborhood",
        "neighbourhood",
        "oblast",
        "outskirts",
        "parish",
        "prefecture",
        "province",
        "raion",
        "rayon",
        "region",
        "rural",
        "settlement",
        "state",
        "subdistrict",
        "suburb",
        "territory",
        "town",
        "township",
        "urban",
        "vicinity",
        "village",
        "ward",
        "wilayat",
        "zone",
    }
)
_ARTICLES = frozenset({"al", "el", "ad", "an", "ar", "as", "ash", "at", "az"})
_FEW = 4
_MOST_PARTS = 8  # after commas, and in brackets: an address has fewer
_LINKS = frozenset({"of", "the", "de", "in", "near"})
_ABBREVIATIONS = {
    "st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort", "sta": "santa", "sto": "santo",
    "pto": "puerto", "pt": "port", "cd": "ciudad", "gral": "general", "dr": "doctor",
}  # fmt: skip
_PARENTHESES = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_SEPARATORS = re.compile(r"\s*[,;/|،、，]\s*|\s+[-–—]\s+")


def split_hints(name: str) -> tuple[str, list[str]]:
    """Split the name from the parts after its commas, which say where it is."""
    bare = _PARENTHESES.sub(" ", name)
    parts = [part for part in _SEPARATORS.split(bare) if part.strip()]
    return (parts[0], parts[1:][-_MOST_PARTS:]) if parts else (name, [])


def variants(name: str) -> Iterator[str]:
    """Folded keys of simpler readings, best first, without repeats."""
    head, _ = split_hints(name)
    seen: set[str] = set()
    inside = [first or second for first, second in _PARENTHESES.findall(name)][-_MOST_PARTS:]
    for text in (head, *inside):
        words = fold_words(text)
        bare = _drop(words)
        for reading in (words, _expand(words), bare, _expand(bare)):
            key = "".join(reading)
            if key and key not in seen:
                seen.add(key)
                yield key
    for reading in _other_articles(_drop(fold_words(head))):
        key = "".join(reading)
        if key not in seen:
            yield key


def _expand(words: list[str]) -> list[str]:
    return [_ABBREVIATIONS.get(word, word) for word in words]


def _other_articles(words: list[str]) -> list[list[str]]:
    """Words without the Arabic article, or with it if they have none; not for a few letters."""
    if len(words) > 1 and words[0] in _ARTICLES:
        return [words[1:]]
    return [] if len("".join(words)) < _FEW else [["al", *words], ["el", *words]]


def _drop(words: list[str]) -> list[str]:
    """Drop words that name a kind of place, and the link words next to them."""
    kept = list(words)
    while len(kept) > 1 and kept[0] in _LINKS:
        kept = kept[1:]
    if len(kept) > 2 and kept[0] in GENERIC and kept[1] in _LINKS:  # city of, commune de
        kept = kept[2:]
    while len(kept) > 1 and kept[-1] in GENERIC:
        kept = kept[:-1]
    while len(kept) > 1 and kept[0] in GENERIC:
        kept = kept[1:]
    return kept
