"""Options of `load_regions` for the user's own layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geo_risk._core.validate import check_scalar

if TYPE_CHECKING:
    from geo_risk.regions.layer import RegionLayer

__all__ = ["LayerOptions"]


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerOptions:
    """Options of `load_regions` for your own layers: columns, CRS, other layers.

    Parameters
    ----------
    code, name, parent : str, optional
        Columns of your layer: region codes, names, and the parents' codes. Without `code` and
        `name`, the first usual column that is not empty (geoBoundaries, GADM, OCHA).
    country : str, optional
        A column of your layer with country codes or names, or one country for all. Without it, or
        where it is empty, a region has the country of `context` that it overlaps most.
    valid_from, valid_to : str, optional
        Columns of your layer with the first and the last day of validity of a region, both
        included; empty for open ends. With either of them the result is a `DatedLayer`.
    crs : optional
        The CRS of your coordinates if the source states none.
    table : str, optional
        Name of the layer, if a file has several.
    snap_tolerance_m : float, default 1.0
        Vertices of different regions within this distance that do not yet share an edge become one
        vertex, so that neighbours share edges; 0 for no snapping. In metres, up to 10 000.
    accuracy_m : float, optional
        Largest known distance of your layer's borders from the true borders, metres. Borders with
        countries outside the layer are matched within it.
    context : RegionLayer, optional
        Layer from which countries are taken; default: the bundled layer, de facto.
    parent_layer : RegionLayer, optional
        Layer one level up; adds ``parent_code`` by largest overlap if no `parent` is given, and
        ``parent_share``, the share of the region inside that parent.

    Raises
    ------
    ValueError, TypeError
        A tolerance outside [0, 10 000], an accuracy outside [0, 1 000 000], or not a number.
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
        """Whether regions have validity dates."""
        return self.valid_from is not None or self.valid_to is not None

    def of_own_layers(self) -> list[str]:
        """Given options that the bundled layer does not take."""
        stated = {name: value for name, value in vars(self).items() if name != "snap_tolerance_m"}
        return [name for name, value in stated.items() if value is not None]
