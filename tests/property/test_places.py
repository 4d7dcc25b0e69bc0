"""Properties of the gazetteer search."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from rapidfuzz import process
from rapidfuzz.distance import OSA

from geo_risk._core.countries import resolve_country
from geo_risk._core.fold import fold, fold_words, strip_marks
from geo_risk.places import find_places, load_gazetteer, locate_names, suggest_names
from geo_risk.places._fuzzy import build_index, code_points, similar
from geo_risk.places._grams import _sets, build_grams
from geo_risk.places._hits import search
from geo_risk.places._scopes import Scope
from geo_risk.places._similar import similar_keys
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
    assert {hit.place: hit.score for hit in hits}[place] == 1.0
    found = locate_names([name], countries=country)
    assert found.score[0] == 1.0


@settings(max_examples=100)
@given(place=PLACES, change=CHANGES, data=st.data())
def test_every_place_is_found_by_every_alternate_name(place, change, data):
    gazetteer = load_gazetteer()
    name = change(data.draw(st.sampled_from(gazetteer.names_of(place))))
    hits = plain_search(name, gazetteer.country_code(place))
    (hit,) = (hit for hit in hits if hit.place == place)
    assert hit.score >= 0.95
    spelled = gazetteer.name(gazetteer.name_of_posting(hit.posting))
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
    inside = {hit.place for hit in world if gazetteer.country_code(hit.place) == "AFG"}
    assert inside <= {hit.place for hit in own}
    assert all(gazetteer.country_code(hit.place) == "AFG" for hit in own)


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


KEYS = st.lists(st.text("abcxyé0本", min_size=1, max_size=14), min_size=1, max_size=25, unique=True)


@st.composite
def keys_and_texts(draw):
    """Keys, and texts that are other strings or keys with a few edits of any kind."""
    keys = sorted(draw(KEYS))
    texts = [draw(st.text("abcxyé0本", max_size=14))]
    for _ in range(draw(st.integers(0, 4))):
        text = draw(st.sampled_from(keys))
        for _ in range(draw(st.integers(0, 4))):
            at, letter = draw(st.integers(0, len(text))), draw(st.sampled_from("abx本"))
            change = draw(st.sampled_from(("substitute", "insert", "delete", "swap")))
            rest = text[at + (change in ("substitute", "delete")) :]
            middle = {"substitute": letter, "insert": letter}.get(change, "")
            if change == "swap":
                middle, rest = text[at : at + 2][::-1], text[at + 2 :]
            text = text[:at] + middle + rest
        texts.append(text)
    return keys, texts


def indexed(keys):
    """Text, starts, index and trigrams of sorted keys."""
    text = "\n".join(keys).encode()
    start = np.cumsum([0, *(len(key.encode()) + 1 for key in keys)]).astype(np.int32)
    index = build_index(text, start)
    points, length = code_points(text)
    grams = build_grams(points, np.cumsum(length) - length, index.order, index.bounds)
    return index, text, start, grams


@settings(max_examples=300)
@given(
    case=keys_and_texts(),
    cutoff=st.sampled_from([0.5, 0.6, 0.75, 0.9]),
    listed=st.booleans(),
)
def test_the_short_list_loses_no_similar_key(case, cutoff, listed):
    keys, texts = case
    index, text, start, grams = indexed(keys)
    found = similar(index, text, start, texts, cutoff, grams if listed else None)
    for query, (rows, likeness) in zip(texts, found, strict=True):
        expected = {
            row: value
            for row, key in enumerate(keys)
            if (value := 1 - osa_distance(query, key) / max(len(query), len(key))) >= cutoff - 1e-9
        }
        assert rows.size == len(set(rows.tolist()))
        assert dict(zip(rows.tolist(), likeness.tolist())) == pytest.approx(expected)


@settings(max_examples=100)
@given(case=keys_and_texts(), data=st.data())
def test_an_index_of_some_keys_finds_those(case, data):
    keys, texts = case
    index, text, start, _ = indexed(keys)
    rows = sorted(data.draw(st.sets(st.integers(0, len(keys) - 1))))
    part = build_index(text, start, np.array(rows, dtype=np.int32))
    every, some = (similar(one, text, start, texts, 0.75) for one in (index, part))
    for (of_all, likeness), (of_part, own) in zip(every, some, strict=True):
        inside = np.isin(of_all, rows)
        assert dict(zip(of_part, own)) == dict(zip(of_all[inside], likeness[inside]))


@settings(max_examples=40)
@given(st.data())
def test_similar_keys_of_the_gazetteer_are_those_of_a_comparison_with_every_key(data):
    gazetteer, every = load_gazetteer(), all_keys()
    place = data.draw(PLACES)
    text = fold(gazetteer.primary_name(place))
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.sampled_from(["", "a", "q", "ل"])) + text[at + 1 :]
    country = data.draw(st.sampled_from([None, gazetteer.country_code(place)]))
    scope = Scope(country)
    scorer = OSA.normalized_similarity
    brute = process.cdist([text], every, scorer=scorer, score_cutoff=0.75, dtype=np.float64)[0]
    inside = set(range(gazetteer.n_keys)) if country is None else set(scope.keys().tolist())
    expected = {row: brute[row] for row in np.flatnonzero(brute >= 0.75).tolist() if row in inside}
    (found,) = similar_keys([text], 0.75, scope)
    assert dict(found) == expected


@settings(max_examples=60)
@given(places=st.lists(PLACES, max_size=30), country=COUNTRIES)
def test_keys_of_a_scope_are_those_of_its_places(places, country):
    gazetteer = load_gazetteer()
    scope = Scope(None if country is None else resolve_country(country), frozenset(places))
    inside = [place for place in scope.places if place in scope.span]
    expected = np.unique(gazetteer.post_key[np.isin(gazetteer.post_place, inside)])
    assert scope.keys().tolist() == expected.tolist()


@settings(max_examples=200)
@given(key_id=st.integers(0, 900_000), change=st.sampled_from(["", "a", "0", "\U0010ffff"]))
def test_a_key_is_found_and_nothing_else(key_id, change):
    gazetteer, every = load_gazetteer(), all_keys()
    text = every[key_id] + change
    at = bisect_left(every, text)
    expected = at if at < len(every) and every[at] == text else -1
    assert gazetteer.find_key(text) == expected
    assert change or expected == key_id


@cache
def all_keys():
    return load_gazetteer().keys.decode().split("\n")  # sorted by bytes, which is by code point


def destroyed(way, n_grams):
    """Every choice of trigrams that edits destroy: each some neighbours, so many of each size."""
    for firsts in itertools.product(range(-3, n_grams), repeat=len(way)):
        yield {at for first, size in zip(firsts, way) for at in range(first, first + size)}


@pytest.mark.parametrize("n", range(1, 9))
def test_edits_leave_a_trigram_of_each_set(n):
    for length in range(1, n * 4 // 3 + 1):
        most = max(n, length) // 4
        if abs(length - n) > most:
            continue
        longer = max(length - n, 0)
        (sets,) = _sets(n, (length,), (most,))
        assert sets.any(axis=1).all()
        for row in np.unique(sets, axis=0):
            members = set(np.flatnonzero(row).tolist())
            way = [2] * longer + [4] * (most - longer)
            assert all(members - lost for lost in destroyed(way, n + 2))


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
