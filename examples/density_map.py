"""How dense are earthquakes per km², smoothed on the sphere and evaluated on H3 cells?"""

import geopandas
import matplotlib.pyplot as plt
from matplotlib.colors import LogNorm

from geo_risk import cells, hotspots
from geo_risk.demo import earthquakes

events = earthquakes()  # one week, worldwide (USGS)
box = events["lon"].between(-125, -113) & events["lat"].between(32, 43)
events = events[box & (events["category"] == "earthquake") & (events["magnitude"] >= 0.5)]

grid = cells.study_grid((-125, 32, -113, 43), resolution=5)
at_lon, at_lat = cells.cell_centers(grid)
where = {"lon": events["lon"], "lat": events["lat"], "at_lon": at_lon, "at_lat": at_lat}
results = {
    "cross-validated": hotspots.kde(**where),
    "adaptive": hotspots.kde(**where, adaptive=True),
    "50 km": hotspots.kde(**where, bandwidth_km=50.0),
}
exact, fast = results["50 km"], hotspots.kde(**where, bandwidth_km=50.0, truncate=1e-6)
print(f"{len(events)} events, {grid.size} cells; cross-validated bandwidth ", end="")
print(f"{results['cross-validated'].bandwidth_km:.1f} km")
h = results["adaptive"].event_bandwidth_km
print(f"adaptive bandwidths from {h.min():.1f} to {h.max():.1f} km")
peak = exact.density.max()
lost = (exact.density - fast.density).max() / peak
print(f"truncation took {lost:.1e} of the peak, at most {fast.error_bound / peak:.1e}")

shapes = geopandas.GeoSeries(cells.cell_polygons(grid), crs="EPSG:4326").to_crs("EPSG:3310")
figure, axes = plt.subplots(1, 3, figsize=(10.5, 4.2), layout="constrained")
norm, colours = LogNorm(1e-4, 1.0, clip=True), plt.get_cmap("YlOrRd")
for axis, (name, result) in zip(axes, results.items()):
    shapes.plot(ax=axis, color=colours(norm(result.intensity)))
    axis.set_title(name, fontsize=11)
    axis.set_axis_off()
figure.colorbar(plt.cm.ScalarMappable(norm, colours), ax=axes, label="events per km², one week")
figure.savefig("kde.png", dpi=80)
