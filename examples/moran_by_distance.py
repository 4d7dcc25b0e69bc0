"""How far does similarity extend? Global Moran's I of Italy's place counts, ring by ring."""

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse

import geo_risk as gr
from geo_risk import cells, hotspots
from geo_risk.places import load_gazetteer

regions = gr.load_regions().table
grid = cells.study_grid(regions[regions["country_code"] == "ITA"].geometry, resolution=5)
places = load_gazetteer()
located = cells.h3_cells(lon=places.lon, lat=places.lat, resolution=5)
counts = cells.count_in_cells(located, grid).counts

first = cells.neighbor_graph(grid)
for function in (hotspots.moran, hotspots.geary_c, hotspots.general_g):
    found = function(counts, first, permutations=999, seed=1)
    print(f"{function.__name__}: {found.statistic:.4f}, z = {found.z:.1f}, p = {found.p_value:.3f}")

rings, before = [], sparse.csr_array(first.shape)
for k in range(1, 21):
    within = cells.neighbor_graph(grid, k=k)
    rings.append(hotspots.moran(counts, within - before))
    before = within
distance = np.arange(1, 21) * np.sqrt(3.0) * 9.85  # ring to ring: sqrt(3) x mean edge, km
index = np.array([ring.statistic for ring in rings])
margin = 1.96 * np.sqrt([ring.variance for ring in rings])
print(f"no longer positive from {distance[index <= 0].min():.0f} km on")

figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
expected = rings[0].expectation
axis.fill_between(distance, expected - margin, expected + margin, color="0.88", label="noise, 95 %")
axis.plot(distance, index, "o-", color="#b2182b", label="Moran's I of the ring")
axis.axhline(0, color="black", lw=0.6)
axis.set(xlabel="distance, km", ylabel="Moran's I")
axis.legend(frameon=False)
figure.savefig("global.png", dpi=85)
