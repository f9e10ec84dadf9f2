"""What lies on the ground beside the zones: lines, the quiet base, cities; and where to look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from lineplan.errors import UsageError
from lineplan.facts import local_name

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement
    from lineplan.facts import Facts

NEAR_BORDER_DEG = 0.06
"""Neighbours' boundaries this close to the units' outer boundary are the same line, drawn once."""
PLACE_POPULATION = 20_000
TWIN_DEG = 0.09
"""A city of the base this close to a place is that place."""
COAST_DEG = 0.03
"""A city this close to the units lies in them: harbours stand outside a generalised coast."""

Focus = str | Sequence[float]


def has_files(arrangement: Arrangement, role: str) -> bool:
    """Whether the dataset has files of a role."""
    return any(file.role == role for file in arrangement.dataset.files)


def base_map(arrangement: Arrangement) -> gpd.GeoDataFrame:
    """Base map of the dataset; an empty one where it has none."""
    if has_files(arrangement, "context"):
        return arrangement.dataset.context()
    columns: dict[str, list[Any]] = {"layer": [], "name": [], "population": []}
    return gpd.GeoDataFrame(columns, geometry=[], crs=arrangement.zones.crs)


def base_shapes(
    context: gpd.GeoDataFrame, box: shapely.Geometry, outline: shapely.Geometry
) -> dict[str, np.ndarray]:
    """
    Return ``land``, ``neighbours`` and ``rivers`` of the base within a box.

    Parameters
    ----------
    context
        As `base_map` gives it.
    box
        In degrees.
    outline
        All units as one shape, whose own coast and border take the place of the base's.
    """

    def clipped(layer: str) -> np.ndarray:
        shapes = context.loc[context["layer"] == layer, "geometry"].to_numpy()
        parts = shapely.get_parts(shapely.intersection(shapes, box))
        return np.asarray(parts[~shapely.is_empty(parts)])

    boundaries = clipped("international_boundary")
    # Inside the units and along their border only the units' own outer boundary is drawn.
    elsewhere = shapely.difference(
        boundaries, shapely.buffer(outline, NEAR_BORDER_DEG, quad_segs=2)
    )
    # Land of the base that lies under the units, or would show along their coast, is left out.
    frontier = shapely.buffer(shapely.union_all(boundaries), 0.12, quad_segs=2)
    own = shapely.difference(shapely.buffer(outline, COAST_DEG, quad_segs=2), frontier)
    return {
        "land": shapely.difference(clipped("land"), own),
        "neighbours": elsewhere,
        "rivers": clipped("river"),
    }


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


class City(NamedTuple):
    """A city of the base or a place of the dataset; `named` where the plan names its unit."""

    name: str
    lat: float
    lon: float
    population: float
    abroad: bool
    named: bool


def cities(
    facts: Facts, context: gpd.GeoDataFrame, box: shapely.Geometry, named: set[str]
) -> list[City]:
    """Cities of the base, and in the units a plan names every place large enough to look for."""
    found = []
    if has_files(facts.arrangement, "places"):
        places = facts.arrangement.dataset.places()
        large = places["population"] >= PLACE_POPULATION
        found = [
            City(
                local_name(row, facts.words), row["lat"], row["lon"], row["population"], False, True
            )
            for row in places[places["unit_id"].isin(named) & large].to_dict("records")
        ]
    base = context[(context["layer"] == "city") & context.within(box)]
    inside = shapely.union_all(facts.arrangement.units.geometry.to_numpy())
    shapely.prepare(inside)
    for row in base.to_dict("records"):
        lon, lat = row["geometry"].x, row["geometry"].y
        people = row["population"] or 0
        near = (math.hypot(lat - c.lat, (lon - c.lon) * 0.67) < TWIN_DEG for c in found)
        twin = next((i for i, is_near in enumerate(near) if is_near), None)
        if twin is None:
            abroad = shapely.distance(inside, row["geometry"]) > COAST_DEG
            name = local_name(row, facts.words)
            found.append(City(name, lat, lon, people, bool(abroad), False))
        else:  # figures of different years: a city keeps the rank it is known by
            largest = max(people, found[twin].population)
            found[twin] = found[twin]._replace(population=largest)
    return [city for city in found if city.name]


def roomy_spots(shape: shapely.Geometry) -> list[list[float]]:
    """Points inside a shape where its name has room: the widest first, then one a quarter."""
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    west, south, east, north = largest.bounds
    x, y = (west + east) / 2, (south + north) / 2
    quarters = [
        shapely.box(west, y, x, north),
        shapely.box(x, y, east, north),
        shapely.box(west, south, x, y),
        shapely.box(x, south, east, y),
    ]
    spots = []
    for part in [largest, *(shapely.intersection(largest, quarter) for quarter in quarters)]:
        if not shapely.is_empty(part) and part.area > largest.area / 12:
            centre = shapely.get_point(shapely.maximum_inscribed_circle(part, 0.05), 0)
            spots.append([round(centre.y, 2), round(centre.x, 2)])
    return spots


def focus_bounds(arrangement: Arrangement, focus: Focus | None) -> list[list[float]]:
    """Return the corners, (south, west) and (north, east), of what is to be shown."""
    zones = arrangement.zones
    if focus is None:
        named = zones[zones["clause_id"] != ""]
        return _bounds_of(named if len(named) else zones)
    if not isinstance(focus, str):
        return _corners(focus)
    if focus.count(",") == 3:
        return _corners(focus.split(","))
    wanted = focus.strip().casefold()
    if (zones["status"] == wanted).any():
        return _bounds_of(zones[zones["status"] == wanted])
    columns = [name for name in arrangement.units if name == "unit_id" or name.startswith("name")]
    for _, unit in arrangement.units.iterrows():
        if wanted in (str(unit[column]).casefold() for column in columns):
            return _bounds_of(zones[zones["unit_id"] == unit["unit_id"]])
    known = ", ".join(sorted({*zones["status"]}) + sorted(arrangement.units["unit_id"]))
    raise UsageError(f"focus {focus!r} is no unit, status or W,S,E,N; choose from {known}")


def _corners(box: Sequence[Any]) -> list[list[float]]:
    try:
        west, south, east, north = (float(value) for value in box)
    except (TypeError, ValueError):
        raise UsageError(f"focus {box!r} is not west, south, east, north in degrees") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise UsageError(f"focus {box!r}: west, south, east, north do not span an area")
    return [[south, west], [north, east]]


def _bounds_of(zones: gpd.GeoDataFrame) -> list[list[float]]:
    west, south, east, north = (round(float(value), 4) for value in zones.total_bounds)
    return [[south, west], [north, east]]
