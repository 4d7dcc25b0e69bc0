"""How far is each town from the nearest foreign country, and which country is it?"""

import geo_risk as gr

towns = {
    "Taloqan": (69.53451, 36.73605),
    "Khwaja Ghar": (69.42126, 37.06588),
    "Fayzabad": (70.58002, 37.11664),
}
lon, lat = zip(*towns.values(), strict=True)

borders = gr.load_borders()
land = borders.nearest(lon=lon, lat=lat)
for i, town in enumerate(towns):
    print(
        f"{town:<12} {land.distance_m[i] / 1000:5.1f} km from {land.other_country_code[i]} "
        f"({land.region_code[i]} | {land.other_region_code[i]}), nearest at "
        f"{land.foot_lat[i]:.4f} N {land.foot_lon[i]:.4f} E"
    )

# All countries within 300 km, nearest first
around = borders.nearest_countries(lon=lon, lat=lat, k=6, max_km=300)
for i, town in enumerate(towns):
    found = [
        f"{code} {metres / 1000:.0f} km"
        for code, metres in zip(around.other_country_code[i], around.distance_m[i], strict=True)
        if code is not None
    ]
    print(f"{town:<12} {', '.join(found)}")

# Only the border with one country
to_pakistan = borders.nearest(lon=lon, lat=lat, to="PAK")
print("to Pakistan:", [f"{metres / 1000:.0f} km" for metres in to_pakistan.distance_m])
