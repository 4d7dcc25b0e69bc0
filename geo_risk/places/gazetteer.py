"""The bundled gazetteer: GeoNames' populated places and every spelling of their names."""

from __future__ import annotations

import io
import json
import lzma
import zipfile
import zlib
from bisect import bisect_left, bisect_right
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.cache import Kinds, load_arrays, store_arrays
from geo_risk._core.fold import fold
from geo_risk._core.products import product_bytes
from geo_risk._core.runs import positions_in_runs
from geo_risk._core.types import Int32Array, IntArray
from geo_risk.errors import DataCorruptError, UnknownPlaceError
from geo_risk.places._views import Views

__all__ = ["Gazetteer", "load_gazetteer"]


_PRODUCT = "gazetteer.npz"
_FORMAT = 1
_DEGREE = 1e5  # the product counts in units of 1e-5 degree
_LINE_FEED = 10
_SPARSE = 64
_MEMBERS: Kinds = {
    "attributes": (np.uint8, 0), "geonames_id": (np.int32, 0), "keys": (np.uint8, 0),
    "latitude": (np.int32, 0), "longitude": (np.int32, 0), "name_form": (np.uint8, 0),
    "name_place": (np.int32, 0), "name_primary": (np.uint8, 0), "names_per_key": (np.uint16, 0),
    "places_per_name": (np.uint16, 0), "places_per_unit": (np.int32, 0),
    "population": (np.int32, 0), "spelled": (np.uint8, 0),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """Places, their names, and the folded keys for searching names.

    Three levels: a *key* (folded name) has one or more *names* (original spellings), a name has
    one or more *postings*, each a place with that name. Keys are sorted, so nothing is folded
    when the gazetteer is read. Created by `load_gazetteer`.

    Parameters
    ----------
    keys, key_start : bytes, int32 (k + 1,)
        UTF-8 text of the keys and the start of each; a line feed ends each.
    key_name : int32 (k + 1,)
        First name of each key.
    name_form, spelled, spelled_start, name_spelled
        How a name is spelled: as its key (1), capitalised (2) or as text of its own (0).
    name_post : int32 (n + 1,)
        First posting of each name.
    post_place, post_primary : int32 (p,), bool (p,)
        Place of each posting; whether the name is that place's primary name.
    lon, lat : float64 (m,)
        Degrees, WGS84.
    geonames_id, population : int32 (m,)
        GeoNames' number of each place and of its inhabitants.
    unit_start : int32 (u + 1,)
        Places are sorted by country and first-order unit; first place of each such unit.
    unit_country, unit_admin1 : list of str
        ISO 3166-1 alpha-3 code (XKX for Kosovo) and GeoNames admin1 code of each unit.
    """

    keys: bytes
    key_start: Int32Array
    key_name: Int32Array
    name_form: NDArray[np.uint8]
    spelled: bytes
    spelled_start: Int32Array
    name_spelled: Int32Array
    name_post: Int32Array
    post_place: NDArray[np.int32]
    post_primary: NDArray[np.bool_]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    geonames_id: NDArray[np.int32]
    population: NDArray[np.int32]
    unit_start: Int32Array
    unit_country: list[str]
    unit_admin1: list[str]

    def __len__(self) -> int:
        return int(self.lon.size)

    def __repr__(self) -> str:
        return (
            f"<Gazetteer: {len(self):,} places, {self.name_form.size:,} distinct names, "
            f"{self.n_keys:,} keys>"
        )

    @property
    def n_keys(self) -> int:
        """Number of distinct folded names."""
        return int(self.key_name.size) - 1

    def key(self, key_id: int) -> str:
        """Text of a key."""
        return self._key_bytes(key_id).decode()

    def _key_bytes(self, key_id: int) -> bytes:
        starts = self.views.key_start
        return self.keys[starts[key_id] : starts[key_id + 1] - 1]

    @cached_property
    def views(self) -> Views:
        """The columns, for reading single items."""
        return Views(*(memoryview(getattr(self, name)) for name in Views.__slots__))

    @cached_property
    def _sparse_keys(self) -> list[bytes]:
        """Every 64th key: bisecting a list is quicker than bisecting slices of a text."""
        return [self._key_bytes(key_id) for key_id in range(0, self.n_keys, _SPARSE)]

    def find_key(self, key: str) -> int:
        """Position of a folded name among the keys, -1 if no place has it."""
        wanted = key.encode()
        first = _SPARSE * max(bisect_right(self._sparse_keys, wanted) - 1, 0)
        near = range(first, min(first + _SPARSE, self.n_keys))
        found = first + bisect_left(near, wanted, key=self._key_bytes)
        return found if found in near and self._key_bytes(found) == wanted else -1

    def postings(self, key_id: int) -> tuple[int, int]:
        """First and one-past-last posting of a key."""
        key_name, name_post = self.views.key_name, self.views.name_post
        return name_post[key_name[key_id]], name_post[key_name[key_id + 1]]

    def name(self, name_id: int) -> str:
        """Original spelling of a name."""
        views = self.views
        form = views.name_form[name_id]
        if form == 0:
            rank = views.name_spelled[name_id]
            start, stop = views.spelled_start[rank], views.spelled_start[rank + 1]
            return self.spelled[start : stop - 1].decode()
        key = self.key(bisect_right(views.key_name, name_id) - 1)
        return key if form == 1 else key.capitalize()

    def name_of_posting(self, posting: int) -> int:
        """Name that a posting belongs to."""
        return bisect_right(self.views.name_post, posting) - 1

    @cached_property
    def primary_posting(self) -> Int32Array:
        """For each place the posting of its primary name."""
        postings = np.flatnonzero(self.post_primary).astype(np.int32)
        result = np.empty(len(self), dtype=np.int32)
        result[self.post_place[postings]] = postings
        return result

    def primary_name(self, place: int) -> str:
        """Primary name of a place, as GeoNames spells it."""
        return self.name(self.name_of_posting(self.views.primary_posting[place]))

    def names_of(self, place: int) -> list[str]:
        """Return every spelling of a place's name, sorted by key."""
        postings = np.flatnonzero(self.post_place == place)
        return [self.name(self.name_of_posting(int(posting))) for posting in postings]

    @cached_property
    def place_unit(self) -> Int32Array:
        """For each place the position of its (country, first-order unit)."""
        return np.repeat(
            np.arange(self.unit_start.size - 1, dtype=np.int32), np.diff(self.unit_start)
        )

    def country_code(self, place: int) -> str:
        """ISO 3166-1 alpha-3 code of a place."""
        return self.unit_country[self.views.place_unit[place]]

    def admin1(self, place: int) -> str:
        """GeoNames' code of a place's first-order unit; "00" or "" if it has none."""
        return self.unit_admin1[self.views.place_unit[place]]

    @cached_property
    def countries(self) -> dict[str, tuple[int, int]]:
        """For each country its first and one-past-last place."""
        spans: dict[str, tuple[int, int]] = {}
        for unit, country in enumerate(self.unit_country):
            first = spans.get(country, (int(self.unit_start[unit]), 0))[0]
            spans[country] = (first, int(self.unit_start[unit + 1]))
        return spans

    @cached_property
    def post_key(self) -> NDArray[np.int32]:
        """For each posting its key."""
        sizes = np.diff(self.name_post[self.key_name])
        return np.repeat(np.arange(self.n_keys, dtype=np.int32), sizes)

    def keys_of(self, places: IntArray) -> NDArray[np.int32]:
        """Return the keys of some places, sorted, each once."""
        postings, start = self._postings_by_place
        first = start[places]
        taken = positions_in_runs(first, start[places + 1] - first)
        return np.unique(self.post_key[postings[taken]])

    @cached_property
    def _postings_by_place(self) -> tuple[Int32Array, IntArray]:
        """Postings sorted by place, and the first one of each place."""
        low = np.argsort(self.post_place.astype(np.uint16), kind="stable")  # quickest by 16 bits
        high = (self.post_place >> 16).astype(np.uint16)[low]
        postings = low[np.argsort(high, kind="stable")].astype(np.int32)
        sizes = np.bincount(self.post_place, minlength=len(self))
        return postings, np.concatenate([[0], np.cumsum(sizes)])

    def place_of(self, geonames_id: int) -> int:
        """Position of a place by its GeoNames id.

        Parameters
        ----------
        geonames_id : int
            GeoNames' number of the place.

        Returns
        -------
        int
            Its position, from 0.

        Raises
        ------
        UnknownPlaceError
            The gazetteer does not contain that id.
        """
        found = np.flatnonzero(self.geonames_id == geonames_id)
        if not found.size:
            raise UnknownPlaceError(f"The gazetteer has no place with GeoNames id {geonames_id}.")
        return int(found[0])

    def _check(self) -> None:
        """Raise ValueError unless the arrays are consistent."""
        sizes = {self.lon.size, self.lat.size, self.geonames_id.size, self.population.size}
        if sizes != {int(self.unit_start[-1])}:
            raise ValueError("columns of places differ in length")
        if self.key_start.size != self.key_name.size:
            raise ValueError("keys and their counts differ in length")
        if self.name_post.size != self.name_form.size + 1 != self.key_name[-1] + 1:
            raise ValueError("names and their counts differ in length")
        if self.post_place.size != self.name_post[-1] != self.post_primary.size:
            raise ValueError("postings and their counts differ in length")
        if self.spelled_start.size - 1 != np.count_nonzero(self.name_form == 0):
            raise ValueError("spelled names are missing")
        if self.post_place.min() < 0 or self.post_place.max() >= self.lon.size:
            raise ValueError("a posting has no place")
        if np.count_nonzero(self.post_primary) != self.lon.size:
            raise ValueError("a place has no primary name")
        if self.key(0) != fold(self.key(0)):
            raise ValueError("keys are not folded")


@cache
def load_gazetteer() -> Gazetteer:
    """Read the bundled gazetteer, once per process.

    Returns
    -------
    Gazetteer
        234,908 populated places (GeoNames cities500: 500 inhabitants or more, and seats of
        administrative units) with 1.2 M distinct pairs of place and name.

    Raises
    ------
    DataNotFoundError, DataCorruptError
        The product is missing or damaged.

    Notes
    -----
    GeoNames, CC BY 4.0: results contain GeoNames' names and coordinates, so keep its attribution
    with them. The list is uneven: 319 places in Afghanistan, 21,783 in the United States.

    Examples
    --------
    >>> from geo_risk.places import load_gazetteer
    >>> gazetteer = load_gazetteer()
    >>> place = gazetteer.place_of(1123004)
    >>> gazetteer.primary_name(place), gazetteer.country_code(place), gazetteer.admin1(place)
    ('Taloqan', 'AFG', '26')
    """
    content = product_bytes(_PRODUCT)
    try:
        gazetteer = _decode_once(content)
    except (
        KeyError,
        ValueError,
        IndexError,
        zipfile.BadZipFile,
        lzma.LZMAError,
        EOFError,
        OSError,
    ) as error:
        if isinstance(error, DataCorruptError | FileNotFoundError):
            raise
        raise DataCorruptError(f"The data product {_PRODUCT} is damaged: {error}.") from error
    return gazetteer


def _decode_once(content: bytes) -> Gazetteer:
    """Decode the product; its decompressed members are kept in the user's cache (32 MB)."""
    name = f"gazetteer-{_FORMAT}-{len(content)}-{zlib.crc32(content):08x}"
    kept = load_arrays(name, _MEMBERS)
    members = _read_members(content) if kept is None else kept
    gazetteer = decode(members)
    gazetteer._check()
    if kept is None:
        store_arrays(name, members)
    return gazetteer


def _read_members(content: bytes) -> dict[str, Any]:
    """Arrays of an npz file, decompressed on two threads (liblzma releases the GIL)."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        names = sorted(archive.files)

    def read(name: str) -> Any:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return archive[name]

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(read, names)))


def decode(members: dict[str, Any]) -> Gazetteer:
    """Build a gazetteer from the members of its product (boundaries/_gazetteer_format.py)."""
    attributes = json.loads(members["attributes"].tobytes())
    if attributes["format"] != _FORMAT:
        raise ValueError(f"format {attributes['format']}, not {_FORMAT}")
    keys, spelled = members["keys"], members["spelled"]
    post_place = members["name_place"]
    primary = np.unpackbits(members["name_primary"], count=post_place.size).astype(np.bool_)
    form = members["name_form"]
    return Gazetteer(
        keys=keys.tobytes(),
        key_start=_line_starts(keys),
        key_name=_starts(members["names_per_key"]),
        name_form=form,
        spelled=spelled.tobytes(),
        spelled_start=_line_starts(spelled),
        name_spelled=_starts(form == 0)[:-1],
        name_post=_starts(members["places_per_name"]),
        post_place=post_place,
        post_primary=primary,
        lon=members["longitude"] / _DEGREE,
        lat=members["latitude"] / _DEGREE,
        geonames_id=members["geonames_id"],
        population=members["population"],
        unit_start=_starts(members["places_per_unit"]),
        unit_country=attributes["country_code"],
        unit_admin1=attributes["admin1"],
    )


def _starts(sizes: NDArray[Any]) -> Int32Array:
    """Offsets of consecutive runs: 0, then cumulative sizes."""
    starts = np.zeros(sizes.size + 1, dtype=np.int32)
    np.cumsum(sizes, out=starts[1:])
    return starts


def _line_starts(text: NDArray[np.uint8]) -> Int32Array:
    """Start of each line, and of a line after the last."""
    ends = np.flatnonzero(text == _LINE_FEED) + 1
    return np.concatenate([[0], ends, [text.size + 1]]).astype(np.int32)
