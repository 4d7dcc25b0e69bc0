"""Where did earthquakes start, persist or fade within a week? Emerging hot spots."""

from collections import Counter

import numpy as np

from geo_risk import cells, hotspots
from geo_risk.demo import earthquakes

events = earthquakes()  # 31 January to 7 February 2018, worldwide (USGS)
events = events[events["category"] == "earthquake"]
grid = np.sort(cells.study_grid((-125, 32, -113, 43), resolution=5))  # including empty cells
located = cells.h3_cells(lon=events["lon"], lat=events["lat"], resolution=5)
inside = np.isin(located, grid)
unit = np.searchsorted(grid, located[inside])

# Cells x days. The first and the last day are incomplete and are excluded.
day = events["time"].to_numpy().astype("datetime64[D]")[inside]
first, last = np.datetime64("2018-02-01"), np.datetime64("2018-02-06")
cube, days = hotspots.space_time_cube(unit, day, grid.size, start=first, stop=last)
print(f"{cube.sum()} earthquakes in {grid.size} cells on {len(days)} days")

result = hotspots.emerging(cube, cells.neighbor_graph(grid))
for category, count in Counter(result.category).most_common():
    print(f"{count:5d} cells: {category}")
lon, lat = cells.cell_centers(grid)
for cell in np.flatnonzero(result.category != "no pattern detected"):
    where = f"{lat[cell]:.1f} N {-lon[cell]:.1f} W"
    print(f"{result.category[cell]} at {where}, earthquakes by day: {cube[cell].tolist()}")
