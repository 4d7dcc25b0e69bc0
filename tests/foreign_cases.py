"""Files that would have GDAL fetch an address or open another file, and what watches for it."""

from __future__ import annotations

import gzip
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import geopandas
import shapely

import geo_risk as gr
from geo_risk.errors import GeoRiskError

SENTINEL = "kept-elsewhere"
READERS = {"events": gr.read_events, "layers": gr.load_regions}


class Elsewhere(NamedTuple):
    """An address and a file that nobody asked for."""

    url: str
    requests: list[str]
    path: Path


@contextmanager
def watched(folder: Path) -> Iterator[Elsewhere]:
    """A server that counts its requests, and a file with a secret in a folder."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(path.read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    path = folder / "secret.geojson"
    frame = geopandas.GeoDataFrame(
        {"name": [SENTINEL]}, geometry=[shapely.box(1, 1, 2, 2)], crs="EPSG:4326"
    )
    path.write_text(frame.to_json())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Elsewhere(f"http://127.0.0.1:{server.server_port}", requests, path)
    finally:
        server.shutdown()
        server.server_close()


GML = (
    '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:x="http://e.org/x"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"%s><gml:featureMember><x:a>'
    "<x:name>b</x:name><x:geometry><gml:Polygon%s><gml:outerBoundaryIs><gml:LinearRing>"
    "<gml:coordinates>0,0 1,0 1,1 0,0</gml:coordinates></gml:LinearRing></gml:outerBoundaryIs>"
    "</gml:Polygon></x:geometry>%s</x:a></gml:featureMember></gml:FeatureCollection>"
)
VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{source}</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>"
)
KML = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{link}<Placemark><name>b</name>{style}'
    "<Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates>"
    "</LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>"
)
CAPABILITIES = (
    '<{tag} version="1.1.0" service="{service}" xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<OperationsMetadata><Operation name="GetFeature"><DCP><HTTP><Get xlink:href="{url}/caps?"/>'
    "</HTTP></DCP></Operation></OperationsMetadata><FeatureTypeList><FeatureType><Name>a</Name>"
    "</FeatureType></FeatureTypeList></{tag}>"
)
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


def collection(**members: object) -> str:
    feature = {"type": "Feature", "properties": {"name": "b"}, "geometry": SQUARE}
    return json.dumps({"type": "FeatureCollection", **members, "features": [feature]})


def texts(at: Elsewhere) -> dict[str, str]:
    """What is tried, by its kind."""
    url, path = at.url, at.path
    link = {"type": "link", "properties": {"href": f"{url}/crs"}}
    steps = f"gdal vector pipeline read {path} ! write stream --of MEM"
    return {
        "vrt of a file": VRT.format(source=path),
        "vrt of an address": VRT.format(source=f"/vsicurl/{url}/a.geojson"),
        "vrt of a service": VRT.format(source=f"WFS:{url}/a"),
        "wfs source": f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>",
        "csw source": f"<OGRCSWDataSource><URL>{url}/csw</URL></OGRCSWDataSource>",
        "oapif source": f"<OGROAPIFDataSource><URL>{url}/o</URL></OGROAPIFDataSource>",
        "wfs": CAPABILITIES.format(tag="WFS_Capabilities", service="WFS", url=url),
        "wfs 2": CAPABILITIES.format(tag="wfs:WFS_Capabilities", service="WFS", url=url),
        "csw": CAPABILITIES.format(tag="csw:Capabilities", service="CSW", url=url),
        "schema": GML % (f' xsi:schemaLocation="http://e.org/x {url}/a.xsd"', "", ""),
        "schema file": GML % (f' xsi:schemaLocation="http://e.org/x {path}"', "", ""),
        "srs": GML % ("", f' srsName="{url}/srs"', ""),
        "xlink": GML % ("", "", f'<x:other xlink:href="{url}/other#a"/>'),
        "xlink file": GML % ("", "", f'<x:other xlink:href="{path}#a"/>'),
        "entity": f'<!DOCTYPE a [<!ENTITY e SYSTEM "{path}">]>' + GML % ("", "", "<x:b>&e;</x:b>"),
        "entity url": f'<!DOCTYPE a [<!ENTITY e SYSTEM "{url}/e">]>'
        + GML % ("", "", "<x:b>&e;</x:b>"),
        "doctype": f'<!DOCTYPE a SYSTEM "{url}/dtd">' + GML % ("", "", ""),
        "stylesheet": f'<?xml-stylesheet href="{url}/style"?>' + GML % ("", "", ""),
        "vrt inside": GML % ("", "", VRT.format(source=path)),
        "network link": KML.format(
            link=f"<NetworkLink><Link><href>{url}/a.kml</href></Link></NetworkLink>", style=""
        ),
        "style": KML.format(link="", style=f"<styleUrl>{url}/s.kml#a</styleUrl>"),
        "crs link": collection(crs=link),
        "crs link of type": collection(crs={**link, "type": "name"}),
        "crs name": collection(crs={"type": "name", "properties": {"name": f"{url}/crs"}}),
        "json-fg": collection(coordRefSys=f"{url}/crs", conformsTo=[f"{url}/json-fg-1"]),
        "pipeline": json.dumps({"type": "gdal_streamed_alg", "command_line": steps}),
        "pipeline after": collection(command_line=steps, note="gdal_streamed_alg"),
        "tilejson": json.dumps({"tilejson": "2.0", "tiles": [f"{url}/{{z}}/{{x}}/{{y}}.pbf"]}),
        "next page": collection(links=[{"rel": "next", "href": f"{url}/next"}],
                                exceededTransferLimit=True),
        "stac": collection(stac_version="1.0.0", assets={"a": {"href": f"{url}/a.tif"}}),
        "planet": collection(_links={"_next": f"{url}/next"}, item_types=[]),
    }  # fmt: skip


KINDS = list(texts(Elsewhere("", [], Path())))
DISGUISES = {
    "plain": str.encode,
    "comment": lambda text: f"<!-- {'x' * 3000} -->{text}".encode(),
    "padding": lambda text: (" \n" * 5000 + text).encode(),
    "mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "declared": lambda text: f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "behind a magic number": lambda text: b"SQLite format 3\x00" + text.encode(),
    "behind an index": lambda text: b"fgb\x03fgb\x00" + text.encode(),
    "behind a header": lambda text: b"\x00\x00\x27\x0a" + text.encode(),
}
ENDINGS = (".gml", ".kml", ".geojson", ".json", ".topojson", ".gpkg", ".fgb", ".shp", ".parquet",
           ".vrt", ".xml", ".tab", ".mif", ".dxf", "")  # fmt: skip


def tried(reader: str, path: Path) -> None:
    """Read a file; the only error there may be is one of ours, or of a bad argument."""
    try:
        found = READERS[reader](path)
        table = found if reader == "events" else found.columns
        told = str({name: list(table[name]) for name in table})
    except (ValueError, GeoRiskError) as error:
        told = str(error)
    assert SENTINEL not in told


def written(path: Path, raw: bytes, packing: str) -> Path:
    if packing == "zip":
        archive = path.with_suffix(".zip")
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr(path.name, raw)
        return archive
    if packing == "gz":
        raw, path = gzip.compress(raw), path.with_name(path.name + ".gz")
    path.write_bytes(raw)
    return path
