"""The verbs on frames: geocode, index_h3, border_proximity."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from paths import shared

import geo_risk as gr
from geo_risk.frames import enrich


def frame_of(lon, lat, index=None, **columns):
    points = shapely.points(np.asarray(lon, float), np.asarray(lat, float))
    return geopandas.GeoDataFrame(columns, geometry=points, crs="EPSG:4326", index=index)


@pytest.fixture
def three():
    """Taloqan, the open Atlantic, Fayzabad; an index that is neither unique nor a range."""
    return frame_of([69.53, -30.0, 70.58], [36.74, 0.0, 37.117], index=[7, 7, 3], what=list("abc"))


def test_geocode_keeps_rows_order_index_and_the_callers_frame(three):
    before = three.copy()
    found = gr.geocode(three)
    assert found.index.tolist() == [7, 7, 3]
    assert found["what"].tolist() == ["a", "b", "c"]
    assert found["region_code"].tolist() == ["AF-TAK", None, "AF-BDS"]
    assert found["country_name"].tolist() == ["Afghanistan", None, "Afghanistan"]
    assert found["match"].tolist() == ["polygon", "none", "polygon"]
    pd.testing.assert_frame_equal(three, before)


def test_offshore_points_are_snapped_within_the_limit_and_say_so():
    pier = frame_of([2.6, 5.5], [39.25, 39.0])  # off Mallorca, and the middle of the sea
    near = gr.geocode(pier, snap_km=50)
    assert near["match"].tolist() == ["snapped", "none"]
    assert near["country_code"].tolist() == ["ESP", None]
    assert 5_000 < near["snap_m"][0] <= 50_000
    assert gr.geocode(pier, snap_km=0)["match"].tolist() == ["none", "none"]
    assert gr.geocode(pier, snap_km=1)["snap_m"].isna().all()
    with pytest.raises(ValueError, match="Invalid snap_km: -1"):
        gr.geocode(pier, snap_km=-1)


def test_snapping_finds_the_region_that_is_nearest():
    layer = gr.load_regions()
    at_sea = frame_of([15.6356], [78.2232])  # Longyearbyen, which the coarse coast leaves outside
    found = gr.geocode(at_sea)
    assert found["region_code"].tolist() == ["NO-21"]
    nearest = layer.table.geometry.iloc[int(layer.rows_of("NO-21")[0])]
    degrees = shapely.distance(nearest, at_sea.geometry.iloc[0])
    assert found["snap_m"][0] == pytest.approx(degrees * 111_000, rel=0.9)


def test_places_are_found_by_name_and_regions_by_theirs():
    events = gr.read_events(
        [
            {"location_name": "Taluqan", "country": "Afghanistan"},
            {"location_name": "Takhar", "country": "Afghanistan"},
            {"location_name": "Nowhereville", "country": "Afghanistan"},
            {"location_name": None, "country": "Afghanistan"},
        ]
    )
    found = gr.geocode(events)
    assert found["region_code"].tolist() == ["AF-TAK", "AF-TAK", None, None]
    assert found["match"].tolist() == ["gazetteer", "gazetteer", "none", "gazetteer"]
    assert found["country_code"].tolist() == ["AFG", "AFG", None, "AFG"]
    assert found["location_precision"].tolist()[:2] == ["place", "admin1"]
    assert found["location_uncertainty_km"].tolist()[0] == 5.0
    assert found.geometry.notna().tolist() == [True, False, False, False]
    assert "place_not_found" in found["flags"][2]
    assert found["place_score"].notna().tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("name", "country", "code", "doubtful"),
    [
        ("Afghanistan", None, "AFG", False),
        ("Afghanistan", "Afghanistan", "AFG", False),
        ("AFGHANISTAN ", "AFG", "AFG", False),
        (None, "Afghanistan", "AFG", False),
        ("Georgia", None, "GEO", True),  # and a state of the United States
        ("Georgia", "Georgia", "GEO", False),
        ("Congo", None, "COG", True),  # two countries
        ("Congo", "DR Congo", "COD", False),
        ("Congo", "Congo", "COG", False),
        ("Ukraine", None, "UKR", False),
        ("Palestine", None, "PSE", True),  # and a town in Texas
        (None, "Puerto Rico", "PRI", False),
    ],
)
@pytest.mark.parametrize("coarse", ["skip", "keep"])
def test_a_bare_country_gives_the_country_and_no_more(name, country, code, doubtful, coarse):
    events = gr.read_events([{"location_name": name, "country": country}])
    found = gr.geocode(events, coarse=coarse)
    row = found.iloc[0]
    layer = gr.load_regions()
    assert (row["unit_code"], row["match"]) == (code, "gazetteer")
    home = layer.table[layer.table["unit_code"] == code].iloc[0]
    assert row["country_code"] == home["country_code"]
    assert row["country_name"] == home["country_name"]
    assert row["region_code"] is None
    assert row["place_name"] is None
    assert row["geonames_id"] == -1
    assert row.geometry is None
    assert row["location_precision"] == "country"
    assert np.isnan(row["location_uncertainty_km"])
    assert row["flags"] == "no_coordinates" + (";ambiguous_place" if doubtful else "")
    near = gr.border_proximity(gr.index_h3(found))
    assert near["h3_cell"].tolist() == [None]
    assert near["border_m"].isna().all()


def test_names_of_countries_give_way_to_places_and_states_that_are_meant():
    events = gr.read_events(
        [
            {"location_name": "Luxembourg", "country": "Luxembourg"},
            {"location_name": "Georgia", "country": "United States"},
            {"location_name": "Afghanistan", "country": "Pakistan"},
            {"location_name": "Atlantis", "country": "Atlantis"},
            {"location_name": "Nowhereville", "country": "Afghanistan"},
        ]
    )
    found = gr.geocode(events)
    assert found["country_code"].tolist() == ["LUX", "USA", None, None, None]
    assert found["region_code"].notna().tolist() == [True, True, False, False, False]
    assert found["match"].tolist() == ["gazetteer", "gazetteer", "none", "none", "none"]
    assert found["flags"].str.contains("place_not_found").tolist() == [False] * 2 + [True] * 3


def test_a_stated_precision_is_kept_and_a_layer_tells_only_its_own_countries():
    events = gr.read_events(
        [{"location_name": None, "country": country} for country in ("Peru", "Afghanistan")]
    )
    events["location_precision"] = "none"
    found = gr.geocode(events)
    assert found["location_precision"].tolist() == ["none", "none"]
    assert found["country_code"].tolist() == ["PER", "AFG"]
    own = gr.load_regions(gr.load_regions().table.query("country_code == 'AFG'"))
    assert gr.geocode(events, own)["country_code"].tolist() == [None, "AFG"]


def test_other_crs_is_reprojected_and_none_is_refused(three):
    mercator = three.to_crs("EPSG:3857")
    assert gr.geocode(mercator)["region_code"].tolist() == ["AF-TAK", None, "AF-BDS"]
    with pytest.raises(ValueError, match=r"no CRS.*set_crs"):
        gr.geocode(three.set_crs(None, allow_override=True))


@pytest.mark.parametrize("verb", [gr.geocode, gr.index_h3, gr.border_proximity])
def test_every_verb_refuses_what_is_no_event_frame(verb, three):
    with pytest.raises(TypeError, match="is not a GeoDataFrame"):
        verb(pd.DataFrame({"lon": [1.0], "lat": [2.0]}))
    lines = three.set_geometry([shapely.LineString([(0, 0), (1, 1)])] * 3, crs="EPSG:4326")
    with pytest.raises(ValueError, match="not points; first at position 0: LineString"):
        verb(lines)


@pytest.mark.parametrize("verb", [gr.geocode, gr.index_h3, gr.border_proximity])
def test_every_verb_takes_an_empty_frame(verb, three):
    found = verb(three.iloc[:0])
    assert len(found) == 0
    assert set(found.columns) > set(three.columns)


def test_columns_of_the_caller_are_kept_under_another_name(three):
    mine = three.assign(region_code=["x", "y", "z"], region_code_=[1, 2, 3])
    found = gr.geocode(mine)
    assert found["region_code__"].tolist() == ["x", "y", "z"]
    again = gr.geocode(found)
    assert again.columns.tolist() == found.columns.tolist()  # replaced, not renamed once more


def test_out_of_range_coordinates_are_missing_not_wrapped():
    found = gr.geocode(frame_of([190.0, 69.53], [36.7, 36.74]))
    assert found["match"].tolist() == ["none", "polygon"]
    assert gr.index_h3(found)["h3_cell"].tolist()[0] is None


def test_coarse_events_get_no_cell_and_no_distance():
    events = frame_of([69.5, 69.5], [36.7, 36.7], location_precision=["admin1", "place"])
    indexed = gr.index_h3(events)
    assert indexed["h3_cell"].notna().tolist() == [False, True]
    assert indexed["flags"].tolist() == ["coarser_than_cell", ""]
    assert gr.index_h3(events, coarse="keep")["h3_cell"].notna().all()
    assert gr.border_proximity(events)["border_m"].notna().tolist() == [False, True]
    with pytest.raises(ValueError, match="Invalid coarse: 'maybe'"):
        gr.index_h3(events, coarse="maybe")


def test_a_snapped_event_measures_from_the_country_it_was_given():
    bangui = frame_of([18.5582], [4.3947])
    near = gr.border_proximity(gr.geocode(bangui))
    assert near["country_code"].tolist() == ["CAF"]
    assert near["border_country_code"].tolist() == ["COD"]
    given = gr.border_proximity(gr.geocode(bangui).assign(country_code="COD", unit_code="COD"))
    assert given["border_country_code"].tolist() == ["CAF"]


def test_islands_have_no_land_border():
    suva = gr.border_proximity(gr.geocode(frame_of([178.0], [-17.8])))
    assert suva["country_code"].tolist() == ["FJI"]
    assert suva["border_m"].isna().all()
    assert suva["border_country_code"].tolist() == [None]


@pytest.fixture(scope="module")
def ucdp():
    path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
    return pd.read_csv(path, dtype={"id": str}), gr.assess(path)


def test_a_cell_is_never_smaller_than_the_disc_of_its_event():
    import h3

    radius = [np.nan, 0.0, 1.0, 5.0, 25.0, 400.0, 2000.0]
    events = gr.read_events(pd.DataFrame({"lon": 69.5, "lat": 36.7, "uncertainty_km": radius}))
    found = gr.index_h3(events, resolution=9, coarse="parent")
    cells = found["h3_cell"].tolist()
    assert [cell and h3.get_resolution(cell) for cell in cells[:2]] == [9, 9]
    for cell, km in zip(cells[2:6], radius[2:6]):
        finest = h3.get_resolution(cell)
        assert h3.cell_area(cell) >= np.pi * km**2
        child = h3.latlng_to_cell(36.7, 69.5, finest + 1)
        assert h3.cell_area(child) < np.pi * km**2  # the finest that is large enough
        assert h3.latlng_to_cell(36.7, 69.5, finest) == cell
    assert cells[6] is None  # larger than any cell
    assert found["flags"].tolist() == [""] * 6 + ["coarser_than_cell"]
    with pytest.raises(ValueError, match="Invalid coarse: 'drop'"):
        gr.index_h3(events, coarse="drop")


class TestUcdpSample:
    def test_every_row_comes_back_in_order(self, ucdp):
        raw, assessment = ucdp
        assert len(assessment.events) == 1000
        assert assessment.events["event_id"].astype(str).tolist() == raw["id"].tolist()

    def test_coarse_codes_claim_no_cell(self, ucdp):
        _, assessment = ucdp
        events = assessment.events
        coarse = events["where_prec"].astype(int) >= 3
        assert events.loc[coarse, "h3_cell"].isna().all()
        assert events.loc[~coarse & events.geometry.notna(), "h3_cell"].notna().all()

    def test_code_4_carries_its_first_order_unit_and_5_to_7_only_what_they_support(self, ucdp):
        raw, assessment = ucdp
        events, layer = assessment.events, gr.load_regions()
        code = raw["where_prec"].to_numpy()
        terms = dict(zip(code, events["location_precision"]))
        assert {key: terms[key] for key in sorted(terms)} == {
            1: "place", 2: "near_place", 3: "admin2", 4: "admin1", 5: "line", 6: "country",
            7: "none",
        }  # fmt: skip
        radius = events["location_uncertainty_km"]
        assert (radius[code == 1] == 5).all()
        assert (radius[code == 2] == 25).all()
        assert radius[code >= 3].isna().all()
        units = events[code == 4]
        inside = units["match"] == "polygon"
        assert inside.mean() > 0.95
        rows = layer.locate(lon=units.geometry.x, lat=units.geometry.y)
        known = np.array([*layer.columns["region_code"], None], dtype=object)
        assert (units["region_code"][inside] == known[rows][inside]).all()
        coarse = events[code >= 3]
        for claim in ("h3_cell", "border_m", "border_country_code", "border_foot_lon"):
            assert coarse[claim].isna().all(), claim

    def test_supports_are_kept_when_regions_are_given_probabilities(self, ucdp):
        raw, assessment = ucdp
        found = gr.region_probabilities(assessment.events)
        code = raw["where_prec"].to_numpy()[found["position"]]
        units = found[code == 4].groupby("position")["probability"]
        assert (units.size() == 1).all()  # one first-order unit, certain
        assert (units.sum() == 1.0).all()
        countries = found[(code == 5) | (code == 6)]
        assert (countries.groupby("position")["country_code"].nunique() <= 1).all()
        many = countries.groupby("position").size()
        assert (many > 1).mean() > 0.9  # the country's regions, none of them for certain
        assert not (code == 7).any()

    def test_no_cell_is_finer_than_its_support(self, ucdp):
        import h3

        _, assessment = ucdp
        events = assessment.events
        held = events[events["h3_cell"].notna()]
        assert len(held) > 600
        for cell, radius in zip(held["h3_cell"], held["location_uncertainty_km"]):
            assert h3.cell_area(cell) >= np.pi * radius**2
        finest = held["h3_cell"].map(h3.get_resolution).groupby(held["location_precision"]).max()
        assert finest["place"] == 5
        assert finest["near_place"] <= 4

    def test_an_asked_for_resolution_holds_for_every_point_of_its_own(self, ucdp):
        _, assessment = ucdp
        asked = gr.index_h3(assessment.events, resolution=7)
        import h3

        assert {h3.get_resolution(cell) for cell in asked["h3_cell"].dropna()} == {7}
        coarse = asked["location_precision"].isin(["admin2", "admin1", "line", "country", "none"])
        assert asked.loc[coarse, "h3_cell"].isna().all()
        kept = gr.index_h3(assessment.events, resolution=7, coarse="keep")
        assert kept["h3_cell"].notna().all()

    def test_country_agrees_and_every_disagreement_is_explained(self):
        import importlib.util

        from paths import ROOT

        path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
        spec = importlib.util.spec_from_file_location(
            "country_agreement", ROOT / "benchmarks" / "country_agreement.py"
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        n, bad = module.disagreements(path)
        assert n >= 990
        assert 1 - len(bad) / n >= 0.97
        assert not (bad["why"] == "unexplained").any()
        documented = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
        for row in bad.itertuples():
            line = f"| {row.event_id} | {row.location_name} | {row.stated_code} |"
            assert line in documented
            assert f"{row.border_km:.1f} | {row.why} |" in documented


def test_no_module_hides_a_verb():
    names = {module.name for module in pkgutil.iter_modules(enrich.__path__)}
    for name in sorted(names):
        importlib.import_module(f"{enrich.__name__}.{name}")
    assert not names & set(enrich.__all__)
    assert all(inspect.isfunction(getattr(enrich, verb)) for verb in enrich.__all__)
