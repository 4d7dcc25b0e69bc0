"""What `load_regions` may be told of a layer that a caller brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geo_risk._core.validate import check_scalar

if TYPE_CHECKING:
    from geo_risk.regions.layer import RegionLayer

__all__ = ["LayerOptions"]


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerOptions:
    """Options of `load_regions` for layers of your own: columns, CRS, surroundings.

    Parameters
    ----------
    code, name, parent : str, optional
        Columns of your layer: region codes, names, and the parents' codes. Without `code` and
        `name` the first of the usual columns that holds anything (geoBoundaries, GADM, OCHA).
    country : str, optional
        A column of your layer with country codes or names, or one country for all. Without it,
        and where it is empty, a region's country is the one of `context` that it overlaps most.
    valid_from, valid_to : str, optional
        Columns of your layer with the first and the last day on which a region holds, both
        included; empty for open. With either of them the result is a `DatedLayer`.
    crs : optional
        The CRS of your coordinates where the source states none.
    table : str, optional
        Which of several layers of a file.
    snap_tolerance_m : float, default 1.0
        Vertices of different regions that lie this near each other, and are shared by no edge
        yet, become one, so that neighbours share edges; 0 for never. In metres, up to 10 000.
    accuracy_m : float, optional
        How far your layer's borders lie from the true ones at most, metres, as far as you know.
        Borders with countries that the layer does not hold are matched within it.
    context : RegionLayer, optional
        Layer that countries are taken from; default: the bundled one, de facto.
    parent_layer : RegionLayer, optional
        Layer one level up: gives ``parent_code`` by largest overlap where no `parent` is given,
        and ``parent_share``, the share of the region inside that parent.

    Raises
    ------
    ValueError, TypeError
        A tolerance outside [0, 10 000], an accuracy outside [0, 1 000 000], or no number.
    """

    code: str | None = None
    name: str | None = None
    parent: str | None = None
    country: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    crs: Any = None
    table: str | None = None
    snap_tolerance_m: float = 1.0
    accuracy_m: float | None = None
    context: RegionLayer | None = None
    parent_layer: RegionLayer | None = None

    def __post_init__(self) -> None:
        check_scalar(self.snap_tolerance_m, "snap_tolerance_m", low=0.0, high=1e4)
        if self.accuracy_m is not None:
            check_scalar(self.accuracy_m, "accuracy_m", low=0.0, high=1e6)

    @property
    def dated(self) -> bool:
        """Whether regions hold by date."""
        return self.valid_from is not None or self.valid_to is not None

    def of_own_layers(self) -> list[str]:
        """Options that were given and that the bundled layer does not take."""
        stated = {name: value for name, value in vars(self).items() if name != "snap_tolerance_m"}
        return [name for name, value in stated.items() if value is not None]
