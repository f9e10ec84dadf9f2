"""What lies on the ground beside the zones: the quiet base, cities; and where a map opens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from lineplan.errors import UsageError

if TYPE_CHECKING:
    from lineplan.dataset import Dataset

NEAR_BORDER_DEG = 0.06
"""Neighbours' boundaries this close to the units' outer boundary are the same line, drawn once."""
PLACE_POPULATION = 20_000
TWIN_DEG = 0.09
"""A city of the base this close to a place is that place."""
COAST_DEG = 0.03
"""A city this close to the units lies in them: harbours stand outside a generalised coast."""
BEYOND = "_beyond"
"""Ends the names of layers of the base around the base proper: only wide pages show them."""

Focus = str | Sequence[float]
Corners = list[list[float]]
"""(south, west) and (north, east)."""


def has_files(dataset: Dataset, role: str) -> bool:
    """Whether the dataset has files of a role."""
    return any(file.role == role for file in dataset.files)


def base_map(dataset: Dataset, crs: Any) -> gpd.GeoDataFrame:
    """Base map of the dataset; an empty one where it has none."""
    if has_files(dataset, "context"):
        return dataset.context()
    columns: dict[str, list[Any]] = {"layer": [], "name": [], "population": []}
    return gpd.GeoDataFrame(columns, geometry=[], crs=crs)


def base_shapes(
    context: gpd.GeoDataFrame,
    box: shapely.Geometry,
    outline: shapely.Geometry,
    *,
    beyond: bool = False,
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
    beyond
        Also what lies around the base proper, coarser.
    """

    def clipped(layer: str) -> np.ndarray:
        chosen = context["layer"].isin([layer, f"{layer}{BEYOND}"] if beyond else [layer])
        shapes = context.loc[chosen, "geometry"].to_numpy()
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


class City(NamedTuple):
    """A city of the base or a place of the dataset; `named` where a plan names its unit.

    `names` are in the languages asked for.
    """

    names: tuple[str, ...]
    lat: float
    lon: float
    population: float
    abroad: bool
    named: bool


def cities(
    dataset: Dataset,
    context: gpd.GeoDataFrame,
    box: shapely.Geometry,
    outline: shapely.Geometry,
    named: set[str],
    names: Callable[[Mapping[Any, Any]], tuple[str, ...]],
) -> list[City]:
    """
    Return cities of the base, and in the units plans name every place large enough to look for.

    Parameters
    ----------
    dataset
        With its places, if any.
    context
        As `base_map` gives it.
    box
        In degrees; cities of the base outside it are left out.
    outline
        All units as one shape.
    named
        Ids of the units that plans name.
    names
        Names of a row in the languages asked for; a city without any is left out.
    """
    found = []
    if has_files(dataset, "places"):
        places = dataset.places()
        large = places["population"] >= PLACE_POPULATION
        found = [
            City(names(row), row["lat"], row["lon"], row["population"], False, True)
            for row in places[places["unit_id"].isin(named) & large].to_dict("records")
        ]
    base = context[(context["layer"] == "city") & context.within(box)]
    shapely.prepare(outline)
    for row in base.to_dict("records"):
        lon, lat = row["geometry"].x, row["geometry"].y
        people = row["population"] or 0
        near = (math.hypot(lat - c.lat, (lon - c.lon) * 0.67) < TWIN_DEG for c in found)
        twin = next((i for i, is_near in enumerate(near) if is_near), None)
        if twin is None:
            abroad = bool(shapely.distance(outline, row["geometry"]) > COAST_DEG)
            found.append(City(names(row), lat, lon, people, abroad, row.get("unit_id") in named))
        else:  # figures of different years: a city keeps the rank it is known by
            largest = max(people, found[twin].population)
            pairs = zip(found[twin].names, names(row), strict=True)
            both = tuple(name or other for name, other in pairs)
            found[twin] = found[twin]._replace(names=both, population=largest)
    return [city for city in found if any(city.names)]


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


def chosen_by(
    focus: Focus | None, statuses: Iterable[str], units: gpd.GeoDataFrame
) -> Corners | tuple[str, str] | None:
    """
    Find what a map is to show.

    Parameters
    ----------
    focus
        A unit by id or name, a status, or west, south, east, north in degrees.
    statuses
        Of the zones.
    units
        With `unit_id` and columns of names.

    Returns
    -------
    list, tuple or None
        Corners of a box; or column and value of the zones, ``status`` or ``unit_id``; or None
        where nothing is asked for.

    Raises
    ------
    UsageError
        It is none of these, or a box without any ground of the units.
    """
    if focus is None:
        return None
    if not isinstance(focus, str) or focus.count(",") == 3:
        box = _corners(focus.split(",") if isinstance(focus, str) else focus)
        (south, west), (north, east) = box
        if not units.intersects(shapely.box(west, south, east, north)).any():
            raise UsageError(f"focus {focus!r} holds no ground of the units")
        return box
    wanted, known = focus.strip().casefold(), sorted(set(statuses))
    if wanted in known:
        return "status", wanted
    columns = [name for name in units if name == "unit_id" or name.startswith("name")]
    for _, unit in units.iterrows():
        if wanted in (str(unit[column]).casefold() for column in columns):
            return "unit_id", unit["unit_id"]
    listed = ", ".join(known + sorted(units["unit_id"]))
    raise UsageError(f"focus {focus!r} is no unit, status or W,S,E,N; choose from {listed}")


def _corners(box: Sequence[Any]) -> Corners:
    try:
        west, south, east, north = (float(value) for value in box)
    except (TypeError, ValueError):
        raise UsageError(f"focus {box!r} is not west, south, east, north in degrees") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise UsageError(f"focus {box!r}: west, south, east, north do not span an area")
    return [[south, west], [north, east]]


def bounds_of(shapes: gpd.GeoDataFrame | gpd.GeoSeries) -> Corners:
    """Corners of shapes."""
    return corners_of(shapes.total_bounds)


def corners_of(bounds: Any) -> Corners:
    """Corners of west, south, east and north."""
    west, south, east, north = (round(float(value), 4) for value in bounds)
    return [[south, west], [north, east]]
