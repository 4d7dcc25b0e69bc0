"""How many events per cell, the empty cells counted too, and which cells lie at the edge?"""

import numpy as np

from geo_risk import cells

# Takhar and Badakhshan in north-east Afghanistan, roughly; H3 resolution 5: 250 km² a cell.
area = (69.0, 35.8, 74.0, 38.6)
grid = cells.study_grid(area, resolution=5)

# Reports near Taloqan, Khwaja Ghar and Fayzabad, one far away, one without a place.
lon = np.array([69.53, 69.54, 69.42, 70.58, 65.0, np.nan])
lat = np.array([36.74, 36.73, 37.07, 37.12, 34.0, 36.7])
counted = cells.count_in_cells(cells.h3_cells(lon=lon, lat=lat, resolution=5), grid)

print(f"{grid.size} cells, {(counted.counts == 0).sum()} of them without events")
print(f"{counted.outside} event outside the study area, {counted.missing} without a place")

weights = cells.neighbor_graph(grid)
around = weights @ counted.counts + counted.counts
busiest = int(np.argmax(around))
print(f"most events in a cell and its neighbours: {around[busiest]:.0f}")
print(
    f"around {cells.cells_to_strings(grid)[busiest]}, {cells.cell_areas_km2(grid)[busiest]:.0f} km²"
)

edge = cells.neighbors_missing(grid) > 0
print(f"{edge.sum()} cells at the edge have neighbours outside the study area")
