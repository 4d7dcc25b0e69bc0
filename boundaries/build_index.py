"""Rebuild the shipped index of the world layer: `products/world_admin1_grid.npz`.

    python boundaries/build_index.py

To run after `build_world.py`, and whenever the format of the index changes. An index of another
layer or format is not used; the package then builds its own, which takes longer.
"""

from __future__ import annotations

from _npz import write_npz
from _registry import PRODUCTS, register

from geo_risk._core.products import product_entry
from geo_risk.regions import load_regions
from geo_risk.regions._packed import FORMAT, PRODUCT, pack
from geo_risk.regions.locator import build_index

WORLD = "world_admin1.npz"


def main() -> None:
    """Build, write and register the index."""
    layer, world = load_regions(), product_entry(WORLD)
    index = build_index(layer.coverage, len(layer))
    write_npz(PRODUCTS / PRODUCT, pack(index, layer.coverage))
    register(
        PRODUCT,
        title="Grid in which points are located in the world layer",
        version=f"format {FORMAT}",
        source=f"boundaries/products/{WORLD}",
        licence=world["licence"],
        citation=world["citation"],
        nominal_accuracy="Exact: the same rows as without an index",
        build="python boundaries/build_index.py",
        of_sha256=world["sha256"],
        format=FORMAT,
        sub_cells=len(index.state),
        border_sub_cells=len(index.record) - 1,
    )
    print(f"{len(index.state)} sub-cells, {len(index.record) - 1} with borders")


if __name__ == "__main__":
    main()
