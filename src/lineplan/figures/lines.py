"""Lines that zones have between them, and what a figure is to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from lineplan.scenery import Corners, Focus, bounds_of, chosen_by

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement


def lines_between(shapes: np.ndarray, arrangement: Arrangement) -> dict[str, shapely.Geometry]:
    """
    Return ``border``, ``units`` and ``line`` as the edges of zones.

    Parameters
    ----------
    shapes
        Of the zones, a coverage: lines coincide with fills at every scale.
    arrangement
        Whose zones they are.
    """

    def merged(column: str) -> dict[str, shapely.Geometry]:
        values = arrangement.zones[column].to_numpy()
        return {
            str(value): shapely.coverage_union_all(shapes[values == value])
            for value in dict.fromkeys(values)
        }

    border = shapely.coverage_union_all(shapes).boundary
    units = shapely.union_all([shape.boundary for shape in merged("unit_id").values()])
    held = merged("held_by")
    contact = [
        shapely.intersection(held[one].boundary, held[other].boundary)
        for one, _, other in (
            pair.partition("/") for pair in dict.fromkeys(arrangement.line["between"])
        )
    ]
    return {
        "border": border,
        "units": shapely.difference(units, border),
        "line": shapely.union_all(contact),
    }


def focus_bounds(arrangement: Arrangement, focus: Focus | None) -> Corners:
    """Return the corners, (south, west) and (north, east), of what is to be shown."""
    zones = arrangement.zones
    chosen = chosen_by(focus, zones["status"], arrangement.units)
    if chosen is None:
        named = zones[zones["clause_id"] != ""]
        return bounds_of(named if len(named) else zones)
    if isinstance(chosen, list):
        return chosen
    column, value = chosen
    return bounds_of(zones[zones[column] == value])
