"""Find keys that are similar to a query without comparing it with every key.

Each key has a 64-bit signature: 32 letter classes, one bit for "occurs" and one for "occurs at
least twice". One edit (insertion, deletion, substitution, transposition of neighbours) sets at
most one bit and clears at most one, so a key within d edits misses at most d bits of the query
and adds at most d of its own; a difference in length uses up part of d. The filter therefore
never loses a key that the exact comparison would keep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SimilarityIndex", "build_index", "similar"]

_CLASSES = 32
_LETTERS = 26
_LINE_FEED = 10
_CHUNK = 16_384  # keys per round of signatures: bounds the working memory


@dataclass(frozen=True, eq=False)
class SimilarityIndex:
    """Keys ordered by length, with signatures.

    Parameters
    ----------
    order : int32 (k,)
        Key positions, shortest key first.
    length : int32 (k,)
        Lengths in code points, ascending.
    signature : uint64 (k,)
    """

    order: NDArray[np.int32]
    length: NDArray[np.int32]
    signature: NDArray[np.uint64]


def build_index(keys: bytes, key_start: NDArray[np.int32]) -> SimilarityIndex:
    """Index line-feed-separated UTF-8 keys; `key_start` says where each begins."""
    n = key_start.size - 1
    length = np.empty(n, dtype=np.int32)
    signature = np.empty(n, dtype=np.uint64)
    for first in range(0, n, _CHUNK):
        last = min(first + _CHUNK, n)
        text = keys[key_start[first] : key_start[last] - 1].decode()
        points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
        ends = np.append(np.flatnonzero(points == _LINE_FEED), points.size)
        length[first:last] = np.diff(ends, prepend=-1) - 1
        signature[first:last] = _signatures(points[points != _LINE_FEED], length[first:last])
    order = np.argsort(length, kind="stable").astype(np.int32)
    return SimilarityIndex(order, length[order], signature[order])


def _signatures(points: NDArray[np.uint32], length: NDArray[np.int32]) -> NDArray[np.uint64]:
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
    query: str,
    cutoff: float,
    allowed: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Keys whose similarity to `query` is at least `cutoff`, with their similarities.

    Similarity is 1 - d / max(length), d the optimal string alignment distance (Levenshtein with
    transpositions of neighbours). `allowed` (bool per key) restricts the keys.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    candidates = _candidates(index, query, cutoff)
    if allowed is not None:
        candidates = candidates[allowed[candidates]]
    if not candidates.size:
        return candidates, np.empty(0)
    bounds = zip(key_start[candidates].tolist(), (key_start[candidates + 1] - 1).tolist())
    texts = [keys[start:stop].decode() for start, stop in bounds]
    scores = process.cdist(
        [query], texts, scorer=OSA.normalized_similarity, score_cutoff=cutoff, dtype=np.float64
    )[0]
    kept = scores >= cutoff
    return candidates[kept], scores[kept]


def _candidates(index: SimilarityIndex, query: str, cutoff: float) -> NDArray[np.int32]:
    """Keys that may reach `cutoff`: a superset of those that do."""
    n = len(query)
    slack = 1e-9  # a similarity of exactly `cutoff` counts
    lengths = np.array([np.ceil(n * cutoff - slack), n / cutoff + slack]).astype(np.int32)
    first = np.searchsorted(index.length, lengths[0], side="left")
    last = np.searchsorted(index.length, lengths[1], side="right")
    length, signature = index.length[first:last], index.signature[first:last]
    points = np.array([ord(character) for character in query], dtype=np.uint32)
    own = _signatures(points, np.array([n], dtype=np.int32))[0]
    edits = np.floor((1.0 - cutoff) * np.maximum(length, n) + slack).astype(np.int64)
    longer = length.astype(np.int64) - n
    kept = _popcount(own & ~signature) <= edits - np.maximum(longer, 0)
    kept &= _popcount(signature & ~own) <= edits + np.minimum(longer, 0)
    return index.order[first:last][kept]


def _popcount(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Count the set bits of each value."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(values), dtype=np.uint8)
    octets = np.ascontiguousarray(values).view(np.uint8).reshape(-1, 8)
    return np.asarray(np.unpackbits(octets, axis=1).sum(axis=1, dtype=np.uint8))
