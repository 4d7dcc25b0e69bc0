"""Data for the search of the nearest border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import Int32Array, ObjectArray
from geo_risk.errors import UnknownRegionError

if TYPE_CHECKING:
    from geo_risk.borders._tree import Forest
    from geo_risk.regions import RegionLayer

__all__ = ["BorderIndex", "CountryIds"]


@dataclass(frozen=True, eq=False)
class CountryIds:
    """Numbers of the countries of a layer and its context.

    Attributes
    ----------
    layer : RegionLayer
        The layer of the borders; error messages for unknown countries name it.
    id_of : dict of str to int
        Position of each code, in alphabetical order.
    """

    layer: RegionLayer
    id_of: dict[str, int]

    def of(self, codes: str | Sequence[str | None] | None, name: str) -> Int32Array:
        """Ids of codes, -1 for None; one code gives an array of one.

        Raises
        ------
        UnknownRegionError
            An unknown code; close matches are listed.
        """
        listed: Sequence[str | None] = [codes] if codes is None or isinstance(codes, str) else codes
        distinct = dict.fromkeys(listed)
        for code in distinct:
            if code is not None and code not in self.id_of:
                import difflib

                raise UnknownRegionError(
                    f"Invalid {name}: the layer {self.layer.name!r} has no country {code!r}.",
                    difflib.get_close_matches(str(code).upper(), self.id_of, 3, 0.5),
                )
        lookup = {code: -1 if code is None else self.id_of[code] for code in distinct}
        return np.array([lookup[code] for code in listed], dtype=np.int32)


@dataclass(frozen=True, eq=False)
class BorderIndex:
    """The edges between countries, arranged for search, with their regions and countries.

    Rows of the context follow those of the layer. Arrays by row or by id have one extra entry at
    the end, so that position -1 means none.

    Attributes
    ----------
    layer : RegionLayer
        Used to find the region of a point.
    ids : CountryIds
    forest : Forest
    country_of_row : ndarray of int32, shape (rows + 1,)
        Id of each row's country; -1 at the end.
    country_codes : ndarray of object, shape (countries + 1,)
        Code of each id; None at the end.
    region_codes : ndarray of object, shape (rows + 1,)
        Code of each row; None at the end.
    group_of_pair : ndarray of int32, shape (countries, countries)
        Position of each pair of ids among the forest's groups; -1 if the two do not meet.
    edge_position : ndarray of int64, shape (edges + 1,)
        Position of each edge of the forest in the layer's topology; -1 at the end.
    """

    layer: RegionLayer
    ids: CountryIds
    forest: Forest
    country_of_row: Int32Array
    country_codes: ObjectArray
    region_codes: ObjectArray
    group_of_pair: Int32Array
    edge_position: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        ids: CountryIds,
        forest: Forest,
        country_of_row: Int32Array,
        region_codes: Sequence[str],
    ) -> BorderIndex:
        """Create the index from the forest and the codes of its rows."""
        return cls(
            ids.layer,
            ids,
            forest,
            np.append(country_of_row, np.int32(-1)),
            _with_none(ids.id_of),
            _with_none(region_codes),
            _groups_of_pairs(forest.members, len(ids.id_of)),
            np.append(forest.position, -1),
        )


def _with_none(codes: Any) -> ObjectArray:
    return np.array([*codes, None], dtype=object)


def _groups_of_pairs(members: Int32Array, n_countries: int) -> Int32Array:
    """Position of each pair of ids among the groups, -1 if they do not meet."""
    n = max(n_countries, 1)  # position -1, no country, must exist even without countries
    group = np.full((n, n), -1, dtype=np.int32)
    land = np.flatnonzero(members[:, 1] >= 0)
    a, b = members[land].T
    group[a, b] = group[b, a] = land
    return group
