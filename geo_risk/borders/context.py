"""Find the country across the outline of a layer in another layer, the context."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geo_risk.borders.nearest import ask, measure

if TYPE_CHECKING:
    from geo_risk.borders.index import BorderIndex
    from geo_risk.regions import RegionLayer

__all__ = ["default_reach_km", "rows_across"]


def default_reach_km(layer: RegionLayer, context: RegionLayer) -> float:
    """Largest distance between the same border in two layers: the sum of their largest errors.

    A layer without a stated error is assumed to have that of the context.
    """
    stated = [_largest_error_m(layer), _largest_error_m(context)]
    known = [error for error in stated if error is not None]
    if not known:
        return 10.0
    return sum(known[-1] if error is None else error for error in stated) / 1000.0


def _largest_error_m(layer: RegionLayer) -> float | None:
    accuracy = layer.provenance.get("nominal_accuracy")
    found = accuracy.get("max_m") if isinstance(accuracy, dict) else None
    return None if found is None else float(found)


def rows_across(
    layer: RegionLayer, edges: NDArray[np.int64], context: BorderIndex, reach_km: float
) -> NDArray[np.int64]:
    """Find the context's region across each unshared edge of a layer.

    Parameters
    ----------
    layer : RegionLayer
    edges : ndarray of int64
        Positions in the layer's topology of edges without a second side.
    context : BorderIndex
        Border index of the context.
    reach_km : float
        Largest distance between the outlines of the two layers.

    Returns
    -------
    ndarray of int64
        Row of the context; -1 where the outline of the country in the context is farther than
        `reach_km` from the middle of the edge, is a coast there, or does not exist.
    """
    topology, labels = layer.topology, np.array(layer.country_labels, dtype=object)
    across = np.full(len(edges), -1, dtype=np.int64)
    own = labels[topology.left[edges]]
    asked = np.flatnonzero(np.isin(own.astype(str), list(context.ids.id_of)))
    if not len(asked):
        return across
    chosen = edges[asked]
    outline = ask(
        context.ids,
        0.5 * (topology.ax[chosen] + topology.bx[chosen]),
        0.5 * (topology.ay[chosen] + topology.by[chosen]),
        kind="outline",
        country=own[asked].tolist(),
        max_km=reach_km,
    )
    found = measure(context, outline)
    row_of = {code: row for row, code in enumerate(context.layer.columns["region_code"])}
    across[asked] = [row_of.get(code, -1) for code in found.other_region_code]
    return across
