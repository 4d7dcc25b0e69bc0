"""Members of the gazetteer product: sorted folded keys, the names of each key, their places.

All text is UTF-8 in one uint8 array, items separated by a line feed.

keys             sorted distinct folded names (by bytes, which is by code point)
names_per_key    uint16, how many names (original spellings) fold to each key
name_form        uint8 per name: 1 the name is its key, 2 its key capitalised, 0 it is in `spelled`
spelled          the names of form 0, in order
places_per_name  uint16, how many places have each name
name_place       int32 per (name, place): the place's position
name_primary     uint8, packed bits per (name, place): the place's primary name
latitude, longitude  int32 per place, 1e-5 degree
geonames_id, population  int32 per place
places_per_unit  int32: places are sorted by (country_code, admin1, geonames_id); runs of equal
                 (country_code, admin1) are the units
attributes       JSON: country_code and admin1 per unit, format, unicode
"""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
import zipfile
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np
import pycountry

from geo_risk._core.fold import fold

NAME = "gazetteer.npz"
FORMAT = 1
_TIME_STAMP = (1980, 1, 1, 0, 0, 0)


def build_members(places: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Arrays of the product from GeoNames' records."""
    alpha3 = _alpha3_codes({place["countrycode"] for place in places})
    places = sorted(
        places, key=lambda p: (alpha3[p["countrycode"]], p["admin1code"], p["geonameid"])
    )
    return {
        **_name_members(places),
        **_place_members(places),
        **_unit_members(places, alpha3),
    }


def _alpha3_codes(alpha2: Iterable[str]) -> dict[str, str]:
    codes = {}
    for code in sorted(alpha2):
        country = pycountry.countries.get(alpha_2=code)
        codes[code] = "XKX" if code == "XK" else country.alpha_3
    return codes


def _name_members(places: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    keys: dict[str, str] = {}
    rows = []
    for position, place in enumerate(places):
        for name in {place["name"], *place["alternatenames"]}:
            if "\n" in name:
                raise ValueError(f"A name of place {place['geonameid']} holds a line feed.")
            if name not in keys:
                keys[name] = fold(name)
            if keys[name]:
                rows.append((keys[name], name, position, name == place["name"]))
    rows.sort()
    key_text, names_per_key, forms, spelled, places_per_name = [], [], [], [], []
    for key, of_key in groupby(rows, key=lambda row: row[0]):
        key_text.append(key)
        count = 0
        for name, of_name in groupby(of_key, key=lambda row: row[1]):
            count += 1
            places_per_name.append(sum(1 for _ in of_name))
            forms.append(1 if name == key else 2 if name == key.capitalize() else 0)
            if forms[-1] == 0:
                spelled.append(name)
        names_per_key.append(count)
    return {
        "keys": _text(key_text),
        "names_per_key": _uint16(names_per_key),
        "name_form": np.array(forms, dtype=np.uint8),
        "spelled": _text(spelled),
        "places_per_name": _uint16(places_per_name),
        "name_place": np.array([row[2] for row in rows], dtype=np.int32),
        "name_primary": np.packbits([row[3] for row in rows]),
    }


def _place_members(places: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    members = {}
    for column, key in (("latitude", "latitude"), ("longitude", "longitude")):
        scaled = np.array([round(place[key] * 1e5) for place in places], dtype=np.int32)
        if (scaled / 1e5 != np.array([place[key] for place in places])).any():
            raise ValueError(f"A {key} has more than five decimals.")
        members[column] = scaled
    for column, key in (("geonames_id", "geonameid"), ("population", "population")):
        members[column] = np.array([place[key] for place in places], dtype=np.int32)
    return members


def _unit_members(places: list[dict[str, Any]], alpha3: dict[str, str]) -> dict[str, np.ndarray]:
    units = [
        (unit, sum(1 for _ in members))
        for unit, members in groupby(
            places, key=lambda p: (alpha3[p["countrycode"]], p["admin1code"])
        )
    ]
    attributes = {
        "format": FORMAT,
        "unicode": unicodedata.unidata_version,
        "country_code": [unit[0] for unit, _ in units],
        "admin1": [unit[1] for unit, _ in units],
    }
    text = json.dumps(attributes, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {
        "places_per_unit": np.array([size for _, size in units], dtype=np.int32),
        "attributes": np.frombuffer(text.encode(), dtype=np.uint8),
    }


def _text(items: list[str]) -> np.ndarray:
    return np.frombuffer("\n".join(items).encode(), dtype=np.uint8)


def _uint16(counts: list[int]) -> np.ndarray:
    if max(counts) > 65_535:
        raise ValueError(f"A count of {max(counts)} does not fit.")
    return np.array(counts, dtype=np.uint16)


def to_npz(members: dict[str, np.ndarray]) -> bytes:
    """Bytes of a zip of .npy members, LZMA-compressed, with fixed time stamps."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(f"{name}.npy", _TIME_STAMP)
            info.compress_type = zipfile.ZIP_LZMA
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, _npy(members[name]))
    return target.getvalue()


def content_sha256(members: dict[str, np.ndarray]) -> str:
    """Sha256 of the members before compression."""
    digest = hashlib.sha256()
    for name in sorted(members):
        digest.update(name.encode() + b"\0" + _npy(members[name]))
    return digest.hexdigest()


def _npy(array: np.ndarray) -> bytes:
    """Serialise as .npy version 1.0, little-endian on every machine."""
    target = io.BytesIO()
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    np.lib.format.write_array(target, little, version=(1, 0), allow_pickle=False)
    return target.getvalue()
