"""Where in Italy are places dense or sparse? Gi* with two exact p-values and the normal one."""

import geopandas
import matplotlib.pyplot as plt
from matplotlib.colors import ListedColormap

import geo_risk as gr
from geo_risk import cells, hotspots
from geo_risk.places import load_gazetteer

# Counts in every H3 cell of the country, including empty ones; a cell has about 250 km².
regions = gr.load_regions().table
italy = regions[regions["country_code"] == "ITA"].geometry
grid = cells.study_grid(italy, resolution=5)
places = load_gazetteer()
located = cells.h3_cells(lon=places.lon, lat=places.lat, resolution=5)
counts = cells.count_in_cells(located, grid).counts
weights = cells.neighbor_graph(grid)
print(f"{counts.sum()} places in {grid.size} cells, {(counts == 0).sum()} of them empty")

colours = {
    "hot": "#b2182b",
    "cold": "#2166ac",
    "not significant": "#e4dfd3",
    "isolated": "#8c8c8c",
}
shapes = geopandas.GeoSeries(cells.cell_polygons(grid), crs="EPSG:4326").to_crs("EPSG:3035")
shades = ListedColormap(list(colours.values()))
ways = {"exact": {}, "exact, null='total'": {"null": "total"}, "normal": {"p_method": "analytic"}}
figure, axes = plt.subplots(1, 3, figsize=(11, 4.6), layout="constrained")
for axis, (name, options) in zip(axes, ways.items()):
    result = hotspots.gi_star(counts, weights, **options)  # exact: the default for counts
    found = {label: int((result.hotspot == label).sum()) for label in colours}
    print(f"{name}: {found}")
    code = [list(colours).index(label) for label in result.hotspot]
    frame = geopandas.GeoDataFrame({"code": code}, geometry=shapes)
    frame.plot("code", ax=axis, cmap=shades, vmin=-0.5, vmax=3.5, edgecolor="white", linewidth=0.2)
    axis.set_title(f"{name}: {found['hot']} hot, {found['cold']} cold", fontsize=11)
    axis.set_axis_off()
figure.savefig("gi_star.png", dpi=80)
