"""Are earthquakes that are near in space also near in time? The near-repeat matrix."""

import matplotlib.pyplot as plt
import numpy as np

from geo_risk import hotspots
from geo_risk.demo import earthquakes

events = earthquakes()  # one week, worldwide (USGS)
box = events["lon"].between(-125, -113) & events["lat"].between(32, 43)
events = events[box & (events["category"] == "earthquake") & (events["magnitude"] >= 0.5)]

distance_km, hours = [1, 2, 5, 10, 20, 50], [1, 3, 6, 12, 24, 48]
result = hotspots.knox(
    lon=events["lon"],
    lat=events["lat"],
    time=events["time"],
    distance_km=distance_km,
    interval=np.array(hours) / 24,  # for dates the unit is days
    permutations=999,
    seed=1,
)
print(f"{result.n_events} events, {result.space_pairs[0]} pairs within 1 km")
print(f"within 1 km and 1 hour: {result.observed[0, 0]}, expected {result.expected[0, 0]:.1f}")
p, poisson = result.p_value[0, 0], result.p_poisson[0, 0]
print(f"z = {result.z[0, 0]:.1f}, p = {p:.3f} (Poisson: {poisson:.0e})")

figure, axis = plt.subplots(figsize=(6.4, 4), layout="constrained")
ratio = result.band_ratio
picture = axis.imshow(np.log2(ratio), cmap="RdBu_r", vmin=-2.5, vmax=2.5, aspect="auto")
for (i, j), value in np.ndenumerate(ratio):
    star = "*" if result.band_p_value[i, j] <= 0.05 else ""
    colour = "white" if value > 4 else "black"
    axis.text(j, i, f"{value:.1f}{star}", ha="center", va="center", color=colour)
axis.set_xticks(range(6), [f"≤ {h} h" for h in hours])
axis.set_yticks(range(6), [f"≤ {d} km" for d in distance_km])
axis.set_title("pairs observed / expected (* p ≤ 0.05)", fontsize=11)
figure.colorbar(picture, label="log2 of the ratio")
figure.savefig("knox.png", dpi=85)
