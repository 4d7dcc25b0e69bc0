"""Large, packed and broken files: chunk by chunk, flat, and nothing lost."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from paths import shared

from geo_risk.errors import DataCorruptError, DataNotFoundError
from geo_risk.events import archives, gdelt, iter_events, lines as line_source, read_events

MALFORMED = {"too_few_fields", "too_many_fields", "unreadable_row"}


def write_csv(path: Path, rows: int) -> Path:
    lines = (
        f"e{i},2020-01-{i % 28 + 1:02d},{i % 180},{i % 89 + 1},note {i}\n" for i in range(rows)
    )
    path.write_text("id,date,lon,lat,note\n" + "".join(lines))
    return path


def test_chunks_add_up_to_the_whole(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "e.csv", 1000)
    whole = read_events(path)
    chunks = list(iter_events(path, chunk_rows=300))
    assert [len(chunk) for chunk in chunks] == [300, 300, 300, 100]
    together = pd.concat(chunks)
    fields = list(whole.columns)[:16]
    pd.testing.assert_frame_equal(
        pd.DataFrame(together[fields]), pd.DataFrame(whole[fields]), check_index_type=False
    )
    assert all(list(chunk.columns) == list(chunks[0].columns) for chunk in chunks)
    assert all((chunk.dtypes == chunks[0].dtypes).all() for chunk in chunks)


@pytest.mark.parametrize("geometry", [False, True])
def test_parquet_in_chunks(tmp_path: Path, geometry: bool) -> None:
    frame = pd.DataFrame({"id": range(10), "lon": np.arange(10.0), "lat": np.arange(10.0) + 1})
    if geometry:
        points = gpd.points_from_xy(frame["lon"], frame["lat"])
        frame = gpd.GeoDataFrame(frame[["id"]], geometry=points, crs=4326).to_crs(3857)
    frame.to_parquet(tmp_path / "e.parquet")
    chunks = list(iter_events(tmp_path / "e.parquet", chunk_rows=4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    out = pd.concat(chunks)
    assert out.index.tolist() == list(range(10))
    np.testing.assert_allclose(out.geometry.x, np.arange(10.0), atol=1e-9)
    frame.iloc[:0].to_parquet(tmp_path / "none.parquet")
    assert [len(chunk) for chunk in iter_events(tmp_path / "none.parquet")] == [0]


def test_the_order_of_dates_is_decided_once(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(
        "lon,lat,date\n1,2,2020-01-01\n1,2,05/05/2020\n1,2,01/13/2020\n1,2,01/02/2020\n"
    )
    out = pd.concat(list(iter_events(path, chunk_rows=1)))
    assert [str(day.date()) for day in out["date_start"]] == [
        "2020-01-01",
        "2020-05-05",
        "2020-01-13",
        "2020-01-02",
    ]
    path.write_text("lon,lat,date\n1,2,13/01/2020\n1,2,01/13/2020\n")
    out = pd.concat(list(iter_events(path, chunk_rows=1)))
    assert out["flags"].tolist() == ["", "bad_date"]


def test_a_file_without_rows_gives_one_chunk(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("id,lon,lat\n")
    assert [len(chunk) for chunk in iter_events(tmp_path / "e.csv")] == [0]


def test_what_cannot_be_streamed(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="does not exist"):
        iter_events(tmp_path / "nowhere.csv")
    path = tmp_path / "e.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(ValueError, match=r"Cannot stream e\.geojson"):
        iter_events(path)
    for wrong, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="Invalid chunk_rows"):
            iter_events(path, chunk_rows=wrong)  # type: ignore[arg-type]
    path = tmp_path / "empty.csv"
    path.write_text("")
    with pytest.raises(ValueError, match="does not even have a header"):
        iter_events(path)


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(line_source, "_BLOCK", 2**14)

    def peak(rows: int) -> int:
        path = write_csv(tmp_path / f"{rows}.csv", rows)
        tracemalloc.start()
        try:
            for chunk in iter_events(path, chunk_rows=1000):
                assert len(chunk)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2000)  # imports
    small, large = peak(4_000), peak(12_000)
    assert large < 1.2 * small


def test_malformed_gdelt_lines_are_kept_among_good_ones(tmp_path: Path) -> None:
    source = shared("data/events/gdelt2_20191024143000.export.CSV")
    good = source.read_bytes().splitlines()
    breaks = {
        0: lambda line: line[: len(line) // 2],
        1: lambda line: line + b"\textra",
        2: lambda _: b"garbage",
        3: lambda line: line.replace(b"\t", b" ", 7),
    }
    rng = np.random.default_rng(7)
    lines, bad = [], []
    for i in range(10_000):
        line = good[i % len(good)]
        bad.append(bool(rng.random() < 0.1))
        lines.append(breaks[i % 4](line) if bad[-1] else line)
    path = tmp_path / "x.export.CSV"
    path.write_bytes(b"\n".join(lines) + b"\n")
    out = pd.concat(list(iter_events(path, chunk_rows=3000)))
    assert len(out) == len(lines)
    told = np.array([bool(set(text.split(";")) & MALFORMED) for text in out["flags"]])
    assert told.tolist() == bad
    assert out["malformed_text"].notna().tolist() == bad
    assert out.loc[told, "event_id"].isna().all()
    assert out["event_id"][~told].tolist() == [
        line.split(b"\t")[0].decode() for line, broken in zip(lines, bad) if not broken
    ]
    broken = [line.decode() for line, broken in zip(lines, bad) if broken]
    assert out["malformed_text"][told].tolist() == broken


def test_a_quote_that_stays_open_costs_one_line(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    body = "".join(f"{i},1,2,text\n" for i in range(5000))
    path.write_text('id,lon,lat,note\n0,1,2,"never closed\n' + body)
    out = read_events(path)
    assert len(out) == 5001
    assert out["flags"].iloc[0] == "unreadable_row"
    assert set(out["flags"].iloc[1:]) <= {"", "duplicate_id"}
    note = out.attrs["geo_risk"]["notes"][-1]
    assert "1 malformed lines" in note
    assert "line 2" in note


def test_records_of_several_lines_and_very_long_fields(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(
        'id,lon,lat,note\na,1,2,"two\nlines, ""quoted"""\nb,3,4,' + "x" * 200_000 + "\n"
    )
    out = read_events(path)
    assert out["note"].tolist() == ['two\nlines, "quoted"', "x" * 200_000]
    assert out["flags"].tolist() == ["", ""]


def test_short_lines_and_surplus_delimiters(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("id,lon,lat,note\na,1,2,x,,\nb,1,2\nc,1,2,x,y\n   \nd,1,2,\n")
    out = read_events(path)
    assert out["flags"].tolist() == ["", "too_few_fields", "too_many_fields", ""]
    assert out.geometry.isna().tolist() == [False, True, True, False]
    assert out["malformed_text"].tolist()[1:3] == ["b,1,2", "c,1,2,x,y"]


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(line_source, "_LONGEST_LINE", 50_000)
    monkeypatch.setattr(line_source, "_BLOCK", 1000)
    path = tmp_path / "e.csv"
    path.write_text("id,lon,lat\n" + "x" * 100_000)
    with pytest.raises(ValueError, match="a line of more than 50000 characters"):
        read_events(path)


# archives ----------------------------------------------------------------------------------------


def bomb(rows: int = 40) -> bytes:
    return b"lon,lat,note\n" + (b"1,2," + b"0" * 100_000 + b"\n") * rows


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(archives, "RATIO_ALLOWANCE", 2**20)
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("e.csv", bomb())
    assert path.stat().st_size < 10_000
    for read in (read_events, lambda p: list(iter_events(p))):
        with pytest.raises(ValueError, match=r"e\.zip unpacks to more than 100 times its size"):
            read(path)


def test_a_zip_bomb_that_understates_itself(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(archives, "RATIO_ALLOWANCE", 2**20)
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("e.csv", bomb())
    data = bytearray(path.read_bytes())
    size = struct.pack("<I", len(bomb()))
    assert data.count(size) == 2  # the local header and the directory
    path.write_bytes(bytes(data).replace(size, struct.pack("<I", 1000)))
    with pytest.raises((ValueError, DataCorruptError), match=r"damaged|cut short|100 times"):
        read_events(path)


def test_a_gzip_bomb_stops_while_it_unpacks(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(archives, "RATIO_ALLOWANCE", 2**20)
    path = tmp_path / "e.csv.gz"
    path.write_bytes(gzip.compress(bomb()))
    with pytest.raises(ValueError, match=r"100 times its size"):
        read_events(path)


def test_the_absolute_limit(tmp_path: Path) -> None:
    path = tmp_path / "e.csv.gz"
    path.write_bytes(gzip.compress(bomb(5)))
    assert len(read_events(path)) == 5
    with pytest.raises(ValueError, match=r"more than 100000 bytes.*max_unpacked_bytes="):
        read_events(path, max_unpacked_bytes=100_000)


def test_a_workbook_may_be_a_bomb_too(tmp_path: Path) -> None:
    path = tmp_path / "e.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/sharedStrings.xml", b"0" * 1_000_000)
    with pytest.raises(ValueError, match="more than 500000 bytes"):
        read_events(path, max_unpacked_bytes=500_000)


def test_an_encrypted_archive(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("e.csv", "lon,lat\n1,2\n")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ValueError, match="is encrypted"):
        read_events(path)


def test_headerless_gdelt_is_told_from_other_tab_files() -> None:
    assert gdelt.headerless_names([]) is None
    assert gdelt.headerless_names(["a\tb\n"]) is None
    line = "\t".join(["1", "20200101", *["x"] * 59])
    assert gdelt.headerless_names([line, line, "junk"]) == list(gdelt.COLUMN_NAMES)
    assert gdelt.headerless_names([line, "junk", "junk"]) is None
