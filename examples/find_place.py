"""Where is Khwaja Ghar, however it is spelled, and which of the many Fayzabads is meant?"""

from geo_risk.places import find_places, locate_names, suggest_names

for spelling in (
    "Khwaja Ghar",
    "khwaja-i-ghar",
    "KHWĀJAH GHĀR",
    "خواجه غار",
    "Khwaja Ghar district",
):
    place = find_places(spelling, country="AFG").iloc[0]
    print(
        f"{spelling:>22} -> {place['name']}, GeoNames {place.geonames_id}, score {place.score:.2f}"
    )

print("\nFaizabad, in the province of Badakhshan only:")
print(find_places("Faizabad", region="AF-BDS").drop(columns="geometry").to_string(index=False))

print("\nA column of reports' place names, with the country each report states:")
names = ["Taluqan", "Fayzabad", "Springfield", None, "Atlantis"]
found = locate_names(names, countries=["AFG", "AFG", "USA", "AFG", "AFG"])
for name, place, lon, lat, ambiguous, reason in zip(
    names, found.name, found.lon, found.lat, found.ambiguous, found.reason
):
    if reason:
        print(f"{name}: not located ({reason})")
    else:
        note = ", ambiguous" if ambiguous else ""
        print(f"{name}: {place} at {lon:.3f} E, {lat:.3f} N{note}")

print("\nA misspelling that no place bears:", suggest_names("Talokhaan", country="AFG", limit=3))
