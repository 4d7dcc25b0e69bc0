"""Names that look like something else."""

from __future__ import annotations

import pytest

import geo_risk as gr
from geo_risk.errors import UnknownRegionError


@pytest.mark.parametrize(("name", "code"), [("Kosovo", "XKX"), ("Côte d'Ivoire", "CIV")])
def test_a_country_of_several_regions_is_no_similar_spelling_of_a_region(name, code):
    with pytest.raises(UnknownRegionError, match=f"it is the country {code}, which has .* regions"):
        gr.find_region(name)
    countries = gr.load_regions(level=0)
    assert gr.find_region(name, layer=countries).region_code == code


def test_a_region_named_like_a_country_is_that_region():
    assert gr.find_region("Georgia").region_code == "US-GA"
    assert gr.find_region("Georgia", country="USA").region_code == "US-GA"


def test_a_country_that_is_one_region_is_that_region():
    found = gr.find_region("Holy See (Vatican City State)")
    assert (found.country_code, found.score) == ("VAT", 1.0)


def test_a_misspelt_region_is_still_found():
    assert gr.find_region("Takhaar").region_code == "AF-TAK"


def test_a_place_named_like_a_country_is_flagged_as_ambiguous():
    names = ["Mexico", "Georgia", "Niger", "Congo", "Taloqan", "Afghanistan", "Zzqqx", ""]
    found = gr.geocode(gr.read_events([{"location_name": name} for name in names]))
    flags = found["flags"].str.contains("ambiguous_place").tolist()
    assert flags == [True, True, True, True, False, False, False, False]
    assert found["flags"].str.contains("place_not_found").tolist()[5:7] == [False, True]
    assert found["country_code"].tolist()[5:] == ["AFG", None, None]  # a country is its answer
