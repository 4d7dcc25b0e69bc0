"""Which Italian cells differ from their surroundings in population? Local Moran's I."""

import geopandas
import matplotlib.pyplot as plt
import numpy as np

import geo_risk as gr
from geo_risk import cells, hotspots
from geo_risk.places import load_gazetteer

regions = gr.load_regions().table
grid = cells.study_grid(regions[regions["country_code"] == "ITA"].geometry, resolution=5)
places = load_gazetteer()
located = cells.h3_cells(lon=places.lon, lat=places.lat, resolution=5)
counted = cells.count_in_cells(located, grid)
inside = counted.position >= 0
people = np.bincount(counted.position[inside], places.population[inside], minlength=grid.size)
value = np.log10(people[people > 0])  # a measurement, not a count: simulate
grid = grid[people > 0]
weights = cells.neighbor_graph(grid)

whole = hotspots.moran(value, weights)
print(f"{grid.size} cells; global Moran's I {whole.statistic:.2f}, z = {whole.z:.1f}")
result = hotspots.local_moran(value, weights, permutations=9999, seed=1)
colours = {"HH": "#b2182b", "HL": "#f4a582", "LH": "#92c5de", "LL": "#2166ac"}
colours |= {"not significant": "#e4dfd3", "isolated": "#8c8c8c"}
colour = np.array([colours[label] for label in result.quadrant])
print({label: int((result.quadrant == label).sum()) for label in colours})

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 5), layout="constrained")
shapes = geopandas.GeoSeries(cells.cell_polygons(grid), crs="EPSG:4326").to_crs("EPSG:3035")
shapes.plot(ax=left, color=colour)
left.set_axis_off()
lag = weights @ (value - value.mean()) / np.maximum(result.n_neighbors, 1)
right.scatter(value - value.mean(), lag, s=6, c=colour)
right.axhline(0, color="black", lw=0.6)
right.axvline(0, color="black", lw=0.6)
right.set(xlabel="log10 population, from the mean", ylabel="mean of the neighbours, from the mean")
figure.savefig("local_moran.png", dpi=85)
