"""UCDP, ACLED, GDELT and GTD: recognised, translated, nothing lost."""

from __future__ import annotations

import gzip
import json
import zipfile
from typing import Any

import numpy as np
import pandas as pd
import pytest
from paths import ROOT, shared
from source_frames import acled_frame, gtd_frame, ucdp_frame

from geo_risk.events import (
    DATE_PRECISIONS,
    FIELDS,
    FLAGS,
    LOCATION_PRECISIONS,
    acled,
    gdelt,
    gtd,
    read_events,
    ucdp,
)

FILES = {
    "ucdp_ged_v23_1_sample1000_global.csv": ("ucdp", 1000),
    "ucdp_ged_v19_1_afghanistan_subset310.csv": ("ucdp", 310),
    "ucdp_ged_v24_1_mexico.parquet": ("ucdp", 18957),
    "gdelt2_20191024143000.export.CSV": ("gdelt", 2111),
    "usgs_m5.5plus_1965_2016.csv": ("table", 23412),
    "usgs_all_week_2018-01-31_02-07.csv": ("table", 1707),
}


@pytest.mark.parametrize("name", FILES)
def test_every_reference_file_reads_whole(name: str) -> None:
    source, rows = FILES[name]
    out = read_events(shared(f"data/events/{name}"))
    assert out.attrs["geo_risk"]["source"] == source
    assert len(out) == rows
    assert (out["source"] == source).all()
    assert out.index.equals(pd.RangeIndex(rows))
    assert not out["date_start"].isna().any()
    located = out.geometry.notna()
    assert (~located == out["flags"].str.contains("no_coordinates")).all()
    assert (~located).sum() == (38 if source == "gdelt" else 0)


def test_ucdp_reference_sample_keeps_its_values() -> None:
    path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
    raw, out = pd.read_csv(path), read_events(path)
    np.testing.assert_array_equal(out.geometry.x, raw["longitude"])
    np.testing.assert_array_equal(out.geometry.y, raw["latitude"])
    np.testing.assert_array_equal(out["fatalities_best"], raw["best"])
    assert (out["event_id"] == raw["id"].astype(str)).all()
    assert (out["country_stated"] == raw["country"]).all()
    assert (out["date_start"] == pd.to_datetime(raw["date_start"])).all()
    assert (out["date_end"] == pd.to_datetime(raw["date_end"])).all()
    counts = out["location_precision"].value_counts().to_dict()
    terms = ("place", "near_place", "admin2", "admin1", "line", "country", "none")
    for code, term in enumerate(terms, start=1):
        assert counts[term] == (raw["where_prec"] == code).sum()
        radius = out.loc[raw["where_prec"] == code, "location_uncertainty_km"]
        assert (radius == {1: 5.0, 2: 25.0}.get(code, 0)).all() or (
            code > 2 and radius.isna().all()
        )
    wrong = (raw["low"] > raw["best"]) | (raw["best"] > raw["high"])
    assert (out["flags"].str.contains("fatalities_order") == wrong).all()
    assert list(out.columns)[16:] == [
        name if name not in {"date_start", "date_end"} else f"{name}_" for name in raw.columns
    ]


def test_usgs_mixed_dates() -> None:
    path = shared("data/events/usgs_m5.5plus_1965_2016.csv")
    raw, out = pd.read_csv(path), read_events(path)
    iso = raw["Date"].str.contains("T")
    assert iso.sum() == 3
    expected = pd.to_datetime(raw["Date"][~iso], format="%m/%d/%Y")
    assert (out["date_start"][~iso] == expected).all()
    assert out["date_start"][iso].dt.strftime("%Y-%m-%d").tolist() == [
        text[:10] for text in raw["Date"][iso]
    ]
    assert out.attrs["geo_risk"]["dayfirst"] is False


def test_gdelt_reference_file_keeps_every_field() -> None:
    path = shared("data/events/gdelt2_20191024143000.export.CSV")
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    out = read_events(path)
    names = json.loads(shared("data/events/schemas.json").read_text())["gdelt2_export_61"]
    assert list(gdelt.COLUMN_NAMES) == names == list(out.columns)[16:]
    at = names.index
    assert out["event_id"].tolist() == [row[0] for row in lines]
    assert out["country_stated"].fillna("").tolist() == [
        row[at("ActionGeo_CountryCode")] for row in lines
    ]
    assert out["EventCode"].tolist() == [row[at("EventCode")] for row in lines]  # "010", not 10
    types = [row[at("ActionGeo_Type")] for row in lines]
    terms = {"0": "none", "1": "country", "2": "admin1", "3": "place", "4": "place", "5": "admin1"}
    assert out["location_precision"].tolist() == [terms[code] for code in types]
    days = pd.Series([row[1] for row in lines])
    assert out["date_precision"].value_counts().to_dict() == {
        "day": (days >= "20191023").sum(),
        "week": (days == "20191017").sum(),
        "month": (days == "20190924").sum(),
        "year": (days == "20181024").sum(),
    }
    week = out[days == "20191017"].iloc[0]
    assert (str(week["date_start"].date()), str(week["date_end"].date())) == (
        "2019-10-14",
        "2019-10-20",
    )


@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_gdelt_packed(tmp_path: Any, packing: str) -> None:
    source = shared("data/events/gdelt2_20191024143000.export.CSV")
    path = tmp_path / f"20191024143000.export.CSV.{packing}"
    if packing == "gz":
        path.write_bytes(gzip.compress(source.read_bytes()))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(source, "20191024143000.export.CSV")
    pd.testing.assert_frame_equal(
        pd.DataFrame(read_events(path)), pd.DataFrame(read_events(source))
    )


def test_gdelt_version_1_and_named_columns(tmp_path: Any) -> None:
    row = dict.fromkeys(gdelt.COLUMN_NAMES, "")
    row |= {"GLOBALEVENTID": "9", "SQLDATE": "20091024", "DATEADDED": "20191024"}
    row |= {"ActionGeo_Type": "4", "ActionGeo_CountryCode": "GM", "EventRootCode": "19"}
    row |= {"ActionGeo_Lat": "52.5", "ActionGeo_Long": "13.4", "Actor1Name": 'THE "STATE'}
    old = [value for name, value in row.items() if "ADM2" not in name]
    (tmp_path / "a.export.CSV").write_text("\t".join(old) + "\n")
    (tmp_path / "b.tsv").write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    for out in (read_events(tmp_path / "a.export.CSV"), read_events(pd.DataFrame([row]))):
        assert out["source"].tolist() == ["gdelt"]
        assert out["country_stated"].tolist() == ["GM"]
        assert out["category"].tolist() == ["fight"]
        assert out["actors"].tolist() == ['THE "STATE']
        assert out["date_precision"].tolist() == ["unknown"]  # a decade back: no date
    assert read_events(tmp_path / "b.tsv")["country_stated"].tolist() == ["GM"]


def test_ucdp_translation() -> None:
    out = read_events(ucdp_frame())
    assert out.attrs["geo_risk"]["source"] == "ucdp"
    assert out["category"].tolist() == [
        "state-based conflict",
        "non-state conflict",
        "one-sided violence",
    ]
    assert out["actors"][0] == "Government | Taleban"
    assert out["location_precision"].tolist() == ["place", "admin1", "none"]
    assert out["location_uncertainty_km"].isna().tolist() == [False, True, True]
    assert out["date_precision"].tolist() == ["day", "month", "unknown"]
    assert out["flags"].tolist() == ["", "", "bad_precision_code"]
    assert out["country_stated"].tolist() == ["Afghanistan", "Afghanistan", "Oman"]
    assert out["country_id"].tolist() == [700, 700, 698]  # Gleditsch-Ward, untouched
    assert out.attrs["geo_risk"]["columns"]["location_precision"] == "where_prec"


def test_ucdp_without_best_and_with_candidate_status() -> None:
    frame = ucdp_frame(
        deaths_a=[1, 2, -3],
        deaths_b=[1, 2, 3],
        deaths_civilians=[0, 1, 0],
        deaths_unknown=[0, 0, 1],
        code_status=["Clear", "Check deaths", None],
    ).drop(columns=["best", "low", "high"])
    out = read_events(frame)
    assert out["fatalities_best"].tolist()[:2] == [2, 5]
    assert np.isnan(out["fatalities_best"][2])
    assert out["flags"].tolist() == ["", "provisional", "bad_fatalities;bad_precision_code"]
    out = read_events(frame.drop(columns=["deaths_civilians"]))
    assert out["fatalities_best"].isna().all()


def test_ucdp_names_cut_by_a_shapefile_and_api_dates(tmp_path: Any) -> None:
    frame = ucdp_frame(date_start="2019-01-03T00:00:00", date_end="2019-01-03T00:00:00")
    frame.columns = pd.Index([name[:10] for name in frame.columns])
    out = read_events(frame)
    assert out["source"].tolist() == ["ucdp"] * 3
    assert out["category"][0] == "state-based conflict"
    assert out["location_name"][0] == "Kabul city"
    path = tmp_path / "api.json"
    path.write_text(json.dumps({"TotalCount": 3, "Result": ucdp_frame().to_dict("records")}))
    assert read_events(path)["event_id"].tolist() == ["1", "2", "3"]


def test_acled_translation() -> None:
    out = read_events(acled_frame())
    assert out.attrs["geo_risk"]["source"] == "acled"
    assert out["actors"].tolist() == ["GDI | IS-K", "IS-K", "IS-K | Taliban"]
    assert out["location_precision"].tolist() == ["place", "near_place", "admin1"]
    assert out["location_uncertainty_km"].fillna(-1).tolist() == [5, 25, -1]
    assert out["date_precision"].tolist() == ["day", "week", "month"]
    spans = [(str(a.date()), str(b.date())) for a, b in zip(out["date_start"], out["date_end"])]
    assert spans == [
        ("2022-10-22", "2022-10-22"),
        ("2022-08-30", "2022-09-11"),
        ("2022-02-01", "2022-02-28"),
    ]
    assert out["source"].tolist() == ["acled"] * 3
    assert out["source_"].tolist() == ["AP", "RFE", "AP"]
    assert out["fatalities_best"].tolist() == [8, 0, 0]
    assert out["iso"].tolist() == [4, 4, 4]


def test_acled_with_exact_header_of_today() -> None:
    names = json.loads(shared("data/events/schemas.json").read_text())["acled"]
    frame = pd.DataFrame([["1"] * len(names)], columns=names)
    frame["event_date"] = "2020-01-01"
    assert read_events(frame).attrs["geo_risk"]["source"] == "acled"
    assert len(names) == 31


def test_gtd_translation() -> None:
    out = read_events(gtd_frame())
    assert out.attrs["geo_risk"]["source"] == "gtd"
    assert out["event_id"].tolist()[0] == "197000000001"
    assert out["date_precision"].tolist() == ["year", "year", "month", "day"]
    assert str(out["date_end"][2].date()) == "1970-07-31"
    assert out["location_precision"].tolist() == ["place", "country", "near_place", "admin1"]
    assert out["location_uncertainty_km"].fillna(-1).tolist() == [5, -1, 25, -1]
    assert out["flags"].tolist() == ["", "no_coordinates", "", ""]
    assert out["category"][0] == "Assassination"
    assert out["country_stated"][2] == "Mexico"
    assert out["fatalities_best"].fillna(-1).tolist() == [1, 0, -1, 0.5]


@pytest.mark.parametrize("module", [ucdp, acled, gdelt, gtd])
def test_a_forced_source_names_what_is_missing(module: Any) -> None:
    name = module.__name__.rpartition(".")[2]
    frame = pd.DataFrame({"latitude": [1.0], "longitude": [2.0]})
    with pytest.raises(ValueError, match=f"'{name}' needs columns that are missing here: "):
        read_events(frame, source=name)


def test_a_source_can_be_overridden() -> None:
    out = read_events(ucdp_frame(), source="table")
    assert out["source"].tolist() == ["table"] * 3
    assert out["location_precision"].isna().all()
    assert out.attrs["geo_risk"]["recognised"] is False
    frame = acled_frame().rename(columns={"event_date": "when"})
    out = read_events(frame, source="acled", columns={"date": "when"})
    assert str(out["date_start"][0].date()) == "2022-10-22"


def test_the_page_on_events_tells_every_field_term_and_flag() -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    terms = [*FLAGS, *DATE_PRECISIONS, *LOCATION_PRECISIONS, *(field.name for field in FIELDS)]
    missing = [term for term in terms if f"| `{term}` |" not in page]
    assert not missing
    for module, column in ((ucdp, "where_prec"), (acled, "geo_precision"), (gtd, "specificity")):
        line = next(line for line in page.splitlines() if f"`{column}` |" in line)
        for code, meaning in module.LOCATION_CODES.items():
            assert f"{code} → {meaning.precision}" in line
