"""A system that is of no place on the map is named, whatever file or frame states it."""

from __future__ import annotations

import geopandas
import pytest
import shapely

import geo_risk as gr
from geo_risk._core.frames import check_frame
from geo_risk.maps._given import as_frame

_MOON = (
    'GEOGCS["Moon 2000",DATUM["D_Moon_2000",SPHEROID["Moon_2000_IAU_IAG",1737400.0,0.0]],'
    'PRIMEM["Reference_Meridian",0.0],UNIT["Degree",0.0174532925199433]]'
)
NO_PLACE = {
    "Moon 2000": _MOON,
    "Moon EC": f'PROJCS["Moon EC",{_MOON},PROJECTION["Equidistant_Cylindrical"],UNIT["metre",1]]',
    "Building A": 'LOCAL_CS["Building A",LOCAL_DATUM["x",0],UNIT["metre",1],AXIS["x",EAST],'
    'AXIS["y",NORTH]]',
    "EGM96 height": "EPSG:5773",
    "WGS 84": "EPSG:4978",  # from the Earth's centre
}


@pytest.mark.parametrize(
    ("way", "name"),
    [(way, name) for way in ("frame", ".shp", ".gpkg", ".fgb", ".parquet") for name in NO_PLACE
     if way != ".shp" or not NO_PLACE[name].startswith("EPSG")],
)  # fmt: skip
@pytest.mark.parametrize("read", [gr.read_events, gr.load_regions])
def test_a_system_of_no_place_on_the_map_is_named(tmp_path, read, way, name):
    frame = geopandas.GeoDataFrame({"id": [1]}, geometry=[shapely.box(5, 5, 6, 6)])
    source, path = frame.set_crs(NO_PLACE[name]), tmp_path / f"a{way}"
    if way == ".parquet":
        source.to_parquet(path)
    elif way == ".shp":
        frame.set_crs("EPSG:4326").to_file(path)
        path.with_suffix(".prj").write_text(NO_PLACE[name])
    elif way != "frame":
        source.to_file(path)
    told = f"Invalid source: its CRS '{name}' cannot be transformed to longitude and latitude"
    with pytest.raises(ValueError, match=told):
        read(source if way == "frame" else path)


@pytest.mark.parametrize("name", NO_PLACE)
@pytest.mark.parametrize("verb", [check_frame, as_frame])
def test_a_frame_of_no_place_on_the_map_is_named(verb, name):
    frame = geopandas.GeoDataFrame({"id": [1]}, geometry=[shapely.Point(5, 5)])
    told = f"Invalid events: its CRS '{name}' cannot be transformed to longitude and latitude"
    with pytest.raises(ValueError, match=told):
        verb(frame.set_crs(NO_PLACE[name]), "events")
