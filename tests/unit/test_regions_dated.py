"""Layers whose regions hold by date: plain layers by day, and what every function makes of them."""

from __future__ import annotations

import copy
import datetime as dt
import importlib
import inspect
import pickle

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from dated_cases import assert_by_hand, box_layer, by_hand, sudans
from geopandas.testing import assert_geodataframe_equal

import geo_risk as gr
from geo_risk.cells import finest_resolution, study_grid
from geo_risk.places import find_places, locate_names
from geo_risk.regions import DatedLayer, find_region, load_regions
from geo_risk.regions.dated import days_of

PACKAGES = (
    "geo_risk", "geo_risk.regions", "geo_risk.cells", "geo_risk.maps", "geo_risk.places",
    "geo_risk.borders", "geo_risk.frames.enrich", "geo_risk.frames.check", "geo_risk.frames.score",
    "geo_risk.frames.support", "geo_risk.frames.uncertain",
)  # fmt: skip
# What a layer, or what comes from one, is passed as.
TAKES = ("layer", "context", "parent_layer", "borders", "regions", "area", "study_area", "cells")
OTHER = {
    ("load_regions", "options"): "what a layer is made with",
    ("read_events", "layer"): "a table of a file",
    ("ReadOptions", "layer"): "a table of a file",
    ("locate_names", "regions"): "region codes",
    ("Dispute", "area"): "a name",
    ("RegionLayer", "report"): "what was mended",
    **{
        (name, "cells"): "H3 cells"
        for name in (
            "cell_areas_km2", "cell_centers", "cell_parents", "cell_polygons",
            "cell_resolutions", "cells_to_strings", "grid_disk", "neighbor_graph",
            "neighbors_missing", "Assessment", "count_in_cells",
        )
    },
    ("Assessment", "regions"): "a result, not an argument",
    ("Assessment", "borders"): "a result, not an argument",
}  # fmt: skip
BOX = (69.0, 36.0, 70.0, 37.0)


def events_of(days, *, lon=70.5, lat=36.5, **columns) -> geopandas.GeoDataFrame:
    """Events at one point on several days."""
    n = len(days)
    frame = pd.DataFrame({"date_start": days, **columns}, index=range(7, 7 + n))
    points = geopandas.points_from_xy(np.full(n, lon), np.full(n, lat))
    return geopandas.GeoDataFrame(frame, geometry=points, crs="EPSG:4326")


def some_events() -> geopandas.GeoDataFrame:
    days = [
        "2005-03-01",
        "2015-03-01",
        "2015-03-01",
        "2025-01-01",
        "1930-01-01",
        None,
        "2015-06-01",
    ]
    events = events_of(
        pd.to_datetime(days),
        country_stated=["Sudan", "Sudan", "South Sudan", "Sudan", "Sudan", "Sudan", "South Sudan"],
        location_name=[None] * 6 + ["Nile"],
    )
    events.loc[[8], "geometry"] = shapely.Point(70.5, 36.99)
    events.loc[[13], "geometry"] = None
    return events


REFUSED = {
    ("Borders", "layer"): lambda e, d: gr.Borders(d),
    ("Borders", "context"): lambda e, d: gr.Borders(d.at("2015"), context=d),
    ("AssessOptions", "study_area"): lambda e, d: gr.assess(
        e, options=gr.AssessOptions(study_area=d)
    ),
    ("LayerOptions", "context"): lambda e, d: load_regions(e, options=gr.LayerOptions(context=d)),
    ("LayerOptions", "parent_layer"): lambda e, d: load_regions(
        e, options=gr.LayerOptions(parent_layer=d)
    ),
    ("StudyOptions", "layer"): lambda e, d: gr.score_hotspots(e, options=gr.StudyOptions(layer=d)),
    ("StudyOptions", "study_area"): lambda e, d: gr.score_hotspots(
        e, options=gr.StudyOptions(study_area=d)
    ),
    **{
        ("Map", name): lambda e, d, name=name: gr.Map(events=e, **{name: d})
        for name in ("regions", "borders", "cells")
    },
    ("assess", "layer"): lambda e, d: gr.assess(e, d),
    ("assess", "study_area"): lambda e, d: gr.assess(e, study_area=d),
    ("border_within", "borders"): lambda e, d: gr.border_within(e, 10.0, d),
    ("draw_locations", "layer"): lambda e, d: gr.draw_locations(e, d, places=1, seed=1),
    ("finest_resolution", "area"): lambda e, d: finest_resolution(d, max_cells=9),
    ("find_places", "layer"): lambda e, d: find_places("Taloqan", layer=d),
    ("find_region", "layer"): lambda e, d: find_region("Nile", layer=d),
    ("load_borders", "layer"): lambda e, d: gr.load_borders(d),
    ("load_borders", "context"): lambda e, d: gr.load_borders(d.at("2015"), context=d),
    ("load_regions", "context"): lambda e, d: load_regions(e, context=d),
    ("load_regions", "parent_layer"): lambda e, d: load_regions(e, parent_layer=d),
    ("locate_names", "layer"): lambda e, d: locate_names(["Taloqan"], layer=d),
    ("region_probabilities", "layer"): lambda e, d: gr.region_probabilities(e, d),
    ("score_hotspots", "layer"): lambda e, d: gr.score_hotspots(e, layer=d),
    ("score_hotspots", "study_area"): lambda e, d: gr.score_hotspots(e, study_area=d),
    ("study_grid", "area"): lambda e, d: study_grid(d, resolution=3),
    **{
        (verb, name): lambda e, d, verb=verb, name=name: getattr(gr, verb)(
            "map.html", events=e, **{name: d}
        )
        for verb in ("static_map", "web_map")
        for name in ("regions", "borders", "cells")
    },
}
BY_DATE = {("geocode", "layer"), ("border_proximity", "borders"), ("check_events", "layer")}


def takers() -> set[tuple[str, str]]:
    """Every public function or class that takes a layer, with the argument."""
    found = set()
    for package in map(importlib.import_module, PACKAGES):
        for name in package.__all__:
            value = getattr(package, name)
            if callable(value) and value is not DatedLayer and not isinstance(value, type(gr)):
                found |= {
                    (name, argument.name)
                    for argument in inspect.signature(value).parameters.values()
                    if argument.name in TAKES or "Layer" in str(argument.annotation)
                }
    return found


def test_every_function_that_takes_a_layer_is_known_here():
    assert set(OTHER) < takers()
    assert takers() - set(OTHER) == set(REFUSED) | BY_DATE


@pytest.mark.parametrize("taker", sorted(REFUSED), ids=".".join)
def test_what_needs_one_day_shows_the_way(taker):
    with pytest.raises((ValueError, TypeError), match=r"layer\.at\(date\)"):
        REFUSED[taker](some_events(), sudans())


def test_assess_refuses_before_it_reads():
    with pytest.raises(
        ValueError, match=r"'boxes' has validity dates, and assess needs the regions of"
    ):
        gr.assess("no such file.csv", sudans())
    found = gr.assess(some_events().iloc[1:3], sudans().at("2015-01-01"), study_area=BOX)
    assert found.events["region_code"].tolist() == ["R2", "R2"]
    assert found.provenance["layer"]["valid_from"] == "2011-07-09"


@pytest.mark.parametrize(
    "options",
    [
        {"by": "regions"}, {"study_area": "countries"}, {"study_area": "SSD"},
        {"study_area": BOX, "places": 2, "resolution": 4},
    ],
)  # fmt: skip
def test_scores_by_region_need_one_day(options):
    with pytest.raises(ValueError, match=r"score_hotspots needs the regions of one day"):
        gr.score_hotspots(some_events(), layer=sudans(), **options)
    rows = pd.DataFrame({"region_code": ["R1", "R2"], "n_events": [1, 2]})
    with pytest.raises(ValueError, match=r"score_hotspots needs the regions of one day"):
        gr.score_hotspots(rows, layer=sudans())


def test_scores_of_a_geometry_need_no_layer():
    events, options = some_events(), {"study_area": BOX, "resolution": 4}
    scored = gr.score_hotspots(events, layer=sudans(), **options)
    assert_geodataframe_equal(scored, gr.score_hotspots(events, **options))


def test_geocode_by_hand():
    events, layer = some_events(), sudans()
    found = gr.geocode(events, layer)
    codes = [None if pd.isna(code) else code for code in found["region_code"]]
    assert codes == ["R0", "R2", "R2", None, None, None, "R2"]
    columns = ("region_code", "country_code", "unit_code", "match", "snap_m", "place_name")
    assert_by_hand(found, by_hand(events, layer, gr.geocode), columns)
    assert found.index.equals(events.index)
    assert found["match"].iloc[6] == "gazetteer"  # the Nile of the day: two regions are called so


def test_borders_by_hand():
    layer = sudans()
    events = gr.geocode(some_events(), layer)
    near = gr.border_proximity(events, layer)
    columns = ("border_m", "border_country_code", "border_foot_lon", "country_certainty")
    assert_by_hand(near, by_hand(events, layer, gr.border_proximity), columns)
    assert near["border_country_code"].tolist()[:3] == ["TCD", "SDN", "SDN"]
    assert near["border_m"].isna().tolist() == [False, False, False, True, True, True, True]
    plain = layer.at("2015-01-01")
    ours = gr.border_proximity(events.iloc[[1, 2]], plain)
    assert_geodataframe_equal(
        ours, gr.border_proximity(events.iloc[[1, 2]], gr.load_borders(plain))
    )
    with pytest.raises(TypeError, match="Invalid layer: str is neither a RegionLayer nor a Dated"):
        gr.border_proximity(events, "land")


def test_countries_are_compared_with_the_state_of_the_day():
    events, layer = some_events(), sudans()
    found = gr.check_events(events, layer=layer, now="2026-01-01")
    differs = found["flags"].fillna("").str.contains("country_differs")
    assert differs.tolist() == [False, True, False, False, False, False, False]
    moved = events.assign(country_stated="South Sudan")
    found = gr.check_events(moved, layer=layer, now="2026-01-01")
    # before 2011 the layer holds no such state, so nothing is compared
    assert found["country_reason"].notna().tolist() == [False] * 7
    moved.loc[:, "country_stated"] = "Chad"
    moved["geometry"] = shapely.Point(70.1, 36.5)
    found = gr.check_events(moved, layer=layer, now="2026-01-01")
    assert found["country_reason"].notna().tolist() == [True, True, True, False, False, False, True]
    assert found.attrs["geo_risk"]["quality"]["options"]["layer"] == "boxes"
    with pytest.raises(ValueError, match=r"no column date_start; .* take layer\.at\(date\)"):
        gr.check_events(events.drop(columns="date_start"), layer=layer)


def test_piles_count_all_days_and_are_named_by_the_day():
    middle = {"lon": 70.5, "lat": 36.5003}
    events = events_of(pd.to_datetime(["2005-03-01", "2015-03-01", "2025-01-01"]), **middle)
    found = gr.check_events(events, layer=sudans(), pile_size=3, now="2026-01-01")
    assert found["pile_count"].tolist() == [3, 3, 3]
    assert found["pile_label"].tolist() == ["other", "country_middle", "other"]
    assert found["pile_name"].tolist() == [None, "SSD", None]


@pytest.mark.parametrize("make", [gr.geocode, gr.border_proximity])
def test_a_plain_layer_of_no_region_answers_nothing(make):
    found = make(some_events(), sudans().at("1930-01-01"))
    column = "region_code" if make is gr.geocode else "border_country_code"
    assert found[column].isna().all()


def test_hints_of_names_are_those_of_a_layer_without_regions():
    nowhere, world = sudans().at("1930-01-01"), gr.load_regions()
    assert find_places("Paris, Texas", layer=world).loc[0, "region_code"] == "US-TX"
    found = find_places("Paris, Texas", layer=nowhere)
    assert found["region_code"].isna().all()
    assert found.loc[0, "country_code"] == "FRA"


def test_border_within_takes_a_plain_layer():
    events, plain = some_events().iloc[:3], sudans().at("2015-01-01")
    assert_geodataframe_equal(
        gr.border_within(events, 10.0, plain),
        gr.border_within(events, 10.0, gr.load_borders(plain)),
    )


def test_nobody_asks_the_bundled_layer(monkeypatch):
    """Countries that only the dated layer has, so no context is asked for either."""
    layer = box_layer([BOX], ["AAA"], [("2000-01-01", None)])
    events = events_of(pd.to_datetime(["2001-01-01", "1999-01-01"]), lon=69.5)
    world = gr.load_regions()

    def locate(self, **points):
        assert self is not world
        return self.locator.locate(**points)

    monkeypatch.setattr(gr.RegionLayer, "locate", locate)
    assert gr.geocode(events, layer)["region_code"].tolist() == ["R0", None]
    gr.check_events(events, layer=layer, now="2026-01-01")
    gr.border_proximity(events, layer)


@pytest.mark.parametrize("n", [0, 1])
def test_empty_frames_get_all_columns(n):
    events, layer = some_events().iloc[:n], sudans()
    plain = layer.at("2005-01-01")
    for ask in (
        gr.geocode,
        gr.border_proximity,
        lambda e, x: gr.check_events(e, layer=x, now="2026-01-01"),
    ):
        assert_geodataframe_equal(ask(events, layer), ask(events, plain))


@pytest.mark.parametrize(
    "days",
    [
        pd.DatetimeIndex(["2011-07-08T23:30", "2011-07-09T00:30", None]).tz_localize("Africa/Juba"),
        pd.PeriodIndex(["2011-07-08", "2011-07-09", None], freq="D"),
        pd.array(["2011-07-08", "2011-07-09 10:00", None], dtype="string"),
        [dt.date(2011, 7, 8), dt.datetime(2011, 7, 9, 12), pd.NaT],
        pd.array(pd.to_datetime(["2011-07-08", "2011-07-09", None]).as_unit("s")),
        [np.datetime64("2011-07-08T23", "ns"), pd.Timestamp("2011-07-09"), pd.NA],
        pd.Categorical(["2011-07-08", "2011/07/09", None]),
    ],
    ids=["zone", "period", "string", "objects", "seconds", "mixed", "categories"],
)
def test_days_of_every_kind(days):
    """The day is that of the column's own time zone, as in text."""
    found = gr.geocode(events_of(days), sudans())
    assert [None if pd.isna(c) else c for c in found["region_code"]] == ["R0", "R2", None]
    layer = sudans()
    rows = layer.locate(lon=[70.5] * 3, lat=[36.5] * 3, date=pd.Series(days))
    assert rows.tolist() == [0, 2, -1]


def test_a_month_stands_for_its_first_day():
    for month in ("2011-07", pd.Period("2011-07", "M"), pd.Period("2011Q3", "Q")):
        assert sudans().rows_at(month).tolist() == [0, 3]
    for day in (np.datetime64("2011-07-09", "ns"), pd.Timestamp("2011-07-09"), dt.date(2011, 7, 9)):
        assert sudans().rows_at(day).tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"Invalid date: '2011Q3' at index 0 is not a date"):
        days_of("2011Q3", "date")
    with pytest.raises(ValueError, match="Invalid date: 'soon' at index 1 is not a date"):
        sudans().locate(lon=[70, 70], lat=36.5, date=["2011", "soon"])


def test_before_the_first_and_after_the_last_state():
    layer = sudans()
    assert layer.rows_at("1949-12-31").tolist() == []
    assert layer.rows_at("2100-01-01").tolist() == [1]
    assert len(layer.at("1900-01-01")) == 0
    found = layer.locate(lon=[69.5] * 3, lat=[36.5] * 3, date=["1949-12-31", "1956-01-01", "2100"])
    assert found.tolist() == [-1, 0, 1]


def test_a_state_tells_its_days_whichever_was_asked_for():
    layer = sudans()
    for day in ("2012-01-01", "2019-12-31"):
        span = {key: layer.at(day).provenance[key] for key in ("valid_from", "valid_to")}
        assert span == {"valid_from": "2011-07-09", "valid_to": "2019-12-31"}
    assert layer.at("2020-01-01").provenance["valid_to"] is None
    assert layer.at("1900-01-01").provenance["valid_from"] is None


def test_it_is_no_plain_layer_and_shows_the_way():
    layer = sudans()
    assert not isinstance(layer, gr.RegionLayer)
    assert isinstance(layer.at("2015"), gr.RegionLayer)
    assert repr(layer) == "<DatedLayer 'boxes', level 1: 4 regions of 3 units, 4 days of change>"
    assert len(layer) == len(layer.table) == 4
    for name in ("neighbors", "topology", "rows_of", "country_labels", "locator", "tripoints"):
        with pytest.raises(AttributeError, match=rf"take layer\.at\(date\)\.{name}"):
            getattr(layer, name)
    with pytest.raises(AttributeError, match="'DatedLayer' object has no attribute 'colour'"):
        _ = layer.colour


@pytest.mark.parametrize(
    "twin_of", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy]
)
def test_copies_answer_alike(twin_of):
    layer = sudans()
    asked = {"lon": [70.5, 70.5], "lat": [36.5, 36.5], "date": ["2005", "2015"]}
    before = layer.locate(**asked)
    twin = twin_of(layer)
    assert repr(twin) == repr(layer)
    assert twin.locate(**asked).tolist() == before.tolist() == [0, 2]
    assert twin.at("2015").columns == layer.at("2015").columns
    assert len(pickle.dumps(layer)) == len(pickle.dumps(sudans()))  # states are derived again


def test_days_must_fit_the_regions():
    with pytest.raises(ValueError, match="Invalid valid_from: 2 dates for 1 regions"):
        DatedLayer(
            sudans().at("1951").coverage, sudans().at("1951").columns, name="x",
            valid_from=["2000", "2001"], valid_to=[None],
        )  # fmt: skip
    with pytest.raises(ValueError, match="1 of 1 regions end before they begin; first 'R0'"):
        box_layer([BOX], ["AFG"], [("2001-01-01", "2000-01-01")])


@pytest.mark.parametrize("options", [{"valid_from": "since"}, {"valid_to": "until"}])
def test_what_load_regions_returns(options):
    frame = geopandas.GeoDataFrame(
        {"since": ["2000-01-01"], "until": [None]}, geometry=[shapely.box(*BOX)], crs="EPSG:4326"
    )
    assert type(load_regions(frame, country="AFG", **options)) is DatedLayer
    assert type(load_regions(frame, country="AFG")) is gr.RegionLayer


def test_annotations_say_where_it_is_accepted():
    """Where a dated layer is refused, the annotation does not promise it."""
    for name, argument in set(REFUSED) | BY_DATE:
        value = next(
            getattr(package, name)
            for package in map(importlib.import_module, PACKAGES)
            if name in package.__all__
        )
        stated = str(inspect.signature(value).parameters[argument].annotation)
        assert ("DatedLayer" in stated) == ((name, argument) in BY_DATE), (name, stated)
