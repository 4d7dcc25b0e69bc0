"""Fold a place name to its look-up key. No geo_risk imports: the build scripts use it too."""

from __future__ import annotations

import unicodedata
from functools import cache

__all__ = ["LONGEST_NAME", "fold", "fold_words", "strip_marks"]

LONGEST_NAME = 500
"""Longest name that is looked up, in characters; no place or region has one half as long."""

_MOST_MARKS = 30  # on one letter, as in Unicode's stream-safe text (UAX 15); no script uses as many

# Letters without a Unicode decomposition, and Arabic-script letters of Persian, Pashto and Urdu
# keyboards that stand for the same letter of a name.
_LETTERS = {
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d",
    "ħ": "h", "ŋ": "n", "ə": "a", "ŧ": "t", "ƶ": "z", "ʒ": "z", "ɓ": "b", "ɗ": "d", "ɖ": "d",
    "ƙ": "k", "ɣ": "g", "ƴ": "y", "ɛ": "e", "ɔ": "o", "ĸ": "k", "ɨ": "i", "ʉ": "u",
    "ی": "ي", "ى": "ي", "ې": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه", "ە": "ه", "ة": "ه", "ٱ": "ا",
}  # fmt: skip

# Removed without leaving a word boundary: N'Djamena, Sana'a, O‘zbekiston.
_APOSTROPHES = frozenset("'’‘‛`´′ʹʺ\"“”„«»")
# Modifier letters that are letters of their script, not decoration.
_TRUE_MODIFIERS = frozenset("ー々ゝゞヽヾ〻ໆๆ")
_CONNECTORS = frozenset({"i", "e", "ye"})  # Persian ezafe: Khwaja-i-Ghar, Khwaja Ghar


def fold(name: str) -> str:
    """Remove case, diacritics, punctuation, spaces and connecting -i-/-e- from a name.

    Two spellings that differ only in these give the same key. Scripts are kept: there is no
    transliteration. The key has no spaces; it is empty for a name without letters or digits.

    Examples
    --------
    >>> fold("Khwājah Ghār"), fold("Khwajah-i-Ghar"), fold("KÖLN"), fold("Łódź"), fold("N'Djamena")
    ('khwajahghar', 'khwajahghar', 'koln', 'lodz', 'ndjamena')
    """
    words = fold_words(name)
    return unicodedata.normalize("NFC", "".join(words))


def fold_words(name: str) -> list[str]:
    """Fold the words of a name one by one, without the connectors between them."""
    if name.isascii():
        words = _fold_ascii(name)
    else:
        decomposed = unicodedata.normalize("NFKD", _without_piles(name)).casefold()
        decomposed = unicodedata.normalize("NFKD", decomposed)
        words = "".join(map(_fold_character, decomposed)).split()
    if len(words) > 2:
        inner = [word for word in words[1:-1] if word not in _CONNECTORS]
        words = [words[0], *inner, words[-1]]
    return words


def _without_piles(name: str) -> str:
    """Limit the number of marks on one letter, because sorting them takes quadratic time."""
    if len(name) <= _MOST_MARKS:
        return name
    kept, marks = [], 0
    for character in name:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


_ASCII_TABLE = str.maketrans(
    {
        code: "" if chr(code) in _APOSTROPHES else " "
        for code in range(128)
        if not chr(code).isalnum()
    }
)


def _fold_ascii(name: str) -> list[str]:
    return name.lower().translate(_ASCII_TABLE).split()


@cache
def _fold_character(character: str) -> str:
    """Replacement of one decomposed, casefolded character."""
    if character in _LETTERS:
        return _LETTERS[character]
    if character in _APOSTROPHES or character == "ـ":  # Arabic tatweel only stretches a word
        return ""
    category = unicodedata.category(character)
    if category in ("Mn", "Mc", "Me"):
        return "" if _is_decoration(character) else character
    if category in ("Lm", "Sk", "Cf"):
        return character if character in _TRUE_MODIFIERS else ""
    return character if category[0] in "LN" else " "


def _is_decoration(mark: str) -> bool:
    """Whether a mark only decorates a letter, unlike vowel signs and voicing marks.

    Canonical combining classes: 1 overlays, 7 nuktas, 10-36 Hebrew, Arabic and Syriac points,
    200 and above accents; 8 (kana voicing), 9 (viramas), 0 and 84-132 (vowel signs and tones of
    Indic, Thai, Lao and Tibetan scripts) are part of the spelling.
    """
    combining = unicodedata.combining(mark)
    if combining == 0:
        return "VARIATION SELECTOR" in unicodedata.name(mark, "") or mark == "\u034f"
    return combining in (1, 7) or 10 <= combining <= 36 or combining >= 200


def strip_marks(name: str) -> str:
    """Drop the diacritics of a name and keep everything else.

    Examples
    --------
    >>> strip_marks("Khwājah Ghār")
    'Khwajah Ghar'
    """
    decomposed = unicodedata.normalize("NFD", _without_piles(name))
    kept = "".join(
        character
        for character in decomposed
        if not (unicodedata.combining(character) and _is_decoration(character))
    )
    return unicodedata.normalize("NFC", kept)
