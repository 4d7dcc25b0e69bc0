"""Weights and values at the door."""

from __future__ import annotations

import numpy as np
import pytest
from hotspot_cases import chain, grid, row_standardised
from scipy import sparse

from geo_risk.hotspots import as_weights, gi_star
from geo_risk.hotspots.weights import as_values, row_sums


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "dia", "lil", "dok", "bsr"])
def test_every_sparse_format_gives_the_same_weights(kind: str) -> None:
    for dtype in (np.float64, np.float32, np.int64, np.int8):
        result = as_weights(chain(6).astype(dtype).asformat(kind), 6)
        assert result.format == "csr"
        assert result.dtype == np.float64
        assert (result.toarray() == chain(6).toarray()).all()


def test_boolean_weights_are_binary() -> None:
    assert (as_weights(chain(6).astype(np.bool_), 6).data == 1.0).all()


def test_old_style_matrices_are_taken() -> None:
    assert (as_weights(sparse.csr_matrix(chain(4)), 4).toarray() == chain(4).toarray()).all()


def test_duplicates_are_added_and_zeros_dropped_without_touching_the_callers() -> None:
    data, rows, columns = np.array([1.0, 2.0, 0.0]), np.array([0, 0, 1]), np.array([1, 1, 0])
    given = sparse.csr_array((data, columns, np.array([0, 2, 3])), shape=(2, 2))
    result = as_weights(given, 2)
    assert result.toarray().tolist() == [[0.0, 3.0], [0.0, 0.0]]
    assert result.nnz == 1
    assert given.data.tolist() == [1.0, 2.0, 0.0]
    assert given.indices.tolist() == columns.tolist()
    assert rows.tolist() == [0, 0, 1]


def test_unsorted_rows_are_sorted_in_a_copy() -> None:
    given = sparse.csr_array(
        (np.array([5.0, 4.0]), np.array([2, 1]), np.array([0, 2, 2, 2])), shape=(3, 3)
    )
    assert as_weights(given, 3).indices.tolist() == [1, 2]
    assert given.indices.tolist() == [2, 1]


def test_statistics_leave_weights_and_values_alone() -> None:
    weights, x = row_standardised(grid(5)), np.arange(25.0) ** 2
    before, kept = weights.copy(), x.copy()
    gi_star(x, weights, permutations=9, seed=1)
    assert (weights != before).nnz == 0
    assert (x == kept).all()


def test_libpysal_graph_and_w_keep_their_order() -> None:
    graph = pytest.importorskip("libpysal.graph")
    weights = pytest.importorskip("libpysal.weights")
    near = {"c": ["a"], "a": ["c", "b"], "b": ["a"], "d": []}
    w = weights.W(near, id_order=["c", "a", "b", "d"], silence_warnings=True)
    expected = [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert as_weights(w, 4).toarray().tolist() == expected
    g = graph.Graph.from_dicts(near)
    order = list(g.unique_ids)
    found = as_weights(g, 4)
    position = {key: order.index(key) for key in near}
    rebuilt = np.zeros((4, 4))
    for key, others in near.items():
        rebuilt[position[key], [position[o] for o in others]] = 1
    assert (found.toarray() == rebuilt).all()
    assert found.nnz == 4  # the Graph's zero on the isolate's diagonal is no neighbour


@pytest.mark.parametrize(
    ("given", "n", "error", "message"),
    [
        (np.ones((3, 3)), 3, TypeError, r"Invalid weights: ndarray; .*scipy\.sparse\.csr_array"),
        ([[0, 1], [1, 0]], 2, TypeError, "Invalid weights: list"),
        (sparse.csr_array(np.ones((2, 3))), 2, ValueError, r"shape \(2, 3\) is not square"),
        (chain(4), 5, ValueError, "4 units for 5 values"),
        (-chain(4), 4, ValueError, "6 of 6 are negative, NaN or infinite; first at row 0, column"),
        (chain(4, np.nan), 4, ValueError, "negative, NaN or infinite"),
        (chain(4, np.inf), 4, ValueError, "negative, NaN or infinite"),
        (sparse.eye_array(3), 3, ValueError, "3 self weights on the diagonal; first at index 0: 1"),
        (chain(3).astype(complex), 3, TypeError, "dtype complex128"),
    ],
)
def test_bad_weights_are_refused(given: object, n: int, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        as_weights(given, n)


def test_indices_out_of_range_are_refused() -> None:
    given = chain(3)
    given.indices[0] = 7
    with pytest.raises(ValueError, match=r"column indices outside \[0, 2\]: 0 to 7"):
        as_weights(given, 3)


def test_missing_values_are_refused_with_their_place() -> None:
    with pytest.raises(ValueError, match="2 of 4 are missing or infinite; first at index 1: nan"):
        as_values([1.0, np.nan, 2.0, np.inf])
    with pytest.raises(ValueError, match=r"Invalid values: shape \(2, 2\)"):
        as_values(np.ones((2, 2)))
    with pytest.raises(TypeError, match="Invalid values: dtype <U1"):
        as_values(["a", "b"])


def test_row_sums_of_mixed_rows() -> None:
    rows = row_sums(
        as_weights(sparse.csr_array([[0, 2, 3, 0], [1, 0, 0, 0], [0, 0, 0, 0], [4, 4, 4, 0]]), 4)
    )
    assert rows.count.tolist() == [2, 1, 0, 3]
    assert rows.total.tolist() == [5, 1, 0, 12]
    assert rows.squares.tolist() == [13, 1, 0, 48]
    assert rows.largest.tolist() == [3, 1, 0, 4]
    assert not rows.uniform
    assert row_sums(as_weights(row_standardised(grid(4)), 16)).uniform
    assert row_sums(as_weights(row_standardised(grid(4)), 16)).standardised
