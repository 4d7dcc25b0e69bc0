"""What share of Italy's places is named after a saint? Raw and smoothed rates."""

import geopandas
import matplotlib.pyplot as plt
import numpy as np

import geo_risk as gr
from geo_risk import cells, hotspots
from geo_risk.places import load_gazetteer

regions = gr.load_regions().table
grid = cells.study_grid(regions[regions["country_code"] == "ITA"].geometry, resolution=5)
places = load_gazetteer()
start, stop = places.countries["ITA"]
names = [places.primary_name(place) for place in range(start, stop)]
saints = np.array([n.startswith(("San ", "Santa ", "Sant’", "Sant'", "Santo ")) for n in names])
located = cells.h3_cells(lon=places.lon[start:stop], lat=places.lat[start:stop], resolution=5)

# Only cells with a place have a rate; the others are also removed as neighbours.
everything = cells.count_in_cells(located, grid).counts
grid = grid[everything > 0]
total = cells.count_in_cells(located, grid).counts
named = cells.count_in_cells(located[saints], grid).counts
weights = cells.neighbor_graph(grid)
print(f"{named.sum()} of {total.sum()} places ({named.sum() / total.sum():.1%}), {grid.size} cells")

result = hotspots.eb_rates(named, total, weights)
for name, rate in (("raw", result.raw), ("smoothed", result.rate)):
    few = rate[total <= 3]
    print(f"{name}: highest {rate.max():.0%}; of {few.size} cells with <= 3 places {few.max():.0%}")
z = hotspots.standardized_rates(named, total)
print(f"Moran's I of the standardised rates: z = {hotspots.moran(z, weights).z:.1f}")

figure, axes = plt.subplots(1, 2, sharey=True, figsize=(9, 5.4), layout="constrained")
shapes = geopandas.GeoSeries(cells.cell_polygons(grid), crs="EPSG:4326").to_crs("EPSG:3035")
for axis, rate, name in zip(axes, (result.raw, result.rate), ("raw", "smoothed")):
    shapes.plot(ax=axis, color=plt.get_cmap("YlGnBu")(np.minimum(rate / 0.4, 1.0)))
    axis.set_title(f"{name} rates, pale 0 to dark 40 % and more", fontsize=11)
    axis.set_axis_off()
figure.savefig("rates.png", dpi=85)
