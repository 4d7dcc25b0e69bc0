"""Which cells are hotspots of event counts, and why is the p-value from z wrong?"""

import h3
import numpy as np
from scipy import sparse

from geo_risk import hotspots

# 1,027 cells around Taloqan with their neighbours; rare events everywhere, and more of them in
# one cell and its neighbours.
cells = h3.grid_disk(h3.latlng_to_cell(36.74, 69.53, 6), 18)
row = {cell: i for i, cell in enumerate(cells)}
pairs = [(row[a], row[b]) for a in cells for b in h3.grid_disk(a, 1) if b in row and b != a]
i, j = np.array(pairs).T
weights = sparse.csr_array((np.ones(i.size), (i, j)), shape=(len(cells), len(cells)))

rng = np.random.default_rng(1)
noise = rng.poisson(0.05, len(cells))
counts = noise.copy()
planted = [row[cell] for cell in h3.grid_disk(cells[300], 1)]
counts[planted] += rng.poisson(1.5, len(planted))


def report(name: str, result: hotspots.GiStarResult) -> None:
    """Print how many cells are hot, and how many of them are within two rings of the cell."""
    hot = np.flatnonzero(result.hotspot == "hot")
    near = {row[c] for c in h3.grid_disk(cells[300], 2) if c in row}
    print(f"{name}: {hot.size} hot cells, {sum(h in near for h in hot)} of them at the place")


print(f"{counts.sum()} events in {len(cells)} cells")
print(f"global Moran's I: z = {hotspots.moran(counts, weights).z:.1f}")
report("exact p (the default for counts)", hotspots.gi_star(counts, weights))
report("p from z", hotspots.gi_star(counts, weights, p_method="analytic"))
print("without the planted events:")
report("exact p", hotspots.gi_star(noise, weights))
report("p from z", hotspots.gi_star(noise, weights, p_method="analytic"))
