"""Static and web maps: views, shapes, classes, sharing, and what stands in the files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from map_cases import (
    EVIL,
    KHWAJA_GHAR,
    TALOQAN,
    data_of,
    evil_map,
    points,
    prepare,
    reports,
    squares,
)
from pyproj import Geod

import geo_risk.maps.map as map_module
from geo_risk.maps import Map, static_map, web_map
from geo_risk.maps._classes import classify_cells, classify_events, marker_sizes
from geo_risk.maps._geometry import (
    cell_shapes,
    earth_outline,
    graticule,
    line_shapes,
    polygon_shapes,
    quantise,
)
from geo_risk.maps._labels import broken
from geo_risk.maps._page import embed_json
from geo_risk.maps._paint import degree_text, round_length
from geo_risk.maps._payload import _text
from geo_risk.maps._view import choose_view, local_scale, smallest_arc

GEOD = Geod(ellps="WGS84")


def border() -> gpd.GeoDataFrame:
    line = shapely.LineString([(70, 35), (70, 38)])
    columns = {"country_code": ["AFG"], "other_country_code": ["TJK"]}
    return gpd.GeoDataFrame(columns, geometry=[line], crs="EPSG:4326")


def scored(resolution: int = 5) -> pd.DataFrame:
    middle = h3.latlng_to_cell(TALOQAN[1], TALOQAN[0], resolution)
    names = sorted(h3.grid_disk(middle, 3))
    n = len(names)
    z = np.linspace(-4, 4, n)
    labels = np.where(z > 3, "hot", np.where(z < -3, "cold", "not significant"))
    counts = np.arange(n) % 7
    q = np.where(np.abs(z) > 3.5, 0.001, 0.04)
    return pd.DataFrame(
        {"h3_cell": names, "n_events": counts, "gi_z": z, "q_value": q, "hotspot": labels}
    )


def decode(steps: list[int]) -> np.ndarray:
    return np.cumsum(np.array(steps).reshape(-1, 2), axis=0)


# ---- the view --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lon", "west", "width"),
    [
        ([10.0, 20.0], 10.0, 10.0),
        ([179.0, -179.0], 179.0, 2.0),
        ([177.0, 179.0, -178.0], 177.0, 5.0),
        ([5.0], 5.0, 0.0),
        ([180.0, -180.0], -180.0, 0.0),
        ([-90.0, 0.0, 90.0], -90.0, 180.0),
    ],
)
def test_smallest_arc(lon: list[float], west: float, width: float) -> None:
    assert smallest_arc(np.array(lon)) == pytest.approx((west, width))


def test_smallest_arc_needs_a_point() -> None:
    with pytest.raises(ValueError, match="Invalid lon: no longitude to enclose"):
        smallest_arc(np.array([]))


def test_view_across_the_antimeridian_is_narrow() -> None:
    view = choose_view(np.array([179.5, -179.5, 178.0]), np.array([-17.0, -17.5, -18.0]))
    assert view.kind == "laea"
    assert abs(view.lon0) == pytest.approx(179.25)
    assert view.width_m < 500e3
    west, _, east, _ = view.window
    assert west < view.lon0 < east
    assert east - west < 6.0


@pytest.mark.parametrize("pole", [90.0, -90.0])
def test_view_over_a_pole_holds_it(pole: float) -> None:
    lon = np.array([-170.0, -60.0, 40.0, 130.0])
    view = choose_view(lon, np.full(4, pole - np.sign(pole) * 4.0))
    x, y = view.project(np.array([12.0]), np.array([pole]))
    assert view.contains(x, y).all()
    assert view.window[3 if pole > 0 else 1] == pole
    assert view.window[2] - view.window[0] == 360.0


def test_view_of_the_whole_earth() -> None:
    for view in (
        choose_view(np.array([-120.0, 10.0, 140.0]), np.array([40.0, -30.0, 10.0])),
        choose_view(np.array([]), np.array([])),
        choose_view(np.array([]), np.array([]), bounds=(-180, -60, 180, 75)),
    ):
        assert view.kind == "eqearth"
        assert earth_outline(view) is not None
        assert view.expand(3.0) is view


def test_bounds_may_cross_the_antimeridian() -> None:
    view = choose_view(np.array([]), np.array([]), bounds=(176.0, -20.0, -178.0, -15.0))
    assert abs(view.lon0 - 179.0) < 1e-9
    x, y = view.project(np.array([176.0, -178.0]), np.array([-20.0, -15.0]))
    assert view.contains(x, y).all()


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((0, 5, 10, 5), "is empty"),
        ((10, 0, 10, 5), "is empty"),
        ((0, -91, 10, 5), r"must be in \[-90, 90\]"),
        ((0, 0, 190, 5), r"must be in \[-180, 180\]"),
        ((0, 0, 10), r"is not \(west, south, east, north\)"),
    ],
)
def test_bad_bounds(bounds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        static_map(bounds=bounds)


def test_both_projections_keep_areas() -> None:
    """Against the geodesic area on the ellipsoid: a 1° box wherever it lies."""
    for lon, lat in ((69.0, 36.0), (179.5, -17.0), (15.0, 78.0), (-60.0, -2.0)):
        box = shapely.segmentize(shapely.box(lon, lat, lon + 1, lat + 1), 0.01)
        truth = abs(GEOD.geometry_area_perimeter(box)[0])
        near = choose_view(np.array([lon, lon + 1.0]), np.array([lat, lat + 1.0])).expand(3)
        far = choose_view(np.array([]), np.array([]))
        for view in (near, far):
            shape = polygon_shapes([box], view)[0]
            assert shape is not None
            area = sum(shapely.Polygon(ring).area for ring in shape.rings)
            # where the world map cuts a box, the cut is one straight edge: 250 m off at most
            assert area == pytest.approx(truth, rel=1e-6 if view is near or lon != 179.5 else 5e-3)


def world_width(view: Any) -> float:
    x, _ = view.project(np.array([-180.0, 180.0]), np.zeros(2))
    return float(x[1] - x[0])


def test_scale_is_true_at_the_middle() -> None:
    view = choose_view(np.array([69.0, 71.0]), np.array([36.0, 38.0]))
    assert local_scale(view, 0.0, 0.0) == pytest.approx(1.0, abs=1e-5)
    wide = choose_view(np.array([40.0, 100.0]), np.array([0.0, 60.0]))
    x, y = wide.project(np.array([100.0]), np.array([60.0]))
    assert local_scale(wide, float(x[0]), float(y[0])) != pytest.approx(1.0, abs=0.01)
    world = choose_view(np.array([]), np.array([]))
    assert local_scale(world, 0.0, 0.0) == pytest.approx(40075.017e3 / world_width(world), rel=1e-6)


# ---- shapes ----------------------------------------------------------------------------------


def test_polygon_cut_at_the_antimeridian_is_one_again() -> None:
    halves = shapely.MultiPolygon(
        [shapely.box(179, -18, 180, -17), shapely.box(-180, -18, -179, -17)]
    )
    view = choose_view(np.array([178.5, -178.5]), np.array([-18.5, -16.5]))
    shape = polygon_shapes([halves], view)[0]
    assert shape is not None
    assert len(shape.rings) == 1
    assert len(shape.lines) == 1


def test_a_cut_that_stays_is_filled_but_not_stroked() -> None:
    """West of the cut only: its edge at 180 is the data set's, not a coast."""
    view = choose_view(np.array([178.5, -178.5]), np.array([-18.5, -16.5]))
    shape = polygon_shapes([shapely.box(179, -18, 180, -17)], view)[0]
    assert shape is not None
    x, _ = view.project(np.array([180.0]), np.array([-17.5]))
    for line in shape.lines:
        along = np.diff(line, axis=0)
        on_cut = np.abs(line[:-1, 0] - x[0]) < 50.0
        assert not (on_cut & (np.abs(along[:, 1]) > np.abs(along[:, 0]))).any()
    drawn = sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in shape.lines)
    whole = sum(np.hypot(*np.diff(ring, axis=0).T).sum() for ring in shape.rings)
    assert drawn == pytest.approx(whole - 110.7e3, rel=2e-3)  # a degree of latitude less


def test_antarctica_has_no_spoke_to_the_pole() -> None:
    land = shapely.Polygon([(-180, -90), (-180, -75), (0, -70), (180, -75), (180, -90)])
    view = choose_view(np.array([]), np.array([]), bounds=(-180, -90, 180, -65))
    shape = polygon_shapes([land], view)[0]
    assert shape is not None
    # the coast is never nearer to the pole than 15°
    assert view.lat0 == -90.0
    assert min(np.hypot(*line.T).min() for line in shape.lines) > 1.66e6
    assert sum(shapely.Polygon(r).buffer(0).area for r in shape.rings) > 5e12


def test_what_is_not_in_the_window_is_none() -> None:
    view = choose_view(np.array([69.0, 70.0]), np.array([36.0, 37.0]))
    far, here = shapely.box(-10, 0, -9, 1), shapely.box(69, 36, 70, 37)
    assert [s is None for s in polygon_shapes([far, here, None], view)] == [True, False, True]
    lines = [shapely.LineString([(0, 0), (1, 1)]), shapely.LineString([(69, 36), (70, 37)]), None]
    assert [s is None for s in line_shapes(lines, view)] == [True, False, True]


@pytest.mark.parametrize(
    "cell",
    [
        h3.latlng_to_cell(-17.0, 180.0, 4),
        h3.latlng_to_cell(90.0, 0.0, 3),
        h3.latlng_to_cell(-90.0, 0.0, 2),
        h3.latlng_to_cell(36.7, 69.5, 7),
        h3.latlng_to_cell(78.2, 15.6, 5),
        sorted(h3.get_pentagons(3))[0],
    ],
)
def test_cells_keep_their_area_everywhere(cell: str) -> None:
    lat, lon = h3.cell_to_latlng(cell)
    near = choose_view(np.array([lon]), np.array([lat])).expand(20.0)
    truth = h3.cell_area(cell, unit="m^2")
    world = choose_view(np.array([]), np.array([]))
    # the world map joins corners straight in degrees, which rounds a cell about a pole
    for view in (near, world) if abs(lat) < 85.0 else (near,):
        shape = cell_shapes([cell, None], view)
        assert shape[1] is None
        assert shape[0] is not None
        area = sum(abs(shapely.Polygon(ring).area) for ring in shape[0].rings)
        # h3 measures on a sphere of the authalic radius, the map on the ellipsoid
        assert area == pytest.approx(truth, rel=0.02)


def test_bad_cell_name_is_named() -> None:
    with pytest.raises(ValueError, match="zzz"):
        static_map(cells=pd.DataFrame({"h3_cell": ["zzz"]}))


def test_quantise_rounds_and_drops_only_what_cannot_be_seen() -> None:
    view = choose_view(np.array([69.0, 70.0]), np.array([36.0, 37.0]))
    t = np.linspace(0, 2 * np.pi, 400)
    ring = np.column_stack([5e4 * np.cos(t), 3e4 * np.sin(t)])
    ring[-1] = ring[0]
    quantum = 25.0
    (coded,) = quantise([ring], view, quantum, closed=True)
    back = decode(coded) * (quantum, -quantum) + (view.xmin, view.ymax)
    far = shapely.distance(shapely.LinearRing(ring), shapely.points(back))
    assert far.max() <= quantum * 0.71
    assert shapely.Polygon(back).area == pytest.approx(shapely.Polygon(ring).area, rel=1e-3)
    straight = np.column_stack([np.linspace(0, 1e4, 50), np.zeros(50)])
    assert len(quantise([straight], view, quantum, closed=False)[0]) == 4  # its two ends
    assert quantise([ring / 1e5], view, quantum, closed=True) == [[]]
    assert quantise([], view, quantum, closed=True) == []


def test_neighbours_still_share_their_edge_when_quantised() -> None:
    view = choose_view(np.array([68.0, 72.0]), np.array([35.0, 38.0]))
    rng = np.random.default_rng(3)
    wiggle = np.column_stack([70 + rng.normal(0, 0.01, 60), np.linspace(35, 38, 60)])
    west = shapely.Polygon([(68, 35), *wiggle, (68, 38)])
    east = shapely.Polygon([(72, 35), *wiggle, (72, 38)])
    rings = [
        decode(quantise(shape.rings, view, 500.0, closed=True)[0])
        for shape in polygon_shapes([west, east], view)
        if shape is not None
    ]
    assert shapely.Polygon(rings[0]).intersection(shapely.Polygon(rings[1])).area < 1e-6


def test_graticule_is_round_and_readable() -> None:
    for lon, lat in (([69.0, 70.0], [36.0, 37.0]), ([11.0, 30.0], [76.0, 80.0])):
        lines = graticule(choose_view(np.array(lon), np.array(lat)))
        for axis in ("lon", "lat"):
            assert 3 <= sum(line[0] == axis for line in lines) <= 12
    assert degree_text("lon", -69.5) == "69.5°W"
    assert degree_text("lat", -0.0) == "0°"
    assert degree_text("lon", -180.0) == "180°"
    assert [round_length(x) for x in (99.0, 100.0, 4.9, 50_001.0)] == [50.0, 100.0, 2.0, 50_000.0]


# ---- classes ---------------------------------------------------------------------------------


def test_hotspot_classes_by_word_number_and_missing() -> None:
    q = [0.001, 0.03, 0.5, 0.001, np.nan]
    words = ["hot", "hot", "not significant", "cold", pd.NA]
    by_word = classify_cells(pd.DataFrame({"hotspot": words, "q_value": q}), None)
    numbers = [1, 1, 0, -1, np.nan]
    by_number = classify_cells(pd.DataFrame({"hotspot": numbers, "q_value": q}), None)
    expected = [
        "Hot spot, q ≤ 0.01",
        "Hot spot, q > 0.01",
        "Not significant",
        "Cold spot, q ≤ 0.01",
        "No answer",
    ]
    for classes in (by_word, by_number):
        assert [classes.labels[i] for i in classes.index] == expected
    assert classify_cells(pd.DataFrame({"hotspot": words}), None).labels[0] == "Hot spot"


def test_z_classes_are_cut_at_the_normal_points() -> None:
    z = pd.DataFrame({"gi_z": [3.0, 2.0, 1.7, 0.0, -1.7, -2.0, -3.0, np.nan]})
    classes = classify_cells(z, None)
    assert classes.index.tolist() == list(range(8))
    assert classes.faint == {3, 7}


def test_sequence_sets_zero_and_missing_apart() -> None:
    frame = pd.DataFrame({"n_events": [0.0, np.nan, *np.arange(1, 101)]})
    classes = classify_cells(frame, "n_events")
    assert classes.labels[classes.index[0]] == "0"
    assert classes.labels[classes.index[1]] == "No value"
    counts = np.bincount(classes.index[2:], minlength=5)
    assert counts.max() - counts.min() <= 2
    assert classes.labels[:5] == ("81 to 100", "61 to 80", "41 to 60", "21 to 40", "1 to 20")
    halves = classify_cells(pd.DataFrame({"x": np.arange(1, 11) / 2}), "x")
    assert halves.labels[0] == "4.1 to 5"
    assert halves.labels[4] == "0.5 to below 1.4"
    assert classify_cells(pd.DataFrame({"x": [0.0, 0.0]}), "x").used() == [1]
    single = classify_cells(pd.DataFrame({"x": [4.0, 4.0]}), "x")
    assert [single.labels[i] for i in single.used()] == ["4"]


def test_many_categories_become_other() -> None:
    names = [f"k{i:02d}" for i in range(12) for _ in range(12 - i)]
    classes = classify_events(pd.DataFrame({"category": names}), "category")
    assert classes.labels == ("k00", "k01", "k02", "k03", "k04", "k05", "k06", "Other")
    assert classify_events(
        pd.DataFrame({"category": ["a", None, pd.NA, pd.NaT]}), "category"
    ).labels[-1] == ("Not stated")


def test_marker_area_grows_with_the_value() -> None:
    frame = pd.DataFrame({"dead": [0.0, 25.0, 100.0, np.nan]})
    size, key = marker_sizes(frame, "dead")
    area = size**2
    assert area[1] - area[0] == pytest.approx((area[2] - area[0]) / 4.0)
    assert size[3] == size[0]
    assert [text for text, _ in key] == ["100", "25", "0"]
    assert marker_sizes(frame.assign(dead=0.0), "dead")[1] == []


# ---- the static map --------------------------------------------------------------------------


def texts(figure: Any) -> str:
    from matplotlib.text import Text

    found = [item.get_text() for item in figure.findobj(Text)]
    return "\n".join(found)


def test_static_map_shows_everything_and_says_what_it_must(tmp_path: Path) -> None:
    events = reports()
    before = events.copy(deep=True)
    path = tmp_path / "map.png"
    figure = static_map(
        path,
        events=events,
        cells=scored(),
        regions=squares(),
        borders=border(),
        title="A $x^2$ map",
    )
    pd.testing.assert_frame_equal(events, before)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    said = texts(figure).replace("\n", " ")
    for words in (
        "A $x^2$ map",
        "without endorsement",
        "not thereby safe",
        "1 of 3 events has no location and cannot be drawn.",
        "Natural Earth",
        "GeoNames (geonames.org), CC BY 4.0",
        "Lambert azimuthal equal-area",
        "Taloqan",
        "Khwaja Ghar",
        "raid",
        "Hot spot, q ≤ 0.01",
        "km",
    ):
        assert words in said
    assert "SECRET" not in said


def test_long_names_break_near_their_middle() -> None:
    assert broken("Takhar") == "Takhar"
    assert broken("Gilgit-Baltistanistan") == "Gilgit-Baltistanistan"  # no space to break at
    assert broken("Central African Republic") == "Central African\nRepublic"
    assert broken("Federally Administered Tribal Areas").count("\n") == 1


def test_a_label_in_the_way_moves_and_stays_in_its_area() -> None:
    """Both events' names stand where Takhar's would; Takhar is named all the same, inside."""
    from matplotlib.text import Annotation

    figure = static_map(events=reports(), regions=squares(), bounds=(67, 35, 73, 38.5))
    axes = figure.axes[0]
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    labels = {t.get_text(): t for t in axes.findobj(Annotation)}
    boxes = {name: t.get_window_extent(renderer) for name, t in labels.items()}
    assert {"Taloqan", "Khwaja Ghar", "Takhar", "Elsewhere"} <= set(boxes)
    for one, box in boxes.items():
        for other, another in boxes.items():
            assert one == other or not box.overlaps(another), (one, other)
    view = prepare(events=reports(), regions=squares(), bounds=(67, 35, 73, 38.5)).view
    x, y = axes.transData.inverted().transform(boxes["Takhar"].min + boxes["Takhar"].size / 2)
    lon, lat = view.unproject(np.array([x]), np.array([y]))
    assert squares().geometry.iloc[0].contains(shapely.Point(lon[0], lat[0]))


def test_disputed_regions_are_hatched_and_named_in_the_legend(tmp_path: Path) -> None:
    from matplotlib.collections import PathCollection

    figure = static_map(regions=squares())
    hatched = [c for c in figure.axes[0].findobj(PathCollection) if c.get_hatch()]
    assert [len(c.get_paths()) for c in hatched] == [1]
    assert "Disputed, in whole or part" in texts(figure)
    data = data_of(web_map(tmp_path / "map.html", regions=squares()))
    assert data["regions"]["disputed"] == [1]
    for plain in ([[], []], [None, np.nan], ["", ""]):
        calm = squares().assign(claimed_by=pd.Series(plain, dtype=object))
        assert "Disputed" not in texts(static_map(regions=calm))
        assert data_of(web_map(tmp_path / "b.html", regions=calm))["regions"]["disputed"] == []
    read_back = squares().assign(claimed_by=["", "AFG;TJK"])
    assert "Disputed, in whole or part" in texts(static_map(regions=read_back))
    assert "Disputed" not in texts(static_map(regions=squares().drop(columns="claimed_by")))


def test_static_map_is_deterministic_and_leaves_pyplot_alone(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom geo_risk.maps import static_map\n"
        "static_map(sys.argv[1], bounds=(60, 29, 75, 39), title='t')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    for name in ("a.png", "b.png"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_other_formats(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"map.{ending}"
    static_map(path, events=reports(), regions=squares())
    assert path.stat().st_size > 3000


def test_a_coarse_event_is_hollow_and_said_so() -> None:
    events = points([69.5, 69.6], [36.7, 36.8], location_precision=["place", "admin1"])
    content = prepare(events=events)
    assert content.events is not None
    assert content.events.hollow.tolist() == [False, True]
    assert any("Hollow markers" in note for note in content.notes)
    assert not any("Hollow" in note for note in prepare(events=events.iloc[:1]).notes)


def test_events_outside_given_bounds_are_counted() -> None:
    content = prepare(events=points([69.5, 10.0], [36.7, 50.0]), bounds=(69, 36, 70, 37))
    assert "1 of 2 events lie outside this map." in content.notes


def test_other_crs_is_reprojected_and_none_is_refused() -> None:
    events = reports().iloc[:2]
    moved = prepare(events=events.to_crs("EPSG:32642")).events
    plain = prepare(events=events).events
    assert moved is not None
    assert plain is not None
    np.testing.assert_allclose(moved.x, plain.x, atol=1e-3)
    bare = gpd.GeoDataFrame(geometry=gpd.points_from_xy([1.0], [2.0]))
    with pytest.raises(ValueError, match=r"no CRS.*events.set_crs\('EPSG:4326'\)"):
        static_map(events=bare)


def test_objects_with_a_table_and_a_worldview() -> None:
    class Layer:
        table = squares()
        worldview = "un"

    content = prepare(events=reports(), regions=Layer())
    assert content.regions is not None
    assert "under the worldview “un”" in content.notes[0]
    assert "de facto" in prepare(events=reports(), regions=squares()).notes[0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"color_by": "nope", "cells": scored()}, ValueError, "'nope' is not a column of cells"),
        ({"size_by": "nope"}, ValueError, "'nope' is not a column of events"),
        ({"size_by": "category"}, TypeError, "column 'category' is not numeric"),
        ({"labels": ["XX-1"]}, ValueError, r"\['XX-1'\]; must be values of region_code"),
        ({"labels": "all"}, ValueError, "must be 'auto', None or region codes"),
        ({"events": [1, 2]}, TypeError, "Invalid events: list; must be a GeoDataFrame"),
        ({"regions": pd.DataFrame({"a": [1]})}, TypeError, "the frame has no geometry"),
        ({"figsize": (0.1, 5)}, ValueError, "Invalid figsize"),
        ({"dpi": 1}, ValueError, "Invalid dpi"),
        ({"share": True, "min_count": 0}, ValueError, "Invalid min_count"),
        ({"coarsen": 99}, ValueError, "Invalid resolution"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        static_map(**{"events": reports(), "regions": squares(), **arguments})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"bounds": (1, 2, 3)}, ValueError, "Invalid bounds"),
        ({"labels": "all"}, ValueError, "must be 'auto', None or region codes"),
        ({"events": [1, 2]}, TypeError, "Invalid events: list; must be a GeoDataFrame"),
        ({"size_by": "nope"}, ValueError, "'nope' is not a column of events"),
        ({"color_by": "nope", "cells": scored()}, ValueError, "'nope' is not a column of cells"),
        ({"min_count": 5}, ValueError, "Invalid min_count: 5 is not used"),
        ({"share": True, "size_by": "fatalities_best"}, ValueError, "Invalid size_by"),
    ],
)
def test_a_map_is_checked_when_it_is_made(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Map(**{"events": reports(), **arguments})


@pytest.mark.parametrize(("around", "views"), [(None, 1), ((67, 35, 73, 38.5), 2)])
def test_one_map_is_prepared_once_and_draws_what_the_short_forms_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, around: Any, views: int
) -> None:
    made: list[str] = []
    for name in ("prepare", "content_of"):
        was = getattr(map_module, name)
        monkeypatch.setattr(
            map_module, name, lambda *a, _was=was, _name=name: made.append(_name) or _was(*a)
        )
    far = points([-120.0, 20.0, 140.0], [-30.0, 50.0, 10.0], category=["a", "b", "c"])
    content = {"events": far, "cells": scored(), "regions": squares(), "bounds": around}
    drawn = Map(**content, title="Once")
    assert drawn.png(tmp_path / "map.png") == tmp_path / "map.png"
    assert drawn.html(tmp_path / "map.html") == tmp_path / "map.html"
    assert made == ["prepare"] + ["content_of"] * views
    static_map(tmp_path / "short.png", **content, title="Once")
    web_map(tmp_path / "short.html", **content, title="Once")
    for ending in ("png", "html"):
        files = [(tmp_path / f"{name}.{ending}").read_bytes() for name in ("map", "short")]
        assert files[0] == files[1], ending


def test_the_picture_of_a_map_is_a_png_and_its_figure_whatever_is_asked(tmp_path: Path) -> None:
    drawn = Map(events=reports())
    with pytest.raises(ValueError, match=r"Invalid path: .*map.svg'; .*Map.figure writes .svg"):
        drawn.png(tmp_path / "map.svg")
    assert drawn.png(tmp_path / "bare").name == "bare.png"
    figure = drawn.figure(tmp_path / "map.svg", figsize=(4.0, 3.0))
    assert figure.get_figwidth() == 4.0
    assert (tmp_path / "map.svg").read_bytes().startswith(b"<?xml")


def test_a_map_for_others_has_no_popup_columns(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Invalid popup_columns: .*cells replace points"):
        Map(events=reports(), share=True).html(tmp_path / "m.html", popup_columns=["notes"])


def test_empty_inputs_make_a_map() -> None:
    figure = static_map(
        events=reports().iloc[:0], regions=squares().iloc[:0], cells=scored().iloc[:0]
    )
    assert "without endorsement" in texts(figure)
    assert static_map().axes[0].get_title(loc="left") == "Event map"


# ---- the web map -----------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_web_map_holds_every_feature(tmp_path: Path) -> None:
    path = web_map(
        tmp_path / "map.html", events=reports(), cells=scored(), regions=squares(), borders=border()
    )
    data = data_of(path)
    assert len(data["events"]["x"]) == 2  # the third has no location
    assert len(data["cells"]["shapes"]) == len(scored())
    assert len(data["regions"]["shapes"]) == 2
    assert len(data["borders"]["lines"]) == 1
    assert {label["text"] for label in data["labels"]} >= {"Taloqan", "Takhar", "Tajikistan"}
    rows = {tuple(row) for row in data["events"]["rows"]}
    columns = data["events"]["columns"]
    taloqan = next(row for row in rows if "Taloqan" in row)
    assert taloqan[columns.index("distance to border")] == "46.7 km"
    assert taloqan[columns.index("deaths (best estimate)")] == "8"
    assert data["regions"]["rows"][1][data["regions"]["columns"].index("claimed by")] == "AFG"


def test_events_are_where_they_are(tmp_path: Path) -> None:
    """From the page's integers back to degrees, by the projection's own inverse."""
    events = reports()
    data = data_of(web_map(tmp_path / "map.html", events=events, popup_columns=["event_id"]))
    view = prepare(events=events, aspect=1.35, overdraw=2.4).view
    wide = view.expand(2.4)
    quantum = wide.width_m / data["size"][0]
    x = wide.xmin + quantum * np.array(data["events"]["x"])
    y = wide.ymax - quantum * np.array(data["events"]["y"])
    lon, lat = view.unproject(x, y)
    where = {"a": TALOQAN, "b": KHWAJA_GHAR}
    for (name,), east, north in zip(data["events"]["rows"], lon, lat):
        _, _, off = GEOD.inv(*where[name], east, north)
        assert off < quantum
    assert data["metres"] == pytest.approx(quantum, rel=1e-4)


def test_web_map_loads_nothing(tmp_path: Path) -> None:
    path = web_map(
        tmp_path / "map.html", events=reports(), cells=scored(), regions=squares(), borders=border()
    )
    page = path.read_text(encoding="utf-8")
    for reference in (
        "http:",
        "https:",
        "//cdn",
        "@import",
        "url(",
        "fetch(",
        "import(",
        "XMLHttp",
    ):
        assert reference not in page
    for tag, attributes in Tags(page).tags:
        assert not {"src", "href", "srcset", "action", "background"} & set(attributes)
        assert tag not in ("link", "iframe", "object", "embed", "base", "img")
        assert not any(name.startswith("on") for name in attributes)


def test_security_policy_matches_the_script_and_the_style(tmp_path: Path) -> None:
    page = web_map(tmp_path / "map.html", events=reports()).read_text(encoding="utf-8")
    policy = next(str(a["content"]) for t, a in Tags(page).tags if a.get("http-equiv") is not None)
    assert policy.startswith("default-src 'none'; ")
    for tag in ("script", "style"):
        text = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert len(text) == 1
        digest = base64.b64encode(hashlib.sha256(text[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_text_never_becomes_markup(tmp_path: Path) -> None:
    path = evil_map(tmp_path / "map.html")
    page = path.read_text(encoding="utf-8")
    tags = [tag for tag, _ in Tags(page).tags]
    plain = web_map(tmp_path / "plain.html", events=reports()).read_text(encoding="utf-8")
    count = len(EVIL) + len(prepare(events=reports()).notes)
    assert sorted(t for t in tags if t != "bdi") == sorted(
        t for t, _ in Tags(plain).tags if t != "bdi"
    )
    assert tags.count("bdi") <= count
    block = page.split('id="data">')[1].split("</script>")[0]
    assert "<" not in block
    data = data_of(path)
    assert {row[0] for row in data["events"]["rows"]} == set(EVIL)
    assert [row[0] for row in data["regions"]["rows"]] == [EVIL[0]] * 2


def test_embedded_json_survives() -> None:
    value = {"a": ["</script>", "\u2028\u2029", "é漢", 1.5, None, True]}
    text = embed_json(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)
    with pytest.raises(ValueError, match="Out of range float"):
        embed_json([float("nan")])


def test_default_popups_name_no_actor_and_quote_no_text(tmp_path: Path) -> None:
    page = web_map(tmp_path / "map.html", events=reports()).read_text(encoding="utf-8")
    assert "SECRET" not in page
    asked = web_map(tmp_path / "more.html", events=reports(), popup_columns=["notes"])
    assert "SECRET-NOTE" in asked.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"Invalid popup_columns: \['nope'\] are not columns"):
        web_map(tmp_path / "bad.html", events=reports(), popup_columns=["nope"])


def test_shared_map_has_no_point_no_text_no_small_count(tmp_path: Path) -> None:
    lon = [69.53] * 5 + [70.4, 71.9]
    events = points(lon, [36.73] * 5 + [36.7, 37.5], notes=["SECRET"] * 7, event_id=list("abcdefg"))
    for arguments in ({"share": True}, {"coarsen": 4}):
        path = web_map(tmp_path / "map.html", events=events, regions=squares(), **arguments)
        page, data = path.read_text(encoding="utf-8"), data_of(path)
        assert data["events"] is None
        assert "SECRET" not in page
        assert "Written for sharing" in page
        assert sorted(row[1] for row in data["cells"]["rows"]) == ["5", *["fewer than 3"] * 2]
        classes = data["cells"]["classes"]
        assert [classes["labels"][i] for i in classes["used"]] == ["5", "Fewer than 3"]
        limit = arguments.get("coarsen", 5)
        assert {h3.get_resolution(row[0]) for row in data["cells"]["rows"]} == {limit}


def test_shared_map_keeps_coarse_cells_and_replaces_fine_ones(tmp_path: Path) -> None:
    kept = data_of(web_map(tmp_path / "a.html", events=reports(), cells=scored(5), share=True))
    assert kept["cells"]["columns"] == ["H3 cell", "events", "hotspot"]
    assert {row[1] for row in kept["cells"]["rows"]} == {*"03456", "fewer than 3"}
    fine = data_of(web_map(tmp_path / "b.html", events=reports(), cells=scored(7), share=True))
    assert {h3.get_resolution(row[0]) for row in fine["cells"]["rows"]} == {5}
    asked = data_of(web_map(tmp_path / "c.html", cells=scored(7), coarsen=7))
    assert {h3.get_resolution(row[0]) for row in asked["cells"]["rows"]} == {7}
    with pytest.raises(ValueError, match="none finer than resolution 5"):
        web_map(tmp_path / "d.html", cells=scored(7), share=True)


def test_shared_picture_names_no_place_of_an_event() -> None:
    said = texts(static_map(events=reports(), regions=squares(), share=True))
    assert "Taloqan" not in said
    assert "raid" not in said
    assert "Events per cell" in said
    assert "Fewer than 3" in said


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (pd.Timestamp("2022-01-01"), "date_start", "2022-01-01"),
        (pd.Timestamp("2022-01-01 13:05"), "time", "2022-01-01 13:05:00"),
        (pd.NaT, "date_start", None),
        (pd.NA, "x", None),
        (None, "x", None),
        (np.nan, "x", None),
        (np.inf, "x", None),
        ("", "x", None),
        (True, "x", "yes"),
        (8.0, "fatalities_best", "8"),
        (10405.7, "border_m", "10.4 km"),
        (0.018932, "p_value", "0.0189"),
        (["IND", "PAK"], "claimed_by", "IND, PAK"),
        ([], "claimed_by", None),
    ],
)
def test_values_read_as_people_write_them(value: Any, name: str, text: str | None) -> None:
    assert _text(value, name) == text


def test_web_map_is_deterministic(tmp_path: Path) -> None:
    arguments = {"events": reports(), "cells": scored(), "regions": squares()}
    a, b = (web_map(tmp_path / f"{n}.html", **arguments).read_bytes() for n in "ab")
    assert a == b


def test_web_map_of_the_demo_layer_is_small(tmp_path: Path) -> None:
    import geo_risk as gr

    try:
        layer = gr.load_regions()
    except FileNotFoundError:
        pytest.skip("the world layer has not been built")
    path = web_map(tmp_path / "map.html", events=reports(), cells=scored(), regions=layer)
    data = data_of(path)
    assert {"Takhar", "Badakhshan"} <= {row[0] for row in data["regions"]["rows"]}
    assert path.stat().st_size < 1_000_000


def test_days_of_events_can_be_chosen_unless_they_are_not_shown(tmp_path: Path) -> None:
    start = pd.to_datetime(["2022-01-01", None, "2022-03-01"])
    events = reports().assign(date_start=start, date_end=pd.to_datetime(["2022-12-31", None, None]))
    events.geometry = [
        shapely.Point(TALOQAN),
        shapely.Point(KHWAJA_GHAR),
        shapely.Point(70.0, 36.5),
    ]
    events = events.set_crs("EPSG:4326", allow_override=True)
    data = data_of(web_map(tmp_path / "a.html", events=events))["events"]
    names = [row[data["columns"].index("event id")] for row in data["rows"]]
    days = dict(zip(names, data["dates"]))
    assert days == {
        "a": ["2022-01-01", "2022-12-31"], "b": None, "c": ["2022-03-01", "2022-03-01"],
    }  # fmt: skip
    asked = data_of(web_map(tmp_path / "b.html", events=events, popup_columns=["category"]))
    assert asked["events"]["dates"] is None
    assert data_of(web_map(tmp_path / "c.html", events=reports()))["events"]["dates"] is None


def test_maps_warn_of_nothing(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        static_map(tmp_path / "a.png", events=reports(), cells=scored(), regions=squares())
        web_map(tmp_path / "a.html", events=reports(), cells=scored(), regions=squares())
