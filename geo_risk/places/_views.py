"""Single items of a gazetteer's columns as Python numbers, without the cost of numpy's scalars."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Views"]


@dataclass(frozen=True, slots=True)
class Views:
    """Columns of a gazetteer, each as in `Gazetteer`."""

    key_start: memoryview
    key_name: memoryview
    name_form: memoryview
    name_spelled: memoryview
    spelled_start: memoryview
    name_post: memoryview
    post_place: memoryview
    post_primary: memoryview
    population: memoryview
    geonames_id: memoryview
    place_unit: memoryview
    primary_posting: memoryview
