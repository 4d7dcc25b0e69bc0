"""Properties of views, shapes and files that hold for any input."""

from __future__ import annotations

import json
import re
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import shapely
from hypothesis import example, given, settings, strategies as st
from map_cases import prepare
from strategies import coverages, lonlats

from geo_risk.frames.share import shared_cells
from geo_risk.maps import static_map, web_map
from geo_risk.maps._classes import classify_cells
from geo_risk.maps._geometry import cell_shapes, polygon_shapes, quantise
from geo_risk.maps._page import embed_json
from geo_risk.maps._view import choose_view, smallest_arc

some_text = st.text(max_size=30)
cell_names = st.builds(
    h3.latlng_to_cell, st.floats(-90, 90), st.floats(-180, 180), st.integers(0, 9)
)


@settings(max_examples=200)
@given(st.lists(st.floats(-180, 180), min_size=1, max_size=12))
def test_smallest_arc_holds_all_and_none_is_smaller(lon: list[float]) -> None:
    west, width = smallest_arc(np.array(lon))
    ahead = (np.array(lon) - west) % 360.0
    ahead = np.where(ahead > 360.0 - 1e-9, 0.0, ahead)  # a rounding below the west end
    assert (ahead <= width + 1e-9).all()
    # any arc that holds all begins at one of the points: try them all
    widths = [max((other - start) % 360.0 for other in lon) for start in lon]
    assert width <= min(widths) + 1e-9


@settings(max_examples=150)
@given(lonlats)
def test_view_holds_every_point_and_its_aspect(where: list[tuple[float, float]]) -> None:
    lon, lat = np.array(where).T
    view = choose_view(lon, lat, aspect=1.4)
    x, y = view.project(lon, lat)
    assert view.contains(x, y).all()
    assert view.width_m / view.height_m >= 1.39
    west, south, east, north = view.window
    assert ((view.wrap(lon) >= west - 1e-9) & (view.wrap(lon) <= east + 1e-9)).all()
    assert ((lat >= south - 1e-9) & (lat <= north + 1e-9)).all()
    wider = view.expand(2.0)
    assert wider.contains(x, y).all()


@settings(max_examples=100)
@given(lonlats)
def test_view_does_not_depend_on_order_or_repetition(where: list[tuple[float, float]]) -> None:
    lon, lat = np.array(where).T
    first = choose_view(lon, lat)
    again = choose_view(np.tile(lon[::-1], 2), np.tile(lat[::-1], 2))
    assert first.kind == again.kind
    if first.kind == "laea" and abs(first.lat0) < 90.0 and smallest_arc(lon)[1] <= 180.0:
        assert (first.lon0, first.lat0, first.width_m) == (again.lon0, again.lat0, again.width_m)


@settings(max_examples=60)
@given(coverages())
def test_shapes_cover_what_the_coverage_covers(polygons: list[Any]) -> None:
    """The whole coverage in view: projected areas add up to that of its union, drawn once."""
    union = shapely.union_all(polygons)
    coords = shapely.get_coordinates(union)
    view = choose_view(coords[:, 0], coords[:, 1])
    shapes = polygon_shapes(polygons, view)
    assert all(shape is not None for shape in shapes)

    def area(drawn: Any) -> float:
        rings = [shapely.Polygon(ring).area for ring in drawn.rings]
        return 2.0 * max(rings) - sum(rings)  # these have one exterior and at most one hole

    whole = polygon_shapes([union], view)[0]
    assert whole is not None
    rings = sorted((shapely.Polygon(r).area for r in whole.rings), reverse=True)
    total = sum(area(shape) for shape in shapes)
    assert abs(total - (2.0 * rings[0] - sum(rings))) <= 2e-3 * total


@settings(max_examples=80)
@given(st.lists(cell_names, min_size=1, max_size=6, unique=True))
def test_cells_in_view_are_drawn_whole(cells: list[str]) -> None:
    centres = np.array([h3.cell_to_latlng(cell) for cell in cells])
    view = choose_view(centres[:, 1], centres[:, 0]).expand(1.2)
    for cell, (lat, lon), shape in zip(cells, centres, cell_shapes(cells, view)):
        assert shape is not None
        x, y = view.project(np.array([lon]), np.array([lat]))
        if view.kind == "laea" and h3.get_resolution(cell) >= 3:
            assert shapely.Polygon(shape.rings[0]).contains(shapely.Point(x[0], y[0]))


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)), min_size=2, max_size=40),
    st.floats(1.0, 5e3),
)
def test_quantised_vertices_are_near_their_own(
    path: list[tuple[float, float]], quantum: float
) -> None:
    view = choose_view(np.array([10.0]), np.array([50.0]))
    curve = np.array(path)
    twice = quantise([curve, curve[::-1]], view, quantum, closed=False)
    assert quantise([curve], view, quantum, closed=False) == twice[:1]
    for steps in filter(None, twice):
        assert all(isinstance(step, int) for step in steps)
        back = np.cumsum(np.array(steps).reshape(-1, 2), axis=0) * (quantum, -quantum)
        back += np.array([view.xmin, view.ymax])
        far = shapely.distance(shapely.MultiPoint(curve), shapely.points(back))
        assert far.max() <= quantum * 0.7072
        # and no vertex of the curve is left far from what is drawn
        line = shapely.LineString(back)
        assert shapely.distance(line, shapely.points(curve)).max() <= quantum * 0.7072


@settings(max_examples=150)
@given(st.lists(st.one_of(st.floats(), st.none()), max_size=30), st.sampled_from(["gi_z", "x"]))
def test_every_value_has_one_class(values: list[float | None], name: str) -> None:
    frame = pd.DataFrame({name: np.array(values, dtype=float)})
    classes = classify_cells(frame, name)
    assert len(classes.index) == len(values)
    assert ((classes.index >= 0) & (classes.index < len(classes.labels))).all()
    assert len(classes.labels) == len(classes.colours)
    for value, index in zip(frame[name], classes.index):
        nothing = classes.labels[index] in ("No value", "No answer")
        assert nothing == (np.isnan(value) if name == "gi_z" else not np.isfinite(value))


@settings(max_examples=200)
@given(st.recursive(some_text | st.integers() | st.none(), st.lists, max_leaves=8))
def test_embedded_json_is_inert_and_whole(value: Any) -> None:
    text = embed_json(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(some_text, st.one_of(st.none(), st.tuples(st.floats(-180, 180),
             st.floats(-90, 90)))), max_size=6),
    some_text,
)  # fmt: skip
def test_any_text_and_any_place_make_a_page(
    rows: list[tuple[str, tuple[float, float] | None]], title: str
) -> None:
    names = [text for text, _ in rows]
    where = [None if spot is None else shapely.Point(spot) for _, spot in rows]
    events = gpd.GeoDataFrame(
        {"event_id": names, "category": names}, geometry=where, crs="EPSG:4326"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = web_map(Path(folder, "map.html"), events=events, title=title)
        page = path.read_text(encoding="utf-8")
    tags = _Tags(page).tags
    assert tags.count("script") == 2
    assert not {"img", "iframe", "object", "svg", "link"} & set(tags)
    found = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert found is not None
    data = json.loads(found.group(1))
    located = [text for text, spot in rows if spot is not None]
    shown = data["events"]["rows"]
    assert len(shown) == len(located)
    clean = [text.encode("utf-8", "replace").decode() or None for text in located]
    assert sorted(str(row[0]) for row in shown) == sorted(map(str, clean))
    missing = len(rows) - len(located)
    assert (f"{missing} of {len(rows)} events" in page) == (missing > 0)


@example([(0.0, 90.0), (40.0, 0.0)], 4, 1)  # a cell at a pole, thinner than the grid
@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=20),
    st.integers(0, 6),
    st.integers(1, 5),
)
def test_a_shared_page_tells_no_small_count(
    where: list[tuple[float, float]], resolution: int, least: int
) -> None:
    lon, lat = np.array(where).T
    events = gpd.GeoDataFrame(
        {"notes": ["SECRET"] * len(where)}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = web_map(Path(folder, "map.html"), events=events, coarsen=resolution, min_count=least)
        page = path.read_text(encoding="utf-8")
    assert "SECRET" not in page
    found = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert found is not None
    rows = json.loads(found.group(1))["cells"]["rows"]
    expected: dict[str, int] = {}
    for east, north in where:
        cell = h3.latlng_to_cell(north, east, resolution)
        expected[cell] = expected.get(cell, 0) + 1
    told = {
        cell: f"fewer than {least}" if count < least else str(count)
        for cell, count in expected.items()
    }
    assert dict(map(tuple, rows)) == told


@settings(max_examples=12)
@given(
    st.lists(st.one_of(st.none(), st.tuples(st.floats(-180, 180), st.floats(-90, 90))), max_size=5),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
)
def test_any_places_make_a_picture(where: list[tuple[float, float] | None], title: str) -> None:
    points = [None if spot is None else shapely.Point(spot) for spot in where]
    events = gpd.GeoDataFrame({"category": [title] * len(where)}, geometry=points, crs="EPSG:4326")
    figure = static_map(events=events, title=title, dpi=40)
    figure.canvas.draw()
    assert figure.axes[0].get_title(loc="left") == (title or "Event map")
    from matplotlib.collections import PathCollection

    marks = [
        c for c in figure.axes[0].collections if type(c) is PathCollection and c.get_zorder() == 7
    ]
    assert sum(len(c.get_offsets()) for c in marks) == sum(spot is not None for spot in where)


def _page_and_picture(**content: Any) -> tuple[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        page = web_map(Path(folder, "map.html"), **content).read_text(encoding="utf-8")
        static_map(Path(folder, "map.png"), **content, dpi=30)
        return page, Path(folder, "map.png").read_bytes()


def _frame(where: list[Any], precision: list[str], text: str) -> gpd.GeoDataFrame:
    columns = {"event_id": [text] * len(where), "location_name": text, "category": text}
    columns |= {"actors": [text] * len(where), "location_precision": precision}
    points = [None if spot is None else shapely.Point(spot) for spot in where]
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")


spots = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@settings(max_examples=12)
@given(
    st.lists(spots, min_size=1, max_size=15),
    st.lists(st.none() | spots, max_size=5),
    st.integers(0, 6),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_a_shared_map_depends_on_nothing_that_its_table_leaves_out(
    where: list[tuple[float, float]], others: list[Any], resolution: int, least: int, chance: Any
) -> None:
    """Other points in the same cells, other small counts, other text, other stand-ins: one map."""
    one = _frame([*where, *others], ["place"] * len(where) + ["country"] * len(others), "SECRET")
    held: dict[str, int] = {}
    for east, north in where:
        cell = h3.latlng_to_cell(north, east, resolution)
        held[cell] = held.get(cell, 0) + 1
    moved = []
    for cell, count in held.items():
        lat, lon = h3.cell_to_latlng(cell)
        moved += [(lon, lat)] * (count if count >= least else chance.randint(1, least - 1))
    chance.shuffle(moved)
    stand_ins = [spot or (0.0, 0.0) for spot in others[:2]] + [None]
    precision = ["place"] * len(moved) + ["admin1"] * (len(stand_ins) - 1) + ["place"]
    other = _frame([*moved, *stand_ins], precision, "HIDDEN")
    options = {"share": True, "coarsen": resolution, "min_count": least}
    first = _page_and_picture(events=one, **options)
    assert first == _page_and_picture(events=other, **options)
    assert "SECRET" not in first[0]
    assert b"SECRET" not in first[1]


classes = st.sampled_from(["hot", "cold", "not significant", None])
scores = st.floats(-9, 9)


@settings(max_examples=12)
@given(
    st.dictionaries(st.builds(h3.latlng_to_cell, st.floats(-90, 90), st.floats(-180, 180),
                    st.integers(0, 5)), st.tuples(st.integers(0, 9), classes, scores),
                    min_size=1, max_size=12),
    st.integers(1, 10),
    st.sampled_from(["n_events", "count"]),
)  # fmt: skip
def test_shared_cells_look_alike_in_table_page_and_picture(
    cells: dict[str, tuple[int, str | None, float]], least: int, name: str
) -> None:
    counts, labels, z = zip(*cells.values())
    frame = pd.DataFrame({"h3_cell": list(cells), name: counts, "gi_z": z, "hotspot": labels})
    few = (frame[name] > 0) & (frame[name] < least)
    table = shared_cells(None, frame, 5, least)
    assert table["h3_cell"].tolist() == list(cells)
    assert table["suppressed"].tolist() == few.tolist()
    page, picture = _page_and_picture(cells=frame, share=True, min_count=least)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])["cells"]  # type: ignore[index]
    words = np.where(few, f"fewer than {least}", frame[name].astype(str))
    shown = [None if hidden else label for hidden, label in zip(few, labels)]
    assert data["rows"] == [list(row) for row in zip(cells, words, shown)]
    told = [data["classes"]["labels"][i].startswith("Fewer than") for i in data["classes"]["index"]]
    assert told == few.tolist()
    content = prepare(cells=frame, share=True, min_count=least).cells
    assert content is not None
    assert content.frame.equals(table)
    assert content.rows.tolist() == list(range(len(cells)))
    assert content.classes is not None
    assert content.classes.index.tolist() == data["classes"]["index"]
    # what is left out of the table changes nothing
    other = frame.assign(gi_z=0.0, **{name: np.where(few, least - 1, frame[name])})
    other["hotspot"] = np.where(few, "hot", np.array(labels, dtype=object))
    assert _page_and_picture(cells=other, share=True, min_count=least) == (page, picture)
