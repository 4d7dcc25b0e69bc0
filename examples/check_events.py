"""Which rows of a table of events are doubtful, and what does their precision support?"""

import geo_risk as gr

clash = {"actor1": "Government of Afghanistan", "actor2": "Taleban", "deaths": 4, "desk": "A"}
events = gr.read_events(
    [
        clash | {"lon": 69.421, "lat": 37.066, "date": "2021-06-20", "country": "Afghanistan"},
        # the same event, reported by another desk a day later and 3 km away
        clash
        | {"lon": 69.45, "lat": 37.08, "date": "2021-06-21", "desk": "B", "deaths": 5}
        | {"actor1": "Taliban", "actor2": "Military Forces of Afghanistan"},
        {"lon": 36.736, "lat": 69.535, "date": "2021-06-22", "country": "Afghanistan"},
        {"lon": 69.535, "lat": -36.736, "date": "2021-06-23", "country": "Afghanistan"},
        {"lon": 31.58, "lat": 4.85, "date": "2009-05-01", "country": "Sudan"},
        {"lon": 69.17, "lat": 34.53, "date": "2031-06-22", "country": "Afghanistan"},
    ]
)
checked = gr.check_events(events, now="2026-01-01", source_column="desk")
for row, flags in enumerate(checked["flags"]):
    if flags:
        event = checked.iloc[row]
        print(f"event {row}: {flags}")
        if event.suggested_lon == event.suggested_lon:
            print(f"    perhaps {event.suggested_lat} N {event.suggested_lon} E")
        if event.duplicate_of >= 0:
            print(f"    of event {event.duplicate_of}, score {event.duplicate_score:.2f}")
        if event.country_reason:
            print(f"    stated country: {event.country_reason}")

print("\nKhwaja Ghar, known to 25 km:")
report = events.iloc[:1].assign(location_precision="near_place", location_uncertainty_km=25.0)
found = gr.region_probabilities(report)
print(found[["region_code", "country_code", "probability"]].to_string(index=False))
near = gr.border_within(report, km=10.0).iloc[0]
print(f"border within 10 km: {near.border_p_within:.0%};", end=" ")
print(f"9 in 10 between {near.border_low_m / 1000:.0f} and {near.border_high_m / 1000:.0f} km")
