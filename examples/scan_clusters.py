"""Where and when are attacks more concentrated than by chance? A prospective scan."""

import numpy as np

from geo_risk import hotspots

# A year of reports from 40 districts with different rates, and an outbreak in the final weeks.
rng = np.random.default_rng(3)
lon, lat = rng.uniform(68.0, 71.5, 40), rng.uniform(35.5, 37.5, 40)
district = rng.choice(40, 600, p=rng.dirichlet(np.full(40, 2.0)))
day = np.datetime64("2025-01-01") + rng.integers(0, 364, 600)
near = np.flatnonzero(np.hypot(lon - 69.8, lat - 36.4) < 0.5)
district = np.append(district, rng.choice(near, 25))
day = np.append(day, np.datetime64("2025-12-12") + rng.integers(0, 19, 25))

# Districts x weeks, with zeros. The permutation model needs no population: it tests whether
# location and time are independent, given the totals of each district and each week.
first = np.datetime64("2025-01-01")
week = (day - first).astype(int) // 7
cube, weeks = hotspots.space_time_cube(district, week, 40, start=0, stop=51)
result = hotspots.scan(
    cube,
    lon=lon,
    lat=lat,
    time=first + 7 * weeks,
    model="space_time_permutation",
    prospective=True,
    max_radius_km=150.0,
    max_duration=8,
    replications=999,
    seed=1,
)
print(f"{result.cases} reports; clusters that last until the final week:")
for cluster in result.clusters[:3]:
    print(
        f"- {cluster.members.size} districts within {cluster.radius_km:.0f} km of district "
        f"{cluster.centre}, since the week of {cluster.period[0]}: {cluster.observed} reports, "
        f"{cluster.expected:.1f} expected, p = {cluster.p_value:.3f}"
    )
