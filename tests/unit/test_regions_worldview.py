"""Views of disputed regions: codes change, lines and rows do not."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from paths import ROOT

import geo_risk as gr
from geo_risk.regions import claimants, disputes, worldviews
from geo_risk.regions.worldview import relabel

CHANGING = ("country_code", "country_name", "unit_code", "unit_name")


@pytest.fixture(scope="module")
def world():
    return gr.load_regions()


def table() -> list[dict[str, str]]:
    path = Path(ROOT) / "boundaries" / "disputes.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def code_in(view: str, region: str) -> tuple[str | None, str]:
    layer = gr.load_regions(worldview=view)
    row = int(layer.rows_of(region)[0])
    return layer.columns["country_code"][row], layer.columns["unit_code"][row]


def test_product_is_the_table_of_disputes():
    stated = {
        (r["source_code"], r["area"], r["extent"], r["administered_by"], r["un_country_code"]):
        sorted(filter(None, r["claimed_by"].split(";")))
        for r in table()
    }  # fmt: skip
    held = {
        (d.source_code, d.area, d.extent, d.administered_by or "", d.un_country_code or ""):
        list(d.claimed_by)
        for d in disputes()
    }  # fmt: skip
    assert held == stated
    assert all(d.source and d.un_status for d in disputes())


def test_every_disputed_region_is_in_the_layer(world):
    assert {d.source_code for d in disputes()} <= set(world.columns["source_code"])


def test_de_facto_is_the_layer_itself(world):
    assert gr.load_regions(worldview="de_facto") is world
    assert relabel(world, "de_facto") is world


@pytest.mark.parametrize(
    ("view", "region", "country"),
    [
        ("de_facto", "UA-43", "RUS"),
        ("un", "UA-43", "UKR"),
        ("claims:UKR", "UA-43", "UKR"),
        ("claims:RUS", "UA-43", "RUS"),
        ("claims:IND", "PK-GB", "IND"),
        ("claims:PAK", "IN-JK", "PAK"),
        ("claims:CHN", "IN-AR", "CHN"),
        ("claims:IND", "KAS-00", "IND"),
        ("claims:CYP", "CYN-00", "CYP"),
        ("claims:MAR", "SAH-00", "MAR"),
        ("claims:ESH", "SAH-00", "ESH"),
        ("un", "SAH-00", "ESH"),
        ("claims:ARG", "FLK-5152", "ARG"),
        ("claims:SOM", "SOL-00", "SOM"),
        ("un", "TW-TPE", "CHN"),
        ("de_facto", "TW-TPE", "TWN"),
    ],
)
def test_country_in_a_view(view, region, country):
    assert code_in(view, region)[0] == country


def test_a_claimant_keeps_the_codes_of_its_own_territories():
    assert code_in("claims:GBR", "GIB-00") == ("GIB", "GIB")


def test_the_un_name_no_country_where_none_is_decided():
    for region in ("IN-JK", "PK-GB", "KAS-00"):
        assert code_in("un", region) == (None, "XJK")


@pytest.mark.parametrize("state", claimants())
def test_every_claimant_has_a_view(state, world):
    view = gr.load_regions(worldview=f"claims:{state}")
    assert view.worldview == f"claims:{state}"
    facts = view.provenance["worldview"]
    for d in disputes():
        row = world.columns["source_code"].index(d.source_code)
        assert view.columns["claimed_by"][row] == list(d.claimed_by)
        country = view.columns["country_code"][row]
        # the state's already, or a territory of its own with a code of its own
        own = country == state
        territory = d.administered_by == state and country not in (None, *d.claimed_by)
        if state in d.claimed_by and d.extent == "whole":
            assert own or territory
        elif state in d.claimed_by:
            assert own or territory or d.area in facts["not_expressed"]
        else:
            before = [world.columns[name][row] for name in CHANGING]
            assert [view.columns[name][row] for name in CHANGING] == before


@pytest.mark.parametrize("view", ["un", "claims:IND", "claims:RUS"])
def test_only_codes_change(view, world):
    other = gr.load_regions(worldview=view)
    touched = set(other.provenance["worldview"]["relabelled"])
    assert touched
    assert other.topology is world.topology
    assert other.coverage is world.coverage
    for name, values in other.columns.items():
        if name in ("administered_by", "claimed_by"):
            continue
        changed = {
            code
            for code, a, b in zip(world.columns["region_code"], world.columns[name], values)
            if a != b
        }
        assert changed <= (touched if name in CHANGING else set()), name


def test_borders_follow():
    line = gr.load_borders(gr.load_regions(worldview="claims:IND"))
    here = {"lon": 74.3, "lat": 35.9}  # Gilgit
    assert gr.load_borders().nearest(**here).country_code == "PAK"
    found = line.nearest(**here)
    assert found.country_code == "IND"
    assert ("AFG", "IND") in line.pairs
    assert ("AFG", "IND") not in gr.load_borders().pairs


def test_unknown_views_are_refused_with_those_that_exist():
    for view in ("claims:XXX", "UN", "", "claims:"):
        with pytest.raises(ValueError, match=r"Invalid worldview: .*de_facto, un, claims:ARE"):
            gr.load_regions(worldview=view)


def test_views_are_listed():
    assert worldviews()[:2] == ("de_facto", "un")
    assert {f"claims:{d}" for row in disputes() for d in row.claimed_by} == set(worldviews()[2:])


def test_damaged_table_is_told(monkeypatch):
    from geo_risk.regions import worldview

    monkeypatch.setattr(worldview, "product_bytes", lambda name: json.dumps({"rows": 1}).encode())
    worldview._read.cache_clear()
    try:
        with pytest.raises(gr.errors.DataCorruptError, match=r"worldviews\.json is damaged"):
            disputes()
    finally:
        worldview._read.cache_clear()


@settings(max_examples=25)
@given(
    view=st.sampled_from(worldviews()),
    seed=st.integers(0, 2**32 - 1),
)
def test_relabelling_never_changes_where_a_point_is(view, seed):
    world, other = gr.load_regions(), gr.load_regions(worldview=view)
    rng = np.random.default_rng(seed)
    points = rng.choice(world.coverage.coords, 50)
    lon = np.concatenate([points[:, 0], rng.uniform(-180, 180, 50)])
    lat = np.concatenate([points[:, 1], rng.uniform(-90, 90, 50)])
    np.testing.assert_array_equal(world.locate(lon=lon, lat=lat), other.locate(lon=lon, lat=lat))
    assert len(set(other.columns["region_code"])) == len(other)  # disjoint: one country per row
    assert all(unit is not None for unit in other.columns["unit_code"])


def test_the_un_view_tells_what_it_cannot_show():
    told = gr.load_regions(worldview="un").provenance["worldview"]["not_expressed"]
    assert {"Golan Heights", "East Jerusalem", "Hala'ib Triangle"} <= set(told)
    assert "Crimea" not in told


def test_the_page_lists_what_can_and_cannot_be_shown():
    page = (Path(ROOT) / "docs" / "worldviews.md").read_text(encoding="utf-8")
    shown, not_shown = page.split("## What the layer cannot express")
    for d in disputes():
        text = shown if d.extent == "whole" else not_shown
        assert f"| {d.area} |" in text
        row = next(line for line in text.splitlines() if line.startswith(f"| {d.area} |"))
        assert all(state in row for state in d.claimed_by)
