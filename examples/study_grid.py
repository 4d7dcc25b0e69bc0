"""How many events per cell, including empty cells, and which cells are at the edge?"""

import geopandas
import matplotlib.pyplot as plt
import numpy as np

import geo_risk as gr
from geo_risk import cells

# Takhar and Badakhshan in north-east Afghanistan; at H3 resolution 5 a cell has about 290 km².
regions = gr.load_regions().table.set_index("region_code")
area = regions.geometry[["AF-TAK", "AF-BDS"]]
grid = cells.study_grid(area, resolution=5)

# Reports near Taloqan, Khwaja Ghar and Fayzabad, one far away, one without a location.
lon = np.array([69.53, 69.54, 69.42, 70.58, 65.0, np.nan])
lat = np.array([36.74, 36.73, 37.07, 37.12, 34.0, 36.7])
counted = cells.count_in_cells(cells.h3_cells(lon=lon, lat=lat, resolution=5), grid)
print(f"{grid.size} cells, {(counted.counts == 0).sum()} of them without events")
print(f"{counted.outside} event outside the study area, {counted.missing} without a place")

km2 = cells.cell_areas_km2(grid)
print(f"cells of {km2.min():.0f} to {km2.max():.0f} km²; true areas are the exposure of a rate")

missing = cells.neighbors_missing(grid)
print(f"{(missing > 0).sum()} cells at the edge miss {missing[missing > 0].mean():.1f} neighbours")

figure, axis = plt.subplots(figsize=(6.5, 4.4), layout="constrained")
shapes = geopandas.GeoSeries(cells.cell_polygons(grid), crs="EPSG:4326")
frame = geopandas.GeoDataFrame({"missing": missing}, geometry=shapes)
frame.plot("missing", ax=axis, cmap="Blues", edgecolor="white", vmax=5, legend=True,
           legend_kwds={"label": "neighbours outside the study area"})  # fmt: skip
area.boundary.plot(ax=axis, color="black", linewidth=0.8)
axis.plot(lon[:4], lat[:4], ".", color="#b2182b", markersize=9)
axis.set(xlim=(68.8, 75.2), ylim=(35.2, 38.8), xlabel="longitude", ylabel="latitude")
figure.savefig("study_area.png", dpi=85)
