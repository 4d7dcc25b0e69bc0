"""Properties of the gazetteer search."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings, strategies as st

from geo_risk._core.fold import fold, fold_words, strip_marks
from geo_risk.places import find_places, load_gazetteer, locate_names, suggest_names
from geo_risk.places._fuzzy import build_index, similar
from geo_risk.places._hits import Scope, search
from geo_risk.places._variants import variants

N_PLACES = 234_908
PLACES = st.integers(0, N_PLACES - 1)
CHANGES = st.sampled_from(
    [str, str.upper, str.lower, str.title, str.swapcase, strip_marks, lambda name: f"  {name} "]
)
NAMES = st.one_of(
    st.text(min_size=1, max_size=20),
    PLACES.map(lambda place: load_gazetteer().primary_name(place)),
    st.sampled_from(["Paris, Texas", "San José", "St. John's", "Kabul district", "Santa Maria"]),
)
COUNTRIES = st.sampled_from([None, "AFG", "us", "Russia", "XKX"])


def plain_search(name, country=None):
    return search(
        name, fold(name), Scope(country), hinted=lambda scope: (scope, False), fuzzy=False
    )


@settings(max_examples=150)
@given(place=PLACES, change=CHANGES)
def test_every_place_is_found_by_its_primary_name(place, change):
    gazetteer = load_gazetteer()
    name, country = change(gazetteer.primary_name(place)), gazetteer.country_code(place)
    hits = plain_search(name, country)
    position = hits.place.tolist().index(place)
    assert hits.score[position] == 1.0
    found = locate_names([name], countries=country)
    assert found.score[0] == 1.0


@settings(max_examples=100)
@given(place=PLACES, change=CHANGES, data=st.data())
def test_every_place_is_found_by_every_alternate_name(place, change, data):
    gazetteer = load_gazetteer()
    name = change(data.draw(st.sampled_from(gazetteer.names_of(place))))
    hits = plain_search(name, gazetteer.country_code(place))
    position = hits.place.tolist().index(place)
    assert hits.score[position] >= 0.95
    spelled = gazetteer.name(gazetteer.name_of_posting(int(hits.posting[position])))
    assert fold(spelled) == fold(name)
    assert spelled in gazetteer.names_of(place)


@settings(max_examples=60)
@given(
    name=NAMES,
    country=COUNTRIES,
    limit=st.integers(1, 30),
    fuzzy=st.sampled_from([None, True, False]),
)
def test_results_are_ranked_limited_and_whole(name, country, limit, fuzzy):
    assume(name.strip())
    found = find_places(name, country=country, limit=limit, fuzzy=fuzzy)
    assert len(found) <= limit
    assert found["score"].between(0, 1).all()
    rank = list(zip(-found["score"], -found["population"], found["geonames_id"]))
    assert rank == sorted(rank)
    assert found["geonames_id"].is_unique
    assert not found.geometry.is_empty.any()
    assert found.drop(columns=["region_code", "geometry"]).notna().to_numpy().all()
    gazetteer = load_gazetteer()
    for row in found.itertuples():
        place = gazetteer.place_of(row.geonames_id)
        assert (row.geometry.x, row.geometry.y) == (gazetteer.lon[place], gazetteer.lat[place])
        assert row.matched_name in gazetteer.names_of(place)
    more = find_places(name, country=country, limit=limit + 5, fuzzy=fuzzy)
    assert more["geonames_id"].tolist()[: len(found)] == found["geonames_id"].tolist()


@settings(max_examples=40)
@given(name=NAMES)
def test_a_country_only_restricts(name):
    assume(name.strip())
    world, own = plain_search(name), plain_search(name, "AFG")
    gazetteer = load_gazetteer()
    inside = {place for place in world.place.tolist() if gazetteer.country_code(place) == "AFG"}
    assert inside <= set(own.place.tolist())
    assert all(gazetteer.country_code(place) == "AFG" for place in own.place.tolist())


@settings(max_examples=300)
@given(st.text(max_size=30))
def test_folding_is_idempotent_and_blind_to_case_and_space(text):
    key = fold(text)
    assert fold(key) == key
    assert " " not in key
    assert fold(f" {text}\t") == key
    assert fold("".join(fold_words(text))) == key
    assert fold(strip_marks(text)) == key


@settings(max_examples=200)
@given(st.text(st.characters(codec="latin-1"), max_size=30))
def test_folding_does_not_see_case(text):
    assert fold(text.upper()) == fold(text.lower()) == fold(text)


@settings(max_examples=100)
@given(st.text(max_size=40))
def test_readings_are_keys_and_distinct(text):
    readings = list(variants(text))
    assert len(set(readings)) == len(readings)
    assert all(fold(reading) == reading != "" for reading in readings)


def osa_distance(first, second):
    """Optimal string alignment distance by the textbook table: the slow, obvious way."""
    table = np.zeros((len(first) + 1, len(second) + 1), dtype=int)
    table[:, 0], table[0, :] = range(len(first) + 1), range(len(second) + 1)
    for i in range(1, len(first) + 1):
        for j in range(1, len(second) + 1):
            change = first[i - 1] != second[j - 1]
            best = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + change)
            if i > 1 and j > 1 and first[i - 1] == second[j - 2] and first[i - 2] == second[j - 1]:
                best = min(best, table[i - 2, j - 2] + 1)
            table[i, j] = best
    return table[-1, -1]


KEYS = st.lists(st.text("abcxyé0本", min_size=1, max_size=8), min_size=1, max_size=25, unique=True)


@settings(max_examples=150)
@given(
    keys=KEYS,
    query=st.text("abcxyé0本", min_size=1, max_size=8),
    cutoff=st.sampled_from([0.5, 0.6, 0.75, 0.9]),
)
def test_the_filter_loses_no_similar_key(keys, query, cutoff):
    keys = sorted(keys)
    text = "\n".join(keys).encode()
    lengths = [len(key.encode()) + 1 for key in keys]
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    found, likeness = similar(build_index(text, start), text, start, query, cutoff)
    expected = {
        row: value
        for row, key in enumerate(keys)
        if (value := 1 - osa_distance(query, key) / max(len(query), len(key))) >= cutoff - 1e-9
    }
    assert set(found.tolist()) == set(expected)
    for row, value in zip(found.tolist(), likeness.tolist()):
        assert abs(value - expected[row]) < 1e-9


@settings(max_examples=25)
@given(
    rows=st.lists(st.tuples(st.one_of(st.none(), NAMES), COUNTRIES), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_columns_are_located_row_by_row(rows, order):
    found = locate_names([name for name, _ in rows], countries=[country for _, country in rows])
    shuffled = list(range(len(rows)))
    order.shuffle(shuffled)
    again = locate_names([rows[i][0] for i in shuffled], countries=[rows[i][1] for i in shuffled])
    assert again.geonames_id.tolist() == found.geonames_id[shuffled].tolist()
    for row, (name, country) in enumerate(rows):
        located = found.reason[row] == ""
        assert located == (found.geonames_id[row] >= 0) == bool(np.isfinite(found.lon[row]))
        assert located == (found.precision[row] == "place")
        if name is not None and name.strip():
            alone = find_places(name, country=country, limit=1)
            taken = len(alone) > 0 and alone.loc[0, "score"] >= 0.8 - 1e-9
            assert located == taken
            if taken:
                assert found.geonames_id[row] == alone.loc[0, "geonames_id"]
                assert found.score[row] == alone.loc[0, "score"]
                assert 0 <= found.runner_up[row] <= 1


@settings(max_examples=25)
@given(name=NAMES, country=COUNTRIES, limit=st.integers(1, 6))
def test_suggestions_are_few_and_distinct(name, country, limit):
    assume(name.strip())
    names = suggest_names(name, country=country, limit=limit)
    assert len(names) <= limit
    assert all(text.endswith(")") for text in names)
