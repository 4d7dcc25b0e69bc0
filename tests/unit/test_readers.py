"""Everything that opens a file: with which guard, and nothing that opens one is forgotten."""

from __future__ import annotations

import ast

import pytest
from paths import ROOT
from source_calls import callers, callers_in_package

MARKS = {
    "read_text", "read_bytes", "read_file", "read_dataframe", "read_arrow", "open_arrow",
    "list_layers", "read_info", "read_bounds", "read_parquet", "read_feather", "read_csv",
    "read_table", "read_excel", "ExcelFile", "read_sql", "read_pickle", "read_hdf", "read_orc",
    "read_stata", "read_xml", "read_html", "read_schema", "read_metadata", "ParquetFile",
    "ParquetDataset", "RecordBatchFileReader", "open_file", "memory_map", "memmap", "mmap",
    "fromfile", "loadtxt", "genfromtxt", "ZipFile", "TarFile", "GzipFile", "LZMAFile", "BZ2File",
    "connect", "CDLL", "from_file",
}  # fmt: skip
LOADERS = {"np", "numpy", "json", "pickle", "joblib", "tomllib"}
"""Modules whose `load` reads a file."""


def reads(node: ast.AST) -> bool:
    """Whether a call opens a file that is there, or may: by its name and what it is called on."""
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    owner = getattr(getattr(node.func, "value", None), "id", "")
    if name == "load":
        return owner in LOADERS
    if name in {"read_json", "read"}:
        return owner in {"pd", "pandas"}
    return name in MARKS or (name == "open" and owner != "webbrowser")


@pytest.mark.parametrize(
    "line",
    ["open(path)", "path.open('rb')", "gpd.read_file(p)", "geopandas.read_parquet(p)",
     "pyogrio.read_dataframe(p)", "pyogrio.list_layers(p)", "pd.read_csv(p)", "pd.read_json(p)",
     "zipfile.ZipFile(p)", "gzip.open(p)", "np.load(p)", "json.load(file)", "np.memmap(p)",
     "sqlite3.connect(p)", "pq.ParquetFile(p)", "path.read_text()", "rasterio.open(p)",
     "pyarrow.feather.read_table(p)", "with lzma.open(p) as f: pass"],
)  # fmt: skip
def test_a_line_that_opens_a_file_is_seen(line):
    assert callers(f"class A:\n    def f(self):\n        {line}\n", "m", reads) == {"m.A.f"}


@pytest.mark.parametrize(
    "line", ["json.loads(t)", "path.exists()", "layer.load()", "formats.read_json(p)", "f.read()"]
)
def test_a_line_that_opens_none_is_not(line):
    assert callers(f"def f():\n    {line}\n", "m", reads) == set()


FOREIGN = "test_foreign_files.py"
OWN = "its own file, of known content"
# Every function that opens a file: the guard, and the test that holds it to that.
READERS = {
    # files of other people, of any content
    "_core.vector.read_vector": f"text to _geojson or _xml, never to GDAL: {FOREIGN}",
    "_core.vector.layers_of": f"first _check_binary: {FOREIGN}",
    "_core.vector._ending": "the first bytes",
    "_core.vector._check_binary": "the first bytes",
    "_core.vector._read_misnamed": f"no name is interpreted: {FOREIGN}",
    "_core.vector._check_end": "the last bytes",
    "_core.vector._read_zip": "check_zip; in memory: test_foreign_geometries.py",
    "_core.vector._packed": "in memory",
    "_core.geopackage.settled": f"bytes of the header; never GDAL: {FOREIGN}",
    "_core.geopackage._refuse_journal": "the first byte",
    "_core.geopackage._with_log": f"a copy, without extensions: {FOREIGN}",
    "_core.geopackage._connect": f"read-only, no extension, no ATTACH: {FOREIGN}",
    "_core.vector._with_gdal": f"only what is checked, in _sealed: {FOREIGN}",
    "_core.geoparquet.read_geoparquet": "first _check_geometries: test_foreign_geometries.py",
    "_core.geoparquet._check_geometries": "depth of WKB, names of CRS: test_foreign_geometries.py",
    "_core.geoparquet._check_texts": "is it UTF-8: test_foreign_geometries.py",
    "_core.shapefiles.check_shapefile": "the first bytes",
    "frames.tables.read_saved": "read_geoparquet; the schema",
    "events.archives.sniff": "the first bytes",
    "events.archives._is_workbook": "names in the archive",
    "events.archives.open_stream": "_Counted: test_events_stream.py",
    "events.archives._open_member": "_Counted, refuse_size: test_events_stream.py",
    "events.formats.read_parquet": "is it UTF-8; read_geoparquet: test_foreign_geometries.py",
    "events.formats.read_arrow": "frame_of_arrow validates: test_events_safety.py",
    "events.formats.read_json": "_core.geojson.parse_json",
    "events.formats.read_json_lines": "line by line; a broken one is a flagged row",
    "events.workbooks.read_excel": "_check_archive; bounded cells: test_events_workbooks.py",
    "events.workbooks._check_archive": "check_zip, no document type: test_events_workbooks.py",
    "events.workbooks._xlrd_sheets": "bounded by the format: 65,536 rows of 256 cells",
    "events.inputs._load_path": "asks formats.read_excel",
    "events.stream._parquet_chunks": "load checks each part",
    "events.plain.PlainText.parse": "lines in memory",
    "events.service.Service._once": "an answer, within limits: test_network.py",
    "regions._arrived.no_layer": "the first and last bytes: test_network.py",
    "regions._arrived._told_error": "a short answer in JSON: test_network.py",
    "_core.terminal._to_nobody": "the null device",
    "_core.terminal.opening": "the null device",
    "cli.events.assess": "the provenance that it just saved",
    "regions.download._once": "the part of a file that is there: test_regions_download.py",
    # what geo_risk wrote or brings itself
    "_core.cache._is_ours": OWN,
    "_core.cache.load_arrays": "checksum: test_cache.py",
    "_core.cache.store_arrays": "the file that it makes",
    "cli.output._opened": "the file that it makes",
    "_core.files._beside": "the file that it makes",
    "_core.files.sync": "reads nothing",
    "_core.files.sha256_of": "bytes, for their sum",
    "_core.products.registry": OWN,
    "_core.products.product_bytes": "checksum",
    "frames.saved._earlier_sums": OWN,
    "_core.kernel_files.KernelFiles.load": "first its checksum: test_kernel_files.py",
    "_core.kernel_files._file_sum": "sources of the package, for their sum",
    "cli.output.draw_maps": "maps that it just drew",
    "frames.saved._read_provenance": "a damaged one is told of: test_saved.py",
    "demo._table": OWN,
    "events.service.PageStore.__init__": OWN,
    "events.service.PageStore.pages": OWN,
    "maps._page._page": OWN,
    "places.gazetteer._read_members": OWN,
    "places.gazetteer._read_members.read": OWN,
    "regions._partial.Part.state": OWN,
    "regions._partial.Part._new": "no link followed: test_network.py",
    "regions._partial.Part.more": "no link followed: test_network.py",
    "regions._partial._hold": "a lock of this user's folder: test_network.py",
    "regions.download.fetch_record": OWN,
    "regions.geoboundaries._answer": OWN,
    "regions.sources._open_npz": OWN,
    "regions._packed.shipped_index": OWN,
}


def test_nothing_that_opens_a_file_is_forgotten():
    assert callers_in_package(reads) == set(READERS)


def test_gdal_is_asked_behind_one_door_only():
    asked = {"read_dataframe", "read_arrow", "open_arrow", "list_layers", "read_info",
             "read_bounds", "read_file"}  # fmt: skip
    for path in sorted((ROOT / "geo_risk").rglob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                 if isinstance(node, ast.Attribute) and node.attr in asked
                 and getattr(node.value, "id", "") in {"pyogrio", "geopandas", "gpd"}]  # fmt: skip
        assert not calls or path.name == "vector.py", path


def test_the_tests_named_are_there():
    told = {word.rstrip(",") for guard in READERS.values() for word in guard.split()}
    named = {word for word in told if word.startswith("test_")}
    assert named
    assert all((ROOT / "tests" / "unit" / name).is_file() for name in named), named
