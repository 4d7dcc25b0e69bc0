"""How do I use my own districts like the bundled layer: repaired, named and nested?"""

import geopandas
import shapely

import geo_risk as gr

# Two adjacent districts with a gap of 0.4 m; one has no code, both have the same name.
frame = geopandas.GeoDataFrame(
    {"pcode": ["AF1501", None], "district": ["Baharak", "Baharak"]},
    geometry=[shapely.box(69.0, 36.5, 69.5, 37.0), shapely.box(69.500004, 36.5, 70.0, 37.0)],
    crs="EPSG:4326",
)
layer = gr.load_regions(
    frame, level=2, code="pcode", name="district", parent_layer=gr.load_regions()
)
print(layer.report)
print(layer.columns["region_code"], layer.columns["country_code"], layer.columns["parent_code"])
print("neighbours of AF1501:", layer.neighbors("AF1501"))
for piece in layer.report.nesting:
    print(f"{piece.region_code}: {piece.share:.0%} of it lies in {piece.parent_code}")

events = gr.read_events([{"lon": 69.53451, "lat": 36.73605}])  # Taloqan
print(gr.geocode(events, layer)[["region_code", "region_name", "match"]].to_string(index=False))
