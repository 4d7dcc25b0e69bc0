"""What changes between worldviews? Codes and borders, but not the location or its claimants."""

import geo_risk as gr

gilgit = {"lon": 74.31, "lat": 35.92}
for view in ("de_facto", "un", "claims:IND", "claims:PAK"):
    layer = gr.load_regions(worldview=view)
    row = int(layer.locate(**gilgit))
    near = gr.load_borders(layer).nearest(**gilgit)
    columns = layer.columns
    print(
        f"{view}: {columns['region_name'][row]} is shown under "
        f"{columns['country_code'][row] or columns['unit_code'][row]}, administered by "
        f"{columns['administered_by'][row]}, claimed by {', '.join(columns['claimed_by'][row])}; "
        f"nearest border: {near.other_country_code}, {float(near.distance_m) / 1000:.0f} km"
    )

told = gr.load_regions(worldview="claims:IND").provenance["worldview"]
print("shown under another country than de facto:", ", ".join(told["relabelled"]))
print("claimed, but not drawn apart in the layer:", ", ".join(told["not_expressed"]))
