"""H3 cells as arrays: from points, to and from names, their resolutions and parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.types import CellArray, IntArray
from geo_risk._core.validate import as_array, check_lonlat, check_resolution
from geo_risk.cells._input import as_cells, as_uint64, check_resolutions, read_names, resolutions

__all__ = ["cell_parents", "cell_resolutions", "cells_to_strings", "h3_cells", "strings_to_cells"]

_FEW = 1024  # rows whose names are written at once


def h3_cells(
    *, lon: ArrayLike, lat: ArrayLike, resolution: int | ArrayLike, n_jobs: int = 1
) -> CellArray:
    """H3 cell of each point.

    Equal to the h3 library's `latlng_to_cell` for every point and resolution; a longitude of
    -180 is read as 180, the same meridian.

    Parameters
    ----------
    lon, lat : array_like
        Degrees, WGS84, within [-180, 180] and [-90, 90]; they broadcast. NaN is missing.
    resolution : int or array_like of int
        0 (cells of about 4.4 million km²) to 15 (about 0.9 m²); an array broadcasts with `lon`
        and `lat`: each point has its own.
    n_jobs : int, default 1
        Threads; -1 for all processors. The result does not depend on it.

    Returns
    -------
    ndarray of uint64
        Cells in the shape of the input; 0 if `lon` or `lat` is NaN.

    Raises
    ------
    ValueError
        A coordinate or the resolution is out of range, or shapes do not broadcast.
    TypeError
        Values are not real numbers, or a resolution is not an integer.

    Examples
    --------
    >>> cells = h3_cells(lon=[69.53451, float("nan")], lat=[36.73605, 0.0], resolution=7)
    >>> cells_to_strings(cells).tolist()
    ['872086481ffffff', None]
    >>> cells_to_strings(h3_cells(lon=69.53451, lat=36.73605, resolution=[7, 4])).tolist()
    ['872086481ffffff', '8420865ffffffff']
    """
    from geo_risk.cells import _h3

    levels = as_array(resolution, "resolution")
    if levels.ndim == 0:
        level = check_resolution(resolution)
        lon, lat, shape = check_lonlat(lon, lat)
        return _h3.encode(lon, lat, level, n_jobs).reshape(shape)
    levels = check_resolutions(levels)
    lon, lat, shape = check_lonlat(lon, lat)
    try:
        whole = np.broadcast_shapes(shape, levels.shape)
    except ValueError as error:
        raise ValueError(
            f"Invalid resolution: shape {levels.shape} does not match {shape} of lon, lat."
        ) from error
    lon, lat = (np.broadcast_to(part.reshape(shape), whole).reshape(-1) for part in (lon, lat))
    each = np.broadcast_to(levels, whole).reshape(-1)
    return _h3.encode_each(lon, lat, each, n_jobs).reshape(whole)


def cells_to_strings(cells: ArrayLike) -> NDArray[np.object_]:
    """Hexadecimal names of cells, as used in frames and web maps.

    The values are converted without a check that they are valid cells.

    Parameters
    ----------
    cells : array_like of uint64
        0 is missing.

    Returns
    -------
    ndarray of object
        15 lower-case hexadecimal digits each, in the shape of the input; None where missing.

    Raises
    ------
    TypeError
        Values are not integers.

    Examples
    --------
    >>> cells_to_strings([608692970719281151, 0]).tolist()
    ['872830828ffffff', None]
    """
    from geo_risk.cells import _h3_sets

    array = as_uint64(cells, "cells")
    flat = np.ascontiguousarray(array).reshape(-1)
    return _h3_sets.each_once(flat, _names).reshape(array.shape)


def _names(cells: CellArray) -> NDArray[np.object_]:
    """Name of each cell, None for 0, some at a time: their text stays in the processor's cache."""

    def parts() -> Iterator[list[str]]:
        for start in range(0, cells.size, _FEW):
            some = cells[start : start + _FEW]
            # The first of 16 digits is always 0: moved out, it leaves room for a line's end.
            text = bytearray((some << np.uint64(4)).astype(">u8").tobytes().hex(), "ascii")
            text[15::16] = b"\n" * some.size
            yield text[:-1].decode("ascii").split("\n")

    out = np.fromiter(chain.from_iterable(parts()), dtype=object, count=cells.size)
    out[cells == 0] = None
    return out


def strings_to_cells(names: ArrayLike | Iterable[str | None]) -> CellArray:
    """Cells from their hexadecimal names.

    Parameters
    ----------
    names : array_like of str
        15 hexadecimal digits each, upper or lower case. None, NaN and NA are missing.

    Returns
    -------
    ndarray of uint64
        In the shape of the input; 0 where missing.

    Raises
    ------
    ValueError
        A name is not that of a valid H3 cell; the message states it and its position.
    TypeError
        A value is neither a string nor missing.

    Examples
    --------
    >>> strings_to_cells(["872830828ffffff", None])
    array([608692970719281151,                  0], dtype=uint64)
    """
    return read_names(names)


def cell_resolutions(cells: ArrayLike) -> IntArray:
    """Resolution of each cell.

    Parameters
    ----------
    cells : array_like of uint64 or str
        0 or None is missing.

    Returns
    -------
    ndarray of int64
        0 to 15 in the shape of the input; -1 where missing.

    Raises
    ------
    ValueError
        A value is not a valid cell.

    Examples
    --------
    >>> cell_resolutions(["872830828ffffff", None])
    array([ 7, -1])
    """
    flat, shape = as_cells(cells)
    return resolutions(flat).reshape(shape)


def cell_parents(cells: ArrayLike, resolution: int) -> CellArray:
    """Return the ancestor of each cell at a coarser resolution.

    H3's hierarchy is by index, not by area: a cell extends beyond its parent by about a seventh.

    Parameters
    ----------
    cells : array_like of uint64 or str
        0 or None is missing.
    resolution : int
        0 to 15, not finer than any of the cells.

    Returns
    -------
    ndarray of uint64
        In the shape of the input; 0 where missing.

    Raises
    ------
    ValueError
        A value is not a valid cell, or is coarser than `resolution`.

    Examples
    --------
    >>> cells_to_strings(cell_parents(["872830828ffffff"], 5)).tolist()
    ['85283083fffffff']
    """
    resolution = check_resolution(resolution)
    flat, shape = as_cells(cells)
    coarser = (resolutions(flat) < resolution) & (flat != 0)
    if coarser.any():
        first = int(np.argmax(coarser))
        raise ValueError(
            f"Invalid resolution: {resolution} is finer than cell {int(flat[first]):x} at index "
            f"{first}, which has {resolutions(flat)[first]}."
        )
    unused = np.uint64((1 << (3 * (15 - resolution))) - 1)
    level = np.uint64(resolution) << np.uint64(52)
    parents = (flat & ~(np.uint64(15) << np.uint64(52))) | level | unused
    parents[flat == 0] = 0
    return parents.reshape(shape)
