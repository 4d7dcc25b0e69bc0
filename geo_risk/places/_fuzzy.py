"""Find keys that are similar to a text without comparing it with every key.

Each key has a 64-bit signature: 32 letter classes, one bit for "occurs" and one for "occurs at
least twice". One edit (insertion, deletion, substitution, transposition of neighbours) sets at
most one bit and clears at most one, so a key within d edits misses at most d bits of the text
and adds at most d of its own; a difference in length uses up part of d. The filter therefore
never loses a key that the exact comparison would keep.

The signatures of a country's keys are compared one by one; among those of the whole world a list
of trigrams (`_grams`) first selects some thousands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.runs import positions_in_runs
from geo_risk._core.types import Int32Array, IntArray
from geo_risk.places._grams import HIGHEST_SHARE, GramIndex

__all__ = ["SimilarityIndex", "build_index", "code_points", "similar"]

_SLACK = 1e-9  # a similarity of exactly the cutoff counts
_CLASSES = 32
_LETTERS = 26
_LINE_FEED = 10
_CHUNK = 16_384  # keys per round of signatures: bounds the working memory
_AT_ONCE = 1 << 20  # keys that are compared with a group of texts
_PER_LIST = 8_192  # keys with a text's trigrams, about


@dataclass(frozen=True, eq=False)
class SimilarityIndex:
    """Keys ordered by length, with signatures.

    Parameters
    ----------
    order : int32 (k,)
        Key positions, shortest key first.
    bounds : int64 (longest + 2,)
        First position in `order` of each length in code points, from 0.
    signature : uint64 (k,)
    """

    order: NDArray[np.int32]
    bounds: IntArray
    signature: NDArray[np.uint64]

    @property
    def longest(self) -> int:
        """Length of the longest key."""
        return self.bounds.size - 2


def build_index(
    keys: bytes, key_start: NDArray[np.int32], rows: NDArray[np.int32] | None = None
) -> SimilarityIndex:
    """Index line-feed-separated UTF-8 keys, or some of them; `key_start` says where each begins."""
    n = key_start.size - 1 if rows is None else rows.size
    length = np.empty(n, dtype=np.int64)
    signature = np.empty(n, dtype=np.uint64)
    for first in range(0, n, _CHUNK):
        part = slice(first, min(first + _CHUNK, n))
        points, length[part] = code_points(_text(keys, key_start, rows, part))
        signature[part] = _signatures(points, length[part])
    order = np.argsort(length, kind="stable").astype(np.int32)
    bounds = np.concatenate([[0], np.cumsum(np.bincount(length))])
    return SimilarityIndex(order if rows is None else rows[order], bounds, signature[order])


def _text(
    keys: bytes, key_start: NDArray[np.int32], rows: NDArray[np.int32] | None, part: slice
) -> bytes:
    """Some keys, with line feeds between them."""
    if rows is None:
        return keys[key_start[part.start] : key_start[part.stop] - 1]
    return b"\n".join(_slices(keys, key_start, rows[part]))


def _slices(keys: bytes, key_start: NDArray[np.int32], rows: NDArray[np.int32]) -> list[bytes]:
    starts, stops = key_start[rows].tolist(), key_start[rows + 1].tolist()
    return [keys[start : stop - 1] for start, stop in zip(starts, stops)]


def code_points(text: bytes) -> tuple[NDArray[np.uint32], IntArray]:
    """Code points of line-feed-separated UTF-8 keys without the line feeds; length of each key."""
    points = np.frombuffer(text.decode().encode("utf-32-le"), dtype="<u4")
    ends = np.append(np.flatnonzero(points == _LINE_FEED), points.size)
    return points[points != _LINE_FEED], np.diff(ends, prepend=-1) - 1


def _signatures(points: NDArray[np.uint32], length: IntArray) -> NDArray[np.uint64]:
    """Signatures of consecutive texts of the given lengths."""
    letter = points - np.uint32(97)  # wraps around below "a"
    classes = np.where(letter < _LETTERS, letter, _LETTERS + points % (_CLASSES - _LETTERS))
    owner = np.repeat(np.arange(length.size, dtype=np.int64), length)
    counts = np.bincount(owner * _CLASSES + classes, minlength=length.size * _CLASSES)
    table = counts.reshape(length.size, _CLASSES)
    bits = np.concatenate([table >= 1, table >= 2], axis=1)
    packed = np.packbits(bits, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8").reshape(-1).astype(np.uint64)


def similar(
    index: SimilarityIndex,
    keys: bytes,
    key_start: NDArray[np.int32],
    texts: Sequence[str],
    cutoff: float,
    grams: GramIndex | None = None,
) -> list[tuple[IntArray, NDArray[np.float64]]]:
    """For each text the keys whose similarity to it is at least `cutoff`, with similarities.

    Similarity is 1 - d / max(length), d the optimal string alignment distance (Levenshtein with
    transpositions of neighbours). `grams` of the same index shorten the search.
    """
    found: list[tuple[Any, Any]] = [(np.empty(0, dtype=np.int32), np.empty(0))] * len(texts)
    for group in _groups(texts, index.order.size if grams is None else _PER_LIST):
        number, candidates = _candidates(index, [texts[at] for at in group], cutoff, grams)
        spelled = [key.decode() for key in _slices(keys, key_start, candidates)]
        bounds = np.searchsorted(number, np.arange(len(group) + 1)).tolist()
        for at, first, last in zip(group, bounds, bounds[1:]):
            if first < last:
                scores = _similarities(texts[at], spelled[first:last], cutoff)
                kept = scores >= cutoff
                found[at] = candidates[first:last][kept], scores[kept]
    return found


def _groups(texts: Sequence[str], cost: int) -> Iterator[list[int]]:
    """Positions of texts of equal length, in groups that need a limited amount of memory."""
    by_length: dict[int, list[int]] = {}
    for at, text in enumerate(texts):
        by_length.setdefault(len(text), []).append(at)
    most = max(_AT_ONCE // max(cost, 1), 1)
    for group in by_length.values():
        yield from (group[first : first + most] for first in range(0, len(group), most))


def _similarities(text: str, others: list[str], cutoff: float) -> NDArray[np.float64]:
    """Similarity of a text to each of the others, 0 if it is below the cutoff."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    scorer = OSA.normalized_similarity
    table = process.cdist([text], others, scorer=scorer, score_cutoff=cutoff, dtype=np.float64)
    return np.asarray(table[0])


def _candidates(
    index: SimilarityIndex, texts: Sequence[str], cutoff: float, grams: GramIndex | None
) -> tuple[IntArray, NDArray[np.int32]]:
    """Pairs of a text and a key that may reach `cutoff`, by text: a superset of those that do.

    The texts have one length.
    """
    n = len(texts[0])
    lengths = np.arange(index.longest + 1)
    edits = np.floor((1.0 - cutoff) * np.maximum(lengths, n) + _SLACK).astype(np.int64)
    possible = np.abs(lengths - n) <= edits
    lengths, edits = lengths[possible], edits[possible]
    missing, extra = edits - np.maximum(lengths - n, 0), edits + np.minimum(lengths - n, 0)
    limit = (missing + extra).astype(np.uint16)
    letters = np.array([list(text) for text in texts], dtype="<U1").reshape(-1).view(np.uint32)
    own = _signatures(letters, np.full(len(texts), n))
    if not lengths.size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    if grams is None or cutoff < 1.0 - HIGHEST_SHARE:
        text, length, position = _scanned(index, own, lengths, limit)
    else:
        lists = grams.short_lists(texts, lengths, edits)
        text, length, position = _listed(index, grams, own, limit, lists)
    signature = index.signature[position]
    kept = _popcount(own[text] & ~signature) <= missing[length]
    kept &= _popcount(signature & ~own[text]) <= extra[length]
    return text[kept], index.order[position[kept]]


def _scanned(
    index: SimilarityIndex, own: NDArray[np.uint64], lengths: IntArray, limit: NDArray[np.uint16]
) -> tuple[IntArray, IntArray, IntArray]:
    """Keys whose signatures differ little enough, of all keys of suitable lengths."""
    first, last = index.bounds[lengths[0]], index.bounds[lengths[-1] + 1]
    sizes = index.bounds[lengths + 1] - index.bounds[lengths]
    differ = _popcount(index.signature[first:last] ^ own[:, None])
    near = np.flatnonzero(differ <= np.repeat(limit, sizes))
    text, position = np.divmod(near, max(last - first, 1))
    return text, np.searchsorted(np.cumsum(sizes), position, side="right"), position + first


def _listed(
    index: SimilarityIndex,
    grams: GramIndex,
    own: NDArray[np.uint64],
    limit: NDArray[np.uint16],
    lists: tuple[IntArray, IntArray, Int32Array, Int32Array],
) -> tuple[IntArray, IntArray, IntArray]:
    """The same of the keys on the lists, each once."""
    text, length, first, size = lists
    position = grams.position[positions_in_runs(first, size)]
    differ = _popcount(index.signature[position] ^ np.repeat(own[text], size))
    near = np.flatnonzero(differ <= np.repeat(limit[length], size))
    found = np.searchsorted(np.cumsum(size), near, side="right")
    pair = text[found] * index.order.size + position[near]
    pair, once = np.unique(pair, return_index=True)
    return text[found[once]], length[found[once]], pair % index.order.size


def _popcount(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Count the set bits of each value."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(values), dtype=np.uint8)
    octets = np.ascontiguousarray(values).view(np.uint8).reshape(*values.shape, 8)
    return np.asarray(np.unpackbits(octets, axis=-1).sum(axis=-1, dtype=np.uint8))
