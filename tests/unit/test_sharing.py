"""Saving for others: counts, no small ones, no text; ACLED's rows; whose view of borders."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import re
from collections import Counter

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from map_cases import data_of, prepare
from matplotlib.colors import to_hex
from PIL import Image
from source_frames import acled_frame
from strategies import lonlats

import geo_risk as gr
from geo_risk.frames import share as sharing
from geo_risk.maps import static_map, web_map

SECRETS = ("the informer", "Commander Z", "said a nurse")


def table(lon, lat, n, **columns):
    return pd.DataFrame(
        {
            "id": [f"case-{k}" for k in range(n)], "date": "2022-03-05", "lon": lon, "lat": lat,
            "actor": "Commander Z", "notes": "said a nurse", "contact": "the informer",
            "fatalities": 1, **columns,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def takhar():
    """Seven events on one spot, two on another, one alone."""
    lon = np.repeat([69.53, 69.42, 70.2], [7, 2, 1])
    lat = np.repeat([36.74, 37.06, 36.9], [7, 2, 1])
    return gr.assess(table(lon, lat, 10), hotspot_resolution=5)


@pytest.fixture(scope="module")
def crimea():
    return gr.assess(table(34.1, 44.95, 4), hotspot_resolution=4)


def everything(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize(
    "options", [{"share": True}, {"coarsen": "cells"}, {"coarsen": "regions"}, {"coarsen": 3}]
)
@pytest.mark.parametrize("ending", [".csv", ".geojson", ".parquet", ".gpkg", ".arrow"])
def test_what_is_shared_names_nobody_and_shows_no_point(takhar, tmp_path, options, ending):
    takhar.save(tmp_path, formats=[ending], **options)
    content = everything(tmp_path)
    for secret in (*SECRETS, "case-"):
        assert secret.encode() not in content, secret
    names = {path.stem for path in tmp_path.iterdir()}
    counted = "regions" if options.get("coarsen") == "regions" else "cells"
    assert names == {counted, "provenance"}
    if ending == ".geojson":
        assert '"Point"' not in (tmp_path / f"{counted}.geojson").read_text()


def test_small_counts_are_left_out_and_nothing_tells_them(takhar, tmp_path):
    takhar.save(tmp_path, share=True)
    cells = geopandas.read_parquet(tmp_path / "cells.parquet")
    shown = cells["n_events"]
    assert shown.max() == 7
    assert not shown.between(1, 2).any()
    assert shown.isna().equals(cells["suppressed"])
    assert cells["suppressed"].sum() == 2
    assert (shown == 0).any()
    assert cells.loc[cells["suppressed"], "hotspot"].isna().all()
    assert set(cells.columns) == {"h3_cell", "n_events", "suppressed", "hotspot", "geometry"}
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    assert provenance["events"] is None  # the total would tell what was left out
    assert provenance["hotspots"] is None
    assert provenance["sharing"] == {"coarsen": "cells", "min_count": 3}
    takhar.save(tmp_path / "all", share=True, min_count=1)
    assert geopandas.read_parquet(tmp_path / "all/cells.parquet")["n_events"].sum() == 10


def test_finer_cells_than_asked_are_counted_anew(takhar, tmp_path):
    takhar.save(tmp_path, coarsen=4, min_count=1)
    cells = geopandas.read_parquet(tmp_path / "cells.parquet")
    import h3

    assert {h3.get_resolution(cell) for cell in cells["h3_cell"]} == {4}
    assert cells["n_events"].sum() == 10
    assert "hotspot" not in cells.columns


def test_events_known_by_province_only_are_in_no_shared_cell():
    events = gr.read_events(table(69.5, 36.7, 5, location_precision="admin1"))
    assert len(sharing.shared_cells(events, None, 5, 1)) == 0


def test_regions_for_others(takhar, tmp_path):
    takhar.save(tmp_path, coarsen="regions", formats=["csv"])
    regions = pd.read_csv(tmp_path / "regions.csv").set_index("region_code")
    assert (
        regions.loc["AF-TAK", "n_events"]
        == takhar.regions.set_index("region_code").loc["AF-TAK", "n_events"]
    )
    assert {"administered_by", "claimed_by", "suppressed"} <= set(regions.columns)
    few = sharing.shared_regions(takhar.regions, 100)
    assert few["n_events"].isna().all()
    assert few["fatalities_best"].isna().all()
    assert few["suppressed"].all()


def test_few_deaths_are_left_out_where_the_events_are_many():
    regions = geopandas.GeoDataFrame(
        {"region_code": ["A", "B", "C"], "n_events": [9, 9, 1], "fatalities_best": [1, 0, 50]},
        geometry=[shapely.box(0, 0, 1, 1)] * 3, crs=4326,
    )  # fmt: skip
    shown = sharing.shared_regions(regions, 3)
    assert shown["n_events"].fillna(-1).tolist() == [9, 9, -1]
    assert shown["fatalities_best"].fillna(-1).tolist() == [-1, 0, -1]
    assert shown["suppressed"].tolist() == [True, False, True]
    assert regions["n_events"].tolist() == [9, 9, 1]


def test_stripped_rows_keep_what_was_found_and_lose_the_text(takhar, tmp_path):
    takhar.save(tmp_path, strip=True)
    content = everything(tmp_path)
    for secret in SECRETS:
        assert secret.encode() not in content
    events = geopandas.read_parquet(tmp_path / "events.parquet")
    assert events["region_code"].tolist() == takhar.events["region_code"].tolist()
    assert events.geometry.x.tolist() == takhar.events.geometry.x.tolist()
    assert "actors" not in events.columns
    assert gr.Assessment.load(tmp_path).provenance["sharing"] == {"stripped": True}


def test_what_was_loaded_is_shared_like_what_was_made(takhar, tmp_path):
    takhar.save(tmp_path / "own")
    again = gr.Assessment.load(tmp_path / "own")
    for number, options in enumerate(({"strip": True}, {"share": True}, {"coarsen": "regions"})):
        one = takhar.save(tmp_path / f"a{number}", formats=["csv"], **options)
        other = again.save(tmp_path / f"b{number}", formats=["csv"], **options)
        for first, second in zip(one, other):
            assert first.read_bytes() == second.read_bytes(), first.name


def test_the_columns_that_are_taken_for_ours_are_those_of_the_verbs(takhar):
    added = set(takhar.events.attrs["geo_risk"]["added_columns"])
    assert set(sharing._ADDED) == added | {"suggested_lon", "suggested_lat"}  # those only if any


def test_acleds_rows_stay_unless_the_user_says_so(tmp_path, caplog):
    frame = acled_frame(notes="said a nurse", actor1="Commander Z")
    found = gr.assess(frame)
    with caplog.at_level(logging.WARNING, logger="geo_risk"):
        found.save(tmp_path / "a", formats=[".csv", ".parquet"])
    assert "3 of 3 events come from a source that forbids redistribution" in caplog.text
    assert b"said a nurse" not in everything(tmp_path / "a")
    events = (tmp_path / "a" / "events.csv").read_text("utf-8")
    for told in ("Commander Z", "69.534", "2022-10-22", "border_foot", "IS-K"):
        assert told not in events, told
    again = gr.Assessment.load(tmp_path / "a")
    assert again.events["event_id"].tolist() == ["AFG1", "AFG2", "AFG3"]
    assert again.events["region_code"].tolist() == found.events["region_code"].tolist()
    assert again.events.geometry.isna().all()
    assert again.provenance["sharing"] == {"rows_withheld": 3}
    found.save(tmp_path / "b", source_rows=True)
    own = gr.Assessment.load(tmp_path / "b")
    assert own.events["notes"].tolist() == ["said a nurse"] * 3
    assert own.events.geometry.to_wkb().tolist() == found.events.geometry.to_wkb().tolist()


def test_the_name_of_a_withheld_place_is_withheld_too():
    nameless = acled_frame().assign(latitude=None, longitude=None, location="Taloqan")
    ours = gr.read_events([{"location_name": "Fayzabad", "country": "Afghanistan"}])
    mixed = gr.geocode(pd.concat([gr.read_events(nameless), ours], ignore_index=True))
    assert mixed["place_name"].tolist() == ["Taloqan"] * 3 + ["Fayzabad"]
    kept, _ = sharing.withhold_rows(mixed)
    assert kept["place_name"].isna().tolist() == [True] * 3 + [False]
    assert kept["geonames_id"].tolist() == [-1] * 3 + [1142170]
    assert kept["geonames_id"].dtype == mixed["geonames_id"].dtype
    assert kept["region_code"].tolist() == ["AF-TAK"] * 3 + ["AF-BDS"]


def test_rows_of_other_sources_beside_acleds_stay_whole(tmp_path):
    ours = gr.read_events(table(69.5, 36.7, 2))
    both = pd.concat([gr.read_events(acled_frame()), ours], ignore_index=True)
    mixed = gr.geocode(both)
    kept, withheld = sharing.withhold_rows(mixed)
    assert withheld == 3
    assert kept["notes"].tolist()[3:] == ["said a nurse"] * 2
    assert kept["location_name"].isna().tolist()[:3] == [True] * 3
    assert kept.geometry.isna().tolist() == [True, True, True, False, False]
    assert mixed.geometry.notna().all()
    assert kept.crs == mixed.crs


def test_countries_of_disputed_regions_are_named_after_the_view_was_stated(
    crimea, tmp_path, caplog
):
    for options in ({"coarsen": "regions"}, {"strip": True}):
        with pytest.raises(ValueError, match=r"UA-43: administered by RUS, claimed by RUS;UKR"):
            crimea.save(tmp_path / "no", **options)
        assert not (tmp_path / "no").exists()
        crimea.save(tmp_path / options.popitem()[0], worldview="de_facto", strip=True)
    with pytest.raises(ValueError, match=r"this assessment follows 'de_facto'\. Run it again"):
        crimea.save(tmp_path / "no", worldview="un")
    crimea.save(tmp_path / "cells", share=True)  # names the country of no region
    with caplog.at_level(logging.WARNING, logger="geo_risk"):
        crimea.save(tmp_path / "own")
    assert "in 1 disputed regions; the codes follow the worldview 'de_facto'" in caplog.text
    own = geopandas.read_parquet(tmp_path / "own/regions.parquet")
    assert own[["administered_by", "claimed_by"]].values.tolist() == [["RUS", "RUS;UKR"]]


def test_a_view_stated_at_the_beginning_is_not_asked_for_again(tmp_path, caplog):
    found = gr.assess(table(34.1, 44.95, 4), worldview="un", hotspot_resolution=4)
    assert found.regions["country_code"].tolist() == ["UKR"]
    assert found.provenance["layer"]["worldview"] == "un"
    with caplog.at_level(logging.WARNING, logger="geo_risk"):
        found.save(tmp_path / "a", coarsen="regions")
        found.save(tmp_path / "b")
    assert "disputed" not in caplog.text
    with pytest.raises(ValueError, match="'un'; the given layer 'natural_earth' follows"):
        gr.assess(table(34.1, 44.95, 4), gr.load_regions(), worldview="un")


def test_an_export_for_others_never_lies_beside_rows_of_an_earlier_save(takhar, tmp_path):
    takhar.save(tmp_path)
    for options in ({"share": True}, {"strip": True, "formats": [".csv"]}):
        with pytest.raises(ValueError, match=r"contains .*events\.parquet.* of an earlier save"):
            takhar.save(tmp_path, **options)
    assert (tmp_path / "events.parquet").is_file()
    takhar.save(tmp_path / "new", share=True)
    takhar.save(tmp_path / "new", share=True)  # its own files are replaced
    with pytest.raises(gr.errors.DataNotFoundError, match=r"it was saved for others"):
        gr.Assessment.load(tmp_path / "new")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"coarsen": "villages"}, "Invalid coarsen: 'villages'"),
        ({"coarsen": 16}, "16"),
        ({"share": True, "min_count": 0}, "Invalid min_count: 0"),
        ({"formats": [".docx"]}, r"Invalid formats: '\.docx'"),
    ],
)
def test_options_are_checked_before_anything_is_written(takhar, tmp_path, options, told):
    with pytest.raises(ValueError, match=told):
        takhar.save(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_smallest_count_is_an_integer(takhar, tmp_path):
    with pytest.raises(TypeError, match=r"Invalid min_count: 2\.5 is not an integer"):
        takhar.save(tmp_path / "out", share=True, min_count=2.5)
    assert not (tmp_path / "out").exists()


@given(lonlats, st.integers(0, 6), st.integers(1, 9))
@settings(max_examples=40)
def test_no_small_count_ever_shows(points, resolution, least):
    events = gr.read_events(pd.DataFrame(points, columns=["lon", "lat"]))
    located = int(events.geometry.notna().sum())
    every = sharing.shared_cells(events, None, resolution, 1)
    assert every["n_events"].sum() == located
    shown = sharing.shared_cells(events, None, resolution, least)
    assert shown["h3_cell"].tolist() == every["h3_cell"].tolist()
    assert not ((shown["n_events"] > 0) & (shown["n_events"] < least)).any()
    few = every["n_events"] < least
    assert shown["suppressed"].tolist() == few.tolist()
    assert shown["n_events"][~few].tolist() == every["n_events"][~few].tolist()


# ---- maps for others show the cells of the table for others -------------------------------------


@pytest.fixture(scope="module")
def mixed():
    """Events with a point of their own, stand-ins for their country, some without a point, ACLED's.

    By assessment: cells of resolution 5, of resolution 6, and none.
    """
    lon = np.repeat([69.53, 69.42, 70.2, 67.7, np.nan], [7, 2, 1, 4, 3])
    lat = np.repeat([36.74, 37.06, 36.9, 33.9, np.nan], [7, 2, 1, 4, 3])
    precision = np.repeat(["place", "country", "place"], [10, 4, 3])
    names = np.repeat(["Taloqan", "Afghanistan", "a road"], [10, 4, 3])
    own = gr.read_events(table(lon, lat, 17, location_precision=precision, location=names))
    theirs = gr.read_events(acled_frame(notes="said a nurse", actor1="Commander Z"))
    events = pd.concat([own, theirs], ignore_index=True)
    found = gr.assess(events, hotspot_resolution=5)
    finer = gr.assess(events, study_area=["AF-TAK"], hotspot_resolution=6)
    return {5: found, 6: finer, None: dataclasses.replace(found, cells=None)}


def in_table(folder, least):
    """Cell to count and class in words, as the table has them."""
    cells = pd.read_csv(folder / "cells.csv")
    words = [
        f"fewer than {least}" if few else f"{count:.0f}"
        for count, few in zip(cells["n_events"], cells["suppressed"])
    ]
    labels = cells["hotspot"] if "hotspot" in cells else itertools.repeat(None)
    labels = [None if label != label else label for _, label in zip(words, labels)]
    return dict(zip(cells["h3_cell"], zip(words, labels)))


def in_page(path):
    """Cell to count and class in words as the popups of a page have them, and its colour's name."""
    cells = data_of(path)["cells"]
    shown = cells["classes"]
    told = {}
    for row, index in zip(cells["rows"], shown["index"]):
        by_name = dict(zip(cells["columns"], row))
        popup = by_name["events"], by_name.get("hotspot")
        told[by_name["H3 cell"]] = popup, shown["labels"][index]
    return told


def in_words(count, label, least, by_count):
    """What the legend must say of a cell."""
    if count.startswith("fewer"):
        return f"Fewer than {least}" + ("" if by_count else " events, class not shown")
    if by_count:
        return None
    return {"hot": "Hot spot", "cold": "Cold spot", "not significant": "Not significant"}[label]


def painted(figure, colours):
    """How many cells of each colour a picture has."""
    found = Counter()
    for collection in figure.axes[0].collections:
        colour = to_hex(collection.get_facecolor()[0]) if len(collection.get_facecolor()) else ""
        if colour in colours and collection.get_zorder() in (2.5, 3):
            found[colour] += len(collection.get_paths())
    return found


SHARED = [*itertools.product([None, "cells", 3, 5, 6], [1, 2, 3, 10], [{}])]
SHARED += [(None, 3, {"strip": True}), (4, 2, {"strip": True}), (6, 3, {"strip": True})]


@pytest.mark.parametrize(("coarsen", "least", "extra"), SHARED)
@pytest.mark.parametrize("scored", [5, 6, None])
def test_map_picture_and_table_of_one_export_agree_cell_for_cell(
    mixed, tmp_path, scored, coarsen, least, extra
):
    found = mixed[scored]
    found.save(tmp_path, formats=[".csv"], share=True, coarsen=coarsen, min_count=least, **extra)
    table = in_table(tmp_path, least)
    given = {"events": found.events, "cells": found.cells}
    given |= {"share": True, "coarsen": coarsen, "min_count": least}
    page = in_page(web_map(tmp_path / "map.html", **given))
    assert {cell: popup for cell, (popup, _) in page.items()} == table
    by_count = all(label is None for _, label in table.values())
    assert by_count == (scored is None or scored > (coarsen if isinstance(coarsen, int) else 5))
    for cell, (count, label) in table.items():
        word, said = page[cell][1], in_words(count, label, least, by_count)
        if said is not None:
            assert word == said, cell
        else:
            low, *high = re.findall(r"\d+", word)
            assert int(low) <= int(count) <= int(high[0] if high else low), cell
    content = prepare(**given)
    layer = content.cells
    assert layer.frame["h3_cell"].tolist() == list(table)
    assert layer.rows.tolist() == list(range(len(table)))  # all in view
    assert [layer.classes.labels[i] for i in layer.classes.index] == [page[c][1] for c in table]
    colours = [layer.classes.colours[i] for i in layer.classes.index]
    assert painted(static_map(**given, dpi=40), set(colours)) == Counter(colours)


def test_events_that_stand_for_a_country_are_in_no_shared_map(mixed, tmp_path):
    events = mixed[5].events
    alone = events[events["location_precision"] == "country"]
    assert (alone.geometry.notna()).all()
    page = web_map(tmp_path / "map.html", events=alone, share=True, min_count=1)
    assert data_of(page)["cells"]["rows"] == []
    assert len(prepare(events=alone, share=True).cells.frame) == 0
    assert len(prepare(events=alone).events.rows) == len(alone)  # at home they are drawn, hollow


@pytest.mark.parametrize("given", ["events", "events and cells", "cells"])
def test_a_shared_map_tells_no_secret(mixed, tmp_path, given):
    found = mixed[5]
    content = {"regions": gr.load_regions(), "borders": found.borders, "share": True}
    content |= {"events": found.events} if "events" in given else {}
    content |= {"cells": found.cells} if "cells" in given else {}
    page = web_map(tmp_path / "map.html", **content)
    figure = static_map(tmp_path / "map.png", **content, dpi=40)
    data = data_of(page)
    assert data["events"] is None
    assert data["cells"]["columns"] == ["H3 cell", "events", *["hotspot"] * ("cells" in given)]
    assert {row[1] for row in data["cells"]["rows"]} <= {"fewer than 3", "0", "3", "8"}
    assert "place" not in {label["kind"] for label in data["labels"]}
    with Image.open(tmp_path / "map.png") as picture:
        metadata = " ".join(picture.text.values())
    drawn = " ".join(text.get_text() for text in [*figure.texts, *figure.axes[0].texts])
    legend = " ".join(text.get_text() for text in figure.axes[0].get_legend().get_texts())
    said = {"page": page.read_text("utf-8"), "png": metadata, "picture": drawn + legend}
    secrets = [*SECRETS, "case-", "AFG1", "Taloqan", "Khwaja Ghar", "69.53", "36.74", "of 20"]
    for where, secret in itertools.product(said, secrets):
        assert secret not in said[where], (where, secret)


def test_a_shared_map_is_coloured_by_no_score(takhar, tmp_path):
    for column in ("gi_z", "q_value", "nonsense"):
        with pytest.raises(ValueError, match=f"Invalid color_by: '{column}'; a shared map must"):
            web_map(tmp_path / "m.html", cells=takhar.cells, share=True, color_by=column)
    strong = prepare(cells=takhar.cells.assign(hotspot="hot", q_value=0.001), share=True)
    assert {strong.cells.classes.labels[i] for i in strong.cells.classes.used()} == {
        "Hot spot", "Fewer than 3 events, class not shown",
    }  # fmt: skip
    counted = prepare(cells=takhar.cells, share=True, color_by="n_events").cells.classes
    assert counted.title == "Events per cell"
    assert [counted.labels[i] for i in counted.used()] == ["7", "0", "Fewer than 3"]


def test_cells_are_shared_by_either_name_of_their_count():
    cells = ["85208643fffffff", "85208647fffffff", "8520864bfffffff", None]
    frame = pd.DataFrame({"h3_cell": cells, "count": pd.array([9, 2, None, 0], dtype="Int64")})
    shown = sharing.shared_cells(None, frame, None, 3)
    assert shown["n_events"].fillna(-1).tolist() == [9, -1, -1, 0]
    assert shown["suppressed"].tolist() == [False, True, False, False]
    assert shown["h3_cell"].tolist()[:3] == cells[:3]
    both = frame.assign(n_events=[4, 4, 4, 4])
    assert sharing.shared_cells(None, both, "cells", 3)["n_events"].tolist() == [4.0] * 4


@pytest.mark.parametrize("labels", [["hot", "hot", None], [1, 1, 0], [1.0, -1.0, np.nan]])
def test_the_class_of_a_small_count_is_left_out_in_words_and_in_signs(labels):
    cells = ["85208643fffffff", "85208647fffffff", "8520864bfffffff"]
    frame = pd.DataFrame({"h3_cell": cells, "n_events": [9, 2, 0], "hotspot": labels})
    shown = sharing.shared_cells(None, frame, None, 3)["hotspot"]
    assert shown.isna().tolist() == [False, True, labels[2] is None or labels[2] != labels[2]]
    own, others = (prepare(cells=frame, share=share).cells.classes for share in (False, True))
    words = [[c.labels[i] for i in c.index] for c in (own, others)]
    assert words[0][0] == words[1][0] == "Hot spot"
    assert words[0][2] == words[1][2]
    assert words[1][1] == "Fewer than 3 events, class not shown"


def test_cells_that_cannot_be_shared_are_refused_or_counted_anew(takhar):
    nameless = takhar.cells.drop(columns="h3_cell")
    countless = takhar.cells.drop(columns="n_events")
    for cells in (nameless, countless):
        with pytest.raises(ValueError, match="must be H3 cells with a count"):
            sharing.shared_cells(None, cells, None, 3)
        assert sharing.shared_cells(takhar.events, cells, 5, 1)["n_events"].sum() == 10
    empty = sharing.shared_cells(None, takhar.cells.iloc[:0], None, 3)
    assert len(empty) == 0


def test_large_counts_have_all_their_digits_on_a_shared_map(tmp_path):
    cells = pd.DataFrame({"h3_cell": ["85208643fffffff"], "n_events": [12_345_678]})
    page = web_map(tmp_path / "map.html", cells=cells, share=True)
    assert data_of(page)["cells"]["rows"] == [["85208643fffffff", "12345678"]]


def test_what_a_file_for_others_does_not_use_is_refused(takhar, tmp_path):
    with pytest.raises(ValueError, match="Invalid min_count: 7 is not used; it applies"):
        takhar.save(tmp_path, min_count=7)
    with pytest.raises(ValueError, match="Invalid source_rows: True is not used; counts are"):
        takhar.save(tmp_path, share=True, source_rows=True)
    for draw, path in ((web_map, tmp_path / "m.html"), (static_map, tmp_path / "m.png")):
        with pytest.raises(ValueError, match="Invalid min_count: 7 is not used; it applies"):
            draw(path, cells=takhar.cells, min_count=7)
        with pytest.raises(ValueError, match="Invalid size_by: 'nonsense' is not used; cells"):
            draw(path, events=takhar.events, share=True, size_by="nonsense")
    with pytest.raises(ValueError, match="Invalid popup_columns: 'list' is not used; cells"):
        web_map(tmp_path / "m.html", events=takhar.events, share=True, popup_columns=["notes"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("coarsen", ["cells", "regions", 4])
def test_no_file_for_others_depends_on_events_known_to_a_country_only(tmp_path, coarsen):
    rows = [{"id": k, "lon": 69.5, "lat": 36.7, "country": "Afghanistan"} for k in range(5)]
    more = [*rows, {"id": 5, "country": "Bolivia"}]
    for name, table in (("few", rows), ("more", more)):
        found = gr.assess(table, worldview="de_facto", hotspot_resolution=5)
        found.save(tmp_path / name, coarsen=coarsen)
        if coarsen != "regions":
            content = {"events": found.events, "cells": found.cells, "coarsen": coarsen}
            web_map(tmp_path / name / "map.html", **content)
            static_map(tmp_path / name / "map.png", **content, dpi=40)
    files = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("few", "more")]
    assert files[0] == files[1]
    for name in files[0]:
        assert (tmp_path / "few" / name).read_bytes() == (tmp_path / "more" / name).read_bytes(), (
            name
        )


def test_no_map_of_an_earlier_run_stays_beside_what_is_for_others(takhar, tmp_path):
    takhar.save(tmp_path, formats=[".csv"])
    (tmp_path / "map.html").write_text("points")
    left = r"contains borders\.csv, events\.csv, map\.html, regions\.csv of an earlier save"
    with pytest.raises(ValueError, match=left):
        takhar.save(tmp_path, formats=[".csv"], share=True)
    for name in ("borders", "events", "regions"):
        (tmp_path / f"{name}.csv").unlink()
    with pytest.raises(ValueError, match=r"contains map\.html of an earlier save"):
        takhar.save(tmp_path, formats=[".csv"], share=True)
    (tmp_path / "map.html").unlink()
    takhar.save(tmp_path, formats=[".csv"], share=True)
